//! Where letters are handed over, and how.

use std::net::IpAddr;

use domain::EmailAddress;
use zeroize::Zeroizing;

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// TLS from the first byte (port 465).
    Implicit,
    /// TLS by `STARTTLS`, without which nothing is sent (port 587).
    StartTls,
    /// None: for a mail server on this very machine.
    Plain,
}

/// How the platform signs in at the mail server.
#[derive(Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password: wiped when dropped, never printed.
    pub password: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(..)")
    }
}

/// The operator's mail server.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// Its name, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is protected.
    pub tls: TlsMode,
    /// PEM certificates to trust besides the public ones.
    pub root_certificates: Option<Vec<u8>>,
    /// How to sign in there.
    pub login: Option<Login>,
    /// Whom letters come from.
    pub from: EmailAddress,
}

/// Why settings were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The server is not this machine, and no TLS is asked for.
    #[error("a mail server elsewhere is reached over TLS only")]
    TlsNeeded,
    /// The name of the server is none.
    #[error("this is not the name of a mail server")]
    Host,
    /// The certificates cannot be read.
    #[error("these are no PEM certificates")]
    Certificates,
    /// The password is not text.
    #[error("the password is not text")]
    Password,
    /// The mail library does not take the sender's address.
    #[error("letters cannot come from this address")]
    From,
}

impl MailSettings {
    /// Whether the server is this very machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether these can be used at all.
    ///
    /// # Errors
    /// [`SettingsError`]: the first fault.
    pub fn check(&self) -> Result<(), SettingsError> {
        let name = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        if self.host.is_empty() || self.host.len() > 253 || !self.host.bytes().all(name) {
            return Err(SettingsError::Host);
        }
        if self.tls == TlsMode::Plain && !self.is_loopback() {
            return Err(SettingsError::TlsNeeded);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, tls: TlsMode) -> MailSettings {
        MailSettings {
            host: host.to_owned(),
            port: 25,
            tls,
            root_certificates: None,
            login: None,
            from: EmailAddress::parse("casemate@acme.example").unwrap(),
        }
    }

    #[test]
    fn a_server_elsewhere_needs_tls() {
        for host in ["mail.example", "10.0.0.1", "localhost.evil.example", "[2001:db8::1]"] {
            assert_eq!(at(host, TlsMode::Plain).check(), Err(SettingsError::TlsNeeded), "{host}");
            assert_eq!(at(host, TlsMode::StartTls).check(), Ok(()), "{host}");
        }
        for host in ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"] {
            assert_eq!(at(host, TlsMode::Plain).check(), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        for host in ["", "mail.example\r\nRCPT", "mail example", &"a".repeat(300)] {
            assert_eq!(at(host, TlsMode::Implicit).check(), Err(SettingsError::Host), "{host}");
        }
    }

    #[test]
    fn a_login_is_not_printed() {
        let login = Login { user: "ada".into(), password: Zeroizing::new(b"canary".to_vec()) };
        assert_eq!(format!("{login:?}"), "Login(..)");
    }
}
