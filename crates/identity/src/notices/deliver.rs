//! Sends what is due: claims one message, opens its code, writes it, hands it over, notes how that
//! ended.
//!
//! Always true
//! 1. The claim is committed before the letter leaves, and moves the message's due time: when this
//!    process dies, the message is due again after its lease.
//! 2. A refusal for good ends a message with its reason; anything else is tried again, later and
//!    later, at most [`limits::NOTICE_TRIES_MAX`] times.
//! 3. A message whose link has ended is given up, not sent.

use domain::{RequestId, TimeMs, limits};
use outbound::mail::{Letter, Mailer};
use serde_json::Value as Json;
use store::{Caller, Commit, DueNotice, Outcome, QuietReason, StoreError, Waiting};

use super::render::{self, Unrenderable};
use super::seal;
use crate::identity::Identity;

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Messages that the mail server took.
    pub sent: u32,
    /// Messages that will be tried again.
    pub again: u32,
    /// Messages that were given up.
    pub given_up: u32,
    /// What is left.
    pub left: Waiting,
}

/// Most messages of one round: a stop waits for no more than the one that is being sent.
const ROUND_MAX: u32 = 50;

/// Sends what is due. `url` is the address that people use. Without a `mailer` nothing is sent, and
/// the round says how much waits.
///
/// # Errors
/// The store's. What was claimed is due again after its lease.
pub async fn send_due(
    identity: &Identity,
    mailer: Option<&Mailer>,
    url: &str,
) -> Result<Round, StoreError> {
    let mut round = Round::default();
    if let Some(mailer) = mailer {
        while round.sent + round.again + round.given_up < ROUND_MAX {
            let Some(due) = claim(identity).await? else { break };
            match send(identity, mailer, url, &due).await? {
                Outcome::Sent => round.sent += 1,
                Outcome::Again(_) => round.again += 1,
                Outcome::GivenUp => round.given_up += 1,
            }
        }
    }
    round.left = identity.store.platform_read(|tx| tx.outbox().count()).await?;
    Ok(round)
}

/// How a try failed.
struct Failure {
    why: String,
    for_good: bool,
}

impl From<Unrenderable> for Failure {
    fn from(error: Unrenderable) -> Self {
        Self { why: error.to_string(), for_good: true }
    }
}

async fn claim(identity: &Identity) -> Result<Option<DueNotice>, StoreError> {
    let caller = caller(identity);
    let claimed = identity.store.platform_write(&caller, |tx| {
        let due = tx.outbox().claim()?;
        Ok::<_, StoreError>(Commit::quiet(QuietReason::NoticeStep, due))
    });
    claimed.await.map(|committed| committed.value)
}

fn caller(identity: &Identity) -> Caller {
    let request: RequestId = identity.store.mint().id();
    Caller::system("notices", request)
}

async fn send(
    identity: &Identity,
    mailer: &Mailer,
    url: &str,
    due: &DueNotice,
) -> Result<Outcome, StoreError> {
    let tried = handed_over(identity, mailer, url, due).await;
    let (outcome, why) = match tried {
        Ok(()) => (Outcome::Sent, None),
        Err(Failure { why, for_good }) => {
            let last = for_good || due.tries >= limits::NOTICE_TRIES_MAX;
            tracing::warn!(notice = %due.id, kind = due.kind.as_str(), %why, last, "not sent");
            let now = identity.store.mint().now();
            (if last { Outcome::GivenUp } else { Outcome::Again(next_try(now, due)) }, Some(why))
        }
    };
    let id = due.id;
    identity
        .store
        .platform_write(&caller(identity), move |tx| {
            tx.outbox().settle(id, outcome, why.as_deref())?;
            Ok::<_, StoreError>(Commit::quiet(QuietReason::NoticeStep, ()))
        })
        .await?;
    Ok(outcome)
}

async fn handed_over(
    identity: &Identity,
    mailer: &Mailer,
    url: &str,
    due: &DueNotice,
) -> Result<(), Failure> {
    if ended(due, identity.store.mint().now()) {
        return Err(Failure { why: "its link ended before it was sent".into(), for_good: true });
    }
    if due.tries > limits::NOTICE_TRIES_MAX {
        return Err(Failure { why: "whoever sent it died each time".into(), for_good: true });
    }
    let code = seal::opened(identity, due)
        .await
        .map_err(|error| Failure { why: error.to_string(), for_good: false })?;
    let code = code.as_ref().and_then(|code| code.expose_text());
    let written = render::render(due.kind, &due.details, code, due.created_at, url)?;
    let letter = Letter {
        notice: due.id,
        to: due.email.clone(),
        subject: written.subject,
        text: written.text,
        html: written.html,
    };
    mailer
        .send(&letter)
        .await
        .map_err(|error| Failure { why: error.to_string(), for_good: error.for_good() })
}

/// Whether the link of a message has ended.
fn ended(due: &DueNotice, now: TimeMs) -> bool {
    let ends = due.details.get("expires_at_ms").and_then(Json::as_i64);
    due.sealed.is_some() && ends.is_some_and(|ends| ends <= now.0)
}

fn next_try(now: TimeMs, due: &DueNotice) -> TimeMs {
    let doublings = due.tries.saturating_sub(1).min(16);
    let delay_ms = limits::NOTICE_DELAY_MS_MIN << doublings;
    now.plus_ms(delay_ms.min(limits::NOTICE_DELAY_MS_MAX))
}
