//! `POST /v1/account/backup_codes`

use axum::extract::State;
use domain::SessionId;
use identity::account::{self, ChangeError, NewBackupCodes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Others;
use crate::extract::idempotency::ShownOnce;
use crate::extract::{Account, IdempotencyHeader, Idempotent, Json};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;
use crate::v1::sessions::Tokens;

/// What happens with the codes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "other_sessions": "keep" }))]
pub struct ReplaceBackupCodes {
    /// What happens to the other sessions; they go on, when absent.
    #[serde(default)]
    #[schema(nullable = false)]
    pub other_sessions: Option<Others>,
}

/// New backup codes.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ReplacedBackupCodes {
    /// Ten codes that each stand in for the authenticator once. Shown once: absent when this answer
    /// is a repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_codes: Option<Vec<String>>,
    /// The session's new tokens: absent when this answer is a repetition. Those of before open
    /// nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// The sessions that ended with it.
    #[schema(value_type = Vec<shapes::IdText>)]
    pub ended_sessions: Vec<SessionId>,
}

impl ShownOnce for ReplacedBackupCodes {
    fn forget(&mut self) {
        self.backup_codes = None;
        self.tokens = None;
    }
}

/// Replace one's own backup codes
///
/// Needs a second factor given within five minutes. The codes of before open nothing any more.
#[utoipa::path(
    post, path = "/v1/account/backup_codes", operation_id = "account_backup_codes",
    tag = "account", params(IdempotencyHeader), security(("session" = []))
)]
pub async fn backup_codes(
    State(house): State<House>,
    account: Account,
    idempotent: Idempotent,
    Json(body): Json<ReplaceBackupCodes>,
) -> Result<Reply<201, ReplacedBackupCodes>, Refused<ChangeError>> {
    let who = account.repeats();
    let others = body.value.other_sessions.unwrap_or_default().into();
    let work = {
        let house = house.clone();
        async move {
            let (identity, scope) = (house.identity(), &account.scope);
            let made = account::replace_backup_codes(identity, scope, others).await?;
            let show = |NewBackupCodes { codes, changed }| ReplacedBackupCodes {
                backup_codes: Some(codes.iter().map(|code| code.show().to_owned()).collect()),
                tokens: Some(changed.tokens.into()),
                ended_sessions: changed.ended,
            };
            Ok(house.made(made, show).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}
