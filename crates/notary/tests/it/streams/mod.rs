//! Streams to receivers: in order, at least once, signed, and attacked from both ends.

mod dropped;
mod kills;
mod kinds;
mod receiver;

use std::time::{Duration, Instant};

use data_encoding::BASE64;
use domain::authz::{Act as Right, Denied, Role};
use domain::streams::{StreamFormat, StreamState, StreamTarget, StreamTrouble};
use domain::{AuditStreamId, Clock, Scope, TimeMs};
use ledger::tree::{Frontier, leaf_hash};
use ledger::{Note, Stream as Log, TreeHead, Verb};
use notary::streams::{
    Begin, Issued, Rotation, Sender, Sent, StreamError, Unfit, WantedStream, create, find, list,
    remove, rotate, send_test, stand,
};
use outbound::http::HttpClient;
use outbound::judge::Policy;
use seal::SystemClock;
use store::{Caller, Commit, EntryFilter, Page, Progress, QuietReason, Store, StoreError, Unit};

use self::receiver::{Act, Receiver};
use crate::ground::on_each_engine;
use crate::house::House;

on_each_engine! {
    every_entry_arrives_in_order_signed_and_adds_up_to_what_was_signed
    a_receiver_that_fails_in_any_way_gets_the_same_batch_again_and_then_goes_on
    a_receiver_that_is_gone_ends_the_stream_and_resuming_tries_once_more
    nobody_but_those_who_may_makes_sees_or_moves_a_stream
    for_the_overlap_both_secrets_sign_and_then_the_new_one_alone
    an_owner_is_told_once_of_a_receiver_that_takes_nothing_for_long
    an_opening_of_the_secret_is_in_the_log_once_for_many_batches
    what_does_not_fit_is_refused_and_nothing_is_made
    a_worker_whose_lease_ended_moves_nothing_and_nothing_unsigned_is_sent
}

pub(crate) fn client(allowed: &[&str]) -> HttpClient {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let allowed = allowed.iter().map(|text| text.parse().unwrap()).collect();
    HttpClient::new(Policy::allowing(allowed), None).unwrap()
}

pub(crate) fn sender(house: &House) -> Sender {
    let client = client(&["127.0.0.0/8"]);
    Sender::new(house.store.clone(), house.broker.clone(), client, "casemate.example")
}

/// So much time passes for our workspace's streams: what they remember moves into the past.
pub(crate) async fn later(house: &House, ms: i64) {
    let owner = house.owner_of(house.ours).await;
    owner
        .change(&format!(
            "update audit_streams set due_at_ms = due_at_ms - {ms}, \
             lease_until_ms = lease_until_ms - {ms}, failing_since_ms = failing_since_ms - {ms} \
             where tenant_id = {{ours}}"
        ))
        .await;
    let secrets = format!(
        "update audit_stream_secrets set ends_at_ms = ends_at_ms - {ms} \
         where tenant_id = {{ours}} and ends_at_ms is not null"
    );
    owner.run(&secrets).await.unwrap();
}

pub(crate) fn now() -> Option<TimeMs> {
    Some(SystemClock.now())
}

pub(crate) async fn made(
    house: &House,
    scope: &Scope,
    target: StreamTarget,
    token: Option<&str>,
) -> Issued {
    let wanted = WantedStream {
        name: "siem".parse().unwrap(),
        log: Log::Workspace,
        format: StreamFormat::Native,
        target,
        token: token.map(|text| broker::Exposed::copy_of(text.as_bytes())),
        from: Begin::Index(0),
    };
    create((&house.store, &house.broker), scope, now(), wanted).await.unwrap().value
}

fn webhook(receiver: &Receiver) -> StreamTarget {
    StreamTarget::Webhook { url: receiver.url() }
}

/// Rounds until nothing is due and nothing was sent; what they did.
pub(crate) async fn settled(sender: &Sender) -> Sent {
    let mut all = Sent::default();
    loop {
        let sent = sender.round().await.unwrap();
        all = Sent { taken: all.taken + sent.taken, failed: all.failed + sent.failed };
        if sent == Sent::default() {
            return all;
        }
    }
}

