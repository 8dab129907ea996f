//! The operator room.
