//! The check of the staff: whoever works for the platform has a passkey in hardware.

use std::sync::Arc;

use identity::passkeys::{HardwareRoots, HardwareRootsError};
use identity::staff::{self, Listed};
use store::{Store, StoreError};

use super::finding::{Check, Finding};
use crate::failure::{Teaches, chain};

/// Most members that are named.
const NAMED_MAX: usize = 5;

/// What the settings and the database say about staff.
#[derive(Debug)]
pub(crate) struct Staff {
    /// Whether the operator trusts any root.
    pub(crate) roots: bool,
    /// Everybody.
    pub(crate) listed: Result<Vec<Listed>, StoreError>,
}

impl Staff {
    /// Looks.
    pub(crate) async fn of(store: &Store, roots: Arc<HardwareRoots>) -> Self {
        Self { roots: !roots.is_empty(), listed: staff::list(store, roots).await }
    }
}

/// Whether everybody who is staff can act, and only with hardware.
pub(crate) fn staff(found: &Result<Staff, HardwareRootsError>) -> Finding {
    let name_roots = "put the roots of your security keys' vendors into a PEM file and name it in \
                      staff.attestation_roots_file";
    let staff = match found {
        Ok(staff) => staff,
        Err(error) => return Finding::fail(Check::Staff, format!("roots: {error}"), name_roots),
    };
    let listed = match &staff.listed {
        Ok(listed) => listed,
        Err(error) => return Finding::fail(Check::Staff, chain(error), error.mend()),
    };
    let without: Vec<&str> = listed
        .iter()
        .filter(|one| !one.holds_hardware)
        .map(|one| one.member.email.as_str())
        .take(NAMED_MAX)
        .collect();
    match (listed.len(), staff.roots) {
        (0, _) => Finding::ok(Check::Staff, "nobody is staff"),
        (count, false) => {
            let seen = format!("{count} are staff, and no vendor's root is trusted: none can act");
            Finding::warn(Check::Staff, seen, name_roots)
        }
        (count, true) if without.is_empty() => {
            Finding::ok(Check::Staff, format!("{count} are staff, each with hardware"))
        }
        (_, true) => {
            let seen = format!("cannot act, without a passkey in hardware: {}", without.join(", "));
            Finding::warn(Check::Staff, seen, "they register a security key at /passkeys")
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::TimeMs;
    use store::{StaffMember, StaffRole};

    use super::super::finding::Verdict;
    use super::*;

    fn somebody(holds_hardware: bool) -> Listed {
        let member = StaffMember {
            user: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            email: "ada@example.com".parse().unwrap(),
            role: StaffRole::Auditor,
            added_at: TimeMs(1),
            added_by: "host".to_owned(),
        };
        Listed { member, holds_hardware }
    }

    fn judged(roots: bool, listed: Vec<Listed>) -> Finding {
        staff(&Ok(Staff { roots, listed: Ok(listed) }))
    }

    #[test]
    fn staff_that_cannot_act_is_named_and_roots_that_cannot_be_read_are_red() {
        assert_eq!(judged(false, Vec::new()).verdict, Verdict::Ok);
        assert_eq!(judged(true, vec![somebody(true)]).verdict, Verdict::Ok);
        assert_eq!(judged(false, vec![somebody(false)]).verdict, Verdict::Warn);
        let warned = judged(true, vec![somebody(true), somebody(false)]);
        assert_eq!(warned.verdict, Verdict::Warn);
        assert!(warned.seen.contains("ada@example.com"), "{warned:?}");
        assert_eq!(staff(&Err(HardwareRootsError::Unreadable)).verdict, Verdict::Fail);
        let listed = Err(StoreError::Unreachable);
        assert_eq!(staff(&Ok(Staff { roots: true, listed })).verdict, Verdict::Fail);
    }
}
