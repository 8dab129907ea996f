//! From something a person can remember to 32 uniform bytes: Argon2id, with its cost written beside the result.
//!
//! Source: RFC 9106; the standard cost is its second recommended option (section 4).

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::exposed::Exposed;
use crate::key::KEY_BYTES;

/// Bytes of the salt of one passphrase.
pub const PASSPHRASE_SALT_BYTES: usize = 32;

/// What one try of a passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassphraseCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// A cost below what protects, or above what a start may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the passphrase cost is outside the limits")]
pub struct CostOutsideLimits;

impl PassphraseCost {
    /// 64 MiB, three passes, four lanes.
    pub const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };

    /// A cost read from a file.
    ///
    /// # Errors
    /// [`CostOutsideLimits`]: below 19 MiB and two passes a stolen file is too cheap to attack; above 1 GiB,
    /// 16 passes or 16 lanes a planted file could stop the process.
    pub const fn read(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, CostOutsideLimits> {
        let sound = memory_kib >= 19 * 1024
            && memory_kib <= 1024 * 1024
            && passes >= 2
            && passes <= 16
            && lanes >= 1
            && lanes <= 16;
        if sound { Ok(Self { memory_kib, passes, lanes }) } else { Err(CostOutsideLimits) }
    }

    /// Memory in KiB, passes, lanes.
    #[must_use]
    pub const fn parts(self) -> [u32; 3] {
        [self.memory_kib, self.passes, self.lanes]
    }
}

/// Stretches a passphrase. Takes tens to hundreds of milliseconds.
///
/// # Errors
/// [`CostOutsideLimits`] when the cost does not fit Argon2's own bounds.
pub(crate) fn stretch(
    passphrase: &Exposed,
    salt: &[u8; PASSPHRASE_SALT_BYTES],
    cost: PassphraseCost,
) -> Result<Zeroizing<[u8; KEY_BYTES]>, CostOutsideLimits> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES))
        .map_err(|_| CostOutsideLimits)?;
    let mut stretched = Zeroizing::new([0u8; KEY_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose(), salt, stretched.as_mut_slice())
        .map_err(|_| CostOutsideLimits)?;
    Ok(stretched)
}
