//! Policies: the example of the specification, every rule it states, and checkpoints judged by
//! them.
//!
//! Source: C2SP tlog-policy.

use ledger::{NoteError, Policy};
use proptest::prelude::*;

use crate::cosignatures::{ARCHE, ARCHE_KEY, Cosigner, WITNESSES};
use crate::house::Signer;

const TEXT: &str = "log.example/a\n1\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n";

fn log() -> Signer {
    Signer::new("log.example/a", [1; 32])
}

fn witness(number: u8) -> Cosigner {
    Cosigner::new(&format!("witness.example/w{number}"), 100 + number)
}

fn key(number: u8) -> String {
    witness(number).key.to_string()
}

/// The two-level policy of the specification: 2 of X1, X2, X3 and any of Y1, Y2, Y3.
fn worked_example() -> String {
    let mut file = format!("log {}\n\n", log().key);
    for (name, number) in [("X1", 1), ("X2", 2), ("X3", 3)] {
        file.push_str(&format!("witness {name} {}\n", key(number)));
    }
    file.push_str("group X-witnesses 2 X1 X2 X3\n\n");
    for (name, number) in [("Y1", 4), ("Y2", 5), ("Y3", 6)] {
        file.push_str(&format!("witness {name} {} https://{name}.example/\n", key(number)));
    }
    file.push_str("group Y-witnesses any Y1 Y2 Y3\n\ngroup X-and-Y all X-witnesses Y-witnesses\n");
    file + "quorum X-and-Y\n"
}

/// The log's checkpoint, cosigned by these witnesses.
fn cosigned_by(numbers: &[u8]) -> String {
    let lines: String = numbers.iter().map(|number| witness(*number).line(TEXT, 5)).collect();
    log().sign(TEXT) + &lines
}

fn refused(file: &str) -> usize {
    Policy::parse(file.as_bytes()).unwrap_err().line
}

#[test]
fn the_worked_example_needs_two_of_one_group_and_one_of_the_other() {
    let policy = Policy::parse(worked_example().as_bytes()).unwrap();
    for subset in 0_u8..64 {
        let numbers: Vec<u8> = (1..=6).filter(|number| subset >> (number - 1) & 1 == 1).collect();
        let of_x = numbers.iter().filter(|number| **number <= 3).count();
        let wanted = of_x >= 2 && numbers.len() > of_x;
        let note = cosigned_by(&numbers);
        let judged = policy.judge(&note, &[]).unwrap();
        assert_eq!(judged.quorum, wanted, "{numbers:?}");
        assert_eq!((judged.cosigned, judged.witnesses), (numbers.len(), 6));
    }
}

#[test]
fn a_real_checkpoint_has_its_real_quorum() {
    let mut file = format!("# public witnesses\nlog {ARCHE_KEY}\n");
    for (place, key) in WITNESSES.iter().enumerate() {
        file.push_str(&format!("witness w{place} {key}\n"));
    }
    file.push_str("\tgroup  all4 all w0 w1\tw2 w3 \nquorum all4\n");
    let policy = Policy::parse(file.as_bytes()).unwrap();
    let judged = policy.judge(ARCHE, &[]).unwrap();
    assert!(judged.quorum);
    assert_eq!((judged.head.size, judged.cosigned), (1_432_088_532, 4));
}

#[test]
fn a_quorum_of_none_needs_the_log_alone() {
    let file = format!("log {}\nquorum none\n", log().key);
    let policy = Policy::parse(file.as_bytes()).unwrap();
    let note = cosigned_by(&[]);
    assert!(policy.asks_nobody() && policy.judge(&note, &[]).unwrap().quorum);
}

#[test]
fn a_policy_without_logs_takes_those_its_reader_trusts() {
    let policy = Policy::parse(format!("witness W {}\nquorum W\n", key(1)).as_bytes()).unwrap();
    let note = cosigned_by(&[1]);
    assert_eq!(policy.judge(&note, &[]).err(), Some(NoteError::UnknownKey));
    assert!(policy.judge(&note, &[log().key]).unwrap().quorum);
}

