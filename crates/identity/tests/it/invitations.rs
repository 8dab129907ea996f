//! Invitations: for one person, judged twice, used once.

use broker::TotpCode;
use domain::authz::rank::Invite;
use domain::authz::{Act, Effect, Override, Overrides, Role};
use domain::{ProjectId, limits};
use futures_util::future::join_all;
use identity::codes::TypedCode;
use identity::enrolments::{StartEnrolment, StartEnrolmentError, confirm, start};
use identity::invitations::{AcceptError, Joined, accept, list, revoke};
use identity::members::{self, Invited, invite};
use identity::passwords::Password;
use identity::sessions::Holder;
use identity::{TeamError, authenticate};
use ledger::Verb;
use store::Page;

use crate::house::{House, PASSWORD, Person, code_of, each_engine, email, seed_of};

pub(crate) async fn invites(
    house: &House,
    actor: &Person,
    address: &str,
    role: Role,
    projects: &[ProjectId],
) -> Result<Invited, TeamError> {
    let wanted =
        Invite { email: email(address), role, projects: projects.iter().copied().collect() };
    let scope = actor.scope(house.ours.id);
    invite(&house.store, &house.broker, &scope, house.fresh(), wanted).await.map(|done| done.value)
}

/// Somebody signed in accepts.
async fn accepts(house: &House, person: &Person, sent: &Invited) -> Result<Joined, AcceptError> {
    let account = person.account(&person.signs_in(house).await);
    let code = TypedCode::parse(sent.code.show()).unwrap();
    accept(&house.store, &house.broker, &account, sent.invitation.id, &code)
        .await
        .map(|done| done.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_enrols_by_an_invitation_and_is_in_the_workspace() {
    each_engine(async |house: &House| {
        let project = house.ours.project;
        let address = "grace@ours.example";
        let sent =
            invites(house, &house.ours.admin, address, Role::Operator, &[project]).await.unwrap();
        let presented = StartEnrolment {
            link: sent.invitation.id,
            code: TypedCode::parse(sent.code.show()).unwrap(),
            email: email(address),
            password: Password::typed(PASSWORD.to_owned()).unwrap(),
        };
        let started = start(&house.identity, house.origin(), presented).await.unwrap().value;
        let seed = seed_of(started.totp_uri.show());
        let code = TotpCode::parse(&code_of(&seed, house.now().0 / 1_000)).unwrap();
        let done = confirm(&house.identity, house.origin(), started.enrolment, code, Holder::api())
            .await
            .unwrap();
        assert_eq!(done.entries.len(), 4, "enrolled, started, joined, entered");
        let joined = done.value.joined.unwrap();
        assert_eq!((joined.workspace, joined.role), (house.ours.id, Role::Operator));
        let token = done.value.tokens.access_token.show();
        let principal = authenticate(&house.identity, token, house.origin()).await.unwrap();
        assert_eq!(principal.tenant(), Some(house.ours.id));
        let entry = &house.our_log(Verb::MemberJoined).await[0];
        assert_eq!(entry["new"]["projects"], serde_json::json!([project]));
        assert!(!entry.to_string().contains("grace"), "an address is a commitment in the log");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_closed_since_the_enrolment_began_makes_no_account() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        let owner = ours.owner.scope(ours.id);
        let sent = invites(house, &ours.admin, "grace@ours.example", Role::Viewer, &[]).await;
        let sent = sent.unwrap();
        let presented = StartEnrolment {
            link: sent.invitation.id,
            code: TypedCode::parse(sent.code.show()).unwrap(),
            email: email("grace@ours.example"),
            password: Password::typed(PASSWORD.to_owned()).unwrap(),
        };
        let started = start(&house.identity, house.origin(), presented).await.unwrap().value;
        let seed = seed_of(started.totp_uri.show());
        let before = store.platform_read(|tx| tx.users().count()).await.unwrap();
        let confirms = async || {
            let code = TotpCode::parse(&code_of(&seed, house.now().0 / 1_000)).unwrap();
            let done =
                confirm(&house.identity, house.origin(), started.enrolment, code, Holder::api())
                    .await;
            done.unwrap_err().code()
        };
        members::change_role(store, &owner, house.fresh(), ours.admin.user, Role::Viewer)
            .await
            .unwrap();
        assert_eq!(confirms().await, "rank.inviter_lost_right");
        revoke(store, &owner, house.fresh(), sent.invitation.id).await.unwrap();
        assert_eq!(confirms().await, "not_found");
        assert_eq!(store.platform_read(|tx| tx.users().count()).await, Ok(before));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signed_in_accepts_once() {
    each_engine(async |house: &House| {
        let guest = &house.theirs.viewer;
        let address = guest.email.as_str();
        let sent = invites(house, &house.ours.owner, address, Role::Admin, &[]).await.unwrap();
        assert_eq!(accepts(house, guest, &sent).await.unwrap().role, Role::Admin);
        assert_eq!(accepts(house, guest, &sent).await.unwrap_err(), AcceptError::NotOpened);
        assert_eq!(house.ours.role_of(&house.store, guest).await, Some(Role::Admin));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_acceptances_one_makes_a_member() {
    each_engine(async |house: &House| {
        let guest = &house.theirs.viewer;
        let address = guest.email.as_str();
        let sent = invites(house, &house.ours.owner, address, Role::Viewer, &[]).await.unwrap();
        let account = guest.account(&guest.signs_in(house).await);
        let code = TypedCode::parse(sent.code.show()).unwrap();
        let asks = (0..5)
            .map(|_| accept(&house.store, &house.broker, &account, sent.invitation.id, &code));
        let answers = join_all(asks).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        assert_eq!(house.our_log(Verb::MemberJoined).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_lets_in_nobody_but_whom_it_was_sent_to() {
    each_engine(async |house: &House| {
        let sent = invites(house, &house.ours.owner, "grace@ours.example", Role::Admin, &[])
            .await
            .unwrap();
        let thief = &house.theirs.owner;
        assert_eq!(accepts(house, thief, &sent).await.unwrap_err(), AcceptError::NotOpened);
        let presented = StartEnrolment {
            link: sent.invitation.id,
            code: TypedCode::parse(sent.code.show()).unwrap(),
            email: email("thief@elsewhere.example"),
            password: Password::typed(PASSWORD.to_owned()).unwrap(),
        };
        let refused = start(&house.identity, house.origin(), presented).await;
        assert_eq!(refused.unwrap_err(), StartEnrolmentError::NotOpened);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_judged_again_against_the_inviter_as_they_stand_now() {
    each_engine(async |house: &House| {
        let (ours, store, guest) = (&house.ours, &house.store, &house.theirs.viewer);
        let address = guest.email.as_str();
        let sent = invites(house, &ours.admin, address, Role::Operator, &[]).await.unwrap();
        let scope = ours.owner.scope(ours.id);
        members::change_role(store, &scope, house.fresh(), ours.admin.user, Role::Viewer)
            .await
            .unwrap();
        let refused = accepts(house, guest, &sent).await.unwrap_err();
        assert_eq!(refused.code(), "rank.inviter_lost_right");
        members::remove(store, &scope, house.fresh(), ours.admin.user).await.unwrap();
        let refused = accepts(house, guest, &sent).await.unwrap_err();
        assert_eq!(refused.code(), "rank.inviter_lost_right");
        assert_eq!(ours.role_of(store, guest).await, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_invites_at_or_above_their_own_rank_or_into_what_they_do_not_reach() {
    each_engine(async |house: &House| {
        let ours = &house.ours;
        let ask = async |actor: &Person, role, projects: &[ProjectId]| {
            let answer = invites(house, actor, "x@ours.example", role, projects).await;
            answer.err().map_or("done", |error| error.code())
        };
        assert_eq!(ask(&ours.admin, Role::Admin, &[]).await, "rank.new_role_not_below_actor");
        assert_eq!(
            ask(&ours.owner, Role::Owner, &[]).await,
            "rank.ownership_moves_by_transfer_only"
        );
        assert_eq!(ask(&ours.operator, Role::Viewer, &[]).await, "act.not_held");
        assert_eq!(ask(&ours.viewer, Role::Viewer, &[]).await, "act.not_held");
        assert_eq!(ask(&house.theirs.owner, Role::Viewer, &[]).await, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_was_denied_an_act_brings_in_nobody_who_holds_it() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        let deny = Override {
            act: Act::SecretList,
            effect: Effect::Deny,
            project: None,
            expires_at_ms: None,
        };
        let to = Overrides::new(vec![deny]).unwrap();
        let scope = ours.owner.scope(ours.id);
        members::set_overrides(store, &scope, house.fresh(), ours.admin.user, to).await.unwrap();
        let refused = invites(house, &ours.admin, "x@ours.example", Role::Viewer, &[]).await;
        assert_eq!(refused.unwrap_err().code(), "rank.above_actor");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_or_expired_invitation_opens_nothing() {
    each_engine(async |house: &House| {
        let (ours, store, guest) = (&house.ours, &house.store, &house.theirs.viewer);
        let address = guest.email.as_str();
        let revoked = invites(house, &ours.admin, address, Role::Viewer, &[]).await.unwrap();
        let scope = ours.admin.scope(ours.id);
        revoke(store, &scope, house.fresh(), revoked.invitation.id).await.unwrap();
        assert_eq!(accepts(house, guest, &revoked).await.unwrap_err(), AcceptError::NotOpened);
        let again = revoke(store, &scope, house.fresh(), revoked.invitation.id).await;
        assert_eq!(again.unwrap_err().code(), "conflict.exists");

        let expired = invites(house, &ours.admin, address, Role::Viewer, &[]).await.unwrap();
        house.advance(limits::INVITATION_MS);
        assert_eq!(accepts(house, guest, &expired).await.unwrap_err(), AcceptError::NotOpened);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_takes_back_no_invitation_that_only_the_owner_could_send() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        let sent = invites(house, &ours.owner, "x@ours.example", Role::Admin, &[]).await.unwrap();
        let by = async |person: &Person, tenant| {
            let scope = person.scope(tenant);
            let answer = revoke(store, &scope, house.fresh(), sent.invitation.id).await;
            answer.err().map_or("done", |error| error.code())
        };
        assert_eq!(by(&ours.admin, ours.id).await, "rank.new_role_not_below_actor");
        assert_eq!(by(&ours.viewer, ours.id).await, "act.not_held");
        assert_eq!(by(&house.theirs.owner, house.theirs.id).await, "not_found");
        assert_eq!(by(&ours.owner, ours.id).await, "done");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_end_an_invitation() {
    each_engine(async |house: &House| {
        let guest = &house.theirs.viewer;
        let address = guest.email.as_str();
        let sent = invites(house, &house.ours.owner, address, Role::Viewer, &[]).await.unwrap();
        let account = guest.account(&guest.signs_in(house).await);
        let wrong = TypedCode::new(house.store.mint());
        let guesses = (0..25)
            .map(|_| accept(&house.store, &house.broker, &account, sent.invitation.id, &wrong));
        for answer in join_all(guesses).await {
            assert_eq!(answer.unwrap_err(), AcceptError::NotOpened);
        }
        let refused = house.platform_log(Verb::EnrolmentRefused).await;
        assert_eq!(refused.len(), usize::try_from(limits::WRONG_CODES_MAX).unwrap());
        assert_eq!(accepts(house, guest, &sent).await.unwrap_err(), AcceptError::NotOpened);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_not_invited_into_another_rank() {
    each_engine(async |house: &House| {
        let (ours, viewer) = (&house.ours, &house.ours.viewer);
        let address = viewer.email.as_str();
        let sent = invites(house, &ours.owner, address, Role::Admin, &[]).await.unwrap();
        assert_eq!(accepts(house, viewer, &sent).await.unwrap_err(), AcceptError::Exists);
        assert_eq!(ours.role_of(&house.store, viewer).await, Some(Role::Viewer));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_may_invite_see_invitations() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        invites(house, &ours.owner, "x@ours.example", Role::Viewer, &[]).await.unwrap();
        let seen = async |person: &Person, tenant| {
            let listing = list(store, &person.scope(tenant), None, Page::first(10)).await;
            listing.map(|listing| listing.items.len()).map_err(|error| error.code())
        };
        assert_eq!(seen(&ours.admin, ours.id).await, Ok(1));
        assert_eq!(seen(&ours.operator, ours.id).await, Err("act.not_held"));
        assert_eq!(seen(&house.theirs.owner, house.theirs.id).await, Ok(0));
        assert_eq!(seen(&house.theirs.owner, ours.id).await, Err("not_found"));
    })
    .await;
}
