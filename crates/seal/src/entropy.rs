//! The crypto library's random source, behind [`domain::Entropy`].

use aws_lc_rs::rand;
use domain::Entropy;

/// Random bytes from aws-lc-rs, which seeds itself from the operating system and reseeds after a
/// fork.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// Ends the process when the library has no randomness to give: going on would make guessable
    /// keys.
    fn fill(&self, bytes: &mut [u8]) {
        if rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ_and_fill_every_byte_sooner_or_later() {
        let mut seen = [0u8; 64];
        for _ in 0..16 {
            let mut draw = [0u8; 64];
            SystemEntropy.fill(&mut draw);
            assert_ne!(draw, seen);
            for (all, byte) in seen.iter_mut().zip(draw) {
                *all |= byte;
            }
        }
        assert!(seen.iter().all(|byte| *byte != 0));
    }
}
