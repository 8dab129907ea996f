//! The record of what a witness has cosigned: the newest size and root of each log.
//!
//! Always true
//! 1. A size only grows, and a size has one root: [`Book::with`] refuses anything else, whatever
//!    its caller decided before.
//! 2. The file is the whole book, replaced at once; a file that is not exactly what this program
//!    writes is refused, since reading less than was signed would allow a second history.

use std::collections::BTreeMap;
use std::path::Path;

use data_encoding::BASE64;
use ledger::witness::Record;

use crate::files::{self, Trouble};

const LABEL: &str = "casemate.witness-record.v1";

/// The newest record of each log, by origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book(BTreeMap<String, Record>);

impl Book {
    /// Begins an empty book on the disk, for a new witness.
    ///
    /// # Errors
    /// [`Trouble::Exists`], [`Trouble::File`].
    pub fn create(path: &Path) -> Result<Self, Trouble> {
        let book = Self::default();
        files::create(path, &book.text())?;
        Ok(book)
    }

    /// Reads the book of a witness.
    ///
    /// # Errors
    /// [`Trouble::Missing`], [`Trouble::Form`], [`Trouble::File`].
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        let text = files::read(path)?.ok_or_else(|| Trouble::Missing(path.to_owned()))?;
        let book = Self::parse(&text).filter(|book| book.text() == text);
        book.ok_or_else(|| Trouble::Form { path: path.to_owned(), line: 0 })
    }

    /// The record of a log.
    #[must_use]
    pub fn record(&self, origin: &str) -> Option<Record> {
        self.0.get(origin).copied()
    }

    /// This book with a newer record of one log; `None` when it would not be newer.
    #[must_use]
    pub fn with(&self, origin: &str, record: Record) -> Option<Self> {
        let grows = self.record(origin).is_none_or(|known| known.size < record.size);
        grows.then(|| {
            let mut next = self.clone();
            next.0.insert(origin.to_owned(), record);
            next
        })
    }

    /// Puts the book on the disk.
    ///
    /// # Errors
    /// [`Trouble::File`]: what is on the disk now may be this book or the one before.
    pub fn persist(&self, path: &Path) -> Result<(), Trouble> {
        files::replace(path, &self.text())
    }

    fn text(&self) -> String {
        let mut text = format!("{LABEL}\n");
        for (origin, Record { size, root }) in &self.0 {
            text.push_str(&format!("{size} {} {origin}\n", BASE64.encode(root)));
        }
        text.push_str(&format!("end {}\n", self.0.len()));
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next()? != LABEL {
            return None;
        }
        let mut book = Self::default();
        for line in lines {
            let (size, rest) = line.split_once(' ')?;
            if size == "end" {
                break;
            }
            let (root, origin) = rest.split_once(' ')?;
            let root = BASE64.decode(root.as_bytes()).ok()?.try_into().ok()?;
            book.0.insert(origin.to_owned(), Record { size: size.parse().ok()?, root });
        }
        Some(book)
    }
}
