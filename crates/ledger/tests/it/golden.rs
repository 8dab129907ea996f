//! Files of released formats: they verify for ever, and today's writer still writes the newest of
//! them.

use ledger::{Verdict, VerifierKey};

use crate::house::{Log, verdict};

const EXPORT: &[u8] = include_bytes!("../../testdata/export-v1.ndjson");
const KEY: &str = include_str!("../../testdata/export-v1.key");

#[test]
fn the_first_released_export_still_verifies() {
    let key = VerifierKey::parse(KEY.trim_end()).unwrap();
    let Verdict::Verified(verified) = verdict(EXPORT, &key) else {
        panic!("{}", verdict(EXPORT, &key));
    };
    assert_eq!((verified.size, verified.checkpoints, verified.personal), (7, 2, 21));
}

#[test]
fn the_same_log_still_gives_the_same_bytes() {
    let log = Log::new(7, &[1, 4]);
    assert_eq!(log.signer.key.to_string(), KEY.trim_end());
    assert!(log.export() == EXPORT, "the export of format 1 has changed");
}
