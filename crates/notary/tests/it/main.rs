//! The notary over a real store and a real broker process, and attacks on what they keep.

#![cfg(test)]

mod erasing;
mod ground;
mod house;
mod journal;
mod kills;
mod projection;
mod publishing;
mod publishing_attacks;
mod reading;
mod retention;
mod retention_attacks;
mod searching;
mod sequencing;
mod streams;
mod tampering;
mod witnessed;
