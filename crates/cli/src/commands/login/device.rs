//! Signing in without a browser here: a code is typed where there is one (RFC 8628).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::machine;
use crate::client::{Call, Credential, HolderKey, operations as op};
use crate::commands::Context;
use crate::commands::first_contact::Contact;
use crate::credentials::Issued;
use crate::failure::Failure;
use crate::hidden::Hidden;

/// Longest wait between two questions, whatever the server says.
const INTERVAL_S_MAX: u64 = 120;
/// What a wait grows by when the server says "slower" without a number (RFC 8628 section 3.5).
const SLOWER_S: u64 = 5;

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) label: &'a str,
    pub(crate) version: &'a str,
    pub(crate) dpop_jkt: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct Response {
    pub(crate) device_code: Hidden,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) interval: u64,
}

#[derive(Serialize)]
pub(crate) struct RedeemRequest<'a> {
    pub(crate) device_code: &'a str,
}

/// Shows a code, and waits until somebody let this machine in.
///
/// Errors: they did not, or not in time.
pub(super) async fn tokens(
    context: &Context,
    contact: &Contact,
    key: &HolderKey,
) -> Result<Issued, Failure> {
    let (label, version, dpop_jkt) = (machine::name(), machine::VERSION, key.thumbprint()?);
    let request = Request { label: &label, version, dpop_jkt: &dpop_jkt };
    let call = Call::new(op::DEVICE_GRANT, &[]).body(&request)?;
    let granted: Response = contact.transport.call(&call, None).await?.json()?;
    context.output.note(&format!(
        "Open {} in a browser, sign in, and type this code:\n\n  {}\n\n\
         It shows who asks: this machine is {label}. Let it in only if it is.",
        granted.verification_uri, granted.user_code
    ));
    let request = RedeemRequest { device_code: &granted.device_code };
    let call = contact.sign_in_call(context, op::DEVICE_GRANT_REDEEM, &request)?;
    let mut wait_s = granted.interval.clamp(1, INTERVAL_S_MAX);
    loop {
        tokio::time::sleep(Duration::from_secs(wait_s)).await;
        match contact.transport.call(&call, Some(Credential::Key(key))).await {
            Ok(answer) => return Ok(answer.json()?),
            Err(Failure::Answer(problem)) if problem.is("authorization_pending") => {}
            Err(Failure::Answer(problem)) if problem.is("slow_down") => {
                let longer = problem.retry_after_s.unwrap_or(wait_s + SLOWER_S);
                wait_s = longer.max(wait_s).min(INTERVAL_S_MAX);
            }
            Err(failure) => return Err(failure),
        }
    }
}
