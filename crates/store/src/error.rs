//! Why the store could not do what it was asked.
//!
//! Always true
//! 1. Seven variants, each with its own answer for the caller; none carries an engine's text, which
//!    may hold values. The engine's code is logged where the error is made.
//! 2. "Not found" is an `Option`, never an error.
//!
//! Never: a variant that means two different things to whoever has to mend it.

/// Why a store call failed. Nothing of the failed transaction was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or went away in the middle.
    #[error("the database cannot be reached")]
    Unreachable,
    /// Another transaction was in the way for too long; the same call may succeed when repeated.
    #[error("the database is busy; try again")]
    Busy,
    /// No space is left where the database writes.
    #[error("no space is left for the database")]
    Full,
    /// A file or row is not what was written: half-written, truncated or edited.
    #[error("the database is damaged")]
    Corrupt,
    /// A row with this key exists already, or a row that this one refers to does not exist.
    #[error("it exists already, or what it refers to does not")]
    Conflict,
    /// The store refuses to work with this database at all.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A mistake in this program; the transaction was rolled back.
    #[error("the request failed inside the store: {0}")]
    Defect(&'static str),
}

/// Why the store refuses to work with a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Written by a newer version of this program.
    #[error("the data has format {found}, and this program knows formats up to {known}")]
    NewerFormat {
        /// The format found.
        found: u32,
        /// The newest format this program knows.
        known: u32,
    },
    /// An applied migration is not the one this program carries.
    #[error("migration {0} was applied with a different content")]
    OtherHistory(u32),
    /// The files or the folder cannot be written.
    #[error("the data folder cannot be written")]
    ReadOnly,
    /// The workspace has no data unit: it was never created, or it is gone.
    #[error("the workspace has no data")]
    NoUnit,
    /// A wall of the database is weaker than it has to be; `Store::guards` says which.
    #[error("{0} guards of the database are weaker than they have to be")]
    WeakGuards(usize),
    /// The database was not made ready for this version of the program.
    #[error("the database is not prepared for this version; run the migration first")]
    NotPrepared,
    /// The connection would be neither a Unix socket nor TLS with verification.
    #[error("the database must be reached by a Unix socket or by TLS with a root certificate")]
    Unverified,
    /// The connection text cannot be understood.
    #[error("the database address cannot be understood")]
    Address,
}
