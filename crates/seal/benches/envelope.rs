//! Sealing and opening one value, beside AES-256-GCM of the same library with its key schedule made
//! already.
//!
//! The difference is what a key, nonce and commitment per record cost: one HKDF-Expand-SHA512 and
//! one key schedule.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use domain::{InstanceId, TenantId};
use seal::{Context, DataKey, HeapHomes, KeyRealm, SystemEntropy};
use uuid::Uuid;

const SIZES: [usize; 3] = [48, 1_000, 16_000];

fn main() {
    divan::main();
}

fn context() -> Context<'static> {
    Context {
        instance: InstanceId::from(Uuid::from_u128(1)),
        realm: KeyRealm::Tenant(TenantId::from(Uuid::from_u128(2))),
        kind: "secret_value",
        record: [3; 16],
        version: 4,
    }
}

fn data_key() -> DataKey {
    match DataKey::random(&HeapHomes, &SystemEntropy) {
        Ok(key) => key,
        Err(error) => unreachable!("heap homes never end: {error}"),
    }
}

fn bare_key() -> LessSafeKey {
    match UnboundKey::new(&AES_256_GCM, &[7; 32]) {
        Ok(key) => LessSafeKey::new(key),
        Err(error) => unreachable!("the key has the cipher's length: {error}"),
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([9; 12])
}

#[divan::bench(args = SIZES)]
fn seal(bencher: Bencher<'_, '_>, bytes: usize) {
    let (key, value) = (data_key(), vec![5; bytes]);
    let bencher = bencher.counter(BytesCount::new(bytes));
    bencher.bench(|| key.seal(&context(), black_box(&value), &SystemEntropy));
}

#[divan::bench(args = SIZES)]
fn open(bencher: Bencher<'_, '_>, bytes: usize) {
    let key = data_key();
    let sealed = key.seal(&context(), &vec![5; bytes], &SystemEntropy).unwrap_or_default();
    let bencher = bencher.counter(BytesCount::new(bytes));
    bencher.bench(|| key.open(&context(), black_box(&sealed)).is_ok());
}

#[divan::bench(args = SIZES)]
fn bare_seal(bencher: Bencher<'_, '_>, bytes: usize) {
    let (key, value) = (bare_key(), vec![5; bytes]);
    let bencher = bencher.counter(BytesCount::new(bytes));
    bencher.bench(|| {
        let mut buffer = black_box(&value).clone();
        let sealed = key.seal_in_place_append_tag(nonce(), Aad::empty(), &mut buffer);
        (sealed.is_ok(), buffer)
    });
}

#[divan::bench(args = SIZES)]
fn bare_open(bencher: Bencher<'_, '_>, bytes: usize) {
    let key = bare_key();
    let mut sealed = vec![5; bytes];
    assert!(key.seal_in_place_append_tag(nonce(), Aad::empty(), &mut sealed).is_ok());
    let bencher = bencher.counter(BytesCount::new(bytes));
    bencher.bench(|| {
        let mut buffer = black_box(&sealed).clone();
        let opened = key.open_in_place(nonce(), Aad::empty(), &mut buffer).is_ok();
        (opened, buffer)
    });
}
