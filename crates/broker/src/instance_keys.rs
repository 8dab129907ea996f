//! The instance's own keys: token signing, log signing, journal signing, and four MACs.
//!
//! Always true: each is random, wrapped under the platform realm, has one use, and is used here
//! only. What leaves is a signature or a code, never a key.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use domain::{Entropy, InstanceId, TimeMs};
use ledger::note::{VerifierKey, signed_note};
use seal::{DataKey, KeyHomes, KeyRealm, RootKey, WrappingKey};

use crate::claims::MacPurpose;
use crate::key_store::{KeyStore, WrappedKey};
use crate::start_error::StartError;

/// What an instance key is for, as the key store names it.
const TOKEN_SIGNING: &str = "token_signing";
const LOG_SIGNING: &str = "log_signing";
const JOURNAL_SIGNING: &str = "journal_signing";
const MAC_USES: [(MacPurpose, &str); 4] = [
    (MacPurpose::ApiKeyPepper, "api_key_pepper"),
    (MacPurpose::Refresh, "refresh_mac"),
    (MacPurpose::Job, "job_mac"),
    (MacPurpose::Code, "code_mac"),
];

/// A library failure while signing; nothing came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature could not be made")]
pub(crate) struct NotSigned;

/// An Ed25519 key: its seed in locked memory, its public half beside.
pub(crate) struct SigningKey {
    seed: DataKey,
    public: [u8; 32],
}

impl SigningKey {
    fn new(seed: DataKey) -> Result<Self, NotSigned> {
        let pair = pair(&seed)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| NotSigned)?;
        Ok(Self { seed, public })
    }

    pub(crate) const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    pub(crate) const fn seed(&self) -> &DataKey {
        &self.seed
    }

    /// Signs with a key pair that lives for this call only, so that the seed stays in locked memory
    /// between.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<[u8; 64], NotSigned> {
        let signature = pair(&self.seed)?.try_sign(message).map_err(|_| NotSigned)?;
        signature.as_ref().try_into().map_err(|_| NotSigned)
    }
}

fn pair(seed: &DataKey) -> Result<Ed25519KeyPair, NotSigned> {
    Ed25519KeyPair::from_seed_unchecked(seed.key().bytes()).map_err(|_| NotSigned)
}

/// All instance keys, unwrapped.
pub(crate) struct InstanceKeys {
    pub(crate) token: SigningKey,
    pub(crate) journal: SigningKey,
    log: SigningKey,
    log_verifier: VerifierKey,
    macs: [(MacPurpose, DataKey); 4],
}

impl InstanceKeys {
    /// Makes every instance key of a new installation, and the platform realm that wraps them.
    pub(crate) fn create(
        store: &KeyStore,
        root: &RootKey,
        instance: InstanceId,
        homes: &dyn KeyHomes,
        entropy: &dyn Entropy,
        now: TimeMs,
    ) -> Result<(), StartError> {
        let failed = |_| store.damaged("the new instance keys could not be kept");
        let mut seed = [0u8; seal::root::SEED_BYTES];
        entropy.fill(&mut seed);
        store.create_realm(KeyRealm::Platform, &seed, now).map_err(failed)?;
        let wrapping = wrapping_key(store, root, instance, homes)?;
        let macs = MAC_USES.iter().map(|(_, use_)| *use_);
        for use_ in [TOKEN_SIGNING, LOG_SIGNING, JOURNAL_SIGNING].into_iter().chain(macs) {
            let no_room = |_| store.damaged("there is no room for the instance keys");
            let key = DataKey::random(homes, entropy).map_err(no_room)?;
            let wrapped = wrapping
                .wrap(&key, entropy)
                .map_err(|_| store.damaged("an instance key could not be wrapped"))?;
            let row = WrappedKey { id: key.id(), wrapped, destroyed: false };
            store.insert_instance_key(use_, &row, now).map_err(failed)?;
        }
        Ok(())
    }

    /// Unwraps every instance key.
    pub(crate) fn load(
        store: &KeyStore,
        root: &RootKey,
        instance: InstanceId,
        homes: &dyn KeyHomes,
    ) -> Result<Self, StartError> {
        let wrapping = wrapping_key(store, root, instance, homes)?;
        let damaged = || store.damaged("an instance key is missing or does not unwrap");
        let load = |use_: &str| {
            let row = store.instance_key(use_).ok().flatten().ok_or_else(damaged)?;
            wrapping.unwrap(row.id, &row.wrapped, homes).map_err(|_| damaged())
        };
        let signing = |use_| SigningKey::new(load(use_)?).map_err(|_| damaged());
        let [pepper, refresh, job, code] = MAC_USES;
        let mac = |(purpose, use_)| Ok::<_, StartError>((purpose, load(use_)?));
        let log = signing(LOG_SIGNING)?;
        let name = ledger::origin::log_key_name(instance);
        let log_verifier = VerifierKey::ed25519(&name, *log.public()).map_err(|_| damaged())?;
        Ok(Self {
            token: signing(TOKEN_SIGNING)?,
            journal: signing(JOURNAL_SIGNING)?,
            log,
            log_verifier,
            macs: [mac(pepper)?, mac(refresh)?, mac(job)?, mac(code)?],
        })
    }

    /// The verifier key of the instance's logs.
    pub(crate) const fn log_verifier(&self) -> &VerifierKey {
        &self.log_verifier
    }

    /// A whole signed note over a checkpoint's or a receipt's text.
    pub(crate) fn sign_note(&self, text: &str) -> Result<String, NotSigned> {
        let signature = self.log.sign(text.as_bytes())?;
        Ok(signed_note(text, &self.log_verifier, &signature))
    }

    /// HMAC-SHA-256 under the purpose's key.
    pub(crate) fn mac(&self, purpose: MacPurpose, message: &[u8]) -> Result<[u8; 32], NotSigned> {
        let (_, key) = self.macs.iter().find(|(of, _)| *of == purpose).ok_or(NotSigned)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.key().bytes());
        hmac::sign(&key, message).as_ref().try_into().map_err(|_| NotSigned)
    }
}

fn wrapping_key(
    store: &KeyStore,
    root: &RootKey,
    instance: InstanceId,
    homes: &dyn KeyHomes,
) -> Result<WrappingKey, StartError> {
    let seed = store.seed(KeyRealm::Platform).ok().flatten();
    let seed = seed.ok_or_else(|| store.damaged("the platform's seed is missing"))?;
    root.wrapping_key(instance, KeyRealm::Platform, seed.epoch, &seed.bytes, homes)
        .map_err(|_| store.damaged("there is no room for the platform's key"))
}
