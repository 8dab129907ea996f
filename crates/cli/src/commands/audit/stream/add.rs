//! `audit stream add`.

use std::io;
use std::path::{Path, PathBuf};

use domain::Name;
use domain::limits::STREAM_CERTIFICATES_CHARS_MAX;
use domain::streams::StreamTarget;
use serde::Serialize;

use super::Issued;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::commands::audit::format::Format;
use crate::commands::audit::log::Log;
use crate::failure::Failure;
use crate::prompt::Question;

/// Begin to send a log to a receiver
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("receiver").required(true))]
pub struct Add {
    /// What your people call it
    name: Name,
    /// Post signed webhooks to this address
    #[arg(long, value_name = "URL", group = "receiver")]
    webhook: Option<String>,
    /// Send syslog over TLS to this host and port
    #[arg(long, value_name = "HOST:PORT", group = "receiver")]
    syslog: Option<String>,
    /// Send to the HTTP event collector of Splunk at this address
    #[arg(long, value_name = "URL", group = "receiver")]
    splunk: Option<String>,
    /// File of PEM certificates that vouch for the syslog receiver, in place of the public ones
    #[arg(long, value_name = "FILE", requires = "syslog")]
    certificates: Option<PathBuf>,
    /// Put objects into a bucket of the object store at this address
    #[arg(long, value_name = "URL", group = "receiver",
        requires_all = ["bucket", "region", "access_key_id"])]
    s3: Option<String>,
    /// The bucket
    #[arg(long, value_name = "NAME", requires = "s3")]
    bucket: Option<String>,
    /// The region that requests are signed for
    #[arg(long, value_name = "NAME", requires = "s3")]
    region: Option<String>,
    /// What stands before each object's name
    #[arg(long, value_name = "PREFIX", requires = "s3")]
    prefix: Option<String>,
    /// The id of the access key
    #[arg(long, value_name = "ID", requires = "s3")]
    access_key_id: Option<String>,
    /// File with the token that Splunk gave out, or the secret of the access key; asked for when
    /// absent
    #[arg(long, value_name = "FILE", conflicts_with_all = ["webhook", "syslog"])]
    token_file: Option<PathBuf>,
    /// The index that Splunk writes to [default: the token's own]
    #[arg(long, value_name = "NAME", requires = "splunk")]
    index: Option<String>,
    /// Send this log
    #[arg(long, default_value = "workspace")]
    log: Log,
    /// In this form
    #[arg(long, default_value = "native")]
    format: Format,
    /// The first entry to send, 0 for the whole log [default: what comes from now on]
    #[arg(long, value_name = "INDEX")]
    from_index: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) name: &'a Name,
    pub(crate) log: &'a str,
    pub(crate) format: &'a str,
    pub(crate) target: &'a StreamTarget,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_index: Option<u64>,
}

/// Makes it.
///
/// Errors: not allowed; no fresh factor; the name is taken; the receiver cannot be sent to.
pub(super) async fn run(arguments: &Add, context: &Context) -> Result<(), Failure> {
    let target = target(arguments)?;
    let mut account = context.account()?;
    let team = account.workspace()?;
    let token = match &target {
        StreamTarget::Splunk { .. } | StreamTarget::S3 { .. } => {
            let file = arguments.token_file.as_deref();
            let question = Question { label: "Token", flag: "--token-file", file };
            Some(account.prompt().hidden(&question)?)
        }
        StreamTarget::Webhook { .. } | StreamTarget::Syslog { .. } => None,
    };
    let request = Request {
        name: &arguments.name,
        log: arguments.log.as_str(),
        format: arguments.format.as_str(),
        target: &target,
        token: token.as_deref().map(|text| &**text),
        from_index: arguments.from_index,
    };
    let call = Call::new(op::AUDIT_STREAM_CREATE, &[&team]).body(&request)?;
    let issued: Issued = account.ask(&call).await?;
    super::issued(&issued, context)
}

fn target(arguments: &Add) -> Result<StreamTarget, Failure> {
    let Add { webhook, syslog, splunk, certificates, index, .. } = arguments;
    let target = match (webhook, syslog, &arguments.s3) {
        (Some(url), ..) => StreamTarget::Webhook { url: url.clone() },
        (.., Some(endpoint)) => StreamTarget::S3 {
            endpoint: endpoint.clone(),
            region: arguments.region.clone().unwrap_or_default(),
            bucket: arguments.bucket.clone().unwrap_or_default(),
            prefix: arguments.prefix.clone(),
            access_key_id: arguments.access_key_id.clone().unwrap_or_default(),
        },
        (_, Some(at), _) => {
            let (host, port) = at.rsplit_once(':').unwrap_or((at.as_str(), ""));
            let port = port.parse().unwrap_or(0);
            let certificates = certificates.as_deref().map(read).transpose()?;
            let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            StreamTarget::Syslog { host, port, certificates }
        }
        _ => {
            let url = splunk.clone().unwrap_or_default();
            StreamTarget::Splunk { url, index: index.clone() }
        }
    };
    let fits = target
        .check()
        .map_err(|error| Failure::input("this receiver cannot be sent to", error.to_string()));
    fits.map(|()| target)
}

/// Certificates are public, and bounded.
fn read(path: &Path) -> Result<String, Failure> {
    let failed = |source| Failure::File { what: "read", path: path.to_owned(), source };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > u64::try_from(STREAM_CERTIFICATES_CHARS_MAX).unwrap_or(0) {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    std::fs::read_to_string(path).map_err(failed)
}
