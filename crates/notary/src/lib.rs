//! The notary room.
