//! What the use cases of sign-in work with: the store, the broker, the password pool, and what this
//! process knows about tokens and revocations.

use std::time::Duration;

use broker::{Broker, BrokerError};
use domain::{TimeMs, limits};
use store::{Store, StoreError};
use tokio::sync::Mutex;

use crate::passwords::{Cost, PasswordPool, PoolError, PoolSize};
use crate::revocations::RevocationView;
use crate::tokens::{Memory, TokenVerifier};

/// How this process signs people in.
#[derive(Debug, Clone)]
pub struct IdentityConfig {
    /// `iss` of access tokens: this instance's URL.
    pub issuer: String,
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
    pub(crate) config: IdentityConfig,
    /// Keyed digests of API keys presented a short while ago: saves the broker a question per
    /// request.
    pub(crate) key_digests: Memory<[u8; 32]>,
    /// Uses and refusals of credentials that were noted a short while ago.
    pub(crate) uses_noted: Memory<()>,
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
        let identity = Self {
            passwords,
            tokens: TokenVerifier::new(&config.issuer, &config.audience),
            revocations: RevocationView::new(),
            key_digests: Memory::new(KEYS_REMEMBERED_MAX),
            uses_noted: Memory::new(USES_REMEMBERED_MAX),
            keys_asked_at: Mutex::new(TimeMs(0)),
            store,
            broker,
            config,
        };
        identity.learn_token_keys().await?;
        identity.revocations.read(&identity.store).await?;
        Ok(identity)
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
