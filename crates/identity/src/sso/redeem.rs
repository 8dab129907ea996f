//! From what a provider said to a session.
//!
//! Always true
//! 1. The way is used up in the transaction that makes the session; when anything is missing
//!    before that, nothing was begun and the way can be redeemed still.
//! 2. A workspace that was named judges the session before it exists.

use domain::sign_in::{EntryDenied, FactorOf, ProviderRef, SignInPath, SignInPolicy};
use domain::{
    Actor, EmailAddress, InvitationId, Origin, Scope, SessionId, SsoTransactionId, TenantId, UserId,
};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, EntryRef, PlatformTx, QuietReason, SsoErrand, SsoState,
    SsoTransaction, User, UserState,
};

use super::token::Outcome;
use super::way::Pass;
use super::{SsoError, door, newcomer, target};
use crate::codes::TypedCode;
use crate::guard::KnownDevice;
use crate::identity::Identity;
use crate::invitations::{AcceptError, Door, Knock, open_door, walk_in};
use crate::sessions::{
    self, Birth, Factor, FactorUnchecked, Holder, MatchedFactor, Proof, SessionTokens,
};
use crate::throttle::Guess;

/// What somebody presents who came back from a provider.
pub struct Redemption<'a> {
    /// The way.
    pub id: SsoTransactionId,
    /// The cookie of the browser that went it.
    pub cookie: &'a str,
    /// The person's own factor, where the provider's word does not count as one.
    pub factor: Option<Factor>,
    /// What will hold the session.
    pub holder: Holder,
    /// An invitation into a workspace they are not in.
    pub invitation: Option<Ticket>,
}

/// An invitation as somebody holds it.
pub struct Ticket {
    /// The link's id.
    pub link: InvitationId,
    /// The code told apart from it.
    pub code: TypedCode,
}

/// Redeems a way that came back.
///
/// # Errors
/// [`SsoError`]; [`SsoError::FactorNeeded`] when one is wanted and none was given.
pub async fn redeem(
    identity: &Identity,
    origin: Origin,
    presented: Redemption<'_>,
) -> Result<Committed<SessionTokens>, SsoError> {
    let Redemption { id, cookie, factor, holder, invitation } = presented;
    let mut row = Pass::known(identity, id, cookie, SsoErrand::SignIn).await?;
    let outcome = outcome_of(&row)?;
    if let Some(ticket) = &invitation {
        row.workspace = Some(ticket.workspace(identity, row.workspace).await?);
    }
    let policy = policy_of(identity, row.workspace, &origin).await?;
    let (takes, counts) = (policy.takes(row.provider), policy.counts(row.provider, &outcome.said));
    if invitation.is_some() && !takes {
        return Err(SsoError::Entry(EntryDenied::ProviderNotTaken));
    }
    let arrival = Arrival { row, outcome, counts, origin };
    let Some(user) = arrival.known(identity).await? else {
        return newcomer::born(identity, arrival, holder, invitation).await;
    };
    let entries = arrival.joined(identity, &user, invitation).await?;
    let device = holder.known_device(identity).await?;
    let guess = arrival.guess(identity, &user, device).await?;
    let proof = arrival.proof(identity, (&user, &guess), factor).await?;
    arrival.begun(identity, (&user, guess), (proof, holder, device), entries).await
}

/// What the provider said, as the way kept it.
pub(super) fn outcome_of(row: &SsoTransaction) -> Result<Outcome, SsoError> {
    let text = row.outcome.as_deref().ok_or(SsoError::TransactionInvalid)?;
    serde_json::from_str(text).map_err(|_| SsoError::TransactionInvalid)
}

pub(super) async fn policy_of(
    identity: &Identity,
    workspace: Option<TenantId>,
    origin: &Origin,
) -> Result<SignInPolicy, SsoError> {
    let Some(workspace) = workspace else { return Ok(SignInPolicy::default()) };
    let scope = target::at_the_door(workspace, origin);
    let read =
        identity.store.read(&scope, |tx| Ok::<_, SsoError>(tx.sign_in_policy().get()?.policy));
    read.await.map_err(target::absent)
}

impl Ticket {
    /// The workspace that the link leads to; for a way that names one, the same.
    async fn workspace(
        &self,
        identity: &Identity,
        named: Option<TenantId>,
    ) -> Result<TenantId, SsoError> {
        let link = self.link;
        let found =
            identity.store.platform_read(move |tx| tx.invitation_index().find(link)).await?;
        let leads = found.filter(|found| named.is_none_or(|named| named == *found));
        leads.ok_or(SsoError::Invitation(AcceptError::NotOpened))
    }

