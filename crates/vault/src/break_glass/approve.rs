//! Another one of the staff agrees, and the workspace is told.
//!
//! Walk: the agreement with its messages → the workspace's row with its entry → the broker's
//! approval. Cut off anywhere, nothing opens, and the same person's repetition goes on from there.

use broker::{Broker, DataScope, GlassNote, GlassTerms, RecordKind, RecordName};
use domain::{GlassId, StaffHand, TenantId, UserId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::{Value, json};
use store::{
    BrokenGlass, Caller, Commit, Committed, GlassApproval, GlassRecord, GlassRequest, NewNotice,
    NoticeKind, PlatformTx, Store,
};

use super::{GlassError, no_unit, still_staff, unit};

/// Agrees to what somebody else asked for; what may be opened from now on.
///
/// # Errors
/// [`GlassError::NotFound`], [`GlassError::TwoPeople`]; [`GlassError::NotOpen`]: somebody agreed
/// already, it is over, or a secret is gone; [`GlassError::Sealing`] (the workspace was told, and
/// nothing opens until this is repeated), [`GlassError::Store`].
pub async fn approve(
    store: &Store,
    broker: &Broker,
    hand: &StaffHand,
    glass: GlassId,
) -> Result<Committed<BrokenGlass>, GlassError> {
    let agreeing = hand.clone();
    let request = store
        .platform_read(move |tx| {
            still_staff(tx, &agreeing)?;
            tx.glass().find(glass)?.ok_or(GlassError::NotFound)
        })
        .await?;
    if !hand.hand().is_apart_from(&request.asked.asked_by) {
        return Err(GlassError::TwoPeople);
    }
    let (records, told) = facts(store, &request).await?;
    let agreed = agree(store, hand, glass, records.clone(), told).await?;
    let mut entries = agreed.entries;
    let broken = tell(store, hand, (agreed.value, records), &mut entries).await?;
    let terms = terms(request.asked.tenant, &broken);
    broker.approve_glass(terms, hand.account().origin().request).await?;
    Ok(Committed { value: broken, entries })
}

/// The records as they are now, and whom to tell.
async fn facts(
    store: &Store,
    request: &GlassRequest,
) -> Result<(Vec<GlassRecord>, Vec<UserId>), GlassError> {
    let secrets = request.asked.secrets.clone();
    let read = store.unit_read(unit(request.asked.tenant), move |tx| {
        let mut records = Vec::with_capacity(secrets.len());
        for secret in secrets {
            records.push(tx.glass().named(secret)?.ok_or(GlassError::NotOpen)?);
        }
        Ok::<_, GlassError>((records, tx.glass().told()?))
    });
    let (records, told) = read.await.map_err(no_unit)?;
    // Every workspace has an owner. Without anybody to tell, nothing opens.
    if told.is_empty() { Err(GlassError::NotTold) } else { Ok((records, told)) }
}

/// The agreement and the messages about it, in one transaction.
async fn agree(
    store: &Store,
    hand: &StaffHand,
    glass: GlassId,
    records: Vec<GlassRecord>,
    told: Vec<UserId>,
) -> Result<Committed<GlassRequest>, GlassError> {
    let agreeing = hand.clone();
    store
        .platform_write(&Caller::from(hand.account()), move |tx| {
            still_staff(tx, &agreeing)?;
            let mut request = tx.glass().find(glass)?.ok_or(GlassError::NotFound)?;
            let again = request
                .approval
                .as_ref()
                .is_some_and(|given| given.by == agreeing.hand() && given.until > tx.now());
            if again && request.ended_at.is_none() {
                return Ok(Commit::unchanged(request));
            }
            let until = tx.now().plus_ms(i64::from(request.asked.minutes) * 60_000);
            let notices: Vec<_> = told.into_iter().map(|user| (tx.mint().id(), user)).collect();
            let approval = GlassApproval { by: agreeing.hand(), until, notices };
            if !tx.glass().approve(glass, &approval)? {
                return Err(GlassError::NotOpen);
            }
            write_notices(tx, &request, &approval, &records)?;
            let event = AuditEvent::new(Verb::BreakGlassApproved, "break_glass", glass)
                .new_value(agreed_value(&request, &approval, &records))
                .reason(request.asked.reason.as_str());
            request.approval = Some(approval);
            Ok(Commit::audited(event, request))
        })
        .await
}

fn write_notices(
    tx: &mut PlatformTx<'_>,
    request: &GlassRequest,
    approval: &GlassApproval,
    records: &[GlassRecord],
) -> Result<(), GlassError> {
    let workspace = tx.workspaces().find(request.asked.tenant)?;
    let names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
    let details = json!({
        "workspace": workspace.map(|workspace| workspace.name.as_str().to_owned()),
        "reason": request.asked.reason.as_str(),
        "secrets": names.join(", "),
        "asked_by": request.asked.asked_by.user.to_string(),
        "approved_by": approval.by.user.to_string(),
        "expires_at_ms": approval.until.0,
    });
    for (id, user) in &approval.notices {
        tx.notices().enqueue(&NewNotice {
            id: *id,
            user: *user,
            kind: NoticeKind::GlassBroken,
            details: details.clone(),
            sealed: None,
        })?;
    }
    Ok(())
}

/// The workspace's row and the entry in its own log, in one transaction.
async fn tell(
    store: &Store,
    hand: &StaffHand,
    (request, records): (GlassRequest, Vec<GlassRecord>),
    entries: &mut Vec<store::EntryRef>,
) -> Result<BrokenGlass, GlassError> {
    let approval = request.approval.clone().ok_or(GlassError::NotOpen)?;
    let caller = Caller::from(hand.account());
    let told = store.unit_write(unit(request.asked.tenant), &caller, move |tx| {
        let id = request.asked.id;
        if let Some(known) = tx.glass().find(id)? {
            return Ok(Commit::unchanged(known));
        }
        let broken = BrokenGlass {
            id,
            reason: request.asked.reason.clone(),
            asked_by: request.asked.asked_by,
            approved_by: approval.by,
            records: records.clone(),
            notices: approval.notices.clone(),
            approved_at: tx.now(),
            until: approval.until,
            ended_at: None,
        };
        if !tx.glass().broken(&broken)? {
            return Err(GlassError::NotOpen);
        }
        let event = AuditEvent::new(Verb::BreakGlassApproved, "break_glass", id)
            .new_value(agreed_value(&request, &approval, &records))
            .reason(broken.reason.as_str());
        Ok(Commit::audited(event, broken))
    });
    let told = told.await.map_err(no_unit)?;
    entries.extend(told.entries);
    Ok(told.value)
}

fn agreed_value(
    request: &GlassRequest,
    approval: &GlassApproval,
    records: &[GlassRecord],
) -> Value {
    json!({
        "workspace": request.asked.tenant,
        "asked_by": request.asked.asked_by,
        "approved_by": approval.by,
        "until_ms": approval.until.0,
        "records": records,
    })
}

/// What the broker is to let stand.
fn terms(tenant: TenantId, broken: &BrokenGlass) -> GlassTerms {
    let note = GlassNote {
        glass: broken.id,
        asked_by: broken.asked_by,
        approved_by: broken.approved_by,
        reason: broken.reason.as_str().to_owned(),
        until: broken.until,
    };
    GlassTerms { tenant, records: broken.records.iter().map(name_of).collect(), note }
}

/// The full name of a record: what its envelope is bound to.
pub(super) fn name_of(record: &GlassRecord) -> RecordName {
    RecordName {
        scope: DataScope::Environment(record.environment),
        kind: RecordKind::SecretValue,
        id: record.secret.uuid(),
        version: record.version,
    }
}

const _: () = assert!(limits::GLASS_SECRETS_MAX * 200 < limits::ENTRY_BYTES_MAX);
