//! A scope of one workspace with the ids of another: every handle finds nothing and changes
//! nothing.

use domain::authz::{
    AddProjectMember, Authority, ChangeRole, CreateEnvironment, DeleteSecret, Permit, RemoveMember,
    RemoveProjectMember, RevokeKey, RotateSecret, decide, rank,
};
use domain::authz::{Role, Standing};
use domain::{Sealed, UserId};
use ledger::Verb;
use store::{Commit, NewInvitation, NewKey, Page, QuietReason, StoreError, TenantTx};

use crate::contract::on_both_engines;
use crate::house::{
    House, Kind, Workspace, event, invite_permit, key_permit, name, owner_authority, set_secret,
    variable,
};

on_both_engines! {
    a_neighbour_finds_nothing_by_any_id
    a_neighbour_changes_nothing_by_any_id
    a_reference_to_a_neighbours_row_is_refused
    a_file_or_rows_of_a_neighbour_are_not_listed
}

/// What of theirs somebody of ours knows the id of.
#[derive(Clone, Copy)]
struct Known {
    invitation: domain::InvitationId,
    key: domain::ApiKeyId,
    job: domain::JobId,
    entry: domain::EntryId,
}

/// Fills a workspace with one row of every kind.
async fn filled(house: &House, workspace: Workspace) -> Known {
    let entry = set_secret(house, workspace, "SECRET", vec![9]).await.unwrap().entries[0].entry;
    house
        .store
        .write::<_, StoreError>(&house.scope(workspace), move |tx| {
            let (now, owner) = (tx.now(), workspace.owner);
            let ends = now.plus_ms(1_000_000);
            let known = Known {
                invitation: tx.mint().id(),
                key: tx.mint().id(),
                job: tx.mint().id(),
                entry,
            };
            tx.invitations().create(
                invite_permit(workspace, now, Role::Viewer),
                &NewInvitation {
                    id: known.invitation,
                    inviter: owner,
                    code_hash: [3; 32],
                    expires_at: ends,
                },
            )?;
            tx.keys().create(
                key_permit(workspace, now),
                &NewKey {
                    id: known.key,
                    name: "ci".into(),
                    digest: [4; 32],
                    expires_at: None,
                    networks: domain::Networks::default(),
                    last_four: "0Zk3".into(),
                },
            )?;
            let request = tx.mint().id();
            tx.jobs().enqueue(&store::NewJob {
                id: known.job,
                kind: "sweep".into(),
                payload: "{}".into(),
                principal: owner,
                request,
                run_at: now,
                mac: [5; 32],
            })?;
            Ok(Commit::audited(event(Verb::KeyCreated), known))
        })
        .await
        .unwrap()
        .value
}

async fn a_neighbour_finds_nothing_by_any_id(kind: Kind) {
    let house = House::open(kind).await;
    let theirs = house.theirs;
    let known = filled(&house, theirs).await;
    let find = move |tx: &mut TenantTx<'_>| -> Result<Vec<bool>, StoreError> {
        let (project, environment) = (theirs.project, theirs.environment);
        let secret = variable("SECRET");
        Ok(vec![
            tx.members().find(theirs.owner)?.is_some(),
            tx.members().standing(theirs.owner)?.is_some(),
            tx.invitations().find(known.invitation)?.is_some(),
            tx.projects().find(project)?.is_some(),
            !tx.projects().list_joined(theirs.owner, Page::first(9))?.items.is_empty()
                || tx.projects().find(project)?.is_some(),
            tx.environments().find(project, environment)?.is_some(),
            !tx.environments().list(project)?.is_empty(),
            tx.secrets().head(project, environment, &secret)?.is_some(),
            tx.secrets().find(project, environment, &secret)?.is_some(),
            tx.secrets().sealed(project, environment, &secret)?.is_some(),
            !tx.secrets().sealed_all(project, environment)?.is_empty(),
            !tx.secrets().list(project, environment, Page::first(9))?.items.is_empty(),
            tx.keys().find(known.key)?.is_some(),
            tx.jobs().find(known.job)?.is_some(),
            tx.audit().find(known.entry)?.is_some(),
        ])
    };
    let own = house.store.read(&house.scope(theirs), find).await.unwrap();
    assert!(own.iter().all(|found| *found), "{own:?}");
    let foreign = house.store.read(&house.scope(house.ours), find).await.unwrap();
    assert!(!foreign.iter().any(|found| *found), "{foreign:?}");
    let scope = house.scope(house.ours);
    let (project, environment) = (theirs.project, theirs.environment);
    let fetched = house.store.fetch_sealed(&scope, project, environment, &variable("SECRET")).await;
    assert_eq!(fetched, Ok(None));
}

