//! Where the client keeps its things, and the settings it takes from the environment.
//!
//! Precedence: a flag, then its `CASEMATE_*` variable, then what the profile remembers, then the
//! default. This is the one module that reads the environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::arguments::Globals;
use crate::failure::Failure;

/// The profile when none is named.
const PROFILE_DEFAULT: &str = "default";

/// Where this user's profiles lie, and which one is meant.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The configuration folder.
    pub(crate) folder: PathBuf,
    /// The profile's name, safe as a folder name.
    pub(crate) profile: String,
    /// A file with the passphrase that seals the tokens, when the user wants one.
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Whether there is a desktop, where a browser can be opened.
    pub(crate) desktop: bool,
}

impl Settings {
    /// The settings of this user and these flags.
    ///
    /// Errors: no home folder is known, or the profile's name could leave the folder.
    #[allow(clippy::disallowed_methods, reason = "the environment is read here, once")]
    pub(crate) fn load(globals: &Globals) -> Result<Self, Failure> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let folder =
            folder(variable("CASEMATE_CONFIG_DIR"), variable("XDG_CONFIG_HOME"), variable("HOME"))
                .ok_or_else(|| {
                    Failure::input(
                        "there is no home folder to keep a sign-in in",
                        "Set CASEMATE_CONFIG_DIR to a folder of your own.",
                    )
                })?;
        let profile = globals.profile.clone().unwrap_or_else(|| PROFILE_DEFAULT.to_owned());
        if domain::Name::parse(&profile).is_err() {
            return Err(Failure::input(
                format!("{profile:?} is no name for a profile"),
                "Use 1 to 63 of a-z, 0-9 and -, a letter first.",
            ));
        }
        let passphrase_file = variable("CASEMATE_PASSPHRASE_FILE").map(PathBuf::from);
        let desktop = variable("DISPLAY").or_else(|| variable("WAYLAND_DISPLAY")).is_some();
        Ok(Self { folder, profile, passphrase_file, desktop })
    }

    /// The folder of the profile.
    pub(crate) fn profile_folder(&self) -> PathBuf {
        self.folder.join("profiles").join(&self.profile)
    }
}

/// The configuration folder: named, else under XDG, else under the home folder. Relative paths are
/// refused by the XDG specification, and so here.
fn folder(
    named: Option<OsString>,
    xdg: Option<OsString>,
    home: Option<OsString>,
) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(PathBuf::from(named));
    }
    let absolute = |value: OsString| Some(PathBuf::from(value)).filter(|path| path.is_absolute());
    xdg.and_then(absolute)
        .or_else(|| home.and_then(absolute).map(|home| home.join(".config")))
        .map(|base| base.join("casemate"))
}

/// Whether the user wants no colour anywhere (no-color.org: any value that is not empty).
#[allow(clippy::disallowed_methods, reason = "the environment is read here, once")]
pub(crate) fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// The same path from the root, so that it means the same in another folder.
///
/// Errors: the current folder is gone.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|source| Failure::File {
        what: "find",
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<OsString> {
        Some(text.into())
    }

    #[test]
    fn named_folder_wins_then_xdg_then_home() {
        assert_eq!(folder(some("/n"), some("/x"), some("/h")), Some("/n".into()));
        assert_eq!(folder(None, some("/x"), some("/h")), Some("/x/casemate".into()));
        assert_eq!(folder(None, None, some("/h")), Some("/h/.config/casemate".into()));
        assert_eq!(folder(None, None, None), None);
    }

    #[test]
    fn relative_xdg_folder_is_ignored() {
        assert_eq!(folder(None, some("x"), some("/h")), Some("/h/.config/casemate".into()));
    }
}
