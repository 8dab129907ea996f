//! What is sent, in the words of each kind of receiver.
//!
//! Always true
//! 1. A record names its place (index) and its leaf hash, and a batch the index before it, in every
//!    form.
//! 2. The native form holds the entry as it was hashed: its canonical JSON, or under `raw_data` the
//!    bytes themselves.

use data_encoding::HEXLOWER;
use domain::streams::StreamFormat;
use domain::{AuditStreamId, TenantId, TimeMs};
use ledger::EntryView;
use ledger::ocsf::{Severity, mapped};
use outbound::syslog::{SyslogMessage, SyslogSeverity};
use serde_json::{Map, Value, json};
use store::LoggedEntry;

use super::batch::Batch;
use super::moment::written;

/// What an entry says, in the stream's form.
fn said(entry: &LoggedEntry, format: StreamFormat) -> (&'static str, Value) {
    match format {
        StreamFormat::Ocsf => ("ocsf", entry.ocsf()),
        StreamFormat::Native => {
            let parsed = serde_json::from_slice(&entry.body);
            // An entry is JSON; what is not is shown as the bytes are.
            let text = || Value::from(String::from_utf8_lossy(&entry.body));
            ("entry", parsed.unwrap_or_else(|_| text()))
        }
    }
}

fn record(entry: &LoggedEntry, format: StreamFormat) -> Map<String, Value> {
    let (name, value) = said(entry, format);
    let mut record = Map::new();
    record.insert("index".into(), entry.index.into());
    record.insert("leaf_hash".into(), HEXLOWER.encode(&entry.hash).into());
    record.insert(name.into(), value);
    if format == StreamFormat::Native && !entry.personal.is_empty() {
        let personal = entry.personal.iter().map(|one| {
            let salt = HEXLOWER.encode(&one.salt);
            (one.field.clone(), json!({ "value": one.value, "salt": salt }))
        });
        record.insert("personal".into(), Value::Object(personal.collect()));
    }
    record
}

/// The webhook's body.
pub(super) fn webhook(batch: &Batch, tenant: TenantId, at: TimeMs) -> Vec<u8> {
    let format = batch.stream.format;
    let records: Vec<_> = batch.entries.iter().map(|entry| record(entry, format)).collect();
    let body = json!({
        "type": "audit.entries",
        "timestamp": written(at),
        "data": {
            "stream": batch.stream.id,
            "workspace": tenant,
            "log": batch.stream.log,
            "format": format,
            "previous_index": batch.previous(),
            "records": records,
            "checkpoint": batch.checkpoint.as_ref().map(|one| json!({
                "size": one.size, "note": one.note,
            })),
        },
    });
    body.to_string().into_bytes()
}

/// The webhook's body of a test.
pub(super) fn webhook_test(id: AuditStreamId, tenant: TenantId, at: TimeMs) -> Vec<u8> {
    let data = json!({ "stream": id, "workspace": tenant });
    json!({ "type": "audit.test", "timestamp": written(at), "data": data }).to_string().into_bytes()
}

/// The id of a batch's message: the same for every try of the same batch.
pub(super) fn message_id(batch: &Batch) -> String {
    format!("msg_{}_{}_{}", batch.stream.id, batch.stream.next_index, batch.end)
}

/// The name of a batch's object: the same for every try of the same batch, and in the log's order.
pub(super) fn object_name(batch: &Batch, tenant: TenantId) -> String {
    let (log, first, last) = (batch.stream.log, batch.stream.next_index, batch.end - 1);
    format!("{tenant}/{log}/{first:020}-{last:020}.ndjson")
}

