//! What this process knows about ended sessions: read from the database four times a second,
//! whatever else happens.
//!
//! Always true
//! 1. A token is good only while the view is fresh: past [`limits::REVOCATION_VIEW_AGE_MS_MAX`]
//!    without a reading the answer is [`Standing::Unknown`], and requests are refused.
//! 2. The age counts from the moment a reading began, on a clock that cannot be set.
//! 3. A revocation is forgotten only when every token it could concern has expired.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use domain::{SessionId, TenantId, TimeMs, UserId, limits};
use store::{Revocation, Revoked, Store, StoreError};

use crate::tokens::VerifiedClaims;

/// Whether a token still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Good,
    /// Its session, person or workspace was ended, or its session rose past it.
    Revoked,
    /// The view is too old to tell.
    Unknown,
}

/// The view, shared by every request.
pub struct RevocationView {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    seq: u64,
    read_at: Option<Instant>,
    sessions: HashMap<SessionId, (i64, TimeMs)>,
    /// Sessions whose older tokens end at a moment to come.
    coming: Vec<(SessionId, i64, TimeMs)>,
    users: HashMap<UserId, TimeMs>,
    workspaces: HashMap<TenantId, TimeMs>,
}

/// Rows of one reading.
const ROWS_PER_READ: u32 = 1_000;
/// A session's end further ahead than this is one to come; nearer, clocks merely differ.
const SOON_MS: i64 = limits::CLOCK_SKEW_MS_MAX;
/// A revocation older than this concerns expired tokens only.
const REMEMBERED_MS: i64 = limits::ACCESS_TOKEN_MS + 4 * limits::CLOCK_SKEW_MS_MAX;

const _: () = assert!(limits::SESSION_MOVE_MS > SOON_MS);

impl RevocationView {
    /// A view that has read nothing: it answers [`Standing::Unknown`].
    #[must_use]
    pub fn new() -> Self {
        Self { known: RwLock::new(Known::default()) }
    }

    /// Reads what is new.
    ///
    /// # Errors
    /// The store's; the view stays as it is and grows old.
    pub async fn read(&self, store: &Store) -> Result<(), StoreError> {
        let began = Instant::now();
        loop {
            let seq = self.known.read().unwrap_or_else(PoisonError::into_inner).seq;
            let rows =
                store.platform_read(move |tx| tx.revocations().after(seq, ROWS_PER_READ)).await?;
            let last = rows.len() < usize::try_from(ROWS_PER_READ).unwrap_or(usize::MAX);
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.learn(&rows, store.mint().now());
            if last {
                known.read_at = Some(began);
                return Ok(());
            }
        }
    }

    /// Whether a genuine token still counts.
    #[must_use]
    pub fn judge(&self, claims: &VerifiedClaims) -> Standing {
        self.judge_at(claims, Instant::now())
    }

    fn judge_at(&self, claims: &VerifiedClaims, now: Instant) -> Standing {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let age_max = Duration::from_millis(limits::REVOCATION_VIEW_AGE_MS_MAX);
        if known.read_at.is_none_or(|at| now.saturating_duration_since(at) > age_max) {
            return Standing::Unknown;
        }
        if known.ends(claims) { Standing::Revoked } else { Standing::Good }
    }
}

impl Default for RevocationView {
    fn default() -> Self {
        Self::new()
    }
}

impl Known {
    fn learn(&mut self, rows: &[Revocation], now: TimeMs) {
        for row in rows {
            self.seq = self.seq.max(row.seq);
            match row.revoked {
                // What ended now ends now, whatever our clock says beside the writer's.
                Revoked::Session { session, epoch } if row.at.since_ms(now) > SOON_MS => {
                    self.coming.push((session, epoch, row.at));
                }
                Revoked::Session { session, epoch } => self.end(session, epoch, row.at),
                Revoked::User(user) => {
                    self.users.insert(user, row.at);
                }
                Revoked::Workspace(workspace) => {
                    self.workspaces.insert(workspace, row.at);
                }
                // A key's own row is read in every transaction that the key opens.
                Revoked::Key(_) => {}
            }
        }
        let came: Vec<_> = self.coming.extract_if(.., |(_, _, at)| *at <= now).collect();
        for (session, epoch, at) in &came {
            self.end(*session, *epoch, *at);
        }
        if !rows.is_empty() || !came.is_empty() {
            let matters = |at: &TimeMs| now.since_ms(*at) <= REMEMBERED_MS;
            self.sessions.retain(|_, (_, at)| matters(at));
            self.users.retain(|_, at| matters(at));
            self.workspaces.retain(|_, at| matters(at));
        }
    }

