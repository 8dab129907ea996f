//! Replaces somebody's backup codes: ten new ones, shown once.

use domain::AccountScope;
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, NoticeKind};

use super::ChangeError;
use super::settle::{self, Changed, OtherSessions};
use crate::ShownOnce;
use crate::enrolments::fresh_backup_codes;
use crate::identity::Identity;
use crate::notices;

/// New backup codes.
#[derive(Debug)]
pub struct NewBackupCodes {
    /// Ten codes, shown once.
    pub codes: Vec<ShownOnce>,
    /// What became of the sessions.
    pub changed: Changed,
}

/// Makes ten new codes; the ones before open nothing any more.
///
/// # Errors
/// [`ChangeError`].
pub async fn replace_backup_codes(
    identity: &Identity,
    account: &AccountScope,
    others: OtherSessions,
) -> Result<Committed<NewBackupCodes>, ChangeError> {
    let (codes, rows) = fresh_backup_codes(identity, account.user()).await?;
    let scope = account.clone();
    let done = identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let before = settle::fresh(tx, &scope)?;
            let user = before.user;
            tx.backup_codes().replace(user, &rows)?;
            let (session, ended) = settle::settle(tx, &before, others)?;
            notices::tell(tx, user, NoticeKind::BackupCodesReplaced, json!({}))?;
            let event = AuditEvent::new(Verb::BackupCodesReplaced, "user", user)
                .new_value(json!({ "by": session.id, "ended_sessions": ended }));
            Ok::<_, ChangeError>(Commit::audited(event, (session, ended)))
        })
        .await?;
    let Committed { value: (session, ended), entries } = done;
    let changed = settle::changed(identity, &session, ended).await?;
    Ok(Committed { value: NewBackupCodes { codes, changed }, entries })
}
