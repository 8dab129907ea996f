//! `audit stream`: logs that are sent to receivers of the workspace's own.

pub(crate) mod add;
pub(crate) mod rotate;

use domain::streams::{StreamFormat, StreamState, StreamTarget, StreamTrouble};
use domain::{AuditStreamId, Name, TimeMs};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::hidden::Hidden;
use crate::names;

/// Have a log sent to a receiver of your own
#[derive(Debug, clap::Subcommand)]
pub enum Stream {
    /// Begin to send a log to a receiver
    Add(Box<add::Add>),
    /// The streams, how they stand, and why one does not get on
    List,
    /// One stream, whole
    Show(Which),
    /// Have a stream stand still; it goes on where it stood
    Pause(Which),
    /// Have a stream go on, also one that ended by itself
    Resume(Which),
    /// Send to a receiver no more
    Remove(Which),
    /// Give a stream a new secret; for a while both work
    Rotate(rotate::Rotate),
    /// Send a test record; exit code 1 when the receiver does not take it
    Test(Which),
}

/// Which stream
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Its id, from `audit stream list`
    id: AuditStreamId,
}

/// A stream as the server shows it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) id: AuditStreamId,
    pub(crate) name: Name,
    pub(crate) log: String,
    pub(crate) format: StreamFormat,
    pub(crate) target: StreamTarget,
    pub(crate) state: StreamState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<StreamTrouble>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) public_key: Option<String>,
    pub(crate) next_index: u64,
    pub(crate) due_at_ms: TimeMs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failing_since_ms: Option<TimeMs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delivered_at_ms: Option<TimeMs>,
}

/// A stream with what is shown once.
#[derive(Serialize, Deserialize)]
pub(crate) struct Issued {
    #[serde(flatten)]
    pub(crate) listed: Shown,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<Hidden>,
}

/// How a test ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tested {
    pub(crate) taken: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<StreamTrouble>,
}

impl Shown {
    const HEADINGS: [&'static str; 7] = ["name", "log", "to", "state", "next", "last taken", "id"];

    fn stands(&self) -> String {
        match (self.state, self.trouble) {
            (state, None) => state.to_string(),
            (StreamState::Running, Some(trouble)) => format!("failing ({trouble})"),
            (state, Some(trouble)) => format!("{state} ({trouble})"),
        }
    }

    fn row(&self) -> Vec<String> {
        let to = match &self.target {
            StreamTarget::Webhook { url } | StreamTarget::Splunk { url, .. } => url.clone(),
            StreamTarget::Syslog { host, port, .. } => format!("{host}:{port}"),
            StreamTarget::S3 { endpoint, bucket, .. } => format!("{endpoint} {bucket}"),
        };
        vec![
            self.name.to_string(),
            self.log.clone(),
            format!("{} {to}", self.target.kind().as_str()),
            self.stands(),
            self.next_index.to_string(),
            self.delivered_at_ms.map(written).unwrap_or_default(),
            self.id.to_string(),
        ]
    }

    fn lines(&self) -> String {
        let mut lines: Vec<String> = Self::HEADINGS
            .iter()
            .zip(self.row())
            .map(|(heading, value)| format!("{heading}: {value}"))
            .collect();
        lines.push(format!("format: {}", self.format));
        if let Some(since) = self.failing_since_ms {
            lines.push(format!("failing since: {}", written(since)));
            lines.push(format!("next try: {}", written(self.due_at_ms)));
        }
        if let Some(key) = &self.public_key {
            lines.push(format!("public key (v1a): {key}"));
        }
        lines.join("\n")
    }
}

/// Shows a stream that was made or has a new secret.
///
/// Errors: stdout cannot be written.
fn issued(issued: &Issued, context: &Context) -> Result<(), Failure> {
    let listed = &issued.listed;
    context.output.note(&format!("Stream {} ({}).", listed.name, listed.id));
    if let Some(key) = &listed.public_key {
        context.output.note(&format!("Its signatures (v1a) are checked with {key}"));
        match issued.secret {
            Some(_) => context.output.note("Its secret (v1) is not shown again:"),
            None => context.output.warning("its secret was shown before; rotate it if it is lost"),
        }
    }
    context.output.result(issued, |one| match &one.secret {
        Some(secret) => secret.to_string(),
        None => one.listed.id.to_string(),
    })
}

/// Does the verb.
///
/// Errors: not allowed; no fresh factor; there is no such stream.
pub(crate) async fn run(verb: &Stream, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    match verb {
        Stream::Add(arguments) => add::run(arguments, context).await,
        Stream::Rotate(arguments) => rotate::run(arguments, context).await,
        Stream::List => {
            let call = Call::new(op::AUDIT_STREAMS, &[&team]);
            let list: Vec<Shown> = names::whole(&mut account, &call).await?;
            context.output.list(&list, &Shown::HEADINGS, Shown::row)
        }
        Stream::Show(Which { id }) => {
            let found: Shown = account.ask(&Call::new(op::AUDIT_STREAM, &[&team, id])).await?;
            context.output.result(&found, Shown::lines)
        }
        Stream::Pause(Which { id }) => {
            let call = Call::new(op::AUDIT_STREAM_PAUSE, &[&team, id]);
            let stands: Shown = account.ask(&call).await?;
            context.output.result(&stands, |one| format!("{} stands still.", one.name))
        }
        Stream::Resume(Which { id }) => {
            let call = Call::new(op::AUDIT_STREAM_RESUME, &[&team, id]);
            let stands: Shown = account.ask(&call).await?;
            context
                .output
                .result(&stands, |one| format!("{} goes on at {}.", one.name, one.next_index))
        }
        Stream::Remove(Which { id }) => {
            account.call(&Call::new(op::AUDIT_STREAM_REMOVE, &[&team, id])).await?;
            context.output.result(&json!({ "removed": id }), |_| "Removed.".to_owned())
        }
        Stream::Test(Which { id }) => {
            let call = Call::new(op::AUDIT_STREAM_TEST, &[&team, id]);
            let tested: Tested = account.ask(&call).await?;
            tell(&tested, context)
        }
    }
}

/// Says how a test ended.
///
/// Errors: the receiver did not take it.
fn tell(tested: &Tested, context: &Context) -> Result<(), Failure> {
    if let Some(trouble) = tested.trouble {
        return Err(Failure::NotTaken(trouble));
    }
    context.output.result(tested, |_| "The receiver took the test record.".to_owned())
}
