//! `run/ready.json`: the real addresses, once everything answers.
//!
//! Always true: the file is there whole or not at all, and goes away when the process ends by
//! itself. What is left of one that was killed names a `pid` that is gone.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::json;

/// The file; removed when dropped.
#[derive(Debug)]
pub(crate) struct Ready(PathBuf);

impl Ready {
    /// Writes the file.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn write(
        run: &Path,
        api: Option<SocketAddr>,
        health: SocketAddr,
    ) -> io::Result<Self> {
        let path = run.join("ready.json");
        let part = path.with_extension("part");
        let body = json!({
            "api": api.map(|address| format!("https://{address}")),
            "health": format!("http://{health}"),
            "pid": std::process::id(),
        });
        fs::write(&part, format!("{body}\n"))?;
        fs::rename(&part, &path)?;
        Ok(Self(path))
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        // Already gone is as good as removed.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_the_real_ports_and_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let ready = Ready::write(folder.path(), Some(address(4711)), address(4712)).unwrap();
        let text = fs::read_to_string(folder.path().join("ready.json")).unwrap();
        let body: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["api"], "https://127.0.0.1:4711");
        assert_eq!(body["health"], "http://127.0.0.1:4712");
        assert_eq!(body["pid"], std::process::id());
        drop(ready);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
