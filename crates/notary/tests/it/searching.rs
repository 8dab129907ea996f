//! Searches: what they find, in how many steps, and for whom.

use domain::authz::{Act, Denied, Role};
use domain::{EntryId, Scope, TimeMs, limits};
use ledger::{EntryView, Stream};
use notary::{Found, NotaryError, Search, search};
use store::{EntryFilter, LoggedEntry, Page};

use crate::ground::on_each_engine;
use crate::house::{House, Workspace};

on_each_engine! {
    entries_are_found_by_who_when_from_where_and_by_which_request
    a_rare_entry_is_found_beyond_the_first_part_and_pages_hold_each_entry_once
    one_search_looks_at_a_bounded_number_and_says_where_the_next_goes_on
    searching_is_reading_and_a_neighbour_finds_nothing
    the_security_log_is_searched_by_those_who_may_read_it
}

async fn searched(house: &House, scope: &Scope, wanted: Search) -> Found {
    search(&house.store, scope, wanted, None, 200).await.unwrap()
}

async fn count(house: &House, scope: &Scope, wanted: Search) -> usize {
    searched(house, scope, wanted).await.items.len()
}

fn verbs(found: &Found) -> Vec<String> {
    found.items.iter().map(|entry| EntryView::read(&entry.body).unwrap().verb).collect()
}

/// Everything, as a list gives it.
async fn all(house: &House, scope: &Scope) -> Vec<LoggedEntry> {
    let (store, filter) = (&house.store, EntryFilter::default());
    notary::list_entries(store, scope, filter, Page::first(200)).await.unwrap().items
}

async fn entries_are_found_by_who_when_from_where_and_by_which_request(house: House) {
    let scope = house.scope(house.ours);
    house.write(house.ours, 3).await;
    let admin = house.join(house.ours, Role::Admin).await;
    let everything = all(&house, &scope).await;
    let (total, nothing) = (everything.len(), Search::default);
    assert_eq!(count(&house, &scope, nothing()).await, total);

    let actor = |text: String| Search { actor: Some(text.parse().unwrap()), ..nothing() };
    let owner = format!("user/{}", house.ours.owner);
    assert_eq!(count(&house, &scope, actor(owner)).await, total);
    let newcomer = format!("user/{}", admin.actor().principal());
    assert_eq!(count(&house, &scope, actor(newcomer)).await, 0, "they did nothing yet");
    assert_eq!(count(&house, &scope, actor("anonymous".to_owned())).await, 0);

    let noun = |noun: &str| Search { noun: Some(noun.to_owned()), ..nothing() };
    assert_eq!(verbs(&searched(&house, &scope, noun("member")).await), ["member.joined"]);
    assert_eq!(count(&house, &scope, noun("mem")).await, 0);

    let request = EntryView::read(&everything[0].body).unwrap().request.parse().unwrap();
    let by_request = Search { request: Some(request), ..nothing() };
    assert_eq!(verbs(&searched(&house, &scope, by_request).await), ["member.joined"]);

    let ip = |text: &str| Search { ip: Some(text.parse().unwrap()), ..nothing() };
    assert_eq!(count(&house, &scope, ip("192.0.2.7")).await, total);
    assert_eq!(count(&house, &scope, ip("192.0.2.8")).await, 0);

    let newest = everything[0].at;
    let from = |from: TimeMs| Search { from: Some(from), ..nothing() };
    let until = |until: TimeMs| Search { until: Some(until), ..nothing() };
    let at_once = everything.iter().filter(|entry| entry.at == newest).count();
    assert_eq!(count(&house, &scope, from(newest)).await, at_once);
    assert_eq!(count(&house, &scope, until(newest)).await, total - at_once);
    assert_eq!(count(&house, &scope, from(newest.plus_ms(1))).await, 0);
    assert_eq!(count(&house, &scope, from(newest.plus_ms(86_400_000))).await, 0);
    assert_eq!(count(&house, &scope, from(TimeMs(0))).await, total);
    assert_eq!(count(&house, &scope, until(TimeMs(0))).await, 0);

    let filter = EntryFilter { resource_kind: Some("member".to_owned()), ..Default::default() };
    let about = Search { filter, ..nothing() };
    assert_eq!(verbs(&searched(&house, &scope, about).await), ["member.joined"]);
}

