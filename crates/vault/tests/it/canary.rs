//! Values nobody could guess, and then every file the platform wrote: none holds one, in any common
//! encoding.

use std::fs;
use std::path::Path;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use domain::ProgramName;
use vault::secrets::{
    LocalUseOf, Rotation, delete_secret, reveal_secret, rotate_secret, use_secrets_locally,
};

use crate::house::{each_engine, keep, value, why};

/// The forms in which a value could have been written: raw, hexadecimal, and base64 at each of the
/// three places it can begin in a longer text.
fn forms(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_vec()];
    forms.extend([&HEXLOWER, &HEXUPPER].map(|hex| hex.encode(value).into_bytes()));
    for base in [&BASE64, &BASE64URL_NOPAD] {
        for shift in 0..3 {
            let shifted: Vec<u8> = [&[0; 2][..shift], value].concat();
            let text = base.encode(&shifted).into_bytes();
            // The characters at both ends also depend on the neighbours.
            forms.push(text[4 * shift.min(1)..text.len() - 4].to_vec());
        }
    }
    forms
}

fn search(folder: &Path, forms: &[Vec<u8>], found: &mut Vec<String>) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files += search(&entry.path(), forms, found);
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).unwrap();
            files += 1;
            for form in forms {
                if bytes.windows(form.len()).any(|window| window == form.as_slice()) {
                    found.push(format!("{} holds {:?}", entry.path().display(), form));
                }
            }
        }
    }
    files
}

#[test]
fn the_search_finds_every_form_it_looks_for() {
    let folder = tempfile::tempdir().unwrap();
    let secret = b"canary-0123456789abcdefghijklmnop";
    let forms = forms(secret);
    let hidden = [
        secret.to_vec(),
        HEXLOWER.encode(secret).into_bytes(),
        BASE64.encode(&[b"x".as_slice(), secret, b"yz"].concat()).into_bytes(),
        BASE64URL_NOPAD.encode(&[b"xy".as_slice(), secret].concat()).into_bytes(),
    ];
    for (number, bytes) in hidden.iter().enumerate() {
        let path = folder.path().join(number.to_string());
        fs::write(&path, [b"before".as_slice(), bytes, b"after"].concat()).unwrap();
        let mut found = Vec::new();
        search(folder.path(), &forms, &mut found);
        assert!(!found.is_empty(), "form {number}");
        fs::remove_file(path).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_holds_a_value_that_was_set_rotated_shown_used_or_deleted() {
    each_engine(async |house| {
        let (store, broker, acme) = (&house.store, &house.broker, &house.acme);
        let canary = || format!("canary-{}", HEXLOWER.encode(&store.mint().bytes::<16>()));
        let [first, second, third] = [canary(), canary(), canary()];
        let path = keep(&house, acme, "TOKEN", &first).await;
        let next = Rotation { path: path.clone(), value: value(&second), expected: None };
        rotate_secret(store, broker, &acme.owner, next).await.unwrap();
        let gone = keep(&house, acme, "GONE", &third).await;
        let fresh = Some(house.now());
        let shown = reveal_secret(store, broker, &acme.owner, fresh, path.clone(), why()).await;
        assert_eq!(shown.unwrap().value.value.expose(), second.as_bytes());
        let (project, environment) = (path.project, path.environment);
        let program = ProgramName::parse("env").unwrap();
        let wanted = LocalUseOf { project, environment, program, reason: None };
        use_secrets_locally(store, broker, &acme.owner, fresh, wanted).await.unwrap();
        delete_secret(store, &acme.owner, gone).await.unwrap();

        let values = [first, second, third];
        let looked_for: Vec<_> = values.iter().flat_map(|one| forms(one.as_bytes())).collect();
        let mut found = Vec::new();
        let search = |folder| search(folder, &looked_for, &mut found);
        let files: usize = house.folders().into_iter().map(search).sum();
        assert_eq!(found, Vec::<String>::new());
        assert!(files >= house.files_min(), "only {files} files were searched");
    })
    .await;
}
