//! A text is a slot in its one spelling, or an error; so are keys, codes, shares and identities.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seal::slot::{AgeIdentities, AgeRecipient, Share, Shares};
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
    if let Ok(share) = Share::parse(bytes) {
        assert!(Share::parse(share.text().expose()).is_ok());
    }
    let _ = Shares::read(&Exposed::copy_of(bytes));
    let _ = AgeIdentities::read(&Exposed::copy_of(bytes));
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(recipient) = text.parse::<AgeRecipient>()
    {
        assert_eq!(recipient.as_str().as_bytes(), bytes);
    }
});
