//! The log of long-running processes: stderr, UTC; JSON lines unless a person looks on.
//!
//! Always true: what reaches it has passed the type rules (a secret has no `Debug` and no
//! `Display`); the level is `info` unless `RUST_LOG` says otherwise.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts the log of this process. A second call changes nothing.
pub(crate) fn start() {
    let level = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr);
    // An earlier subscriber, such as a test's, stays.
    let _ = if std::io::stderr().is_terminal() {
        log.compact().try_init()
    } else {
        log.json().flatten_event(true).with_ansi(false).try_init()
    };
}
