//! Secrets in a program on somebody's own machine.

use broker::Purpose;
use domain::authz::{Denied, UpdateWorkspace, decide};
use domain::{EnvironmentId, ProgramName, Scope};
use ledger::Verb;
use store::{Commit, Committed, QuietReason, StoreError};
use vault::VaultError;
use vault::secrets::{LocalUseOf, SecretPath, UsedSecret, use_secrets_locally};

use crate::house::{House, Team, each_engine, keep, logged, why};

async fn start(
    house: &House,
    team: &Team,
    scope: &Scope,
    environment: EnvironmentId,
) -> Result<Committed<Vec<UsedSecret>>, VaultError> {
    let program = ProgramName::parse("/home/ada/bin/worker").unwrap();
    let wanted = LocalUseOf { project: team.project, environment, program, reason: Some(why()) };
    use_secrets_locally(&house.store, &house.broker, scope, Some(house.now()), wanted).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_entry_names_every_secret_and_one_grant_opens_them() {
    each_engine(async |house| {
        let acme = &house.acme;
        keep(&house, acme, "B_TOKEN", "b").await;
        keep(&house, acme, "A_TOKEN", "a").await;
        let before = house.openings().await.len();
        let used = start(&house, acme, &acme.operator, acme.development).await.unwrap();
        let named = |one: &UsedSecret| (one.name.as_str().to_owned(), one.value.expose().to_vec());
        let values: Vec<_> = used.value.iter().map(named).collect();
        let expected = [("A_TOKEN", b"a"), ("B_TOKEN", b"b")];
        assert_eq!(values, expected.map(|(name, value)| (name.to_owned(), value.to_vec())));

        let log = logged(&house.store, &acme.owner, Verb::SecretUsedLocally).await;
        let [(said, entry)] = log.as_slice() else { panic!("{} entries", log.len()) };
        let secrets = said["new"]["secrets"].as_array().unwrap();
        let names: Vec<_> = secrets.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["A_TOKEN", "B_TOKEN"]);
        assert_eq!(secrets[0]["version"], 1);
        // Where somebody's program lies may name them: beside the entry, not in it.
        let body = String::from_utf8_lossy(&entry.body);
        assert!(!body.contains("/home/") && !body.contains(why().as_str()));
        assert!(entry.personal.iter().any(|one| one.field == "program"));

        let openings = house.openings().await;
        assert_eq!(openings.len(), before + 1);
        assert_eq!(openings.last().unwrap().purpose, Purpose::LocalUse);
        assert_eq!(openings.last().unwrap().records.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_stays_inside_unless_the_workspace_lets_it_out() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = SecretPath { environment: acme.production, ..acme.path("TOKEN") };
        house.keep_at(acme, &path, "for customers").await;
        let before = house.openings().await.len();
        for who in [&acme.owner, &acme.operator] {
            let answer = start(&house, acme, who, acme.production).await.err();
            assert_eq!(answer, Some(VaultError::Denied(Denied::ProductionStaysInside)));
        }
        assert_eq!(house.openings().await.len(), before);
        assert!(logged(&house.store, &acme.owner, Verb::SecretUsedLocally).await.is_empty());
        let owner = acme.owner_authority(house.now());
        house
            .store
            .write(&acme.owner, move |tx| {
                let act = UpdateWorkspace { production_local_use: true, device_sign_in: None };
                tx.team().update_settings(decide(&owner, act).unwrap())?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        let used = start(&house, acme, &acme.operator, acme.production).await.unwrap();
        assert_eq!(used.value[0].value.expose(), b"for customers");
        // The neighbour's setting is the neighbour's own.
        let rival = &house.rival;
        let answer = start(&house, rival, &rival.owner, rival.production).await.err();
        assert_eq!(answer, Some(VaultError::Denied(Denied::ProductionStaysInside)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_without_secrets_gives_none_and_says_so() {
    each_engine(async |house| {
        let acme = &house.acme;
        let used = start(&house, acme, &acme.operator, acme.development).await.unwrap();
        assert!(used.value.is_empty());
        assert_eq!(used.entries.len(), 1);
    })
    .await;
}
