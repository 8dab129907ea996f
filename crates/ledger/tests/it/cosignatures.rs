//! Cosignatures against a checkpoint that real witnesses cosigned, and against every change of one.
//!
//! Source: the checkpoint of a public staging log of certificate transparency with the cosignatures
//! and keys of four public witnesses, as collected by transparency.dev's witness network in 2026;
//! the worked example of C2SP tlog-cosignature.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64;
use ledger::{Cosignature, CosignerKey, Note, NoteError, VerifierKey, cosignature};
use proptest::prelude::*;

use crate::house::Signer;

pub(crate) const ARCHE: &str = "arche2025h1.staging.ct.transparency.dev\n1432088532\n\
    U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n\
    — arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHb\
    dQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n\
    — arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3Nyg\
    NI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n\
    — transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhI\
    gcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n\
    — witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75\
    W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==\n\
    — remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTy\
    nk5XeU/zZ0WBxtqB0DrAWfBw==\n\
    — witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/\
    2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==\n";
pub(crate) const ARCHE_KEY: &str = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+\
    AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
pub(crate) const WITNESSES: [&str; 4] = [
    "transparency.dev/DEV:witness-little-garden+d8042a87+\
     BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
];

/// A witness's key pair, as a test needs it.
pub(crate) struct Cosigner {
    pair: Ed25519KeyPair,
    pub(crate) key: CosignerKey,
}

impl Cosigner {
    pub(crate) fn new(name: &str, seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        Self { pair, key: CosignerKey::ed25519(name, public).unwrap() }
    }

    /// The signature line over a note's text.
    pub(crate) fn line(&self, text: &str, time_s: u64) -> String {
        let signature = self.pair.sign(cosignature::message(text, time_s).as_bytes());
        let signature = signature.as_ref().try_into().unwrap();
        Cosignature { time_s, signature }.line(&self.key)
    }
}

fn cosigned(note: &str, key: &CosignerKey) -> Result<Option<u64>, NoteError> {
    Ok(key.cosignature(&Note::parse(note)?)?.map(|found| found.time_s))
}

#[test]
fn the_cosignatures_of_four_public_witnesses_hold() {
    for text in WITNESSES {
        let key = CosignerKey::parse(text).unwrap();
        assert_eq!(key.to_string(), text);
        assert_eq!(cosigned(ARCHE, &key), Ok(Some(1_779_573_024)), "{text}");
        let again = key.cosignature(&Note::parse(ARCHE).unwrap()).unwrap().unwrap();
        assert!(ARCHE.contains(&again.line(&key)), "the line is written as it was read");
    }
    let log = VerifierKey::parse(ARCHE_KEY).unwrap();
    assert!(Note::parse(ARCHE).unwrap().open(&[log]).is_ok());
}

#[test]
fn another_size_root_or_origin_under_a_cosignature_is_refused() {
    let key = CosignerKey::parse(WITNESSES[2]).unwrap();
    for (from, to) in [("\n1432088532\n", "\n1432088531\n"), ("U7WM", "U7WN"), ("arche", "archf")] {
        let changed = ARCHE.replacen(from, to, 1);
        assert_eq!(cosigned(&changed, &key), Err(NoteError::BadSignature), "{to}");
    }
}

#[test]
fn the_message_is_that_of_the_specification() {
    let text =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let message = format!("cosignature/v1\ntime 1679315147\n{text}");
    assert_eq!(cosignature::message(text, 1_679_315_147), message);
}

#[test]
fn a_logs_key_is_no_witness_and_a_witness_is_no_log() {
    assert_eq!(CosignerKey::parse(ARCHE_KEY), Err(NoteError::Key));
    assert_eq!(VerifierKey::parse(WITNESSES[0]).err(), Some(NoteError::Key));
}

#[test]
fn a_plain_signature_by_a_witness_does_not_count_as_a_cosignature() {
    let witness = Cosigner::new("witness.example/w1", 3);
    let log = Signer::new("witness.example/w1", [3; 32]);
    let note = log.sign("a.example\n0\nX\n");
    assert_eq!(cosigned(&note, &witness.key), Ok(None), "another type has another id");
    let line = witness.line("a.example\n0\nX\n", 7);
    assert!(Note::parse(&format!("a.example\n0\nX\n\n{line}")).unwrap().open(&[log.key]).is_err());
}

#[test]
fn of_two_cosignatures_by_one_witness_the_later_counts() {
    let witness = Cosigner::new("witness.example/w1", 3);
    let lines = [9, 12, 4].map(|time| witness.line("text\n", time)).concat();
    assert_eq!(cosigned(&format!("text\n\n{lines}"), &witness.key), Ok(Some(12)));
}

#[test]
fn a_time_in_the_upper_half_of_the_range_is_refused() {
    let witness = Cosigner::new("witness.example/w1", 3);
    for (time, good) in [(i64::MAX as u64, true), (i64::MAX as u64 + 1, false), (u64::MAX, false)] {
        let note = format!("text\n\n{}", witness.line("text\n", time));
        assert_eq!(cosigned(&note, &witness.key).is_ok(), good, "{time}");
    }
}

#[test]
fn every_flipped_bit_of_a_cosignature_refuses_the_note() {
    let witness = Cosigner::new("witness.example/w1", 3);
    let line = witness.line("text\n", 1_790_000_000);
    let (head, encoded) = line.trim_end().rsplit_once(' ').unwrap();
    let bytes = BASE64.decode(encoded.as_bytes()).unwrap();
    for place in 4..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << bit;
            let note = format!("text\n\n{head} {}\n", BASE64.encode(&flipped));
            assert_eq!(
                cosigned(&note, &witness.key),
                Err(NoteError::BadSignature),
                "{place}.{bit}"
            );
        }
    }
    for length in 5..bytes.len() {
        let note = format!("text\n\n{head} {}\n", BASE64.encode(&bytes[..length]));
        assert_eq!(cosigned(&note, &witness.key), Err(NoteError::BadSignature), "{length} bytes");
    }
}

proptest! {
    #[test]
    fn a_cosigned_text_holds_for_that_text_and_time_only(
        text in "[a-z]{1,20}\n", other in "[a-z]{1,20}\n", time in 0..i64::MAX as u64
    ) {
        let witness = Cosigner::new("witness.example/w1", 3);
        let line = witness.line(&text, time);
        prop_assert_eq!(cosigned(&format!("{text}\n{line}"), &witness.key), Ok(Some(time)));
        if other != text {
            let moved = format!("{other}\n{line}");
            prop_assert_eq!(cosigned(&moved, &witness.key), Err(NoteError::BadSignature));
        }
    }
}
