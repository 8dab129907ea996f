//! Who works for the platform, and what they may see: the platform's own log, and nothing of a
//! tenant's.
//!
//! Always true
//! 1. Staff is made and unmade on the host alone.
//! 2. Somebody acts as staff only in a session that began with a passkey in hardware, while one of
//!    theirs is signed for by a root that the operator trusts now, and with a factor given a short
//!    while ago; the rows say so, not the token. Without roots nobody acts as staff.
//! 3. What staff reads of people is what the log itself holds: commitments, not the values.
//! 4. Reading leaves an entry in the log that was read.

use std::sync::Arc;

use domain::{
    AccountScope, EmailAddress, EntryId, RequestId, StaffHand, StaffScope, UserId, limits,
};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, EntryFilter, Listing, LoggedEntry, Page, PlatformTx, StaffMember,
    StaffRole, Store, StoreError, User,
};

use crate::code;
use crate::identity::Identity;
use crate::passkeys::HardwareRoots;
use crate::sessions::{self, AccountError};

/// Why somebody did not act as staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StaffError {
    /// The session the request came in was ended a moment ago.
    #[error("the session was ended")]
    Ended,
    /// They are not staff: for them there is nothing here.
    #[error("there is no such thing, or it is not visible to the caller")]
    NotStaff,
    /// Their session did not begin with a passkey.
    #[error("staff signs in with a passkey for this")]
    PasskeyNeeded,
    /// It began with one that no trusted vendor signed for as hardware, or does so no longer.
    #[error("staff signs in with a passkey in hardware of a trusted vendor")]
    HardwareNeeded,
    /// The last factor was given too long ago.
    #[error("this needs a second factor given a short while ago")]
    FactorNotFresh,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl StaffError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ended => "auth.revoked",
            Self::NotStaff => "not_found",
            Self::PasskeyNeeded => "staff.passkey_needed",
            Self::HardwareNeeded => "staff.hardware_needed",
            Self::FactorNotFresh => "factor.not_fresh",
            Self::Store(error) => code::of_store(error),
        }
    }
}

/// Why the list of staff was not changed on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppointError {
    /// Nobody has this address.
    #[error("nobody here has this address")]
    Nobody,
    /// They are staff already.
    #[error("they are staff already")]
    Already,
    /// They are not staff.
    #[error("they are not staff")]
    NotStaff,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Somebody who was just made staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appointed {
    /// They have a passkey in hardware and can begin.
    Ready,
    /// They must register a passkey in hardware first.
    NeedsPasskey,
    /// The operator must name roots that tell hardware first: without any, nobody acts as staff.
    NeedsRoots,
}

/// The caller as staff.
///
/// # Errors
/// [`StaffError`].
#[expect(clippy::disallowed_methods, reason = "this is request authentication")]
pub async fn authorize(
    identity: &Identity,
    account: &AccountScope,
) -> Result<StaffScope, StaffError> {
    let (asking, roots) = (account.clone(), Arc::clone(&identity.hardware));
    identity
        .store
        .platform_read(move |tx| {
            let session = sessions::own(tx, &asking).map_err(|error| match error {
                AccountError::Store(error) => StaffError::Store(error),
                _ => StaffError::Ended,
            })?;
            if tx.staff().find(asking.user())?.is_none() {
                return Err(StaffError::NotStaff);
            }
            let began_with = |name| session.amr.iter().any(|method| method == name);
            if !began_with("passkey") {
                return Err(StaffError::PasskeyNeeded);
            }
            if !began_with("hwk") || !holds_hardware(tx, &roots, asking.user())? {
                return Err(StaffError::HardwareNeeded);
            }
            if tx.now().since_ms(session.factor_at) > limits::FACTOR_FRESH_MS {
                return Err(StaffError::FactorNotFresh);
            }
            Ok(())
        })
        .await?;
    Ok(StaffScope::authenticated(account.clone()))
}

/// The caller as staff, with the passkey in hardware that answered in this very session a short
/// while ago. Another factor, another passkey and another session do not stand in for it.
///
/// # Errors
/// [`StaffError`].
#[expect(clippy::disallowed_methods, reason = "this is request authentication")]
pub async fn authorize_hand(
    identity: &Identity,
    account: &AccountScope,
) -> Result<StaffHand, StaffError> {
    let staff = authorize(identity, account).await?;
    let (asking, roots) = (account.clone(), Arc::clone(&identity.hardware));
    let passkey = identity
        .store
        .platform_read(move |tx| {
            let asserted = tx.session_passkeys().of(asking.session())?;
            let asserted = asserted.ok_or(StaffError::HardwareNeeded)?;
            let theirs = tx.passkeys().all(asking.user())?;
            let answered = theirs.iter().find(|one| one.id == asserted.passkey);
            if !answered.is_some_and(|passkey| roots.hold(passkey)) {
                return Err(StaffError::HardwareNeeded);
            }
            if tx.now().since_ms(asserted.at) > limits::FACTOR_FRESH_MS {
                return Err(StaffError::FactorNotFresh);
            }
            Ok(asserted.passkey)
        })
        .await?;
    Ok(StaffHand::asserted(staff, passkey))
}

