//! The contract between this client and the API: every operation it uses, every field it sends and
//! reads, held against `openapi.json`.
//!
//! How: what we send must fit the schema of the request, with no unknown field. What we read is
//! parsed from two answers made from the schema of the response: one with the required fields
//! alone, one with all of them. So a field that the client needs and the server may leave out is
//! found here and not by a person.

mod log;
mod sealing;

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::client::operations as op;
use crate::client::operations::{ALL, Operation};
use crate::commands::{
    environments, factors, identities, invitations, keys, login, members, passkeys, password,
    projects, recovery, run, secrets, sessions, signup, sso, whoami, workspaces,
};
use crate::credentials::Issued;
use crate::names::{Named, Page, Person};
use crate::problem::Problem;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// The description of the API.
struct Api(Value);

/// How much of an answer is made: what must be there, or all there may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Required,
    Everything,
}

impl Api {
    fn load() -> Self {
        let text = std::fs::read_to_string(DOCUMENT).expect("openapi.json lies at the root");
        Self(serde_json::from_str(&text).unwrap())
    }

    fn operation(&self, operation: Operation) -> &Value {
        let method = operation.method.to_ascii_lowercase();
        let found = &self.0["paths"][operation.path][&method];
        assert!(!found.is_null(), "{} {} is not in the API", operation.method, operation.path);
        found
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => self.resolved(self.0.pointer(&name[1..]).unwrap()),
            None => schema,
        }
    }

    /// Every property of an object's schema, and the names of the required ones.
    fn properties(&self, schema: &Value) -> (Map<String, Value>, BTreeSet<String>) {
        let schema = self.resolved(schema);
        let mut properties = schema["properties"].as_object().cloned().unwrap_or_default();
        let names = schema["required"].as_array().cloned().unwrap_or_default();
        let mut required: BTreeSet<String> =
            names.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        for part in schema["allOf"].as_array().cloned().unwrap_or_default() {
            let (more, needed) = self.properties(&part);
            properties.extend(more);
            required.extend(needed);
        }
        (properties, required)
    }

    /// An answer that this schema allows.
    fn answer(&self, schema: &Value, fill: Fill) -> Value {
        let schema = self.resolved(schema);
        for key in ["oneOf", "anyOf"] {
            if let Some(choices) = schema[key].as_array() {
                let some = choices.iter().find(|choice| choice["type"] != "null").unwrap();
                return self.answer(some, fill);
            }
        }
        if let Some(value) = schema["enum"].as_array().and_then(|values| values.first()) {
            return value.clone();
        }
        if let Some(example) = schema["examples"].as_array().and_then(|list| list.first()) {
            return example.clone();
        }
        let is = |name: &str| {
            schema["type"] == name
                || schema["type"].as_array().is_some_and(|types| types.contains(&json!(name)))
        };
        if is("object") || schema.get("allOf").is_some() || schema.get("properties").is_some() {
            let (properties, required) = self.properties(schema);
            let wanted = |name: &String| fill == Fill::Everything || required.contains(name);
            let fields = properties.iter().filter(|(name, _)| wanted(name));
            return fields
                .map(|(name, schema)| (name.clone(), self.answer(schema, fill)))
                .collect();
        }
        if is("array") {
            return json!([self.answer(&schema["items"], fill)]);
        }
        match schema["example"].clone() {
            Value::Null if is("string") => json!("text"),
            Value::Null if is("boolean") => json!(true),
            Value::Null => json!(1),
            example => example,
        }
    }

    /// Whether a request holds what the schema needs, and nothing it does not know.
    fn fits(&self, value: &Value, schema: &Value, place: &str) {
        let schema = self.resolved(schema);
        if let Some(choices) = schema["oneOf"].as_array() {
            let some = choices.iter().find(|choice| choice["type"] != "null").unwrap();
            return self.fits(value, some, place);
        }
        if let Some(items) = value.as_array() {
            items.iter().for_each(|item| self.fits(item, &schema["items"], place));
        }
        let Some(fields) = value.as_object() else { return };
        let (properties, required) = self.properties(schema);
        for (name, field) in fields {
            let known = properties.get(name);
            let known = known.unwrap_or_else(|| panic!("{place}: {name} is not in the API"));
            self.fits(field, known, &format!("{place}.{name}"));
        }
        for name in required {
            assert!(fields.contains_key(&name), "{place}: {name} is required");
        }
    }
}

