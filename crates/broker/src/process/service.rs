//! What the broker does for each request.
//!
//! Always true: every path that unwraps a record goes through [`Service::journalled`] first.

mod glass;
mod orders;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use domain::{Clock, Entropy, UserId, limits};
use ledger::{Checkpoint, LogOrigin, Receipt};
use seal::{Exposed, KeyHomes, RecoveryCode, Slot, SlotSecret};

use crate::claims::{AccessClaims, MacPurpose, TotpCode};
use crate::error::{BrokerError, Refusal};
use crate::glass::{GlassNote, GlassShelf};
use crate::grant::{Grant, Purpose};
use crate::instance_keys::{InstanceKeys, NotSigned};
use crate::journal::{Journal, Opening};
use crate::key_ring::KeyRing;
use crate::protocol::{Reply, Request, WireBytes, WireSecret};
use crate::record::{DataScope, Realm, RecordKind, RecordName};
use crate::rotation::Steps;
use crate::shred_ledger::ShredLedger;
use crate::slots::{self, Expected, Unlock};
use crate::status::{SlotKind, Status};
use crate::{ACTOR_BYTES_MAX, MAC_MESSAGE_BYTES_MAX, tokens, totp};

/// Everything a request may need.
pub(super) struct Service {
    pub(super) ring: KeyRing,
    pub(super) keys: Arc<InstanceKeys>,
    pub(super) journal: Journal,
    pub(super) homes: Arc<dyn KeyHomes>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) slots: PathBuf,
    pub(super) unlock: Vec<Unlock>,
    pub(super) ledger: Mutex<ShredLedger>,
    pub(super) glass: Mutex<GlassShelf>,
    pub(super) steps: Arc<Steps>,
}

/// Who asks, as the kernel names the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// The host's operator: root, or the broker's own user.
    Host,
    /// Another listed user: `serve`.
    Listed,
}

type Answer = Result<Reply, BrokerError>;

const OUTSIDE_LIMITS: BrokerError = BrokerError::Refused(Refusal::OutsideLimits);

impl Service {
    /// The reply to one request; never a panic, never a key.
    pub(super) fn answer(&self, peer: Peer, request: Request) -> Reply {
        self.dispatch(peer, request).unwrap_or_else(Reply::Failed)
    }

    fn dispatch(&self, peer: Peer, request: Request) -> Answer {
        match request {
            Request::Status => self.status(),
            Request::CreateRealm(realm) => self.ring.create_realm(realm).map(|()| Reply::Done),
            Request::Seal { realm, records } => self.seal(realm, &records),
            Request::Open { grant, records } => self.open(grant, &records),
            Request::NewTotp { user, label } => self.new_totp(user, &label),
            Request::CheckTotp { user, sealed_seed, code, last_step } => {
                self.check_totp(user, &sealed_seed, &code, last_step)
            }
            Request::SignAccessToken(claims) => self.sign_access_token(&claims),
            Request::TokenKeys => Ok(Reply::TokenKeys(vec![tokens::public_key(&self.keys.token)])),
            Request::SignCheckpoint { text } => self.sign_checkpoint(&text),
            Request::SignReceipt { text } => self.sign_receipt(&text),
            Request::LogKey => Ok(Reply::Text(self.keys.log_verifier().to_string())),
            Request::Mac { purpose, message } => self.mac(purpose, &message),
            Request::JournalAfter { seq, count } => {
                self.journal.after(seq, count).map(Reply::Journal)
            }
            Request::JournalCopied { seq } => self.journal_copied(seq),
            Request::ConfirmRecovery { code } => self.confirm_recovery(&code.0),
            Request::TestSlots => self.test_slots(),
            Request::Keys(realm) => self.ring.keys_of(realm).map(Reply::Keys),
            Request::RotateRealm { realm, from } => self.rotate_realm(realm, from),
            Request::RotateDataKey { realm, scope, from } => {
                self.rotate_data_key(realm, scope, from)
            }
            Request::Reseal { grant, records } => self.reseal(grant, &records),
            Request::DestroyKey { realm, key } => self.destroy_key(realm, key),
            Request::Shred(target) => self.shred(peer, target),
            Request::StreamRecipient => self.stream_recipient(),
            Request::SignBackup { text } => self.sign_backup(peer, &text),
            Request::ApproveGlass { terms, request } => self.approve_glass(terms, request),
            Request::OpenGlass { glass, grant, records } => self.open_glass(glass, grant, &records),
            Request::EndGlass { glass, actor, request } => self.end_glass(glass, actor, request),
        }
    }

    fn status(&self) -> Answer {
        let confirmed = self.ring.with_store(|store| store.recovery_confirmed_at())?;
        Ok(Reply::Status(Status {
            instance: self.ring.instance(),
            root_key: self.ring.root().id().to_string(),
            token_key: tokens::public_key(&self.keys.token).kid,
            recovery_confirmed: confirmed.is_some(),
            journal_seq: self.journal.head(),
            journal_lag: self.journal.lag(),
        }))
    }

