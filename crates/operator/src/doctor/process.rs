//! Checks of the running processes, from what the kernel says about them.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::finding::{Check, Finding};

/// What the kernel says about the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sight {
    /// The user the broker runs as.
    pub(crate) broker_uid: u32,
    /// The user `serve` runs as, if it runs.
    pub(crate) serve_uid: Option<u32>,
    /// Whether `serve` gave up gaining rights, which is the first step of its Landlock confinement.
    pub(crate) serve_confined: bool,
    /// Memory the broker has locked.
    pub(crate) locked_kib: u64,
    /// Whether another process of the same user could read the broker's memory or get its core
    /// dump.
    pub(crate) dumpable: bool,
}

impl Sight {
    /// Looks at the processes `broker` and `serve`.
    pub(crate) fn of(broker: u32, serve: Option<u32>) -> Option<Self> {
        let status = status_of(broker)?;
        let broker_uid = field(&status, "Uid:")?;
        Some(Self {
            broker_uid,
            serve_uid: serve.and_then(|serve| field(&status_of(serve)?, "Uid:")),
            serve_confined: serve.and_then(|serve| field(&status_of(serve)?, "NoNewPrivs:"))
                == Some(1),
            locked_kib: field(&status, "VmLck:")?,
            dumpable: is_dumpable(broker, broker_uid),
        })
    }
}

/// The kernel gives the files of a process to its user if it is dumpable, else to root. For a
/// broker that runs as root both look alike, so it counts as dumpable.
fn is_dumpable(pid: u32, uid: u32) -> bool {
    let owner = PathBuf::from(format!("/proc/{pid}/environ")).metadata().map(|meta| meta.uid());
    owner.map_or(true, |owner| owner == uid)
}

fn status_of(pid: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/status")).ok()
}

fn field<T: std::str::FromStr>(status: &str, name: &str) -> Option<T> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Whether the broker's keys are in memory that is never swapped.
pub(crate) fn broker_memory(sight: Option<Sight>) -> Finding {
    match sight {
        None => not_seen(Check::BrokerMemory),
        Some(Sight { locked_kib: 0, .. }) => Finding::fail(
            Check::BrokerMemory,
            "no memory is locked, so keys could reach the swap",
            "raise the limit: `ulimit -l 8192`, or LimitMEMLOCK=8M in the unit; then start again",
        ),
        Some(sight) if sight.dumpable => Finding::fail(
            Check::BrokerMemory,
            "the broker is dumpable: others of its user could read its memory",
            "start it as a user that is not root, with `casemate up`",
        ),
        Some(sight) => Finding::ok(
            Check::BrokerMemory,
            format!("{} KiB locked, non-dumpable", sight.locked_kib),
        ),
    }
}

/// Whether `serve` and the broker are different users.
pub(crate) fn separation(sight: Option<Sight>) -> Finding {
    let Some(sight) = sight else { return not_seen(Check::Separation) };
    match sight.serve_uid {
        _ if sight.broker_uid == 0 => Finding::fail(
            Check::Separation,
            "the broker runs as root",
            "start the platform with `casemate up`, which drops to users of their own",
        ),
        Some(0) => Finding::fail(
            Check::Separation,
            "`serve` runs as root, which reaches everything",
            "start the platform with `casemate up`, which drops to users of their own",
        ),
        Some(serve) if serve == sight.broker_uid && !sight.serve_confined => Finding::fail(
            Check::Separation,
            "one user for both, and `serve` is not confined: it could read the slots",
            "use a kernel with Landlock (Linux 5.13 or newer), or start `casemate up` as root",
        ),
        Some(serve) if serve == sight.broker_uid => Finding::warn(
            Check::Separation,
            "weak: one user for both, kept apart by Landlock and a non-dumpable broker",
            "start `casemate up` as root (deploy/systemd/casemate.service): it gives each a user",
        ),
        Some(serve) => Finding::ok(
            Check::Separation,
            format!("the broker is user {}, `serve` is user {serve}", sight.broker_uid),
        ),
        None => Finding::warn(
            Check::Separation,
            "`serve` is not running",
            "start the platform with `casemate up` and ask again while it runs",
        ),
    }
}

fn not_seen(check: Check) -> Finding {
    Finding::fail(
        check,
        "the broker's process is not to be seen",
        "start the platform with `casemate up` and ask again while it runs",
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    const GOOD: Sight = Sight {
        broker_uid: 5,
        serve_uid: Some(6),
        serve_confined: true,
        locked_kib: 64,
        dumpable: false,
    };

    #[test]
    fn broker_memory_is_red_without_locked_pages_and_for_a_dumpable_broker() {
        assert_eq!(broker_memory(Some(GOOD)).verdict, Verdict::Ok);
        let unlocked = broker_memory(Some(Sight { locked_kib: 0, ..GOOD }));
        assert_eq!(unlocked.verdict, Verdict::Fail);
        assert!(unlocked.mend.contains("ulimit -l"));
        let dumpable = broker_memory(Some(Sight { dumpable: true, ..GOOD }));
        assert_eq!(dumpable.verdict, Verdict::Fail);
        assert_eq!(broker_memory(None).verdict, Verdict::Fail);
    }

    #[test]
    fn separation_is_red_for_root_and_weak_for_one_user() {
        assert_eq!(separation(Some(GOOD)).verdict, Verdict::Ok);
        let one = separation(Some(Sight { serve_uid: Some(5), ..GOOD }));
        assert_eq!(one.verdict, Verdict::Warn);
        assert!(one.seen.starts_with("weak"));
        let loose = Sight { serve_uid: Some(5), serve_confined: false, ..GOOD };
        assert_eq!(separation(Some(loose)).verdict, Verdict::Fail);
        for root in [Sight { broker_uid: 0, ..GOOD }, Sight { serve_uid: Some(0), ..GOOD }] {
            assert_eq!(separation(Some(root)).verdict, Verdict::Fail);
        }
        assert_eq!(separation(None).verdict, Verdict::Fail);
    }

    #[test]
    fn an_ordinary_process_is_seen_as_dumpable_and_unlocked() {
        let sight = Sight::of(std::process::id(), Some(std::process::id())).unwrap();
        assert!(sight.dumpable);
        assert_eq!(sight.serve_uid, Some(sight.broker_uid));
        assert_eq!(sight.broker_uid, rustix::process::geteuid().as_raw());
        assert_eq!(Sight::of(u32::MAX, None), None);
    }
}
