//! Each wall of PostgreSQL is dropped by SQL: the attack it stops then succeeds, the guards name
//! it, and the next start is refused. So it is known that the tests of the walls can fail.

use store::{Finding, Refusal, StoreError};

use crate::house::Kind;
use crate::postgres_walls::{as_tenant, filled, next_start};

fn named(findings: &[Finding], guard: &str) -> bool {
    findings.iter().any(|finding| finding.guard == guard)
}

/// One wall: how a superuser drops it, the attack that then succeeds, what the guards say, how it
/// is mended.
struct Wall {
    drop: &'static str,
    attack: &'static str,
    finding: &'static str,
    mend: &'static str,
}

const WALLS: &[Wall] = &[
    Wall {
        drop: "alter table secrets disable row level security",
        attack: "update secrets set updated_at_ms = 2 where tenant_id <> $tenant",
        finding: "row_security.off",
        mend: "alter table secrets enable row level security",
    },
    Wall {
        drop: "alter table secrets no force row level security; set role $owner",
        attack: "update secrets set updated_at_ms = 3 where tenant_id <> $tenant",
        finding: "row_security.not_forced",
        mend: "reset role; alter table secrets force row level security",
    },
    Wall {
        drop: "create policy open on members using (true)",
        attack: "update members set updated_at_ms = 2 where tenant_id <> $tenant",
        finding: "policy.missing_or_changed",
        mend: "drop policy open on members",
    },
    Wall {
        drop: "alter policy projects_of_tenant on projects using (true) with check (true)",
        attack: "update projects set created_at_ms = 2 where tenant_id <> $tenant",
        finding: "policy.missing_or_changed",
        mend: "alter policy projects_of_tenant on projects \
               using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid) \
               with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)",
    },
    Wall {
        drop: "alter role $runtime bypassrls",
        attack: "update secrets set updated_at_ms = 4 where tenant_id <> $tenant",
        finding: "role.bypasses_row_security",
        mend: "alter role $runtime nobypassrls",
    },
    Wall {
        drop: "alter table audit_entries disable trigger audit_entries_no_change; \
               grant update on audit_entries to $runtime",
        attack: "update audit_entries set verb = 'forged' where tenant_id = $tenant",
        finding: "trigger.change_not_refused",
        mend: "alter table audit_entries enable trigger audit_entries_no_change; \
               revoke update on audit_entries from $runtime",
    },
    Wall {
        drop: "create or replace function refuse_change() returns trigger language plpgsql \
               as $$ begin return old; end $$; grant delete on audit_checkpoints to $runtime",
        attack: "delete from audit_checkpoints where tenant_id = $tenant",
        finding: "trigger.change_not_refused",
        mend: "create or replace function refuse_change() returns trigger language plpgsql \
               set search_path = pg_catalog, pg_temp as $$ begin raise exception \
               'the log is never changed' using errcode = '42501'; end $$; \
               revoke delete on audit_checkpoints from $runtime",
    },
    Wall {
        drop: "alter table audit_personal disable trigger audit_personal_no_delete; \
               grant delete on audit_personal to $runtime",
        attack: "delete from audit_personal where tenant_id = $tenant",
        finding: "trigger.change_not_refused",
        mend: "alter table audit_personal enable trigger audit_personal_no_delete; \
               revoke delete on audit_personal from $runtime",
    },
    Wall {
        drop: "alter table audit_drops disable trigger audit_drops_done",
        attack: "insert into audit_drops (tenant_id, stream, until_index, at_ms) \
                 values ($tenant, 'security', 1, 1)",
        finding: "trigger.boundary_not_asked",
        mend: "alter table audit_drops enable trigger audit_drops_done",
    },
    Wall {
        drop: "drop trigger audit_checkpoints_no_truncate on audit_checkpoints; \
               grant truncate on audit_checkpoints to $runtime",
        attack: "truncate audit_checkpoints",
        finding: "trigger.truncate_not_refused",
        mend: "create trigger audit_checkpoints_no_truncate before truncate on audit_checkpoints \
               for each statement execute function refuse_change(); \
               revoke truncate on audit_checkpoints from $runtime",
    },
    Wall {
        drop: "grant select (email) on users to $runtime",
        attack: "select email from users",
        finding: "grant.too_much",
        mend: "revoke select (email) on users from $runtime",
    },
    Wall {
        drop: "grant $owner to $runtime",
        attack: "set role $owner; alter table secrets owner to $owner; reset role",
        finding: "role.is_member_of_another",
        mend: "revoke $owner from $runtime",
    },
    Wall {
        drop: "create function lend() returns bigint language sql security definer \
               set search_path = casemate as 'select count(*) from users'; \
               grant execute on function lend() to public",
        attack: "select lend()",
        finding: "function.security_definer",
        mend: "drop function lend()",
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wall_that_is_dropped_lets_an_attack_through_and_is_named_by_the_guards() {
    let house = filled(Kind::Postgres).await;
    let database = house.database();
    assert_eq!(house.store.verify_guards().await.unwrap(), vec![]);
    let superuser = database.raw(None).await;
    let words = |text: &str| {
        text.replace("$tenant", &format!("'{}'", house.ours.tenant))
            .replace("$runtime", &database.roles.runtime())
            .replace("$owner", &database.roles.owner())
    };
    for wall in WALLS {
        let by_owner = wall.drop.contains("set role");
        let attacker = database.raw(Some(&database.roles.runtime())).await;
        as_tenant(&attacker, house.ours).await;
        as_tenant(&superuser, house.ours).await;
        let attack = words(wall.attack);
        // While the wall stands the attack fails, or touches nothing.
        if !by_owner {
            let before = attacker.execute(&attack, &[]).await;
            assert!(matches!(before, Ok(0) | Err(_)), "{attack}: {before:?}");
        }
        superuser.batch_execute(&words(wall.drop)).await.unwrap();
        let through = if by_owner { &superuser } else { &attacker };
        through.batch_execute(&attack).await.unwrap_or_else(|error| panic!("{attack}: {error}"));
        let findings = house.store.verify_guards().await.unwrap();
        assert!(named(&findings, wall.finding), "{}: {findings:?}", wall.drop);
        let start = next_start(&house).await.map(drop);
        assert!(
            matches!(start, Err(StoreError::Refused(Refusal::WeakGuards(_)))),
            "{}: {start:?}",
            wall.drop
        );
        superuser.batch_execute(&words(wall.mend)).await.unwrap();
        assert_eq!(house.store.verify_guards().await.unwrap(), vec![], "{}", wall.mend);
    }
    next_start(&house).await.unwrap();
}
