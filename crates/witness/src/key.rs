//! The witness's own key: made once, kept in one file for its owner alone.
//!
//! Never: shown, logged, replaced. A witness that shall have another key is another witness.

use std::fmt;

use aws_lc_rs::rand;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64;
use ledger::{Cosignature, CosignerKey, cosignature};
use zeroize::Zeroizing;

use crate::files::{self, Home, Trouble};

const LABEL: &str = "casemate.witness-key.v1";

/// A key that cosigns.
pub struct WitnessKey {
    pair: Ed25519KeyPair,
    public: CosignerKey,
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessKey({})", self.public)
    }
}

impl WitnessKey {
    /// Makes the key of a new witness.
    ///
    /// # Errors
    /// [`Trouble::Exists`] when the folder holds one, [`Trouble::Name`], [`Trouble::File`],
    /// [`Trouble::Key`].
    pub fn create(home: &Home, name: &str) -> Result<Self, Trouble> {
        let mut seed = Zeroizing::new([0; 32]);
        rand::fill(seed.as_mut_slice()).map_err(|_| Trouble::Key)?;
        let key = Self::from_seed(name, &seed)?;
        let encoded = Zeroizing::new(BASE64.encode(seed.as_slice()));
        let text = Zeroizing::new(format!("{LABEL}\n{name}\n{}\n", encoded.as_str()));
        files::create(&home.key(), &text)?;
        Ok(key)
    }

    /// The key of the witness in this folder.
    ///
    /// # Errors
    /// [`Trouble::Missing`], [`Trouble::Form`], [`Trouble::File`].
    pub fn open(home: &Home) -> Result<Self, Trouble> {
        let path = home.key();
        let text = files::read(&path)?.ok_or_else(|| Trouble::Missing(path.clone()))?;
        let text = Zeroizing::new(text);
        let read = || {
            let mut lines = text.strip_suffix('\n')?.split('\n');
            let (label, name, seed) = (lines.next()?, lines.next()?, lines.next()?);
            let seed = Zeroizing::new(BASE64.decode(seed.as_bytes()).ok()?);
            let seed: Zeroizing<[u8; 32]> = Zeroizing::new(seed.as_slice().try_into().ok()?);
            let whole = label == LABEL && lines.next().is_none();
            Self::from_seed(name, &seed).ok().filter(|_| whole)
        };
        read().ok_or(Trouble::Form { path, line: 0 })
    }

    fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, Trouble> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Trouble::Key)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| Trouble::Key)?;
        let public = CosignerKey::ed25519(name, public).map_err(|_| Trouble::Name)?;
        Ok(Self { pair, public })
    }

    /// The public half, under the witness's name.
    #[must_use]
    pub const fn public(&self) -> &CosignerKey {
        &self.public
    }

    /// The signature line over a checkpoint's text, at this second.
    ///
    /// # Errors
    /// [`Trouble::Key`].
    pub(crate) fn cosign(&self, text: &str, time_s: u64) -> Result<String, Trouble> {
        let signature = self.pair.sign(cosignature::message(text, time_s).as_bytes());
        let signature = signature.as_ref().try_into().map_err(|_| Trouble::Key)?;
        Ok(Cosignature { time_s, signature }.line(&self.public))
    }
}
