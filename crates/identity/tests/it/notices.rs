//! Messages: their words, and their way out of the house past a mail server that is slow, down or
//! unwilling.

use std::path::Path;

use domain::{TimeMs, limits};
use identity::notices::{Unrenderable, render, send_due};
use serde_json::json;
use store::{Caller, Commit, NewNotice, NoticeKind, NoticeState, Page, QuietReason, StoreError};

use crate::house::{House, Mode, Person, Sink, each_engine};

async fn tells(house: &House, whom: &Person, kind: NoticeKind) {
    let (user, request) = (whom.user, house.store.mint().id());
    house
        .store
        .platform_write(&Caller::system("tests", request), move |tx| {
            let id = tx.mint().id();
            let details = json!({ "device": "laptop" });
            tx.notices().enqueue(&NewNotice { id, user, kind, details, sealed: None })?;
            Ok::<_, StoreError>(Commit::quiet(QuietReason::NoticeStep, ()))
        })
        .await
        .unwrap();
}

async fn states(house: &House, whom: &Person) -> Vec<NoticeState> {
    let user = whom.user;
    let listing =
        house.store.platform_read(move |tx| tx.outbox().list(user, Page::first(50))).await;
    listing.unwrap().items
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_once_to_its_person_and_to_nobody_else() {
    each_engine(async |house: &House| {
        let sink = Sink::open().await;
        let (ada, eve) = (&house.ours.owner, &house.theirs.owner);
        tells(house, ada, NoticeKind::NewDevice).await;
        let round = sink.empties(&house.identity).await;
        assert_eq!((round.sent, round.again, round.given_up, round.left.waiting), (1, 0, 0, 0));
        assert_eq!(sink.empties(&house.identity).await.sent, 0);
        let letters = sink.about(&ada.email, "New device signed in");
        assert_eq!((letters.len(), sink.letters().len()), (1, 1));
        assert!(letters[0].contains("Device: laptop"), "{}", letters[0]);
        assert!(!letters[0].contains(eve.email.as_str()));
        assert!(states(house, ada).await[0].sent_at.is_some());
        assert!(states(house, eve).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_messages_wait_and_nothing_fails() {
    each_engine(async |house: &House| {
        tells(house, &house.ours.owner, NoticeKind::NewDevice).await;
        let round = send_due(&house.identity, None, "https://casemate.example").await.unwrap();
        assert_eq!((round.sent, round.left.waiting, round.left.dead), (0, 1, 0));
        let sink = Sink::open().await;
        assert_eq!(sink.empties(&house.identity).await.sent, 1, "it leaves when there is one");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_now_is_tried_again_later_and_later_and_given_up_at_last() {
    each_engine(async |house: &House| {
        let (sink, ada) = (Sink::open().await, &house.ours.owner);
        sink.set(Mode::Refuses(451));
        tells(house, ada, NoticeKind::NewDevice).await;
        assert_eq!(sink.empties(&house.identity).await.again, 1);
        assert_eq!(sink.empties(&house.identity).await.again, 0, "not before its time");
        house.advance(limits::NOTICE_DELAY_MS_MIN);
        assert_eq!(sink.empties(&house.identity).await.again, 1);
        house.advance(limits::NOTICE_DELAY_MS_MIN);
        assert_eq!(sink.empties(&house.identity).await.again, 0, "the delay doubles");
        for _ in 2..limits::NOTICE_TRIES_MAX {
            house.advance(limits::NOTICE_DELAY_MS_MAX);
            sink.empties(&house.identity).await;
        }
        let state = states(house, ada).await.remove(0);
        assert_eq!(state.tries, limits::NOTICE_TRIES_MAX);
        assert!(state.dead_at.is_some() && state.sent_at.is_none());
        assert!(state.failure.unwrap().contains("451"));
        sink.set(Mode::Takes);
        house.advance(limits::NOTICE_DELAY_MS_MAX);
        assert_eq!(sink.empties(&house.identity).await.sent, 0, "what was given up stays so");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_good_ends_one_message_with_its_reason_and_holds_up_no_other() {
    each_engine(async |house: &House| {
        let (sink, ada) = (Sink::open().await, &house.ours.owner);
        sink.set(Mode::Refuses(550));
        tells(house, ada, NoticeKind::NewDevice).await;
        assert_eq!(sink.empties(&house.identity).await.given_up, 1);
        let state = states(house, ada).await.remove(0);
        assert_eq!((state.tries, state.dead_at.is_some()), (1, true));
        assert!(state.failure.unwrap().contains("550"));
        sink.set(Mode::Takes);
        tells(house, &house.theirs.owner, NoticeKind::NewDevice).await;
        assert_eq!(sink.empties(&house.identity).await.sent, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_of_ours_at_the_mail_server_costs_no_message() {
    each_engine(async |house: &House| {
        let (sink, ada) = (Sink::open().await, &house.ours.owner);
        sink.set(Mode::Refuses(535));
        tells(house, ada, NoticeKind::NewDevice).await;
        assert_eq!(sink.empties(&house.identity).await.again, 1);
        sink.set(Mode::Takes);
        house.advance(limits::NOTICE_DELAY_MS_MIN);
        assert_eq!(sink.empties(&house.identity).await.sent, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_with_a_message_loses_none() {
    each_engine(async |house: &House| {
        let (sink, ada) = (Sink::open().await, &house.ours.owner);
        tells(house, ada, NoticeKind::NewDevice).await;
        // It dies after its claim: nothing else of it is ever heard.
        let request = house.store.mint().id();
        let claimed = house
            .store
            .platform_write(&Caller::system("tests", request), |tx| {
                let claimed = tx.outbox().claim()?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::NoticeStep, claimed))
            })
            .await
            .unwrap();
        assert!(claimed.value.is_some());
        assert_eq!(sink.empties(&house.identity).await.sent, 0, "the lease holds");
        house.advance(limits::NOTICE_LEASE_MS);
        assert_eq!(sink.empties(&house.identity).await.sent, 1);
        assert_eq!(sink.letters().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_came_twice_has_one_message_id() {
    each_engine(async |house: &House| {
        let (sink, ada) = (Sink::open().await, &house.ours.owner);
        sink.set(Mode::TakesAndGoes);
        tells(house, ada, NoticeKind::NewDevice).await;
        assert_eq!(sink.empties(&house.identity).await.again, 1);
        sink.set(Mode::Takes);
        house.advance(limits::NOTICE_DELAY_MS_MIN);
        assert_eq!(sink.empties(&house.identity).await.sent, 1);
        let ids: Vec<String> = sink
            .letters()
            .iter()
            .map(|letter| letter.split("Message-ID: ").nth(1).unwrap()[..40].to_owned())
            .collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(ids[0], ids[1]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_hangs_holds_nothing_up_for_long() {
    each_engine(async |house: &House| {
        let sink = Sink::open().await;
        sink.set(Mode::Hangs);
        tells(house, &house.ours.owner, NoticeKind::NewDevice).await;
        let mailer = sink.mailer().within(std::time::Duration::from_millis(200));
        let url = "https://casemate.example";
        let round = send_due(&house.identity, Some(&mailer), url).await.unwrap();
        assert_eq!((round.again, round.left.waiting), (1, 1));
        let state = states(house, &house.ours.owner).await.remove(0);
        assert!(state.failure.unwrap().contains("in time"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_workers_one_sends_a_message() {
    each_engine(async |house: &House| {
        let sink = Sink::open().await;
        for _ in 0..5 {
            tells(house, &house.ours.owner, NoticeKind::NewDevice).await;
        }
        let workers: Vec<_> = (0..6).map(|_| sink.empties(&house.identity)).collect();
        futures_util::future::join_all(workers).await;
        while sink.empties(&house.identity).await.left.waiting > 0 {}
        assert_eq!(sink.letters().len(), 5);
    })
    .await;
}

/// Every kind, as somebody hostile would have it.
#[test]
fn every_kind_of_message_has_its_words_on_the_golden_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/notices");
    let details = json!({
        "link": "0192d3a4-7b1c-7def-8a00-00000000abcd",
        "device": "<script>alert('x')</script> & \"friends\"",
        "user_agent": "see https://evil.example/ and www.evil.example\r\nBcc: eve@evil.example",
        "factor": "totp", "opens_at_ms": 1_790_172_800_000_i64,
        "unlisted": "never shown",
    });
    for kind in NoticeKind::ALL {
        let (at, url) = (TimeMs(1_790_000_000_000), "https://casemate.example");
        let written = render(*kind, &details, Some("0000-0000-0000-0000-0000"), at, url).unwrap();
        assert!(!written.html.contains("<script"), "{kind:?}");
        let all = format!("{}\n{}", written.text, written.html);
        assert!(!all.contains("never shown") && !all.contains("https://evil"), "{kind:?}");
        assert!(!written.text.contains("\nBcc"), "{kind:?}");
        let links = written.html.matches("href=").count();
        let with_code = matches!(kind, NoticeKind::PasswordResetLink | NoticeKind::RecoveryLink);
        assert_eq!(links, if with_code { 2 } else { 1 }, "{kind:?}");
        assert_eq!(all.contains("0000-0000"), with_code, "{kind:?}");
        let text = format!("Subject: {}\n\n{}", written.subject, written.text);
        for (ending, found) in [("txt", &text), ("html", &written.html)] {
            let file = folder.join(format!("{}.{ending}", kind.as_str()));
            if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&file, found).unwrap();
            }
            let golden = std::fs::read_to_string(&file).unwrap_or_default();
            assert_eq!(&golden, found, "{}", file.display());
        }
    }
}

#[test]
fn a_link_without_its_code_is_not_written() {
    let details = json!({ "link": "0192d3a4-7b1c-7def-8a00-00000000abcd" });
    let write = |details: &serde_json::Value, code| {
        let url = "https://casemate.example";
        render(NoticeKind::PasswordResetLink, details, code, TimeMs(0), url).map(drop)
    };
    assert_eq!(write(&details, None), Err(Unrenderable));
    assert_eq!(write(&json!({ "link": "x/../y" }), Some("c")), Err(Unrenderable));
    assert_eq!(write(&json!({}), Some("c")), Err(Unrenderable));
    assert_eq!(write(&details, Some("c")), Ok(()));
}
