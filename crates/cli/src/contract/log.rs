//! What the client sends and reads around the log, holds on it, and its streams.

use super::{PAGED, Walk};
use crate::client::operations as op;
use crate::commands::{audit, first_contact};
use crate::names::Page;

pub(super) fn streams(walk: &mut Walk) {
    let (name, url) = ("siem".parse().unwrap(), "https://hooks.one.example/audit".to_owned());
    let target = domain::streams::StreamTarget::Webhook { url };
    let stream = audit::stream::add::Request {
        name: &name,
        log: "workspace",
        format: "ocsf",
        target: &target,
        token: Some("token"),
        from_index: Some(0),
    };
    let rotation = audit::stream::rotate::Request { overlap_ms: Some(1), token: Some("token") };
    walk.reads::<Page<audit::stream::Shown>>(op::AUDIT_STREAMS)
        .is_whole(op::AUDIT_STREAMS)
        .reads::<audit::stream::Shown>(op::AUDIT_STREAM)
        .sends(op::AUDIT_STREAM_CREATE, &stream)
        .reads::<audit::stream::Issued>(op::AUDIT_STREAM_CREATE)
        .asks(op::AUDIT_STREAM_REMOVE)
        .reads::<audit::stream::Shown>(op::AUDIT_STREAM_PAUSE)
        .reads::<audit::stream::Shown>(op::AUDIT_STREAM_RESUME)
        .sends(op::AUDIT_STREAM_ROTATE, &rotation)
        .reads::<audit::stream::Issued>(op::AUDIT_STREAM_ROTATE)
        .reads::<audit::stream::Tested>(op::AUDIT_STREAM_TEST);
}

pub(super) fn log(walk: &mut Walk) {
    let reason = "the matter of March".parse().unwrap();
    walk.reads::<Page<audit::list::Entry>>(op::ACCOUNT_LOG)
        .queries(op::ACCOUNT_LOG, &PAGED)
        .reads::<Page<audit::list::Entry>>(op::AUDIT_ENTRIES)
        .queries(op::AUDIT_ENTRIES, &["cursor", "limit", "verb", "resource", "stream"])
        .reads::<audit::search::Found>(op::AUDIT_SEARCH)
        .queries(
            op::AUDIT_SEARCH,
            &[
                "cursor", "limit", "verb", "resource", "stream", "actor", "from_ms", "until_ms",
                "request", "ip", "format",
            ],
        )
        .reads::<audit::hold::Holds>(op::HOLDS)
        .sends(op::HOLD_PLACE, &audit::hold::Why { reason: &reason })
        .reads::<audit::hold::Held>(op::HOLD_PLACE)
        .sends(op::HOLD_LIFT, &audit::hold::Why { reason: &reason })
        .reads::<Page<audit::list::Entry>>(op::STAFF_LOG)
        .queries(op::STAFF_LOG, &["cursor", "limit", "verb", "resource", "stream"])
        .reads::<audit::list::Entry>(op::AUDIT_ENTRY)
        .reads::<audit::checkpoint::Response>(op::AUDIT_CHECKPOINT)
        .queries(op::AUDIT_CHECKPOINT, &["stream"])
        .asks(op::AUDIT_EXPORT)
        .queries(op::AUDIT_EXPORT, &["stream", "format"])
        .reads::<audit::copy::Openings>(op::AUDIT_OPENINGS)
        .queries(op::AUDIT_OPENINGS, &["stream", "after"])
        .reads::<first_contact::LogKey>(op::AUDIT_KEY);
}
