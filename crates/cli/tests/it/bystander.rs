//! Somebody who reads every file of a folder and looks for a secret in any usual spelling.

use std::fs;
use std::path::Path;

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

/// The files under `folder` that hold `secret` in clear, base64 (at any alignment), base32 or
/// hexadecimal.
pub(crate) fn finds(folder: &Path, secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(finds(&path, secret));
        } else if spellings(secret)
            .iter()
            .any(|spelling| contains(&fs::read(&path).unwrap(), spelling))
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let mut all = vec![bytes.to_vec(), bytes.iter().rev().copied().collect()];
    for encoding in [&HEXLOWER, &HEXUPPER, &BASE32_NOPAD] {
        all.push(encoding.encode(bytes).into_bytes());
    }
    // The first and last characters depend on what stands beside; the middle does not.
    for skip in 0..3 {
        let whole = &bytes[skip..skip + (bytes.len() - skip) / 3 * 3];
        all.push(BASE64_NOPAD.encode(whole).into_bytes());
        all.push(BASE64URL_NOPAD.encode(whole).into_bytes());
    }
    all
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn a_bystander_sees_through_base64_at_every_alignment() {
    let folder = tempfile::tempdir().unwrap();
    for prefix in ["", "x", "xy"] {
        let text =
            data_encoding::BASE64.encode(format!("{prefix}the-secret-token-value").as_bytes());
        fs::write(folder.path().join("file"), text).unwrap();
        assert_eq!(finds(folder.path(), "the-secret-token-value").len(), 1, "{prefix}");
    }
}
