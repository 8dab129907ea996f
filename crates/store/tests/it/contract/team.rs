//! Membership, secrets and keys of one workspace.

use domain::authz::{
    ActSet, Overrides, Role, RotateSecret, Standing, UpdateWorkspace, decide, rank,
};
use domain::{Actor, ApiKeyId, Sealed, UserId};
use ledger::Verb;
use store::{Commit, InvitationState, NewInvitation, NewKey, Page, StoreError};

use crate::contract::on_both_engines;
use crate::house::{
    House, Kind, event, invite_permit, join, key_permit, owner_authority, set_secret, variable,
};

on_both_engines! {
    there_is_exactly_one_owner_before_and_after_a_transfer
    a_permit_decided_on_old_facts_changes_nothing
    a_key_is_never_more_than_its_row_says
    a_member_who_leaves_is_out_of_every_project
    of_two_rotations_at_once_one_wins
    a_deleted_secret_takes_its_versions_along
    an_invitation_is_used_once_and_its_wrong_codes_all_count
    a_team_is_born_once
    pages_are_bounded_and_complete
    settings_change_by_a_permit
    nobody_has_a_standing_in_a_deleted_workspace
}

fn standing(user: UserId, role: Role) -> Standing {
    Standing { user, role, overrides: Overrides::default(), projects: Default::default() }
}

async fn there_is_exactly_one_owner_before_and_after_a_transfer(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let admin = join(&house, ours, Role::Admin).await;
    let scope = house.scope(ours);
    // A second owner is refused by the table itself, whatever a rule said.
    let second = house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let (title, address) =
                (crate::house::name("again"), crate::house::email("again@ours.example"));
            let born = tx.team().create(&title, admin, &address)?;
            Ok(Commit::unchanged(born))
        })
        .await;
    assert!(second.is_err() || !second.unwrap().value);
    house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            tx.team().lock()?;
            let owner = owner_authority(ours.owner, tx.now());
            let permit = rank::decide_transfer(&owner, &standing(admin, Role::Admin)).unwrap();
            tx.members().transfer(permit)?;
            Ok(Commit::audited(event(Verb::WorkspaceTransferred), ()))
        })
        .await
        .unwrap();
    let roles = house
        .store
        .read::<_, StoreError>(&scope, |tx| tx.members().list(Page::first(10)))
        .await
        .unwrap();
    let role_of = |user| roles.items.iter().find(|member| member.user == user).unwrap().role;
    assert_eq!((role_of(ours.owner), role_of(admin)), (Role::Admin, Role::Owner));
}

async fn a_permit_decided_on_old_facts_changes_nothing(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let member = join(&house, ours, Role::Operator).await;
    let scope = house.scope(ours);
    let stale = house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let owner = owner_authority(ours.owner, tx.now());
            // Decided as if the member were an admin, which they are not any more.
            let old = standing(member, Role::Admin);
            let permit = rank::decide_change_role(&owner, &old, Role::Viewer).unwrap();
            tx.members().change_role(permit)?;
            Ok(Commit::audited(event(Verb::MemberRoleChanged), ()))
        })
        .await;
    assert_eq!(stale.unwrap_err(), StoreError::Conflict);
    let found = house
        .store
        .read::<_, StoreError>(&scope, move |tx| tx.members().find(member))
        .await
        .unwrap();
    assert_eq!(found.unwrap().role, Role::Operator);
}

async fn a_key_is_never_more_than_its_row_says(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let scope = house.scope(ours);
    let key: ApiKeyId = house.store.mint().id();
    house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let ends = tx.now().plus_ms(1_000);
            let new = NewKey {
                id: key,
                name: "ci".into(),
                digest: [1; 32],
                expires_at: Some(ends),
                networks: domain::Networks::default(),
                last_four: "0Zk3".into(),
            };
            let permit = key_permit(ours, tx.now());
            tx.keys().create(permit, &new)?;
            Ok(Commit::audited(event(Verb::KeyCreated), ()))
        })
        .await
        .unwrap();
    let authority = |actor: Actor| {
        let (store, scope) = (house.store.clone(), house.scope(ours));
        async move {
            store
                .read::<_, StoreError>(&scope, move |tx| {
                    let now = tx.now();
                    tx.members().authority(&actor, Some(now))
                })
                .await
                .unwrap()
        }
    };
    let actor = Actor::Key { key, creator: ours.owner };
    let found = authority(actor).await.unwrap();
    assert_eq!(found.ceiling, Some(ActSet::of(&[domain::authz::Act::SecretList])));
    assert_eq!(found.factor_at, None, "a key has no factor, whatever the caller says");
    let other = Actor::Key { key, creator: house.theirs.owner };
    assert!(authority(other).await.is_none(), "a key under another creator's name");
    house.clock.advance(1_000);
    assert!(authority(actor).await.is_none(), "an expired key");
}

