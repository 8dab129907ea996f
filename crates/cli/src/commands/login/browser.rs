//! Signing in with the browser of this machine: it comes back to a port of ours with a code (RFC
//! 8252, RFC 7636).
//!
//! Always true: the listener is on 127.0.0.1 alone, and believes only an answer that knows our
//! state; the code is worth nothing without our verifier and our key.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use super::callback::Listener;
use super::machine;
use crate::client::{Credential, HolderKey, hashed, operations as op, random_text};
use crate::commands::Context;
use crate::commands::first_contact::Contact;
use crate::credentials::Issued;
use crate::failure::Failure;
use crate::hidden::Hidden;

/// How long somebody has to sign in in the browser.
const ANSWER_WAIT: Duration = Duration::from_secs(10 * 60);

#[derive(Serialize)]
pub(crate) struct RedeemRequest<'a> {
    pub(crate) code: &'a str,
    pub(crate) code_verifier: &'a str,
}

/// Opens the browser, and waits until somebody let this machine in there.
///
/// Errors: they did not, or not in time; nothing can listen here.
pub(super) async fn tokens(
    context: &Context,
    contact: &Contact,
    key: &HolderKey,
) -> Result<Issued, Failure> {
    let (verifier, state) = (Zeroizing::new(random_text()), random_text());
    let listener = Listener::open(state.clone()).await?;
    let mut url = contact.transport.server().join("authorize").map_err(|_| no_page())?;
    url.query_pairs_mut()
        .append_pair("label", &format!("{}, {}", machine::name(), machine::VERSION))
        .append_pair("code_challenge", &hashed(&verifier))
        .append_pair("redirect_port", &listener.port().to_string())
        .append_pair("state", &state)
        .append_pair("dpop_jkt", &key.thumbprint()?);
    context.output.note(&format!("Sign in in your browser:\n  {url}"));
    open(&url, context);
    let code: Hidden = tokio::time::timeout(ANSWER_WAIT, listener.code())
        .await
        .map_err(|_| Failure::input("nobody signed in in the browser", ADVICE))??;
    let request = RedeemRequest { code: &code, code_verifier: &verifier };
    let call = contact.sign_in_call(context, op::AUTHORIZATION_REDEEM, &request)?;
    Ok(contact.transport.call(&call, Some(Credential::Key(key))).await?.json()?)
}

/// What else there is.
pub(super) const ADVICE: &str =
    "Try again; `casemate login --device` and `--password` need no browser here.";

pub(crate) fn no_page() -> Failure {
    Failure::input("the server has no page to sign in on", ADVICE)
}

/// Starts the browser with the address as its one argument; no shell reads it. When that fails, the
/// person has the address.
pub(crate) fn open(url: &Url, context: &Context) {
    let started = Command::new("xdg-open")
        .arg(url.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if started.is_err() {
        context.output.note("No browser could be opened: open the address yourself.");
    }
}
