//! What a request tells about where and with what somebody signs in.

use std::net::IpAddr;
use std::sync::Arc;

use domain::{Origin, UserId};

use super::agents::agent_of;
use super::model::{Attempt, Recognised};
use crate::guard::{Guard, Place};
use crate::identity::Identity;
use crate::throttle::Network;

/// A sign-in as it is read off its request, before its transaction.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(super) guard: Arc<Guard>,
    pub(super) user: UserId,
    pub(super) attempt: Attempt,
    pub(super) place: Option<Place>,
}

impl Reading {
    /// Reads a request.
    pub(crate) fn of(identity: &Identity, user: UserId, origin: &Origin) -> Self {
        let place = identity.guard.places.of(origin.ip);
        let agent = agent_of(origin.user_agent.as_ref().map(domain::UserAgent::as_str));
        let hour = identity.store.mint().now().0.div_euclid(3_600_000).rem_euclid(24);
        let attempt = Attempt {
            country: place.as_ref().map(|place| place.country.clone()),
            area: area_of(origin.ip),
            network: Network::of(origin.ip).name(),
            system: agent.system.to_owned(),
            agent: format!("{} {}", agent.system, agent.family),
            hour: u8::try_from(hour).unwrap_or(0),
            device: Recognised::No,
        };
        Self { guard: Arc::clone(&identity.guard), user, attempt, place }
    }

    /// The country, where it is known.
    pub(crate) fn country(&self) -> Option<String> {
        self.attempt.country.clone()
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reading(..)")
    }
}

/// The neighbourhood of a network: /16 for IPv4, /32 for IPv6.
pub(super) fn area_of(ip: Option<IpAddr>) -> String {
    match ip.map(|ip| ip.to_canonical()) {
        None => "none".to_owned(),
        Some(IpAddr::V4(v4)) => {
            let [a, b, ..] = v4.octets();
            format!("{a}.{b}")
        }
        Some(IpAddr::V6(v6)) => {
            let [a, b, ..] = v6.segments();
            format!("{a:x}:{b:x}")
        }
    }
}