/// Walks through the operations, and remembers which were looked at.
struct Walk {
    api: Api,
    seen: Vec<Operation>,
}

impl Walk {
    /// We send this.
    fn sends(&mut self, operation: Operation, request: &impl Serialize) -> &mut Self {
        let place = format!("{} {}", operation.method, operation.path);
        let found = self.api.operation(operation);
        let schema = &found["requestBody"]["content"]["application/json"]["schema"];
        assert!(!schema.is_null(), "{place} takes no body");
        self.api.fits(&serde_json::to_value(request).unwrap(), schema, &place);
        self.seen.push(operation);
        self
    }

    /// We send no body and need none of the answer.
    fn asks(&mut self, operation: Operation) -> &mut Self {
        let found = self.api.operation(operation);
        let needed = found["requestBody"]["required"] == json!(true);
        assert!(!needed, "{} {} needs a body", operation.method, operation.path);
        self.seen.push(operation);
        self
    }

    /// We read the answer as this.
    fn reads<T: DeserializeOwned>(&mut self, operation: Operation) -> &mut Self {
        let place = format!("{} {}", operation.method, operation.path);
        let responses = self.api.operation(operation)["responses"].as_object().unwrap().clone();
        let (_, good) = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap();
        let schema = &good["content"]["application/json"]["schema"];
        assert!(!schema.is_null(), "{place} answers no JSON");
        for fill in [Fill::Required, Fill::Everything] {
            let answer = self.api.answer(schema, fill);
            if let Err(error) = serde_json::from_value::<T>(answer.clone()) {
                panic!("{place}: {error} in {answer}");
            }
        }
        self.seen.push(operation);
        self
    }

    /// We take the list as one piece, so it must be one.
    fn is_whole(&mut self, operation: Operation) -> &mut Self {
        let parameters = self.api.operation(operation)["parameters"].clone();
        let parameters = parameters.as_array().cloned().unwrap_or_default();
        let paged = parameters.iter().any(|parameter| parameter["name"] == "cursor");
        assert!(!paged, "{} has pages now", operation.path);
        self
    }

    /// We name these in the query.
    fn queries(&mut self, operation: Operation, names: &[&str]) -> &mut Self {
        let found = self.api.operation(operation);
        let known: Vec<&str> = found["parameters"]
            .as_array()
            .map(|list| list.iter().filter(|parameter| parameter["in"] == "query"))
            .map(|list| list.filter_map(|parameter| parameter["name"].as_str()).collect())
            .unwrap_or_default();
        for name in names {
            assert!(known.contains(name), "{}: {name} is not among {known:?}", operation.path);
        }
        self
    }
}

const PAGED: [&str; 2] = ["cursor", "limit"];

fn signing_in(walk: &mut Walk) {
    let email = "ada@example.com".parse().unwrap();
    let (code, password) = ("0000-0000", "correct horse battery");
    let link = ID.parse().unwrap();
    let factor = login::password::Factor::BackupCode { code };
    walk.sends(op::ENROL, &signup::EnrolRequest { link, code, email: &email, password })
        .reads::<signup::EnrolResponse>(op::ENROL)
        .sends(op::ENROL_CONFIRM, &signup::ConfirmRequest { totp_code: "123456" })
        .reads::<signup::ConfirmResponse>(op::ENROL_CONFIRM)
        .sends(
            op::SIGN_IN,
            &login::password::Request { email: &email, password, factor, workspace: None },
        )
        .reads::<Issued>(op::SIGN_IN)
        .sends(
            op::AUTHORIZATION_REDEEM,
            &login::browser::RedeemRequest { code, code_verifier: code },
        )
        .reads::<Issued>(op::AUTHORIZATION_REDEEM)
        .sends(
            op::DEVICE_GRANT,
            &login::device::Request { label: "a", version: "b", dpop_jkt: "c" },
        )
        .reads::<login::device::Response>(op::DEVICE_GRANT)
        .sends(op::DEVICE_GRANT_REDEEM, &login::device::RedeemRequest { device_code: code })
        .reads::<Issued>(op::DEVICE_GRANT_REDEEM)
        .sends(op::REFRESH, &crate::account::RefreshRequest { refresh_token: "x" })
        .reads::<Issued>(op::REFRESH)
        .sends(op::STEP_UP, &crate::account::StepUpRequest { code: "123456" })
        .reads::<Issued>(op::STEP_UP)
        .sends(op::ENTER_WORKSPACE, &login::EnterRequest { workspace: ID.parse().unwrap() })
        .reads::<Issued>(op::ENTER_WORKSPACE)
        .reads::<whoami::Response>(op::WHOAMI)
        .reads::<Page<sessions::list::Session>>(op::SESSIONS)
        .queries(op::SESSIONS, &PAGED)
        .asks(op::SESSION_REVOKE)
        .asks(op::SESSIONS_REVOKE_OTHERS)
        .reads::<Page<passkeys::list::Passkey>>(op::PASSKEYS)
        .queries(op::PASSKEYS, &PAGED)
        .asks(op::PASSKEY_REMOVE);
}

