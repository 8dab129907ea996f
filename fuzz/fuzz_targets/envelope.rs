//! Any bytes are an error for every opener, and reading their key id never fails in another way.
#![no_main]

use std::sync::OnceLock;

use domain::{InstanceId, TenantId};
use libfuzzer_sys::fuzz_target;
use seal::{Context, DataKey, FileLock, HeapHomes, KeyRealm, SystemEntropy, open_file};
use uuid::Uuid;

fn key() -> &'static DataKey {
    static KEY: OnceLock<DataKey> = OnceLock::new();
    KEY.get_or_init(|| DataKey::random(&HeapHomes, &SystemEntropy).expect("heap homes never end"))
}

fuzz_target!(|bytes: &[u8]| {
    let context = Context {
        instance: InstanceId::from(Uuid::nil()),
        realm: KeyRealm::Tenant(TenantId::from(Uuid::nil())),
        kind: "secret_value",
        record: [0; 16],
        version: 1,
    };
    let _ = seal::envelope::key_id(bytes);
    assert!(key().open(&context, bytes).is_err());
    assert!(open_file(&FileLock::Key(key().key()), "fuzz", bytes).is_err());
});
