//! Entries: one form, no personal value in clear, every verb in its log.

use std::collections::BTreeSet;

use domain::limits::ENTRY_BYTES_MAX;
use ledger::canonical::to_canonical;
use ledger::entry::VALUE_BYTES_MAX;
use ledger::read::UnreadableEntry;
use ledger::{AuditEvent, EntryView, PersonalValue, Stream, Verb, canonical_entry, tree};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::house::{context, mint, role_change};

#[test]
fn an_entry_says_who_did_what_to_what_when_and_from_which_state_to_which() {
    let entry = role_change(&mint());
    let view = EntryView::read(&entry.bytes).unwrap();
    assert_eq!(view.verb, "member.role_changed");
    assert_eq!(view.resource.kind, "member");
    assert_eq!(view.actor["kind"], "user");
    assert_eq!(view.old, Some(json!({"role": "viewer"})));
    assert_eq!(view.new, Some(json!({"role": "operator"})));
    assert_eq!(view.at_ms, crate::house::AT_MS);
    let fields: Vec<_> = view.personal.keys().map(String::as_str).collect();
    assert_eq!(fields, ["email", "ip", "user_agent"]);
    assert_eq!(entry.hash, tree::leaf_hash(&entry.bytes));
}

#[test]
fn no_personal_value_is_in_the_bytes() {
    let event = AuditEvent::new(Verb::SecretRevealed, "secret", "id")
        .reason("ask Grace on +49 30 1234")
        .personal("email", "ada@example.com");
    let entry = canonical_entry(&context(&mint()), &event, &mint());
    let text = String::from_utf8(entry.bytes.clone()).unwrap();
    assert_eq!(entry.personal.len(), 4);
    for personal in &entry.personal {
        assert!(!text.contains(&personal.value), "{} is in clear", personal.field);
    }
}

#[test]
fn the_same_value_is_committed_to_differently_each_time() {
    let mint = mint();
    let (first, second) = (role_change(&mint), role_change(&mint));
    for (left, right) in first.personal.iter().zip(&second.personal) {
        assert_eq!(left.value, right.value);
        assert_ne!(left.salt, right.salt);
        assert_ne!(left.commitment(), right.commitment());
    }
}

#[test]
fn a_commitment_is_bound_to_its_field_and_no_two_splits_collide() {
    let of = |field: &str, value: &str| {
        PersonalValue { field: field.into(), salt: [3; 32], value: value.into() }.commitment()
    };
    assert_ne!(of("ip", "x"), of("email", "x"));
    assert_ne!(of("ab", "c"), of("a", "bc"));
}

#[test]
fn the_last_personal_value_of_a_field_stands() {
    let event = AuditEvent::new(Verb::MemberInvited, "invitation", 1)
        .personal("email", "first@example.com")
        .personal("email", "second@example.com");
    assert_eq!(event.personal.len(), 1);
    assert_eq!(event.personal[0].value, "second@example.com");
}

#[test]
fn a_field_of_the_context_that_an_event_names_again_is_committed_to_once() {
    let mut event = AuditEvent::new(Verb::SessionRefused, "session", 1).personal("ip", "::1");
    event.personal.push(ledger::PersonalField { field: "ip", value: "::2".into() });
    let entry = canonical_entry(&context(&mint()), &event, &mint());
    let fields: Vec<_> = entry.personal.iter().map(|value| value.field.as_str()).collect();
    assert_eq!(fields, ["ip", "user_agent"]);
    assert_eq!(entry.personal[0].value, "::2");
}

#[test]
fn keys_are_sorted_and_nothing_is_spaced() {
    let value = json!({"b": [1, true, null], "a": {"z": "\u{8}\n\"\\\u{1}é", "y": -5}});
    let canonical = to_canonical(&value);
    assert_eq!(
        canonical,
        "{\"a\":{\"y\":-5,\"z\":\"\\b\\n\\\"\\\\\\u0001é\"},\"b\":[1,true,null]}"
    );
    assert_eq!(to_canonical(&json!({"x": 0.5})), "{\"x\":\"0.5\"}", "fractions are texts");
}

