//! Hands letters to the mail server, and tells a refusal for good from one for now.
//!
//! Honest limit: the mail library keeps the password as ordinary text for as long as the mailer
//! lives.

use std::time::Duration;

use domain::{EmailAddress, limits};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport, Tokio1Executor};

use super::{Letter, MailSettings, SettingsError, TlsMode};

/// The way to one mail server.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: EmailAddress,
    deadline: Duration,
}

/// Why a letter was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The server refuses this letter or its recipient for good.
    #[error("the mail server refused it for good ({status})")]
    Refused {
        /// The status of the answer (RFC 5321 section 4.2).
        status: u16,
    },
    /// The letter cannot be written.
    #[error("the mail library does not take the address")]
    Unwritable,
    /// The server does not take it now, or does not take it from us as we are set up.
    #[error("the mail server did not take it ({status})")]
    NotNow {
        /// The status of the answer.
        status: u16,
    },
    /// TLS could not be had.
    #[error("the mail server gave no TLS that holds")]
    Insecure,
    /// No answer in time.
    #[error("the mail server did not answer in time")]
    TooSlow,
    /// The server could not be reached, or spoke nonsense.
    #[error("the mail server cannot be reached")]
    Unreachable,
}

impl NotSent {
    /// Whether trying again is no use.
    #[must_use]
    pub const fn for_good(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Unwritable)
    }
}

/// Statuses that judge the letter or its recipient. Others of the fives (`530`, `535`, `502`) say
/// that the platform is set up wrongly: that can be mended, and the letter waits.
const ABOUT_THE_LETTER: [u16; 7] = [541, 550, 551, 552, 553, 554, 556];

impl Mailer {
    /// A way to this server. Nothing is connected yet.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn new(settings: &MailSettings) -> Result<Self, SettingsError> {
        settings.check()?;
        let tls = match settings.tls {
            TlsMode::Plain => Tls::None,
            TlsMode::Implicit => Tls::Wrapper(parameters(settings)?),
            TlsMode::StartTls => Tls::Required(parameters(settings)?),
        };
        let deadline = Duration::from_millis(limits::MAIL_SEND_MS_MAX);
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(bare(&settings.host))
                .port(settings.port)
                .tls(tls)
                .timeout(Some(deadline));
        if let Some(login) = &settings.login {
            let password =
                std::str::from_utf8(&login.password).map_err(|_| SettingsError::Password)?;
            builder =
                builder.credentials(Credentials::new(login.user.clone(), password.to_owned()));
        }
        let from = settings.from.clone();
        if from.as_str().parse::<lettre::Address>().is_err() {
            return Err(SettingsError::From);
        }
        Ok(Self { transport: builder.build(), from, deadline })
    }

    /// The same with a shorter deadline for each letter.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline: deadline.min(self.deadline), ..self }
    }

    /// Hands one letter over, on a connection of its own.
    ///
    /// # Errors
    /// [`NotSent`]. After [`NotSent::TooSlow`] and [`NotSent::Unreachable`] the server may have
    /// taken the letter all the same.
    pub async fn send(&self, letter: &Letter) -> Result<(), NotSent> {
        let message = letter.message(&self.from).ok_or(NotSent::Unwritable)?;
        match tokio::time::timeout(self.deadline, self.transport.send(message)).await {
            Err(_) => Err(NotSent::TooSlow),
            Ok(Err(error)) => Err(judged(&error)),
            Ok(Ok(_)) => Ok(()),
        }
    }
}

/// An address in brackets, as URLs write it, without them.
fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

fn parameters(settings: &MailSettings) -> Result<TlsParameters, SettingsError> {
    let mut builder = TlsParameters::builder(bare(&settings.host));
    if let Some(pem) = &settings.root_certificates {
        let roots = Certificate::from_pem(pem).map_err(|_| SettingsError::Certificates)?;
        builder = builder.add_root_certificate(roots);
    }
    builder.build().map_err(|_| SettingsError::Host)
}

fn judged(error: &Error) -> NotSent {
    if let Some(code) = error.status() {
        let status = u16::from(code);
        let for_good = error.is_permanent() && ABOUT_THE_LETTER.contains(&status);
        return if for_good { NotSent::Refused { status } } else { NotSent::NotNow { status } };
    }
    match error {
        error if error.is_tls() => NotSent::Insecure,
        error if error.is_timeout() => NotSent::TooSlow,
        // lettre's own word for a server that does not offer what is required of it.
        error if error.is_client() => NotSent::Insecure,
        _ => NotSent::Unreachable,
    }
}
