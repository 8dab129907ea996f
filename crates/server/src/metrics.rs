//! Counters in Prometheus' text format, for the loopback port.
//!
//! Never: an id, a name or an address as a label; metrics are read by people who may not see
//! tenants.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use identity::notices::Round;

/// Counters since start.
#[derive(Debug, Default)]
pub struct Metrics {
    answered: [AtomicU64; 5],
    connections: AtomicU64,
    refused_connections: AtomicU64,
    notices_sent: AtomicU64,
    notices_given_up: AtomicU64,
    notices_waiting: AtomicU64,
}

impl Metrics {
    /// Counts an answer by its class.
    pub fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.answered.get(class) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a connection that was accepted.
    pub fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that was closed unheard: too many were open.
    pub fn turned_away(&self) {
        self.refused_connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts what a round of the outbox did.
    pub fn posted(&self, round: Round) {
        self.notices_sent.fetch_add(round.sent.into(), Ordering::Relaxed);
        self.notices_given_up.fetch_add(round.given_up.into(), Ordering::Relaxed);
        self.notices_waiting.store(round.left.waiting, Ordering::Relaxed);
    }

    /// Everything, as text.
    #[must_use]
    pub fn text(&self, passwords_hashed: u64) -> String {
        let mut text = String::from("# TYPE casemate_answers_total counter\n");
        for (class, counter) in (1_u8..).zip(&self.answered) {
            let count = counter.load(Ordering::Relaxed);
            let _ = writeln!(text, "casemate_answers_total{{class=\"{class}xx\"}} {count}");
        }
        for (name, count) in [
            ("casemate_connections_total", self.connections.load(Ordering::Relaxed)),
            (
                "casemate_connections_refused_total",
                self.refused_connections.load(Ordering::Relaxed),
            ),
            ("casemate_passwords_hashed_total", passwords_hashed),
            ("casemate_notices_sent_total", self.notices_sent.load(Ordering::Relaxed)),
            ("casemate_notices_given_up_total", self.notices_given_up.load(Ordering::Relaxed)),
        ] {
            let _ = writeln!(text, "# TYPE {name} counter\n{name} {count}");
        }
        let (name, waiting) =
            ("casemate_notices_waiting", self.notices_waiting.load(Ordering::Relaxed));
        let _ = writeln!(text, "# TYPE {name} gauge\n{name} {waiting}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_class() {
        let metrics = Metrics::default();
        for status in [200, 204, 404, 500] {
            metrics.answered(StatusCode::from_u16(status).unwrap());
        }
        let text = metrics.text(3);
        for line in [
            "casemate_answers_total{class=\"2xx\"} 2",
            "casemate_answers_total{class=\"4xx\"} 1",
            "casemate_answers_total{class=\"5xx\"} 1",
            "casemate_passwords_hashed_total 3",
        ] {
            assert!(text.contains(line), "{line} is missing:\n{text}");
        }
    }
}
