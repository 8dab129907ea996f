//! `POST /v1/projects/{project}/environments/{environment}/local-use`

use axum::extract::State;
use domain::{ProgramName, Reason, VariableName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault::VaultError;
use vault::secrets::{LocalUseOf, UsedSecret, use_secrets_locally};

use crate::extract::{Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;
use crate::v1::environments::EnvironmentPath;

/// What is about to be started.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "program": "./manage.py" }))]
pub struct UseLocally {
    /// The program, as the person names it.
    #[schema(value_type = shapes::ProgramText)]
    pub program: ProgramName,
    /// Why, which the log keeps.
    #[schema(value_type = Option<shapes::ReasonText>)]
    pub reason: Option<Reason>,
}

/// The secrets of an environment.
#[derive(Serialize, ToSchema)]
pub struct LocalSecrets {
    /// Each with its value.
    #[schema(max_items = 256)]
    pub secrets: Vec<LocalSecret>,
}

/// One secret with its value.
#[derive(Serialize, ToSchema)]
pub struct LocalSecret {
    /// Its name.
    #[schema(value_type = shapes::VariableText)]
    pub name: VariableName,
    /// Which version it is.
    #[schema(minimum = 1)]
    pub version: u64,
    /// The value.
    #[schema(value_type = shapes::Base64Text)]
    pub value_base64: String,
}

/// Take an environment's secrets for a program on one's own machine
///
/// Needs a second factor given within five minutes; refused for production unless the workspace
/// allows it. One entry names each secret.
#[utoipa::path(
    post, path = "/v1/projects/{project}/environments/{environment}/local-use",
    operation_id = "secrets_use_locally", tag = "secrets",
    params(EnvironmentPath), security(("session" = []), ("key" = []))
)]
pub async fn use_locally(
    State(house): State<House>,
    member: Member,
    Path(at): Path<EnvironmentPath>,
    Json(body): Json<UseLocally>,
) -> Result<Reply<200, LocalSecrets>, Refused<VaultError>> {
    let Member { scope, factor_at } = member;
    let UseLocally { program, reason } = body.value;
    let (project, environment) = (at.project, at.environment);
    let wanted = LocalUseOf { project, environment, program, reason };
    let (store, broker) = (house.store(), house.broker());
    let used = use_secrets_locally(store, broker, &scope, factor_at, wanted).await?;
    let show = |secrets: Vec<UsedSecret>| LocalSecrets {
        secrets: secrets
            .into_iter()
            .map(|one| LocalSecret {
                name: one.name,
                version: one.version,
                value_base64: super::shown(&one.value),
            })
            .collect(),
    };
    Ok(house.answer(used, show).await)
}
