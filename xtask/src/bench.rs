//! Bench.
use crate::run::Failure;

/// Runs the benchmarks.
///
/// # Errors
/// None yet.
pub fn run() -> Result<(), Failure> {
    Ok(())
}
