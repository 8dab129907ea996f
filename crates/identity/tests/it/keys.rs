//! API keys: shown once, clamped to their creator's rank of the moment, dead at once when revoked.

use domain::Scope;
use domain::authz::rank::Invite;
use domain::authz::{Act, ActSet, Role};
use domain::{Networks, limits};
use identity::keys::{ApiKeyText, CreatedKey, WantedKey, create, list, revoke};
use identity::members::{self, change_role};
use identity::sessions::{Whoami, whoami};
use identity::{AuthRefused, Principal, TeamError, authenticate};
use ledger::Verb;
use store::Page;

use crate::house::{House, Person, each_engine, email, name};

async fn makes(house: &House, person: &Person, acts: &[Act]) -> Result<CreatedKey, TeamError> {
    let wanted = WantedKey {
        name: name("robot"),
        scopes: ActSet::of(acts),
        expires_at: None,
        networks: Networks::default(),
    };
    let scope = person.scope(house.ours.id);
    create(&house.store, &house.broker, &scope, house.fresh(), wanted).await.map(|done| done.value)
}

async fn asks(house: &House, text: &str) -> Result<Scope, AuthRefused> {
    match authenticate(&house.identity, text, house.origin()).await? {
        Principal::Key { scope } => Ok(scope),
        Principal::Person { .. } => panic!("a key is nobody"),
    }
}

