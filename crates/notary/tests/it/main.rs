//! The notary over a real store and a real broker process, and attacks on what they keep.

#![cfg(test)]

mod ground;
mod house;
mod journal;
mod kills;
mod projection;
mod publishing;
mod publishing_attacks;
mod reading;
mod searching;
mod sequencing;
mod streams;
mod tampering;
mod witnessed;
