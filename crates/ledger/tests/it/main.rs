//! The ledger from outside: published vectors, properties, attacks on exports, and golden files.

#![cfg(test)]

mod entries;
mod exports;
mod garbage;
mod golden;
mod house;
mod notes;
mod receipts;
mod tree_growth;
mod tree_vectors;