fn lost_and_changed(walk: &mut Walk) {
    use password::change::Others;
    use password::reset;
    let email = "ada@example.com".parse().unwrap();
    let (code, new_password) = ("0000-0000", "correct horse battery");
    let other_sessions = Others::Keep;
    let change =
        password::change::Request { old_password: new_password, new_password, other_sessions };
    let factor = login::password::Factor::Totp { code: "123456" };
    let totp_code = "123456";
    walk.sends(op::ACCOUNT_PASSWORD, &change)
        .reads::<password::change::Response>(op::ACCOUNT_PASSWORD)
        .reads::<Issued>(op::ACCOUNT_PASSWORD)
        .sends(op::ACCOUNT_BACKUP_CODES, &factors::backup_codes::Request { other_sessions })
        .reads::<factors::backup_codes::Response>(op::ACCOUNT_BACKUP_CODES)
        .reads::<signup::Authenticator>(op::ACCOUNT_TOTP)
        .sends(
            op::ACCOUNT_TOTP_CONFIRM,
            &factors::totp::ConfirmRequest { totp_code, other_sessions },
        )
        .reads::<Issued>(op::ACCOUNT_TOTP_CONFIRM)
        .reads::<recovery::list::Own>(op::ACCOUNT_RECOVERIES)
        .asks(op::RECOVERY_CANCEL)
        .sends(op::RESET, &reset::AskRequest { email: &email })
        .reads::<reset::Asked>(op::RESET)
        .sends(op::RESET_COMPLETE, &reset::CompleteRequest { code, factor, new_password });
    let workspace = ID.parse().unwrap();
    walk.sends(op::RECOVERY, &recovery::request::AskRequest { email: &email, workspace })
        .reads::<reset::Asked>(op::RECOVERY)
        .sends(op::RECOVERY_START, &recovery::complete::StartRequest { code, new_password })
        .reads::<signup::Authenticator>(op::RECOVERY_START)
        .sends(op::RECOVERY_COMPLETE, &recovery::complete::CompleteRequest { code, totp_code })
        .reads::<recovery::complete::Response>(op::RECOVERY_COMPLETE)
        .reads::<Page<recovery::list::Open>>(op::RECOVERIES)
        .queries(op::RECOVERIES, &PAGED)
        .reads::<recovery::approve::Response>(op::RECOVERY_APPROVE);
}

