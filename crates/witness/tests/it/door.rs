//! The door: statuses, media types, limits.

use ledger::witness::REQUEST_BYTES_MAX;

use crate::house::{History, Running, add, send, set_up};

const LOG: &str = "log.example/a";

#[test]
fn the_answers_are_those_of_the_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let key = set_up(folder.path(), &[LOG.into()]);
    let running = Running::start(folder.path());
    let (mut honest, mut forked) = (History::new(LOG, 0, 30), History::new(LOG, 1, 30));
    let (status, _, line) = add(running.port, &honest.request(0, 10)).unwrap();
    assert_eq!(status, 200);
    assert!(honest.is_cosigned(10, &line, key.public()), "{line}");
    let conflict = (409, "text/x.tlog.size".to_owned(), "10\n".to_owned());
    assert_eq!(add(running.port, &honest.request(0, 20)).unwrap(), conflict);
    assert_eq!(add(running.port, &forked.request(10, 10)).unwrap(), conflict);
    let other = History::new("log.example/b", 0, 30).request(0, 10);
    let unsigned = honest.request(10, 20).replacen("— log.example/a ", "— log.example/a AAAA", 1);
    let backwards = honest.request(10, 20).replacen("old 10", "old 21", 1);
    for (body, wanted) in [
        (forked.request(10, 20), 422),
        (other, 404),
        (unsigned, 403),
        (backwards, 400),
        (String::new(), 400),
        ("old 0\n\nnonsense".to_owned(), 400),
    ] {
        let (status, _, answer) = add(running.port, &body).unwrap();
        assert_eq!(status, wanted, "{body}");
        assert!(!answer.contains('\u{2014}'), "no line with a refusal: {answer}");
    }
    let (_, _, shown) = send(running.port, "GET /key", b"").unwrap();
    assert_eq!(shown.trim(), key.public().to_string());
    assert_eq!(send(running.port, "GET /add-checkpoint", b"").unwrap().0, 405);
    assert_eq!(send(running.port, "GET /other", b"").unwrap().0, 404);
}

#[test]
fn a_body_beyond_the_limit_or_outside_utf_8_is_refused_and_the_witness_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    set_up(folder.path(), &[LOG.into()]);
    let running = Running::start(folder.path());
    let long = vec![b'x'; REQUEST_BYTES_MAX + 1];
    // The answer may come before the whole body was taken, so that the rest of it meets a closed
    // door.
    let answer = send(running.port, "POST /add-checkpoint", &long);
    assert!(answer.is_none_or(|(status, ..)| status == 400));
    let bytes = send(running.port, "POST /add-checkpoint", &[0xFF; 100]).unwrap();
    assert_eq!(bytes.0, 400);
    let body = History::new(LOG, 0, 3).request(0, 3);
    assert_eq!(add(running.port, &body).unwrap().0, 200);
}

#[test]
fn a_network_that_asks_too_often_is_told_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    set_up(folder.path(), &[LOG.into()]);
    let running = Running::start(folder.path());
    let statuses: Vec<u16> = (0..1_300).map(|_| add(running.port, "x").unwrap().0).collect();
    assert!(statuses.contains(&400) && statuses.contains(&429), "two minutes' worth at most pass");
}
