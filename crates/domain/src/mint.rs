//! Time and randomness as parameters, and the one way to make a new id.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A moment: milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeMs(pub i64);

impl TimeMs {
    /// This moment plus `ms` milliseconds, saturating at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The moment now.
    fn now(&self) -> TimeMs;
}

/// Where randomness comes from.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with unpredictable bytes. It does not return when it cannot.
    fn fill(&self, bytes: &mut [u8]);
}

/// Makes ids and nonces from a clock and a random source; cloned into every use case that needs
/// either.
#[derive(Clone)]
pub struct Mint {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Mint {
    /// A mint over this clock and this random source.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// The moment now.
    #[must_use]
    pub fn now(&self) -> TimeMs {
        self.clock.now()
    }

    /// `N` unpredictable bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0u8; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A new id: 48 bits of time, then random bits (UUID version 7, RFC 9562).
    #[must_use]
    pub fn id<T: From<Uuid>>(&self) -> T {
        let ms = u64::try_from(self.now().0).unwrap_or(0);
        let random: [u8; 10] = self.bytes();
        T::from(uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicU64, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::{TenantId, UserId};

    struct Fixed(i64);

    impl Clock for Fixed {
        fn now(&self) -> TimeMs {
            TimeMs(self.0)
        }
    }

    #[derive(Default)]
    struct Counting(AtomicU64);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            bytes.iter_mut().rev().zip(next.iter().rev()).for_each(|(byte, new)| *byte = *new);
        }
    }

    fn mint(now: i64) -> Mint {
        Mint::new(Arc::new(Fixed(now)), Arc::new(Counting::default()))
    }

    #[test]
    fn ids_sort_by_the_time_they_were_minted() {
        let [early, late] =
            [1_700_000_000_000, 1_700_000_000_001].map(|now| mint(now).id::<UserId>());
        assert!(early < late);
        assert_eq!(early.uuid().get_version_num(), 7);
    }

    #[test]
    fn ids_of_one_millisecond_differ() {
        let mint = mint(1_700_000_000_000);
        let ids: HashSet<TenantId> = (0..1_000).map(|_| mint.id()).collect();
        assert_eq!(ids.len(), 1_000);
    }

    #[test]
    fn a_clock_before_1970_still_mints() {
        assert_eq!(mint(-1).id::<UserId>().uuid().get_version_num(), 7);
    }

    proptest! {
        #[test]
        fn times_never_wrap(at: i64, ms: i64) {
            let later = TimeMs(at).plus_ms(ms);
            prop_assert_eq!(later >= TimeMs(at), ms >= 0 || later.0 == at);
            prop_assert_eq!(TimeMs(at).since_ms(TimeMs(ms)) >= 0, at >= ms);
        }
    }
}