/// Rounds until the receiver took everything before `size`.
async fn caught_up(sender: &Sender, house: &House, id: AuditStreamId, size: u64) {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        sender.round().await.unwrap();
        let stream = find(&house.store, &house.scope(house.ours), id).await.unwrap();
        if stream.next_index >= size {
            return;
        }
        assert!(Instant::now() < deadline, "{stream:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What a receiver does that believes nothing: the signature, the order, each leaf's hash from the
/// entry itself, and the root of everything against the signed checkpoint.
async fn every_entry_arrives_in_order_signed_and_adds_up_to_what_was_signed(house: House) {
    let (ours, theirs) = (Receiver::begun().await, Receiver::begun().await);
    let scope = house.scope(house.ours);
    let issued = made(&house, &scope, webhook(&ours), None).await;
    made(&house, &house.scope(house.theirs), webhook(&theirs), None).await;
    house.write(house.ours, 230).await;
    house.write(house.theirs, 3).await;
    let size = house.sequence(house.ours).await.unwrap();
    house.sequence(house.theirs).await.unwrap();
    settled(&sender(&house)).await;
    assert_eq!(ours.taken(), (0..size).collect::<Vec<_>>());
    assert!(ours.got().len() > 2, "a batch has a limit");

    let shared = issued.shared.as_ref().and_then(|one| one.expose_text()).unwrap();
    let public = issued.stream.public_key.clone().unwrap();
    let (mut frontier, mut expected, mut checked) = (Frontier::new(), None, 0);
    for got in ours.got() {
        assert_signed(&got, shared, &public);
        let json = got.json();
        assert_eq!(json["type"], "audit.entries");
        let data = &json["data"];
        assert_eq!(data["previous_index"].as_u64(), expected);
        assert_eq!(data["workspace"], house.ours.tenant.to_string());
        for record in data["records"].as_array().unwrap() {
            let canonical = ledger::canonical::to_canonical(&record["entry"]);
            let leaf = leaf_hash(canonical.as_bytes());
            assert_eq!(record["leaf_hash"], data_encoding::HEXLOWER.encode(&leaf));
            frontier.append(leaf, |_, _| {});
            expected = record["index"].as_u64();
        }
        if let Some(note) = data["checkpoint"]["note"].as_str() {
            let key = house.key().await;
            let signed = Note::parse(note).unwrap().open(&[key]).unwrap().to_owned();
            let signed = TreeHead::parse(&signed).unwrap();
            if signed.size == expected.unwrap() + 1 {
                assert_eq!(signed.root, frontier.root());
                checked += 1;
            }
        }
    }
    assert!(checked > 0, "at least the last checkpoint ends where a batch ends");
    let text = String::from_utf8(theirs.got().iter().flat_map(|got| got.body.clone()).collect());
    assert!(!text.unwrap().contains(&house.ours.tenant.to_string()), "a log goes to its own");
}

fn assert_signed(got: &receiver::Got, shared: &str, public: &str) {
    let mut headers = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, got.header(name).parse().unwrap());
    }
    // The published library, with its own tolerance of time.
    standardwebhooks::Webhook::new(shared).unwrap().verify(&got.body, &headers).unwrap();
    let text = [
        got.header("webhook-id").as_bytes(),
        b".",
        got.header("webhook-timestamp").as_bytes(),
        b".",
        &got.body,
    ]
    .concat();
    let key = BASE64.decode(public.strip_prefix("whpk_").unwrap().as_bytes()).unwrap();
    let key = aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, key);
    let signature = got.header("webhook-signature").split(' ').next().unwrap();
    let signature = BASE64.decode(signature.strip_prefix("v1a,").unwrap().as_bytes()).unwrap();
    key.verify(&text, &signature).unwrap();
}

