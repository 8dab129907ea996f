//! Single sign-on, attacked: a twin that says whatever a test wants, and the real provider.

mod attacks;
mod doors;
mod github;
mod links;
mod newcomers;
mod provider;
mod step_ups;
mod twin;
mod vendors;

use std::collections::BTreeMap;

use broker::TotpCode;
use domain::authz::Role;
use domain::sign_in::{PlatformProvider, ProviderRef, ProviderSettings, SignInPolicy};
use domain::{DomainName, Issuer, SsoTransactionId, TenantId};
use identity::sessions::{Factor, Holder, SessionTokens};
use identity::sso::{
    self, Begin, Begun, NewProvider, PlatformSettings, Redemption, Returned, SsoConfig, SsoError,
};
use identity::{Identity, ShownOnce};
use outbound::http::HttpClient;
use outbound::judge::Policy;
use outbound::names::{Names, Zone};
use serde_json::{Value, json};
use store::{Caller, Commit, Committed, LinkedIdentity, QuietReason, StoreError};
use url::Url;

use crate::house::{House, Person, Team, name};
use twin::Twin;

pub(crate) const GOOGLE: ProviderRef = ProviderRef::Platform(PlatformProvider::Google);
pub(crate) const MICROSOFT: ProviderRef = ProviderRef::Platform(PlatformProvider::Microsoft);
pub(crate) const GITHUB: ProviderRef = ProviderRef::Platform(PlatformProvider::GitHub);
/// The one Microsoft tenant that may come.
pub(crate) const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/// A process with single sign-on, and the twin that stands in for every provider.
pub(crate) struct Desk {
    pub(crate) identity: Identity,
    pub(crate) twin: Twin,
    pub(crate) zone: Zone,
}

/// A way that began, with what its address says.
pub(crate) struct Way {
    pub(crate) begun: Begun,
    pub(crate) query: BTreeMap<String, String>,
}

impl Way {
    pub(crate) fn of(begun: Begun) -> Self {
        let url = Url::parse(&begun.authorization_url).unwrap();
        let query = url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        Self { begun, query }
    }

    pub(crate) fn cookie(&self) -> &str {
        self.begun.cookie.show()
    }

    /// What an honest browser brings back.
    pub(crate) fn back(&self) -> Returned {
        Returned {
            code: Some("a-code".to_owned()),
            state: Some(self.query["state"].clone()),
            iss: None,
            error: None,
        }
    }
}

/// A client that may call this one address of this machine.
pub(crate) fn client(at: &str) -> HttpClient {
    let host = at.split_once("://").unwrap().1.split('/').next().unwrap().to_owned();
    HttpClient::new(Policy::allowing(vec![host.parse().unwrap()]), None).unwrap()
}

impl Desk {
    pub(crate) async fn open(house: &House) -> Self {
        let twin = Twin::start().await;
        let zone = Zone::default();
        let one = |provider, path: &str, tenants| PlatformSettings {
            provider,
            client_id: "casemate".to_owned(),
            client_secret: ShownOnce::new("a secret".to_owned()),
            tenants,
            address: Some(format!("{}{path}", twin.url)),
        };
        let config = SsoConfig {
            client: client(&twin.url),
            names: Names::Zone(zone.clone()),
            redirect: "https://casemate.example/sso/callback".to_owned(),
            platform: vec![
                one(PlatformProvider::Google, "", Vec::new()),
                one(PlatformProvider::Microsoft, "/common/v2.0", vec![TENANT.to_owned()]),
                one(PlatformProvider::GitHub, "/gh", Vec::new()),
            ],
        };
        let identity = house.replica().await.with_sso(config);
        Self { identity, twin, zone }
    }

    pub(crate) async fn begins(
        &self,
        house: &House,
        provider: ProviderRef,
        workspace: Option<TenantId>,
    ) -> Way {
        let way = Begin { provider: Some(provider), workspace };
        Way::of(sso::begin(&self.identity, house.origin(), way).await.unwrap())
    }

    /// Claims of somebody for this way.
    pub(crate) fn claims(&self, way: &Way, subject: &str) -> Value {
        let now = self.twin.now_s();
        json!({
            "iss": self.twin.url, "aud": "casemate", "sub": subject, "iat": now, "exp": now + 300,
            "nonce": way.query["nonce"],
        })
    }

