//! Who asked opens one of the secrets agreed on.

use broker::{Broker, BrokerError, Exposed, Grant, Purpose, Realm};
use domain::{GlassId, SecretId, StaffHand, TenantId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{BrokenGlass, Caller, Commit, Committed, GlassRecord, GlassRequest, NoticeKind, Store};

use super::approve::name_of;
use super::{GlassError, no_unit, still_staff, unit};

/// A value in clear.
pub struct RevealedGlass {
    /// Which secret, in which version.
    pub record: GlassRecord,
    /// The value.
    pub value: Exposed,
}

/// Opens one secret, after its entry in the workspace's log.
///
/// # Errors
/// [`GlassError::NotFound`]: there is no such wish of this person's; [`GlassError::NotOpen`];
/// [`GlassError::NotTold`]; [`GlassError::Sealing`] (an entry says that nothing was opened),
/// [`GlassError::Store`].
pub async fn reveal(
    store: &Store,
    broker: &Broker,
    hand: &StaffHand,
    glass: GlassId,
    secret: SecretId,
) -> Result<Committed<RevealedGlass>, GlassError> {
    let request = wished(store, hand, glass).await?;
    let tenant = request.asked.tenant;
    let caller = Caller::from(hand.account());
    let announced = store.unit_write(unit(tenant), &caller, move |tx| {
        let broken = tx.glass().find(glass)?.ok_or(GlassError::NotOpen)?;
        if !broken.open(tx.now()) || !is_of(&broken, &request) {
            return Err(GlassError::NotOpen);
        }
        let record = broken.records.iter().find(|record| record.secret == secret);
        let record = record.ok_or(GlassError::NotOpen)?;
        let sealed = tx.glass().sealed(record)?.ok_or(GlassError::NotOpen)?;
        let event = AuditEvent::new(Verb::BreakGlassOpened, "secret", secret)
            .new_value(json!({
                "glass": glass, "name": record.name, "version": record.version,
                "environment": record.environment, "asked_by": broken.asked_by,
                "approved_by": broken.approved_by,
            }))
            .reason(broken.reason.as_str());
        Ok(Commit::audited(event.clone(), (record.clone(), sealed, event)))
    });
    let announced = announced.await.map_err(no_unit)?;
    let (record, sealed, about) = announced.value;
    let grant = Grant {
        realm: Realm::Tenant(tenant),
        purpose: Purpose::BreakGlass,
        actor: format!("user:{}", hand.account().user()),
        request: hand.account().origin().request,
        expires_at: store.mint().now().plus_ms(limits::GRANT_MS),
    };
    match broker.open_glass(glass, grant, &[(name_of(&record), sealed)]).await {
        Ok(mut opened) => {
            let value = opened.values.pop().ok_or(GlassError::Sealing(BrokerError::Unreachable))?;
            Ok(Committed { value: RevealedGlass { record, value }, entries: announced.entries })
        }
        Err(fault) => {
            record_failure(store, &caller, tenant, about).await;
            Err(fault.into())
        }
    }
}

/// The agreed wish of this person, with every message about it still in its place: whoever deletes
/// one before it is sent has deleted the way in as well.
async fn wished(
    store: &Store,
    hand: &StaffHand,
    glass: GlassId,
) -> Result<GlassRequest, GlassError> {
    let asking = hand.clone();
    store
        .platform_read(move |tx| {
            still_staff(tx, &asking)?;
            let request = tx.glass().find(glass)?.ok_or(GlassError::NotFound)?;
            if request.asked.asked_by.user != asking.account().user() {
                return Err(GlassError::NotFound);
            }
            let approval = request.approval.as_ref().ok_or(GlassError::NotOpen)?;
            if request.ended_at.is_some() || approval.until <= tx.now() {
                return Err(GlassError::NotOpen);
            }
            for (notice, user) in &approval.notices {
                if !tx.notices().is_kept(*notice, *user, NoticeKind::GlassBroken)? {
                    return Err(GlassError::NotTold);
                }
            }
            Ok(request)
        })
        .await
}

/// Whether the workspace's row and the platform's are of one agreement, messages included.
fn is_of(broken: &BrokenGlass, request: &GlassRequest) -> bool {
    request.approval.as_ref().is_some_and(|approval| {
        broken.asked_by == request.asked.asked_by
            && broken.approved_by == approval.by
            && broken.until == approval.until
            && broken.notices == approval.notices
            && !broken.notices.is_empty()
    })
}

/// Best effort: the announcing entry stands already, and the caller gets the answer either way.
async fn record_failure(store: &Store, caller: &Caller, tenant: TenantId, about: AuditEvent) {
    let event = about.new_value(json!({ "outcome": "not_opened" }));
    let written = store
        .unit_write(unit(tenant), caller, move |_| Ok::<_, GlassError>(Commit::audited(event, ())))
        .await;
    if let Err(error) = written {
        tracing::error!(%tenant, %error, "the entry about a failed opening was not written");
    }
}
