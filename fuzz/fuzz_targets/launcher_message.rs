//! Packets of the launcher's protocol: read in full or not at all, and a sandbox that is checked.
#![no_main]

use launcher::protocol::{Ask, Told};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Told::parse(bytes);
    if let Ok(ask) = Ask::parse(bytes) {
        if let Ask::Start(sandbox) = &ask {
            let _ = sandbox.check();
        }
        if let Ok(packet) = ask.packet() {
            assert_eq!(Ask::parse(&packet), Ok(ask));
        }
    }
});