async fn a_member_who_leaves_is_out_of_every_project(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let member = join(&house, ours, Role::Viewer).await;
    let scope = house.scope(ours);
    house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let owner = owner_authority(ours.owner, tx.now());
            let target = standing(member, Role::Viewer);
            let permit = rank::decide_add_project_member(&owner, &target, ours.project).unwrap();
            assert!(tx.projects().add_member(permit)?);
            let permit = rank::decide_add_project_member(&owner, &target, ours.project).unwrap();
            assert!(!tx.projects().add_member(permit)?, "the second time changes nothing");
            let found = tx.members().standing(member)?.unwrap();
            assert!(found.reaches(ours.project));
            tx.members().remove(rank::decide_remove(&owner, &target).unwrap())?;
            Ok(Commit::audited(event(Verb::MemberRemoved), ()))
        })
        .await
        .unwrap();
    house
        .store
        .read::<_, StoreError>(&scope, move |tx| {
            assert_eq!(tx.members().find(member)?, None);
            assert_eq!(tx.projects().members(ours.project, Page::first(9))?.items, vec![]);
            Ok(())
        })
        .await
        .unwrap();
}

async fn of_two_rotations_at_once_one_wins(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    set_secret(&house, ours, "TOKEN", vec![1]).await.unwrap();
    let mut running = tokio::task::JoinSet::new();
    for n in 0..10_u8 {
        let (store, scope) = (house.store.clone(), house.scope(ours));
        running.spawn(async move {
            store
                .write::<_, StoreError>(&scope, move |tx| {
                    let wanted = RotateSecret {
                        project: ours.project,
                        environment: ours.environment,
                        name: variable("TOKEN"),
                    };
                    let permit = decide(&owner_authority(ours.owner, tx.now()), wanted).unwrap();
                    let sealed = Sealed::from_envelope(vec![n]);
                    let rotated = tx.secrets().rotate(permit, 1, ours.owner, &sealed)?;
                    Ok(match rotated {
                        Some(_) => Commit::audited(event(Verb::SecretRotated), true),
                        None => Commit::quiet(store::QuietReason::Hint, false),
                    })
                })
                .await
                .unwrap()
                .value
        });
    }
    let won = running.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    let head = house
        .store
        .read::<_, StoreError>(&house.scope(ours), move |tx| {
            tx.secrets().head(ours.project, ours.environment, &variable("TOKEN"))
        })
        .await
        .unwrap();
    assert_eq!(head.unwrap().version, 2);
}

async fn a_deleted_secret_takes_its_versions_along(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    set_secret(&house, ours, "TOKEN", vec![1]).await.unwrap();
    let deleted = house
        .store
        .write::<_, StoreError>(&house.scope(ours), move |tx| {
            let wanted = domain::authz::DeleteSecret {
                project: ours.project,
                environment: ours.environment,
                name: variable("TOKEN"),
            };
            let permit = decide(&owner_authority(ours.owner, tx.now()), wanted).unwrap();
            let deleted = tx.secrets().delete(permit)?;
            Ok(Commit::audited(event(Verb::SecretDeleted), deleted))
        })
        .await
        .unwrap();
    assert_eq!(deleted.value.unwrap().version, 1);
    let again = set_secret(&house, ours, "TOKEN", vec![2]).await.unwrap();
    assert_eq!(again.value.version, 1);
    assert_ne!(again.value.id, deleted.value.unwrap().id);
}

