//! From something a person can remember to 32 uniform bytes: Argon2id, with its cost written beside
//! the result.
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
    /// [`CostOutsideLimits`]: below 19 MiB and two passes a stolen file is too cheap to attack;
    /// above 1 GiB, 16 passes or 16 lanes a planted file could stop the process.
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

#[cfg(test)]
mod tests {
    use argon2::ParamsBuilder;
    use data_encoding::HEXLOWER;

    use super::*;

    /// RFC 9106 section 5.3 (Argon2id, with secret and associated data).
    #[test]
    fn the_library_gives_the_tag_of_rfc_9106() {
        let associated = argon2::AssociatedData::new(&[4; 12]).unwrap();
        let mut builder = ParamsBuilder::new();
        let params =
            builder.m_cost(32).t_cost(3).p_cost(4).data(associated).output_len(32).build().unwrap();
        let secret = [3; 8];
        let argon =
            Argon2::new_with_secret(&secret, Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut tag = [0u8; 32];
        argon.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
        let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
        assert_eq!(HEXLOWER.encode(&tag), expected);
    }

    #[test]
    fn passphrase_salt_and_cost_each_change_the_result() {
        let stretched = |text: &[u8], salt: u8, cost| {
            *stretch(&Exposed::copy_of(text), &[salt; PASSPHRASE_SALT_BYTES], cost).unwrap()
        };
        let cost = PassphraseCost::read(19 * 1024, 2, 1).unwrap();
        let slower = PassphraseCost::read(19 * 1024, 3, 1).unwrap();
        let one = stretched(b"a", 1, cost);
        assert_eq!(one, stretched(b"a", 1, cost));
        for other in
            [stretched(b"b", 1, cost), stretched(b"a", 2, cost), stretched(b"a", 1, slower)]
        {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn costs_outside_the_limits_are_refused() {
        for [memory, passes, lanes] in [
            [19 * 1024 - 1, 2, 1],
            [1024 * 1024 + 1, 2, 1],
            [65_536, 1, 1],
            [65_536, 17, 1],
            [65_536, 3, 0],
            [65_536, 3, 17],
        ] {
            assert_eq!(PassphraseCost::read(memory, passes, lanes), Err(CostOutsideLimits));
        }
        let [memory, passes, lanes] = PassphraseCost::STANDARD.parts();
        assert_eq!(PassphraseCost::read(memory, passes, lanes), Ok(PassphraseCost::STANDARD));
    }
}
