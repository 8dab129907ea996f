//! The unseal helper: a process that the broker starts to fetch one wrapping key from a key
//! management service, a PKCS#11 token or a TPM, and that ends with its answer.
//!
//! Always true
//! 1. It never sees the root key, and nothing of the platform: a place to ask comes in, a wrapping
//!    key goes out, both through pipes that the broker holds.
//! 2. The secret that it asks with is read from a file that the settings name; it is in no argument
//!    and in no error.
//! 3. It gives up core dumps and being read by others of its user before it reads anything.

mod kms;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(feature = "tpm")]
mod tpm;

use std::io::Read;
use std::path::Path;

use broker::slots::{Act, ElsewherePlace, Errand, Fetched};
use broker::{ElsewhereFault, Exposed};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use seal::key::KEY_BYTES;
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};

/// Largest file of a token or a PIN.
const SECRET_FILE_BYTES_MAX: u64 = 4096;

/// `unseal-helper`.
#[derive(Debug, clap::Args)]
pub struct UnsealHelper {}

impl UnsealHelper {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self {} = self;
        let answer = protect().and_then(|()| Errand::read(std::io::stdin().lock())).and_then(fetch);
        Errand::answer(answer, std::io::stdout().lock()).map_err(|_| {
            Failure::new(
                Exit::Usage,
                "this command answers the broker, and nobody else",
                "casemate slots list shows the ways to open the root key",
            )
        })
    }
}

fn protect() -> Result<(), ElsewhereFault> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(|_| ElsewhereFault::Failed)
}

fn fetch(errand: Errand) -> Result<Fetched, ElsewhereFault> {
    match &errand.place {
        ElsewherePlace::Kms { .. } => kms::fetch(&errand),
        ElsewherePlace::Pkcs11 { .. } => pkcs11_fetch(&errand),
        ElsewherePlace::Tpm => tpm_fetch(&errand),
    }
}

#[cfg(feature = "pkcs11")]
fn pkcs11_fetch(errand: &Errand) -> Result<Fetched, ElsewhereFault> {
    pkcs11::fetch(errand)
}

#[cfg(not(feature = "pkcs11"))]
fn pkcs11_fetch(_: &Errand) -> Result<Fetched, ElsewhereFault> {
    Err(ElsewhereFault::NotBuilt)
}

#[cfg(feature = "tpm")]
fn tpm_fetch(errand: &Errand) -> Result<Fetched, ElsewhereFault> {
    tpm::fetch(errand)
}

#[cfg(not(feature = "tpm"))]
fn tpm_fetch(_: &Errand) -> Result<Fetched, ElsewhereFault> {
    Err(ElsewhereFault::NotBuilt)
}

/// A new wrapping key.
fn new_key() -> Zeroizing<[u8; KEY_BYTES]> {
    let mut key = Zeroizing::new([0u8; KEY_BYTES]);
    domain::Entropy::fill(&seal::SystemEntropy, key.as_mut_slice());
    key
}

/// The one part that this kind of slot keeps.
fn one_part(act: &Act) -> Result<Option<&[u8]>, ElsewhereFault> {
    match act {
        Act::Wrap => Ok(None),
        Act::Unwrap(parts) => match parts.as_slice() {
            [part] => Ok(Some(part)),
            _ => Err(ElsewhereFault::Refused),
        },
    }
}

fn key_of(bytes: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, ElsewhereFault> {
    bytes.try_into().map(Zeroizing::new).map_err(|_| ElsewhereFault::Refused)
}

/// The token or PIN in a file that the settings name, without the end of its line.
fn secret_in(file: Option<&Path>) -> Result<Exposed, ElsewhereFault> {
    let file = file.ok_or(ElsewhereFault::NotConfigured)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(512));
    std::fs::File::open(file)
        .and_then(|file| file.take(SECRET_FILE_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|_| ElsewhereFault::NotConfigured)?;
    let secret = bytes.trim_ascii();
    if secret.is_empty() {
        Err(ElsewhereFault::NotConfigured)
    } else {
        Ok(Exposed::copy_of(secret))
    }
}
