//! Clients that write without pause, and keep every answer and receipt.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::Chance;
use super::fleet::Fleet;
use crate::http::{Answer, Api, Unknown};

/// Pause after a call whose outcome is unknown.
const PAUSE: Duration = Duration::from_millis(10);

/// Secrets and projects that one hand makes; after that it rotates.
const SECRETS_MAX: usize = 40;
const PROJECTS_MAX: usize = 60;

/// One workspace, and everything that was ever answered about it.
#[derive(Clone)]
pub struct Team {
    pub api: Api,
    pub id: String,
    pub place: String,
    pub kept: Arc<Kept>,
    members: BTreeMap<String, String>,
}

/// What the clients remember.
#[derive(Default)]
pub struct Kept {
    stopped: AtomicBool,
    tokens: tokio::sync::Mutex<Tokens>,
    pub receipts: Mutex<Vec<String>>,
    /// Acknowledged: secret name to the versions that were answered.
    pub versions: Mutex<BTreeMap<String, Vec<u64>>>,
    /// Acknowledged: member to the roles given, in order.
    pub roles: Mutex<BTreeMap<String, Vec<String>>>,
    /// Answered with a value: the requests that revealed one.
    pub reveals: Mutex<Vec<String>>,
    /// Acknowledged: names of projects.
    pub projects: Mutex<Vec<String>>,
    /// Signed checkpoints, in the order they were seen.
    pub checkpoints: Mutex<Vec<String>>,
    pub unknown: std::sync::atomic::AtomicU64,
}

#[derive(Default)]
struct Tokens {
    access: String,
    refresh: String,
}

/// One client of a team, with names of its own, so that nobody else changes what it expects.
pub struct Hand {
    number: usize,
    email: String,
    chance: Chance,
    secrets: usize,
    projects: usize,
}

impl Hand {
    pub fn new(number: usize, email: &str, chance: Chance) -> Self {
        Self { number, email: email.to_owned(), chance, secrets: 0, projects: 0 }
    }
}

