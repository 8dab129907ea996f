//! People who are not here yet.

use domain::authz::Role;
use domain::sign_in::{EntryDenied, ProviderRef, SignInPolicy};
use domain::{DomainName, EmailAddress};
use identity::codes::TypedCode;
use identity::invitations::AcceptError;
use identity::sessions::Holder;
use identity::sso::{self, Redemption, SsoError, Ticket};
use ledger::Verb;
use serde_json::{Value, json};

use super::{Desk, GOOGLE, counting};
use crate::house::{House, each_engine};
use crate::invitations::invites;

const NEW: &str = "grace@ours.example";

async fn open_to_newcomers(house: &House, desk: &Desk) {
    let policy =
        SignInPolicy { provision: true, default_role: Role::Operator, ..counting(&[GOOGLE]) };
    desk.sets(house, &house.ours, policy).await;
    desk.proves(house, &house.ours, "ours.example").await;
}

/// Grace as the twin describes her, with one thing changed.
async fn comes(
    house: &House,
    desk: &Desk,
    provider: ProviderRef,
    change: impl Fn(&mut Value),
) -> Result<identity::sessions::SessionTokens, SsoError> {
    let way = desk.begins(house, provider, Some(house.ours.id)).await;
    let mut claims = desk.claims(&way, "grace");
    claims["email"] = json!(NEW);
    claims["email_verified"] = json!(true);
    claims["hd"] = json!("ours.example");
    claims["amr"] = json!(["mfa"]);
    change(&mut claims);
    desk.returns(house, &way, &claims).await?;
    desk.redeems(house, &way, None).await.map(|done| done.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_of_a_proved_domain_comes_in_with_the_default_role_and_no_project() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        open_to_newcomers(house, &desk).await;
        let tokens = comes(house, &desk, GOOGLE, |_| ()).await.unwrap();
        assert_eq!(tokens.workspace, Some(house.ours.id));
        let email = EmailAddress::parse(NEW).unwrap();
        let found = house.store.platform_read(move |tx| tx.users().find_by_email(&email)).await;
        let grace = found.unwrap().unwrap();
        assert_eq!(grace.password_hash, "", "nobody set one");
        let (scope, user) = (house.ours.owner.scope(house.ours.id), grace.id);
        let standing = house.store.read(&scope, move |tx| tx.members().standing(user)).await;
        let standing = standing.unwrap().unwrap();
        assert_eq!(standing.role, Role::Operator);
        assert!(standing.projects.is_empty(), "projects come by invitation");
        assert_eq!(house.our_log(Verb::MemberJoined).await.len(), 1);
        comes(house, &desk, GOOGLE, |_| ()).await.unwrap();
        assert_eq!(house.our_log(Verb::MemberJoined).await.len(), 1, "once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_address_a_foreign_domain_and_an_uncounted_factor_let_nobody_in() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        open_to_newcomers(house, &desk).await;
        let refused = async |change: fn(&mut Value)| {
            comes(house, &desk, GOOGLE, change).await.map(drop).unwrap_err()
        };
        let unverified = refused(|claims| claims["email_verified"] = json!(false)).await;
        assert_eq!(unverified, SsoError::EmailUnverified);
        assert_eq!(
            refused(|claims| claims["email_verified"] = Value::Null).await,
            SsoError::EmailUnverified
        );
        assert_eq!(
            refused(|claims| claims["email"] = Value::Null).await,
            SsoError::EmailUnverified
        );
        let foreign = refused(|claims| claims["hd"] = json!("theirs.example")).await;
        assert_eq!(foreign, SsoError::NoAccount, "Google's hosted domain is another");
        assert_eq!(refused(|claims| claims["hd"] = Value::Null).await, SsoError::NoAccount);
        let elsewhere = refused(|claims| {
            claims["email"] = json!("grace@theirs.example");
            claims["hd"] = json!("theirs.example");
        });
        assert_eq!(elsewhere.await, SsoError::NoAccount);
        let uncounted = refused(|claims| claims["amr"] = json!(["pwd"])).await;
        assert_eq!(uncounted, SsoError::Entry(EntryDenied::FactorNotCounted));
        let email = EmailAddress::parse(NEW).unwrap();
        let found = house.store.platform_read(move |tx| tx.users().find_by_email(&email)).await;
        assert_eq!(found.unwrap(), None, "no account came of it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_exists_is_never_taken_over_by_its_address() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        open_to_newcomers(house, &desk).await;
        let address = house.ours.viewer.email.clone();
        let refused = comes(house, &desk, GOOGLE, |claims| claims["email"] = json!(address)).await;
        assert_eq!(refused.map(drop).unwrap_err(), SsoError::AccountExists);
        let user = house.ours.viewer.user;
        let linked = house.store.platform_read(move |tx| tx.identities().of_user(user)).await;
        assert_eq!(linked.unwrap(), Vec::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_proved_by_its_text_record_only() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        let scope = house.ours.admin.scope(house.ours.id);
        let domain = DomainName::parse("ours.example").unwrap();
        let (identity, fresh) = (&desk.identity, house.fresh());
        let claim = sso::claim_domain(identity, &scope, fresh, domain).await.unwrap().value;
        let prove = async || {
            let proved = sso::prove_domain(identity, &scope, fresh, claim.id).await;
            proved.map(drop).map_err(|error| error.code())
        };
        assert_eq!(prove().await, Err("domain.not_proved"));
        let (record, text) = sso::proof_of(&claim);
        assert_eq!(record, "_casemate-challenge.ours.example");
        desk.zone.publish(&record, vec![format!("{text}x"), text.to_uppercase()]);
        assert_eq!(prove().await, Err("domain.not_proved"));
        desk.zone.publish("ours.example", vec![text.clone()]);
        assert_eq!(prove().await, Err("domain.not_proved"), "under another name");
        desk.zone.publish(&record, vec![text]);
        assert_eq!(prove().await, Ok(()));
        let other = house.theirs.owner.scope(house.theirs.id);
        let stolen = sso::prove_domain(identity, &other, fresh, claim.id).await;
        assert_eq!(stolen.unwrap_err().code(), "not_found");
    })
    .await;
}

/// An invitation of ours for this address.
async fn invited(house: &House, address: &str) -> (domain::InvitationId, String) {
    let sent = invites(house, &house.ours.owner, address, Role::Viewer, &[]).await.unwrap();
    (sent.invitation.id, sent.code.show().to_owned())
}

/// Grace comes by a provider, into no workspace that she names, with an invitation in her hand.
async fn comes_invited(
    house: &House,
    desk: &Desk,
    (provider, workspace): (ProviderRef, Option<domain::TenantId>),
    (link, code): (domain::InvitationId, &str),
    email: &str,
) -> Result<identity::sessions::SessionTokens, SsoError> {
    let way = desk.begins(house, provider, workspace).await;
    let mut claims = desk.claims(&way, email);
    claims["email"] = json!(email);
    claims["email_verified"] = json!(true);
    claims["amr"] = json!(["mfa"]);
    let id = desk.returns(house, &way, &claims).await?;
    let ticket = Ticket { link, code: TypedCode::parse(code).unwrap() };
    let (cookie, holder) = (way.cookie(), Holder::api());
    let shown = Redemption { id, cookie, factor: None, holder, invitation: Some(ticket) };
    sso::redeem(&desk.identity, house.origin(), shown).await.map(|done| done.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_newcomer_gets_their_account_by_a_provider_that_counts() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        desk.sets(house, &house.ours, counting(&[GOOGLE])).await;
        let (link, code) = invited(house, NEW).await;
        let wrong = TypedCode::new(house.store.mint()).shown().show().to_owned();
        let google = (GOOGLE, None);
        let refused = comes_invited(house, &desk, google, (link, &wrong), NEW).await.unwrap_err();
        assert_eq!(refused, SsoError::Invitation(AcceptError::NotOpened));
        let other = "mallory@ours.example";
        let refused = comes_invited(house, &desk, google, (link, &code), other).await.unwrap_err();
        assert_eq!(refused, SsoError::Invitation(AcceptError::NotOpened), "another's address");
        let elsewhere = (GOOGLE, Some(house.theirs.id));
        let refused = comes_invited(house, &desk, elsewhere, (link, &code), NEW).await.unwrap_err();
        assert_eq!(refused, SsoError::Invitation(AcceptError::NotOpened), "another workspace");
        let tokens = comes_invited(house, &desk, google, (link, &code), NEW).await.unwrap();
        assert_eq!(tokens.workspace, Some(house.ours.id));
        let joined = house.our_log(Verb::MemberJoined).await;
        assert_eq!(joined[0]["new"]["role"], "viewer", "the invitation's, not the policy's");
        let again = comes_invited(house, &desk, google, (link, &code), NEW).await;
        assert!(again.is_ok(), "whoever is in comes in; the invitation is not asked");
        assert_eq!(house.our_log(Verb::MemberJoined).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_takes_no_provider_that_the_workspace_does_not_take_or_count() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        let (link, code) = invited(house, NEW).await;
        let google = (GOOGLE, None);
        let refused = comes_invited(house, &desk, google, (link, &code), NEW).await.unwrap_err();
        assert_eq!(refused, SsoError::Entry(EntryDenied::FactorNotCounted), "no policy counts it");
        let own = desk.own_provider(house, &house.ours).await;
        desk.sets(house, &house.ours, counting(&[own])).await;
        let refused = comes_invited(house, &desk, google, (link, &code), NEW).await.unwrap_err();
        assert_eq!(refused, SsoError::Entry(EntryDenied::ProviderNotTaken));
        // Its own provider says whatever the workspace's owner wants it to say.
        let through = (own, Some(house.ours.id));
        let refused = comes_invited(house, &desk, through, (link, &code), NEW).await.unwrap_err();
        assert_eq!(refused, SsoError::NoAccount, "the domain is not proved");
        let email = EmailAddress::parse(NEW).unwrap();
        let found = house.store.platform_read(move |tx| tx.users().find_by_email(&email)).await;
        assert!(found.unwrap().is_none(), "no account was made");
        desk.proves(house, &house.ours, "ours.example").await;
        comes_invited(house, &desk, through, (link, &code), NEW).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_known_walks_in_by_their_invitation_and_a_provider() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        desk.sets(house, &house.ours, counting(&[GOOGLE])).await;
        let mallory = &house.theirs.owner;
        let address = mallory.email.as_str();
        super::known(house, mallory, GOOGLE, None, &desk.twin.url, address).await;
        let (link, code) = invited(house, address).await;
        let google = (GOOGLE, None);
        let tokens = comes_invited(house, &desk, google, (link, &code), address).await.unwrap();
        assert_eq!(tokens.workspace, Some(house.ours.id));
        let role = house.ours.role_of(&house.store, mallory).await;
        assert_eq!(role, Some(Role::Viewer));
    })
    .await;
}
