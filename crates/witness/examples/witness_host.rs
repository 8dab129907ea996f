//! A witness as a process of its own, for tests that kill it: `witness_host FOLDER`. It prints the
//! port it listens on.

use std::path::Path;
use std::sync::Arc;

use domain::{Clock, TimeMs};
use witness::{Desk, Home, TrustedLogs};

/// The machine's clock.
struct Machine;

impl Clock for Machine {
    #[allow(clippy::disallowed_methods, reason = "a test's process has no other clock")]
    fn now(&self) -> TimeMs {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        TimeMs(i64::try_from(since.map_or(0, |since| since.as_millis())).unwrap_or(0))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder?")?;
    let home = Home::take(Path::new(&folder))?;
    let logs = TrustedLogs::open(&home.logs())?;
    let desk = Arc::new(Desk::open(home, logs, Arc::new(Machine))?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        witness::http::serve(listener, desk, Arc::new(Machine), std::future::pending()).await?;
        Ok(())
    })
}
