//! Where a workspace's log is sent, and how a stream stands.
//!
//! Always true
//! 1. A target is checked when it is made; what the database holds is checked again when it is
//!    read.
//! 2. No secret is part of a target: passwords, tokens and keys are sealed apart.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits::{STREAM_CERTIFICATES_CHARS_MAX, STREAM_TEXT_CHARS_MAX};

/// What kind of receiver, with its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum StreamTarget {
    /// A signed webhook (Standard Webhooks 1.0.0).
    Webhook {
        /// Where it is posted to.
        url: String,
    },
    /// Syslog over TLS (RFC 5425).
    Syslog {
        /// The name that the receiver's certificate must have.
        host: String,
        /// Its port.
        port: u16,
        /// PEM certificates that vouch for it, in place of the public ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificates: Option<String>,
    },
    /// A bucket of an object store: one object for each batch, named by its indices.
    S3 {
        /// The store's address, without a path.
        endpoint: String,
        /// The region that requests are signed for.
        region: String,
        /// The bucket.
        bucket: String,
        /// What stands before each object's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix: Option<String>,
        /// The id of the access key; its secret is sealed apart.
        access_key_id: String,
    },
    /// Splunk's HTTP event collector.
    Splunk {
        /// The collector's address, without a path.
        url: String,
        /// The index to write to; the token's own when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        index: Option<String>,
    },
}

/// The kind alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// A signed webhook.
    Webhook,
    /// Syslog over TLS.
    Syslog,
    /// An object store.
    S3,
    /// Splunk.
    Splunk,
}

impl StreamKind {
    /// The name in the API, tables and entries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Syslog => "syslog",
            Self::S3 => "s3",
            Self::Splunk => "splunk",
        }
    }
}

/// Why a target will not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not an address that is posted to.
    #[error("it is an address beginning with https://, without a user name or a fragment")]
    Url,
    /// Not a host and a port.
    #[error("it is a host name or an address, and a port that is not 0")]
    Host,
    /// Not certificates.
    #[error("it is PEM certificates, 32 KiB at most")]
    Certificates,
    /// Not the place of a bucket.
    #[error("it is an address without a path, a region, a bucket, and a key's id")]
    Bucket,
    /// Not the name of an index.
    #[error("it is 1 to 80 letters, digits, _ and -")]
    Index,
}

impl StreamTarget {
    /// Which kind it is.
    #[must_use]
    pub const fn kind(&self) -> StreamKind {
        match self {
            Self::Webhook { .. } => StreamKind::Webhook,
            Self::Syslog { .. } => StreamKind::Syslog,
            Self::S3 { .. } => StreamKind::S3,
            Self::Splunk { .. } => StreamKind::Splunk,
        }
    }

    /// Whether it can be sent to at all. Whether its address may be called is judged at each call,
    /// when its name was resolved.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn check(&self) -> Result<(), TargetError> {
        match self {
            Self::Webhook { url } => check_url(url),
            Self::Syslog { host, port, certificates } => {
                let pem = |text: &String| {
                    text.len() <= STREAM_CERTIFICATES_CHARS_MAX
                        && text.contains("-----BEGIN CERTIFICATE-----")
                };
                if !certificates.as_ref().is_none_or(pem) {
                    return Err(TargetError::Certificates);
                }
                if is_host(host) && *port != 0 { Ok(()) } else { Err(TargetError::Host) }
            }
            Self::S3 { endpoint, region, bucket, prefix, access_key_id } => {
                check_url(endpoint)?;
                let named = |text: &str, most: usize, more: &str| {
                    (1..=most).contains(&text.len())
                        && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
                };
                let sound = named(region, 64, "-_")
                    && named(bucket, 63, ".-_")
                    && prefix.as_ref().is_none_or(|text| named(text, 256, "._-/"))
                    && named(access_key_id, 128, "._-/+=");
                if sound { Ok(()) } else { Err(TargetError::Bucket) }
            }
            Self::Splunk { url, index } => {
                let named = |text: &String| {
                    (1..=80).contains(&text.len())
                        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
                };
                check_url(url)?;
                if index.as_ref().is_none_or(named) { Ok(()) } else { Err(TargetError::Index) }
            }
        }
    }
}

