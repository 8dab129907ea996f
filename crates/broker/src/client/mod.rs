//! The client: one async function per request, over a few connections that mend themselves.
//!
//! Always true
//! 1. A call ends within [`limits::BROKER_CALL_MS_MAX`], with an answer or with
//!    [`BrokerError::Unreachable`].
//! 2. A connection whose call did not finish is closed, never used again: answers cannot be mixed
//!    up.

mod pool;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::{Sealed, UserId, limits};
use ledger::{Checkpoint, Receipt};
use seal::Exposed;

use crate::claims::{AccessClaims, MacPurpose, TokenKey, TotpCode};
use crate::error::{BrokerError, Refusal};
use crate::grant::{Grant, Opened};
use crate::protocol::{Reply, Request, WireBytes, WireSecret, frame};
use crate::record::{Realm, RecordName};
use crate::status::{JournalEntry, SlotReport, Status};

/// A handle to the broker process. Cheap to clone; all clones share one pool of connections.
#[derive(Clone)]
pub struct Broker {
    pool: Arc<pool::Pool>,
}

/// Takes the one reply that answers a request, or says why there is none.
macro_rules! expect_reply {
    ($reply:expr, $pattern:pat => $value:expr) => {
        match $reply {
            $pattern => Ok($value),
            Reply::Failed(error) => Err(error),
            _ => Err(BrokerError::Unreachable),
        }
    };
}

mod glass;
mod rotation;

impl Broker {
    /// Connects to the broker's socket and asks for its status once.
    ///
    /// # Errors
    /// [`BrokerError::Unreachable`] when nobody answers there.
    pub async fn connect(socket: &Path) -> Result<Self, BrokerError> {
        let broker = Self { pool: Arc::new(pool::Pool::new(socket.to_path_buf())) };
        broker.status().await?;
        Ok(broker)
    }

    /// What the broker tells about itself.
    ///
    /// # Errors
    /// [`BrokerError::Unreachable`].
    pub async fn status(&self) -> Result<Status, BrokerError> {
        expect_reply!(self.call(&Request::Status).await?, Reply::Status(status) => status)
    }

    /// Makes the realm's first wrapping-key seed. A realm that exists stays as it is.
    ///
    /// # Errors
    /// [`BrokerError::Storage`] when it could not be kept; then it does not exist.
    pub async fn create_realm(&self, realm: Realm) -> Result<(), BrokerError> {
        expect_reply!(self.call(&Request::CreateRealm(realm)).await?, Reply::Done => ())
    }

    /// Seals each value under its name, in order. Needs no grant, and is not journalled.
    ///
    /// # Errors
    /// [`Refusal::RealmUnknown`], [`Refusal::OutsideLimits`], or [`BrokerError::Storage`] when a
    /// new data key could not be kept. All or nothing.
    pub async fn seal(
        &self,
        realm: Realm,
        records: Vec<(RecordName, Exposed)>,
    ) -> Result<Vec<Sealed>, BrokerError> {
        let asked = records.len();
        let records = records.into_iter().map(|(name, value)| (name, WireSecret(value))).collect();
        let sealed = expect_reply!(
            self.call(&Request::Seal { realm, records }).await?,
            Reply::Sealed(sealed) => sealed
        )?;
        if sealed.len() != asked {
            return Err(BrokerError::Unreachable);
        }
        Ok(sealed.into_iter().map(Sealed::from).collect())
    }

    /// Opens the listed records, in order. The opening is durable in the journal first.
    ///
    /// # Errors
    /// [`BrokerError::Refused`] when the grant does not cover them, [`BrokerError::CannotOpen`]
    /// when one does not open (then none is returned), [`BrokerError::JournalBehind`],
    /// [`BrokerError::Storage`].
    pub async fn open(
        &self,
        grant: Grant,
        records: Vec<(RecordName, Sealed)>,
    ) -> Result<Opened, BrokerError> {
        let asked = records.len();
        let records =
            records.iter().map(|(name, sealed)| (*name, WireBytes::from(sealed))).collect();
        let (values, journal_seq) = expect_reply!(
            self.call(&Request::Open { grant, records }).await?,
            Reply::Opened { values, journal_seq } => (values, journal_seq)
        )?;
        opened(values, asked, journal_seq)
    }

    /// A new TOTP seed for this person: sealed, and once as the `otpauth` URI to show. `label`
    /// names the account.
    ///
    /// # Errors
    /// [`Refusal::RealmUnknown`] when the person has no realm, [`Refusal::OutsideLimits`] for a bad
    /// label.
    pub async fn new_totp(
        &self,
        user: UserId,
        label: &str,
    ) -> Result<(Sealed, Exposed), BrokerError> {
        expect_reply!(
            self.call(&Request::NewTotp { user, label: label.to_owned() }).await?,
            Reply::NewTotp { sealed_seed, uri: WireSecret(uri) } => (sealed_seed.into(), uri)
        )
    }

    /// Checks a code against the current and the past step. `Some(step)` when it matches a step
    /// later than `last_step`; the caller stores that step, so that one code works once.
    ///
    /// # Errors
    /// As [`Broker::open`].
    pub async fn check_totp(
        &self,
        user: UserId,
        sealed_seed: Sealed,
        code: TotpCode,
        last_step: Option<i64>,
    ) -> Result<Option<i64>, BrokerError> {
        let sealed_seed = WireBytes::from(&sealed_seed);
        let request = Request::CheckTotp { user, sealed_seed, code, last_step };
        expect_reply!(self.call(&request).await?, Reply::Step(step) => step)
    }

