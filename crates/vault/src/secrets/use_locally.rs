//! Giving an environment's secrets to a program on somebody's own machine.

use broker::{Broker, Exposed, Purpose};
use domain::authz::{LocalUse, UseSecretsLocally, decide_use_locally};
use domain::{EnvironmentId, ProgramName, ProjectId, Reason, Scope, TimeMs, VariableName};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Commit, Committed, Environment, SealedSecret, Store, TeamSettings};

use super::open::{Opening, open};
use crate::{VaultError, access};

/// What is to be started, with which environment's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalUseOf {
    /// The project.
    pub project: ProjectId,
    /// The environment, of that project.
    pub environment: EnvironmentId,
    /// The program, as the person names it.
    pub program: ProgramName,
    /// Why, if the person says so.
    pub reason: Option<Reason>,
}

/// One secret in clear.
pub struct UsedSecret {
    /// Its name.
    pub name: VariableName,
    /// Which version it is.
    pub version: u64,
    /// The value.
    pub value: Exposed,
}

/// Opens every secret of an environment for a program that the person starts, after one entry that
/// names each secret and its version. The person needs a fresh second factor, given at `factor_at`;
/// production is refused unless the workspace allows it. An environment without secrets gives none,
/// and has its entry too.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`], [`VaultError::Sealing`] (an entry says that
/// nothing was opened), [`VaultError::Store`] (nothing was opened).
pub async fn use_secrets_locally(
    store: &Store,
    broker: &Broker,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    wanted: LocalUseOf,
) -> Result<Committed<Vec<UsedSecret>>, VaultError> {
    let environment = wanted.environment;
    let announced = store
        .write(scope, move |tx| {
            let (authority, settings) = access::caller(tx, factor_at)?;
            let LocalUseOf { project, environment, .. } = wanted;
            let place = tx.environments().find(project, environment)?;
            let act = UseSecretsLocally { project, environment };
            let kind = kind_of_use(place.as_ref(), &settings);
            decide_use_locally(&authority, act, kind)?;
            let place = place.ok_or(VaultError::NotFound)?;
            let secrets = tx.secrets().sealed_all(project, place.id)?;
            let event = announcement(&wanted, &secrets);
            Ok::<_, VaultError>(Commit::audited(event.clone(), (secrets, event)))
        })
        .await?;
    let (secrets, about) = announced.value;
    if secrets.is_empty() {
        return Ok(Committed { value: Vec::new(), entries: announced.entries });
    }
    let names: Vec<_> = secrets.iter().map(|one| (one.name.clone(), one.version)).collect();
    let opening = Opening { purpose: Purpose::LocalUse, environment, secrets, about };
    let values = open(store, broker, scope, opening).await?;
    let used = names
        .into_iter()
        .zip(values)
        .map(|((name, version), value)| UsedSecret { name, version, value })
        .collect();
    Ok(Committed { value: used, entries: announced.entries })
}

/// An environment that does not exist is judged as an ordinary one: whoever lacks the act hears
/// that first, and learns nothing about the environment.
fn kind_of_use(environment: Option<&Environment>, settings: &TeamSettings) -> LocalUse {
    match environment {
        Some(place) if place.production && settings.production_local_use => {
            LocalUse::ProductionAllowed
        }
        Some(place) if place.production => LocalUse::ProductionRefused,
        _ => LocalUse::Ordinary,
    }
}

/// The entry. The program's path may name a person, so it is a personal value like the reason.
fn announcement(wanted: &LocalUseOf, secrets: &[SealedSecret]) -> AuditEvent {
    let listed: Vec<_> = secrets
        .iter()
        .map(|one| json!({ "name": one.name.as_str(), "version": one.version }))
        .collect();
    let event = AuditEvent::new(Verb::SecretUsedLocally, "environment", wanted.environment)
        .new_value(json!({ "project": wanted.project.to_string(), "secrets": listed }))
        .personal("program", wanted.program.as_str());
    match &wanted.reason {
        Some(reason) => event.reason(reason.as_str()),
        None => event,
    }
}
