//! How a workspace's people may sign in: its policy, its providers, its e-mail domains.
//!
//! Always true
//! 1. Every change is decided on the actor as they stand in the writing transaction, and needs a
//!    factor given a short while ago.
//! 2. A provider's secret is sealed before the transaction and shown to nobody again.
//! 3. A domain is proved by a text that only whoever controls its name servers can publish.

use broker::{BrokerError, Realm};
use data_encoding::BASE32_NOPAD;
use domain::authz::{
    self, ClaimDomain, ReadSignIn, RemoveDomain, RemoveProvider, Role, SetProvider, SetSignInPolicy,
};
use domain::sign_in::{PolicyError, ProviderRef, ProviderSettings, SignInPolicy};
use domain::{DomainClaimId, DomainName, ProviderId, Scope, Sealed, TimeMs, UserId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::{Value, json};
use store::{
    Caller, Commit, Committed, DomainClaim, Page, Provider, QuietReason, Revoked, StoreError,
    StoredPolicy, TenantTx,
};

use super::target::{exposed, secret_name};
use crate::ShownOnce;
use crate::identity::Identity;
use crate::team::{self, TeamError};

/// Why the sign-in of a workspace was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// The policy will not do.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The text was not found under the domain.
    #[error("the text record was not found; it may take a while until it is seen")]
    NotProved,
    /// The name servers did not answer.
    #[error("the name servers did not answer; try again")]
    Names,
    /// As for every act in a workspace.
    #[error(transparent)]
    Team(TeamError),
}

impl ManageError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Policy(_) => "input.invalid",
            Self::NotProved => "domain.not_proved",
            Self::Names => "domain.names_unavailable",
            Self::Team(error) => error.code(),
        }
    }
}

impl<E: Into<TeamError>> From<E> for ManageError {
    fn from(error: E) -> Self {
        Self::Team(error.into())
    }
}

/// A provider to trust.
pub struct NewProvider {
    /// What it is.
    pub settings: ProviderSettings,
    /// What the platform proves itself with there.
    pub secret: ShownOnce,
}

/// The name under which the proof of a domain is published.
fn proof_name(domain: &DomainName) -> String {
    format!("_casemate-challenge.{domain}")
}

/// The policy in force.
///
/// # Errors
/// [`TeamError`].
pub async fn policy(
    identity: &Identity,
    scope: &Scope,
    factor_at: Option<TimeMs>,
) -> Result<StoredPolicy, ManageError> {
    let read = identity.store.read(scope, move |tx| {
        reads(tx, factor_at)?;
        Ok::<_, ManageError>(tx.sign_in_policy().get()?)
    });
    read.await
}

fn reads(tx: &mut TenantTx<'_>, factor_at: Option<TimeMs>) -> Result<(), TeamError> {
    let actor = team::actor(tx, factor_at)?;
    authz::decide(&actor, ReadSignIn {})?;
    Ok(())
}

/// Sets the policy. When it takes no passwords any more, members who came in by one are put out,
/// and passwords that nobody takes any more are removed.
///
/// # Errors
/// [`ManageError`].
pub async fn set_policy(
    identity: &Identity,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    policy: SignInPolicy,
) -> Result<Committed<StoredPolicy>, ManageError> {
    policy.check()?;
    let set = identity
        .store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            let permit = authz::decide(&actor, SetSignInPolicy { policy })?;
            let known: Vec<_> = tx.providers().list()?.into_iter().map(|one| one.id).collect();
            let foreign = permit.get().policy.providers.iter().any(|one| match one {
                ProviderRef::Own(id) => !known.contains(id),
                ProviderRef::Platform(_) => false,
            });
            if foreign {
                return Err(ManageError::Team(TeamError::NotVisible));
            }
            let before = tx.sign_in_policy().get()?.policy;
            let after = tx.sign_in_policy().set(permit)?;
            let owner = owner(tx)?;
            let event =
                AuditEvent::new(Verb::SignInPolicyChanged, "workspace", tx.scope().tenant())
                    .old_value(json!(before))
                    .new_value(json!(after.policy));
            Ok(Commit::audited(event, (after, owner)))
        })
        .await?;
    let (after, owner) = set.value;
    tell_platform(identity, scope, after.policy.sso_only, owner).await?;
    Ok(Committed { value: after, entries: set.entries })
}

fn owner(tx: &mut TenantTx<'_>) -> Result<UserId, TeamError> {
    let mut page = Page::first(limits::PAGE_ITEMS_MAX);
    loop {
        let members = tx.members().list(page)?;
        if let Some(owner) = members.items.iter().find(|one| one.role == Role::Owner) {
            return Ok(owner.user);
        }
        match members.items.last() {
            Some(last) if members.more => page = Page::after(last.user, limits::PAGE_ITEMS_MAX),
            _ => return Err(TeamError::NotVisible),
        }
    }
}

