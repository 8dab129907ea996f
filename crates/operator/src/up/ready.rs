//! How the supervisor knows that a process serves.

use std::path::Path;

use serde::Deserialize;
use tokio::net::UnixStream;

use super::child::Role;
use crate::layout::DataFolder;
use crate::settings::Settings;

/// Largest `ready.json` that is read.
const READY_BYTES_MAX: usize = 4_096;

/// What `serve` writes when it listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Ready {
    /// Base URL of the API; `None` from a `serve` without that role.
    pub api: Option<String>,
    /// Base URL of the health pages.
    pub health: String,
    /// The process that wrote it.
    pub pid: u32,
}

impl Ready {
    /// What the file at `path` says; `None` while there is none, or only half of it.
    #[must_use]
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok().filter(|bytes| bytes.len() <= READY_BYTES_MAX)?;
        serde_json::from_slice(&bytes).ok()
    }
}

/// Whether the process `pid` of this role serves: the broker when it takes connections (it listens
/// only after it has opened its keys), `serve` when it has written its own process id.
pub(crate) async fn is_ready(role: Role, settings: &Settings, pid: Option<u32>) -> bool {
    match role {
        Role::Broker => UnixStream::connect(&settings.config.broker.socket).await.is_ok(),
        Role::Serve => wrote(&settings.places.data, pid),
    }
}

/// Whether the process `pid` wrote the file that is there.
fn wrote(data: &DataFolder, pid: Option<u32>) -> bool {
    Ready::read(&data.ready()).is_some_and(|ready| Some(ready.pid) == pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_file_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        assert_eq!(Ready::read(&path), None);
        let whole = r#"{"api":"https://127.0.0.1:8443","health":"http://127.0.0.1:9443","pid":7}"#;
        for end in 0..whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            assert_eq!(Ready::read(&path), None, "{end}");
        }
        std::fs::write(&path, whole).unwrap();
        assert_eq!(Ready::read(&path).unwrap().pid, 7);
    }

    #[test]
    fn what_an_earlier_process_wrote_does_not_make_the_next_one_ready() {
        let folder = tempfile::tempdir().unwrap();
        let (data, settings) = (folder.path().join("d"), folder.path().join("c/casemate.toml"));
        let places = crate::layout::Places::new(&data, &settings).unwrap();
        std::fs::create_dir_all(places.data.run()).unwrap();
        std::fs::write(places.data.ready(), r#"{"api":null,"health":"h","pid":7}"#).unwrap();
        assert!(wrote(&places.data, Some(7)));
        assert!(!wrote(&places.data, Some(8)));
        assert!(!wrote(&places.data, None));
    }
}
