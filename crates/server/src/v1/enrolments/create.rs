//! `POST /v1/enrolments`

use axum::extract::State;
use domain::{EmailAddress, EnrolmentId, InvitationId};
use identity::enrolments::{StartEnrolment, StartEnrolmentError, Started, start};
use identity::passwords::Password;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::Json;
use crate::house::{Client, House};
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes::{self, SecretText};

/// What a newcomer presents.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "link": "01890a5d-ac96-774b-bcce-b302099a8057", "code": "0000-0000-0000-0000-0000",
    "email": "ada@example.com", "password": "correct horse battery staple"
}))]
pub struct CreateEnrolment {
    /// The id in the link.
    #[schema(value_type = shapes::IdText)]
    pub link: InvitationId,
    /// The code told apart from it.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    pub code: SecretText,
    /// The newcomer's address; for an invitation, the one it was sent to.
    #[schema(value_type = shapes::EmailText)]
    pub email: EmailAddress,
    /// The password they want.
    #[schema(value_type = shapes::PasswordText)]
    pub password: SecretText,
}

/// An enrolment that waits for the first code of the authenticator.
#[derive(Serialize, ToSchema)]
pub struct NewEnrolment {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub enrolment_id: EnrolmentId,
    /// For the authenticator, shown once.
    #[schema(example = "otpauth://totp/Casemate:ada%40example.com?secret=JBSWY3DPEHPK3PXP")]
    pub totp_uri: String,
    /// The same seed, for typing by hand.
    #[schema(example = "JBSWY3DPEHPK3PXP")]
    pub totp_secret: String,
}

/// Start an enrolment
///
/// There is no account yet: it exists from the moment its first code was right, within fifteen
/// minutes.
#[utoipa::path(
    post,
    path = "/v1/enrolments",
    operation_id = "enrolments_create",
    tag = "enrolments"
)]
pub async fn create(
    State(house): State<House>,
    client: Client,
    Json(body): Json<CreateEnrolment>,
) -> Result<Reply<201, NewEnrolment>, Refused<StartEnrolmentError>> {
    let CreateEnrolment { link, code, email, password } = body.value;
    let code = super::typed_code(&code).map_err(Refused::because)?;
    let password = Password::typed(password.into_text())
        .map_err(|error| Refused::because(Problem::invalid("password", error)))?;
    let presented = StartEnrolment { link, code, email, password };
    let started = start(house.identity(), client.origin, presented).await?;
    let show = |started: Started| NewEnrolment {
        enrolment_id: started.enrolment,
        totp_uri: started.totp_uri.show().to_owned(),
        totp_secret: started.totp_secret.show().to_owned(),
    };
    Ok(house.answer(started, show).await)
}