fn team(walk: &mut Walk) {
    let name = "shop".parse().unwrap();
    let email = "ada@example.com".parse().unwrap();
    let (to, role) = (ID.parse().unwrap(), domain::authz::Role::Viewer);
    let projects = vec![ID.parse().unwrap()];
    let overrides = vec![domain::authz::Override {
        act: domain::authz::Act::SecretReveal,
        effect: domain::authz::Effect::Deny,
        project: Some(ID.parse().unwrap()),
        expires_at_ms: Some(domain::TimeMs(1)),
    }];
    walk.reads::<Page<workspaces::list::Workspace>>(op::WORKSPACES)
        .reads::<Page<Named<domain::TenantId>>>(op::WORKSPACES)
        .is_whole(op::WORKSPACES)
        .sends(op::WORKSPACE_CREATE, &workspaces::create::Request { name: &name })
        .reads::<workspaces::create::Response>(op::WORKSPACE_CREATE)
        .reads::<workspaces::settings::Response>(op::WORKSPACE_GET)
        .sends(
            op::WORKSPACE_UPDATE,
            &workspaces::settings::Request {
                production_local_use: true,
                device_sign_in: Some(true),
            },
        )
        .reads::<workspaces::settings::Response>(op::WORKSPACE_UPDATE)
        .asks(op::WORKSPACE_DELETE)
        .sends(op::WORKSPACE_TRANSFER, &workspaces::transfer::Request { to })
        .reads::<Page<members::list::Member>>(op::MEMBERS)
        .reads::<Page<Person>>(op::MEMBERS)
        .queries(op::MEMBERS, &PAGED)
        .sends(op::MEMBER_INVITE, &members::invite::Request { email: &email, role, projects })
        .reads::<members::invite::Response>(op::MEMBER_INVITE)
        .sends(op::MEMBER_CHANGE, &members::role::Request { role })
        .sends(op::MEMBER_CHANGE, &members::overrides::Request { overrides })
        .asks(op::MEMBER_REMOVE)
        .reads::<Page<invitations::list::Invitation>>(op::INVITATIONS)
        .queries(op::INVITATIONS, &PAGED)
        .asks(op::INVITATION_REVOKE)
        .sends(op::INVITATION_ACCEPT, &invitations::accept::Request { code: "0000-0000" })
        .reads::<invitations::accept::Response>(op::INVITATION_ACCEPT);
}

fn secrets_and_projects(walk: &mut Walk) {
    let name = "shop".parse().unwrap();
    let variable = "TOKEN".parse().unwrap();
    let reason = "incident 7".parse().unwrap();
    let user = ID.parse().unwrap();
    let value_base64 = "dGVzdA==";
    walk.reads::<Page<projects::create::Project>>(op::PROJECTS)
        .reads::<Page<Named<domain::ProjectId>>>(op::PROJECTS)
        .queries(op::PROJECTS, &PAGED)
        .sends(op::PROJECT_CREATE, &projects::create::Request { name: &name })
        .reads::<projects::create::Project>(op::PROJECT_CREATE)
        .sends(op::PROJECT_INVITE, &projects::invite::Request { user })
        .asks(op::PROJECT_UNINVITE)
        .reads::<Page<environments::create::Environment>>(op::ENVIRONMENTS)
        .reads::<Page<Named<domain::EnvironmentId>>>(op::ENVIRONMENTS)
        .is_whole(op::ENVIRONMENTS)
        .sends(op::ENVIRONMENT_CREATE, &environments::create::Request { name: &name })
        .reads::<environments::create::Environment>(op::ENVIRONMENT_CREATE)
        .reads::<Page<secrets::list::Secret>>(op::SECRETS)
        .queries(op::SECRETS, &PAGED)
        .sends(op::SECRET_SET, &secrets::set::Request { name: &variable, value_base64 })
        .reads::<secrets::set::Sealed>(op::SECRET_SET)
        .sends(op::SECRET_ROTATE, &secrets::rotate::Request { value_base64 })
        .reads::<secrets::set::Sealed>(op::SECRET_ROTATE)
        .asks(op::SECRET_DELETE)
        .sends(op::SECRET_REVEAL, &secrets::reveal::Request { reason: &reason })
        .reads::<secrets::reveal::Response>(op::SECRET_REVEAL)
        .sends(
            op::LOCAL_USE,
            &run::Request { program: "sh".parse().unwrap(), reason: Some(&reason) },
        )
        .reads::<run::Response>(op::LOCAL_USE);
}

fn single_sign_on(walk: &mut Walk) {
    let (name, issuer) = ("acme".parse().unwrap(), "https://login.acme.example".parse().unwrap());
    let (client_id, client_secret) = ("casemate", "a secret");
    let request =
        sso::providers::Request { name: &name, issuer: &issuer, client_id, client_secret };
    let domain = "acme.example".parse().unwrap();
    let (issuer, subject) = ("https://github.com", "583231");
    walk.reads::<Page<identities::Identity>>(op::IDENTITIES)
        .is_whole(op::IDENTITIES)
        .sends(op::IDENTITY_UNLINK, &identities::Request { issuer, subject })
        .reads::<sso::policy::Response>(op::SIGN_IN_POLICY)
        .sends(op::SIGN_IN_POLICY_SET, &domain::sign_in::SignInPolicy::default())
        .reads::<sso::policy::Response>(op::SIGN_IN_POLICY_SET)
        .reads::<Page<sso::providers::Provider>>(op::PROVIDERS)
        .is_whole(op::PROVIDERS)
        .sends(op::PROVIDER_ADD, &request)
        .reads::<sso::providers::Provider>(op::PROVIDER_ADD)
        .sends(op::PROVIDER_CHANGE, &request)
        .reads::<sso::providers::Provider>(op::PROVIDER_CHANGE)
        .asks(op::PROVIDER_REMOVE)
        .reads::<Page<sso::domains::Domain>>(op::DOMAINS)
        .is_whole(op::DOMAINS)
        .sends(op::DOMAIN_CLAIM, &sso::domains::Request { domain: &domain })
        .reads::<sso::domains::Domain>(op::DOMAIN_CLAIM)
        .reads::<sso::domains::Domain>(op::DOMAIN_PROVE)
        .asks(op::DOMAIN_REMOVE);
}

