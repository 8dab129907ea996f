//! Signed notes and checkpoints against the values others published.
//!
//! Sources: golang/mod `sumdb/note/note_test.go` (keys, notes, malformed notes);
//! `sumdb/tlog/note_test.go`; the worked examples of C2SP signed-note and tlog-checkpoint.

use data_encoding::BASE64;
use ledger::{Checkpoint, LogOrigin, Note, NoteError, VerifierKey, tree};

use crate::house::Signer;

const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
const PETER_LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC\
                          2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH_LINE: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGr\
                          Q5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn key(text: &str) -> VerifierKey {
    VerifierKey::parse(text).unwrap()
}

fn open(note: &str, keys: &[VerifierKey]) -> Result<String, NoteError> {
    Note::parse(note)?.open(keys).map(str::to_owned)
}

#[test]
fn a_published_key_reads_and_writes_as_itself() {
    for text in [PETER, ENOCH] {
        assert_eq!(key(text).to_string(), text);
    }
    assert_eq!(key(PETER).name(), "PeterNeumann");
    assert_eq!(key(PETER).id(), [0xc7, 0x4f, 0x20, 0xa3]);
}

#[test]
fn no_part_and_no_mangling_of_a_key_is_a_key() {
    for start in 0..PETER.len() {
        for end in start + 1..=PETER.len() {
            let whole = start == 0 && end == PETER.len();
            assert_eq!(VerifierKey::parse(&PETER[start..end]).is_ok(), whole, "{start}..{end}");
        }
    }
    for place in 0..PETER.len() {
        let mut bytes = PETER.as_bytes().to_vec();
        bytes[place] += 1;
        assert!(VerifierKey::parse(std::str::from_utf8(&bytes).unwrap()).is_err(), "byte {place}");
    }
}

#[test]
fn keys_of_another_length_or_algorithm_are_refused() {
    let longer = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==";
    let unknown = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(VerifierKey::parse(longer), Err(NoteError::Key));
    assert_eq!(VerifierKey::parse(unknown), Err(NoteError::Key));
}

#[test]
fn the_published_private_key_signs_the_published_note() {
    let private = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let private = BASE64.decode(private.as_bytes()).unwrap();
    let signer = Signer::new("PeterNeumann", private[1..].try_into().unwrap());
    assert_eq!(signer.key, key(PETER));
    assert_eq!(signer.sign(TEXT), format!("{TEXT}\n{PETER_LINE}"));
}

#[test]
fn a_note_opens_for_any_known_signer_and_ignores_unknown_ones() {
    let note = format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}");
    for keys in [vec![key(PETER)], vec![key(ENOCH)], vec![key(ENOCH), key(PETER)]] {
        assert_eq!(open(&note, &keys).as_deref(), Ok(TEXT));
    }
    assert_eq!(open(&note, &[]), Err(NoteError::UnknownKey));
    let only_enoch = format!("{TEXT}\n{ENOCH_LINE}");
    assert_eq!(open(&only_enoch, &[key(PETER)]), Err(NoteError::UnknownKey));
}

#[test]
fn a_bad_line_in_a_known_name_rejects_a_note_that_another_key_signed_well() {
    let (head, tail) = PETER_LINE.split_at(62);
    let bad = format!("{TEXT}\n{ENOCH_LINE}{head}ABCD{tail}");
    assert_eq!(open(&bad, &[key(ENOCH), key(PETER)]), Err(NoteError::BadSignature));
    assert_eq!(open(&bad, &[key(ENOCH)]).as_deref(), Ok(TEXT), "unknown lines are ignored");
}

#[test]
fn a_signature_under_another_name_or_id_is_an_unknown_one() {
    let renamed = format!("{TEXT}\n{}", PETER_LINE.replace("PeterNeumann", "CarmenSandiego"));
    let other_id = format!("{TEXT}\n{}", PETER_LINE.replace("x08g", "xxxx"));
    for note in [renamed, other_id] {
        assert_eq!(open(&note, &[key(PETER)]), Err(NoteError::UnknownKey));
    }
}

