//! Syslog over TLS: messages in RFC 5424's form, counted in octets, to a receiver whose certificate
//! was verified.
//!
//! Always true
//! 1. The address is judged like every other call's, and the certificate must have the receiver's
//!    name and somebody to vouch for it: the given roots alone, where some are given.
//! 2. A message is counted, so nothing in its text can begin another one.
//! 3. What is not of the form is replaced: a header's field is printable ASCII without spaces, a
//!    parameter's `"`, `\` and `]` are escaped.
//!
//! Honest limit: the protocol has no acknowledgement. What counts as taken is that everything was
//! written, and that the connection was closed without an error.
//!
//! Sources: RFC 5424 section 6; RFC 5425 sections 4 and 5.

use std::fmt::Write as _;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::http::{CallError, HttpClient, NoRoots};

/// How long a receiver may take to close, once everything was written.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// The facility of audit messages (RFC 5424 table 1: log audit).
const FACILITY: u8 = 13;

/// How much somebody should care (RFC 5424 table 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyslogSeverity {
    /// May be an attack.
    Warning,
    /// Everyday business that is worth noting.
    Notice,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogMessage<'a> {
    /// How much somebody should care.
    pub severity: SyslogSeverity,
    /// When, as RFC 3339 writes it.
    pub timestamp: &'a str,
    /// Who sends: the host's place.
    pub host: &'a str,
    /// What kind of message.
    pub id: &'a str,
    /// The parameters of the one structured element, names and values.
    pub parameters: &'a [(&'a str, String)],
    /// The text.
    pub text: &'a str,
}

/// The name of the structured element. 32473 is the number for examples and private use
/// (RFC 5612).
const ELEMENT: &str = "casemate@32473";

impl SyslogMessage<'_> {
    /// The message with its count before it.
    #[must_use]
    pub fn frame(&self) -> Vec<u8> {
        let severity = match self.severity {
            SyslogSeverity::Warning => 4,
            SyslogSeverity::Notice => 5,
        };
        let mut message = format!(
            "<{}>1 {} {} casemate - {} [{ELEMENT}",
            FACILITY * 8 + severity,
            field(self.timestamp, 48),
            field(self.host, 255),
            field(self.id, 32),
        );
        for (name, value) in self.parameters {
            let _ = write!(message, " {}=\"{}\"", field(name, 32), escaped(value));
        }
        let _ = write!(message, "] {}", self.text);
        let mut frame = format!("{} ", message.len()).into_bytes();
        frame.append(&mut message.into_bytes());
        frame
    }
}

/// A header's field: printable, short, never empty.
fn field(text: &str, max: usize) -> String {
    let kept: String =
        text.chars().filter(|c| c.is_ascii_graphic() && !"=]\"".contains(*c)).take(max).collect();
    if kept.is_empty() { "-".to_owned() } else { kept }
}

fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '"' | '\\' | ']' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A receiver.
#[derive(Debug, Clone, Copy)]
pub struct SyslogReceiver<'a> {
    /// The name that its certificate must have.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// PEM certificates that vouch for it, in place of the trusted ones.
    pub certificates: Option<&'a str>,
}

/// The roots of a text of PEM certificates.
///
/// # Errors
/// [`NoRoots`]: it holds none, or one that cannot be used.
pub fn roots(pem: &str) -> Result<RootCertStore, NoRoots> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.map_err(|_| NoRoots)?).map_err(|_| NoRoots)?;
    }
    if roots.is_empty() { Err(NoRoots) } else { Ok(roots) }
}

/// Sends frames over one connection.
///
/// # Errors
/// [`CallError`]: some may have arrived all the same.
pub async fn send(
    client: &HttpClient,
    receiver: SyslogReceiver<'_>,
    frames: &[u8],
    deadline: Duration,
) -> Result<(), CallError> {
    let work = async {
        let roots = receiver.certificates.map(roots).transpose();
        let roots = roots.map_err(|_| CallError::Unreachable)?;
        let mut stream = client.tls_to(receiver.host, receiver.port, roots).await?;
        let broken = |_: std::io::Error| CallError::Unreachable;
        stream.write_all(frames).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        stream.shutdown().await.map_err(broken)?;
        // A receiver that fell over resets the connection, which shows here and nowhere else.
        let mut rest = [0; 256];
        let closing = async {
            loop {
                match stream.read(&mut rest).await {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                        // Closed without the farewell of TLS, as many receivers do.
                        return Ok(());
                    }
                    Err(_) => return Err(CallError::Unreachable),
                }
            }
        };
        tokio::time::timeout(CLOSE_WITHIN, closing).await.unwrap_or(Ok(()))
    };
    tokio::time::timeout(deadline, work).await.unwrap_or(Err(CallError::Deadline))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message<'a>(text: &'a str, parameters: &'a [(&'a str, String)]) -> SyslogMessage<'a> {
        SyslogMessage {
            severity: SyslogSeverity::Notice,
            timestamp: "2026-11-28T03:00:00.000Z",
            host: "casemate.one.example",
            id: "member.invited",
            parameters,
            text,
        }
    }

    #[test]
    fn a_message_has_the_form_of_the_standard() {
        let parameters = [("index", "7".to_owned()), ("log", "a\"b]c\\d\ne".to_owned())];
        let frame = message("{\"x\":1}", &parameters).frame();
        let wanted = "<109>1 2026-11-28T03:00:00.000Z casemate.one.example casemate - \
            member.invited [casemate@32473 index=\"7\" log=\"a\\\"b\\]c\\\\d e\"] {\"x\":1}";
        assert_eq!(String::from_utf8(frame).unwrap(), format!("{} {wanted}", wanted.len()));
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        assert!(roots("").is_err());
        assert!(roots("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err());
    }

    proptest! {
        #[test]
        fn a_frame_is_as_long_as_it_says_whatever_is_in_it(
            text: String, value: String, host: String, id: String,
        ) {
            let parameters = [("index", value)];
            let message = SyslogMessage { host: &host, id: &id, ..message(&text, &parameters) };
            let frame = message.frame();
            let space = frame.iter().position(|byte| *byte == b' ').unwrap();
            let count: usize = std::str::from_utf8(&frame[..space]).unwrap().parse().unwrap();
            prop_assert_eq!(frame.len(), space + 1 + count);
            let message = std::str::from_utf8(&frame[space + 1..]).unwrap();
            // Five fields and the element's name are where a reader looks for them.
            let fields: Vec<&str> = message.splitn(8, ' ').collect();
            prop_assert_eq!(fields.len(), 8);
            prop_assert_eq!((fields[3], fields[4]), ("casemate", "-"));
            prop_assert_eq!(fields[6], "[casemate@32473");
        }
    }
}
