//! The closed protocol between the client and the broker: one request, one reply, in
//! length-prefixed frames.
//!
//! Always true: every message has a type here; there is no generic "sign these bytes" and no "give
//! me a key".

pub(crate) mod frame;
mod wire;

use domain::{GlassId, RequestId, TimeMs, UserId};
use seal::KeyId;
use serde::{Deserialize, Serialize};

use crate::claims::{AccessClaims, MacPurpose, TokenKey, TotpCode};
use crate::error::BrokerError;
use crate::glass::GlassTerms;
use crate::grant::Grant;
use crate::record::{DataScope, Realm, RecordName};
use crate::rotation::{RealmKeys, ShredTarget};
use crate::status::{JournalEntry, SlotReport, Status};

pub(crate) use wire::{WireBytes, WireSecret};

/// The first byte of every frame's body. A peer of another release is told so instead of being
/// misread.
pub(crate) const VERSION: u8 = 1;

/// What a client asks.
#[derive(Serialize, Deserialize)]
pub(crate) enum Request {
    Status,
    CreateRealm(Realm),
    Seal { realm: Realm, records: Vec<(RecordName, WireSecret)> },
    Open { grant: Grant, records: Vec<(RecordName, WireBytes)> },
    NewTotp { user: UserId, label: String },
    CheckTotp { user: UserId, sealed_seed: WireBytes, code: TotpCode, last_step: Option<i64> },
    SignAccessToken(AccessClaims),
    TokenKeys,
    SignCheckpoint { text: String },
    SignReceipt { text: String },
    LogKey,
    Mac { purpose: MacPurpose, message: WireBytes },
    JournalAfter { seq: u64, count: u32 },
    JournalCopied { seq: u64 },
    ConfirmRecovery { code: WireSecret },
    TestSlots,
    Keys(Realm),
    RotateRealm { realm: Realm, from: u32 },
    RotateDataKey { realm: Realm, scope: DataScope, from: KeyId },
    Reseal { grant: Grant, records: Vec<(RecordName, WireBytes)> },
    DestroyKey { realm: Realm, key: KeyId },
    Shred(ShredTarget),
    StreamRecipient,
    SignBackup { text: String },
    ApproveGlass { terms: GlassTerms, request: RequestId },
    OpenGlass { glass: GlassId, grant: Grant, records: Vec<(RecordName, WireBytes)> },
    EndGlass { glass: GlassId, actor: String, request: RequestId },
}

/// What the broker answers.
#[derive(Serialize, Deserialize)]
pub(crate) enum Reply {
    Status(Status),
    Done,
    Sealed(Vec<WireBytes>),
    Opened { values: Vec<WireSecret>, journal_seq: u64 },
    NewTotp { sealed_seed: WireBytes, uri: WireSecret },
    Step(Option<i64>),
    Text(String),
    TokenKeys(Vec<TokenKey>),
    Mac([u8; 32]),
    Journal(Vec<JournalEntry>),
    Confirmed(Option<TimeMs>),
    Slots(Vec<SlotReport>),
    Failed(BrokerError),
    Keys(RealmKeys),
    Recipient { root: KeyId, public: [u8; 32] },
}