#[test]
fn published_malformed_notes_are_refused() {
    let bare = PETER_LINE.trim_end();
    let bad_name = PETER_LINE.replace("PeterNeumann", "Bad Name");
    let plus_name = PETER_LINE.replace("PeterNeumann", "Peter+Neumann");
    for note in [
        TEXT.to_owned(),
        format!("{TEXT}\n"),
        format!("{TEXT}\n{bare}"),
        format!("\u{1}{TEXT}\n{PETER_LINE}"),
        format!("{TEXT}\n{bad_name}"),
        format!("{TEXT}\n{plus_name}"),
        format!("{TEXT}\n{PETER_LINE}Unexpected line.\n"),
        format!("{TEXT}\n{}", PETER_LINE.repeat(101)),
        format!("{TEXT}\n— PeterNeumann x08g\n"),
        format!("{TEXT}\n{PETER_LINE}\n"),
    ] {
        assert_eq!(Note::parse(&note).map(drop), Err(NoteError::Form), "{note}");
    }
}

#[test]
fn a_note_with_sixteen_signatures_is_accepted() {
    let note = format!("{TEXT}\n{}{PETER_LINE}", ENOCH_LINE.repeat(15));
    assert_eq!(open(&note, &[key(PETER)]).as_deref(), Ok(TEXT));
}

#[test]
fn an_empty_line_in_the_text_stays_in_the_text() {
    let signer = Signer::new("quasimodo.example/salvatore", [9; 32]);
    let text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n\
                ed è subito sera.\n";
    let note = signer.sign(text);
    assert_eq!(open(&note, std::slice::from_ref(&signer.key)).as_deref(), Ok(text));
}

#[test]
fn the_worked_notes_of_the_specifications_are_read() {
    let poem = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n\
        ed è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGI\
        TLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    assert!(Note::parse(poem).is_ok());
    let sofa = "example.com/behind-the-sofa\n20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPIC\
        a5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    assert!(Note::parse(sofa).is_ok());
    let (text, _) = sofa.split_once("\n\n").unwrap();
    let text = format!("{text}\n");
    let checkpoint = Checkpoint::parse(&text).unwrap();
    assert_eq!(checkpoint.origin.as_str(), "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size, 20_852_163);
    assert_eq!(checkpoint.text(), text);
}

#[test]
fn a_published_tree_head_reads_and_its_malformations_do_not() {
    // The published origin has spaces, which our origins may not have; the rest is word for word.
    let good = "go.sum_database_tree\n123456789012\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n";
    let read = Checkpoint::parse(good).unwrap();
    assert_eq!(read.size, 123_456_789_012);
    assert_eq!(read.root, tree::leaf_hash(b"hello world"));
    assert!(Checkpoint::parse(&format!("{good}JOE\n")).is_ok(), "extension lines are read past");
    for bad in [
        "go.sum_database_tree\n0xabcdef\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n",
        "go.sum_database_tree\n123456789012\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBTOOBIG=\n",
        "go.sum_database_tree\n0123\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n",
        "go.sum_database_tree\n+123\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n",
        "go.sum_database_tree\n-1\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n",
        "go.sum database tree\n123\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n",
        "go.sum_database_tree\n123\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=",
        "go.sum_database_tree\n123\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n\n",
        "\n123\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n",
        "go.sum_database_tree\n123\n",
        "",
    ] {
        assert!(Checkpoint::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn an_origin_has_its_three_parts_or_none() {
    let origin = crate::house::origin();
    let (instance, unit, stream) = origin.parts().unwrap();
    assert_eq!(LogOrigin::new(instance, unit, stream), origin);
    assert_eq!(LogOrigin::parse(origin.as_str()), Ok(origin.clone()));
    for other in [format!("{origin}/more"), "example.com/sofa".into(), origin.as_str()[1..].into()]
    {
        assert_eq!(LogOrigin::parse(&other).unwrap().parts(), None, "{other}");
    }
}