async fn a_receiver_that_fails_in_any_way_gets_the_same_batch_again_and_then_goes_on(house: House) {
    let receiver = Receiver::begun().await;
    let id = made(&house, &house.scope(house.ours), webhook(&receiver), None).await.stream.id;
    house.write(house.ours, 5).await;
    let mut size = house.sequence(house.ours).await.unwrap();
    let faults = [
        (Act::Say(500, ""), StreamTrouble::Broken),
        (Act::Say(302, "location: http://127.0.0.1:1/\r\n"), StreamTrouble::Rejected),
        (Act::Say(401, ""), StreamTrouble::Unauthorised),
        (Act::Say(429, "retry-after: 1\r\n"), StreamTrouble::Throttled),
        (Act::Vanish, StreamTrouble::Unreachable),
        (Act::Break, StreamTrouble::Unreachable),
        (Act::Hang(Duration::from_secs(30)), StreamTrouble::Slow),
        (Act::Body("x".repeat(300 * 1024)), StreamTrouble::Broken),
    ];
    let sender = sender(&house);
    for (number, (act, trouble)) in faults.into_iter().enumerate() {
        receiver.next([act]);
        let sent = sender.round().await.unwrap();
        assert_eq!((sent.taken, sent.failed), (0, 1), "{trouble}");
        let stream = find(&house.store, &house.scope(house.ours), id).await.unwrap();
        assert_eq!((stream.trouble, stream.next_index), (Some(trouble), 0));
        assert_eq!(stream.tries as usize, number + 1);
        let wait = stream.due_at.0 - SystemClock.now().0;
        assert!(wait <= domain::limits::STREAM_RETRY_MS_MAX, "{wait}");
        // Nothing is tried before that.
        assert_eq!(sender.round().await.unwrap(), Sent::default());
        // What is written meanwhile waits behind what was begun.
        house.write(house.ours, 1).await;
        size = house.sequence(house.ours).await.unwrap();
        later(&house, domain::limits::STREAM_RETRY_MS_MAX + 1_000).await;
    }
    settled(&sender).await;
    assert_eq!(receiver.taken(), (0..size).collect::<Vec<_>>());
    let ids: Vec<String> =
        receiver.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
    let tried = ids.iter().filter(|id| **id == ids[0]).count();
    assert!(tried >= 7, "the same message is tried again: {ids:?}");
    let first = receiver.got()[0].indices();
    assert!(receiver.got().iter().take(tried).all(|got| got.indices() == first));
}

async fn a_receiver_that_is_gone_ends_the_stream_and_resuming_tries_once_more(house: House) {
    let receiver = Receiver::begun().await;
    let scope = house.scope(house.ours);
    let id = made(&house, &scope, webhook(&receiver), None).await.stream.id;
    house.write(house.ours, 2).await;
    house.sequence(house.ours).await.unwrap();
    receiver.next([Act::Say(410, "")]);
    let sender = sender(&house);
    settled(&sender).await;
    let ended = find(&house.store, &scope, id).await.unwrap();
    assert_eq!((ended.state, ended.trouble), (StreamState::Disabled, Some(StreamTrouble::Gone)));
    assert_eq!(logged(&house, Verb::AuditStreamDisabled).await, 1);
    let before = receiver.got().len();
    settled(&sender).await;
    assert_eq!(receiver.got().len(), before, "nobody knocks any more");
    stand(&house.store, &scope, now(), (id, StreamState::Running)).await.unwrap();
    let size = house.sequence(house.ours).await.unwrap();
    caught_up(&sender, &house, id, size).await;
    let paused = stand(&house.store, &scope, now(), (id, StreamState::Paused)).await.unwrap();
    let at = paused.value.next_index;
    house.write(house.ours, 2).await;
    house.sequence(house.ours).await.unwrap();
    settled(&sender).await;
    assert_eq!(find(&house.store, &scope, id).await.unwrap().next_index, at);
}

