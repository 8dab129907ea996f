//! A text is a slot in its one spelling, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seal::{Exposed, HeapHomes, RecoveryCode, Slot, key_file};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(slot) = Slot::parse(text)
    {
        assert_eq!(slot.to_string(), text);
    }
    let _ = key_file::read(&Exposed::copy_of(bytes), &HeapHomes);
    if let Ok(code) = RecoveryCode::parse(&Exposed::copy_of(bytes)) {
        assert!(RecoveryCode::parse(&code.text()).is_ok());
    }
});
