//! The OCSF form of every verb, judged by the published schema.

mod schema;

use domain::{
    Actor, ApiKeyId, JobId, Origin, RequestId, SessionId, TenantId, TimeMs, UserAgent, UserId,
};
use ledger::ocsf::{Class, Recorded, mapped, ocsf_event};
use ledger::{AuditEvent, CanonicalEntry, EntryActor, EntryContext, Verb, canonical_entry};
use serde_json::{Value, json};
use uuid::Uuid;

use self::schema::faults;
use super::house::mint;

fn actors() -> Vec<EntryActor> {
    let id = Uuid::from_u128(7);
    let (user, session) = (UserId::from(id), SessionId::from(id));
    vec![
        EntryActor::Domain(Actor::User { user, session }),
        EntryActor::Domain(Actor::Key { key: ApiKeyId::from(id), creator: user }),
        EntryActor::Domain(Actor::Job { job: JobId::from(id), principal: user }),
        EntryActor::Anonymous,
        EntryActor::System("broker"),
    ]
}

fn entry(actor: EntryActor, event: &AuditEvent, origin: &Origin) -> CanonicalEntry {
    let mint = mint();
    let unit = TenantId::from(Uuid::from_u128(9));
    let at = TimeMs(1_790_000_000_000);
    let context = EntryContext::new(mint.id(), unit, actor, origin, at);
    canonical_entry(&context, event, &mint)
}

fn far() -> Origin {
    Origin {
        request: RequestId::from(Uuid::from_u128(3)),
        ip: Some("192.0.2.7".parse().unwrap()),
        user_agent: Some(UserAgent::parse("casemate/1.0").unwrap()),
    }
}

fn near() -> Origin {
    Origin { ip: None, user_agent: None, ..far() }
}

/// Kinds of resources that entries have, with what their events say.
fn events(verb: Verb) -> Vec<AuditEvent> {
    let kinds = ["user", "member", "session", "workspace", "project", "key", "audit_stream"];
    let said = json!({ "role": "admin", "name": "acme", "user": Uuid::from_u128(5).to_string() });
    let plain = kinds.map(|kind| AuditEvent::new(verb, kind, Uuid::from_u128(4)));
    let rich = kinds.map(|kind| {
        AuditEvent::new(verb, kind, Uuid::from_u128(4))
            .old_value(json!({ "role": "viewer" }))
            .new_value(said.clone())
            .personal("email", "ada@one.example")
            .reason("because")
    });
    let long = AuditEvent::new(verb, "log", "x".repeat(600)).personal("email", "\"a b\"@[::1]");
    plain.into_iter().chain(rich).chain([long]).collect()
}

fn form(entry: &CanonicalEntry, index: Option<u64>) -> Value {
    let CanonicalEntry { bytes, hash, personal, .. } = entry;
    ocsf_event(&Recorded { bytes, index, leaf: hash, personal })
}

#[test]
fn every_verb_is_a_valid_event_of_the_published_schema_whoever_acts() {
    let mut judged = 0;
    for verb in Verb::ALL.iter().copied() {
        for (actor, event) in actors()
            .into_iter()
            .flat_map(|actor| events(verb).into_iter().map(move |event| (actor.clone(), event)))
        {
            for origin in [far(), near()] {
                let mut entry = entry(actor.clone(), &event, &origin);
                for index in [None, Some(8)] {
                    let form = form(&entry, index);
                    assert_eq!(faults(&form), Vec::<String>::new(), "{verb}: {form:#}");
                }
                entry.personal.clear();
                let form = form(&entry, Some(8));
                assert_eq!(faults(&form), Vec::<String>::new(), "{verb} erased: {form:#}");
                judged += 1;
            }
        }
    }
    assert_eq!(judged, Verb::ALL.len() * 5 * 15 * 2);
}

