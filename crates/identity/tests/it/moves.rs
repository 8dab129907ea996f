//! Sessions that move on after a sensitive act, that are all ended, and what a copy of their table
//! says.

use std::time::Duration;

use domain::authz::{Act, ActSet};
use domain::{Networks, Origin, UserAgent, limits};
use futures_util::future::join_all;
use identity::keys::{WantedKey, create};
use identity::sessions::{
    Factor, SessionTokens, enter_workspace, is_sensitive, list, move_on, refresh, revoke_all,
    sign_in,
};
use identity::{AuthRefused, Principal, account_log, authenticate};
use ledger::Verb;
use store::{EntryRef, Page};

use crate::house::{House, each_engine, name};

async fn asks(house: &House, tokens: &SessionTokens) -> Result<Principal, AuthRefused> {
    authenticate(&house.identity, tokens.access_token.show(), house.origin()).await
}

/// The owner makes a key in this session.
async fn makes_a_key(house: &House, tokens: &SessionTokens) -> Vec<EntryRef> {
    let Principal::Person { workspace: Some(scope), factor_at, .. } =
        asks(house, tokens).await.unwrap()
    else {
        panic!("a person in a workspace");
    };
    let wanted = WantedKey {
        name: name("robot"),
        scopes: ActSet::of(&[Act::MemberList]),
        expires_at: None,
        networks: Networks::default(),
    };
    create(&house.store, &house.broker, &scope, Some(factor_at), wanted).await.unwrap().entries
}

async fn inside(house: &House) -> SessionTokens {
    let ada = &house.ours.owner;
    let tokens = ada.signs_in(house).await;
    enter_workspace(&house.identity, &ada.account(&tokens), house.ours.id).await.unwrap().value
}

