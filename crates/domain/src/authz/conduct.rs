//! Plain acts: those that change nobody's place in the team. One rule decides them all.

use super::{Act, Authority, Denied, Permit, Place};
use crate::sign_in::{ProviderSettings, SignInPolicy};
use crate::{
    AuditStreamId, DomainClaimId, DomainName, EnvironmentId, Name, ProjectId, ProviderId,
    VariableName,
};

/// A plain act with its values. Implemented here only; membership acts do not implement it.
pub trait Conduct: sealed::Plain {
    /// Which act of the closed list this is.
    fn act(&self) -> Act;
    /// Where it takes place.
    fn place(&self) -> Place;
}

mod sealed {
    pub trait Plain {}
}

/// Decides a plain act.
///
/// # Errors
/// [`Denied`]: the first rule that refused.
pub fn decide<C: Conduct>(authority: &Authority, conduct: C) -> Result<Permit<C>, Denied> {
    authority.check(conduct.act(), conduct.place())?;
    Ok(Permit::granted(conduct))
}

macro_rules! conducts {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }
            = $act:ident at $place:expr;
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl sealed::Plain for $name {}

        impl Conduct for $name {
            fn act(&self) -> Act {
                Act::$act
            }
            fn place(&self) -> Place {
                let place: fn(&Self) -> Place = $place;
                place(self)
            }
        }
    )*};
}

conducts! {
    /// See the workspace.
    ReadWorkspace {} = WorkspaceRead at |_| Place::Workspace;
    /// Change settings.
    UpdateWorkspace {
        /// Whether `secret.use_locally` may open production secrets.
        production_local_use: bool,
        /// Whether a session that a device authorization began may enter; `None`: as before.
        device_sign_in: Option<bool>,
    } = WorkspaceUpdate at |_| Place::Workspace;
    /// Delete the workspace.
    DeleteWorkspace {} = WorkspaceDelete at |_| Place::Workspace;
    /// See the team.
    ListMembers {} = MemberList at |_| Place::Workspace;
    /// See one project.
    ReadProject {
        /// Which.
        project: ProjectId,
    } = ProjectRead at |c| Place::Project(c.project);
    /// Create a project.
    CreateProject {
        /// Its name, unique in the workspace.
        name: Name,
    } = ProjectCreate at |_| Place::Workspace;
    /// Create an environment.
    CreateEnvironment {
        /// In this project.
        project: ProjectId,
        /// Its name, unique in the project.
        name: Name,
    } = EnvironmentCreate at |c| Place::Project(c.project);
    /// See secrets, masked.
    ListSecrets {
        /// In this project.
        project: ProjectId,
        /// In this environment.
        environment: EnvironmentId,
    } = SecretList at |c| Place::Project(c.project);
    /// Set a new secret.
    SetSecret {
        /// In this project.
        project: ProjectId,
        /// In this environment.
        environment: EnvironmentId,
        /// Its name.
        name: VariableName,
    } = SecretSet at |c| Place::Project(c.project);
    /// Give a secret a new version.
    RotateSecret {
        /// In this project.
        project: ProjectId,
        /// In this environment.
        environment: EnvironmentId,
        /// Its name.
        name: VariableName,
    } = SecretRotate at |c| Place::Project(c.project);
    /// Delete a secret.
    DeleteSecret {
        /// In this project.
        project: ProjectId,
        /// In this environment.
        environment: EnvironmentId,
        /// Its name.
        name: VariableName,
    } = SecretDelete at |c| Place::Project(c.project);
    /// Read a secret's value.
    RevealSecret {
        /// In this project.
        project: ProjectId,
        /// In this environment.
        environment: EnvironmentId,
        /// Its name.
        name: VariableName,
    } = SecretReveal at |c| Place::Project(c.project);
    /// See API keys.
    ListKeys {} = KeyList at |_| Place::Workspace;
    /// See how people may sign in.
    ReadSignIn {} = SignInRead at |_| Place::Workspace;
    /// Change how people may sign in.
    SetSignInPolicy {
        /// From now on.
        policy: SignInPolicy,
    } = SignInManage at |_| Place::Workspace;
    /// Trust an identity provider, or change how.
    SetProvider {
        /// Which.
        provider: ProviderId,
        /// From now on.
        settings: ProviderSettings,
    } = SignInManage at |_| Place::Workspace;
    /// Trust an identity provider no more.
    RemoveProvider {
        /// Which.
        provider: ProviderId,
    } = SignInManage at |_| Place::Workspace;
    /// Claim an e-mail domain, or prove the claim.
    ClaimDomain {
        /// The claim.
        claim: DomainClaimId,
        /// The domain.
        domain: DomainName,
    } = SignInManage at |_| Place::Workspace;
    /// Give an e-mail domain up.
    RemoveDomain {
        /// The claim.
        claim: DomainClaimId,
    } = SignInManage at |_| Place::Workspace;
    /// See sealing keys and who had records opened.
    ReadSealing {} = SealingRead at |_| Place::Workspace;
    /// Have sealing keys rotated, or say how often.
    RotateSealing {} = SealingRotate at |_| Place::Workspace;
    /// Read the audit log.
    ReadAudit {} = AuditRead at |_| Place::Workspace;
    /// Read the security log.
    ReadSecurity {} = SecurityRead at |_| Place::Workspace;
    /// Export the audit log.
    ExportAudit {} = AuditExport at |_| Place::Workspace;
    /// Place a hold on the security log, or lift it.
    HoldAudit {} = AuditHold at |_| Place::Workspace;
    /// See streams of the workspace's logs.
    ReadStreams {} = AuditStreamRead at |_| Place::Workspace;
    /// Make a stream, change how it stands or what it signs with, or remove it.
    ManageStream {
        /// Which.
        stream: AuditStreamId,
    } = AuditStreamManage at |_| Place::Workspace;
}

/// Whether an environment holds production secrets, and whether the workspace lets them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalUse {
    /// Not production.
    Ordinary,
    /// Production, and the workspace allows local use.
    ProductionAllowed,
    /// Production, and the workspace does not allow local use.
    ProductionRefused,
}

/// Start a program locally with an environment's secrets. Only [`decide_use_locally`] permits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseSecretsLocally {
    /// In this project.
    pub project: ProjectId,
    /// In this environment.
    pub environment: EnvironmentId,
}

/// Decides `secret.use_locally`, which production refuses unless the workspace allows it.
///
/// # Errors
/// [`Denied`]: the first rule that refused.
pub fn decide_use_locally(
    authority: &Authority,
    wanted: UseSecretsLocally,
    kind: LocalUse,
) -> Result<Permit<UseSecretsLocally>, Denied> {
    authority.check(Act::SecretUseLocally, Place::Project(wanted.project))?;
    match kind {
        LocalUse::Ordinary | LocalUse::ProductionAllowed => Ok(Permit::granted(wanted)),
        LocalUse::ProductionRefused => Err(Denied::ProductionStaysInside),
    }
}