async fn logged(house: &House, verb: Verb) -> usize {
    let filter = EntryFilter { verb: Some(verb), ..EntryFilter::default() };
    let scope = house.scope(house.ours);
    let found = notary::list_entries(&house.store, &scope, filter, Page::first(200)).await;
    found.unwrap().items.len()
}

async fn nobody_but_those_who_may_makes_sees_or_moves_a_stream(house: House) {
    let receiver = Receiver::begun().await;
    let scope = house.scope(house.ours);
    let id = made(&house, &scope, webhook(&receiver), None).await.stream.id;
    let neighbour = house.scope(house.theirs);
    assert!(list(&house.store, &neighbour).await.unwrap().is_empty());
    let lacks = |denied: StreamError| matches!(denied, StreamError::Denied(Denied::ActNotHeld(_)));
    for role in [Role::Operator, Role::Viewer] {
        let who = house.join(house.ours, role).await;
        assert!(lacks(list(&house.store, &who).await.unwrap_err()), "{role}");
        assert!(lacks(remove(&house.store, &who, now(), id).await.unwrap_err()), "{role}");
    }
    let admin = house.join(house.ours, Role::Admin).await;
    assert_eq!(list(&house.store, &admin).await.unwrap().len(), 1);
    for (factor_at, denied) in [
        (None, Denied::PersonNeeded(Right::AuditStreamManage)),
        (Some(TimeMs(0)), Denied::FactorNotFresh(Right::AuditStreamManage)),
    ] {
        let error = remove(&house.store, &admin, factor_at, id).await.unwrap_err();
        assert_eq!(error, StreamError::Denied(denied));
    }
    let sender = sender(&house);
    for outcome in [
        find(&house.store, &neighbour, id).await.map(drop),
        stand(&house.store, &neighbour, now(), (id, StreamState::Paused)).await.map(drop),
        remove(&house.store, &neighbour, now(), id).await.map(drop),
        send_test(&sender, &neighbour, now(), id).await.map(drop),
        rotated(&house, &neighbour, id, None).await.map(drop),
    ] {
        assert_eq!(outcome.unwrap_err(), StreamError::NotFound);
    }
    assert!(receiver.got().is_empty());
    assert_eq!(send_test(&sender, &admin, now(), id).await.unwrap().value.0, None);
    assert_eq!(receiver.got()[0].json()["type"], "audit.test");
    remove(&house.store, &admin, now(), id).await.unwrap();
    assert_eq!(find(&house.store, &admin, id).await.unwrap_err(), StreamError::NotFound);
}

async fn rotated(
    house: &House,
    scope: &Scope,
    id: AuditStreamId,
    overlap_ms: Option<i64>,
) -> Result<Issued, StreamError> {
    let rotation = Rotation { overlap_ms, token: None };
    let done = rotate((&house.store, &house.broker), scope, now(), id, rotation).await?;
    Ok(done.value)
}

async fn for_the_overlap_both_secrets_sign_and_then_the_new_one_alone(house: House) {
    let receiver = Receiver::begun().await;
    let scope = house.scope(house.ours);
    let first = made(&house, &scope, webhook(&receiver), None).await;
    let id = first.stream.id;
    let too_long = domain::limits::STREAM_OVERLAP_MS_MAX + 1;
    for overlap_ms in [-1, too_long] {
        let error = rotated(&house, &scope, id, Some(overlap_ms)).await.err().unwrap();
        assert_eq!(error, StreamError::Unfit(Unfit::Overlap));
    }
    let second = rotated(&house, &scope, id, Some(3_600_000)).await.unwrap();
    assert_ne!(first.stream.public_key, second.stream.public_key);
    let signatures = |got: &receiver::Got| got.header("webhook-signature").split(' ').count();
    let size = house.sequence(house.ours).await.unwrap();
    caught_up(&sender(&house), &house, id, size).await;
    let got = receiver.got().pop().unwrap();
    assert_eq!(signatures(&got), 4);
    for issued in [&first, &second] {
        let shared = issued.shared.as_ref().and_then(|one| one.expose_text()).unwrap();
        let mut headers = http::HeaderMap::new();
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            headers.insert(name, got.header(name).parse().unwrap());
        }
        standardwebhooks::Webhook::new(shared).unwrap().verify(&got.body, &headers).unwrap();
    }
    house.write(house.ours, 1).await;
    let size = house.sequence(house.ours).await.unwrap();
    later(&house, 3_700_000).await;
    caught_up(&sender(&house), &house, id, size).await;
    assert_eq!(signatures(&receiver.got().pop().unwrap()), 2, "the old one is over");
}