/// http is a form as well: it goes only to what the operator names, which the guard decides.
fn check_url(url: &str) -> Result<(), TargetError> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split(['/', '?']).next());
    let sound = url.len() <= STREAM_TEXT_CHARS_MAX
        && url.chars().all(|c| c.is_ascii_graphic() && !"\"<>\\^`{|}#".contains(c))
        && authority.is_some_and(|host| !host.is_empty() && !host.contains('@'));
    if sound { Ok(()) } else { Err(TargetError::Url) }
}

fn is_host(host: &str) -> bool {
    (1..=253).contains(&host.len())
        && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:".contains(c))
}

/// In which form entries are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamFormat {
    /// As the log holds them.
    #[default]
    Native,
    /// As events of the Open Cybersecurity Schema Framework.
    Ocsf,
}

/// How a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamState {
    /// It sends, or tries again.
    Running,
    /// Somebody had it stand still.
    Paused,
    /// It ended by itself, and says why; resuming it tries once more.
    Disabled,
}

/// Why a receiver did not take a batch. A closed list, shown to the owner; nothing that a receiver
/// says is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamTrouble {
    /// Its address may not be called: a private one that the operator did not allow.
    AddressRefused,
    /// The name, the connection or TLS failed.
    Unreachable,
    /// It did not answer in time.
    Slow,
    /// It answered that there are too many requests.
    Throttled,
    /// It did not take the credential or the signature (401, 403).
    Unauthorised,
    /// It refused the batch with another status.
    Rejected,
    /// It answered that something is wrong on its side, or nonsense.
    Broken,
    /// It is gone for good (410).
    Gone,
    /// The secret cannot be opened: its keys were destroyed.
    SecretLost,
}

macro_rules! texts {
    ($($name:ident: $($variant:ident = $text:literal,)+;)*) => {$(
        impl $name {
            /// The name in the API, tables and entries.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownWord),
                }
            }
        }
    )*};
}

/// A text that is none of the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is none of the words that streams know")]
pub struct UnknownWord;

texts! {
    StreamFormat: Native = "native", Ocsf = "ocsf",;
    StreamState: Running = "running", Paused = "paused", Disabled = "disabled",;
    StreamTrouble: AddressRefused = "address_refused", Unreachable = "unreachable", Slow = "slow",
        Throttled = "throttled", Unauthorised = "unauthorised", Rejected = "rejected",
        Broken = "broken", Gone = "gone", SecretLost = "secret_lost",;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(url: &str) -> Result<(), TargetError> {
        StreamTarget::Webhook { url: url.to_owned() }.check()
    }

    #[test]
    fn an_address_has_a_scheme_and_a_host_and_no_user() {
        for url in ["https://a.example/x?y=1", "http://127.0.0.1:9/", "https://[::1]:8443"] {
            assert_eq!(webhook(url), Ok(()), "{url}");
        }
        let long = format!("https://a.example/{}", "x".repeat(STREAM_TEXT_CHARS_MAX));
        for url in [
            "",
            "a.example",
            "ftp://a.example",
            "https://",
            "https:///x",
            "https://u@a.example/",
            "https://a.example/#x",
            "https://a.example/ x",
            "https://a.example/\r\nx: y",
            &long,
        ] {
            assert_eq!(webhook(url), Err(TargetError::Url), "{url}");
        }
    }

    #[test]
    fn a_syslog_receiver_has_a_host_a_port_and_real_certificates() {
        let target = |host: &str, port, certificates: Option<&str>| {
            let certificates = certificates.map(str::to_owned);
            StreamTarget::Syslog { host: host.to_owned(), port, certificates }.check()
        };
        assert_eq!(target("logs.one.example", 6514, None), Ok(()));
        assert_eq!(target("logs.one.example", 0, None), Err(TargetError::Host));
        assert_eq!(target("a b", 6514, None), Err(TargetError::Host));
        assert_eq!(target("a", 6514, Some("x")), Err(TargetError::Certificates));
    }

    #[test]
    fn a_target_reads_back_as_it_was_written() {
        let target = StreamTarget::Splunk { url: "https://s.example".into(), index: None };
        let text = serde_json::to_string(&target).unwrap();
        assert_eq!(serde_json::from_str::<StreamTarget>(&text).unwrap(), target);
        let unknown = "{\"kind\":\"webhook\",\"url\":\"https://a.example\",\"x\":1}";
        assert!(serde_json::from_str::<StreamTarget>(unknown).is_err());
    }
}