async fn refreshed(house: &House, tokens: &SessionTokens) -> SessionTokens {
    refresh(&house.identity, house.origin(), tokens.refresh_token.show()).await.unwrap().value
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_sensitive_act_older_tokens_end_and_nobody_is_signed_out() {
    each_engine(async |house: &House| {
        let before = inside(house).await;
        let entries = makes_a_key(house, &before).await;
        move_on(&house.identity, &entries).await.unwrap();
        assert!(asks(house, &before).await.is_ok(), "requests under way come to their end");
        let after = refreshed(house, &before).await;
        house.advance(limits::SESSION_MOVE_MS);
        house.refused_after(&before).await;
        assert!(asks(house, &after).await.is_ok());
        tokio::time::sleep(Duration::from_millis(3 * limits::REVOCATION_POLL_MS)).await;
        assert!(asks(house, &after).await.is_ok(), "the newer tokens stay");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sensitive_acts_at_once_sign_nobody_out() {
    each_engine(async |house: &House| {
        let before = inside(house).await;
        let acts = (0..20).map(|_| async {
            let entries = makes_a_key(house, &before).await;
            move_on(&house.identity, &entries).await.unwrap();
        });
        join_all(acts).await;
        house.advance(limits::SESSION_MOVE_MS);
        house.refused_after(&before).await;
        let answers = join_all((0..20).map(|_| refreshed(house, &before))).await;
        for tokens in &answers {
            assert!(asks(house, tokens).await.is_ok());
        }
        assert!(house.platform_log(Verb::SessionReuseDetected).await.is_empty());
    })
    .await;
}

#[test]
fn acts_that_change_who_may_do_what_are_sensitive() {
    let named: Vec<&str> =
        Verb::ALL.iter().filter(|verb| is_sensitive(**verb)).map(|verb| verb.as_str()).collect();
    for verb in [
        "key.created",
        "key.rotated",
        "key.revoked",
        "member.role_changed",
        "member.overrides_changed",
        "member.removed",
        "workspace.updated",
        "workspace.deleted",
        "workspace.transferred",
        "secret.revealed",
        "sign_in_policy.changed",
        "factor.added",
        "factor.removed",
        "password.changed",
    ] {
        assert!(named.contains(&verb), "{verb}");
    }
    for verb in ["session.started", "secret.set", "project.created", "credential.used"] {
        assert!(!named.contains(&verb), "{verb}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sessions_end_and_a_neighbours_do_not() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (one, two) = (ada.signs_in(house).await, ada.signs_in(house).await);
        let bystander = house.theirs.owner.signs_in(house).await;
        let ended = revoke_all(&house.identity, &ada.account(&one)).await.unwrap().value;
        assert_eq!(ended.len(), 2);
        for tokens in [&one, &two] {
            let took = house.refused_after(tokens).await;
            assert!(took < Duration::from_secs(1), "{took:?}");
            let refused =
                refresh(&house.identity, house.origin(), tokens.refresh_token.show()).await;
            assert!(refused.is_err());
        }
        assert!(asks(house, &bystander).await.is_ok());
        let refused = house.platform_log(Verb::CredentialRefused).await;
        assert_eq!(refused.len(), 2, "each ended session once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_rows_hold_neither_client_nor_address_in_any_encoding() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        house.advance(30_000);
        let (agent, ip) = ("Peculiar-Browser/77", "2001:db8:feed:beef:7:7:7:7");
        let origin = Origin {
            ip: Some(ip.parse().unwrap()),
            user_agent: Some(UserAgent::parse(agent).unwrap()),
            ..house.origin()
        };
        let factor = Factor::totp(&ada.code(house)).unwrap();
        let tokens = sign_in(&house.identity, origin, ada.presents(factor)).await.unwrap().value;
        let session = tokens.session;
        let row = house.store.platform_read(move |tx| tx.sessions().find(session)).await.unwrap();
        let row = row.unwrap();
        let sealed = row.sealed.as_ref().unwrap().as_bytes().to_vec();
        let rest = format!("{row:?}");
        let address: std::net::Ipv6Addr = ip.parse().unwrap();
        for needle in [agent.as_bytes(), ip.as_bytes(), &address.octets()] {
            let found = |hay: &[u8]| hay.windows(needle.len()).any(|window| window == needle);
            assert!(!found(&sealed) && !found(rest.as_bytes()));
            let hex = data_encoding::HEXLOWER.encode(needle);
            assert!(!rest.to_lowercase().contains(&hex));
            for skip in 0..3 {
                let Some(part) = needle.get(skip..) else { continue };
                let whole = part.get(..part.len() / 3 * 3).unwrap();
                let text = data_encoding::BASE64.encode(whole);
                assert!(!rest.contains(&text) && !found(text.as_bytes()));
            }
        }
        let listed = list(&house.identity, &ada.account(&tokens), Page::first(50)).await.unwrap();
        let own = listed.items.iter().find(|one| one.session.id == session).unwrap();
        assert_eq!(own.details.user_agent.as_ref().unwrap().as_str(), agent);
        assert_eq!(own.details.ip, Some(ip.parse().unwrap()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_their_own_account_log_and_nobody_elses() {
    each_engine(async |house: &House| {
        let (ada, eve) = (&house.ours.owner, &house.theirs.owner);
        let hers = ada.signs_in(house).await;
        let theirs = eve.signs_in(house).await;
        let (user, entries) = (ada.user, house.platform_entries(Verb::SessionStarted).await);
        let first = entries.first().map(|entry| (entry.entry, entry.at)).unwrap();
        let caller = store::Caller::system("tests", house.store.mint().id());
        house
            .store
            .platform_write(&caller, move |tx| {
                tx.account_events().add(user, first.0, first.1)?;
                let reason = store::QuietReason::Installation;
                Ok::<_, store::StoreError>(store::Commit::quiet(reason, ()))
            })
            .await
            .unwrap();
        let page = Page::first(10);
        let own = account_log(&house.identity, &ada.account(&hers), page).await.unwrap().items;
        assert_eq!(own.iter().map(|one| one.entry).collect::<Vec<_>>(), [first.0]);
        let other = account_log(&house.identity, &eve.account(&theirs), page).await.unwrap();
        assert!(other.items.is_empty());
    })
    .await;
}
