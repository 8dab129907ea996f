//! Somebody with a password, an authenticator and backup codes.

use broker::{Broker, MacPurpose, Realm};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use domain::{AccountScope, Actor, EmailAddress, Scope, SessionId, TenantId, UserId};
use identity::codes::BackupCode;
use identity::passwords::{Cost, Password, PasswordPool, PoolSize};
use identity::sessions::{Factor, SessionTokens, SignIn, SignInError, sign_in};
use store::{Caller, Commit, Committed, NewUser, QuietReason, Store, StoreError};
use totp_rs::{Algorithm, Builder};

use super::{House, email, origin};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "engraved lamppost";

#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) email: EmailAddress,
    pub(crate) backup_codes: Vec<String>,
    /// A session for the scopes of tests that do not sign in.
    pub(crate) session: SessionId,
    seed: Vec<u8>,
    request: domain::Origin,
}

impl Person {
    /// Somebody who enrolled long ago.
    pub(crate) async fn enrolled(store: &Store, broker: &Broker, called: &str) -> Self {
        let (user, address): (UserId, _) = (store.mint().id(), email(called));
        broker.create_realm(Realm::Person(user)).await.unwrap();
        let (totp, uri) = broker.new_totp(user, address.as_str()).await.unwrap();
        let seed = seed_of(std::str::from_utf8(uri.expose()).unwrap());
        let (shown, rows) = backup_codes(store, broker, user).await;
        let new = NewUser {
            id: user,
            email: address.clone(),
            password_hash: hash(store).await,
            totp,
            totp_last_step: 1,
        };
        let request = origin(store, 7);
        store
            .platform_write(&Caller::anonymous(request.clone()), move |tx| {
                tx.users().create(&new)?;
                tx.backup_codes().replace(user, &rows)?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        let session = store.mint().id();
        Self { user, email: address, backup_codes: shown, session, seed, request }
    }

    /// This person in a workspace, by a session that no token belongs to.
    pub(crate) fn scope(&self, tenant: TenantId) -> Scope {
        let actor = Actor::User { user: self.user, session: self.session };
        Scope::authenticated(tenant, actor, self.request.clone())
    }

    /// This person's account, in the session of these tokens.
    pub(crate) fn account(&self, tokens: &SessionTokens) -> AccountScope {
        AccountScope::authenticated(self.user, tokens.session, self.request.clone())
    }

    /// What the authenticator shows now.
    pub(crate) fn code(&self, house: &House) -> String {
        code_of(&self.seed, house.now().0 / 1_000)
    }

    pub(crate) fn presents(&self, factor: Factor) -> SignIn {
        SignIn {
            email: self.email.clone(),
            password: Password::typed(PASSWORD.to_owned()).unwrap(),
            factor,
            workspace: None,
        }
    }

    /// Signs in with the authenticator, thirty seconds after whatever was before.
    pub(crate) async fn signs_in(&self, house: &House) -> SessionTokens {
        house.advance(30_000);
        self.tries(house, &self.code(house)).await.unwrap().value
    }

    pub(crate) async fn tries(
        &self,
        house: &House,
        code: &str,
    ) -> Result<Committed<SessionTokens>, SignInError> {
        let factor = Factor::totp(code).unwrap();
        sign_in(&house.identity, house.origin(), self.presents(factor)).await
    }
}

/// The seed in an `otpauth` URI.
pub(crate) fn seed_of(uri: &str) -> Vec<u8> {
    let (_, query) = uri.split_once('?').unwrap();
    let secret = query.split('&').find_map(|pair| pair.strip_prefix("secret=")).unwrap();
    BASE32_NOPAD.decode(secret.as_bytes()).unwrap()
}

/// What an authenticator with this seed shows: computed apart from the broker.
pub(crate) fn code_of(seed: &[u8], at_s: i64) -> String {
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(0)
        .with_step_duration(30)
        .with_secret(seed.to_vec())
        .with_account_name("test")
        .build()
        .unwrap();
    totp.generate(u64::try_from(at_s).unwrap()).to_string()
}

async fn hash(store: &Store) -> String {
    let size = PoolSize { at_once: 1, waiting_max: 1 };
    let pool = PasswordPool::new(size, Cost::LEAST, store.mint().clone()).unwrap();
    let password = Password::typed(PASSWORD.to_owned()).unwrap();
    pool.hash(pool.place().unwrap(), password).await.unwrap().to_phc()
}

async fn backup_codes(
    store: &Store,
    broker: &Broker,
    user: UserId,
) -> (Vec<String>, Vec<(String, String)>) {
    let mut rows = Vec::new();
    let set = BackupCode::set(store.mint());
    for code in &set {
        let digest = broker.mac(MacPurpose::Code, code.message(user)).await.unwrap();
        rows.push((code.selector(), HEXLOWER.encode(&digest)));
    }
    (set.iter().map(|code| code.shown().show().to_owned()).collect(), rows)
}
