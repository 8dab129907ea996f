//! The installation that every test starts from a copy of, made once through the API.

use std::sync::Arc;

use axum::Router;
use domain::{Mint, RecoveryId};
use identity::enrolments::issue_bootstrap;
use serde_json::{Value, json};
use store::{Caller, Commit, NewRecovery, QuietReason, Store, StoreError};
use tokio::sync::OnceCell;

use super::ground::{Engine, Ground};
use super::people::{Link, Person, ask, begin};
use super::{
    Authenticator, MovedClock, ORIGIN, Random, START_MS, WIDE, sequence, served, vendor, watching,
};

/// Two steps of an authenticator.
const LATER_MS: i64 = 60_000;

/// A workspace with everybody and everything in it.
#[derive(Debug, Clone)]
pub(crate) struct Team {
    pub(crate) id: String,
    pub(crate) owner: Person,
    pub(crate) admin: Person,
    pub(crate) operator: Person,
    pub(crate) viewer: Person,
    /// A viewer who is in no project.
    pub(crate) guest: Person,
    /// The text of a key without scopes.
    pub(crate) key: String,
    /// The id of a passkey of the owner's.
    pub(crate) passkey: String,
    /// The id of another key.
    pub(crate) spare_key: String,
    /// An identity provider of the workspace's own.
    pub(crate) provider: String,
    /// The claim to an e-mail domain.
    pub(crate) domain: String,
    /// A hold of the owner's on the security log.
    pub(crate) hold: String,
    /// A stream of the workspace's log, and one that stands still.
    pub(crate) stream: String,
    pub(crate) paused_stream: String,
    /// The project that operator and viewer are in.
    pub(crate) project: String,
    pub(crate) production: String,
    pub(crate) development: String,
    /// The project that nobody was let into.
    pub(crate) hidden: String,
    /// An open invitation for somebody who has no account.
    pub(crate) invitation: Link,
    /// An open invitation for the other workspace's owner.
    pub(crate) for_neighbour: Link,
    /// A recovery that the operator asked for.
    pub(crate) recovery: String,
    /// Two secrets of the development environment, with values that are found nowhere else.
    pub(crate) secret: String,
    pub(crate) secret_value: String,
}

/// The installation.
pub(crate) struct Template {
    pub(crate) ground: Ground,
    pub(crate) acme: Team,
    pub(crate) rival: Team,
    /// An enrolment that waits for its first code: its id and its seed.
    pub(crate) enrolment: (String, Vec<u8>),
    /// When it was finished.
    pub(crate) now_ms: i64,
}

impl Template {
    pub(crate) async fn get(engine: Engine) -> &'static Self {
        static SQLITE: OnceCell<Template> = OnceCell::const_new();
        static POSTGRES: OnceCell<Template> = OnceCell::const_new();
        match engine {
            Engine::Sqlite => SQLITE.get_or_init(|| Self::make(engine)).await,
            Engine::Postgres => POSTGRES.get_or_init(|| Self::make(engine)).await,
        }
    }

    /// A clock at the moment it was finished.
    pub(crate) fn clock(&self) -> Arc<MovedClock> {
        MovedClock::at(self.now_ms)
    }

    async fn make(engine: Engine) -> Self {
        let ground = Ground::new(engine);
        let clock = MovedClock::at(START_MS);
        let mint = Mint::new(clock.clone(), Arc::new(Random));
        let store = ground.first_store(mint).await;
        let broker = ground.first_broker(store.instance(), clock.clone()).await;
        let house = served(store.clone(), broker.clone(), WIDE).await;
        // Making it may take longer than a view of revocations is good for.
        let mut watch = watching(&house);
        let router = server::router::router(house.clone());

        let issued = issue_bootstrap(&store, &broker).await.unwrap().value;
        let link = Link { id: issued.link.to_string(), code: issued.code.show().to_owned() };
        let mut founder = Person::enrol(&router, "founder@casemate.example", &link, START_MS).await;
        let lobby = workspace(&router, &mut founder, "lobby").await;
        let mut owners = Vec::new();
        for name in ["acme", "rival"] {
            let email = format!("owner@{name}.example");
            let link = founder.invites(&router, &lobby, &email, "viewer", &[]).await;
            owners.push(Person::enrol(&router, &email, &link, START_MS).await);
        }
        let rivals = owners.pop().unwrap();
        let acmes = owners.pop().unwrap();
        let (acme_email, rival_email) = (acmes.email.clone(), rivals.email.clone());
        let mut acme = team(&router, acmes, "acme", &rival_email).await;
        let mut rival = team(&router, rivals, "rival", &acme_email).await;
        for team in [&mut acme, &mut rival] {
            team.recovery = lost(&store, &team.operator).await;
        }
        // Everybody's authenticator shows a code that was not used yet.
        clock.advance(LATER_MS);
        // The owners made keys and invited people, so their sessions moved on.
        acme.owner.renew(&router).await;
        rival.owner.renew(&router).await;
        let waiting =
            acme.owner.invites(&router, &acme.id, "late@acme.example", "viewer", &[]).await;
        acme.owner.renew(&router).await;
        let enrolment = begin(&router, "late@acme.example", &waiting).await;
        sequence(&house).await;
        watch.shutdown().await;
        store.close().await;
        Self { ground, acme, rival, enrolment, now_ms: START_MS + LATER_MS }
    }
}

