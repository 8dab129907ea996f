//! Time and randomness as parameters, and the one way to make a new id.

use std::sync::{Arc, Mutex, PoisonError};

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
/// either. Ids of a mint and its clones sort in the order they were minted.
#[derive(Clone)]
pub struct Mint {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    newest: Arc<Mutex<Uuid>>,
}

/// Bits after the milliseconds by which ids of one moment are told apart in order.
const COUNTER_BITS: u32 = 12;
const COUNTER_MASK: u64 = (1 << COUNTER_BITS) - 1;
/// Each moment's counter begins in the lower half, so that it has room.
const SEED_MASK: u16 = (1 << (COUNTER_BITS - 1)) - 1;
/// A clock that goes back further than this is believed; one that wavers is not.
const WAVER_MS_MAX: u64 = 1_000;

impl Mint {
    /// A mint over this clock and this random source.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy, newest: Arc::new(Mutex::new(Uuid::nil())) }
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

    /// A new id: 48 bits of time, 12 bits of a counter that begins anywhere, then 62 random bits
    /// (UUID version 7, RFC 9562 section 6.2, method 1).
    #[must_use]
    pub fn id<T: From<Uuid>>(&self) -> T {
        let ms = u64::try_from(self.now().0).unwrap_or(0);
        let mut random: [u8; 10] = self.bytes();
        let [high, low, ..] = &mut random;
        let seed = u16::from_be_bytes([*high, *low]) & SEED_MASK;
        [*high, *low] = seed.to_be_bytes();
        let mut id = uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid();
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if id <= *newest && place(*newest) >> COUNTER_BITS <= ms + WAVER_MS_MAX {
            id = at(place(*newest) + 1, random);
        }
        *newest = id;
        T::from(id)
    }
}

/// Where an id of ours stands in the order: its milliseconds, then its counter.
const fn place(id: Uuid) -> u64 {
    let (high, _) = id.as_u64_pair();
    // Between the two lie four bits of version.
    ((high >> 16) << COUNTER_BITS) | (high & COUNTER_MASK)
}

/// The id at this place with these random bits. A counter that is used up goes on in the next
/// millisecond.
fn at(place: u64, mut random: [u8; 10]) -> Uuid {
    let [high, low, ..] = &mut random;
    let [.., a, b] = (place & COUNTER_MASK).to_be_bytes();
    (*high, *low) = (a, b);
    uuid::Builder::from_unix_timestamp_millis(place >> COUNTER_BITS, &random).into_uuid()
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

    /// Says each of these moments once, then the last one for good.
    struct Told(std::sync::Mutex<Vec<i64>>);

    impl Clock for Told {
        fn now(&self) -> TimeMs {
            let mut left = self.0.lock().unwrap();
            TimeMs(if left.len() > 1 { left.remove(0) } else { left[0] })
        }
    }

    fn told(moments: &[i64]) -> Mint {
        let clock = Told(std::sync::Mutex::new(moments.to_vec()));
        Mint::new(Arc::new(clock), Arc::new(Counting::default()))
    }

    #[test]
    fn ids_of_one_moment_sort_as_they_were_minted_past_the_counters_end_and_by_any_clone() {
        let (mint, start) = (mint(1_700_000_000_000), 10_000);
        let ids: Vec<UserId> = (0..start).map(|_| mint.clone().id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let mint = mint.clone();
                std::thread::spawn(move || (0..1_000).map(|_| mint.id()).collect::<Vec<UserId>>())
            })
            .collect();
        let each: Vec<_> = threads.into_iter().map(|one| one.join().unwrap()).collect();
        assert!(each.iter().all(|ids| ids.is_sorted_by(|a, b| a < b)));
        assert_eq!(each.into_iter().flatten().collect::<HashSet<_>>().len(), 4_000);
    }

    #[test]
    fn a_clock_that_wavers_does_not_disturb_the_order_and_one_that_was_put_back_is_believed() {
        let now = 1_700_000_000_000;
        let wavers = told(&[now, now - 900, now - 5, now + 1]);
        let ids: Vec<UserId> = (0..4).map(|_| wavers.id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        let put_back = told(&[now, now - 3_600_000]);
        let (before, after): (UserId, UserId) = (put_back.id(), put_back.id());
        assert!(after < before);
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
