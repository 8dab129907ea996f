//! Object stores that speak the protocol of Amazon S3: put, get, list, delete, and upload in parts.
//!
//! Always true
//! 1. Each request is signed in its headers (Signature Version 4) over its body's SHA-256: neither
//!    the key nor a signature stands in an address.
//! 2. Each object and each part is held in memory once and has a limit; what is larger goes in
//!    parts.
//! 3. A call that failed by the way or by the other side's load is made again a few times; each of
//!    them may be made again without harm.
//!
//! Never: a bucket in the host's name, so certificates and name servers need nothing special; an
//! answer's text in an error, beyond the store's own short code.
//!
//! Source: Amazon Simple Storage Service API Reference, version 2006-03-01.

mod answer;
mod bucket;
mod key;
mod sign;
mod upload;

pub use answer::{AnswerError, Listing, Object, read_listing, read_upload_id};
pub use bucket::{Bucket, BucketSettings, S3Error};
pub use key::{NotKey, ObjectKey};
pub use sign::{NotKeys, S3Keys};
pub use upload::Upload;

/// Largest object or part that is sent or read in one call, in bytes.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Smallest part of an upload but the last, in bytes: a rule of the protocol.
pub const PART_BYTES_MIN: usize = 5 * 1024 * 1024;
/// Most parts of one upload: a rule of the protocol.
pub const PARTS_MAX: u32 = 10_000;

const _: () = assert!(PART_BYTES_MIN <= BODY_BYTES_MAX);
