//! What the use cases of sign-in work with: the store, the broker, the password pool, and what this
//! process knows about tokens and revocations.

use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, BrokerError};
use domain::{TimeMs, limits};
use store::{Store, StoreError};
use tokio::sync::Mutex;
use url::Url;

use crate::dpop::SeenProofs;
use crate::guard::{Guard, Places};
use crate::passkeys::{HardwareRoots, RelyingParty};
use crate::passwords::{Breached, Cost, PasswordPool, PoolError, PoolSize};
use crate::revocations::RevocationView;
use crate::sso::{Sso, SsoConfig};
use crate::tokens::{Memory, TokenVerifier};

/// How this process signs people in.
#[derive(Debug, Clone)]
pub struct IdentityConfig {
    /// `iss` of access tokens: this instance's URL.
    pub issuer: String,
    /// Where browsers reach this instance: scheme, name and port. Passkeys are bound to it.
    pub origin: Url,
    /// `aud` of access tokens: this instance's API.
    pub audience: String,
    /// How much password hashing happens at once.
    pub pool: PoolSize,
    /// What one password hash costs.
    pub cost: Cost,
}

/// Why sign-in could not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// One password could not be hashed.
    #[error(transparent)]
    Passwords(#[from] PoolError),
    /// The broker did not give its token keys.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// Revocations could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The context of every use case that concerns a person's account. One per process, shared.
pub struct Identity {
    pub(crate) store: Store,
    pub(crate) broker: Broker,
    pub(crate) passwords: PasswordPool,
    pub(crate) tokens: TokenVerifier,
    pub(crate) revocations: RevocationView,
    pub(crate) relying_party: RelyingParty,
    /// What tells a passkey that lives in hardware.
    pub(crate) hardware: Arc<HardwareRoots>,
    pub(crate) config: IdentityConfig,
    /// What stands before a sign-in.
    pub(crate) guard: Arc<Guard>,
    /// Single sign-on, where it is set up.
    pub(crate) sso: Option<Arc<Sso>>,
    /// Keyed digests of API keys presented a short while ago: saves the broker a question per
    /// request.
    pub(crate) key_digests: Memory<[u8; 32]>,
    /// Uses and refusals of credentials that were noted a short while ago.
    pub(crate) uses_noted: Memory<()>,
    /// Proofs of possession that were seen and could be sent again.
    pub(crate) proofs: SeenProofs,
    keys_asked_at: Mutex<TimeMs>,
}

/// API keys whose digest is remembered.
const KEYS_REMEMBERED_MAX: usize = 4_096;
/// Uses of credentials that are remembered: 32 bytes and a time each, so a few megabytes.
const USES_REMEMBERED_MAX: usize = 32_768;
/// The broker is asked for its token keys at most this often, however many tokens name unknown
/// keys.
const KEYS_ASKED_MS_MIN: i64 = 1_000;

impl Identity {
    /// Learns the broker's token keys and reads revocations once, so that the first request is
    /// judged like any other.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        store: Store,
        broker: Broker,
        config: IdentityConfig,
    ) -> Result<Self, StartError> {
        let passwords = PasswordPool::new(config.pool, config.cost, store.mint().clone())?;
        let guard = Arc::new(Guard::start(&broker).await?);
        let identity = Self {
            passwords,
            guard,
            tokens: TokenVerifier::new(&config.issuer, &config.audience),
            revocations: RevocationView::new(),
            relying_party: RelyingParty::of(&config.origin),
            key_digests: Memory::new(KEYS_REMEMBERED_MAX),
            uses_noted: Memory::new(USES_REMEMBERED_MAX),
            proofs: SeenProofs::new(limits::PROOFS_SEEN_MAX),
            keys_asked_at: Mutex::new(TimeMs(0)),
            store,
            broker,
            config,
            hardware: Arc::default(),
            sso: None,
        };
        identity.learn_token_keys().await?;
        identity.revocations.read(&identity.store).await?;
        Ok(identity)
    }

    /// The same with the files that an operator may give: where addresses are, and passwords that
    /// leaked.
    #[must_use]
    pub fn with_files(mut self, places: Places, breached: Breached) -> Self {
        if let Some(guard) = Arc::get_mut(&mut self.guard) {
            guard.places = places;
            guard.breached = breached;
        }
        self
    }

    /// The same with vendors' roots that tell hardware: without them nobody acts as staff.
    #[must_use]
    pub fn with_hardware_roots(self, roots: HardwareRoots) -> Self {
        Self { hardware: Arc::new(roots), ..self }
    }

    /// What tells a passkey that lives in hardware.
    #[must_use]
    pub fn hardware_roots(&self) -> &HardwareRoots {
        &self.hardware
    }

    /// The passwords that nobody may choose because they leaked.
    #[must_use]
    pub fn breached(&self) -> &Breached {
        &self.guard.breached
    }

    /// The same with single sign-on.
    #[must_use]
    pub fn with_sso(mut self, config: SsoConfig) -> Self {
        self.sso = Some(Sso::new(config));
        self
    }

    /// Reads revocations every [`limits::REVOCATION_POLL_MS`], for as long as the future is polled.
    /// A failed reading leaves the view as it is; when it is too old, requests are refused.
    pub async fn watch_revocations(&self) {
        let mut ticks = tokio::time::interval(Duration::from_millis(limits::REVOCATION_POLL_MS));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.revocations.read(&self.store).await {
                tracing::warn!(%error, "revocations could not be read");
            }
        }
    }

    /// What this instance calls itself in access tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// The store.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The broker.
    #[must_use]
    pub const fn broker(&self) -> &Broker {
        &self.broker
    }

    /// Passwords hashed since start, for metrics.
    #[must_use]
    pub fn passwords_hashed(&self) -> u64 {
        self.passwords.hashed()
    }

    /// Asks the broker for its keys because a token names one that is not known; at most once a
    /// second.
    pub(crate) async fn learn_new_token_keys(&self) -> Result<(), BrokerError> {
        let now = self.store.mint().now();
        let mut asked_at = self.keys_asked_at.lock().await;
        if now.since_ms(*asked_at) < KEYS_ASKED_MS_MIN {
            return Ok(());
        }
        *asked_at = now;
        self.learn_token_keys().await
    }

    async fn learn_token_keys(&self) -> Result<(), BrokerError> {
        let keys = self.broker.token_keys().await?;
        self.tokens.learn(keys.into_iter().map(|key| (key.kid, key.public)));
        Ok(())
    }
}