/// Permits that a rule would never give for a neighbour's rows: made from invented facts, to see
/// what the store does when everything above it is broken.
struct Forged {
    owner: Authority,
    target: Standing,
}

impl Forged {
    fn new(ours: Workspace, target: UserId, role: Role, now: domain::TimeMs) -> Self {
        let target = Standing {
            user: target,
            role,
            overrides: Default::default(),
            projects: Default::default(),
        };
        Self { owner: owner_authority(ours.owner, now), target }
    }

    fn change_role(&self) -> Permit<ChangeRole> {
        rank::decide_change_role(&self.owner, &self.target, Role::Viewer).unwrap()
    }

    fn remove(&self) -> Permit<RemoveMember> {
        rank::decide_remove(&self.owner, &self.target).unwrap()
    }
}

async fn a_neighbour_changes_nothing_by_any_id(kind: Kind) {
    let house = House::open(kind).await;
    let (ours, theirs) = (house.ours, house.theirs);
    let known = filled(&house, theirs).await;
    let scope = house.scope(ours);
    macro_rules! attack {
        ($tx:ident => $attack:expr) => {{
            let attack = house
                .store
                .write::<_, StoreError>(&scope, move |$tx| {
                    let answer = $attack;
                    Ok(Commit::quiet(QuietReason::Hint, answer))
                })
                .await;
            attack.map(|committed| committed.value)
        }};
    }
    let (project, environment) = (theirs.project, theirs.environment);
    let forged = move |now| Forged::new(ours, theirs.owner, Role::Admin, now);
    let conflict = Err(StoreError::Conflict);
    assert_eq!(
        attack!(tx => {
            let permit = forged(tx.now()).change_role();
            tx.members().change_role(permit).map(drop)?
        }),
        conflict
    );
    assert_eq!(
        attack!(tx => {
            let permit = forged(tx.now()).remove();
            tx.members().remove(permit).map(drop)?
        }),
        conflict
    );
    assert_eq!(attack!(tx => tx.invitations().accept(known.invitation)?), conflict);
    assert_eq!(attack!(tx => tx.invitations().count_wrong_code(known.invitation)?), Ok(None));
    assert_eq!(attack!(tx => tx.keys().touch_used(known.key, None)?), conflict);
    assert_eq!(attack!(tx => tx.jobs().finish(known.job, 0)?), Ok(false));
    assert_eq!(attack!(tx => tx.keys().revoke_of_creator(theirs.owner)?), Ok(vec![]));
    let revoke = move |tx: &TenantTx<'_>| -> Permit<RevokeKey> {
        let forged = Forged::new(ours, theirs.owner, Role::Admin, tx.now());
        rank::decide_revoke_key(&forged.owner, known.key, theirs.owner, Some(&forged.target))
            .unwrap()
    };
    assert_eq!(attack!(tx => { let permit = revoke(tx); tx.keys().revoke(permit)? }), Ok(false));
    let rotate = move |tx: &TenantTx<'_>| -> Permit<RotateSecret> {
        let wanted = RotateSecret { project, environment, name: variable("SECRET") };
        decide(&owner_authority(ours.owner, tx.now()), wanted).unwrap()
    };
    let sealed = Sealed::from_envelope(vec![0]);
    assert_eq!(
        attack!(tx => {
            let permit = rotate(tx);
            tx.secrets().rotate(permit, 1, ours.owner, &sealed)?
        }),
        Ok(None)
    );
    let delete = move |tx: &TenantTx<'_>| -> Permit<DeleteSecret> {
        let wanted = DeleteSecret { project, environment, name: variable("SECRET") };
        decide(&owner_authority(ours.owner, tx.now()), wanted).unwrap()
    };
    assert_eq!(attack!(tx => { let permit = delete(tx); tx.secrets().delete(permit)? }), Ok(None));
    let unchanged = house
        .store
        .read::<_, StoreError>(&house.scope(theirs), move |tx| {
            let secret = tx.secrets().sealed(project, environment, &variable("SECRET"))?.unwrap();
            let invitation = tx.invitations().find(known.invitation)?.unwrap();
            let key = tx.keys().find(known.key)?.unwrap();
            let owner = tx.members().find(theirs.owner)?.unwrap();
            Ok(secret.version == 1
                && invitation.wrong_codes == 0
                && invitation.usable(tx.now())
                && key.usable(tx.now())
                && owner.role == Role::Owner)
        })
        .await
        .unwrap();
    assert!(unchanged);
}

