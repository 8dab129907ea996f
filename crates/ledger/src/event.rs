//! The event vocabulary: every act that leaves an entry, and what an entry says about it.
//!
//! Always true
//! 1. The list of verbs is closed; an act that has no verb cannot be committed.
//! 2. The verb decides the stream, so one act never lands in two logs.
//! 3. A secret's value is never part of an event: names and versions only.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::origin::Stream;

macro_rules! verbs {
    ($($stream:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* })*) => {
        /// What was done. The text form is in every entry and never changes once released.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verb {
            $($($(#[$doc])* $variant,)*)*
        }

        impl Verb {
            /// Every verb.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// The text form: noun, dot, past participle.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($(Self::$variant => $name,)*)* }
            }

            /// The log that entries of this verb belong to.
            #[must_use]
            pub const fn stream(self) -> Stream {
                match self { $($(Self::$variant => Stream::$stream,)*)* }
            }
        }
    };
}

verbs! {
    Workspace {
        /// A workspace was born, with its owner.
        WorkspaceCreated = "workspace.created",
        /// A workspace's settings changed.
        WorkspaceUpdated = "workspace.updated",
        /// A workspace was deleted.
        WorkspaceDeleted = "workspace.deleted",
        /// A workspace has a new owner.
        WorkspaceTransferred = "workspace.transferred",
        /// Somebody was invited.
        MemberInvited = "member.invited",
        /// An invitation was taken back.
        MemberInvitationRevoked = "member.invitation_revoked",
        /// An invitation was accepted.
        MemberJoined = "member.joined",
        /// A member's role changed.
        MemberRoleChanged = "member.role_changed",
        /// A member's grants and denials of single acts changed.
        MemberOverridesChanged = "member.overrides_changed",
        /// A member left the team or was removed from it.
        MemberRemoved = "member.removed",
        /// A project was created.
        ProjectCreated = "project.created",
        /// A member was let into a project.
        ProjectMemberAdded = "project.member_added",
        /// A member was taken out of a project.
        ProjectMemberRemoved = "project.member_removed",
        /// An environment was created.
        EnvironmentCreated = "environment.created",
        /// A secret was set for the first time.
        SecretSet = "secret.set",
        /// A secret got a new version.
        SecretRotated = "secret.rotated",
        /// A secret was deleted.
        SecretDeleted = "secret.deleted",
        /// A secret's value was shown to a person.
        SecretRevealed = "secret.revealed",
        /// A program was started on somebody's own machine with these secrets.
        SecretUsedLocally = "secret.used_locally",
        /// An API key was created.
        KeyCreated = "key.created",
        /// An API key was revoked.
        KeyRevoked = "key.revoked",
        /// An API key got a successor; both work until the overlap ends.
        KeyRotated = "key.rotated",
        /// An API key was reported as leaked, by somebody who held it, and revoked.
        KeyReported = "key.reported",
        /// A workspace trusts an identity provider from now on.
        ProviderAdded = "provider.added",
        /// A workspace's identity provider has other settings.
        ProviderChanged = "provider.changed",
        /// A workspace trusts an identity provider no more.
        ProviderRemoved = "provider.removed",
        /// How people may sign in to a workspace changed.
        SignInPolicyChanged = "sign_in_policy.changed",
        /// A workspace claims an e-mail domain.
        DomainClaimed = "domain.claimed",
        /// A workspace proved that it owns an e-mail domain.
        DomainProved = "domain.proved",
        /// A workspace gave an e-mail domain up.
        DomainRemoved = "domain.removed",
        /// The broker opened sealed records: the copy of its own journal.
        KeyOpened = "key.opened",
        /// A workspace's sealing keys get successors from now on.
        SealingRotationStarted = "sealing_key.rotation_started",
        /// A workspace's sealing keys have successors, and the old ones are destroyed.
        SealingRotated = "sealing_key.rotated",
        /// A workspace's sealing keys are older than its schedule allows.
        SealingOverdue = "sealing_key.overdue",
        /// How often a workspace's sealing keys are rotated changed.
        SealingScheduleChanged = "sealing_key.schedule_changed",
        /// Sealing keys were destroyed for good, by an order.
        SealingShredded = "sealing_key.shredded",
        /// Sealed records were opened, and nothing in the log asked for it.
        SealingOpenedUnasked = "sealing_key.opened_unasked",
        /// One of the platform's staff asked another one to agree that secrets are opened.
        BreakGlassAsked = "break_glass.asked",
        /// Two of the platform's staff agreed that one of them may open named secrets for a while.
        BreakGlassApproved = "break_glass.approved",
        /// One of the platform's staff opened a secret that two of them agreed on.
        BreakGlassOpened = "break_glass.opened",
        /// What two of the platform's staff agreed on was ended before its time.
        BreakGlassEnded = "break_glass.ended",
        /// The log was exported.
        AuditExported = "audit.exported",
        /// The data was restored from a backup; a new epoch of the log begins here.
        LogEpochOpened = "log.epoch_opened",
        /// A backup was made and is whole.
        BackupMade = "backup.made",
        /// A backup could not be made.
        BackupFailed = "backup.failed",
        /// A backup was restored in a scratch place, and this is what came of it.
        BackupDrilled = "backup.drilled",
        /// A log is sent to a receiver of the workspace's own from now on.
        AuditStreamCreated = "audit_stream.created",
        /// A log is sent to a receiver no more.
        AuditStreamRemoved = "audit_stream.removed",
        /// A stream stands still until it is resumed.
        AuditStreamPaused = "audit_stream.paused",
        /// A stream goes on.
        AuditStreamResumed = "audit_stream.resumed",
        /// A stream has a new secret; the one before may work beside it for a while.
        AuditStreamRotated = "audit_stream.secret_rotated",
        /// A receiver was sent a test record.
        AuditStreamTested = "audit_stream.tested",
        /// A receiver has taken nothing for long enough that the owner is told.
        AuditStreamFailing = "audit_stream.failing",
        /// A receiver that had taken nothing for long takes records again.
        AuditStreamRecovered = "audit_stream.recovered",
        /// A stream ended by itself: its receiver is gone, or its secret cannot be opened.
        AuditStreamDisabled = "audit_stream.disabled",
        /// The recovery code was typed back.
        RecoveryConfirmed = "recovery.confirmed",
        /// The root key can be opened in one more way.
        UnsealSlotAdded = "unseal_slot.added",
        /// A way to open the root key has a new secret; the old one opens nothing.
        UnsealSlotRotated = "unseal_slot.rotated",
        /// A way to open the root key is gone.
        UnsealSlotRemoved = "unseal_slot.removed",
        /// The first owner's single-use link was issued.
        BootstrapIssued = "bootstrap.issued",
        /// A person's account exists from now on.
        UserEnrolled = "user.enrolled",
        /// A person works for the platform from now on.
        StaffAdded = "staff.added",
        /// A person works for the platform no more.
        StaffRemoved = "staff.removed",
        /// Personal values of a person are erased from this log.
        PersonalErased = "personal.erased",
    }
    Security {
        /// The data was restored from a backup; a new epoch of the security log begins here.
        SecurityLogEpochOpened = "security_log.epoch_opened",
        /// An enrolment began with a valid link and code.
        EnrolmentStarted = "enrolment.started",
        /// A link's code or an enrolment's first TOTP code was wrong.
        EnrolmentRefused = "enrolment.refused",
        /// Somebody signed in.
        SessionStarted = "session.started",
        /// A sign-in failed.
        SessionRefused = "session.refused",
        /// A second factor was given again.
        SessionSteppedUp = "session.stepped_up",
        /// A second factor was asked for again and was wrong.
        SessionStepUpRefused = "session.step_up_refused",
        /// A session was bound to a workspace.
        SessionEnteredWorkspace = "session.entered_workspace",
        /// A session was signed out, revoked, or ended by age.
        SessionEnded = "session.ended",
        /// An old refresh token came back: the session's whole family was ended.
        SessionReuseDetected = "session.reuse_detected",
        /// A sign-in was unlike the person's earlier ones.
        SessionUnusual = "session.unusual",
        /// Many accounts are being tried with few guesses each.
        StuffingDetected = "sign_in.stuffing_detected",
        /// A network has to prove work before its sign-ins are looked at.
        NetworkChallenged = "sign_in.network_challenged",
        /// A person has one more factor.
        FactorAdded = "factor.added",
        /// A person has one factor less.
        FactorRemoved = "factor.removed",
        /// A person's backup codes were replaced.
        BackupCodesReplaced = "factor.backup_codes_replaced",
        /// A person changed their password.
        PasswordChanged = "password.changed",
        /// A password reset was asked for.
        PasswordResetRequested = "password.reset_requested",
        /// A password reset was refused.
        PasswordResetRefused = "password.reset_refused",
        /// A person's password was reset, with both factors.
        PasswordReset = "password.reset",
        /// Somebody who lost both factors asked for help.
        RecoveryRequested = "recovery.requested",
        /// A second person vouched for an assisted recovery.
        RecoveryApproved = "recovery.approved",
        /// An assisted recovery was refused or taken back.
        RecoveryCancelled = "recovery.cancelled",
        /// Somebody got their account back by an assisted recovery.
        RecoveryCompleted = "recovery.completed",
        /// A person can be recognised by an identity provider.
        IdentityLinked = "identity.linked",
        /// A person is recognised by an identity provider no more.
        IdentityUnlinked = "identity.unlinked",
        /// A way back from an identity provider was refused.
        SsoRefused = "sso.refused",
        /// A client without a browser asked to be signed in.
        DeviceGrantRequested = "device_grant.requested",
        /// A person let a client in.
        DeviceGrantApproved = "device_grant.approved",
        /// A person did not let a client in, or too many codes were wrong.
        DeviceGrantDenied = "device_grant.denied",
        /// A client let in through a browser has its session.
        AuthorizationRedeemed = "authorization.redeemed",
        /// The API was used with this credential: once an hour and network.
        CredentialUsed = "credential.used",
        /// A credential was refused at the API.
        CredentialRefused = "credential.refused",
        /// Entries past their time are dropped from this log, up to a boundary.
        SecurityLogPruned = "security_log.pruned",
        /// A hold was placed: nothing of this log is dropped while it stands.
        HoldPlaced = "hold.placed",
        /// A hold was lifted.
        HoldLifted = "hold.lifted",
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such verb")]
pub struct UnknownVerb;

impl FromStr for Verb {
    type Err = UnknownVerb;

    fn from_str(text: &str) -> Result<Self, UnknownVerb> {
        Self::ALL.iter().copied().find(|verb| verb.as_str() == text).ok_or(UnknownVerb)
    }
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The noun, as in the table's name: `member`, `secret`, `key`.
    pub kind: &'static str,
    /// Its id, in text.
    pub id: String,
}

/// One value that identifies a person. It reaches the entry as a commitment only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalField {
    /// What it is: `email`, `ip`, `user_agent`, `reason`.
    pub field: &'static str,
    /// The value, kept beside the entry and erasable.
    pub value: String,
}

/// What a use case hands over when it commits.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// What was done.
    pub verb: Verb,
    /// To what.
    pub resource: Resource,
    /// The state before, where there was one.
    pub old: Option<Value>,
    /// The state after, where there is one.
    pub new: Option<Value>,
    /// Personal values that belong to this event. IP and user agent come from the context.
    pub personal: Vec<PersonalField>,
}

impl AuditEvent {
    /// An event with no values yet.
    #[must_use]
    pub fn new(verb: Verb, kind: &'static str, id: impl ToString) -> Self {
        let resource = Resource { kind, id: id.to_string() };
        Self { verb, resource, old: None, new: None, personal: Vec::new() }
    }

    /// With the state before.
    #[must_use]
    pub fn old_value(mut self, value: Value) -> Self {
        self.old = Some(value);
        self
    }

    /// With the state after.
    #[must_use]
    pub fn new_value(mut self, value: Value) -> Self {
        self.new = Some(value);
        self
    }

    /// With the reason the person gave. Free text may name people, so it is a personal value.
    #[must_use]
    pub fn reason(self, text: impl Into<String>) -> Self {
        self.personal("reason", text)
    }

    /// With a personal value; the last one given for a field stands.
    #[must_use]
    pub fn personal(mut self, field: &'static str, value: impl Into<String>) -> Self {
        self.personal.retain(|known| known.field != field);
        self.personal.push(PersonalField { field, value: value.into() });
        self
    }
}