#[test]
fn entries_of_a_later_release_are_base_events_that_keep_their_bytes() {
    let known = entry(EntryActor::Anonymous, &AuditEvent::new(Verb::KeyCreated, "key", 1), &far());
    let text = String::from_utf8(known.bytes.clone()).unwrap();
    for later in [
        text.replace("key.created", "key.blessed"),
        text.replace("\"format\":1", "\"format\":2"),
        "nonsense".to_owned(),
    ] {
        let bytes = later.clone().into_bytes();
        let recorded = Recorded { bytes: &bytes, index: Some(1), leaf: &known.hash, personal: &[] };
        let form = ocsf_event(&recorded);
        assert_eq!(faults(&form), Vec::<String>::new(), "{form:#}");
        assert_eq!((&form["class_uid"], &form["raw_data"]), (&json!(0), &json!(later)));
    }
}

#[test]
fn the_bytes_the_place_and_the_hash_travel_along() {
    let event = AuditEvent::new(Verb::MemberRoleChanged, "member", Uuid::from_u128(4));
    let entry = entry(actors().remove(0), &event, &far());
    let form = form(&entry, Some(42));
    assert_eq!(form["raw_data"].as_str().unwrap().as_bytes(), entry.bytes);
    assert_eq!(form["metadata"]["sequence"], 42);
    assert_eq!(form["unmapped"]["leaf_index"], 42);
    let leaf = data_encoding::HEXLOWER.encode(&entry.hash);
    assert_eq!(form["unmapped"]["leaf_hash"], leaf);
    assert_eq!(form["time"], 1_790_000_000_000_i64);
    assert_eq!(form["src_endpoint"]["ip"], "192.0.2.7");
}

#[test]
fn what_was_erased_is_left_out_and_named() {
    let event =
        AuditEvent::new(Verb::SessionStarted, "session", 1).personal("email", "ada@one.example");
    let mut entry = entry(actors().remove(0), &event, &far());
    assert_eq!(form(&entry, None)["unmapped"].get("withheld"), None);
    entry.personal.clear();
    let form = form(&entry, None);
    assert_eq!(form["unmapped"]["withheld"], json!(["email", "ip", "user_agent"]));
    let text = form.to_string();
    for value in ["ada@one.example", "192.0.2.7", "casemate/1.0"] {
        assert!(!text.contains(value), "{value}");
    }
}

#[test]
fn the_validator_sees_every_kind_of_fault() {
    let event = AuditEvent::new(Verb::CredentialUsed, "key", 1);
    let sound = form(&entry(actors().remove(0), &event, &far()), Some(1));
    assert_eq!(faults(&sound), Vec::<String>::new());
    let spoilt = |path: &str, value: Value| {
        let mut event = sound.clone();
        *event.pointer_mut(path).unwrap() = value;
        faults(&event)
    };
    for (path, value) in [
        ("/class_uid", json!(1)),
        ("/activity_id", json!(77)),
        ("/severity_id", json!("1")),
        ("/severity", json!("Fatal")),
        ("/type_uid", json!(1)),
        ("/category_uid", json!(1)),
        ("/time", json!("now")),
        ("/actor", json!({})),
        ("/actor/user/uid", json!(7)),
        ("/src_endpoint/ip", json!("somewhere")),
        ("/resources", json!({})),
        ("/metadata/product", json!({ "version": "1" })),
        ("/unmapped", json!("text")),
    ] {
        assert_ne!(spoilt(path, value), Vec::<String>::new(), "{path}");
    }
    for gone in ["api", "src_endpoint", "metadata", "time"] {
        let mut event = sound.clone();
        event.as_object_mut().unwrap().remove(gone);
        assert_ne!(faults(&event), Vec::<String>::new(), "{gone}");
    }
    let mut event = sound;
    event["colour"] = "blue".into();
    assert_ne!(faults(&event), Vec::<String>::new());
}

#[test]
fn refusals_are_failures_and_attacks_are_findings() {
    for verb in Verb::ALL.iter().copied() {
        let mapped = mapped(verb);
        let failed = ["refused", "denied", "failed"].map(|end| verb.as_str().ends_with(end));
        let failed = failed.contains(&true);
        assert_eq!(mapped.status == ledger::ocsf::Status::Failure, failed, "{verb}");
    }
    assert_eq!(mapped(Verb::SessionReuseDetected).class, Class::DetectionFinding);
}
