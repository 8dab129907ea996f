//! Which OCSF event class and activity each verb is.
//!
//! Always true: the match is exhaustive, so a verb without a class does not compile; and every
//! number is checked against the published schema by a test.
//!
//! Source: OCSF 1.8.0, classes 2004, 3001 to 3006 and 6003, and the base event.

use crate::event::Verb;

/// An event class of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What this release of the mapping has no class for: an entry of a later release.
    Base,
    /// Something that somebody should look at.
    DetectionFinding,
    /// A change of a person's own account.
    AccountChange,
    /// Signing in and out.
    Authentication,
    /// A session got the rights of a group.
    AuthorizeSession,
    /// Something that is managed was made, read, changed or removed.
    EntityManagement,
    /// Somebody's rights changed.
    UserAccess,
    /// Somebody came into a group or left it.
    GroupManagement,
    /// A credential was used at the API.
    ApiActivity,
}

impl Class {
    /// Its number, its name, its category's number and name.
    pub(super) const fn names(self) -> (u32, &'static str, u32, &'static str) {
        const IAM: &str = "Identity & Access Management";
        match self {
            Self::Base => (0, "Base Event", 0, "Uncategorized"),
            Self::DetectionFinding => (2004, "Detection Finding", 2, "Findings"),
            Self::AccountChange => (3001, "Account Change", 3, IAM),
            Self::Authentication => (3002, "Authentication", 3, IAM),
            Self::AuthorizeSession => (3003, "Authorize Session", 3, IAM),
            Self::EntityManagement => (3004, "Entity Management", 3, IAM),
            Self::UserAccess => (3005, "User Access Management", 3, IAM),
            Self::GroupManagement => (3006, "Group Management", 3, IAM),
            Self::ApiActivity => (6003, "API Activity", 6, "Application Activity"),
        }
    }
}

/// How much somebody should care (`severity_id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Everyday business.
    Informational,
    /// A refusal, or a look at something that is guarded.
    Low,
    /// What cannot be taken back, or does not look like every day.
    Medium,
    /// What may be an attack.
    High,
}

impl Severity {
    pub(super) const fn named(self) -> (u32, &'static str) {
        match self {
            Self::Informational => (1, "Informational"),
            Self::Low => (2, "Low"),
            Self::Medium => (3, "Medium"),
            Self::High => (4, "High"),
        }
    }
}

/// How it ended (`status_id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was done.
    Success,
    /// It was refused, or did not work.
    Failure,
}

/// A verb in the schema's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped {
    /// The class.
    pub class: Class,
    /// The activity's number in its class; 99 is an activity the class has no number for.
    pub activity: u32,
    /// The activity's name; `None` for activity 99, which goes by the verb itself.
    pub activity_name: Option<&'static str>,
    /// How much somebody should care.
    pub severity: Severity,
    /// How it ended.
    pub status: Status,
}

impl Mapped {
    const fn new(class: Class, activity: u32, name: &'static str) -> Self {
        let (severity, status) = (Severity::Informational, Status::Success);
        Self { class, activity, activity_name: Some(name), severity, status }
    }

    /// An activity that its class has no number for.
    const fn other(class: Class) -> Self {
        Self { activity: 99, activity_name: None, ..Self::new(class, 99, "") }
    }

