//! `POST /v1/sso/transactions/{transaction}/redeem`

use axum::extract::State;
use domain::InvitationId;
use identity::sso::{Redemption, SsoError, Ticket};
use serde::Deserialize;
use utoipa::ToSchema;

use super::TransactionPath;
use crate::extract::{Json, NewHolder, Path, SsoCookie};
use crate::house::{Client, House};
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes::{self, SecretText};
use crate::v1::enrolments::typed_code;
use crate::v1::sessions::{DeviceHeader, Tokens, TypedFactor};

/// The person's own second factor, where the provider's word does not count as one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "factor": { "kind": "totp", "code": "123456" } }))]
pub struct RedeemSsoTransaction {
    /// The second factor.
    pub factor: Option<TypedFactor>,
    /// An invitation into a workspace that the person is not in yet. Without an account they get
    /// one, where the workspace counts the provider's word as two factors.
    pub invitation: Option<HeldInvitation>,
}

/// An invitation as somebody holds it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldInvitation {
    /// The id in the link.
    #[schema(value_type = shapes::IdText)]
    pub link: InvitationId,
    /// As it was told, apart from the link.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    pub code: SecretText,
}

impl HeldInvitation {
    fn read(self) -> Result<Ticket, Problem> {
        Ok(Ticket { link: self.link, code: typed_code(&self.code)? })
    }
}

/// Sign in with what the provider said
///
/// `factor.needed` asks for the person's own second factor; the transaction waits for it.
#[utoipa::path(
    post,
    path = "/v1/sso/transactions/{transaction}/redeem",
    operation_id = "sso_redeem",
    tag = "sessions",
    params(TransactionPath, DeviceHeader)
)]
pub async fn redeem(
    State(house): State<House>,
    client: Client,
    NewHolder(holder): NewHolder,
    Path(at): Path<TransactionPath>,
    cookie: SsoCookie,
    Json(body): Json<RedeemSsoTransaction>,
) -> Result<Reply<201, Tokens>, Refused<SsoError>> {
    let RedeemSsoTransaction { factor, invitation } = body.value;
    let factor = factor.map(TypedFactor::read).transpose().map_err(Refused::because)?;
    let invitation = invitation.map(HeldInvitation::read).transpose().map_err(Refused::because)?;
    let (identity, origin) = (house.identity(), client.origin);
    let presented =
        Redemption { id: at.transaction, cookie: &cookie.0, factor, holder, invitation };
    let begun = identity::sso::redeem(identity, origin, presented).await?;
    Ok(house.answer(begun, Tokens::from).await)
}
