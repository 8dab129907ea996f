//! Proofs that were seen, for as long as they could be sent again.
//!
//! Always true: a proof is remembered before it counts, and never forgotten early: a full memory
//! refuses the next one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::TimeMs;

use super::proof::{Proof, ProofRefused};

/// Which proofs were seen, each until it is too old anyway.
pub(crate) struct SeenProofs {
    capacity: usize,
    until: Mutex<HashMap<[u8; 32], TimeMs>>,
}

impl SeenProofs {
    /// A memory for this many.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, until: Mutex::new(HashMap::new()) }
    }

    /// Remembers a proof that was not seen yet.
    ///
    /// # Errors
    /// [`ProofRefused::Replayed`], [`ProofRefused::Crowded`].
    pub(super) fn first(&self, proof: &Proof, now: TimeMs) -> Result<(), ProofRefused> {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let name = proof.name();
        if until.get(&name).is_some_and(|end| now < *end) {
            return Err(ProofRefused::Replayed);
        }
        if until.len() >= self.capacity {
            until.retain(|_, end| now < *end);
        }
        if until.len() >= self.capacity {
            return Err(ProofRefused::Crowded);
        }
        until.insert(name, proof.forgotten_at());
        Ok(())
    }
}
