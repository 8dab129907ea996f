//! Picks the process.
fn main() {}
