//! Every use case that names something, aimed at one place.

use domain::{ProgramName, Scope};
use store::Page;
use vault::VaultError;
use vault::environments::{create_environment, list_environments};
use vault::projects::get_project;
use vault::secrets::{
    LocalUseOf, NewSecret, Rotation, SecretPath, delete_secret, list_secrets, reveal_secret,
    rotate_secret, set_secret, use_secrets_locally,
};

use super::{House, name, value, variable, why};

/// What each use case answers to `scope` about this place, with a factor given just now.
pub(crate) async fn every_verb(
    house: &House,
    scope: &Scope,
    path: &SecretPath,
) -> Vec<(&'static str, Option<VaultError>)> {
    let House { store, broker, .. } = house;
    let (project, environment) = (path.project, path.environment);
    let fresh = Some(store.mint().now());
    let new = SecretPath { name: variable("NEW_ONE"), ..path.clone() };
    let new = NewSecret { path: new, value: value("a new value") };
    let rotation = Rotation { path: path.clone(), value: value("another value"), expected: None };
    let program = ProgramName::parse("env").unwrap();
    let wanted = LocalUseOf { project, environment, program, reason: None };
    vec![
        ("projects.get", get_project(store, scope, project).await.err()),
        ("environments.list", list_environments(store, scope, project).await.err()),
        (
            "environments.create",
            create_environment(store, scope, project, name("staging")).await.err(),
        ),
        (
            "secrets.list",
            list_secrets(store, scope, project, environment, Page::default()).await.err(),
        ),
        ("secrets.set", set_secret(store, broker, scope, new).await.err()),
        ("secrets.rotate", rotate_secret(store, broker, scope, rotation).await.err()),
        (
            "secrets.reveal",
            reveal_secret(store, broker, scope, fresh, path.clone(), why()).await.err(),
        ),
        (
            "secrets.use_locally",
            use_secrets_locally(store, broker, scope, fresh, wanted).await.err(),
        ),
        ("secrets.delete", delete_secret(store, scope, path.clone()).await.err()),
    ]
}
