//! Who may do what where they reach: one table of answers per role.

use domain::authz::{Act, ActSet, Denied, rank};
use domain::{Actor, Scope};
use store::{Commit, NewKey, Page, QuietReason, StoreError};
use vault::VaultError;
use vault::projects::{create_project, list_projects};

use crate::house::{House, Team, each_engine, every_verb, keep, name};

fn not_held(act: Act) -> Option<VaultError> {
    Some(VaultError::Denied(Denied::ActNotHeld(act)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_sees_and_changes_nothing() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = keep(&house, acme, "TOKEN", "acme's own").await;
        let answers = every_verb(&house, &acme.viewer, &path).await;
        assert_eq!(
            answers,
            [
                ("projects.get", None),
                ("environments.list", None),
                ("environments.create", not_held(Act::EnvironmentCreate)),
                ("secrets.list", None),
                ("secrets.set", not_held(Act::SecretSet)),
                ("secrets.rotate", not_held(Act::SecretRotate)),
                ("secrets.reveal", not_held(Act::SecretReveal)),
                ("secrets.use_locally", not_held(Act::SecretUseLocally)),
                ("secrets.delete", not_held(Act::SecretDelete)),
            ]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_manages_secrets_and_does_not_read_them() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = keep(&house, acme, "TOKEN", "acme's own").await;
        for (verb, answer) in every_verb(&house, &acme.operator, &path).await {
            let expected = match verb {
                "environments.create" => not_held(Act::EnvironmentCreate),
                "secrets.reveal" => not_held(Act::SecretReveal),
                _ => None,
            };
            assert_eq!(answer, expected, "{verb}");
        }
        let refused = create_project(&house.store, &acme.operator, name("mine")).await.err();
        assert_eq!(refused, not_held(Act::ProjectCreate));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_and_the_owner_do_everything_with_a_projects_secrets() {
    each_engine(async |house| {
        for who in [&house.acme.admin, &house.rival.owner] {
            let team = if who.tenant() == house.acme.id { &house.acme } else { &house.rival };
            let path = keep(&house, team, "TOKEN", "a team's own").await;
            for (verb, answer) in every_verb(&house, who, &path).await {
                assert_eq!(answer, None, "{verb}");
            }
        }
    })
    .await;
}

/// A key of the owner with these scopes.
async fn key(house: &House, team: &Team, scopes: ActSet) -> Scope {
    let owner = team.owner_authority(house.now());
    let (id, mint) = (house.store.mint().id(), house.store.mint());
    let new = NewKey {
        id,
        name: "ci".to_owned(),
        digest: [7; 32],
        expires_at: None,
        networks: domain::Networks::default(),
        last_four: "0Zk3".into(),
    };
    house
        .store
        .write(&team.owner, move |tx| {
            tx.keys().create(rank::decide_create_key(&owner, scopes).unwrap(), &new)?;
            Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
        })
        .await
        .unwrap();
    let actor = Actor::Key { key: id, creator: team.owner.actor().principal() };
    Scope::authenticated(
        team.id,
        actor,
        domain::Origin { request: mint.id(), ip: None, user_agent: None },
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_does_what_its_scopes_say_and_never_shows_a_value() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = keep(&house, acme, "TOKEN", "acme's own").await;
        let every = key(&house, acme, ActSet::ALL).await;
        let person = |act| Some(VaultError::Denied(Denied::PersonNeeded(act)));
        for (verb, answer) in every_verb(&house, &every, &path).await {
            let expected = match verb {
                "secrets.reveal" => person(Act::SecretReveal),
                "secrets.use_locally" => person(Act::SecretUseLocally),
                _ => None,
            };
            assert_eq!(answer, expected, "{verb}");
        }
        let none = key(&house, acme, ActSet::EMPTY).await;
        for (verb, answer) in every_verb(&house, &none, &path).await {
            let denied = matches!(answer, Some(VaultError::Denied(Denied::KeyScopeMissing(_))));
            assert!(denied, "{verb}: {answer:?}");
        }
        let listed = list_projects(&house.store, &none, Page::default()).await.err();
        let missing = Denied::KeyScopeMissing(Act::ProjectRead);
        assert_eq!(listed, Some(VaultError::Denied(missing)));
    })
    .await;
}
