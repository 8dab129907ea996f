//! Which system users the processes run as.
//!
//! Always true
//! 1. Started as root, the broker and `serve` get a user each, and neither is root.
//! 2. No account is ever created: the named ones are used if they exist, else two fixed numbers
//!    from the range that no allocator hands out (systemd, "Users, Groups, UIDs and GIDs on systemd
//!    Systems": 60578 to 61183).

use std::path::Path;

/// A user id and its primary group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}

/// The broker's user when no `casemate-broker` exists.
pub(crate) const BROKER_FALLBACK: Account = Account { uid: 60_710, gid: 60_710 };
/// The user of `serve` when no `casemate-serve` exists.
pub(crate) const SERVE_FALLBACK: Account = Account { uid: 60_711, gid: 60_711 };

const _: () = assert!(BROKER_FALLBACK.uid != SERVE_FALLBACK.uid);
const _: () = assert!(BROKER_FALLBACK.uid > 60_577 && SERVE_FALLBACK.uid < 61_184);

/// How far apart the processes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separation {
    /// Two system users: the kernel keeps `serve` out of the broker's files and memory.
    Users {
        /// The broker's.
        broker: Account,
        /// That of `serve`.
        serve: Account,
    },
    /// One user for both: the broker is non-dumpable and `serve` is confined by Landlock.
    Weak(Account),
}

impl Separation {
    /// What this process can give: two users if it is root.
    #[must_use]
    pub(crate) fn of_this_process() -> Self {
        let uid = rustix::process::geteuid();
        if !uid.is_root() {
            let gid = rustix::process::getegid().as_raw();
            return Self::Weak(Account { uid: uid.as_raw(), gid });
        }
        let passwd = std::fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
        Self::Users {
            broker: named(&passwd, "casemate-broker").unwrap_or(BROKER_FALLBACK),
            serve: named(&passwd, "casemate-serve").unwrap_or(SERVE_FALLBACK),
        }
    }

    /// Who may connect to the broker's socket: `serve`, and whoever administers.
    #[must_use]
    pub(crate) fn broker_peers(&self) -> Vec<u32> {
        match *self {
            Self::Users { serve, .. } => vec![0, serve.uid],
            Self::Weak(account) => vec![account.uid],
        }
    }
}

/// The account of `name` in a passwd file. An entry for root is no answer: it would undo the
/// separation.
fn named(passwd: &str, name: &str) -> Option<Account> {
    let fields: Vec<&str> = passwd
        .lines()
        .map(|l| l.split(':').collect::<Vec<_>>())
        .find(|f| f.first() == Some(&name))?;
    let account = Account { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? };
    (account.uid != 0 && account.gid != 0).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n\
        casemate-broker:x:995:994::/:/usr/sbin/nologin\n\
        casemate-brokered:x:7:7::/:/bin/sh\n";

    #[test]
    fn a_named_account_is_used_and_a_prefix_is_not() {
        let broker = named(PASSWD, "casemate-broker");
        assert_eq!(broker, Some(Account { uid: 995, gid: 994 }));
        assert_eq!(named(PASSWD, "casemate-serve"), None);
        assert_eq!(named("casemate-serve:x:bad", "casemate-serve"), None);
    }

    #[test]
    fn an_account_that_is_root_is_not_taken() {
        assert_eq!(named("casemate-serve:x:0:0::/:/bin/sh", "casemate-serve"), None);
        assert_eq!(named("casemate-serve:x:995:0::/:/bin/sh", "casemate-serve"), None);
    }

    #[test]
    fn only_serve_and_root_may_speak_to_the_broker() {
        let broker = Account { uid: 1, gid: 1 };
        let serve = Account { uid: 2, gid: 2 };
        assert_eq!(Separation::Users { broker, serve }.broker_peers(), [0, 2]);
        assert_eq!(Separation::Weak(serve).broker_peers(), [2]);
    }
}