async fn a_reference_to_a_neighbours_row_is_refused(kind: Kind) {
    let house = House::open(kind).await;
    let (ours, theirs) = (house.ours, house.theirs);
    let scope = house.scope(ours);
    let (project, environment) = (theirs.project, theirs.environment);
    // A member of ours into a project of theirs.
    let refused = house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let forged = Forged::new(ours, ours.owner, Role::Viewer, tx.now());
            let permit: Permit<AddProjectMember> =
                rank::decide_add_project_member(&forged.owner, &forged.target, project).unwrap();
            tx.projects().add_member(permit)?;
            Ok(Commit::audited(event(Verb::ProjectMemberAdded), ()))
        })
        .await;
    assert_eq!(refused.unwrap_err(), StoreError::Conflict);
    // A member of theirs into a project of ours.
    let refused = house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let forged = Forged::new(ours, theirs.owner, Role::Viewer, tx.now());
            let permit =
                rank::decide_add_project_member(&forged.owner, &forged.target, ours.project)
                    .unwrap();
            tx.projects().add_member(permit)?;
            Ok(Commit::audited(event(Verb::ProjectMemberAdded), ()))
        })
        .await;
    assert_eq!(refused.unwrap_err(), StoreError::Conflict);
    // An environment in a project of theirs.
    let refused = house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let wanted = CreateEnvironment { project, name: name("mine") };
            let permit = decide(&owner_authority(ours.owner, tx.now()), wanted).unwrap();
            let id = tx.mint().id();
            tx.environments().create(permit, id)?;
            Ok(Commit::audited(event(Verb::EnvironmentCreated), ()))
        })
        .await;
    assert_eq!(refused.unwrap_err(), StoreError::Conflict);
    // A secret in an environment of theirs; and in one of theirs under a project of ours.
    for project in [project, ours.project] {
        let foreign = Workspace { project, environment, ..ours };
        let refused = set_secret(&house, foreign, "SECRET", vec![1]).await;
        assert_eq!(refused.unwrap_err(), StoreError::Conflict);
    }
    let removed = house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let forged = Forged::new(ours, theirs.owner, Role::Viewer, tx.now());
            let permit: Permit<RemoveProjectMember> =
                rank::decide_remove_project_member(&forged.owner, &forged.target, project).unwrap();
            let removed = tx.projects().remove_member(permit)?;
            Ok(Commit::audited(event(Verb::ProjectMemberRemoved), removed))
        })
        .await
        .unwrap();
    assert!(!removed.value);
}

async fn a_file_or_rows_of_a_neighbour_are_not_listed(kind: Kind) {
    let house = House::open(kind).await;
    filled(&house, house.theirs).await;
    house
        .store
        .read::<_, StoreError>(&house.scope(house.ours), |tx| {
            assert_eq!(tx.members().list(Page::first(9))?.items.len(), 1);
            assert_eq!(tx.projects().list(Page::first(9))?.items.len(), 1);
            assert_eq!(tx.invitations().list(Page::first(9))?.items, vec![]);
            assert_eq!(tx.keys().list(Page::first(9))?.items, vec![]);
            assert_eq!(tx.audit().list(&Default::default(), Page::first(9))?.items.len(), 1);
            assert_eq!(tx.team().settings()?.unwrap().name, name("ours"));
            Ok(())
        })
        .await
        .unwrap();
}
