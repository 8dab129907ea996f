//! The ledger from outside: published vectors, properties, attacks on exports, and golden files.

#![cfg(test)]

mod anchoring;
mod blinding;
mod boundaries;
mod cosignatures;
mod entries;
mod epochs;
mod exports;
mod garbage;
mod golden;
mod house;
mod notes;
mod ocsf;
mod policies;
mod proof_files;
mod receipts;
mod tiling;
mod tree_growth;
mod tree_vectors;
mod witnessing;
