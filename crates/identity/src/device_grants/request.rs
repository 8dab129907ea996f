//! A device asks to be let in.

use broker::BrokerError;
use domain::{ClientLabel, DeviceGrantId, Origin, limits};
use ledger::{AuditEvent, Verb};
use store::{Caller, Commit, Committed, NewDeviceGrant, Requester, StoreError};

use crate::ShownOnce;
use crate::code;
use crate::codes::{HandedCode, HandedKind, UserCode};
use crate::dpop::Thumbprint;
use crate::identity::Identity;

/// What a device says about itself.
#[derive(Debug, Clone)]
pub struct DeviceAsks {
    /// What it calls its machine.
    pub label: ClientLabel,
    /// Which version it is.
    pub version: ClientLabel,
    /// The key it will hold its session by.
    pub holder: Thumbprint,
}

/// What a device is given.
#[derive(Debug)]
pub struct DeviceCodes {
    /// For itself.
    pub device_code: ShownOnce,
    /// For the person.
    pub user_code: ShownOnce,
}

/// Why a device was not given codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Too many wait already, over all networks.
    #[error("too many devices wait to be let in; try again in a few minutes")]
    Crowded,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl RequestError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Crowded => "auth.busy",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

/// Gives a device its codes. They end after [`limits::DEVICE_GRANT_MS`].
///
/// # Errors
/// [`RequestError`].
pub async fn request(
    identity: &Identity,
    origin: Origin,
    asks: DeviceAsks,
) -> Result<Committed<DeviceCodes>, RequestError> {
    let mint = identity.store.mint();
    let id: DeviceGrantId = mint.id();
    let device = HandedCode::new(HandedKind::Device, id.uuid(), mint);
    let user = UserCode::new(mint);
    let new = NewDeviceGrant {
        id,
        device_code_hash: device.digest(identity).await?,
        user_code_hash: user.digest(identity).await?,
        dpop_jkt: asks.holder.text(),
        requester: Requester {
            ip: origin.ip,
            label: asks.label.as_str().to_owned(),
            version: asks.version.as_str().to_owned(),
        },
    };
    let made = identity
        .store
        .platform_write(&Caller::anonymous(origin), move |tx| {
            if tx.device_grants().count_live()? >= limits::DEVICE_GRANTS_WAITING_MAX {
                return Err(RequestError::Crowded);
            }
            tx.device_grants().create(&new)?;
            let event = AuditEvent::new(Verb::DeviceGrantRequested, "device_grant", id);
            Ok(Commit::audited(event, ()))
        })
        .await?;
    Ok(made.map(|()| DeviceCodes { device_code: device.shown(), user_code: user.shown() }))
}