/// A batch as lines of JSON, its checkpoint last.
pub(super) fn lines(batch: &Batch, tenant: TenantId) -> Vec<u8> {
    let mut lines = String::new();
    let mut previous = batch.previous();
    for entry in &batch.entries {
        let mut line = record(entry, batch.stream.format);
        line.insert("previous_index".into(), previous.into());
        lines.push_str(&Value::Object(line).to_string());
        lines.push('\n');
        previous = entry.index;
    }
    if let Some(checkpoint) = &batch.checkpoint {
        let (size, note) = (checkpoint.size, &checkpoint.note);
        let line = json!({ "workspace": tenant, "checkpoint": { "size": size, "note": note } });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    lines.into_bytes()
}

fn severity(verb: &str) -> SyslogSeverity {
    match verb.parse().map(|verb| mapped(verb).severity) {
        Ok(Severity::High) => SyslogSeverity::Warning,
        _ => SyslogSeverity::Notice,
    }
}

/// The frames of a batch, its checkpoint last.
pub(super) fn syslog(batch: &Batch, tenant: TenantId, host: &str) -> Vec<u8> {
    let mut frames = Vec::new();
    let mut previous = batch.previous();
    let common = [
        ("stream", batch.stream.id.to_string()),
        ("workspace", tenant.to_string()),
        ("log", batch.stream.log.to_string()),
    ];
    for entry in &batch.entries {
        let view = EntryView::read(&entry.body).ok();
        let verb = view.as_ref().map_or("unknown", |view| view.verb.as_str());
        let mut parameters = common.to_vec();
        parameters.push(("index", entry.index.map_or_else(String::new, |one| one.to_string())));
        if let Some(previous) = previous {
            parameters.push(("previous", previous.to_string()));
        }
        parameters.push(("leaf", HEXLOWER.encode(&entry.hash)));
        let text = match batch.stream.format {
            // The very bytes that were hashed.
            StreamFormat::Native => String::from_utf8_lossy(&entry.body).into_owned(),
            StreamFormat::Ocsf => entry.ocsf().to_string(),
        };
        let message = SyslogMessage {
            severity: severity(verb),
            timestamp: &written(entry.at),
            host,
            id: verb,
            parameters: &parameters,
            text: &text,
        };
        frames.extend(message.frame());
        previous = entry.index;
    }
    if let Some(checkpoint) = &batch.checkpoint {
        let mut parameters = common.to_vec();
        parameters.push(("size", checkpoint.size.to_string()));
        let text = json!({ "size": checkpoint.size, "note": checkpoint.note }).to_string();
        let message = SyslogMessage {
            severity: SyslogSeverity::Notice,
            timestamp: &written(checkpoint.at),
            host,
            id: "checkpoint",
            parameters: &parameters,
            text: &text,
        };
        frames.extend(message.frame());
    }
    frames
}

/// One frame that says that it is a test.
pub(super) fn syslog_test(id: AuditStreamId, tenant: TenantId, at: TimeMs, host: &str) -> Vec<u8> {
    let parameters = [("stream", id.to_string()), ("workspace", tenant.to_string())];
    let timestamp = written(at);
    SyslogMessage {
        severity: SyslogSeverity::Notice,
        timestamp: &timestamp,
        host,
        id: "test",
        parameters: &parameters,
        text: "{}",
    }
    .frame()
}

/// Seconds with three places, as Splunk takes times.
fn seconds(at: TimeMs) -> String {
    format!("{}.{:03}", at.0.div_euclid(1_000), at.0.rem_euclid(1_000))
}

fn splunk_event(at: TimeMs, kind: &str, index: Option<&str>, event: Value) -> String {
    let mut whole = Map::from_iter([
        ("time".to_owned(), Value::from(seconds(at))),
        ("source".to_owned(), "casemate".into()),
        ("sourcetype".to_owned(), format!("casemate:{kind}").into()),
        ("event".to_owned(), event),
    ]);
    if let Some(index) = index {
        whole.insert("index".into(), index.into());
    }
    Value::Object(whole).to_string()
}

/// The collector's events of a batch, its checkpoint last.
pub(super) fn splunk(batch: &Batch, tenant: TenantId, index: Option<&str>) -> Vec<u8> {
    let mut events = String::new();
    let mut previous = batch.previous();
    for entry in &batch.entries {
        let mut event = record(entry, batch.stream.format);
        event.insert("previous_index".into(), previous.into());
        event.insert("workspace".into(), tenant.to_string().into());
        event.insert("log".into(), batch.stream.log.as_str().into());
        let kind = batch.stream.format.as_str();
        events.push_str(&splunk_event(entry.at, kind, index, Value::Object(event)));
        previous = entry.index;
    }
    if let Some(checkpoint) = &batch.checkpoint {
        let event = json!({
            "workspace": tenant, "log": batch.stream.log,
            "size": checkpoint.size, "note": checkpoint.note,
        });
        events.push_str(&splunk_event(checkpoint.at, "checkpoint", index, event));
    }
    events.into_bytes()
}

/// One event that says that it is a test.
pub(super) fn splunk_test(
    id: AuditStreamId,
    tenant: TenantId,
    at: TimeMs,
    index: Option<&str>,
) -> Vec<u8> {
    splunk_event(at, "test", index, json!({ "stream": id, "workspace": tenant })).into_bytes()
}
