//! Where settings come from, and their merging.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::Value;

use super::ConfigError;
use super::keys::{KEYS, Key, Kind};
use super::nearest::nearest;

/// What the process was given: flags, environment, file.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `section.key` and value, from the command line.
    pub flags: Vec<(String, String)>,
    /// The environment, as it was at start.
    pub environment: BTreeMap<String, String>,
    /// The file named on the command line; it must exist.
    pub file: Option<PathBuf>,
}

/// Prefix of the environment variables that are settings.
const PREFIX: &str = "CASEMATE_";

impl Sources {
    /// The environment of this process, with these flags and file.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place of the server that reads the environment"
    )]
    pub fn of_process(flags: Vec<(String, String)>, file: Option<PathBuf>) -> Self {
        Self { flags, environment: std::env::vars().collect(), file }
    }

    /// The file that is read: the one named by flag or `CASEMATE_CONFIG`, else `casemate.toml` in
    /// [`Self::config_folder`] when it exists.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        let named =
            self.file.clone().or_else(|| self.variable("CASEMATE_CONFIG").map(PathBuf::from));
        named.or_else(|| {
            let usual = self.config_folder()?.join("casemate.toml");
            usual.exists().then_some(usual)
        })
    }

    /// The folder of configuration, slots and key files: beside the named file, else
    /// `/etc/casemate` for root, else `$XDG_CONFIG_HOME/casemate`, else `~/.config/casemate`.
    #[must_use]
    pub fn config_folder(&self) -> Option<PathBuf> {
        let named =
            self.file.clone().or_else(|| self.variable("CASEMATE_CONFIG").map(PathBuf::from));
        if let Some(folder) = named.as_deref().and_then(Path::parent) {
            return Some(folder.to_owned());
        }
        if rustix::process::geteuid().is_root() {
            return Some(PathBuf::from("/etc/casemate"));
        }
        self.home("XDG_CONFIG_HOME", ".config")
    }

    /// The folder of data when nothing names one.
    pub(super) fn default_data_folder(&self) -> Option<PathBuf> {
        if rustix::process::geteuid().is_root() {
            return Some(PathBuf::from("/var/lib/casemate"));
        }
        self.home("XDG_DATA_HOME", ".local/share")
    }

    fn home(&self, xdg: &str, below_home: &str) -> Option<PathBuf> {
        self.variable(xdg)
            .map(PathBuf::from)
            .or_else(|| self.variable("HOME").map(|home| Path::new(home).join(below_home)))
            .map(|base| base.join("casemate"))
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn values(&self) -> Result<Values, ConfigError> {
        let mut values = Values::default();
        if let Some(path) = self.file() {
            values.add_file(&path)?;
        }
        if let Some(folder) = self.variable("CASEMATE_DATA") {
            values.add_text("data.folder", folder)?;
        }
        for (variable, value) in &self.environment {
            // A single underscore belongs to variables that are not settings, such as
            // CASEMATE_CONFIG.
            if let Some(key) = variable.strip_prefix(PREFIX).filter(|key| key.contains("__")) {
                values.add_text(&key.to_ascii_lowercase().replacen("__", ".", 1), value)?;
            }
        }
        for (key, value) in &self.flags {
            values.add_text(key, value)?;
        }
        Ok(values)
    }
}

/// The settings that were given, by key; later sources replace earlier ones.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<&'static str, Value>);

impl Values {
    fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            path: path.to_owned(),
            why: error.kind(),
        })?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            ConfigError::NotToml { path: path.to_owned(), line }
        })?;
        for (section, value) in table {
            let Value::Table(settings) = value else {
                return Err(unknown(section));
            };
            for (name, value) in settings {
                let key = known(&format!("{section}.{name}"))?;
                self.0.insert(key.name, of_kind(key, value)?);
            }
        }
        Ok(())
    }

    fn add_text(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        let key = known(name)?;
        let value = match key.kind {
            Kind::Number => {
                let number = text.parse().map_err(|_| wrong(key))?;
                Value::Integer(number)
            }
            Kind::Words => {
                let words = text.split(',').map(|word| Value::String(word.trim().to_owned()));
                Value::Array(words.collect())
            }
            Kind::Text | Kind::Path | Kind::Address => Value::String(text.to_owned()),
        };
        self.0.insert(key.name, of_kind(key, value)?);
        Ok(())
    }

    /// The value given, as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Array(words) => {
                Some(words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
            }
            other => Some(other.to_string()),
        }
    }

    /// The value in effect: the one given, else the default. Empty when there is neither.
    pub(super) fn or_default(&self, name: &'static str) -> String {
        let default = || KEYS.iter().find(|key| key.name == name).map_or("", |key| key.default);
        self.text(name).unwrap_or_else(|| default().to_owned())
    }

    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).filter(|text| !text.is_empty()).map(PathBuf::from)
    }

    pub(super) fn address(&self, name: &'static str) -> Result<SocketAddr, ConfigError> {
        let wanted = Kind::Address.wanted();
        self.or_default(name).parse().map_err(|_| ConfigError::WrongKind { key: name, wanted })
    }

    /// A number within bounds; `rule` says them.
    pub(super) fn number(
        &self,
        name: &'static str,
        bounds: std::ops::RangeInclusive<u32>,
        rule: &'static str,
    ) -> Result<u32, ConfigError> {
        let number = self.or_default(name).parse().ok().filter(|number| bounds.contains(number));
        number.ok_or(ConfigError::OutOfRange { key: name, rule })
    }
}

fn known(name: &str) -> Result<&'static Key, ConfigError> {
    KEYS.iter().find(|key| key.name == name).ok_or_else(|| unknown(name.to_owned()))
}

fn unknown(key: String) -> ConfigError {
    ConfigError::UnknownKey { nearest: nearest(&key), key }
}

fn wrong(key: &Key) -> ConfigError {
    ConfigError::WrongKind { key: key.name, wanted: key.kind.wanted() }
}

fn of_kind(key: &Key, value: Value) -> Result<Value, ConfigError> {
    let fits = match (key.kind, &value) {
        (Kind::Number, Value::Integer(_)) | (Kind::Text | Kind::Path, Value::String(_)) => true,
        (Kind::Address, Value::String(text)) => text.parse::<SocketAddr>().is_ok(),
        (Kind::Words, Value::Array(words)) => words.iter().all(Value::is_str),
        _ => false,
    };
    if fits { Ok(value) } else { Err(wrong(key)) }
}