    /// Opens the door with link and code, for somebody with this address.
    pub(super) async fn opens(
        &self,
        identity: &Identity,
        email: &EmailAddress,
        (user, session): (UserId, SessionId),
        origin: &Origin,
    ) -> Result<Door, AcceptError> {
        let knock = Knock {
            link: self.link,
            code: &self.code,
            email,
            actor: Actor::User { user, session },
            caller: Caller::anonymous(origin.clone()),
        };
        open_door(&identity.store, &identity.broker, &knock).await
    }
}

/// Somebody whom a provider named.
pub(super) struct Arrival {
    pub(super) row: SsoTransaction,
    pub(super) outcome: Outcome,
    /// Whether the workspace counts the provider's word as two factors.
    pub(super) counts: bool,
    pub(super) origin: Origin,
}

impl Arrival {
    /// Who they are here. `None`: nobody yet.
    async fn known(&self, identity: &Identity) -> Result<Option<User>, SsoError> {
        let (issuer, subject) = (self.outcome.issuer.clone(), self.outcome.subject.clone());
        let user = identity
            .store
            .platform_read(move |tx| {
                let Some(linked) = tx.identities().find(&issuer, &subject)? else {
                    return Ok(None);
                };
                tx.users().find(linked.user)
            })
            .await?;
        match user {
            Some(user) if user.state != UserState::Active => Err(SsoError::NoAccount),
            user => Ok(user),
        }
    }

    /// How the session will have begun.
    pub(super) fn path(&self) -> SignInPath {
        let provider = self.row.provider;
        let home = match provider {
            ProviderRef::Own(_) => self.row.workspace,
            ProviderRef::Platform(_) => None,
        };
        let factor = if self.counts {
            FactorOf::Provider(self.outcome.said.clone())
        } else {
            FactorOf::Person
        };
        SignInPath::Provider { provider, home, factor }
    }

    #[expect(clippy::disallowed_methods, reason = "this is request authentication")]
    pub(super) fn scope(&self, workspace: TenantId, user: UserId, session: SessionId) -> Scope {
        Scope::authenticated(workspace, Actor::User { user, session }, self.origin.clone())
    }

    /// Lets a known person into the workspace they named, by their invitation, or when it takes
    /// such newcomers.
    async fn joined(
        &self,
        identity: &Identity,
        user: &User,
        invitation: Option<Ticket>,
    ) -> Result<Vec<EntryRef>, SsoError> {
        let Some(workspace) = self.row.workspace else { return Ok(Vec::new()) };
        let session = identity.store.mint().id();
        let scope = self.scope(workspace, user.id, session);
        let id = user.id;
        let member = identity.store.read(&scope, move |tx| tx.members().find(id)).await;
        if member?.is_some() {
            return Ok(Vec::new());
        }
        if let Some(ticket) = invitation {
            let who = (user.id, session);
            let door = ticket.opens(identity, &user.email, who, &self.origin).await?;
            return Ok(walk_in(&identity.store, door, user.email.clone()).await?.entries);
        }
        newcomer::admitted(identity, self, &scope, user.email.clone()).await
    }

    /// Two factors: the provider's, or the provider's word and one of the person's own.
    async fn proof(
        &self,
        identity: &Identity,
        whose: (&User, &Guess),
        factor: Option<Factor>,
    ) -> Result<Proof, SsoError> {
        let path = self.path();
        if self.counts {
            return Ok(Proof::Upstream(path));
        }
        let factor = factor.ok_or(SsoError::FactorNeeded)?;
        let matched = self.matched(identity, whose, factor).await?;
        Ok(Proof::UpstreamAnd(matched, path))
    }

    /// A guess at this person's factor, from the device the holder says it is.
    async fn guess(
        &self,
        identity: &Identity,
        user: &User,
        device: Option<KnownDevice>,
    ) -> Result<Guess, SsoError> {
        let (guess, id) = (Guess::of_proof(user.id, &self.origin), user.id);
        let Some(device) = device else { return Ok(guess) };
        let known = identity.store.platform_read(move |tx| device.of(tx, id)).await?;
        Ok(guess.with_device(known))
    }

