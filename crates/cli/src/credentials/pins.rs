//! The public facts pinned at sign-in: which server, which certificate, which log key.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::client::Trust;

/// What was true of the server when it was first trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pins {
    /// Where it is.
    pub(crate) server: Url,
    /// What makes it the right one.
    pub(crate) trust: Trust,
    /// The verifier key of its logs (C2SP signed-note), which `verify` uses.
    pub(crate) log_key: Option<String>,
}