async fn an_owner_is_told_once_of_a_receiver_that_takes_nothing_for_long(house: House) {
    let receiver = Receiver::begun().await;
    let scope = house.scope(house.ours);
    let id = made(&house, &scope, webhook(&receiver), None).await.stream.id;
    house.sequence(house.ours).await.unwrap();
    receiver.always(Some(Act::Say(500, "")));
    let hour = domain::limits::STREAM_TOLD_AFTER_MS + 1_000;
    let sender = sender(&house);
    for (passed_ms, told) in [(0, 0), (hour / 2, 0), (hour / 2, 1), (hour, 1)] {
        later(&house, passed_ms).await;
        assert_eq!(sender.round().await.unwrap().failed, 1, "{passed_ms}");
        assert_eq!(logged(&house, Verb::AuditStreamFailing).await, told, "{passed_ms}");
        let waiting = house.store.platform_read::<_, StoreError>(|tx| tx.outbox().count());
        assert_eq!(waiting.await.unwrap().waiting, told as u64, "{passed_ms}");
    }
    receiver.always(None);
    later(&house, hour).await;
    settled(&sender).await;
    assert_eq!(logged(&house, Verb::AuditStreamRecovered).await, 1);
    let well = find(&house.store, &scope, id).await.unwrap();
    assert_eq!((well.trouble, well.failing_since, well.told_at), (None, None, None));
}

async fn an_opening_of_the_secret_is_in_the_log_once_for_many_batches(house: House) {
    let receiver = Receiver::begun().await;
    let id = made(&house, &house.scope(house.ours), webhook(&receiver), None).await.stream.id;
    let (sender, worker) = (sender(&house), house.worker());
    for _ in 0..4 {
        house.write(house.ours, 150).await;
        worker.sweep().await;
        settled(&sender).await;
        worker.sweep().await;
    }
    assert_eq!(logged(&house, Verb::KeyOpened).await, 1);
    assert_eq!(logged(&house, Verb::SealingOpenedUnasked).await, 0);
    // The entry about the opening was sent as well, and opened nothing.
    let size = house.sequence(house.ours).await.unwrap();
    caught_up(&sender, &house, id, size).await;
    assert_eq!(receiver.taken(), (0..size).collect::<Vec<_>>());
}

async fn what_does_not_fit_is_refused_and_nothing_is_made(house: House) {
    let scope = house.scope(house.ours);
    let wanted = |target, token: Option<&str>, from| WantedStream {
        name: "siem".parse().unwrap(),
        log: Log::Workspace,
        format: StreamFormat::Ocsf,
        target,
        token: token.map(|text| broker::Exposed::copy_of(text.as_bytes())),
        from,
    };
    let url = || "https://hooks.one.example/".to_owned();
    let hook = || StreamTarget::Webhook { url: url() };
    let splunk = || StreamTarget::Splunk { url: url(), index: None };
    let keys = (&house.store, &house.broker);
    for (target, token, from, unfit) in [
        (hook(), Some("t"), Begin::Now, Unfit::Token),
        (splunk(), None, Begin::Now, Unfit::Token),
        (splunk(), Some("a b"), Begin::Now, Unfit::Token),
        (hook(), None, Begin::Index(1_000_000), Unfit::Index),
    ] {
        let outcome = create(keys, &scope, now(), wanted(target, token, from)).await;
        assert_eq!(outcome.err().unwrap(), StreamError::Unfit(unfit));
    }
    for number in 0..domain::limits::STREAMS_PER_WORKSPACE_MAX {
        let mut one = wanted(hook(), None, Begin::Now);
        one.name = format!("siem-{number}").parse().unwrap();
        create(keys, &scope, now(), one).await.unwrap();
    }
    let taken = create(keys, &scope, now(), wanted(hook(), None, Begin::Now)).await;
    assert_eq!(taken.err().unwrap(), StreamError::TooMany);
    assert_eq!(list(&house.store, &scope).await.unwrap().len(), 8);
    assert!(list(&house.store, &house.scope(house.theirs)).await.unwrap().is_empty());
}