    /// An access token with these claims: EdDSA, `typ` `at+jwt`, with `kid`.
    ///
    /// # Errors
    /// [`Refusal::OutsideLimits`] for a token that lives longer than [`limits::ACCESS_TOKEN_MS`].
    pub async fn sign_access_token(&self, claims: AccessClaims) -> Result<String, BrokerError> {
        expect_reply!(
            self.call(&Request::SignAccessToken(claims)).await?, Reply::Text(token) => token
        )
    }

    /// The public keys that verify access tokens, the signing one first.
    ///
    /// # Errors
    /// [`BrokerError::Unreachable`].
    pub async fn token_keys(&self) -> Result<Vec<TokenKey>, BrokerError> {
        expect_reply!(self.call(&Request::TokenKeys).await?, Reply::TokenKeys(keys) => keys)
    }

    /// The checkpoint as a signed note, by this instance's log key.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for a log of another instance.
    pub async fn sign_checkpoint(&self, checkpoint: &Checkpoint) -> Result<String, BrokerError> {
        let request = Request::SignCheckpoint { text: checkpoint.text() };
        expect_reply!(self.call(&request).await?, Reply::Text(note) => note)
    }

    /// The receipt as a signed note, by this instance's log key.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for a log of another instance.
    pub async fn sign_receipt(&self, receipt: &Receipt) -> Result<String, BrokerError> {
        let request = Request::SignReceipt { text: receipt.text() };
        expect_reply!(self.call(&request).await?, Reply::Text(note) => note)
    }

    /// The verifier key of this instance's logs, as C2SP signed notes write it.
    ///
    /// # Errors
    /// [`BrokerError::Unreachable`].
    pub async fn log_key(&self) -> Result<String, BrokerError> {
        expect_reply!(self.call(&Request::LogKey).await?, Reply::Text(key) => key)
    }

    /// HMAC-SHA-256 of `message` under the key of `purpose`.
    ///
    /// # Errors
    /// [`Refusal::OutsideLimits`] for a message above [`crate::MAC_MESSAGE_BYTES_MAX`].
    pub async fn mac(
        &self,
        purpose: MacPurpose,
        message: Vec<u8>,
    ) -> Result<[u8; 32], BrokerError> {
        let request = Request::Mac { purpose, message: WireBytes(message) };
        expect_reply!(self.call(&request).await?, Reply::Mac(mac) => mac)
    }

    /// Journal entries after `seq`, oldest first, at most `count`. Copied entries may be gone.
    ///
    /// # Errors
    /// [`Refusal::JournalPosition`] when `seq` lies behind what was copied.
    pub async fn journal_after(
        &self,
        seq: u64,
        count: u32,
    ) -> Result<Vec<JournalEntry>, BrokerError> {
        let request = Request::JournalAfter { seq, count };
        expect_reply!(self.call(&request).await?, Reply::Journal(entries) => entries)
    }

    /// Says that every entry up to `seq` is durable in the tenants' logs. Going back is ignored.
    ///
    /// # Errors
    /// [`Refusal::JournalPosition`] when `seq` lies ahead of the journal.
    pub async fn journal_copied(&self, seq: u64) -> Result<(), BrokerError> {
        expect_reply!(self.call(&Request::JournalCopied { seq }).await?, Reply::Done => ())
    }

    /// Whether this recovery code really unwraps the root key; `true` is remembered with its
    /// moment.
    ///
    /// # Errors
    /// [`BrokerError::Storage`] when the confirmation could not be kept.
    pub async fn confirm_recovery(&self, code: Exposed) -> Result<bool, BrokerError> {
        let request = Request::ConfirmRecovery { code: WireSecret(code) };
        expect_reply!(
            self.call(&request).await?, Reply::Confirmed(confirmed_at) => confirmed_at.is_some()
        )
    }

    /// Tries every slot that can be tried without a person, by really unwrapping.
    ///
    /// # Errors
    /// [`BrokerError::Unreachable`].
    pub async fn test_slots(&self) -> Result<Vec<SlotReport>, BrokerError> {
        expect_reply!(self.call(&Request::TestSlots).await?, Reply::Slots(slots) => slots)
    }

    /// Whom backups are sealed to.
    ///
    /// # Errors
    /// [`BrokerError::Unreachable`].
    pub async fn stream_recipient(&self) -> Result<seal::Recipient, BrokerError> {
        expect_reply!(
            self.call(&Request::StreamRecipient).await?,
            Reply::Recipient { root, public } => seal::Recipient { root, public }
        )
    }

    /// Signs the note of a backup. For the host only.
    ///
    /// # Errors
    /// [`Refusal::NotTheHost`], [`Refusal::Malformed`].
    pub async fn sign_backup(&self, text: &str) -> Result<String, BrokerError> {
        let request = Request::SignBackup { text: text.to_owned() };
        expect_reply!(self.call(&request).await?, Reply::Text(note) => note)
    }

    async fn call(&self, request: &Request) -> Result<Reply, BrokerError> {
        let outgoing =
            frame::encode(request).map_err(|_| BrokerError::Refused(Refusal::OutsideLimits))?;
        let deadline = Duration::from_millis(limits::BROKER_CALL_MS_MAX);
        let incoming = tokio::time::timeout(deadline, self.pool.exchange(&outgoing))
            .await
            .map_err(|_| BrokerError::Unreachable)?
            .map_err(|_| BrokerError::Unreachable)?;
        frame::decode(&incoming).map_err(|_| BrokerError::Unreachable)
    }
}

/// What was opened, when there is a value for each record that was asked for.
fn opened(values: Vec<WireSecret>, asked: usize, journal_seq: u64) -> Result<Opened, BrokerError> {
    if values.len() != asked {
        return Err(BrokerError::Unreachable);
    }
    let values = values.into_iter().map(|WireSecret(value)| value).collect();
    Ok(Opened { values, journal_seq })
}