    fn end(&mut self, session: SessionId, epoch: i64, at: TimeMs) {
        let known = self.sessions.entry(session).or_insert((epoch, at));
        *known = (known.0.max(epoch), at);
    }

    fn ends(&self, claims: &VerifiedClaims) -> bool {
        let session = self.sessions.get(&claims.session);
        let user = self.users.get(&claims.user);
        let workspace = claims.tenant.and_then(|tenant| self.workspaces.get(&tenant));
        session.is_some_and(|(epoch, _)| claims.epoch < *epoch)
            || user.is_some_and(|at| claims.issued_at <= *at)
            || workspace.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, mint};

    fn claims(epoch: i64) -> VerifiedClaims {
        VerifiedClaims {
            holder_key: None,
            user: mint(1).id(),
            session: mint(2).id(),
            tenant: Some(mint(3).id()),
            epoch,
            factor_at: NOW,
            issued_at: NOW,
            expires_at: NOW.plus_ms(limits::ACCESS_TOKEN_MS),
        }
    }

    fn view(revoked: &[Revoked], now: TimeMs) -> RevocationView {
        let view = RevocationView::new();
        let row = |(seq, revoked): (usize, &Revoked)| Revocation {
            seq: u64::try_from(seq).unwrap() + 1,
            revoked: *revoked,
            at: NOW,
        };
        let rows: Vec<Revocation> = revoked.iter().enumerate().map(row).collect();
        let mut known = view.known.write().unwrap();
        known.learn(&rows, now);
        known.read_at = Some(Instant::now());
        drop(known);
        view
    }

    #[test]
    fn tokens_below_the_epoch_end_and_tokens_at_it_live() {
        let revoked = Revoked::Session { session: claims(0).session, epoch: 3 };
        let view = view(&[revoked], NOW);
        assert_eq!(view.judge(&claims(2)), Standing::Revoked);
        assert_eq!(view.judge(&claims(3)), Standing::Good);
    }

    #[test]
    fn a_later_smaller_epoch_does_not_revive_an_ended_session() {
        let session = claims(0).session;
        let ended = Revoked::Session { session, epoch: i64::MAX };
        let risen = Revoked::Session { session, epoch: 1 };
        assert_eq!(view(&[ended, risen], NOW).judge(&claims(7)), Standing::Revoked);
    }

    #[test]
    fn a_person_and_a_workspace_end_all_their_tokens() {
        assert_eq!(
            view(&[Revoked::User(claims(0).user)], NOW).judge(&claims(9)),
            Standing::Revoked
        );
        let workspace = claims(0).tenant.unwrap();
        let view = view(&[Revoked::Workspace(workspace)], NOW);
        assert_eq!(view.judge(&claims(9)), Standing::Revoked);
        assert_eq!(view.judge(&VerifiedClaims { tenant: None, ..claims(9) }), Standing::Good);
    }

    #[test]
    fn a_revocation_outlives_every_token_it_concerns() {
        let revoked = Revoked::Session { session: claims(0).session, epoch: i64::MAX };
        let late = NOW.plus_ms(limits::ACCESS_TOKEN_MS + 2 * limits::CLOCK_SKEW_MS_MAX);
        assert_eq!(view(&[revoked], late).judge(&claims(0)), Standing::Revoked);
    }

    #[test]
    fn an_old_view_answers_for_nobody() {
        let view = view(&[], NOW);
        let read_at = view.known.read().unwrap().read_at.unwrap();
        let after = |ms| view.judge_at(&claims(0), read_at + Duration::from_millis(ms));
        assert_eq!(after(limits::REVOCATION_VIEW_AGE_MS_MAX), Standing::Good);
        assert_eq!(after(limits::REVOCATION_VIEW_AGE_MS_MAX + 1), Standing::Unknown);
        assert_eq!(RevocationView::new().judge(&claims(0)), Standing::Unknown);
    }
}