/// Somebody who lost both factors asks for help, as `POST /v1/recoveries` does after its pause.
async fn lost(store: &Store, whom: &Person) -> String {
    let (id, user): (RecoveryId, _) = (store.mint().id(), whom.user.parse().unwrap());
    store
        .platform_write(&Caller::system("tests", store.mint().id()), move |tx| {
            assert!(tx.recoveries().create(&NewRecovery { id, user })?);
            Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
        })
        .await
        .unwrap();
    id.to_string()
}

/// Makes a workspace and enters it; its id.
async fn workspace(router: &Router, owner: &mut Person, name: &str) -> String {
    let body = json!({ "name": name });
    let answer = ask(router, "POST", "/v1/workspaces", Some(&owner.access), Some(body)).await;
    let id = answer.text_at("id").to_owned();
    owner.enter(router, &id).await;
    id
}

async fn team(router: &Router, mut owner: Person, name: &str, neighbour: &str) -> Team {
    let id = workspace(router, &mut owner, name).await;
    let project =
        made(router, &owner, "/v1/projects", json!({ "name": format!("{name}-shop") })).await;
    let hidden =
        made(router, &owner, "/v1/projects", json!({ "name": format!("{name}-payroll") })).await;
    let path = format!("/v1/projects/{project}/environments");
    let environments = ask(router, "GET", &path, Some(&owner.access), None).await;
    let environment = |called: &str| {
        let items = environments.json["items"].as_array().unwrap();
        let found = items.iter().find(|one| one["name"] == called).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let (production, development) = (environment("production"), environment("development"));
    let secret = format!("{}_TOKEN", name.to_ascii_uppercase());
    let secret_value = format!("canary-of-{name}-{id}");
    let base64 = data_encoding::BASE64.encode(secret_value.as_bytes());
    let place = format!("{path}/{development}/secrets");
    let body = json!({ "name": secret, "value_base64": base64 });
    ask(router, "POST", &place, Some(&owner.access), Some(body)).await;

    let admin = joined(router, &owner, &id, name, "admin", &[]).await;
    let operator = joined(router, &owner, &id, name, "operator", &[&project]).await;
    let viewer = joined(router, &owner, &id, name, "viewer", &[&project]).await;
    let guest = joined(router, &owner, &id, name, "guest", &[]).await;
    let key = json!({ "name": "unscoped", "scopes": [] });
    let key = ask(router, "POST", "/v1/keys", Some(&owner.access), Some(key)).await;
    let spare = json!({ "name": "spare", "scopes": ["secret.list"] });
    let invitee = format!("newcomer@{name}.example");
    Team {
        key: key.text_at("key").to_owned(),
        passkey: registered(router, &owner.access).await.1,
        spare_key: made(router, &owner, "/v1/keys", spare).await,
        provider: made(
            router,
            &owner,
            &format!("/v1/teams/{id}/providers"),
            json!({
                "name": format!("{name}-sso"), "issuer": format!("https://login.{name}.test"),
                "client_id": "casemate", "client_secret": "not-a-real-secret",
            }),
        )
        .await,
        stream: streamed(router, &owner, &id, "siem").await,
        paused_stream: paused(router, &owner, &id).await,
        domain: made(
            router,
            &owner,
            &format!("/v1/teams/{id}/domains"),
            json!({
                "domain": format!("{name}.test"),
            }),
        )
        .await,
        hold: made(
            router,
            &owner,
            &format!("/v1/teams/{id}/holds"),
            json!({ "reason": "the matter of March" }),
        )
        .await,
        invitation: owner.invites(router, &id, &invitee, "viewer", &[]).await,
        for_neighbour: owner.invites(router, &id, neighbour, "viewer", &[]).await,
        recovery: String::new(),
        id,
        admin,
        operator,
        viewer,
        guest,
        owner,
        project,
        production,
        development,
        hidden,
        secret,
        secret_value,
    }
}

/// A stream to a port that nobody listens on.
async fn streamed(router: &Router, owner: &Person, team: &str, name: &str) -> String {
    let target = json!({ "kind": "webhook", "url": "https://127.0.0.1:9/audit" });
    let body = json!({ "name": name, "log": "workspace", "target": target });
    made(router, owner, &format!("/v1/teams/{team}/audit_streams"), body).await
}

async fn paused(router: &Router, owner: &Person, team: &str) -> String {
    let id = streamed(router, owner, team, "archive").await;
    let path = format!("/v1/teams/{team}/audit_streams/{id}/pause");
    ask(router, "POST", &path, Some(&owner.access), None).await;
    id
}

async fn made(router: &Router, owner: &Person, path: &str, body: Value) -> String {
    let answer = ask(router, "POST", path, Some(&owner.access), Some(body)).await;
    answer.text_at("id").to_owned()
}

/// A passkey of whoever holds this token: its authenticator and its id.
pub(crate) async fn registered(router: &Router, access: &str) -> (Authenticator, String) {
    registered_by(router, access, |options| Authenticator::registers(options, ORIGIN)).await
}

/// The same in hardware that its vendor signs for.
pub(crate) async fn registered_key(router: &Router, access: &str) -> (Authenticator, String) {
    let made = |options: &Value| Authenticator::registers_by(vendor(), options, ORIGIN);
    registered_by(router, access, made).await
}

async fn registered_by(
    router: &Router,
    access: &str,
    made: impl Fn(&Value) -> (Authenticator, Value),
) -> (Authenticator, String) {
    let path = "/v1/account/passkeys";
    let purpose = json!({ "purpose": "register" });
    let asked =
        ask(router, "POST", &format!("{path}/challenges"), Some(access), Some(purpose)).await;
    let (authenticator, credential) = made(&asked.json["options"]);
    let challenge = asked.text_at("challenge");
    let body = json!({ "name": "phone", "challenge": challenge, "credential": credential });
    let made = ask(router, "POST", path, Some(access), Some(body)).await;
    (authenticator, made.text_at("id").to_owned())
}

async fn joined(
    router: &Router,
    owner: &Person,
    team: &str,
    name: &str,
    called: &str,
    projects: &[&str],
) -> Person {
    let email = format!("{called}@{name}.example");
    let role = if called == "guest" { "viewer" } else { called };
    let link = owner.invites(router, team, &email, role, projects).await;
    let mut person = Person::enrol(router, &email, &link, START_MS).await;
    person.enter(router, team).await;
    person
}

impl Team {
    /// The address that [`Self::invitation`] was sent to.
    pub(crate) fn invitation_email(&self) -> String {
        let (_, domain) = self.owner.email.split_once('@').unwrap();
        format!("newcomer@{domain}")
    }

    /// Texts that nobody outside of this workspace may ever be shown.
    pub(crate) fn private(&self) -> Vec<&str> {
        vec![
            &self.id,
            &self.project,
            &self.hidden,
            &self.development,
            &self.production,
            &self.spare_key,
            &self.recovery,
            &self.passkey,
            &self.secret,
            &self.secret_value,
            &self.admin.user,
            &self.admin.email,
            &self.operator.email,
            &self.viewer.user,
        ]
    }
}