fn code<T>(answer: Result<T, TeamError>) -> &'static str {
    answer.err().map_or("done", |error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_opens_its_own_workspace_only() {
    each_engine(async |house: &House| {
        let made = makes(house, &house.ours.admin, &[Act::MemberList]).await.unwrap();
        let scope = asks(house, made.text.show()).await.unwrap();
        assert_eq!(scope.tenant(), house.ours.id);
        let seen = members::list(&house.store, &scope, None, Page::first(10)).await.unwrap();
        assert_eq!(seen.items.len(), 4);

        let admin = house.ours.admin.scope(house.ours.id);
        let rows = list(&house.store, &admin, None, Page::first(10));
        let row = rows.await.unwrap().items.remove(0);
        assert_eq!(row.id, made.key.id);
        let digest = ApiKeyText::parse(made.text.show()).unwrap().digest();
        assert_ne!(row.digest, digest, "what is stored is keyed by the broker");
        let entries = house.our_log(Verb::KeyCreated).await;
        assert!(!entries[0].to_string().contains(made.text.show()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn api_key_is_clamped_to_its_creators_current_role() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        let made = makes(house, &ours.admin, &[Act::MemberList, Act::MemberInvite]).await.unwrap();
        let scope = asks(house, made.text.show()).await.unwrap();
        let wanted =
            || Invite { email: email("x@ours.example"), role: Role::Viewer, projects: [].into() };
        let owner = ours.owner.scope(ours.id);
        change_role(store, &owner, house.fresh(), ours.admin.user, Role::Viewer).await.unwrap();
        let refused = members::invite(store, &house.broker, &scope, None, wanted()).await;
        assert_eq!(code(refused), "act.not_held");
        assert_eq!(code(members::list(store, &scope, None, Page::first(10)).await), "done");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_scopes_never_exceed_its_creator() {
    each_engine(async |house: &House| {
        let ours = &house.ours;
        let ask = async |person: &Person, acts: &[Act]| code(makes(house, person, acts).await);
        assert_eq!(ask(&ours.operator, &[Act::SecretReveal]).await, "rank.above_actor");
        assert_eq!(ask(&ours.operator, &[Act::SecretSet]).await, "done");
        assert_eq!(ask(&ours.admin, &[Act::WorkspaceDelete]).await, "rank.above_actor");
        assert_eq!(ask(&ours.viewer, &[Act::ProjectRead]).await, "act.not_held");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_brings_in_and_raises_nobody_beyond_its_scopes() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        let acts = [Act::MemberInvite, Act::MemberChangeRole, Act::MemberList];
        let made = makes(house, &ours.admin, &acts).await.unwrap();
        let scope = asks(house, made.text.show()).await.unwrap();
        let raised = change_role(store, &scope, None, ours.viewer.user, Role::Operator).await;
        assert_eq!(code(raised), "rank.above_actor");
        let wanted =
            Invite { email: email("x@ours.example"), role: Role::Operator, projects: [].into() };
        let invited = members::invite(store, &house.broker, &scope, None, wanted).await;
        assert_eq!(code(invited), "rank.above_actor");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_no_key_and_passes_for_no_person() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        let made = makes(house, &ours.admin, &[Act::KeyCreate, Act::SecretReveal]).await.unwrap();
        let scope = asks(house, made.text.show()).await.unwrap();
        let wanted = || WantedKey {
            name: name("child"),
            scopes: ActSet::of(&[Act::KeyCreate]),
            expires_at: None,
            networks: Networks::default(),
        };
        for factor_at in [None, house.fresh()] {
            let made = create(store, &house.broker, &scope, factor_at, wanted()).await;
            assert_eq!(code(made), "person.needed");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn making_a_key_needs_a_fresh_factor() {
    each_engine(async |house: &House| {
        let ours = &house.ours;
        let given = house.now();
        house.advance(limits::FACTOR_FRESH_MS + 1);
        let wanted = WantedKey {
            name: name("robot"),
            scopes: ActSet::EMPTY,
            expires_at: None,
            networks: Networks::default(),
        };
        let scope = ours.admin.scope(ours.id);
        let made = create(&house.store, &house.broker, &scope, Some(given), wanted).await;
        assert_eq!(code(made), "factor.not_fresh");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_or_expired_key_opens_nothing_from_the_next_call_on() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        let made = makes(house, &ours.operator, &[Act::MemberList]).await.unwrap();
        let held = asks(house, made.text.show()).await.unwrap();
        let scope = ours.admin.scope(ours.id);
        revoke(store, &scope, house.fresh(), made.key.id).await.unwrap();
        let refused = asks(house, made.text.show()).await.unwrap_err();
        assert_eq!(refused, AuthRefused::Invalid);
        let late = members::list(store, &held, None, Page::first(10)).await;
        assert_eq!(code(late), "not_found", "a request that was under way holds nothing either");
        assert_eq!(
            code(revoke(store, &scope, house.fresh(), made.key.id).await),
            "conflict.exists"
        );

        let wanted = WantedKey {
            name: name("brief"),
            scopes: ActSet::of(&[Act::MemberList]),
            expires_at: Some(house.now().plus_ms(1_000)),
            networks: Networks::default(),
        };
        let brief =
            create(store, &house.broker, &scope, house.fresh(), wanted).await.unwrap().value;
        assert!(asks(house, brief.text.show()).await.is_ok());
        house.advance(1_000);
        assert_eq!(asks(house, brief.text.show()).await.unwrap_err(), AuthRefused::Invalid);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_another_secret_or_another_id_is_refused() {
    each_engine(async |house: &House| {
        let (one, two) = (
            makes(house, &house.ours.admin, &[Act::MemberList]).await.unwrap(),
            makes(house, &house.ours.owner, &[Act::AuditRead]).await.unwrap(),
        );
        let fresh_secret = ApiKeyText::new(one.key.id, house.store.mint());
        let unknown = ApiKeyText::new(house.store.mint().id(), house.store.mint());
        for forged in [fresh_secret.shown(), unknown.shown()] {
            assert_eq!(asks(house, forged.show()).await.unwrap_err(), AuthRefused::Invalid);
        }
        let (a, b) = (one.text.show(), two.text.show());
        let swapped = format!("{}{}", &a[..31], &b[31..]);
        assert_eq!(asks(house, &swapped).await.unwrap_err(), AuthRefused::Invalid);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_revoked_by_those_who_outrank_their_creator() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        let owners = makes(house, &ours.owner, &[Act::MemberList]).await.unwrap().key.id;
        let operators = makes(house, &ours.operator, &[Act::MemberList]).await.unwrap().key.id;
        let by = async |person: &Person, key| {
            code(revoke(store, &person.scope(ours.id), house.fresh(), key).await)
        };
        assert_eq!(by(&ours.admin, owners).await, "rank.target_not_below_actor");
        assert_eq!(by(&ours.operator, owners).await, "rank.target_not_below_actor");
        assert_eq!(by(&ours.viewer, operators).await, "act.not_held");
        assert_eq!(by(&house.theirs.owner, operators).await, "not_found");
        assert_eq!(by(&ours.operator, operators).await, "done");
        assert_eq!(by(&ours.admin, house.store.mint().id()).await, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_knows_who_it_is_and_its_use_is_noted() {
    each_engine(async |house: &House| {
        let ours = &house.ours;
        let made = makes(house, &ours.operator, &[Act::MemberList]).await.unwrap();
        let text = made.text.show();
        let principal = authenticate(&house.identity, text, house.origin()).await.unwrap();
        let Whoami::Key { key, creator, scopes, workspace, .. } =
            whoami(&house.identity, &principal).await.unwrap()
        else {
            panic!("a key");
        };
        assert_eq!(
            (key, creator, workspace.role),
            (made.key.id, ours.operator.user, Role::Operator)
        );
        assert_eq!(scopes, ActSet::of(&[Act::MemberList]));
        let rows = list(&house.store, &ours.owner.scope(ours.id), None, Page::first(10)).await;
        assert_eq!(rows.unwrap().items[0].last_used_at, Some(house.now()));
    })
    .await;
}