async fn a_rare_entry_is_found_beyond_the_first_part_and_pages_hold_each_entry_once(house: House) {
    let scope = house.scope(house.ours);
    house.join(house.ours, Role::Viewer).await;
    house.write(house.ours, 700).await;
    let rare = Search { noun: Some("member".to_owned()), ..Search::default() };
    let found = searched(&house, &scope, rare).await;
    assert_eq!((verbs(&found), found.next), (vec!["member.joined".to_owned()], None));
    assert!(found.scanned > 700, "{}", found.scanned);

    let updates = Search { noun: Some("workspace".to_owned()), ..Search::default() };
    let (mut seen, mut after): (Vec<EntryId>, _) = (Vec::new(), None);
    loop {
        let page = search(&house.store, &scope, updates.clone(), after, 150).await.unwrap();
        assert!(page.items.len() <= 150);
        seen.extend(page.items.iter().map(|entry| entry.entry));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(seen.is_sorted_by(|left, right| left > right));
    assert!(seen.len() >= 700, "{}", seen.len());
}

async fn one_search_looks_at_a_bounded_number_and_says_where_the_next_goes_on(house: House) {
    let scope = house.scope(house.ours);
    house.join(house.ours, Role::Viewer).await;
    let most = limits::SEARCH_SCANNED_MAX;
    house.write(house.ours, usize::try_from(most).unwrap() + 300).await;
    let rare = Search { noun: Some("member".to_owned()), ..Search::default() };
    let first = searched(&house, &scope, rare.clone()).await;
    assert!(first.items.is_empty() && first.next.is_some());
    assert!((most..most + 200).contains(&first.scanned), "{}", first.scanned);
    let second = search(&house.store, &scope, rare, first.next, 200).await.unwrap();
    assert_eq!((verbs(&second), second.next), (vec!["member.joined".to_owned()], None));
}

async fn searching_is_reading_and_a_neighbour_finds_nothing(house: House) {
    house.write(house.ours, 2).await;
    for role in [Role::Viewer, Role::Operator] {
        let scope = house.join(house.ours, role).await;
        let refused = search(&house.store, &scope, Search::default(), None, 9).await.err();
        let denied = NotaryError::Denied(Denied::ActNotHeld(Act::AuditRead));
        assert_eq!(refused, Some(denied), "{role:?}");
    }
    let forged = Workspace { tenant: house.ours.tenant, ..house.theirs };
    let scope = house.scope(forged);
    let refused = search(&house.store, &scope, Search::default(), None, 9).await.err();
    assert_eq!(refused, Some(NotaryError::NotFound));
    let own = house.scope(house.theirs);
    let ours = format!("user/{}", house.ours.owner).parse().unwrap();
    let wanted = Search { actor: Some(ours), ..Search::default() };
    assert_eq!(count(&house, &own, wanted).await, 0, "a neighbour's log is not looked at");
    // A cursor of a neighbour's log is a place in one's own, and no more.
    let cursor = all(&house, &house.scope(house.ours)).await[0].entry;
    let found = search(&house.store, &own, Search::default(), Some(cursor), 200).await.unwrap();
    let theirs = all(&house, &own).await;
    assert!(found.items.iter().all(|entry| theirs.contains(entry)));
}

async fn the_security_log_is_searched_by_those_who_may_read_it(house: House) {
    let admin = house.join(house.ours, Role::Admin).await;
    let security = || Search {
        filter: EntryFilter { stream: Some(Stream::Security), ..EntryFilter::default() },
        ..Search::default()
    };
    assert!(search(&house.store, &admin, security(), None, 9).await.is_ok());
    let operator = house.join(house.ours, Role::Operator).await;
    house.grant(house.ours, operator.actor().principal(), Act::AuditRead).await;
    let refused = search(&house.store, &operator, security(), None, 9).await.err();
    let denied = NotaryError::Denied(Denied::ActNotHeld(Act::SecurityRead));
    assert_eq!(refused, Some(denied));
    let found = searched(&house, &operator, Search::default()).await;
    assert!(found.items.iter().all(|entry| entry.stream == Stream::Workspace));
    assert!(!found.items.is_empty());
}
