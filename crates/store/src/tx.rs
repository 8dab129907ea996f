//! The three transactions a use case can hold, and the table handles each of them hands out.
//!
//! Always true
//! 1. A [`TenantTx`] exists only inside [`crate::Store::write`] and [`crate::Store::read`], bound
//!    to the scope's tenant; it has no platform table.
//! 2. A [`PlatformTx`] has no tenant table; an [`AuditTx`] has the log of one unit, the marks that
//!    say what was copied into it, the sealed records that a rotation walks over or that broken
//!    glass names, sealed as they are; nothing else.
//! 3. None has a public constructor, a raw statement, or a connection to give away.

use domain::{Mint, Scope, TimeMs};

use crate::Unit;
use crate::bound::Bound;
use crate::{audit, platform, tenant};

/// A transaction on one tenant's unit.
pub struct TenantTx<'t> {
    bound: &'t mut Bound,
    scope: &'t Scope,
}

impl<'t> TenantTx<'t> {
    pub(crate) fn new(bound: &'t mut Bound, scope: &'t Scope) -> Self {
        Self { bound, scope }
    }

    /// The scope it is bound to.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        self.scope
    }

    /// The moment the transaction began.
    #[must_use]
    pub fn now(&self) -> TimeMs {
        self.bound.now()
    }

    /// Makes ids.
    #[must_use]
    pub fn mint(&self) -> &Mint {
        self.bound.mint()
    }

    /// The workspace itself.
    pub fn team(&mut self) -> tenant::Team<'_> {
        tenant::Team::new(self.bound)
    }

    /// Who is in the team.
    pub fn members(&mut self) -> tenant::Members<'_> {
        tenant::Members::new(self.bound)
    }

    /// Who is asked to join.
    pub fn invitations(&mut self) -> tenant::Invitations<'_> {
        tenant::Invitations::new(self.bound)
    }

    /// Projects and who was let into them.
    pub fn projects(&mut self) -> tenant::Projects<'_> {
        tenant::Projects::new(self.bound)
    }

    /// Environments of projects.
    pub fn environments(&mut self) -> tenant::Environments<'_> {
        tenant::Environments::new(self.bound)
    }

    /// Secrets, sealed.
    pub fn secrets(&mut self) -> tenant::Secrets<'_> {
        tenant::Secrets::new(self.bound)
    }

    /// How people may sign in.
    pub fn sign_in_policy(&mut self) -> tenant::SignInPolicies<'_> {
        tenant::SignInPolicies::new(self.bound)
    }

    /// Identity providers of the workspace's own.
    pub fn providers(&mut self) -> tenant::Providers<'_> {
        tenant::Providers::new(self.bound)
    }

    /// E-mail domains that the workspace claims.
    pub fn domains(&mut self) -> tenant::Domains<'_> {
        tenant::Domains::new(self.bound)
    }

    /// Records under keys, and the schedule of their rotation.
    pub fn sealing(&mut self) -> tenant::Sealing<'_> {
        tenant::Sealing::new(self.bound)
    }

    /// What staff agreed to open of the tenant's.
    pub fn glass(&mut self) -> tenant::Glass<'_> {
        tenant::Glass::new(self.bound)
    }

    /// Streams of the workspace's logs.
    pub fn streams(&mut self) -> tenant::Streams<'_> {
        tenant::Streams::new(self.bound)
    }

    /// API keys.
    pub fn keys(&mut self) -> tenant::Keys<'_> {
        tenant::Keys::new(self.bound)
    }

    /// Uses of API keys that were logged within the hour.
    pub fn key_uses(&mut self) -> tenant::KeyUses<'_> {
        tenant::KeyUses::new(self.bound)
    }

    /// Background jobs.
    pub fn jobs(&mut self) -> tenant::Jobs<'_> {
        tenant::Jobs::new(self.bound)
    }

    /// The epochs of the tenant's logs.
    pub fn epochs(&mut self) -> audit::Epochs<'_> {
        audit::Epochs::new(self.bound)
    }

    /// What opens the log's leaves in the log of checkpoints.
    pub fn openings(&mut self) -> audit::Openings<'_> {
        audit::Openings::new(self.bound)
    }

    /// Holds on the security log, and the boundary that it begins at.
    pub fn retention(&mut self) -> audit::Retention<'_> {
        audit::Retention::new(self.bound)
    }

    /// The tenant's log, for reading.
    pub fn audit(&mut self) -> audit::Log<'_> {
        audit::Log::new(self.bound)
    }
}

/// A transaction on the platform's unit.
pub struct PlatformTx<'t> {
    bound: &'t mut Bound,
}

impl<'t> PlatformTx<'t> {
    pub(crate) fn new(bound: &'t mut Bound) -> Self {
        Self { bound }
    }