    fn seal(&self, realm: Realm, records: &[(RecordName, WireSecret)]) -> Answer {
        let within =
            |(_, value): &(RecordName, WireSecret)| value.0.len() <= limits::SECRET_BYTES_MAX;
        if !is_record_count(records.len()) || !records.iter().all(within) {
            return Err(OUTSIDE_LIMITS);
        }
        let records: Vec<_> = records.iter().map(|(name, value)| (*name, &value.0)).collect();
        let sealed = self.ring.seal(realm, &records)?;
        Ok(Reply::Sealed(sealed.iter().map(WireBytes::from).collect()))
    }

    fn open(&self, grant: Grant, records: &[(RecordName, WireBytes)]) -> Answer {
        self.check_grant(&grant)?;
        if !is_record_count(records.len()) {
            return Err(OUTSIDE_LIMITS);
        }
        if records.iter().any(|(name, _)| name.kind == RecordKind::TotpSeed) {
            return Err(BrokerError::Refused(Refusal::KindStaysInside));
        }
        if !grant.purpose.hands_out() {
            return Err(BrokerError::Refused(Refusal::KindStaysInside));
        }
        self.unwrapped(grant, records, None)
    }

    /// Opens what a checked grant lists, after its entry.
    fn unwrapped(
        &self,
        grant: Grant,
        records: &[(RecordName, WireBytes)],
        glass: Option<GlassNote>,
    ) -> Answer {
        let Grant { realm, purpose, actor, request, .. } = grant;
        let names = records.iter().map(|(name, _)| *name).collect();
        let request = Some(request);
        let opening = Opening { realm, purpose, actor, request, records: names, glass };
        let (journal_seq, values) = self.journalled(opening, || {
            let opened = records
                .iter()
                .map(|(name, sealed)| self.ring.open(realm, name, &sealed.0).map(WireSecret));
            opened.collect()
        })?;
        Ok(Reply::Opened { values, journal_seq })
    }

    /// Runs `unwrap` after the opening is durable, and not at all when it is not.
    fn journalled<T>(
        &self,
        opening: Opening,
        unwrap: impl FnOnce() -> Result<T, BrokerError>,
    ) -> Result<(u64, T), BrokerError> {
        let seq = self.journal.append(opening)?;
        unwrap().map(|value| (seq, value))
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), BrokerError> {
        let left_ms = grant.expires_at.since_ms(self.clock.now());
        if left_ms <= 0 || left_ms > limits::GRANT_MS {
            return Err(BrokerError::Refused(Refusal::GrantExpired));
        }
        let actor_fits = !grant.actor.is_empty() && grant.actor.len() <= ACTOR_BYTES_MAX;
        if actor_fits { Ok(()) } else { Err(OUTSIDE_LIMITS) }
    }

    fn new_totp(&self, user: UserId, label: &str) -> Answer {
        let seed = totp::new_seed(self.entropy.as_ref());
        let uri = totp::uri(&seed, label).ok_or(OUTSIDE_LIMITS)?;
        let records = [(totp_name(user), &seed)];
        let sealed = self.ring.seal(Realm::Person(user), &records)?;
        let sealed_seed = sealed.first().ok_or(OUTSIDE_LIMITS)?.into();
        Ok(Reply::NewTotp { sealed_seed, uri: WireSecret(uri) })
    }

    fn check_totp(
        &self,
        user: UserId,
        sealed_seed: &WireBytes,
        code: &TotpCode,
        last_step: Option<i64>,
    ) -> Answer {
        let name = totp_name(user);
        let realm = Realm::Person(user);
        let opening = Opening {
            realm,
            purpose: Purpose::FactorCheck,
            actor: format!("user:{user}"),
            request: None,
            records: vec![name],
            glass: None,
        };
        let (_, seed) =
            self.journalled(opening, || self.ring.open(realm, &name, &sealed_seed.0))?;
        Ok(Reply::Step(totp::matching_step(&seed, code, self.clock.now(), last_step)))
    }

    fn sign_access_token(&self, claims: &AccessClaims) -> Answer {
        let life_s = claims.exp.saturating_sub(claims.iat);
        let early_s = claims.iat.saturating_sub(self.clock.now().0 / 1_000);
        let life_fits = life_s > 0 && life_s <= limits::ACCESS_TOKEN_MS / 1_000;
        // Not in the future either: a token stamped ahead would outlive the bound.
        if !life_fits || early_s > limits::CLOCK_SKEW_MS_MAX / 1_000 {
            return Err(OUTSIDE_LIMITS);
        }
        tokens::sign(&self.keys.token, claims).map(Reply::Text).map_err(not_signed)
    }