impl Team {
    /// Signs in and enters the workspace of this name.
    pub async fn enter(fleet: &Fleet, email: &str, password: &str, code: &str, name: &str) -> Self {
        let api = Api::new(&fleet.api, &fleet.data);
        let factor = json!({"kind": "backup_code", "code": code});
        let body = json!({"email": email, "password": password, "factor": factor});
        let answer = api.post("/v1/sessions", None, &body).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.json());
        let token = text(&answer.json(), "access_token");
        let list = api.get("/v1/workspaces", Some(&token)).await.unwrap().json();
        let id = text(find(&list, "name", name), "id");
        let body = json!({ "workspace": id });
        let entered = api.post("/v1/sessions/current/workspace", Some(&token), &body).await;
        let entered = entered.unwrap().json();
        let kept = Kept::default();
        *kept.tokens.lock().await = Tokens {
            access: text(&entered, "access_token"),
            refresh: text(&entered, "refresh_token"),
        };
        let mut team =
            Self { api, place: String::new(), kept: Arc::new(kept), members: BTreeMap::new(), id };
        let projects = team.get("/v1/projects").await;
        let project = text(find(&projects, "name", "shop"), "id");
        let environments = team.get(&format!("/v1/projects/{project}/environments")).await;
        let environment = text(find(&environments, "name", "development"), "id");
        team.place = format!("/v1/projects/{project}/environments/{environment}/secrets");
        let members = team.get(&format!("/v1/teams/{}/members", team.id)).await;
        for member in members["items"].as_array().unwrap() {
            team.members.insert(text(member, "email"), text(member, "user_id"));
        }
        team
    }

    pub fn stop(&self) {
        self.kept.stopped.store(true, Ordering::Relaxed);
    }

    fn stopped(&self) -> bool {
        self.kept.stopped.load(Ordering::Relaxed)
    }

    /// Reads until it is answered.
    pub async fn get(&self, path: &str) -> Value {
        loop {
            match self.call(Method::GET, path, None).await {
                Ok(answer) if answer.status == 200 => return answer.json(),
                Ok(answer) if answer.status.is_server_error() => {}
                Ok(answer) => panic!("{path}: {} {}", answer.status, answer.json()),
                Err(Unknown) => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One call; signs the session on when its token has ended.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Unknown> {
        let token = self.kept.tokens.lock().await.access.clone();
        let answer = self.api.call(method, path, Some(&token), body).await?;
        if answer.status == 401 {
            self.refresh(&token).await?;
            return Err(Unknown);
        }
        Ok(answer)
    }

    /// A new access token, unless somebody else has just got one.
    async fn refresh(&self, old: &str) -> Result<(), Unknown> {
        let mut tokens = self.kept.tokens.lock().await;
        if tokens.access != old {
            return Ok(());
        }
        let body = json!({ "refresh_token": tokens.refresh });
        let answer = self.api.post("/v1/sessions/refresh", None, &body).await?;
        if answer.status.is_server_error() {
            return Err(Unknown);
        }
        assert_eq!(answer.status, 200, "a session survives every crash: {}", answer.json());
        tokens.access = text(&answer.json(), "access_token");
        tokens.refresh = text(&answer.json(), "refresh_token");
        Ok(())
    }

    /// Refreshes now, whether it is needed or not.
    pub async fn refreshes(&self) {
        let old = self.kept.tokens.lock().await.access.clone();
        while self.refresh(&old).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A write: its answer if it was acknowledged, else nothing is known. Receipts are kept.
    async fn write(&self, method: Method, path: &str, body: &Value) -> Option<Answer> {
        let answered = self.call(method, path, Some(body)).await;
        match answered {
            Ok(answer) if answer.status.is_success() => {
                self.kept.receipts.lock().unwrap().extend(answer.receipts.clone());
                return Some(answer);
            }
            // It exists already, because an earlier call whose answer was lost did it.
            Ok(answer) if answer.status == 409 || answer.status == 412 => {}
            Ok(answer) if answer.status.is_server_error() => {}
            Ok(answer) => panic!("{path}: {} {}", answer.status, answer.json()),
            Err(Unknown) => {}
        }
        self.kept.unknown.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PAUSE).await;
        None
    }

    /// Works until it is stopped.
    pub async fn work(self, mut hand: Hand) {
        while !self.stopped() {
            match hand.chance.below(8) {
                0 if hand.secrets < SECRETS_MAX => self.set(&mut hand).await,
                1 if hand.projects < PROJECTS_MAX => self.create_project(&mut hand).await,
                2 | 3 => self.change_role(&mut hand).await,
                4 => self.reveal(&mut hand).await,
                _ => self.rotate(&mut hand).await,
            }
        }
    }

    async fn set(&self, hand: &mut Hand) {
        hand.secrets += 1;
        let name = format!("S_{}_{}", hand.number, hand.secrets);
        let body = json!({"name": name, "value_base64": "dmFsdWU="});
        if let Some(answer) = self.write(Method::POST, &self.place, &body).await {
            self.acknowledge(&name, &answer.json());
        }
    }

    async fn rotate(&self, hand: &mut Hand) {
        let which = hand.chance.below(u64::try_from(hand.secrets).unwrap().max(1)) + 1;
        let name = format!("S_{}_{which}", hand.number);
        // One whose creation was never answered may not exist.
        if !self.kept.versions.lock().unwrap().contains_key(&name) {
            return tokio::task::yield_now().await;
        }
        let path = format!("{}/{name}/versions", self.place);
        let body = json!({"value_base64": "YW5vdGhlcg=="});
        if let Some(answer) = self.write(Method::POST, &path, &body).await {
            self.acknowledge(&name, &answer.json());
        }
    }

    /// Reads a value back. Its factor stays fresh for longer than the crashes take.
    async fn reveal(&self, hand: &mut Hand) {
        let mine = format!("S_{}_", hand.number);
        let Some(name) = self.known(&mine) else { return tokio::task::yield_now().await };
        let path = format!("{}/{name}/reveal", self.place);
        if let Some(answer) = self.write(Method::POST, &path, &json!({"reason": "crash"})).await {
            let value = text(&answer.json(), "value_base64");
            assert!(["dmFsdWU=", "YW5vdGhlcg=="].contains(&value.as_str()), "{value}");
            self.kept.reveals.lock().unwrap().push(answer.request);
        }
    }

    /// A secret that surely exists and whose name begins like this.
    fn known(&self, start: &str) -> Option<String> {
        let versions = self.kept.versions.lock().unwrap();
        versions.keys().find(|name| name.starts_with(start)).cloned()
    }

    fn acknowledge(&self, name: &str, answer: &Value) {
        let version = answer["version"].as_u64().unwrap();
        self.kept.versions.lock().unwrap().entry(name.to_owned()).or_default().push(version);
    }

    async fn create_project(&self, hand: &mut Hand) {
        hand.projects += 1;
        let name = format!("p-{}-{}", hand.number, hand.projects);
        if self.write(Method::POST, "/v1/projects", &json!({ "name": name })).await.is_some() {
            self.kept.projects.lock().unwrap().push(name);
        }
    }

    async fn change_role(&self, hand: &mut Hand) {
        let role = ["viewer", "operator", "admin"][usize::try_from(hand.chance.below(3)).unwrap()];
        let user = &self.members[&hand.email];
        let path = format!("/v1/teams/{}/members/{user}", self.id);
        if self.write(Method::PATCH, &path, &json!({ "role": role })).await.is_some() {
            let mut roles = self.kept.roles.lock().unwrap();
            roles.entry(user.clone()).or_default().push(role.to_owned());
        }
    }

    /// Keeps every checkpoint it can see, and refreshes the session now and then, until it is
    /// stopped.
    pub async fn watch(self) {
        let mut round = 0;
        while !self.stopped() {
            let seen = self.call(Method::GET, "/v1/audit/checkpoint", None).await;
            if let Some(answer) = seen.ok().filter(|answer| answer.status == 200) {
                let note = text(&answer.json(), "checkpoint");
                let mut kept = self.kept.checkpoints.lock().unwrap();
                if kept.last() != Some(&note) {
                    kept.push(note);
                }
            }
            round += 1;
            if round % 100 == 0 {
                self.refreshes().await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

pub fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

fn find<'a>(list: &'a Value, key: &str, wanted: &str) -> &'a Value {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("no items in {list}"));
    items.iter().find(|item| item[key] == wanted).unwrap_or_else(|| panic!("no {wanted} in {list}"))
}
