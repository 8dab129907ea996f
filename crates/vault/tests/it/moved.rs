//! Sealed bytes put where they do not belong, by somebody who can write the database: they open in
//! their own tenant, row and version only.

use broker::{BrokerError, OpenFault};
use vault::VaultError;
use vault::secrets::{Rotation, SecretPath, reveal_secret, rotate_secret};

use crate::house::{House, Team, each_engine, keep, value, why};

async fn opened(house: &House, team: &Team, path: &SecretPath) -> Result<Vec<u8>, VaultError> {
    let fresh = Some(house.now());
    let (store, path) = (&house.store, path.clone());
    reveal_secret(store, &house.broker, &team.owner, fresh, path, why())
        .await
        .map(|shown| shown.value.value.expose().to_vec())
}

fn does_not_open(fault: OpenFault) -> Result<Vec<u8>, VaultError> {
    Err(VaultError::Sealing(BrokerError::CannotOpen(fault)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_moved_to_another_row_do_not_open() {
    each_engine(async |house| {
        let acme = &house.acme;
        let source = keep(&house, acme, "SOURCE", "the first value").await;
        let target = keep(&house, acme, "TARGET", "another value").await;
        // So that the bytes come to a version of the same number: only the row differs.
        let next = Rotation { path: source.clone(), value: value("the value"), expected: None };
        rotate_secret(&house.store, &house.broker, &acme.owner, next).await.unwrap();
        house.put_bytes_of(acme, &source, &target).await;
        let answer = opened(&house, acme, &target).await;
        assert_eq!(answer, does_not_open(OpenFault::NotThisRecord));
        assert_eq!(opened(&house, acme, &source).await, Ok(b"the value".to_vec()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_moved_to_another_environment_do_not_open() {
    each_engine(async |house| {
        let acme = &house.acme;
        let source = keep(&house, acme, "SOURCE", "the value").await;
        let production = SecretPath { environment: acme.production, ..acme.path("TARGET") };
        house.keep_at(acme, &production, "another value").await;
        house.put_bytes_of(acme, &source, &production).await;
        let answer = opened(&house, acme, &production).await;
        assert_eq!(answer, does_not_open(OpenFault::UnknownKey));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_moved_to_another_tenant_do_not_open() {
    each_engine(async |house| {
        let source = keep(&house, &house.acme, "SOURCE", "the value").await;
        let target = keep(&house, &house.rival, "TARGET", "another value").await;
        let bytes = house.bytes_of(&house.acme, &source).await;
        house.put_bytes(&house.rival, bytes, &target).await;
        let answer = opened(&house, &house.rival, &target).await;
        assert_eq!(answer, does_not_open(OpenFault::UnknownKey));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_version_put_back_does_not_open() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = keep(&house, acme, "TOKEN", "the leaked value").await;
        let old = house.bytes_of(acme, &path).await;
        let next = Rotation { path: path.clone(), value: value("the new value"), expected: None };
        rotate_secret(&house.store, &house.broker, &acme.owner, next).await.unwrap();
        house.put_bytes(acme, old, &path).await;
        let answer = opened(&house, acme, &path).await;
        assert_eq!(answer, does_not_open(OpenFault::NotThisRecord));
    })
    .await;
}