/// What follows outside of the workspace's unit. Doors are judged by the policy itself, so a crash
/// before this leaves sessions inside until they come to a door again.
async fn tell_platform(
    identity: &Identity,
    scope: &Scope,
    sso_only: bool,
    owner: UserId,
) -> Result<(), ManageError> {
    let workspace = scope.tenant();
    let caller = Caller::from(scope);
    let told = identity.store.platform_write(&caller, move |tx| {
        if !sso_only {
            tx.sso_only().remove(workspace)?;
            return Ok::<_, ManageError>(Commit::quiet(QuietReason::Hint, ()));
        }
        tx.sso_only().add(workspace)?;
        for (session, epoch) in tx.session_paths().put_out(workspace, owner)? {
            tx.revocations().add(Revoked::Session { session, epoch })?;
        }
        Ok(Commit::quiet(QuietReason::Hint, ()))
    });
    told.await.map(drop)
}

/// The workspace's own providers.
///
/// # Errors
/// [`TeamError`].
pub async fn providers(
    identity: &Identity,
    scope: &Scope,
    factor_at: Option<TimeMs>,
) -> Result<Vec<Provider>, ManageError> {
    let read = identity.store.read(scope, move |tx| {
        reads(tx, factor_at)?;
        Ok::<_, ManageError>(tx.providers().list()?)
    });
    read.await
}

async fn sealed(
    identity: &Identity,
    scope: &Scope,
    id: ProviderId,
    version: u64,
    secret: &ShownOnce,
) -> Result<Sealed, TeamError> {
    let records = vec![(secret_name(id, version), exposed(secret))];
    let realm = Realm::Tenant(scope.tenant());
    let mut sealed = identity.broker.seal(realm, records).await?;
    sealed.pop().ok_or(TeamError::Sealing(BrokerError::Unreachable))
}

fn shown(settings: &ProviderSettings) -> Value {
    let ProviderSettings { name, issuer, client_id } = settings;
    json!({ "name": name, "issuer": issuer, "client_id": client_id })
}

/// Trusts a provider.
///
/// # Errors
/// [`ManageError`].
pub async fn add_provider(
    identity: &Identity,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    new: NewProvider,
) -> Result<Committed<Provider>, ManageError> {
    let id: ProviderId = identity.store.mint().id();
    let NewProvider { settings, secret } = new;
    let secret = sealed(identity, scope, id, 1, &secret).await?;
    let added = identity.store.write(scope, move |tx| {
        let actor = team::actor_of_locked_team(tx, factor_at)?;
        let permit = authz::decide(&actor, SetProvider { provider: id, settings })?;
        let max = limits::PROVIDERS_PER_WORKSPACE_MAX;
        team::within(tx.providers().count()?, "identity providers", max)?;
        let added = tx.providers().add(permit, &secret).map_err(exists)?;
        let event =
            AuditEvent::new(Verb::ProviderAdded, "provider", id).new_value(shown(&added.settings));
        Ok::<_, ManageError>(Commit::audited(event, added))
    });
    added.await
}

fn exists(error: StoreError) -> TeamError {
    match error {
        StoreError::Conflict => TeamError::Exists,
        error => TeamError::from(error),
    }
}

/// Changes a provider and its secret.
///
/// # Errors
/// [`ManageError`].
pub async fn change_provider(
    identity: &Identity,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    id: ProviderId,
    new: NewProvider,
) -> Result<Committed<Provider>, ManageError> {
    let before = identity
        .store
        .read(scope, move |tx| {
            reads(tx, factor_at)?;
            tx.providers().find(id)?.ok_or(TeamError::NotVisible)
        })
        .await?;
    let NewProvider { settings, secret } = new;
    let secret = sealed(identity, scope, id, before.secret_version + 1, &secret).await?;
    let changed = identity.store.write(scope, move |tx| {
        let actor = team::actor_of_locked_team(tx, factor_at)?;
        let permit = authz::decide(&actor, SetProvider { provider: id, settings })?;
        let done = tx.providers().change(permit, before.secret_version, &secret).map_err(exists)?;
        if !done {
            return Err(ManageError::Team(TeamError::Exists));
        }
        let after = tx.providers().find(id)?.ok_or(TeamError::NotVisible)?;
        let event = AuditEvent::new(Verb::ProviderChanged, "provider", id)
            .old_value(shown(&before.settings))
            .new_value(shown(&after.settings));
        Ok(Commit::audited(event, after))
    });
    changed.await
}