    /// The moment the transaction began.
    #[must_use]
    pub fn now(&self) -> TimeMs {
        self.bound.now()
    }

    /// Makes ids.
    #[must_use]
    pub fn mint(&self) -> &Mint {
        self.bound.mint()
    }

    /// People.
    pub fn users(&mut self) -> platform::Users<'_> {
        platform::Users::new(self.bound)
    }

    /// Their backup codes.
    pub fn backup_codes(&mut self) -> platform::BackupCodes<'_> {
        platform::BackupCodes::new(self.bound)
    }

    /// Their sessions.
    pub fn sessions(&mut self) -> platform::Sessions<'_> {
        platform::Sessions::new(self.bound)
    }

    /// Their passkeys.
    pub fn passkeys(&mut self) -> platform::Passkeys<'_> {
        platform::Passkeys::new(self.bound)
    }

    /// Challenges that their authenticators sign.
    pub fn passkey_challenges(&mut self) -> platform::PasskeyChallenges<'_> {
        platform::PasskeyChallenges::new(self.bound)
    }

    /// Which passkeys were asserted in their sessions.
    pub fn session_passkeys(&mut self) -> platform::SessionPasskeys<'_> {
        platform::SessionPasskeys::new(self.bound)
    }

    /// Wishes of the staff to break the glass.
    pub fn glass(&mut self) -> platform::GlassRequests<'_> {
        platform::GlassRequests::new(self.bound)
    }

    /// Who works for the platform.
    pub fn staff(&mut self) -> platform::Staff<'_> {
        platform::Staff::new(self.bound)
    }

    /// Codes that a browser hands to the command line.
    pub fn authorizations(&mut self) -> platform::Authorizations<'_> {
        platform::Authorizations::new(self.bound)
    }

    /// Device authorizations.
    pub fn device_grants(&mut self) -> platform::DeviceGrants<'_> {
        platform::DeviceGrants::new(self.bound)
    }

    /// The devices they signed in from.
    pub fn devices(&mut self) -> platform::Devices<'_> {
        platform::Devices::new(self.bound)
    }

    /// How they used to sign in.
    pub fn sign_in_history(&mut self) -> platform::SignInHistory<'_> {
        platform::SignInHistory::new(self.bound)
    }

    /// How the people of sessions signed in.
    pub fn session_paths(&mut self) -> platform::SessionPaths<'_> {
        platform::SessionPaths::new(self.bound)
    }

    /// By which providers they are recognised.
    pub fn identities(&mut self) -> platform::Identities<'_> {
        platform::Identities::new(self.bound)
    }

    /// Ways to an identity provider and back.
    pub fn sso_transactions(&mut self) -> platform::SsoTransactions<'_> {
        platform::SsoTransactions::new(self.bound)
    }

    /// Workspaces that take no password.
    pub fn sso_only(&mut self) -> platform::SsoOnly<'_> {
        platform::SsoOnly::new(self.bound)
    }

    /// Uses of their sessions that were logged within the hour.
    pub fn session_uses(&mut self) -> platform::SessionUses<'_> {
        platform::SessionUses::new(self.bound)
    }

    /// Whose each entry of the platform's security log is.
    pub fn account_events(&mut self) -> platform::AccountEvents<'_> {
        platform::AccountEvents::new(self.bound)
    }

    /// Messages to them about their accounts.
    pub fn notices(&mut self) -> platform::Notices<'_> {
        platform::Notices::new(self.bound)
    }

    /// The same messages, on their way out.
    pub fn outbox(&mut self) -> platform::Outbox<'_> {
        platform::Outbox::new(self.bound)
    }

    /// Password resets that were asked for.
    pub fn resets(&mut self) -> platform::Resets<'_> {
        platform::Resets::new(self.bound)
    }

    /// New authenticators that wait for their first code.
    pub fn totp_replacements(&mut self) -> platform::TotpReplacements<'_> {
        platform::TotpReplacements::new(self.bound)
    }

    /// Assisted recoveries.
    pub fn recoveries(&mut self) -> platform::Recoveries<'_> {
        platform::Recoveries::new(self.bound)
    }

    /// Which workspaces exist.
    pub fn workspaces(&mut self) -> platform::Workspaces<'_> {
        platform::Workspaces::new(self.bound)
    }

    /// Which workspaces a person is in: hints, the team's rows decide.
    pub fn memberships(&mut self) -> platform::Memberships<'_> {
        platform::Memberships::new(self.bound)
    }

    /// Enrolments that wait for their confirmation.
    pub fn enrolments(&mut self) -> platform::Enrolments<'_> {
        platform::Enrolments::new(self.bound)
    }

    /// Links for the first owner.
    pub fn bootstrap(&mut self) -> platform::Bootstrap<'_> {
        platform::Bootstrap::new(self.bound)
    }

    /// Which tenant an invitation belongs to.
    pub fn invitation_index(&mut self) -> platform::InvitationIndex<'_> {
        platform::InvitationIndex::new(self.bound)
    }

    /// Which tenant an API key belongs to.
    pub fn key_index(&mut self) -> platform::KeyIndex<'_> {
        platform::KeyIndex::new(self.bound)
    }

    /// Counters of wrong guesses.
    pub fn throttle(&mut self) -> platform::Throttle<'_> {
        platform::Throttle::new(self.bound)
    }

    /// What wrong sign-ins leave behind.
    pub fn sign_in_guard(&mut self) -> platform::SignInGuard<'_> {
        platform::SignInGuard::new(self.bound)
    }

    /// What was revoked, in order.
    pub fn revocations(&mut self) -> platform::Revocations<'_> {
        platform::Revocations::new(self.bound)
    }

    /// Answers kept for repeated requests.
    pub fn idempotency(&mut self) -> platform::Idempotency<'_> {
        platform::Idempotency::new(self.bound)
    }

    /// The log of checkpoints, which is public.
    pub fn checkpoint_log(&mut self) -> platform::CheckpointLog<'_> {
        platform::CheckpointLog::new(self.bound)
    }

    /// The canary, and how the last backups ended.
    pub fn backups(&mut self) -> platform::Backups<'_> {
        platform::Backups::new(self.bound)
    }

    /// Holds on the security log, and the boundary that it begins at.
    pub fn retention(&mut self) -> audit::Retention<'_> {
        audit::Retention::new(self.bound)
    }

    /// The platform's own log, for reading.
    pub fn audit(&mut self) -> audit::Log<'_> {
        audit::Log::new(self.bound)
    }
}

