//! Versions: set once, rotated one by one, whatever happens at once.

use store::Page;
use vault::VaultError;
use vault::secrets::{
    NewSecret, Rotation, delete_secret, list_secrets, reveal_secret, rotate_secret, set_secret,
};

use crate::house::{House, Team, each_engine, keep, value, why};

async fn shown(house: &House, team: &Team, called: &str) -> (u64, String) {
    let (fresh, path) = (Some(house.now()), team.path(called));
    let done = reveal_secret(&house.store, &house.broker, &team.owner, fresh, path, why()).await;
    let shown = done.unwrap().value;
    (shown.version, shown.value.expose_text().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_set_rotated_listed_shown_and_deleted() {
    each_engine(async |house| {
        let (acme, House { store, broker, .. }) = (&house.acme, &house);
        let path = keep(&house, acme, "TOKEN", "first").await;
        let again = NewSecret { path: path.clone(), value: value("again") };
        let taken = set_secret(store, broker, &acme.owner, again).await.err();
        assert_eq!(taken, Some(VaultError::Exists));
        let next = Rotation { path: path.clone(), value: value("second"), expected: Some(1) };
        let rotated = rotate_secret(store, broker, &acme.operator, next).await.unwrap();
        assert_eq!((rotated.value.version, rotated.entries.len()), (2, 1));
        assert_eq!(rotated.value.updated_by, acme.operator.actor().principal());
        let (project, environment) = (path.project, path.environment);
        let page = Page::default();
        let listed = list_secrets(store, &acme.viewer, project, environment, page).await.unwrap();
        assert_eq!(listed.items, [rotated.value]);
        assert_eq!(shown(&house, acme, "TOKEN").await, (2, "second".to_owned()));
        delete_secret(store, &acme.operator, path.clone()).await.unwrap();
        let gone = delete_secret(store, &acme.operator, path).await.err();
        assert_eq!(gone, Some(VaultError::NotFound));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_differ_in_case_are_two_secrets() {
    each_engine(async |house| {
        keep(&house, &house.acme, "Token", "small").await;
        keep(&house, &house.acme, "TOKEN", "large").await;
        assert_eq!(shown(&house, &house.acme, "Token").await.1, "small");
        assert_eq!(shown(&house, &house.acme, "TOKEN").await.1, "large");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_names_an_old_version_is_told_the_newest() {
    each_engine(async |house| {
        let (acme, House { store, broker, .. }) = (&house.acme, &house);
        let path = keep(&house, acme, "TOKEN", "first").await;
        for expected in [0, 2, u64::MAX] {
            let late =
                Rotation { path: path.clone(), value: value("late"), expected: Some(expected) };
            let answer = rotate_secret(store, broker, &acme.owner, late).await.err();
            assert_eq!(answer, Some(VaultError::VersionConflict { current: 1 }));
        }
        assert_eq!(shown(&house, acme, "TOKEN").await, (1, "first".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_rotations_at_once_each_is_a_version_of_its_own_or_refused() {
    each_engine(async |house| {
        let (acme, House { store, broker, .. }) = (&house.acme, &house);
        let path = keep(&house, acme, "TOKEN", "value 1").await;
        let mut racing = tokio::task::JoinSet::new();
        for number in 0..8 {
            let (store, broker, scope) = (store.clone(), broker.clone(), acme.owner.clone());
            let value = value(&format!("racer {number}"));
            let rotation = Rotation { path: path.clone(), value, expected: None };
            racing.spawn(async move { rotate_secret(&store, &broker, &scope, rotation).await });
        }
        let mut versions = Vec::new();
        while let Some(done) = racing.join_next().await {
            match done.unwrap() {
                Ok(done) => versions.push(done.value.version),
                Err(VaultError::VersionConflict { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        versions.sort_unstable();
        let newest = 1 + versions.len() as u64;
        assert_eq!(versions, (2..=newest).collect::<Vec<_>>());
        let (version, text) = shown(&house, acme, "TOKEN").await;
        assert_eq!(version, newest);
        assert!(text.starts_with("racer "));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_rotations_at_once_that_name_one_version_one_wins() {
    each_engine(async |house| {
        let (acme, House { store, broker, .. }) = (&house.acme, &house);
        let path = keep(&house, acme, "TOKEN", "value 1").await;
        let mut racing = tokio::task::JoinSet::new();
        for number in 0..6 {
            let (store, broker, scope) = (store.clone(), broker.clone(), acme.owner.clone());
            let value = value(&format!("racer {number}"));
            let rotation = Rotation { path: path.clone(), value, expected: Some(1) };
            racing.spawn(async move { rotate_secret(&store, &broker, &scope, rotation).await });
        }
        let answers = racing.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused, [VaultError::VersionConflict { current: 2 }; 5]);
        assert_eq!(shown(&house, acme, "TOKEN").await.0, 2);
    })
    .await;
}
