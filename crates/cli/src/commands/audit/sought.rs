//! Which entries a search is for.

use std::net::IpAddr;

use domain::{Clock, RequestId, TimeMs};
use seal::SystemClock;

use super::log::Log;
use crate::client::{Call, operations as op};
use crate::moment::Moment;

/// Which entries: those that fit all of it.
#[derive(Debug, clap::Args)]
pub(super) struct Sought {
    /// Only this verb, like member.role_changed, or a noun's verbs, like member.*
    #[arg(long)]
    verb: Option<String>,
    /// Only about resources of this kind, or this one, like project/0192...
    #[arg(long, value_name = "KIND[/ID]")]
    resource: Option<String>,
    /// Only acts of this actor: user/ID (with their keys and jobs), key/ID, job/ID, system/PART,
    /// anonymous
    #[arg(long)]
    actor: Option<String>,
    /// Only this log
    #[arg(long, alias = "stream")]
    log: Option<Log>,
    /// Not before: 2h, 2026-11-20 or 2026-11-20T14:05:33Z
    #[arg(long, value_name = "WHEN")]
    from: Option<Moment>,
    /// Before this moment
    #[arg(long, value_name = "WHEN")]
    until: Option<Moment>,
    /// Only what this request caused
    #[arg(long)]
    request: Option<RequestId>,
    /// Only from this address
    #[arg(long)]
    ip: Option<IpAddr>,
}

impl Sought {
    /// The search for them; not before `since` either, where it is given.
    pub(super) fn call(&self, limit: u32, since: Option<TimeMs>) -> Call {
        let now = SystemClock.now();
        let moment = |moment: Option<Moment>| moment.map(|one| one.seen_at(now));
        let from = moment(self.from).max(since);
        let mut call = Call::new(op::AUDIT_SEARCH, &[]).query("limit", limit);
        for (name, value) in [
            ("verb", self.verb.clone()),
            ("resource", self.resource.clone()),
            ("actor", self.actor.clone()),
            ("from_ms", from.map(|at| at.0.to_string())),
            ("until_ms", moment(self.until).map(|at| at.0.to_string())),
            ("request", self.request.map(|id| id.to_string())),
            ("ip", self.ip.map(|ip| ip.to_string())),
        ] {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        match self.log {
            Some(log) => log.of(call),
            None => call,
        }
    }
}
