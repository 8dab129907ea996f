//! `POST /v1/account/totp`

use axum::extract::State;
use identity::account::{self, ChangeError, NewAuthenticator};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Account;
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// A new authenticator that waits for its first code.
#[derive(Serialize, ToSchema)]
pub struct WaitingAuthenticator {
    /// For the authenticator, shown once.
    #[schema(example = "otpauth://totp/Casemate:ada%40example.com?secret=JBSWY3DPEHPK3PXP")]
    pub totp_uri: String,
    /// The same seed, for typing by hand.
    #[schema(example = "JBSWY3DPEHPK3PXP")]
    pub totp_secret: String,
}

impl From<NewAuthenticator> for WaitingAuthenticator {
    fn from(new: NewAuthenticator) -> Self {
        Self {
            totp_uri: new.totp_uri.show().to_owned(),
            totp_secret: new.totp_secret.show().to_owned(),
        }
    }
}

/// Begin to replace one's own authenticator
///
/// Needs a second factor given within five minutes. The old one works until the new one's first
/// code was right, within fifteen minutes.
#[utoipa::path(
    post, path = "/v1/account/totp", operation_id = "account_totp_start", tag = "account",
    security(("session" = []))
)]
pub async fn start(
    State(house): State<House>,
    account: Account,
) -> Result<Reply<200, WaitingAuthenticator>, Refused<ChangeError>> {
    let waiting = account::start_totp(house.identity(), &account.scope).await?;
    Ok(Reply::new(waiting.into()))
}
