//! The token by which a server recognises this device at its next sign-in.
//!
//! Always true: it is no credential, so it lies beside the pins in clear; it goes to the server
//! that gave it and to no other.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Credentials, CredentialsError, folder, write_private};

#[derive(Serialize, Deserialize)]
struct Known {
    server: Url,
    token: String,
}

impl Credentials {
    /// The token that this server gave; `None` when it gave none, or what lies there is damaged:
    /// then this device is a new one.
    pub(crate) fn device(&self, server: &Url) -> Option<String> {
        let bytes = folder::read(&self.folder.join("device.json")).ok().flatten()?;
        let known: Known = serde_json::from_slice(&bytes).ok()?;
        (known.server == *server).then_some(known.token)
    }

    /// Remembers the token that this server gave.
    ///
    /// Errors: the folder cannot be written.
    pub(crate) fn remember_device(
        &self,
        server: &Url,
        token: &str,
    ) -> Result<(), CredentialsError> {
        let path = self.folder.join("device.json");
        let known = Known { server: server.clone(), token: token.to_owned() };
        let bytes = serde_json::to_vec_pretty(&known)
            .map_err(|_| CredentialsError::Damaged(path.clone()))?;
        write_private(&path, &bytes)
    }
}
