//! What the client sends and reads around sealing keys and broken glass.

use super::Walk;
use crate::client::operations as op;
use crate::commands::{break_glass, sealing_keys, secrets as revealed};
use crate::names::Page;

pub(super) fn sealing(walk: &mut Walk) {
    let (workspace, secret) = (uuid::Uuid::nil().into(), uuid::Uuid::nil().into());
    let (secrets, reason) = ([secret], "incident 7".parse().unwrap());
    let request =
        break_glass::ask::Request { workspace, secrets: &secrets, reason: &reason, minutes: 30 };
    walk.sends(op::BREAK_GLASS_ASK, &request)
        .reads::<break_glass::ask::Asked>(op::BREAK_GLASS_ASK)
        .reads::<Page<break_glass::ask::Asked>>(op::BREAK_GLASS_LIST)
        .reads::<break_glass::list::Agreed>(op::BREAK_GLASS_APPROVE)
        .asks(op::BREAK_GLASS_END)
        .sends(op::BREAK_GLASS_REVEAL, &break_glass::reveal::Request { secret })
        .reads::<revealed::reveal::Response>(op::BREAK_GLASS_REVEAL)
        .reads::<Page<break_glass::list::Agreed>>(op::BREAK_GLASS_LIST_OF_TEAM)
        .reads::<break_glass::list::Agreed>(op::BREAK_GLASS_END_OF_TEAM)
        .reads::<sealing_keys::Keys>(op::SEALING_KEYS)
        .reads::<sealing_keys::Wanted>(op::SEALING_KEYS_ROTATE)
        .sends(op::SEALING_KEYS_SCHEDULE, &sealing_keys::Schedule { interval_days: 30 })
        .reads::<sealing_keys::Schedule>(op::SEALING_KEYS_SCHEDULE)
        .reads::<Page<sealing_keys::Access>>(op::SEALING_KEYS_ACCESSES);
}
