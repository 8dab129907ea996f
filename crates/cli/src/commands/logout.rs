//! `logout`: ends this session on the server, then forgets it here.

use serde_json::json;

use super::Context;
use crate::client::{Call, operations as op};
use crate::credentials::CredentialsError;
use crate::failure::Failure;

/// Sign out
#[derive(Debug, clap::Args)]
pub struct Logout {
    /// End all your other sessions too
    #[arg(long)]
    all: bool,
}

/// Signs out. A session that has already ended is forgotten without complaint; one that could not
/// be ended is kept, so that the person knows it still lives.
///
/// Errors: nobody is signed in; the server cannot be reached.
pub(crate) async fn run(arguments: &Logout, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let own = account.session().session_id;
    let ended = async {
        if arguments.all {
            account.call(&Call::new(op::SESSIONS_REVOKE_OTHERS, &[])).await?;
        }
        account.call(&Call::new(op::SESSION_REVOKE, &[&own])).await
    }
    .await;
    match ended {
        Ok(_) | Err(Failure::Credentials(CredentialsError::Revoked)) => {}
        Err(Failure::Answer(problem)) if problem.status == 401 => {}
        Err(failure) => return Err(failure),
    }
    account.forget()?;
    let value = json!({ "signed_out": own, "all": arguments.all });
    context.output.result(&value, |_| "Signed out.".to_owned())
}