    const fn at(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    const fn refused(self) -> Self {
        Self { severity: Severity::Low, status: Status::Failure, ..self }
    }
}

const fn finding(severity: Severity) -> Mapped {
    Mapped::new(Class::DetectionFinding, 1, "Create").at(severity)
}

const fn account(activity: u32, name: &'static str) -> Mapped {
    Mapped::new(Class::AccountChange, activity, name)
}

const fn sign_in(activity: u32, name: &'static str) -> Mapped {
    Mapped::new(Class::Authentication, activity, name)
}

const fn entity(activity: u32, name: &'static str) -> Mapped {
    Mapped::new(Class::EntityManagement, activity, name)
}

const CREATE: Mapped = entity(1, "Create");
const READ: Mapped = entity(2, "Read").at(Severity::Low);
const UPDATE: Mapped = entity(3, "Update");
const DELETE: Mapped = entity(4, "Delete");
const ENROLL: Mapped = entity(6, "Enroll");
const DISABLE: Mapped = entity(9, "Disable");
const ACTIVATE: Mapped = entity(10, "Activate");
const SUSPEND: Mapped = entity(12, "Suspend");
const RESUME: Mapped = entity(13, "Resume");
const JOINED: Mapped = Mapped::new(Class::GroupManagement, 3, "Add User");
const LEFT: Mapped = Mapped::new(Class::GroupManagement, 4, "Remove User");
const LOGON: Mapped = sign_in(1, "Logon");

macro_rules! mappings {
    ($($mapped:expr => $($verb:ident),+;)*) => {
        /// The verb in the schema's words.
        #[must_use]
        pub const fn mapped(verb: Verb) -> Mapped {
            match verb { $($(Verb::$verb)|+ => $mapped,)* }
        }
    };
}

mappings! {
    CREATE => WorkspaceCreated, MemberInvited, ProjectCreated, EnvironmentCreated, SecretSet,
        KeyCreated, ProviderAdded, DomainClaimed, UnsealSlotAdded, BootstrapIssued,
        AuditStreamCreated, BackupMade, HoldPlaced;
    CREATE.refused() => BackupFailed;
    CREATE.at(Severity::Medium) => BreakGlassAsked;
    READ => SecretRevealed, SecretUsedLocally, KeyOpened, AuditExported, AuditStreamTested,
        BackupDrilled;
    READ.at(Severity::High) => BreakGlassOpened;
    UPDATE => WorkspaceUpdated, SecretRotated, KeyRotated, ProviderChanged, SignInPolicyChanged,
        SealingRotationStarted, SealingRotated, SealingScheduleChanged, UnsealSlotRotated,
        AuditStreamRotated;
    UPDATE.at(Severity::Medium) => WorkspaceTransferred, LogEpochOpened, SecurityLogEpochOpened;
    DELETE => MemberInvitationRevoked, SecretDeleted, ProviderRemoved, DomainRemoved,
        UnsealSlotRemoved, AuditStreamRemoved, HoldLifted, SecurityLogPruned;
    DELETE.at(Severity::Medium) => WorkspaceDeleted, SealingShredded, PersonalErased;
    ENROLL => EnrolmentStarted;
    ENROLL.refused() => EnrolmentRefused;
    DISABLE => KeyRevoked, BreakGlassEnded;
    DISABLE.at(Severity::Medium) => AuditStreamDisabled;
    DISABLE.at(Severity::High) => KeyReported;
    ACTIVATE => DomainProved, RecoveryConfirmed;
    ACTIVATE.at(Severity::High) => BreakGlassApproved;
    SUSPEND => AuditStreamPaused;
    RESUME => AuditStreamResumed, AuditStreamRecovered;

    Mapped::new(Class::UserAccess, 1, "Assign Privileges") => MemberRoleChanged;
    Mapped::other(Class::UserAccess) => MemberOverridesChanged;
    JOINED => MemberJoined, ProjectMemberAdded, StaffAdded;
    LEFT => MemberRemoved, ProjectMemberRemoved, StaffRemoved;

    finding(Severity::Medium) => SealingOverdue, SessionUnusual, NetworkChallenged,
        AuditStreamFailing;
    finding(Severity::High) => SealingOpenedUnasked, SessionReuseDetected, StuffingDetected;

    LOGON => SessionStarted;
    LOGON.refused() => SessionRefused, SsoRefused;
    sign_in(2, "Logoff") => SessionEnded;
    sign_in(3, "Authentication Ticket") => AuthorizationRedeemed;
    sign_in(6, "Preauth") => DeviceGrantRequested, DeviceGrantApproved;
    sign_in(6, "Preauth").refused() => DeviceGrantDenied;
    Mapped::other(Class::Authentication) => SessionSteppedUp;
    Mapped::other(Class::Authentication).refused() => SessionStepUpRefused;
    Mapped::new(Class::AuthorizeSession, 2, "Assign Groups") => SessionEnteredWorkspace;

    account(1, "Create") => UserEnrolled;
    account(3, "Password Change") => PasswordChanged;
    account(4, "Password Reset") => PasswordReset;
    account(4, "Password Reset").refused() => PasswordResetRefused;
    account(10, "MFA Factor Enable") => FactorAdded;
    account(11, "MFA Factor Disable").at(Severity::Low) => FactorRemoved;
    Mapped::other(Class::AccountChange) => BackupCodesReplaced, PasswordResetRequested,
        RecoveryRequested, RecoveryApproved, RecoveryCancelled, IdentityLinked, IdentityUnlinked;
    Mapped::other(Class::AccountChange).at(Severity::Medium) => RecoveryCompleted;

    Mapped::other(Class::ApiActivity) => CredentialUsed;
    Mapped::other(Class::ApiActivity).refused() => CredentialRefused;
}
