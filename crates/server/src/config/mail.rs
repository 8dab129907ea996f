//! `[mail]`: the operator's mail server. Without it messages wait in the outbox, and nothing fails.

use std::io::Read;
use std::path::Path;

use domain::EmailAddress;
use outbound::mail::{Login, MailSettings, SettingsError, TlsMode};
use zeroize::Zeroizing;

use super::ConfigError;
use super::sources::Values;

/// The mail section.
#[derive(Debug)]
pub struct MailConfig {
    /// Where letters are handed over; `None` when nothing is set.
    pub settings: Option<MailSettings>,
}

/// Longest password or certificate file.
const FILE_BYTES_MAX: u64 = 64 * 1024;

impl MailConfig {
    pub(super) fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let host = values.or_default("mail.host");
        if host.is_empty() {
            return Ok(Self { settings: None });
        }
        let port = values.number("mail.port", 1..=65_535, "it must be between 1 and 65535")?;
        let settings = MailSettings {
            host,
            port: u16::try_from(port).unwrap_or(587),
            tls: tls(values)?,
            root_certificates: file(values, "mail.root_certificate_file")?
                .map(|bytes| bytes.to_vec()),
            login: login(values)?,
            from: from(values)?,
        };
        settings.check().map_err(|error| match error {
            SettingsError::TlsNeeded => ConfigError::OutOfRange {
                key: "mail.tls",
                rule: "none is for a mail server on this machine; elsewhere starttls or implicit",
            },
            _ => {
                let rule = "it must be the name or the address of a mail server";
                ConfigError::OutOfRange { key: "mail.host", rule }
            }
        })?;
        Ok(Self { settings: Some(settings) })
    }
}

fn tls(values: &Values) -> Result<TlsMode, ConfigError> {
    match values.or_default("mail.tls").as_str() {
        "starttls" => Ok(TlsMode::StartTls),
        "implicit" => Ok(TlsMode::Implicit),
        "none" => Ok(TlsMode::Plain),
        _ => {
            let rule = "it is starttls, implicit or none";
            Err(ConfigError::OutOfRange { key: "mail.tls", rule })
        }
    }
}

fn login(values: &Values) -> Result<Option<Login>, ConfigError> {
    let user = values.or_default("mail.user");
    let password = file(values, "mail.password_file")?;
    match (user.is_empty(), password) {
        (true, None) => Ok(None),
        (false, Some(password)) => {
            let password = Zeroizing::new(password.trim_ascii().to_vec());
            Ok(Some(Login { user, password }))
        }
        _ => {
            let rule = "mail.user and mail.password_file belong together";
            Err(ConfigError::OutOfRange { key: "mail.password_file", rule })
        }
    }
}

fn from(values: &Values) -> Result<EmailAddress, ConfigError> {
    let rule = "it must be an e-mail address: whom letters come from";
    EmailAddress::parse(&values.or_default("mail.from"))
        .map_err(|_| ConfigError::OutOfRange { key: "mail.from", rule })
}

fn file(values: &Values, key: &'static str) -> Result<Option<Zeroizing<Vec<u8>>>, ConfigError> {
    values.path(key).map(|path| read(&path, key)).transpose()
}

fn read(path: &Path, key: &'static str) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    let unreadable = |error: std::io::Error| ConfigError::Unreadable {
        path: path.to_owned(),
        why: error.kind(),
    };
    let opened = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(4_096));
    opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let fits = !bytes.is_empty() && u64::try_from(bytes.len()).is_ok_and(|n| n <= FILE_BYTES_MAX);
    let rule = "the file must hold between 1 byte and 64 KiB";
    if fits { Ok(bytes) } else { Err(ConfigError::OutOfRange { key, rule }) }
}