    /// The twin answers the exchange with these claims, and the browser comes back.
    pub(crate) async fn returns(
        &self,
        house: &House,
        way: &Way,
        claims: &Value,
    ) -> Result<SsoTransactionId, SsoError> {
        self.twin.says(claims);
        sso::callback(&self.identity, house.origin(), way.cookie(), way.back())
            .await
            .map(|back| back.transaction)
    }

    pub(crate) async fn redeems(
        &self,
        house: &House,
        way: &Way,
        factor: Option<Factor>,
    ) -> Result<Committed<SessionTokens>, SsoError> {
        redeems(&self.identity, house, (way.begun.transaction, way.cookie()), factor).await
    }

    /// The whole way of somebody with an authenticator.
    pub(crate) async fn walks(
        &self,
        house: &House,
        provider: ProviderRef,
        workspace: Option<TenantId>,
        subject: &str,
        person: &Person,
    ) -> Result<Committed<SessionTokens>, SsoError> {
        let way = self.begins(house, provider, workspace).await;
        self.returns(house, &way, &self.claims(&way, subject)).await?;
        self.redeems(house, &way, Some(totp(house, person))).await
    }

    /// A provider of this team's own, which is the twin too.
    pub(crate) async fn own_provider(&self, house: &House, team: &Team) -> ProviderRef {
        let settings = ProviderSettings {
            name: name("sso"),
            issuer: Issuer::parse(&self.twin.url).unwrap(),
            client_id: "casemate".to_owned(),
        };
        let new = NewProvider { settings, secret: ShownOnce::new("their secret".to_owned()) };
        let scope = team.owner.scope(team.id);
        let added = sso::add_provider(&self.identity, &scope, house.fresh(), new).await.unwrap();
        ProviderRef::Own(added.value.id)
    }

    pub(crate) async fn sets(&self, house: &House, team: &Team, policy: SignInPolicy) {
        let scope = team.owner.scope(team.id);
        sso::set_policy(&self.identity, &scope, house.fresh(), policy).await.unwrap();
    }

    /// The team proves a domain.
    pub(crate) async fn proves(&self, house: &House, team: &Team, domain: &str) {
        let scope = team.owner.scope(team.id);
        let domain = DomainName::parse(domain).unwrap();
        let claim =
            sso::claim_domain(&self.identity, &scope, house.fresh(), domain).await.unwrap().value;
        let (record, text) = sso::proof_of(&claim);
        self.zone.publish(&record, vec!["v=spf1 -all".to_owned(), text]);
        sso::prove_domain(&self.identity, &scope, house.fresh(), claim.id).await.unwrap();
    }
}

pub(crate) fn totp(house: &House, person: &Person) -> Factor {
    house.advance(30_000);
    Factor::Totp(TotpCode::parse(&person.code(house)).unwrap())
}

/// Links an identity as if it had been linked long ago.
pub(crate) async fn known(
    house: &House,
    person: &Person,
    provider: ProviderRef,
    home: Option<TenantId>,
    issuer: &str,
    subject: &str,
) {
    let (linked_at, used_at) = (house.now(), house.now());
    let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
    let new =
        LinkedIdentity { issuer, subject, user: person.user, provider, home, linked_at, used_at };
    house
        .store
        .platform_write(&Caller::anonymous(house.origin()), move |tx| {
            tx.identities().link(&new)?;
            Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
        })
        .await
        .unwrap();
}

/// Live sessions of somebody.
pub(crate) async fn sessions_of(house: &House, person: &Person) -> u64 {
    let user = person.user;
    house.store.platform_read(move |tx| tx.sessions().count_live(user)).await.unwrap()
}

/// A policy that takes these providers and counts `mfa`.
pub(crate) fn counting(providers: &[ProviderRef]) -> SignInPolicy {
    SignInPolicy {
        providers: providers.iter().copied().collect(),
        factor_amr: ["mfa".to_owned()].into(),
        default_role: Role::Viewer,
        ..SignInPolicy::default()
    }
}

/// Redeems a way with this cookie, as a program of the person's own.
pub(crate) async fn redeems(
    identity: &Identity,
    house: &House,
    (id, cookie): (SsoTransactionId, &str),
    factor: Option<Factor>,
) -> Result<Committed<SessionTokens>, SsoError> {
    let presented = Redemption { id, cookie, factor, holder: Holder::api(), invitation: None };
    sso::redeem(identity, house.origin(), presented).await
}
