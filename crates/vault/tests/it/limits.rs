//! The last place can be taken; the next one is refused and leaves nothing behind.

use domain::limits;
use ledger::Verb;
use vault::environments::{create_environment, list_environments};
use vault::projects::create_project;
use vault::secrets::{NewSecret, set_secret};
use vault::{LimitReached, VaultError};

use crate::house::{each_engine, logged, name, value};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_has_so_many_environments_and_each_name_once() {
    each_engine(async |house| {
        let (store, acme) = (&house.store, &house.acme);
        let twice = create_environment(store, &acme.admin, acme.project, name("preview")).await;
        assert_eq!(twice.err(), Some(VaultError::Exists));
        for number in 3..limits::ENVIRONMENTS_PER_PROJECT_MAX {
            let called = name(&format!("stage-{number}"));
            create_environment(store, &acme.admin, acme.project, called).await.unwrap();
        }
        let full = create_environment(store, &acme.admin, acme.project, name("one-more")).await;
        assert_eq!(full.err(), Some(VaultError::Limit(LimitReached::Environments)));
        let listed = list_environments(store, &acme.viewer, acme.project).await.unwrap();
        assert_eq!(listed.len(), limits::ENVIRONMENTS_PER_PROJECT_MAX);
        assert_eq!(listed.iter().filter(|one| one.production).count(), 1);
        let entries = logged(store, &acme.owner, Verb::EnvironmentCreated).await;
        assert_eq!(entries.len(), limits::ENVIRONMENTS_PER_PROJECT_MAX - 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_has_so_many_projects_and_each_name_once() {
    each_engine(async |house| {
        let (store, acme) = (&house.store, &house.acme);
        let twice = create_project(store, &acme.admin, name("shop")).await;
        assert_eq!(twice.err(), Some(VaultError::Exists));
        for number in 2..limits::PROJECTS_PER_WORKSPACE_MAX {
            create_project(store, &acme.admin, name(&format!("p-{number}"))).await.unwrap();
        }
        let full = create_project(store, &acme.admin, name("one-more")).await;
        assert_eq!(full.err(), Some(VaultError::Limit(LimitReached::Projects)));
        assert!(create_project(store, &house.rival.admin, name("one-more")).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_has_so_many_secrets() {
    each_engine(async |house| {
        let (store, broker, acme) = (&house.store, &house.broker, &house.acme);
        for number in 0..limits::SECRETS_PER_ENVIRONMENT_MAX {
            let path = acme.path(&format!("SECRET_{number}"));
            let new = NewSecret { path, value: value("a value") };
            set_secret(store, broker, &acme.operator, new).await.unwrap();
        }
        let new = NewSecret { path: acme.path("ONE_MORE"), value: value("a value") };
        let full = set_secret(store, broker, &acme.operator, new).await.err();
        assert_eq!(full, Some(VaultError::Limit(LimitReached::Secrets)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_place_is_taken_once_however_many_ask_at_once() {
    each_engine(async |house| {
        let (store, acme) = (&house.store, &house.acme);
        for number in 3..limits::ENVIRONMENTS_PER_PROJECT_MAX - 1 {
            let called = name(&format!("stage-{number}"));
            create_environment(store, &acme.admin, acme.project, called).await.unwrap();
        }
        let mut racing = tokio::task::JoinSet::new();
        for number in 0..6 {
            let (store, scope, project) = (store.clone(), acme.admin.clone(), acme.project);
            let called = name(&format!("racer-{number}"));
            racing.spawn(async move { create_environment(&store, &scope, project, called).await });
        }
        let answers = racing.join_all().await;
        let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused, [VaultError::Limit(LimitReached::Environments); 5]);
    })
    .await;
}