#[test]
fn keys_sort_by_utf16_as_rfc_8785_asks() {
    // U+10000 is a surrogate pair (0xD800…) in UTF-16 and sorts before U+FB33, but after it in
    // UTF-8.
    let canonical = to_canonical(&json!({"\u{fb33}": 1, "\u{10000}": 2}));
    assert_eq!(canonical, "{\"\u{10000}\":2,\"\u{fb33}\":1}");
}

#[test]
fn a_value_too_long_for_an_entry_goes_by_its_digest() {
    let long = "x".repeat(VALUE_BYTES_MAX);
    let event = AuditEvent::new(Verb::WorkspaceUpdated, "workspace", "y".repeat(5_000))
        .old_value(json!(long))
        .new_value(json!({"fits": true}));
    let entry = canonical_entry(&context(&mint()), &event, &mint());
    assert!(entry.bytes.len() <= ENTRY_BYTES_MAX);
    let view = EntryView::read(&entry.bytes).unwrap();
    let old = view.old.unwrap();
    assert_eq!(old["bytes"], VALUE_BYTES_MAX + 2);
    assert_eq!(old["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(view.new, Some(json!({"fits": true})));
    assert_eq!(view.resource.id["bytes"], 5_000);
}

#[test]
fn verbs_are_unique_read_back_and_stay_as_listed() {
    let names: BTreeSet<_> = Verb::ALL.iter().map(|verb| verb.as_str()).collect();
    assert_eq!(names.len(), Verb::ALL.len());
    for verb in Verb::ALL {
        assert_eq!(verb.as_str().parse(), Ok(*verb));
    }
    let list: String = Verb::ALL.iter().map(|verb| format!("{} {verb}\n", verb.stream())).collect();
    assert_eq!(list, include_str!("../../testdata/verbs.txt"), "a released verb never changes");
}

#[test]
fn failed_sign_ins_are_in_the_security_log_and_role_changes_are_not() {
    assert_eq!(Verb::SessionRefused.stream(), Stream::Security);
    assert_eq!(Verb::MemberRoleChanged.stream(), Stream::Workspace);
    assert_eq!(role_change(&mint()).stream, Stream::Workspace);
}

#[test]
fn an_entry_of_a_later_format_is_not_misread() {
    let entry = role_change(&mint());
    let text = String::from_utf8(entry.bytes).unwrap();
    let later = text.replace("\"format\":1", "\"format\":2");
    assert_eq!(EntryView::read(later.as_bytes()), Err(UnreadableEntry::Newer(2)));
    assert_eq!(EntryView::read(b"{\"format\":9}"), Err(UnreadableEntry::Newer(9)));
    assert_eq!(EntryView::read(b"{\"format\":1}"), Err(UnreadableEntry::Form));
    assert_eq!(EntryView::read(b"\xff"), Err(UnreadableEntry::Form));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn canonical_text_reads_back_as_the_value_and_is_a_fixed_point(value in any_value()) {
        let text = to_canonical(&value);
        let again: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&again, &value);
        prop_assert_eq!(to_canonical(&again), text);
    }

    #[test]
    fn any_event_fits_an_entry_and_reads_back(
        id in any::<String>(), old in any_value(), new in any_value(), reason in any::<String>(),
    ) {
        let event = AuditEvent::new(Verb::SecretSet, "secret", id)
            .old_value(old.clone())
            .new_value(new)
            .reason(reason);
        let entry = canonical_entry(&context(&mint()), &event, &mint());
        prop_assert!(entry.bytes.len() <= ENTRY_BYTES_MAX);
        let view = EntryView::read(&entry.bytes).unwrap();
        prop_assert_eq!(view.old, Some(old).filter(|old| *old != Value::Null));
        prop_assert_eq!(view.personal.len(), 3);
    }
}
