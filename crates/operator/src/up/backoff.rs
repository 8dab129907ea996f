//! When a process that ended is started again.
//!
//! Rules
//! 1. One that had been ready comes back at once: a crash should cost its users milliseconds.
//! 2. One that ended before it was ready comes back ever later: its cause is probably still there.
//! 3. One that said why it cannot start (an exit code) before the platform was ever ready ends the
//!    start: a person is there to read it. After that moment nobody may be, so nothing makes the
//!    supervisor give up.

use std::process::ExitStatus;
use std::time::Duration;

const DELAY_MS_READY: u64 = 20;
const DELAY_MS_MIN: u64 = 100;
const DELAY_MS_MAX: u64 = 10_000;
/// `DELAY_MS_MIN` doubled this often is past the maximum.
const DOUBLINGS_MAX: u32 = 7;

const _: () = assert!(DELAY_MS_READY < DELAY_MS_MIN);
const _: () = assert!(DELAY_MS_MIN << DOUBLINGS_MAX >= DELAY_MS_MAX);

/// How far a process had come when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// It served.
    Ready,
    /// It did not, but this role had served before.
    StartingAgain,
    /// It did not, and this role never had.
    StartingFirst,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Start it again after this long.
    Again(Duration),
    /// It said why it cannot start.
    GiveUp,
}

/// The memory of one role's failures.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    doublings: u32,
}

impl Backoff {
    /// The verdict on one end.
    pub(crate) fn after(&mut self, reached: Reached, status: ExitStatus) -> Verdict {
        match reached {
            Reached::Ready => {
                self.doublings = 0;
                Verdict::Again(Duration::from_millis(DELAY_MS_READY))
            }
            Reached::StartingFirst if status.code().is_some() => Verdict::GiveUp,
            Reached::StartingFirst | Reached::StartingAgain => {
                let delay = (DELAY_MS_MIN << self.doublings).min(DELAY_MS_MAX);
                self.doublings = (self.doublings + 1).min(DOUBLINGS_MAX);
                Verdict::Again(Duration::from_millis(delay))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn killed() -> ExitStatus {
        ExitStatus::from_raw(9)
    }

    fn exited(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    #[test]
    fn a_process_that_served_comes_back_at_once_every_time() {
        let mut backoff = Backoff::default();
        for _ in 0..1_000 {
            let verdict = backoff.after(Reached::Ready, killed());
            assert_eq!(verdict, Verdict::Again(Duration::from_millis(DELAY_MS_READY)));
        }
    }

    #[test]
    fn a_process_that_cannot_start_waits_longer_each_time_up_to_the_limit() {
        let mut backoff = Backoff::default();
        let delays: Vec<u64> = (0..10)
            .map(|_| match backoff.after(Reached::StartingAgain, exited(1)) {
                Verdict::Again(delay) => u64::try_from(delay.as_millis()).unwrap(),
                Verdict::GiveUp => panic!("a platform that had served gave up"),
            })
            .collect();
        assert_eq!(delays, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
    }

    #[test]
    fn the_first_start_stops_at_a_stated_reason_but_not_at_a_kill() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.after(Reached::StartingFirst, exited(2)), Verdict::GiveUp);
        assert!(matches!(backoff.after(Reached::StartingFirst, killed()), Verdict::Again(_)));
    }

    #[test]
    fn serving_once_forgets_the_failures_before() {
        let mut backoff = Backoff::default();
        for _ in 0..5 {
            backoff.after(Reached::StartingAgain, exited(1));
        }
        backoff.after(Reached::Ready, killed());
        let verdict = backoff.after(Reached::StartingAgain, exited(1));
        assert_eq!(verdict, Verdict::Again(Duration::from_millis(DELAY_MS_MIN)));
    }
}
