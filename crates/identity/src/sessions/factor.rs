//! A presented second factor: checked first, used up in the transaction that relies on it.
//!
//! Always true: a match alone opens nothing. Between match and use another request may have used
//! the same code; the conditional statement in [`MatchedFactor::use_up`] lets one of them through.

use aws_lc_rs::constant_time;
use broker::{AuthMethod, BrokerError, MacPurpose, TotpCode};
use data_encoding::HEXLOWER;
use domain::{AccountScope, UserId};
use store::{PlatformTx, StoreError, User};

use crate::codes::BackupCode;
use crate::identity::Identity;
use crate::passkeys::{self, Expected, MatchedPasskey, PasskeyAnswer};

/// A second factor as presented.
pub enum Factor {
    /// Six digits of an authenticator app.
    Totp(TotpCode),
    /// One of the ten codes given at enrolment.
    BackupCode(BackupCode),
    /// What a passkey's authenticator answered to a challenge.
    Passkey(Box<PasskeyAnswer>),
}

/// A text that has not the form of the factor it is given as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the code is not of the expected form")]
pub struct FactorForm;

/// A factor that matched and is not used up yet.
#[derive(Debug)]
pub(crate) enum MatchedFactor {
    Totp { step: i64 },
    BackupCode { selector: String },
    Passkey(MatchedPasskey),
}

/// Why a factor could not be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactorUnchecked {
    #[error(transparent)]
    Sealing(#[from] BrokerError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Factor {
    /// Six digits.
    ///
    /// # Errors
    /// [`FactorForm`].
    pub fn totp(text: &str) -> Result<Self, FactorForm> {
        TotpCode::parse(text).map(Self::Totp).map_err(|_| FactorForm)
    }

    /// A backup code.
    ///
    /// # Errors
    /// [`FactorForm`].
    pub fn backup_code(text: &str) -> Result<Self, FactorForm> {
        BackupCode::parse(text).map(Self::BackupCode).map_err(|_| FactorForm)
    }

    /// Whether it is one of this person's. `None`: it is not, or it was used before.
    pub(crate) async fn matched(
        self,
        identity: &Identity,
        user: &User,
    ) -> Result<Option<MatchedFactor>, FactorUnchecked> {
        match self {
            Self::Totp(code) => {
                let step = identity
                    .broker
                    .check_totp(user.id, user.totp.clone(), code, user.totp_last_step)
                    .await?;
                Ok(step.map(|step| MatchedFactor::Totp { step }))
            }
            Self::BackupCode(code) => backup_code(identity, user.id, &code).await,
            Self::Passkey(answer) => {
                let expected = Expected::SigningIn(user.id);
                let matched = passkeys::matched(identity, expected, *answer).await?;
                Ok(matched.map(MatchedFactor::Passkey))
            }
        }
    }

    /// The same for a factor given again inside a session, which a passkey's challenge is bound to.
    pub(crate) async fn matched_again(
        self,
        identity: &Identity,
        user: &User,
        account: &AccountScope,
    ) -> Result<Option<MatchedFactor>, FactorUnchecked> {
        match self {
            Self::Passkey(answer) => {
                let expected = Expected::SteppingUp(account);
                let matched = passkeys::matched(identity, expected, *answer).await?;
                Ok(matched.map(MatchedFactor::Passkey))
            }
            typed => typed.matched(identity, user).await,
        }
    }
}

impl MatchedFactor {
    /// Uses the factor up. `false`: another request was faster.
    pub(crate) fn use_up(&self, tx: &mut PlatformTx<'_>, user: UserId) -> Result<bool, StoreError> {
        match self {
            Self::Totp { step } => tx.users().accept_totp_step(user, *step),
            Self::BackupCode { selector } => tx.backup_codes().use_up(user, selector),
            Self::Passkey(matched) => matched.use_up(tx, user),
        }
    }

    /// How the person proved who they are, with what is known about it.
    pub(crate) fn methods(&self) -> Vec<AuthMethod> {
        match self {
            Self::Passkey(matched) => matched.methods(),
            typed => vec![typed.method()],
        }
    }

    /// How the person proved who they are.
    pub(crate) const fn method(&self) -> AuthMethod {
        match self {
            Self::Totp { .. } => AuthMethod::Totp,
            Self::BackupCode { .. } => AuthMethod::BackupCode,
            Self::Passkey(_) => AuthMethod::Passkey,
        }
    }
}

/// A keyed digest in the form a text column holds.
pub(crate) fn digest_text(digest: &[u8; 32]) -> String {
    HEXLOWER.encode(digest)
}

async fn backup_code(
    identity: &Identity,
    user: UserId,
    code: &BackupCode,
) -> Result<Option<MatchedFactor>, FactorUnchecked> {
    let selector = code.selector();
    let asked = selector.clone();
    let row = identity.store.platform_read(move |tx| tx.backup_codes().find(user, &asked)).await?;
    let digest = identity.broker.mac(MacPurpose::Code, code.message(user)).await?;
    let right = row.is_some_and(|row| {
        let same = constant_time::verify_slices_are_equal(
            digest_text(&digest).as_bytes(),
            row.code_hash.as_bytes(),
        );
        same.is_ok() && row.used_at.is_none()
    });
    Ok(right.then_some(MatchedFactor::BackupCode { selector }))
}