    /// Counts the guess, then checks it.
    async fn matched(
        &self,
        identity: &Identity,
        (user, guess): (&User, &Guess),
        factor: Factor,
    ) -> Result<MatchedFactor, SsoError> {
        let caller = Caller::anonymous(self.origin.clone());
        let (counted, id) = (guess.clone(), user.id);
        let admitted = identity.store.platform_write(&caller, move |tx| {
            counted.admit(tx)?;
            let user = tx.users().find(id)?.ok_or(SsoError::NoAccount)?;
            Ok::<_, SsoError>(Commit::quiet(QuietReason::GuessCounted, user))
        });
        let user = admitted.await?.value;
        let matched = factor.matched(identity, &user).await.map_err(|error| match error {
            FactorUnchecked::Sealing(error) => SsoError::Sealing(error),
            FactorUnchecked::Store(error) => SsoError::Store(error),
        })?;
        if let Some(matched) = matched {
            return Ok(matched);
        }
        let guess = guess.clone();
        let refused = identity.store.platform_write(&caller, move |tx| {
            guess.refused(tx)?;
            let event = AuditEvent::new(Verb::SessionRefused, "user", user.id);
            Ok::<_, SsoError>(Commit::audited(event, ()))
        });
        refused.await?;
        Err(SsoError::FactorWrong)
    }

    /// Begins the session, the way used up with it.
    async fn begun(
        self,
        identity: &Identity,
        (user, guess): (&User, Guess),
        (proof, holder, device): (Proof, Holder, Option<KnownDevice>),
        entries: Vec<EntryRef>,
    ) -> Result<Committed<SessionTokens>, SsoError> {
        let (id, user) = (identity.store.mint().id::<SessionId>(), user.id);
        if let Some(workspace) = self.row.workspace {
            let scope = self.scope(workspace, user, id);
            door::enters(&identity.store, &scope, &self.path()).await?;
        }
        let workspace = self.row.workspace;
        let birth = Birth { id, user, workspace, proof, holder, device };
        let unborn = birth.prepared(identity, &self.origin).await?;
        let caller = Caller::account(user, id, self.origin.clone());
        let begun = identity
            .store
            .platform_write(&caller, move |tx| {
                self.used_up(tx)?;
                guess.forgive(tx)?;
                let Outcome { issuer, subject, .. } = &self.outcome;
                if !tx.identities().touch(issuer, subject)? {
                    return Err(SsoError::NoAccount);
                }
                let (session, mut events) = unborn.begin(tx)?;
                if let Some(started) = events.last_mut() {
                    let new = started.new.get_or_insert_with(|| json!({}));
                    if let Some(new) = new.as_object_mut() {
                        new.insert("provider".to_owned(), json!(self.row.provider));
                    }
                }
                Ok(Commit::audited_all(events, session))
            })
            .await?;
        let handed = sessions::issue_first(identity, &begun.value).await?;
        let entries = entries.into_iter().chain(begun.entries).collect();
        Ok(Committed { value: handed, entries })
    }

    /// # Errors
    /// [`SsoError::TransactionInvalid`]: another request was faster.
    pub(super) fn used_up(&self, tx: &mut PlatformTx<'_>) -> Result<(), SsoError> {
        let (id, outcome) = (self.row.id, self.row.outcome.as_deref());
        let used = tx.sso_transactions().step(id, SsoState::Known, SsoState::Redeemed, outcome)?;
        if used { Ok(()) } else { Err(SsoError::TransactionInvalid) }
    }

    /// Begins the first session of somebody who was just let in; their way is used up already.
    pub(super) async fn first_session(
        self,
        identity: &Identity,
        user: UserId,
        holder: Holder,
        entries: Vec<EntryRef>,
    ) -> Result<Committed<SessionTokens>, SsoError> {
        let id: SessionId = identity.store.mint().id();
        let workspace = self.row.workspace.ok_or(SsoError::NoAccount)?;
        let scope = self.scope(workspace, user, id);
        door::enters(&identity.store, &scope, &self.path()).await?;
        let proof = Proof::Upstream(self.path());
        let (workspace, device) = (Some(workspace), None);
        let birth = Birth { id, user, workspace, proof, holder, device };
        let unborn = birth.prepared(identity, &self.origin).await?;
        let caller = Caller::account(user, id, self.origin);
        let begun = identity
            .store
            .platform_write(&caller, move |tx| {
                let (session, events) = unborn.begin(tx)?;
                Ok::<_, SsoError>(Commit::audited_all(events, session))
            })
            .await?;
        let handed = sessions::issue_first(identity, &begun.value).await?;
        let entries = entries.into_iter().chain(begun.entries).collect();
        Ok(Committed { value: handed, entries })
    }
}