    fn sign_checkpoint(&self, text: &str) -> Answer {
        let checkpoint = Checkpoint::parse(text).map_err(|_| malformed())?;
        let same = checkpoint.text() == text;
        let instance = self.ring.instance();
        let ours = checkpoint.origin.parts().is_some_and(|(of, ..)| of == instance)
            || checkpoint.origin.same_log(&LogOrigin::of_checkpoints(instance));
        self.sign_own_note(text, same && ours)
    }

    fn sign_receipt(&self, text: &str) -> Answer {
        let receipt = Receipt::parse(text).map_err(|_| malformed())?;
        let ours = receipt.origin.parts();
        self.sign_own_note(text, ours.is_some_and(|(of, ..)| of == self.ring.instance()))
    }

    /// The log key signs checkpoints and receipts of this instance's logs, in their one spelling.
    fn sign_own_note(&self, text: &str, is_ours: bool) -> Answer {
        if !is_ours {
            return Err(malformed());
        }
        self.keys.sign_note(text).map(Reply::Text).map_err(not_signed)
    }

    fn mac(&self, purpose: MacPurpose, message: &WireBytes) -> Answer {
        if message.0.len() > MAC_MESSAGE_BYTES_MAX {
            return Err(OUTSIDE_LIMITS);
        }
        self.keys.mac(purpose, &message.0).map(Reply::Mac).map_err(not_signed)
    }

    /// The position is kept first: after a crash in between, the entries are offered once more.
    fn journal_copied(&self, seq: u64) -> Answer {
        self.journal.check_position(seq)?;
        self.ring.with_store(|store| store.set_journal_copied(seq))?;
        self.journal.copied(seq);
        Ok(Reply::Done)
    }

    fn confirm_recovery(&self, code: &Exposed) -> Answer {
        let (Ok(code), Some(slot)) = (RecoveryCode::parse(code), self.recovery_slot()) else {
            return Ok(Reply::Confirmed(None));
        };
        let secret = SlotSecret::Recovery(&code);
        let expected = self.expected()?;
        if slots::try_secret(&slot, &secret, &expected, self.homes.as_ref()).is_err() {
            return Ok(Reply::Confirmed(None));
        }
        if expected.pair(&slot).is_none() {
            self.pair_recovery(&secret);
        }
        let now = self.clock.now();
        self.ring.with_store(|store| store.confirm_recovery(now))?;
        Ok(Reply::Confirmed(Some(now)))
    }

    /// While the code is at hand: its slot gets a pair, so that a rotation of the root key will not
    /// need the code. Best effort: the slot opens as it is, and says so when a rotation comes.
    fn pair_recovery(&self, secret: &SlotSecret<'_>) {
        // A slot that is turned meanwhile must not get its old code back.
        let Ok(Some(_shelf)) = slots::Shelf::take(&self.slots) else {
            tracing::warn!("the recovery slot was not given a pair: its folder is being changed");
            return;
        };
        let path = slots::slot_path(&self.slots, SlotKind::Recovery);
        let (homes, entropy, now) = (self.homes.as_ref(), self.entropy.as_ref(), self.clock.now());
        let paired = self.ring.with_whole_store(|store, root| {
            let steps = self.steps.as_ref();
            slots::Pairing { store, root, homes, entropy, now, steps }.pair(&path, secret)
        });
        match paired {
            Ok(Ok(())) => {}
            Ok(Err(_)) => tracing::warn!("the recovery slot could not be given a pair"),
            Err(error) => tracing::warn!(%error, "the recovery slot could not be given a pair"),
        }
    }

    /// The root key that slots must lead to, with the pairs of now.
    fn expected(&self) -> Result<Expected, BrokerError> {
        self.ring
            .with_whole_store(|store, _| Expected::read(store))
            .map_err(|_| BrokerError::Storage)
    }

    fn test_slots(&self) -> Answer {
        let confirmed = self.ring.with_store(|store| store.recovery_confirmed_at())?;
        let (expected, homes) = (self.expected()?, self.homes.as_ref());
        let reports = slots::report_all(&self.slots, &self.unlock, confirmed, &expected, homes);
        Ok(Reply::Slots(reports))
    }

    fn recovery_slot(&self) -> Option<Slot> {
        slots::read_slot(&slots::slot_path(&self.slots, SlotKind::Recovery))
    }
}

/// A person has one TOTP factor; its record is named after the person.
const fn totp_name(user: UserId) -> RecordName {
    RecordName { scope: DataScope::Whole, kind: RecordKind::TotpSeed, id: user.uuid(), version: 1 }
}

const fn is_record_count(count: usize) -> bool {
    count > 0 && count <= limits::RECORDS_PER_GRANT_MAX
}

const fn malformed() -> BrokerError {
    BrokerError::Refused(Refusal::Malformed)
}

/// The crypto library failed: nothing came out, and trying again is safe.
const fn not_signed(_: NotSigned) -> BrokerError {
    BrokerError::Unreachable
}
