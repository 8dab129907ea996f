//! A bounded memory of what was found out a short while ago.
//!
//! Always true: it holds at most twice `capacity`, forgets the oldest generation whole, and never
//! answers with something past its end. Losing an entry costs time, never safety.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::TimeMs;

/// SHA-256 of a presented credential: the credential itself is never kept.
pub(crate) type Digest = [u8; 32];

/// Two generations of answers; the young one becomes the old one when it is full.
pub(crate) struct Memory<T> {
    capacity: usize,
    generations: Mutex<[HashMap<Digest, (T, TimeMs)>; 2]>,
}

impl<T: Clone> Memory<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, generations: Mutex::new([HashMap::new(), HashMap::new()]) }
    }

    /// What was remembered for this digest, unless its time is over.
    pub(crate) fn recall(&self, digest: &Digest, now: TimeMs) -> Option<T> {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, until) = generations.iter().find_map(|generation| generation.get(digest))?;
        (now < *until).then(|| value.clone())
    }

    /// Remembers a value until a moment.
    pub(crate) fn keep(&self, digest: Digest, value: T, until: TimeMs) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        if young.len() >= self.capacity {
            *old = std::mem::take(young);
        }
        young.insert(digest, (value, until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_the_newest_survive() {
        let memory = Memory::new(10);
        for n in 0..=255u8 {
            memory.keep([n; 32], n, TimeMs(100));
        }
        let known = (0..=255u8).filter(|n| memory.recall(&[*n; 32], TimeMs(0)).is_some()).count();
        assert!((10..=20).contains(&known));
        assert_eq!(memory.recall(&[255; 32], TimeMs(0)), Some(255));
    }

    #[test]
    fn nothing_is_recalled_at_or_past_its_end() {
        let memory = Memory::new(10);
        memory.keep([1; 32], (), TimeMs(100));
        assert!(memory.recall(&[1; 32], TimeMs(99)).is_some());
        assert!(memory.recall(&[1; 32], TimeMs(100)).is_none());
    }
}
