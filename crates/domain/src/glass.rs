//! One of the two people who break the glass, as they proved to be there.
//!
//! Always true: person, session and passkey are named together, so that two hands can be told apart
//! by each of them.

use serde::{Deserialize, Serialize};

use crate::ids::{PasskeyId, SessionId, UserId};

/// Who, in which session, with which passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GlassHand {
    /// The person.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The passkey that was last asserted in it.
    pub passkey: PasskeyId,
}

impl GlassHand {
    /// Whether the two have nothing in common: neither the person, nor the session, nor the
    /// passkey.
    #[must_use]
    pub fn is_apart_from(&self, other: &Self) -> bool {
        self.user != other.user && self.session != other.session && self.passkey != other.passkey
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn hand(user: u128, session: u128, passkey: u128) -> GlassHand {
        let id = Uuid::from_u128;
        let (user, session) = (id(user).into(), id(session).into());
        GlassHand { user, session, passkey: id(passkey).into() }
    }

    #[test]
    fn hands_that_share_anything_are_one() {
        let one = hand(1, 2, 3);
        assert!(one.is_apart_from(&hand(4, 5, 6)));
        for other in [hand(1, 5, 6), hand(4, 2, 6), hand(4, 5, 3), one] {
            assert!(!one.is_apart_from(&other), "{other:?}");
        }
    }
}