/// Whether somebody has a passkey that lives in hardware, as these roots tell it.
fn holds_hardware(
    tx: &mut PlatformTx<'_>,
    roots: &HardwareRoots,
    user: UserId,
) -> Result<bool, StoreError> {
    Ok(tx.passkeys().all(user)?.iter().any(|passkey| roots.hold(passkey)))
}

/// Entries of the platform's own logs, newest first, without the personal values beside them. The
/// reading is an entry itself.
///
/// # Errors
/// [`StaffError`].
pub async fn read_log(
    identity: &Identity,
    staff: &StaffScope,
    filter: EntryFilter,
    page: Page<EntryId>,
) -> Result<Committed<Listing<LoggedEntry>>, StaffError> {
    let account = staff.account().clone();
    identity
        .store
        .platform_write(&Caller::from(staff.account()), move |tx| {
            if tx.staff().find(account.user())?.is_none() {
                return Err(StaffError::NotStaff);
            }
            let mut listing = tx.audit().list(&filter, page)?;
            for entry in &mut listing.items {
                entry.personal.clear();
            }
            let verb = filter.verb.map(Verb::as_str);
            let event = AuditEvent::new(Verb::AuditExported, "log", "platform")
                .new_value(json!({ "entries": listing.items.len(), "verb": verb }));
            Ok(Commit::audited(event, listing))
        })
        .await
}

/// Makes somebody staff: the host's operator says so, whose roots tell what is missing still.
///
/// # Errors
/// [`AppointError`].
pub async fn add(
    store: &Store,
    roots: Arc<HardwareRoots>,
    email: EmailAddress,
) -> Result<Committed<Appointed>, AppointError> {
    let caller = on_the_host(store);
    store
        .platform_write(&caller, move |tx| {
            let user = somebody(tx.users().find_by_email(&email)?)?;
            if !tx.staff().add(user.id, StaffRole::Auditor, HOST)? {
                return Err(AppointError::Already);
            }
            let appointed = match holds_hardware(tx, &roots, user.id)? {
                true => Appointed::Ready,
                false if roots.is_empty() => Appointed::NeedsRoots,
                false => Appointed::NeedsPasskey,
            };
            let event = AuditEvent::new(Verb::StaffAdded, "user", user.id)
                .new_value(json!({ "role": StaffRole::Auditor.as_str() }));
            Ok(Commit::audited(event, appointed))
        })
        .await
}

/// Ends somebody's being staff; their account stays as it is.
///
/// # Errors
/// [`AppointError`].
pub async fn remove(store: &Store, email: EmailAddress) -> Result<Committed<()>, AppointError> {
    let caller = on_the_host(store);
    store
        .platform_write(&caller, move |tx| {
            let user = somebody(tx.users().find_by_email(&email)?)?;
            if !tx.staff().remove(user.id)? {
                return Err(AppointError::NotStaff);
            }
            let event = AuditEvent::new(Verb::StaffRemoved, "user", user.id);
            Ok(Commit::audited(event, ()))
        })
        .await
}

/// Somebody who is staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Who.
    pub member: StaffMember,
    /// Whether they have a passkey in hardware, without which they cannot act.
    pub holds_hardware: bool,
}

/// Everybody who is staff.
///
/// # Errors
/// The store's.
pub async fn list(store: &Store, roots: Arc<HardwareRoots>) -> Result<Vec<Listed>, StoreError> {
    store
        .platform_read(move |tx| {
            let members = tx.staff().list()?.into_iter();
            let listed = members.map(|member| {
                let holds_hardware = holds_hardware(tx, &roots, member.user)?;
                Ok(Listed { member, holds_hardware })
            });
            listed.collect()
        })
        .await
}

/// Who says so, in the table and in the log.
const HOST: &str = "host";

fn on_the_host(store: &Store) -> Caller {
    Caller::system(HOST, store.mint().id::<RequestId>())
}

fn somebody(user: Option<User>) -> Result<User, AppointError> {
    user.ok_or(AppointError::Nobody)
}
