//! A clock that stands still and a random source that repeats: for unit tests only.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{Clock, Entropy, Mint, TimeMs};

/// The moment every unit test starts at.
pub(crate) const NOW: TimeMs = TimeMs(1_790_000_000_000);

struct Still;

impl Clock for Still {
    fn now(&self) -> TimeMs {
        NOW
    }
}

/// SplitMix64: spreads a counter over 64 bits. Not unpredictable, which is the point here.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let random = (z ^ (z >> 31)).to_le_bytes();
            chunk.iter_mut().zip(random).for_each(|(to, from)| *to = from);
        }
    }
}

/// A mint whose output depends on `seed` alone.
pub(crate) fn mint(seed: u64) -> Mint {
    Mint::new(Arc::new(Still), Arc::new(Counted(AtomicU64::new(seed.wrapping_mul(0xD134_2543)))))
}
