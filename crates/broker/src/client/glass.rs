//! The client's side of broken glass.

use domain::{GlassId, RequestId, Sealed};

use super::{Broker, opened};
use crate::error::BrokerError;
use crate::glass::GlassTerms;
use crate::grant::{Grant, Opened};
use crate::protocol::{Reply, Request, WireBytes};
use crate::record::RecordName;

impl Broker {
    /// Lets terms stand that two of the staff agreed on, after their entry in the journal.
    /// Repeating those that stand changes nothing.
    ///
    /// # Errors
    /// [`crate::Refusal::GlassTerms`], [`crate::Refusal::GlassNotStanding`] when they ended or
    /// others stand under the id; [`BrokerError::JournalBehind`], [`BrokerError::Storage`]: they do
    /// not stand.
    pub async fn approve_glass(
        &self,
        terms: GlassTerms,
        request: RequestId,
    ) -> Result<(), BrokerError> {
        let request = Request::ApproveGlass { terms, request };
        expect_reply!(self.call(&request).await?, Reply::Done => ())
    }

    /// Opens records that standing terms name. The grant's purpose is
    /// [`crate::Purpose::BreakGlass`], its actor whoever asked for them.
    ///
    /// # Errors
    /// [`crate::Refusal::GlassNotStanding`]; else as [`Broker::open`]. All or nothing.
    pub async fn open_glass(
        &self,
        glass: GlassId,
        grant: Grant,
        records: &[(RecordName, Sealed)],
    ) -> Result<Opened, BrokerError> {
        let asked = records.len();
        let records =
            records.iter().map(|(name, sealed)| (*name, WireBytes::from(sealed))).collect();
        let (values, journal_seq) = expect_reply!(
            self.call(&Request::OpenGlass { glass, grant, records }).await?,
            Reply::Opened { values, journal_seq } => (values, journal_seq)
        )?;
        opened(values, asked, journal_seq)
    }

    /// Ends terms before their time: nothing is opened under them any more once this was answered.
    /// Terms that do not stand stay so.
    ///
    /// # Errors
    /// [`BrokerError::Storage`], [`BrokerError::JournalBehind`]: they ended, and the entry that
    /// says so is missing.
    pub async fn end_glass(
        &self,
        glass: GlassId,
        actor: String,
        request: RequestId,
    ) -> Result<(), BrokerError> {
        let request = Request::EndGlass { glass, actor, request };
        expect_reply!(self.call(&request).await?, Reply::Done => ())
    }
}