async fn a_worker_whose_lease_ended_moves_nothing_and_nothing_unsigned_is_sent(house: House) {
    let receiver = Receiver::begun().await;
    let id = made(&house, &house.scope(house.ours), webhook(&receiver), None).await.stream.id;
    let size = house.sequence(house.ours).await.unwrap();
    house.write(house.ours, 3).await;
    let unit = Unit::Tenant(house.ours.tenant);
    let claim = |store: Store| async move {
        let caller = Caller::system("tests", store.mint().id());
        let lease = domain::limits::STREAM_LEASE_MS;
        let claimed = store.unit_write::<_, StoreError>(unit, &caller, move |tx| {
            Ok(Commit::quiet(QuietReason::StreamStep, tx.streams().claim(id, lease)?))
        });
        claimed.await.unwrap().value
    };
    let settle = |store: Store, held: store::Stream, progress: Progress| async move {
        let caller = Caller::system("tests", store.mint().id());
        let settled = store.unit_write::<_, StoreError>(unit, &caller, move |tx| {
            let done = tx.streams().settle(&held, progress)?;
            Ok(Commit::quiet(QuietReason::StreamStep, done))
        });
        settled.await.unwrap().value
    };
    let slow = claim(house.store.clone()).await.unwrap();
    assert_eq!(claim(house.store.clone()).await, None, "it is held");
    later(&house, domain::limits::STREAM_LEASE_MS + 1_000).await;
    let store = house.store.clone();
    let next = claim(store.clone()).await.unwrap();
    let (trouble, due_at) = (StreamTrouble::Broken, TimeMs(0));
    for late in [
        Progress::Taken(3),
        Progress::Failed { trouble, due_at, told_at: None },
        Progress::Ended(trouble),
    ] {
        assert!(!settle(store.clone(), slow.clone(), late).await, "{late:?}");
    }
    assert!(settle(store.clone(), next, Progress::Taken(1)).await);
    settled(&sender(&house)).await;
    assert_eq!(receiver.taken(), (1..size).collect::<Vec<_>>(), "what is not signed waits");
}

/// An address inside is refused at the call, whatever its spelling, unless the operator named it.
#[tokio::test]
async fn a_private_address_is_refused_unless_the_operator_names_it() {
    let house = House::on(crate::ground::Ground::folder()).await;
    let receiver = Receiver::begun().await;
    let scope = house.scope(house.ours);
    let port = receiver.at.port();
    let strict = Sender::new(house.store.clone(), house.broker.clone(), client(&[]), "x");
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "[::1]"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            let id = made(&house, &scope, StreamTarget::Webhook { url }, None).await.stream.id;
            let tested = send_test(&strict, &scope, now(), id).await.unwrap().value.0;
            assert_eq!(tested, Some(StreamTrouble::AddressRefused), "{scheme} {host}");
            remove(&house.store, &scope, now(), id).await.unwrap();
        }
    }
    assert!(receiver.got().is_empty());
    let named = format!("127.0.0.1:{port}");
    let allowing = Sender::new(house.store.clone(), house.broker.clone(), client(&[&named]), "x");
    let id = made(&house, &scope, webhook(&receiver), None).await.stream.id;
    assert_eq!(send_test(&allowing, &scope, now(), id).await.unwrap().value.0, None);
}
