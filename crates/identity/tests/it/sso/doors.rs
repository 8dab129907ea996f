//! Workspaces' doors: each judges a session by its own policy, on how its person really signed in.

use domain::sign_in::{EntryDenied, ProviderRef, SignInPolicy};
use identity::sessions::{self, AccountError, EnterError, Factor, SignIn, SignInError, sign_in};
use identity::sso::SsoError;
use identity::{Principal, authenticate, recoveries, resets};
use ledger::Verb;
use serde_json::json;

use super::{Desk, GITHUB, GOOGLE, counting, known, sessions_of, totp};
use crate::authorizations::lets_in;
use crate::house::{HolderKey, House, Person, Sink, each_engine};

fn sso_only(providers: &[ProviderRef]) -> SignInPolicy {
    SignInPolicy { sso_only: true, ..counting(providers) }
}

fn into(house: &House, person: &Person) -> SignIn {
    house.advance(30_000);
    let factor = Factor::totp(&person.code(house)).unwrap();
    SignIn { workspace: Some(house.ours.id), ..person.presents(factor) }
}

#[tokio::test(flavor = "multi_thread")]
async fn sso_only_takes_no_members_password_and_says_so_but_the_owner_comes_in() {
    each_engine(async |house: &House| {
        let (desk, bob) = (Desk::open(house).await, &house.ours.operator);
        let before = sign_in(&desk.identity, house.origin(), into(house, bob)).await.unwrap().value;
        desk.sets(house, &house.ours, sso_only(&[GOOGLE])).await;

        let refused = sign_in(&desk.identity, house.origin(), into(house, bob)).await.unwrap_err();
        assert_eq!(refused, SignInError::Denied(EntryDenied::SsoNeeded));
        assert_eq!(refused.code(), "sso.needed");
        let outside = bob.signs_in(house).await;
        let account = bob.account(&outside);
        let entered = sessions::enter_workspace(&desk.identity, &account, house.ours.id).await;
        assert_eq!(entered.unwrap_err(), EnterError::Denied(EntryDenied::SsoNeeded));
        house.refused_after(&before).await;
        let user = bob.user;
        let inside = house.store.platform_read(move |tx| tx.sessions().find(before.session)).await;
        let inside = inside.unwrap().unwrap();
        assert_eq!((inside.user, inside.workspace), (user, None), "put out, not signed out");

        let ada = &house.ours.owner;
        let account = ada.account(&ada.signs_in(house).await);
        sessions::enter_workspace(&desk.identity, &account, house.ours.id).await.unwrap();
        let entry = house.platform_log(Verb::SessionEnteredWorkspace).await.pop().unwrap();
        assert!(entry.to_string().contains("break_glass"), "{entry}");
        let theirs = &house.theirs.operator;
        let account = theirs.account(&theirs.signs_in(house).await);
        sessions::enter_workspace(&desk.identity, &account, house.theirs.id).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_goes_when_no_workspace_takes_it_and_a_provider_knows_its_person() {
    each_engine(async |house: &House| {
        let (desk, bob) = (Desk::open(house).await, &house.ours.operator);
        let hash = async |person: &Person| {
            let user = person.user;
            let found = house.store.platform_read(move |tx| tx.users().find(user)).await;
            found.unwrap().unwrap().password_hash
        };
        known(house, bob, GOOGLE, None, &desk.twin.url, "bob").await;
        known(house, &house.ours.owner, GOOGLE, None, &desk.twin.url, "ada").await;
        desk.sets(house, &house.ours, sso_only(&[GOOGLE])).await;
        assert_eq!(hash(bob).await, "");
        assert_ne!(hash(&house.ours.owner).await, "", "the owner breaks glass with it");
        assert_ne!(hash(&house.ours.viewer).await, "", "no provider knows the viewer yet");
        assert_ne!(hash(&house.theirs.operator).await, "");
        house.advance(30_000);
        let refused = bob.tries(house, &bob.code(house)).await.unwrap_err();
        assert_eq!(refused, SignInError::Wrong, "no password is no right password");
        // Nor does asking for another one bring one back.
        let sink = Sink::open().await;
        sink.empties(&house.identity).await;
        for (whom, letters) in [(bob, 0), (&house.ours.viewer, 1)] {
            let asked = resets::request(&house.identity, house.origin(), whom.email.clone());
            asked.await.unwrap();
            assert_eq!(sink.empties(&house.identity).await.sent, letters, "{}", whom.email);
            let asked = recoveries::request(
                &house.identity,
                house.origin(),
                whom.email.clone(),
                house.ours.id,
            );
            asked.await.unwrap();
            assert_eq!(sink.empties(&house.identity).await.sent, letters, "{}", whom.email);
        }
        desk.walks(house, GOOGLE, Some(house.ours.id), "bob", bob).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_issuer_that_names_somebody_elses_member_opens_no_other_workspace() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        // Bob is a member of both; the owner of `theirs` controls their issuer, and says it is Bob.
        let bob = &house.ours.operator;
        house.theirs.join(&house.store, bob, domain::authz::Role::Viewer, &[]).await;
        let own = desk.own_provider(house, &house.theirs).await;
        known(house, bob, own, Some(house.theirs.id), &desk.twin.url, "bob").await;
        desk.sets(house, &house.theirs, counting(&[own])).await;
        // Ours takes the same lax values, and names no provider: the platform's and its own.
        desk.sets(house, &house.ours, counting(&[])).await;

        let way = desk.begins(house, own, Some(house.theirs.id)).await;
        let mut claims = desk.claims(&way, "bob");
        claims["amr"] = json!(["mfa"]);
        desk.returns(house, &way, &claims).await.unwrap();
        let tokens = desk.redeems(house, &way, None).await.unwrap().value;
        assert_eq!(tokens.workspace, Some(house.theirs.id));
        let token = tokens.access_token.show();
        let principal = authenticate(&desk.identity, token, house.origin()).await.unwrap();
        assert!(matches!(principal, Principal::Person { .. }));

        let account = bob.account(&tokens);
        let entered = sessions::enter_workspace(&desk.identity, &account, house.ours.id).await;
        assert_eq!(entered.unwrap_err(), EnterError::Denied(EntryDenied::ProviderNotTaken));
        // Nor is Bob's account theirs.
        let name = crate::house::name("mine");
        let made = identity::workspaces::create(&house.store, &house.broker, &account, name).await;
        assert_eq!(made.unwrap_err(), AccountError::Confined);
        let ended = sessions::revoke_others(&desk.identity, &account).await;
        assert_eq!(ended.unwrap_err(), AccountError::Confined);
        let link = identity::sso::Begin { provider: Some(GOOGLE), workspace: None };
        let linked = identity::sso::begin_link(&desk.identity, &account, house.now(), link).await;
        assert_eq!(linked.unwrap_err(), SsoError::Confined);
        // A client that this session lets in is no better.
        let key = HolderKey::new(1);
        let client = lets_in(&desk.identity, house, bob, &tokens, &key).await;
        let of_client = bob.account(&client);
        let entered = sessions::enter_workspace(&desk.identity, &of_client, house.ours.id).await;
        assert_eq!(entered.unwrap_err(), EnterError::Denied(EntryDenied::ProviderNotTaken));
        let ended = sessions::revoke_others(&desk.identity, &of_client).await;
        assert_eq!(ended.unwrap_err(), AccountError::Confined);
        let home = sessions::enter_workspace(&desk.identity, &of_client, house.theirs.id).await;
        assert_eq!(home.unwrap().value.workspace, Some(house.theirs.id));
        sessions::sign_out(&desk.identity, &account).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspaces_own_provider_is_no_way_into_another_workspace_from_the_start() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        let own = desk.own_provider(house, &house.theirs).await;
        for workspace in [Some(house.ours.id), None, Some(house.store.mint().id())] {
            let way = identity::sso::Begin { provider: Some(own), workspace };
            let begun = identity::sso::begin(&desk.identity, house.origin(), way).await;
            assert_eq!(begun.unwrap_err(), SsoError::NoProvider);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_issuer_that_says_somebodys_address_gets_no_account() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        let own = desk.own_provider(house, &house.theirs).await;
        let policy = SignInPolicy { provision: true, ..counting(&[own]) };
        desk.sets(house, &house.theirs, policy).await;
        desk.proves(house, &house.theirs, "theirs.example").await;
        let victim = &house.ours.owner;
        for address in [victim.email.as_str(), "somebody@ours.example"] {
            let way = desk.begins(house, own, Some(house.theirs.id)).await;
            let mut claims = desk.claims(&way, "mallory");
            claims["email"] = json!(address);
            claims["email_verified"] = json!(true);
            claims["amr"] = json!(["mfa"]);
            desk.returns(house, &way, &claims).await.unwrap();
            let refused = desk.redeems(house, &way, None).await.unwrap_err();
            let taken = address == victim.email.as_str();
            let wanted = if taken { SsoError::AccountExists } else { SsoError::NoAccount };
            assert_eq!(refused, wanted, "{address}");
        }
        assert_eq!(sessions_of(house, victim).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_workspace_counts_as_a_factor_another_does_not() {
    each_engine(async |house: &House| {
        let (desk, bob) = (Desk::open(house).await, &house.ours.operator);
        house.theirs.join(&house.store, bob, domain::authz::Role::Viewer, &[]).await;
        known(house, bob, GOOGLE, None, &desk.twin.url, "bob").await;
        desk.sets(house, &house.theirs, counting(&[GOOGLE])).await;
        let way = desk.begins(house, GOOGLE, Some(house.theirs.id)).await;
        let mut claims = desk.claims(&way, "bob");
        claims["amr"] = json!(["mfa"]);
        desk.returns(house, &way, &claims).await.unwrap();
        let tokens = desk.redeems(house, &way, None).await.unwrap().value;
        let account = bob.account(&tokens);
        let enter = async || {
            sessions::enter_workspace(&desk.identity, &account, house.ours.id).await.map(drop)
        };
        assert_eq!(enter().await, Err(EnterError::Denied(EntryDenied::FactorNotCounted)));
        desk.sets(house, &house.ours, counting(&[GITHUB])).await;
        assert_eq!(enter().await, Err(EnterError::Denied(EntryDenied::ProviderNotTaken)));
        desk.sets(house, &house.ours, counting(&[GOOGLE])).await;
        assert_eq!(enter().await, Ok(()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_providers_word_without_the_counted_value_wants_the_persons_own_factor() {
    each_engine(async |house: &House| {
        let (desk, bob) = (Desk::open(house).await, &house.ours.operator);
        known(house, bob, GOOGLE, None, &desk.twin.url, "bob").await;
        desk.sets(house, &house.ours, counting(&[GOOGLE])).await;
        let way = desk.begins(house, GOOGLE, Some(house.ours.id)).await;
        let mut claims = desk.claims(&way, "bob");
        claims["amr"] = json!(["pwd"]);
        desk.returns(house, &way, &claims).await.unwrap();
        assert_eq!(desk.redeems(house, &way, None).await.unwrap_err(), SsoError::FactorNeeded);
        let tokens = desk.redeems(house, &way, Some(totp(house, bob))).await.unwrap().value;
        assert_eq!(tokens.workspace, Some(house.ours.id));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_may_change_how_people_sign_in_do_and_only_with_a_fresh_factor() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        let set = async |person: &Person, fresh| {
            let scope = person.scope(house.ours.id);
            let policy = counting(&[GOOGLE]);
            identity::sso::set_policy(&desk.identity, &scope, fresh, policy)
                .await
                .map(drop)
                .map_err(|error| error.code())
        };
        assert_eq!(set(&house.ours.admin, house.fresh()).await, Ok(()));
        let stale = Some(house.now().plus_ms(-domain::limits::FACTOR_FRESH_MS - 1));
        assert_eq!(set(&house.ours.admin, stale).await, Err("factor.not_fresh"));
        assert_eq!(set(&house.ours.operator, house.fresh()).await, Err("act.not_held"));
        assert_eq!(set(&house.theirs.owner, house.fresh()).await, Err("not_found"));
        let foreign = desk.own_provider(house, &house.theirs).await;
        let scope = house.ours.owner.scope(house.ours.id);
        let policy = counting(&[foreign]);
        let set = identity::sso::set_policy(&desk.identity, &scope, house.fresh(), policy).await;
        assert_eq!(set.unwrap_err().code(), "not_found", "a neighbour's provider");
    })
    .await;
}
