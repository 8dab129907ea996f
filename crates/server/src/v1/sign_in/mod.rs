//! `/v1/teams/{team}/sign_in_policy`, `providers` and `domains`: how people may sign in to the
//! workspace.

pub mod domain_claim;
pub mod domain_list;
pub mod domain_prove;
pub mod domain_remove;
pub mod policy_get;
pub mod policy_set;
pub mod provider_add;
pub mod provider_change;
pub mod provider_list;
pub mod provider_remove;

use std::collections::BTreeSet;

use domain::authz::Role;
use domain::sign_in::{ProviderRef, ProviderSettings, SignInPolicy};
use domain::{DomainClaimId, DomainName, Issuer, Name, ProviderId, TenantId, TimeMs, limits};
use identity::ShownOnce;
use identity::sso::NewProvider;
use serde::{Deserialize, Serialize};
use store::{DomainClaim, Provider};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::problem::Problem;
use crate::shapes::{self, SecretText};

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(policy_get::get, policy_set::set))
        .routes(routes!(provider_list::list, provider_add::add))
        .routes(routes!(provider_change::change, provider_remove::remove))
        .routes(routes!(domain_list::list, domain_claim::claim))
        .routes(routes!(domain_prove::prove))
        .routes(routes!(domain_remove::remove))
}

/// A provider of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ProviderPath {
    /// The team: the workspace's id. Another workspace's is not found.
    #[param(value_type = shapes::IdText)]
    pub team: TenantId,
    /// The provider.
    #[param(value_type = shapes::IdText)]
    pub provider: ProviderId,
}

/// A domain claim of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DomainPath {
    /// The team: the workspace's id. Another workspace's is not found.
    #[param(value_type = shapes::IdText)]
    pub team: TenantId,
    /// The claim.
    #[param(value_type = shapes::IdText)]
    pub domain: DomainClaimId,
}

/// How people may sign in to the workspace.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "sso_only": false, "providers": ["google"], "factor_amr": ["mfa"], "factor_acr": [],
    "provision": false, "default_role": "viewer"
}))]
pub struct PolicyShape {
    /// Members enter through a provider only; the owner may come by password and factor.
    pub sso_only: bool,
    /// The providers that are taken; empty: all of the platform's and the workspace's own.
    #[schema(value_type = Vec<shapes::ProviderText>, max_items = 16)]
    pub providers: BTreeSet<ProviderRef>,
    /// `amr` values of which one makes a provider's word count as two factors.
    #[schema(value_type = Vec<shapes::ClaimText>, max_items = 16)]
    pub factor_amr: BTreeSet<String>,
    /// `acr` values that do the same.
    #[schema(value_type = Vec<shapes::ClaimText>, max_items = 16)]
    pub factor_acr: BTreeSet<String>,
    /// Whether newcomers with an address of a proved domain come in without an invitation.
    pub provision: bool,
    /// Their role: viewer or operator.
    #[schema(value_type = shapes::RoleText)]
    pub default_role: Role,
}

/// The policy in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct Policy {
    /// What it says.
    pub policy: PolicyShape,
    /// Rises with each change; also its entity tag.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub version: TimeMs,
}

impl From<SignInPolicy> for PolicyShape {
    fn from(policy: SignInPolicy) -> Self {
        let SignInPolicy { sso_only, providers, factor_amr, factor_acr, provision, default_role } =
            policy;
        Self { sso_only, providers, factor_amr, factor_acr, provision, default_role }
    }
}

impl From<PolicyShape> for SignInPolicy {
    fn from(shape: PolicyShape) -> Self {
        let PolicyShape { sso_only, providers, factor_amr, factor_acr, provision, default_role } =
            shape;
        Self { sso_only, providers, factor_amr, factor_acr, provision, default_role }
    }
}

impl From<store::StoredPolicy> for Policy {
    fn from(stored: store::StoredPolicy) -> Self {
        let version = stored.updated_at.unwrap_or(TimeMs(0));
        Self { policy: stored.policy.into(), version }
    }
}

/// The version that `If-Match` names.
fn version(at: Option<TimeMs>) -> u64 {
    at.and_then(|at| u64::try_from(at.0).ok()).unwrap_or(0)
}

/// A provider to trust.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "acme", "issuer": "https://login.acme.example", "client_id": "casemate",
    "client_secret": "not-a-real-secret"
}))]
pub struct SetProvider {
    /// What the workspace's people call it.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
    /// Its address, letter by letter as its tokens spell it.
    #[schema(value_type = shapes::IssuerText)]
    pub issuer: Issuer,
    /// What it calls this platform.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    pub client_id: String,
    /// What this platform proves itself with there. It is sealed, and never shown again.
    #[schema(value_type = String, min_length = 1, max_length = 2048)]
    pub client_secret: SecretText,
}

impl SetProvider {
    fn read(self) -> Result<NewProvider, Problem> {
        let Self { name, issuer, client_id, client_secret } = self;
        let printable = |text: &str, max: usize| {
            !text.is_empty()
                && text.len() <= max
                && text.bytes().all(|b| (b' '..=b'~').contains(&b))
        };
        let rule = "it is 1 to 255 printable characters";
        if !printable(&client_id, limits::CLIENT_ID_CHARS_MAX) {
            return Err(Problem::invalid("client_id", rule));
        }
        if !printable(client_secret.as_str(), limits::CLIENT_SECRET_CHARS_MAX) {
            return Err(Problem::invalid("client_secret", "it is 1 to 2048 printable characters"));
        }
        let settings = ProviderSettings { name, issuer, client_id };
        Ok(NewProvider { settings, secret: ShownOnce::new(client_secret.into_text()) })
    }
}

/// A provider that the workspace trusts as its own.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnProvider {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: ProviderId,
    /// What the workspace's people call it.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
    /// Its address.
    #[schema(value_type = shapes::IssuerText)]
    pub issuer: Issuer,
    /// What it calls this platform.
    #[schema(value_type = String, example = "casemate")]
    pub client_id: String,
    /// When it was added.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub created_at_ms: TimeMs,
    /// When it last changed; also its entity tag.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub version: TimeMs,
}

impl From<Provider> for OwnProvider {
    fn from(provider: Provider) -> Self {
        let ProviderSettings { name, issuer, client_id } = provider.settings;
        Self {
            id: provider.id,
            name,
            issuer,
            client_id,
            created_at_ms: provider.created_at,
            version: provider.updated_at,
        }
    }
}

/// An e-mail domain that the workspace claims.
#[derive(Debug, Serialize, ToSchema)]
pub struct Domain {
    /// The claim's id.
    #[schema(value_type = shapes::IdText)]
    pub id: DomainClaimId,
    /// The domain.
    #[schema(value_type = shapes::DomainText)]
    pub domain: DomainName,
    /// Where the proof is published, as a text record.
    #[schema(value_type = String, example = "_casemate-challenge.acme.example")]
    pub record_name: String,
    /// The text that proves it.
    #[schema(value_type = String, example = "casemate-challenge=abcdef")]
    pub record_text: String,
    /// When it was proved, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub proved_at_ms: Option<TimeMs>,
}

impl From<DomainClaim> for Domain {
    fn from(claim: DomainClaim) -> Self {
        let (record_name, record_text) = identity::sso::proof_of(&claim);
        let DomainClaim { id, domain, proved_at, .. } = claim;
        Self { id, domain, record_name, record_text, proved_at_ms: proved_at }
    }
}
