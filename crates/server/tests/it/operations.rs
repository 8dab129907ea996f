//! Every operation of the document as a request that would succeed for whoever may make it, in one
//! workspace.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::document::document;
use crate::house::{House, Person, Team, code_of};

/// One operation of the document.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    /// With names in braces.
    pub(crate) path: String,
    pub(crate) has_body: bool,
    /// Whether it wants a credential.
    pub(crate) guarded: bool,
    example: Value,
    pub(crate) query: Vec<(String, String)>,
}

/// A reset that nobody asked for: the template has none, for its code is in a letter.
const NO_RESET: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Every operation of the document, by id.
pub(crate) fn all() -> BTreeMap<String, Operation> {
    let document = document();
    let mut all = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            let id = described["operationId"].as_str().unwrap().to_owned();
            let schema = &described["requestBody"]["content"]["application/json"]["schema"];
            let name = schema["$ref"].as_str().and_then(|text| text.rsplit('/').next());
            let example = name.map_or(Value::Null, |name| {
                document["components"]["schemas"][name]["example"].clone()
            });
            let parameters = described["parameters"].as_array().into_iter().flatten();
            let required = parameters.filter(|one| one["in"] == "query" && one["required"] == true);
            let query = required.map(|one| {
                let name = one["name"].as_str().unwrap().to_owned();
                (name, one["example"].to_string())
            });
            let operation = Operation {
                id: id.clone(),
                method: method.to_ascii_uppercase(),
                path: path.clone(),
                has_body: name.is_some(),
                guarded: described["security"].as_array().is_some_and(|list| !list.is_empty()),
                example,
                query: query.collect(),
            };
            all.insert(id, operation);
        }
    }
    all
}

impl Operation {
    /// What each name in the path stands for, in this workspace.
    pub(crate) fn places(&self, house: &House, team: &Team) -> BTreeMap<&'static str, String> {
        let target = match self.id.as_str() {
            "project_members_remove" => &team.viewer,
            _ => &team.operator,
        };
        let invitation = match self.id.as_str() {
            "invitations_accept" => &team.for_neighbour,
            _ => &team.invitation,
        };
        let stream = match self.id.as_str() {
            "audit_streams_resume" => &team.paused_stream,
            _ => &team.stream,
        };
        BTreeMap::from([
            ("stream", stream.clone()),
            ("team", team.id.clone()),
            ("workspace", team.id.clone()),
            ("user", target.user.clone()),
            ("invitation", invitation.id.clone()),
            ("project", team.project.clone()),
            ("environment", team.development.clone()),
            ("name", team.secret.clone()),
            ("key", team.spare_key.clone()),
            ("passkey", team.passkey.clone()),
            ("provider", team.provider.clone()),
            ("domain", team.domain.clone()),
            ("hold", team.hold.clone()),
            ("transaction", "01890a5d-ac96-774b-bcce-b302099a8057".to_owned()),
            ("session", team.owner.session.clone()),
            ("enrolment", house.template.enrolment.0.clone()),
            ("recovery", team.recovery.clone()),
            ("reset", NO_RESET.to_owned()),
            // Nobody waits under this id.
            ("grant", team.project.clone()),
            // Nobody broke any.
            ("glass", team.project.clone()),
            ("index", "0".to_owned()),
        ])
    }

    /// The path and query, with these places.
    pub(crate) fn target(&self, places: &BTreeMap<&'static str, String>) -> String {
        let mut target = self.path.clone();
        for (name, value) in places {
            target = target.replace(&format!("{{{name}}}"), value);
        }
        assert!(!target.contains('{'), "{target}: a name in the path has no value in the tests");
        let query: Vec<String> =
            self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if query.is_empty() { target } else { format!("{target}?{}", query.join("&")) }
    }

    /// The body: the document's own example, where it names nothing of a workspace.
    pub(crate) fn body(&self, house: &House, team: &Team, asker: &Person) -> Option<Value> {
        let now_ms = house.template.now_ms;
        let body = match self.id.as_str() {
            "enrolments_create" => {
                let email = team.invitation_email();
                let link = &team.invitation;
                let password = crate::house::PASSWORD;
                json!({ "link": link.id, "code": link.code, "email": email, "password": password })
            }
            "enrolments_confirm" => {
                json!({ "totp_code": code_of(&house.template.enrolment.1, now_ms) })
            }
            "sessions_create" => team.guest.sign_in(now_ms),
            "sessions_refresh" => json!({ "refresh_token": team.guest.refresh }),
            "sessions_step_up" => json!({ "code": code_of(&asker.seed, now_ms) }),
            "sessions_enter_workspace" => json!({ "workspace": team.id }),
            "invitations_accept" => json!({ "code": team.for_neighbour.code }),
            "members_transfer" => json!({ "to": team.admin.user }),
            "project_members_add" => json!({ "user": team.guest.user }),
            "account_password" => {
                let (old, new) = (crate::house::PASSWORD, "granite umbrella tin");
                json!({ "old_password": old, "new_password": new })
            }
            "password_resets_complete" => {
                let factor = json!({ "kind": "totp", "code": code_of(&asker.seed, now_ms) });
                let (code, new) = (&team.for_neighbour.code, "granite umbrella tin");
                json!({ "code": code, "factor": factor, "new_password": new })
            }
            "recoveries_start" => {
                let (code, new) = (&team.for_neighbour.code, "granite umbrella tin");
                json!({ "code": code, "new_password": new })
            }
            "recoveries_complete" => {
                let totp_code = code_of(&asker.seed, now_ms);
                json!({ "code": team.for_neighbour.code, "totp_code": totp_code })
            }
            "recoveries_create" => json!({ "email": team.guest.email, "workspace": team.id }),
            _ => self.example.clone(),
        };
        self.has_body.then_some(body)
    }
}
