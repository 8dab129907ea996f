//! The logs a witness watches: one line for each key, `<verifier key> [<origin>]`. Without an
//! origin it is the key's name. Empty lines and lines that begin with `#` are passed over.

use std::collections::BTreeMap;
use std::path::Path;

use ledger::VerifierKey;
use ledger::witness::TrustedLog;

use crate::files::{self, Trouble};

/// Most logs that are watched.
pub const LOGS_MAX: usize = 1_000;
/// Most keys of one log.
pub const KEYS_PER_LOG_MAX: usize = 8;
/// Longest origin.
pub const ORIGIN_BYTES_MAX: usize = 256;

/// The list, by origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedLogs(BTreeMap<String, TrustedLog>);

impl TrustedLogs {
    /// Reads the list.
    ///
    /// # Errors
    /// [`Trouble::Missing`], [`Trouble::Form`] with the first line that is wrong,
    /// [`Trouble::File`].
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        let text = files::read(path)?.ok_or_else(|| Trouble::Missing(path.to_owned()))?;
        Self::parse(&text).map_err(|line| Trouble::Form { path: path.to_owned(), line })
    }

    /// Reads the text of a list; the number of the first line that is wrong otherwise.
    ///
    /// # Errors
    /// The line, counted from 1.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut logs = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                logs.add(line).ok_or(index + 1)?;
            }
        }
        Ok(logs)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        // An origin may hold spaces; a verifier key does not.
        let (key, origin) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let key = VerifierKey::parse(key).ok()?;
        let origin = match origin.trim() {
            "" => key.name().to_owned(),
            given => given.to_owned(),
        };
        let sound = origin.len() <= ORIGIN_BYTES_MAX && !origin.chars().any(char::is_control);
        let log = self.0.entry(origin.clone());
        let log = log.or_insert_with(|| TrustedLog { origin, keys: Vec::new() });
        log.keys.push(key);
        let fits = log.keys.len() <= KEYS_PER_LOG_MAX;
        (sound && fits && self.0.len() <= LOGS_MAX).then_some(())
    }

    /// The log of this origin.
    #[must_use]
    pub fn find(&self, origin: &str) -> Option<&TrustedLog> {
        self.0.get(origin)
    }

    /// How many logs.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Their origins.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