/// Trusts a provider no more; the policy forgets it.
///
/// # Errors
/// [`ManageError`].
pub async fn remove_provider(
    identity: &Identity,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    id: ProviderId,
) -> Result<Committed<()>, ManageError> {
    let removed = identity.store.write(scope, move |tx| {
        let actor = team::actor_of_locked_team(tx, factor_at)?;
        let permit = authz::decide(&actor, RemoveProvider { provider: id })?;
        let before = tx.providers().find(id)?.ok_or(TeamError::NotVisible)?;
        if tx.sign_in_policy().get()?.policy.providers.contains(&ProviderRef::Own(id)) {
            // The policy names it: taking it away there first is a decision of its own.
            return Err(ManageError::Team(TeamError::Exists));
        }
        tx.providers().remove(permit)?;
        let event = AuditEvent::new(Verb::ProviderRemoved, "provider", id)
            .old_value(shown(&before.settings));
        Ok(Commit::audited(event, ()))
    });
    removed.await
}

/// The workspace's claims.
///
/// # Errors
/// [`TeamError`].
pub async fn domains(
    identity: &Identity,
    scope: &Scope,
    factor_at: Option<TimeMs>,
) -> Result<Vec<DomainClaim>, ManageError> {
    let read = identity.store.read(scope, move |tx| {
        reads(tx, factor_at)?;
        Ok::<_, ManageError>(tx.domains().list()?)
    });
    read.await
}

/// Claims an e-mail domain. The answer holds the text to publish.
///
/// # Errors
/// [`ManageError`].
pub async fn claim_domain(
    identity: &Identity,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    domain: DomainName,
) -> Result<Committed<DomainClaim>, ManageError> {
    let id: DomainClaimId = identity.store.mint().id();
    let chance = BASE32_NOPAD.encode(&identity.store.mint().bytes::<20>()).to_ascii_lowercase();
    let challenge = format!("casemate-challenge={chance}");
    let claimed = identity.store.write(scope, move |tx| {
        let actor = team::actor_of_locked_team(tx, factor_at)?;
        let permit = authz::decide(&actor, ClaimDomain { claim: id, domain })?;
        let max = limits::DOMAINS_PER_WORKSPACE_MAX;
        team::within(tx.domains().count()?, "e-mail domains", max)?;
        let claim = tx.domains().claim(permit, &challenge).map_err(exists)?;
        let event = AuditEvent::new(Verb::DomainClaimed, "domain", id)
            .new_value(json!({ "domain": claim.domain }));
        Ok::<_, ManageError>(Commit::audited(event, claim))
    });
    claimed.await
}

/// Looks for the text, and notes the proof.
///
/// # Errors
/// [`ManageError::NotProved`].
pub async fn prove_domain(
    identity: &Identity,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    id: DomainClaimId,
) -> Result<Committed<DomainClaim>, ManageError> {
    let claim = identity
        .store
        .read(scope, move |tx| {
            let actor = team::actor(tx, factor_at)?;
            let claim = tx.domains().find(id)?.ok_or(TeamError::NotVisible)?;
            authz::decide(&actor, ClaimDomain { claim: id, domain: claim.domain.clone() })?;
            Ok::<_, TeamError>(claim)
        })
        .await?;
    let sso = identity.sso.as_ref().ok_or(ManageError::Names)?;
    let texts = sso.config.names.texts(&proof_name(&claim.domain)).await;
    if !texts.map_err(|_| ManageError::Names)?.contains(&claim.challenge) {
        return Err(ManageError::NotProved);
    }
    let proved = identity.store.write(scope, move |tx| {
        let actor = team::actor_of_locked_team(tx, factor_at)?;
        let wanted = ClaimDomain { claim: id, domain: claim.domain.clone() };
        let permit = authz::decide(&actor, wanted)?;
        let at = tx.domains().prove(permit).map_err(|error| match error {
            StoreError::Conflict => TeamError::NotVisible,
            error => TeamError::from(error),
        })?;
        let event = AuditEvent::new(Verb::DomainProved, "domain", id)
            .new_value(json!({ "domain": claim.domain }));
        Ok::<_, ManageError>(Commit::audited(event, DomainClaim { proved_at: Some(at), ..claim }))
    });
    proved.await
}

/// Gives a domain up: nobody comes in by it any more.
///
/// # Errors
/// [`ManageError`].
pub async fn remove_domain(
    identity: &Identity,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    id: DomainClaimId,
) -> Result<Committed<()>, ManageError> {
    let removed = identity.store.write(scope, move |tx| {
        let actor = team::actor_of_locked_team(tx, factor_at)?;
        let permit = authz::decide(&actor, RemoveDomain { claim: id })?;
        let before = tx.domains().find(id)?.ok_or(TeamError::NotVisible)?;
        tx.domains().remove(permit)?;
        let event = AuditEvent::new(Verb::DomainRemoved, "domain", id)
            .old_value(json!({ "domain": before.domain }));
        Ok::<_, ManageError>(Commit::audited(event, ()))
    });
    removed.await
}

/// The name and text that prove a claim, for whoever publishes them.
#[must_use]
pub fn proof_of(claim: &DomainClaim) -> (String, String) {
    (proof_name(&claim.domain), claim.challenge.clone())
}