async fn an_invitation_is_used_once_and_its_wrong_codes_all_count(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let scope = house.scope(ours);
    let id: domain::InvitationId = house.store.mint().id();
    house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let new = NewInvitation {
                id,
                inviter: ours.owner,
                code_hash: [1; 32],
                expires_at: tx.now().plus_ms(domain::limits::INVITATION_MS),
            };
            let permit = invite_permit(ours, tx.now(), Role::Viewer);
            tx.invitations().create(permit, &new)?;
            Ok(Commit::audited(event(Verb::MemberInvited), ()))
        })
        .await
        .unwrap();
    let mut guessing = tokio::task::JoinSet::new();
    for _ in 0..domain::limits::WRONG_CODES_MAX {
        let (store, scope) = (house.store.clone(), house.scope(ours));
        guessing.spawn(async move {
            store
                .write::<_, StoreError>(&scope, move |tx| {
                    let counted = tx.invitations().count_wrong_code(id)?;
                    Ok(Commit::quiet(store::QuietReason::GuessCounted, counted))
                })
                .await
                .unwrap()
        });
    }
    guessing.join_all().await;
    house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let found = tx.invitations().lock(id)?.unwrap();
            assert_eq!(found.wrong_codes, domain::limits::WRONG_CODES_MAX);
            assert!(!found.usable(tx.now()));
            tx.invitations().accept(id)?;
            Ok(Commit::audited(event(Verb::MemberJoined), ()))
        })
        .await
        .unwrap();
    let twice = house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            assert_eq!(tx.invitations().find(id)?.unwrap().state, InvitationState::Accepted);
            tx.invitations().accept(id)?;
            Ok(Commit::audited(event(Verb::MemberJoined), ()))
        })
        .await;
    assert_eq!(twice.unwrap_err(), StoreError::Conflict);
}

async fn a_team_is_born_once(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let again = house
        .store
        .write::<_, StoreError>(&house.scope(ours), move |tx| {
            let (title, address) =
                (crate::house::name("again"), crate::house::email("a@ours.example"));
            let born = tx.team().create(&title, ours.owner, &address)?;
            Ok(Commit::quiet(store::QuietReason::Hint, born))
        })
        .await
        .unwrap();
    assert!(!again.value);
    house.store.create_unit(ours.tenant).await.unwrap();
}

async fn pages_are_bounded_and_complete(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    for n in 0..7_u8 {
        set_secret(&house, ours, &format!("S{n}"), vec![n]).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut page = Page::first(3);
    loop {
        let listing = house
            .store
            .read::<_, StoreError>(&house.scope(ours), move |tx| {
                tx.secrets().list(ours.project, ours.environment, page)
            })
            .await
            .unwrap();
        assert!(listing.items.len() <= 3);
        seen.extend(listing.items.iter().map(|secret| secret.name.to_string()));
        let last = listing.items.last().unwrap().id;
        if !listing.more {
            break;
        }
        page = Page::after(last, 3);
    }
    seen.sort();
    assert_eq!(seen, ["S0", "S1", "S2", "S3", "S4", "S5", "S6"]);
}

async fn settings_change_by_a_permit(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let before = house
        .store
        .read::<_, StoreError>(&house.scope(ours), |tx| tx.team().settings())
        .await
        .unwrap();
    assert!(!before.unwrap().production_local_use);
    let after = house
        .store
        .write::<_, StoreError>(&house.scope(ours), move |tx| {
            let wanted = UpdateWorkspace { production_local_use: true, device_sign_in: None };
            let permit = decide(&owner_authority(ours.owner, tx.now()), wanted).unwrap();
            tx.team().update_settings(permit)?;
            let settings = tx.team().settings()?.unwrap();
            Ok(Commit::audited(event(Verb::WorkspaceUpdated), settings))
        })
        .await
        .unwrap();
    assert!(after.value.production_local_use);
}

async fn nobody_has_a_standing_in_a_deleted_workspace(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let scope = house.scope(ours);
    house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let owner = owner_authority(ours.owner, tx.now());
            let permit = decide(&owner, domain::authz::DeleteWorkspace {}).unwrap();
            tx.team().mark_deleted(permit)?;
            Ok(Commit::audited(event(Verb::WorkspaceDeleted), ()))
        })
        .await
        .unwrap();
    house
        .store
        .read::<_, StoreError>(&scope, move |tx| {
            let (actor, now) = (*tx.scope().actor(), tx.now());
            assert!(tx.members().authority(&actor, Some(now))?.is_none());
            assert!(tx.members().standing(ours.owner)?.is_none());
            assert_eq!(tx.team().settings()?.unwrap().state, store::TeamState::Deleted);
            Ok(())
        })
        .await
        .unwrap();
    let theirs = house.theirs;
    let standing = house
        .store
        .read::<_, StoreError>(&house.scope(theirs), move |tx| tx.members().standing(theirs.owner))
        .await
        .unwrap();
    assert!(standing.is_some());
}
