//! Somebody with a password and an authenticator, who joined through the API.

use axum::Router;
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder};

use super::{Answer, request, sent};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "engraved lamppost umbrella";

/// Somebody, with the tokens of a session.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user: String,
    pub(crate) email: String,
    pub(crate) seed: Vec<u8>,
    pub(crate) backup_codes: Vec<String>,
    pub(crate) session: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// Asks the template's router, and wants a success.
pub(crate) async fn ask(
    router: &Router,
    method: &str,
    path: &str,
    credential: Option<&str>,
    body: Option<Value>,
) -> Answer {
    sent(router, request(method, path, credential, body.as_ref())).await.ok()
}

/// A link and the code told apart from it.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) code: String,
}

impl Person {
    /// Enrols by a link.
    pub(crate) async fn enrol(router: &Router, email: &str, link: &Link, now_ms: i64) -> Self {
        let (enrolment, seed) = begin(router, email, link).await;
        let path = format!("/v1/enrolments/{enrolment}/confirm");
        let body = json!({ "totp_code": code_of(&seed, now_ms) });
        let answer = ask(router, "POST", &path, None, Some(body)).await;
        let codes = answer.json["backup_codes"].as_array().unwrap();
        Self {
            user: answer.text_at("user").to_owned(),
            email: email.to_owned(),
            seed,
            backup_codes: codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect(),
            session: answer.text_at("session_id").to_owned(),
            access: answer.text_at("access_token").to_owned(),
            refresh: answer.text_at("refresh_token").to_owned(),
        }
    }

    /// Enters a workspace, and keeps the tokens that are bound to it.
    pub(crate) async fn enter(&mut self, router: &Router, workspace: &str) {
        let body = json!({ "workspace": workspace });
        let path = "/v1/sessions/current/workspace";
        let answer = ask(router, "POST", path, Some(&self.access), Some(body)).await;
        self.access = answer.text_at("access_token").to_owned();
        self.refresh = answer.text_at("refresh_token").to_owned();
    }

    /// Takes the session's next tokens.
    pub(crate) async fn renew(&mut self, router: &Router) {
        let body = json!({ "refresh_token": self.refresh });
        let answer = ask(router, "POST", "/v1/sessions/refresh", None, Some(body)).await;
        self.access = answer.text_at("access_token").to_owned();
        self.refresh = answer.text_at("refresh_token").to_owned();
    }

    /// Invites somebody into a team.
    pub(crate) async fn invites(
        &self,
        router: &Router,
        team: &str,
        email: &str,
        role: &str,
        projects: &[&str],
    ) -> Link {
        let path = format!("/v1/teams/{team}/members");
        let body = json!({ "email": email, "role": role, "projects": projects });
        let answer = ask(router, "POST", &path, Some(&self.access), Some(body)).await;
        Link { id: answer.text_at("id").to_owned(), code: answer.text_at("code").to_owned() }
    }

    /// What this person signs in with at this moment.
    pub(crate) fn sign_in(&self, now_ms: i64) -> Value {
        let factor = json!({ "kind": "totp", "code": code_of(&self.seed, now_ms) });
        json!({ "email": self.email, "password": PASSWORD, "factor": factor })
    }
}

/// Starts an enrolment: its id and the seed of the authenticator.
pub(crate) async fn begin(router: &Router, email: &str, link: &Link) -> (String, Vec<u8>) {
    let body = json!({ "link": link.id, "code": link.code, "email": email, "password": PASSWORD });
    let answer = ask(router, "POST", "/v1/enrolments", None, Some(body)).await;
    let seed = BASE32_NOPAD.decode(answer.text_at("totp_secret").as_bytes()).unwrap();
    (answer.text_at("enrolment_id").to_owned(), seed)
}

/// What an authenticator with this seed shows: computed apart from the broker.
pub(crate) fn code_of(seed: &[u8], now_ms: i64) -> String {
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(0)
        .with_step_duration(30)
        .with_secret(seed.to_vec())
        .with_account_name("test")
        .build()
        .unwrap();
    totp.generate(u64::try_from(now_ms / 1_000).unwrap()).to_string()
}
