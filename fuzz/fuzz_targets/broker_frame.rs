//! A frame's body is one message or an error, whatever its counts announce.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = broker::is_message(bytes);
});
