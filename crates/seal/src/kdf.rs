//! HKDF-SHA512 and the one way to write its info: labels and ids, each with its length before it.
//!
//! Always true: two different lists of parts never give the same info, so one label is one use.
//! Keys are never made by joining strings or by a bare hash.
//!
//! Source: RFC 5869. Extract is used only where a salt is mixed in; uniform keys are expanded
//! directly (3.3).

use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Prk, Salt};

use crate::key::KEY_BYTES;

/// The info of one derivation, part by part.
pub(crate) struct Info(Vec<u8>);

impl Info {
    /// Starts with the label that names this use; the same label is used nowhere else.
    pub(crate) fn new(label: &str) -> Self {
        Self(Vec::with_capacity(256)).part(label.as_bytes())
    }

    /// Appends one part: its length as a big-endian `u64`, then its bytes.
    pub(crate) fn part(mut self, bytes: &[u8]) -> Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }
}

struct OutputLength(usize);

impl KeyType for OutputLength {
    fn len(&self) -> usize {
        self.0
    }
}

/// Fills `output` (at most 255 × 64 bytes) from a key that is uniform already.
pub(crate) fn expand(key: &[u8; KEY_BYTES], info: &Info, output: &mut [u8]) {
    fill(&Prk::new_less_safe(HKDF_SHA512, key), info, output);
}

/// Fills `output` from input that is mixed with a salt first.
pub(crate) fn extract_and_expand(salt: &[u8], input: &[u8], info: &Info, output: &mut [u8]) {
    fill(&Salt::new(HKDF_SHA512, salt).extract(input), info, output);
}

fn fill(prk: &Prk, info: &Info, output: &mut [u8]) {
    let parts = [info.0.as_slice()];
    let filled = prk.expand(&parts, OutputLength(output.len())).and_then(|okm| okm.fill(output));
    if filled.is_err() {
        // Only an output above 16,320 bytes gets here; a key of zeroes must not.
        std::process::abort();
    }
}

#[cfg(test)]
mod tests;
