//! One Argon2id hash: making it, checking it, and telling when it should be made again.

use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::Mint;

use super::Password;

/// A stored hash: a PHC string that parsed, of Argon2id, with a cost we are willing to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHash(phc::PasswordHash);

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
}

/// Memory of the dearest stored hash that is checked: bounds what a row that was tampered with can
/// cost us.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

impl Cost {
    /// 19 MiB, two passes, one lane: about 18 ms of one core.
    pub const STANDARD: Self = Self { memory_kib: 19_456, passes: 2 };

    /// The least cost the algorithm has. For tests that are about something else.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1 };

    fn params(self) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, LANES, None).ok()
    }
}

impl PasswordHash {
    /// Reads a stored hash; `None` when it is not one, or dearer than we would ever make.
    #[must_use]
    pub fn stored(text: &str) -> Option<Self> {
        let hash = phc::PasswordHash::new(text).ok()?;
        let params = Params::try_from(&hash).ok()?;
        let ours = hash.algorithm.as_str() == "argon2id"
            && hash.version == Some(Version::V0x13.into())
            && hash.salt.is_some()
            && hash.hash.is_some()
            && params.m_cost() <= MEMORY_KIB_MAX
            && params.t_cost() <= PASSES_MAX
            && params.p_cost() == LANES;
        ours.then_some(Self(hash))
    }

    /// Hashes a new password with a fresh salt. `None` only when the memory cannot be had.
    pub(super) fn make(password: &Password, cost: Cost, mint: &Mint) -> Option<Self> {
        let salt: [u8; SALT_BYTES] = mint.bytes();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.params()?)
            .hash_password_with_salt(password.text().as_bytes(), &salt)
            .ok()
            .map(Self)
    }

    /// Whether it is this password: as dear to find out as making the hash was.
    pub(super) fn is_of(&self, password: &Password) -> bool {
        Argon2::default().verify_password(password.text().as_bytes(), &self.0).is_ok()
    }

    /// Whether it was made with less cost than new hashes are.
    pub(super) fn is_cheaper_than(&self, wanted: Cost) -> bool {
        Params::try_from(&self.0).map_or(true, |params| {
            params.m_cost() < wanted.memory_kib || params.t_cost() < wanted.passes
        })
    }

    /// The form the database stores.
    #[must_use]
    pub fn to_phc(&self) -> String {
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mint;

    fn password(text: &str) -> Password {
        Password::typed(text.to_owned()).unwrap()
    }

    #[test]
    fn a_stored_hash_survives_the_database_and_knows_its_password() {
        let made =
            PasswordHash::make(&password("engraved lamppost"), Cost::STANDARD, &mint(1)).unwrap();
        let text = made.to_phc();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let stored = PasswordHash::stored(&text).unwrap();
        assert!(stored.is_of(&password("engraved lamppost")));
        assert!(!stored.is_of(&password("engraved lampposT")));
    }

    #[test]
    fn two_people_with_one_password_have_two_hashes() {
        let same = password("engraved lamppost");
        let one = PasswordHash::make(&same, Cost::LEAST, &mint(1)).unwrap();
        let two = PasswordHash::make(&same, Cost::LEAST, &mint(2)).unwrap();
        assert_ne!(one.to_phc(), two.to_phc());
    }

    #[test]
    fn a_row_that_was_tampered_with_does_not_choose_what_we_pay() {
        let tail = "$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for head in [
            "$argon2id$v=19$m=4194304,t=2,p=1",
            "$argon2id$v=19$m=19456,t=4000000,p=1",
            "$argon2id$v=19$m=19456,t=2,p=64",
            "$argon2d$v=19$m=19456,t=2,p=1",
            "$argon2id$v=16$m=19456,t=2,p=1",
            "",
        ] {
            assert_eq!(PasswordHash::stored(&format!("{head}{tail}")), None, "{head}");
        }
        assert!(PasswordHash::stored(&format!("$argon2id$v=19$m=19456,t=2,p=1{tail}")).is_some());
    }
}
