//! `Idempotency-Key`: a create that is sent twice happens once.
//!
//! Always true
//! 1. A key belongs to one caller and one request (method, path, body); with another request it is
//!    refused.
//! 2. A repeated answer never holds what is shown once: [`ShownOnce::forget`] removed it before it
//!    was kept.
//! 3. The work of a request with a key goes on when the client goes away, so its key never stays
//!    half-used.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header.

use aws_lc_rs::digest;
use axum::extract::FromRequestParts;
use domain::limits;
use http::request::Parts;
use http::{HeaderValue, Method};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Caller, Commit, Kept, QuietReason, Store, StoreError};
use utoipa::IntoParams;

use crate::house::House;
use crate::problem::{Code, Problem, Refusal, Refused};
use crate::reply::Reply;

/// The header, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is read by the OpenAPI derivation only")]
pub struct IdempotencyHeader {
    /// Makes a repetition of this request harmless: it gets the first one's answer, without what is
    /// shown once.
    #[param(
        rename = "idempotency-key",
        required = false,
        nullable = false,
        pattern = "^[!-~]+$",
        min_length = 1,
        max_length = 64
    )]
    key: Option<String>,
}

/// A request that may be repeated, when it has a key.
#[derive(Debug, Clone)]
pub struct Idempotent {
    key: Option<String>,
    method: Method,
    path: String,
}

impl FromRequestParts<House> for Idempotent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _house: &House) -> Result<Self, Problem> {
        let rule = "it is 1 to 64 visible ASCII characters, given once";
        let mut given = parts.headers.get_all("idempotency-key").iter();
        let key = match (given.next(), given.next()) {
            (None, _) => None,
            (Some(value), None) => {
                Some(checked(value).ok_or(Problem::invalid("idempotency-key", rule))?)
            }
            (Some(_), Some(_)) => return Err(Problem::invalid("idempotency-key", rule)),
        };
        Ok(Self { key, method: parts.method.clone(), path: parts.uri.path().to_owned() })
    }
}

fn checked(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let fits = (1..=limits::IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len());
    (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.to_owned())
}

/// A created thing whose answer may hold something that is shown once.
pub trait ShownOnce {
    /// Removes it.
    fn forget(&mut self) {}
}

/// What a create gives: its answer and its receipts.
pub struct Made<T> {
    /// The answer.
    pub body: T,
    /// The receipts.
    pub receipts: Option<HeaderValue>,
}

#[derive(Serialize, Deserialize)]
struct KeptAnswer<T> {
    body: T,
    receipts: Option<String>,
}

/// One caller's key with the request that it stands for.
#[derive(Clone)]
struct Taken {
    caller: Caller,
    principal: String,
    key: String,
    request: [u8; 32],
}

impl Idempotent {
    /// Does `work`, or gives the answer that the same request got before.
    ///
    /// # Errors
    /// The work's; `idempotency.reused`, `idempotency.running`, and the store's.
    pub async fn run<T, E>(
        self,
        house: &House,
        who: (Caller, String),
        body_digest: [u8; 32],
        work: impl Future<Output = Result<Made<T>, Refused<E>>> + Send + 'static,
    ) -> Result<Reply<201, T>, Refused<E>>
    where
        T: ShownOnce + Serialize + DeserializeOwned + Send + 'static,
        E: Refusal + 'static,
    {
        let request = self.request(body_digest);
        let (caller, principal) = who;
        let Some(key) = self.key else {
            return work.await.map(|made| Reply::new(made.body).receipts(made.receipts));
        };
        let taken = Taken { caller, principal, key, request };
        let store = house.store().clone();
        match taken.take(&store).await.map_err(failed)? {
            Kept::New => {
                let task = house.tasks().spawn(finish(store, taken, work));
                let done =
                    task.await.map_err(|error| Refused::because(Problem::internal(&error)))?;
                done.map(|made| Reply::new(made.body).receipts(made.receipts))
            }
            Kept::Working => Err(Refused::because(Problem::new(Code::IdempotencyRunning))),
            Kept::Other => Err(Refused::because(Problem::new(Code::IdempotencyReused))),
            Kept::Answered(answer) => repeated(&answer.body),
        }
    }

    fn request(&self, body_digest: [u8; 32]) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(self.method.as_str().as_bytes());
        context.update(b" ");
        context.update(self.path.as_bytes());
        context.update(b"\n");
        context.update(&body_digest);
        let mut sum = [0u8; 32];
        sum.copy_from_slice(context.finish().as_ref());
        sum
    }
}

fn failed<E>(error: StoreError) -> Refused<E> {
    Refused::because(error.problem())
}

fn repeated<T: DeserializeOwned, E>(kept: &str) -> Result<Reply<201, T>, Refused<E>> {
    let kept: KeptAnswer<T> =
        serde_json::from_str(kept).map_err(|error| Refused::because(Problem::internal(&error)))?;
    let receipts = kept.receipts.and_then(|text| HeaderValue::from_str(&text).ok());
    Ok(Reply::new(kept.body).receipts(receipts).replayed())
}

/// Does the work and keeps its answer; a refusal gives the key back, for it may be mended and sent
/// again.
async fn finish<T, E>(
    store: Store,
    taken: Taken,
    work: impl Future<Output = Result<Made<T>, Refused<E>>> + Send,
) -> Result<Made<T>, Refused<E>>
where
    T: ShownOnce + Serialize + DeserializeOwned + Send,
    E: Refusal,
{
    let made = match work.await {
        Ok(made) => made,
        Err(refused) => {
            taken.release(&store).await.map_err(failed)?;
            return Err(refused);
        }
    };
    let receipts = made.receipts.as_ref().and_then(|value| value.to_str().ok()).map(str::to_owned);
    let whole = serde_json::to_string(&made.body);
    let copy = whole.and_then(|text| serde_json::from_str::<T>(&text)).and_then(|mut body| {
        body.forget();
        serde_json::to_string(&KeptAnswer { body, receipts })
    });
    let kept = copy.map_err(|error| Refused::because(Problem::internal(&error)))?;
    taken.answer(&store, kept).await.map_err(failed)?;
    Ok(made)
}

impl Taken {
    async fn take(&self, store: &Store) -> Result<Kept, StoreError> {
        let Self { caller, principal, key, request } = self.clone();
        let taken = store.platform_write(&caller, move |tx| {
            let kept = tx.idempotency().take(&principal, &key, request)?;
            Ok::<_, StoreError>(Commit::quiet(QuietReason::IdempotentAnswer, kept))
        });
        taken.await.map(|committed| committed.value)
    }

    async fn answer(&self, store: &Store, body: String) -> Result<(), StoreError> {
        let Self { caller, principal, key, request } = self.clone();
        let kept = store.platform_write(&caller, move |tx| {
            tx.idempotency().answer(&principal, &key, request, 201, &body)?;
            Ok::<_, StoreError>(Commit::quiet(QuietReason::IdempotentAnswer, ()))
        });
        kept.await.map(|committed| committed.value)
    }

    async fn release(&self, store: &Store) -> Result<(), StoreError> {
        let Self { caller, principal, key, request } = self.clone();
        let released = store.platform_write(&caller, move |tx| {
            tx.idempotency().release(&principal, &key, request)?;
            Ok::<_, StoreError>(Commit::quiet(QuietReason::IdempotentAnswer, ()))
        });
        released.await.map(|committed| committed.value)
    }
}
