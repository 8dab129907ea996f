//! Proves work where a server asks for it before it looks at a sign-in.
//!
//! Always true: the work is bounded by [`BITS_MAX`], whatever a server asks.

use aws_lc_rs::digest;
use indicatif::ProgressBar;
use serde::Deserialize;

use crate::client::{Answer, Call, Credential, Transport};
use crate::failure::Failure;
use crate::output::Output;

/// What a server asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Challenge {
    /// What the proof begins with.
    text: String,
    /// Leading zero bits of its SHA-256.
    bits: u32,
}

/// More is not worked for: 16 million hashes are some seconds here.
const BITS_MAX: u32 = 24;
/// Longest challenge that is taken.
const TEXT_CHARS_MAX: usize = 256;
/// How often a sign-in proves work before its person is told.
const PROOFS_MAX: usize = 2;
const PROOF: &str = "casemate-proof";

/// Makes a call, and makes it again with the proof that is asked for.
///
/// Errors: as [`Transport::call`].
pub(crate) async fn call(
    transport: &Transport,
    mut call: Call,
    holder: Credential<'_>,
    output: &Output,
) -> Result<Answer, Failure> {
    for _ in 0..PROOFS_MAX {
        let problem = match transport.call(&call, Some(holder)).await {
            Err(Failure::Answer(problem)) if problem.is("auth.challenge") => problem,
            other => return other,
        };
        let Some(proof) = problem.challenge.as_ref().and_then(|asked| prove(asked, output)) else {
            return Err(Failure::Answer(problem));
        };
        call = call.header(PROOF, &proof)?;
    }
    transport.call(&call, Some(holder)).await
}

/// The proof; `None` when more is asked than is sensible.
fn prove(challenge: &Challenge, output: &Output) -> Option<String> {
    if challenge.bits > BITS_MAX || challenge.text.len() > TEXT_CHARS_MAX {
        return None;
    }
    // About so many tries are needed; luck decides.
    let bar = output.working("Proving work", 1 << challenge.bits);
    let proof = found(challenge, &bar);
    bar.finish_and_clear();
    proof
}

fn found(challenge: &Challenge, bar: &ProgressBar) -> Option<String> {
    for number in 0..u64::MAX {
        let proof = format!("{}.{number}", challenge.text);
        if number % 4_096 == 0 {
            bar.set_position(number);
        }
        if zeros(proof.as_bytes()) >= challenge.bits {
            return Some(proof);
        }
    }
    None
}

fn zeros(text: &[u8]) -> u32 {
    let hash = digest::digest(&digest::SHA256, text);
    let whole = hash.as_ref().iter().take_while(|byte| **byte == 0).count();
    let rest = hash.as_ref().get(whole).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(whole * 8).unwrap_or(0) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_begins_with_its_challenge_and_its_hash_with_zeros() {
        let challenge = Challenge { text: "abc".to_owned(), bits: 12 };
        let proof = prove(&challenge, &Output::quiet()).unwrap();
        assert!(proof.starts_with("abc.") && zeros(proof.as_bytes()) >= 12);
    }

    #[test]
    fn a_server_that_asks_for_endless_work_gets_none() {
        let endless = Challenge { text: "abc".to_owned(), bits: 200 };
        let long = Challenge { text: "a".repeat(10_000), bits: 1 };
        assert_eq!(prove(&endless, &Output::quiet()), None);
        assert_eq!(prove(&long, &Output::quiet()), None);
    }
}
