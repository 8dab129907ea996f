//! What somebody does not reach does not exist for them (TEN-6, TEN-7).

use domain::authz::{Act, DeleteWorkspace, Denied, Effect, Override, Overrides, decide, rank};
use store::{Commit, Page, QuietReason, StoreError};
use vault::VaultError;
use vault::projects::{get_project, list_projects};
use vault::secrets::SecretPath;

use crate::house::{each_engine, every_verb, keep};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_workspace_finds_nothing() {
    each_engine(async |house| {
        let path = keep(&house, &house.acme, "TOKEN", "acme's own").await;
        for neighbour in [&house.rival.owner, &house.rival.admin, &house.rival.operator] {
            for (verb, answer) in every_verb(&house, neighbour, &path).await {
                assert_eq!(answer, Some(VaultError::NotFound), "{verb}");
            }
        }
        let listed =
            list_projects(&house.store, &house.rival.owner, Page::default()).await.unwrap();
        assert!(listed.items.iter().all(|project| project.id != house.acme.project));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_finds_nothing_in_a_project_without_an_invitation() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = SecretPath {
            project: acme.hidden,
            environment: acme.hidden_development,
            ..acme.path("TOKEN")
        };
        for uninvited in [&acme.operator, &acme.viewer] {
            for (verb, answer) in every_verb(&house, uninvited, &path).await {
                assert_eq!(answer, Some(VaultError::NotFound), "{verb}");
            }
            let listed = list_projects(&house.store, uninvited, Page::default()).await.unwrap();
            let ids: Vec<_> = listed.items.iter().map(|project| project.id).collect();
            assert_eq!(ids, [acme.project]);
        }
        let listed = list_projects(&house.store, &acme.admin, Page::default()).await.unwrap();
        assert_eq!(listed.items.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_of_another_project_is_not_found() {
    each_engine(async |house| {
        let acme = &house.acme;
        keep(&house, acme, "TOKEN", "acme's own").await;
        // A project they are in, with the environment of one they are not in; and the other way
        // round.
        let borrowed = SecretPath { environment: acme.hidden_development, ..acme.path("TOKEN") };
        let about_secrets = |verb: &str| verb.starts_with("secrets.");
        for (verb, answer) in every_verb(&house, &acme.owner, &borrowed).await {
            if about_secrets(verb) {
                assert_eq!(answer, Some(VaultError::NotFound), "{verb}");
            }
        }
        let borrowed = SecretPath { project: acme.hidden, ..acme.path("TOKEN") };
        for (verb, answer) in every_verb(&house, &acme.admin, &borrowed).await {
            if about_secrets(verb) {
                assert_eq!(answer, Some(VaultError::NotFound), "{verb}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_left_the_team_finds_nothing() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = keep(&house, acme, "TOKEN", "acme's own").await;
        let (admin, owner) = (acme.admin.actor().principal(), acme.owner_authority(house.now()));
        house
            .store
            .write(&acme.owner, move |tx| {
                let target = tx.members().standing(admin)?.unwrap();
                tx.members().remove(rank::decide_remove(&owner, &target).unwrap())?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        for (verb, answer) in every_verb(&house, &acme.admin, &path).await {
            assert_eq!(answer, Some(VaultError::NotFound), "{verb}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_opens_in_a_deleted_workspace() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = keep(&house, acme, "TOKEN", "acme's own").await;
        let owner = acme.owner_authority(house.now());
        house
            .store
            .write(&acme.owner, move |tx| {
                tx.team().mark_deleted(decide(&owner, DeleteWorkspace {}).unwrap())?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        for (verb, answer) in every_verb(&house, &acme.owner, &path).await {
            assert_eq!(answer, Some(VaultError::NotFound), "{verb}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_denied_to_somebody_is_left_out_and_does_not_end_the_listing() {
    each_engine(async |house| {
        let acme = &house.acme;
        let denied = Override {
            act: Act::ProjectRead,
            effect: Effect::Deny,
            project: Some(acme.project),
            expires_at_ms: None,
        };
        let (admin, owner) = (acme.admin.actor().principal(), acme.owner_authority(house.now()));
        house
            .store
            .write(&acme.owner, move |tx| {
                let target = tx.members().standing(admin)?.unwrap();
                let list = Overrides::new(vec![denied]).unwrap();
                let permit = rank::decide_overrides(&owner, &target, list).unwrap();
                tx.members().set_overrides(permit)?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        // The denied project is the older one: a page of one would show nothing.
        let listed = list_projects(&house.store, &acme.admin, Page::first(1)).await.unwrap();
        let ids: Vec<_> = listed.items.iter().map(|project| project.id).collect();
        assert_eq!((ids, listed.more), (vec![acme.hidden], false));
        let refused = get_project(&house.store, &acme.admin, acme.project).await.err();
        assert_eq!(refused, Some(VaultError::Denied(Denied::ActNotHeld(Act::ProjectRead))));
    })
    .await;
}