#[test]
fn a_log_signs_for_its_own_origin_only() {
    let other = Signer::new("log.example/other", [2; 32]);
    let file = format!("log {}\nlog {}\nquorum none\n", log().key, other.key);
    let policy = Policy::parse(file.as_bytes()).unwrap();
    assert_eq!(policy.judge(&other.sign(TEXT), &[]).err(), Some(NoteError::UnknownKey));
}

#[test]
fn a_listed_witness_whose_line_does_not_hold_refuses_the_checkpoint() {
    let policy = Policy::parse(worked_example().as_bytes()).unwrap();
    let note = cosigned_by(&[1, 2, 4]) + &witness(3).line("another text\n", 5);
    assert_eq!(policy.judge(&note, &[]).err(), Some(NoteError::BadSignature));
}

#[test]
fn what_the_format_forbids_is_refused_at_its_line() {
    let (log, one, two) = (log().key.to_string(), key(1), key(2));
    let renamed = Cosigner::new("witness.example/other", 101).key;
    for (file, line) in [
        (String::new(), 0),
        ("quorum none".to_owned(), 0),
        (format!("log {log}\n"), 0),
        ("quorum none\r\n".to_owned(), 0),
        ("quorum none\nquorum none\n".to_owned(), 2),
        (format!("log {log}\nlog {log}\nquorum none\n"), 2),
        (format!("witness A {one}\nwitness B {one}\nquorum A\n"), 2),
        (format!("witness A {one}\nwitness B {renamed}\nquorum A\n"), 2),
        (format!("witness A {one}\nwitness A {two}\nquorum A\n"), 2),
        (format!("witness none {one}\nquorum none\n"), 1),
        (format!("witness A {log}\nquorum A\n"), 1),
        (format!("log {one}\nquorum none\n"), 1),
        (format!("witness A {one} url more\nquorum A\n"), 1),
        (format!("quorum A\nwitness A {one}\n"), 1),
        (format!("witness A {one}\ngroup G 0 A\nquorum G\n"), 2),
        (format!("witness A {one}\ngroup G 2 A\nquorum G\n"), 2),
        (format!("witness A {one}\ngroup G 01 A\nquorum G\n"), 2),
        (format!("witness A {one}\ngroup G any\nquorum A\n"), 2),
        (format!("witness A {one}\ngroup G all A A\nquorum G\n"), 2),
        (format!("witness A {one}\ngroup G any A none\nquorum G\n"), 2),
        (format!("group G any A\nwitness A {one}\nquorum G\n"), 1),
        (format!("witness A {one}\ngroup G any A\ngroup H any A\nquorum G\n"), 3),
        ("policy\nquorum none\n".to_owned(), 1),
    ] {
        assert_eq!(refused(&file), line, "{file}");
    }
}

#[test]
fn a_member_of_a_group_may_be_the_quorum_itself() {
    let file = format!("witness A {}\ngroup G any A\nquorum A\n", key(1));
    let policy = Policy::parse(file.as_bytes()).unwrap();
    let note = cosigned_by(&[1]);
    assert!(policy.judge(&note, &[log().key]).unwrap().quorum);
}

#[test]
fn names_are_bytes_and_comments_may_be_anything() {
    let mut file = b"  # \xff\xfe comment\nwitness \xe2\x84\xaa ".to_vec();
    file.extend_from_slice(format!("{}\nquorum \u{212a}\n", key(1)).as_bytes());
    assert!(Policy::parse(&file).is_ok());
    let other = format!("witness \u{212a} {}\nquorum K\n", key(1));
    assert_eq!(refused(&other), 2);
}

proptest! {
    #[test]
    fn no_noise_makes_a_policy_panic(bytes in any::<Vec<u8>>()) {
        let _ = Policy::parse(&bytes);
    }

    #[test]
    fn dropping_a_line_never_lowers_the_quorum(line in 0_usize..20) {
        let whole = worked_example();
        let left: Vec<&str> =
            whole.lines().enumerate().filter(|(at, _)| *at != line).map(|(_, line)| line).collect();
        let note = cosigned_by(&[1, 4]);
        if let Ok(policy) = Policy::parse((left.join("\n") + "\n").as_bytes()) {
            prop_assert!(policy.judge(&note, &[log().key]).is_ok_and(|judged| !judged.quorum));
        }
    }
}
