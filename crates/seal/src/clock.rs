//! The machine's clock, behind [`domain::Clock`]: the one place that reads it.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::{Clock, TimeMs};

/// The system clock, in UTC. A moment before 1970 reads as 0: every deadline is then over.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock everything else is given")]
    fn now(&self) -> TimeMs {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        TimeMs(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_reads_a_moment_after_this_was_written() {
        assert!(SystemClock.now() > TimeMs(1_700_000_000_000));
    }
}