/// A transaction of the notary or of housekeeping on any unit: its log and nothing else.
pub struct AuditTx<'t> {
    bound: &'t mut Bound,
    unit: Unit,
}

impl<'t> AuditTx<'t> {
    pub(crate) fn new(bound: &'t mut Bound, unit: Unit) -> Self {
        Self { bound, unit }
    }

    /// The unit.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The moment the transaction began.
    #[must_use]
    pub fn now(&self) -> TimeMs {
        self.bound.now()
    }

    /// Makes ids.
    #[must_use]
    pub fn mint(&self) -> &Mint {
        self.bound.mint()
    }

    /// The unit's log, for reading.
    pub fn audit(&mut self) -> audit::Log<'_> {
        audit::Log::new(self.bound)
    }

    /// Entries that wait for an index, and the tree they move into.
    pub fn tree(&mut self) -> audit::Tree<'_> {
        audit::Tree::new(self.bound)
    }

    /// What is dropped of the unit's security log, up to where, and what stops it.
    pub fn retention(&mut self) -> audit::Retention<'_> {
        audit::Retention::new(self.bound)
    }

    /// Personal values beside the log's entries, to be erased.
    pub fn erasures(&mut self) -> audit::Erasures<'_> {
        audit::Erasures::new(self.bound)
    }

    /// What opens the unit's leaves in the log of checkpoints.
    pub fn openings(&mut self) -> audit::Openings<'_> {
        audit::Openings::new(self.bound)
    }

    /// The epochs of the unit's logs.
    pub fn epochs(&mut self) -> audit::Epochs<'_> {
        audit::Epochs::new(self.bound)
    }

    /// How much of the broker's journal was copied into this unit's log.
    pub fn journal_mark(&mut self) -> audit::JournalMark<'_> {
        audit::JournalMark::new(self.bound)
    }

    /// Records under keys, for the rotation that walks over them, and its schedule. A tenant's
    /// only.
    pub fn sealing(&mut self) -> tenant::Sealing<'_> {
        tenant::Sealing::new(self.bound)
    }

    /// What staff agreed to open of the tenant's, and the records it names, sealed. A tenant's
    /// only.
    pub fn glass(&mut self) -> tenant::Glass<'_> {
        tenant::Glass::new(self.bound)
    }

    /// The workspace itself, to be locked while a fence is raised. A tenant's only.
    pub fn team(&mut self) -> tenant::Team<'_> {
        tenant::Team::new(self.bound)
    }

    /// Streams of the unit's logs, for the worker that sends them. A tenant's only.
    pub fn streams(&mut self) -> tenant::Streams<'_> {
        tenant::Streams::new(self.bound)
    }

    /// How far account events were copied into this unit's security log. A tenant's only.
    pub fn security_mark(&mut self) -> tenant::SecurityMark<'_> {
        tenant::SecurityMark::new(self.bound)
    }
}
