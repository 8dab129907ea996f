//! The door: statuses, media types, limits.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use ledger::witness::REQUEST_BYTES_MAX;
use tower::ServiceExt;

use crate::house::{History, Running, Still, add, open, send, set_up};

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

#[tokio::test]
async fn a_network_that_asks_too_often_is_told_to_wait_and_others_are_heard() {
    let folder = tempfile::tempdir().unwrap();
    set_up(folder.path(), &[LOG.into()]);
    // The clock stands, so that no minute ends in the middle.
    let router = witness::http::router(Arc::new(open(folder.path())), Arc::new(Still));
    let status = async |peer: [u8; 4]| {
        let mut request = http::Request::post("/add-checkpoint").body(Body::from("x")).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 4_000))));
        router.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    for _ in 0..600 {
        assert_eq!(status([192, 0, 2, 1]).await, 400);
    }
    assert_eq!(status([192, 0, 2, 1]).await, 429);
    assert_eq!(status([192, 0, 2, 2]).await, 400);
}