fn keys(walk: &mut Walk) {
    let name = "deploy".parse().unwrap();
    let scopes = [domain::authz::Act::SecretList];
    let expires_at_ms = Some(domain::TimeMs(1));
    walk.reads::<Page<keys::list::Key>>(op::KEYS)
        .queries(op::KEYS, &PAGED)
        .sends(
            op::KEY_CREATE,
            &keys::create::Request {
                name: &name,
                scopes: &scopes,
                expires_at_ms,
                networks: &["10.0.0.0/8".parse().unwrap()],
            },
        )
        .reads::<keys::create::Response>(op::KEY_CREATE)
        .sends(op::KEY_ROTATE, &keys::rotate::Request { overlap_ms: Some(1) })
        .reads::<keys::create::Response>(op::KEY_ROTATE)
        .sends(op::KEY_REPORT, &keys::report::Request { key: "cm_live_example" })
        .asks(op::KEY_REVOKE)
        .asks(op::SESSIONS_REVOKE_ALL);
}

#[test]
fn everything_sent_and_read_is_in_the_api() {
    let mut walk = Walk { api: Api::load(), seen: Vec::new() };
    let parts = [
        signing_in,
        lost_and_changed,
        team,
        single_sign_on,
        sealing::sealing,
        secrets_and_projects,
        keys,
        log::streams,
        log::log,
    ];
    for part in parts {
        part(&mut walk);
    }
    for operation in ALL {
        let looked_at = walk.seen.contains(operation);
        assert!(looked_at, "{} {} was not looked at", operation.method, operation.path);
    }
}

#[test]
fn a_call_is_repeated_under_a_key_only_where_the_api_knows_the_key() {
    let api = Api::load();
    for operation in ALL {
        let parameters = api.operation(*operation)["parameters"].clone();
        let headers = parameters.as_array().cloned().unwrap_or_default();
        let known = headers.iter().any(|parameter| {
            parameter["in"] == "header"
                && parameter["name"]
                    .as_str()
                    .is_some_and(|it| it.eq_ignore_ascii_case("idempotency-key"))
        });
        let keyed = operation.repeat == op::Repeat::Keyed;
        assert_eq!(keyed, known, "{} {}", operation.method, operation.path);
    }
}

#[test]
fn every_problem_code_has_an_advice_of_its_own() {
    let api = Api::load();
    let mut codes = BTreeSet::new();
    for operation in ALL {
        for response in api.operation(*operation)["responses"].as_object().unwrap().values() {
            let listed = response["x-casemate-codes"].as_array().cloned().unwrap_or_default();
            codes.extend(listed.iter().map(|code| code.as_str().unwrap().to_owned()));
        }
    }
    assert!(codes.len() > 20, "{codes:?}");
    for code in codes {
        assert!(crate::problem::is_known(&code), "{code} has no advice");
    }
}

#[test]
fn every_problem_is_read_whole() {
    let api = Api::load();
    let schema = &api.0["components"]["schemas"]["Problem"];
    let problem: Problem = serde_json::from_value(api.answer(schema, Fill::Everything)).unwrap();
    assert!(!problem.code.is_empty() && problem.request_id.is_some() && problem.detail.is_some());
    assert!(problem.errors.iter().all(|error| !error.field.is_empty() && !error.detail.is_empty()));
    let required = api.answer(schema, Fill::Required);
    assert!(serde_json::from_value::<Problem>(required).is_ok());
}
