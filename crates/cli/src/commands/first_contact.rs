//! The first contact with a server: which one, and what makes it the right one.
//!
//! Always true
//! 1. A flag decides without a question; a pin decides without a flag; only then is the person
//!    asked.
//! 2. The question shows the fingerprint that `casemate up` printed, and no is the default.
//! 3. Nothing but a handshake was sent when it is asked.

use serde::Serialize;
use url::Url;

use super::Context;
use crate::client::{Call, HolderKey, Operation, Transport, Trust, operations as op};
use crate::config;
use crate::credentials::{Credentials, Issued, Pins, Session};
use crate::failure::Failure;
use crate::prompt::{Prompt, Stdin};

/// Where a server on this machine listens when nobody said otherwise.
const SERVER_DEFAULT: &str = "https://127.0.0.1:8443";

/// What to do with the pins of an earlier sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// They hold.
    Holds,
    /// They are forgotten: the operator announced another certificate or log key.
    Forgotten,
}

/// A server that is trusted, and by what.
pub(crate) struct Contact {
    pub(crate) transport: Transport,
    trust: Trust,
    /// The log key pinned earlier.
    log_key: Option<String>,
}

#[derive(serde::Deserialize)]
pub(crate) struct LogKey {
    pub(crate) key: String,
}

/// A connection to the server meant: `--server`, the one in `link`, the one of this profile, else
/// the default.
///
/// Errors: it cannot be reached; it is not trusted, or nobody can say whether it is.
pub(crate) async fn meet(
    context: &Context,
    link: Option<Url>,
    earlier: Earlier,
) -> Result<Contact, Failure> {
    let pins = Credentials::of(&context.settings).pins()?;
    let server = match (&context.server, link, &pins) {
        (Some(server), _, _) => server.clone(),
        (None, Some(server), _) => server,
        (None, None, Some(pins)) => pins.server.clone(),
        (None, None, None) => SERVER_DEFAULT
            .parse()
            .map_err(|_| Failure::input("no server is known", "Give --server URL."))?,
    };
    let pins = pins.filter(|pins| pins.server == server && earlier == Earlier::Holds);
    let trust = match (&context.fingerprint, &context.ca, &pins) {
        (Some(fingerprint), _, _) => Trust::Pinned(*fingerprint),
        (None, Some(file), _) => Trust::Authority(config::absolute(file)?),
        (None, None, Some(pins)) => pins.trust.clone(),
        (None, None, None) => asked(&server).await?,
    };
    let transport = Transport::new(&server, Some(&trust))?;
    let log_key = pins.and_then(|pins| pins.log_key);
    Ok(Contact { transport, trust, log_key })
}

/// Asks the person whether the certificate is the one that `up` printed.
async fn asked(server: &Url) -> Result<Trust, Failure> {
    let shown = Transport::new(server, None)?.look().await?;
    let question = format!(
        "First contact with {server}\n  its certificate is {shown}\n\
         Is this the fingerprint that `casemate up` printed?"
    );
    if Prompt::new(Stdin::Taken).confirm(&question, "--fingerprint")? {
        return Ok(Trust::Pinned(shown));
    }
    let server = server.to_string();
    Err(crate::client::TransportError::Untrusted { server, shown }.into())
}

impl Contact {
    /// A call that begins a session, with the name this device has at the server, if it has one.
    ///
    /// Errors: the body cannot be written as JSON, which no shape of this client does.
    pub(crate) fn sign_in_call<T: Serialize>(
        &self,
        context: &Context,
        operation: Operation,
        body: &T,
    ) -> Result<Call, Failure> {
        let call = Call::new(operation, &[]).body(body)?;
        let known = Credentials::of(&context.settings).device(self.transport.server());
        Ok(match known {
            Some(device) => call.header("casemate-device", &device)?,
            None => call,
        })
    }

    /// Stores a sign-in with the key it is bound to, and pins certificate and log key when they are
    /// not pinned yet.
    ///
    /// Errors: the log key cannot be read; a file cannot be written.
    pub(crate) async fn sign_in(
        self,
        context: &Context,
        issued: Issued,
        key: HolderKey,
    ) -> Result<(), Failure> {
        let trust = self.transport.settled(self.trust.clone());
        let server = self.transport.server().clone();
        let shown: LogKey =
            self.transport.call(&Call::new(op::AUDIT_KEY, &[]), None).await?.json()?;
        let log_key = match self.log_key {
            Some(pinned) if pinned != shown.key => {
                context.output.warning(
                    "the server's log key is not the one pinned at first sign-in; the pinned one \
                     is kept. If the operator announced a new one, run `casemate login --repin`.",
                );
                pinned
            }
            _ => shown.key,
        };
        let credentials = Credentials::of(&context.settings);
        let _lock = credentials.lock()?;
        let pins = Pins { server: server.clone(), trust: trust.clone(), log_key: Some(log_key) };
        credentials.remember(&pins)?;
        if let Some(token) = &issued.device_token {
            credentials.remember_device(&server, token)?;
        }
        if let Some(notice) = credentials.store(&Session::new(server, trust, issued, Some(key)))? {
            context.output.note(&notice);
        }
        Ok(())
    }
}
