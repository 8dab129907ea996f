//! An object store's XML: a listing, and an upload's id.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = outbound::s3::read_listing(bytes);
    let _ = outbound::s3::read_upload_id(bytes);
});
