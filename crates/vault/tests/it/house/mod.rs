//! Two workspaces, `acme` and `rival`, each with an owner, an admin, an operator and a viewer, a
//! project that the operator and the viewer are in, and one that they are not in.

mod backends;
mod postgres;
mod team;
mod verbs;
mod wire;

pub(crate) use backends::{House, each_engine};
pub(crate) use team::{Team, logged};
pub(crate) use verbs::every_verb;
pub(crate) use wire::Wire;

use broker::Exposed;
use domain::{Name, Reason, VariableName};
use vault::secrets::{NewSecret, SecretPath, SecretValue, set_secret};

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn variable(text: &str) -> VariableName {
    VariableName::parse(text).unwrap()
}

pub(crate) fn why() -> Reason {
    Reason::parse("incident 7: comparing with the provider").unwrap()
}

pub(crate) fn value(text: &str) -> SecretValue {
    SecretValue::new(Exposed::from_text(text.to_owned())).unwrap()
}

/// Sets a secret as the team's owner, in the team's development environment.
pub(crate) async fn keep(house: &House, team: &Team, called: &str, text: &str) -> SecretPath {
    let path = team.path(called);
    let new = NewSecret { path: path.clone(), value: value(text) };
    set_secret(&house.store, &house.broker, &team.owner, new).await.unwrap();
    path
}
