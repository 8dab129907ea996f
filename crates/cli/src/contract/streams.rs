//! The part of the contract about streams of the log.

use super::Walk;
use crate::client::operations as op;
use crate::commands::audit;
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
