//! Are the walls of the database what `prepare` made them?
//!
//! Always true: attributes and memberships of the roles, ownership, row security, policies, grants,
//! triggers and their function are read from the catalog and compared with what this program
//! expects. Whatever is weaker is named. A superuser can still do anything: that is for the log's
//! tree and its witness to show.

use std::collections::BTreeMap;

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::grants::{self, APPEND_ONLY, DROPPED_BEHIND_BOUNDARY, FENCED, Grant, PRIVILEGES};
use super::link::meaning;
use crate::StoreError;
use crate::engine::Finding;

/// The one policy of every secured table, as the server prints it.
const POLICY: &str =
    "(tenant_id = (NULLIF(current_setting('casemate.tenant'::text, true), ''::text))::uuid)";

/// What the function of the fence around retired keys does.
const FENCE: &str = "begin perform 1 from team where tenant_id = new.tenant_id for key share; \
    if exists (select 1 from retired_keys where tenant_id = new.tenant_id \
    and data_key = substr(new.COLUMN, 7, 16)) then \
    raise exception 'sealed under a retired key' using errcode = '23514'; \
    end if; return new; end";
/// What the log's trigger function does.
const REFUSES: &str =
    " begin raise exception 'the log is never changed' using errcode = '42501'; end ";

/// The migration that lets the security log be dropped behind a signed boundary: its functions are
/// compared with what it says, word for word.
const RETENTION: &str = include_str!("../../../migrations/audit/0003_retention.postgres.sql");
/// The functions that run with their owner's rights.
const DROPS: &str = "drop_behind_boundary";
const ERASES: &str = "erase_personal";

/// Asks the catalog; empty when every wall stands.
pub(super) async fn verify(
    runtime: &Object,
    platform: &Object,
) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let runtime_role = current_user(runtime).await?;
    let platform_role = current_user(platform).await?;
    if runtime_role == platform_role {
        findings.push(finding("roles.not_apart", &runtime_role));
    }
    for role in [&runtime_role, &platform_role] {
        role_attributes(runtime, role, &mut findings).await?;
    }
    owner_cannot_sign_in(runtime, &mut findings).await?;
    row_security(runtime, &mut findings).await?;
    policies(runtime, &mut findings).await?;
    triggers(runtime, &mut findings).await?;
    no_borrowed_rights(runtime, &mut findings).await?;
    privileges(runtime, &runtime_role, grants::of_runtime(), &mut findings).await?;
    privileges(runtime, &platform_role, grants::of_platform(), &mut findings).await?;
    Ok(findings)
}

fn finding(guard: &'static str, place: impl Into<String>) -> Finding {
    Finding { guard, place: place.into() }
}

async fn ask(
    client: &Object,
    text: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, StoreError> {
    client.query(text, values).await.map_err(|error| meaning(&error))
}

fn text(row: &Row, column: usize) -> Result<String, StoreError> {
    row.try_get(column).map_err(|_| StoreError::Corrupt)
}

fn flag(row: &Row, column: usize) -> Result<bool, StoreError> {
    row.try_get(column).map_err(|_| StoreError::Corrupt)
}

async fn current_user(client: &Object) -> Result<String, StoreError> {
    let rows = ask(client, "select current_user::text", &[]).await?;
    rows.first().map_or(Err(StoreError::Corrupt), |row| text(row, 0))
}

async fn role_attributes(
    client: &Object,
    role: &str,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let rows = ask(
        client,
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, \
         exists (select 1 from pg_auth_members m where m.member = r.oid), \
         exists (select 1 from pg_class c where c.relowner = r.oid), \
         has_schema_privilege(r.oid, 'casemate', 'create') \
         from pg_roles r where rolname = $1",
        &[&role],
    )
    .await?;
    let Some(row) = rows.first() else {
        findings.push(finding("role.missing", role));
        return Ok(());
    };
    let guards = [
        "role.superuser",
        "role.bypasses_row_security",
        "role.creates_roles",
        "role.creates_databases",
        "role.replicates",
        "role.is_member_of_another",
        "role.owns_tables",
        "role.creates_in_schema",
    ];
    for (column, guard) in guards.into_iter().enumerate() {
        if flag(row, column)? {
            findings.push(finding(guard, role));
        }
    }
    Ok(())
}

async fn owner_cannot_sign_in(
    client: &Object,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let rows = ask(
        client,
        "select distinct r.rolname::text from pg_class c join pg_roles r on r.oid = c.relowner \
         where c.relnamespace = 'casemate'::regnamespace \
         and (r.rolcanlogin or r.rolsuper or r.rolbypassrls)",
        &[],
    )
    .await?;
    for row in rows {
        findings.push(finding("owner.can_sign_in", text(&row, 0)?));
    }
    Ok(())
}

async fn row_security(client: &Object, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let rows = ask(
        client,
        "select relname::text, relrowsecurity, relforcerowsecurity from pg_class \
         where relnamespace = 'casemate'::regnamespace and relkind in ('r', 'p')",
        &[],
    )
    .await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        found.insert(text(row, 0)?, (flag(row, 1)?, flag(row, 2)?));
    }
    for table in grants::secured() {
        match found.get(table) {
            None => findings.push(finding("table.missing", table)),
            Some((false, _)) => findings.push(finding("row_security.off", table)),
            Some((true, false)) => findings.push(finding("row_security.not_forced", table)),
            Some((true, true)) => {}
        }
    }
    for table in found.keys().filter(|table| !grants::tables().any(|known| known == *table)) {
        findings.push(finding("table.foreign", table.as_str()));
    }
    Ok(())
}

async fn policies(client: &Object, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let rows = ask(
        client,
        "select c.relname::text, p.polcmd::text, p.polpermissive, \
         pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid) \
         from pg_policy p join pg_class c on c.oid = p.polrelid \
         where c.relnamespace = 'casemate'::regnamespace",
        &[],
    )
    .await?;
    let mut found: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for row in &rows {
        let expression =
            |column| row.try_get::<_, Option<String>>(column).map_err(|_| StoreError::Corrupt);
        let right = text(row, 1)? == "*"
            && flag(row, 2)?
            && expression(3)?.as_deref() == Some(POLICY)
            && expression(4)?.as_deref() == Some(POLICY);
        found.entry(text(row, 0)?).or_default().push(right);
    }
    for table in grants::secured() {
        // A second permissive policy would be ORed to the first.
        if found.get(table).map(Vec::as_slice) != Some(&[true]) {
            findings.push(finding("policy.missing_or_changed", table));
        }
    }
    Ok(())
}

/// The words of the fence's function, whose name ends in the column it looks at.
fn fence_words(function: &str) -> Vec<String> {
    let column = function.strip_prefix("refuse_retired_key_").unwrap_or_default();
    FENCE
        .split_whitespace()
        .map(|word| word.replace("new.COLUMN", &format!("new.{column}")))
        .collect()
}

/// Whether a function's text is the one that the retention's migration gives it.
fn as_migrated(function: &str, found: &str) -> bool {
    RETENTION
        .split_once(&format!("create function {function}()"))
        .and_then(|(_, rest)| rest.split("$$").nth(1))
        .is_some_and(|text| text.split_whitespace().eq(found.split_whitespace()))
}

/// The triggers that say what they have to say.
#[derive(Default)]
struct Standing {
    /// Table and kind of those that refuse everything.
    found: Vec<(String, i64)>,
    /// Table, function and kind of the fences around retired keys.
    fences: Vec<(String, String, i64)>,
    /// The same of those that the retention's migration made.
    kept: Vec<(String, String, i64)>,
}

async fn standing(client: &Object) -> Result<Standing, StoreError> {
    // tgtype bits: 1 row, 2 before, 8 delete, 16 update, 32 truncate (pg_trigger.h).
    let rows = ask(
        client,
        "select c.relname::text, t.tgtype::int8, t.tgenabled::text = any(array['O', 'A']), \
         p.prosrc, p.proname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid \
         join pg_proc p on p.oid = t.tgfoid \
         where c.relnamespace = 'casemate'::regnamespace and not t.tgisinternal \
         and t.tgqual is null",
        &[],
    )
    .await?;
    let mut standing = Standing::default();
    for row in &rows {
        if flag(row, 2)? && as_migrated(&text(row, 4)?, &text(row, 3)?) {
            let kind: i64 = row.try_get(1).map_err(|_| StoreError::Corrupt)?;
            standing.kept.push((text(row, 0)?, text(row, 4)?, kind));
        }
        if flag(row, 2)? && text(row, 3)?.split_whitespace().eq(fence_words(&text(row, 4)?)) {
            let kind: i64 = row.try_get(1).map_err(|_| StoreError::Corrupt)?;
            standing.fences.push((text(row, 0)?, text(row, 4)?, kind));
        }
        if flag(row, 2)? && text(row, 3)? == REFUSES {
            let kind: i64 = row.try_get(1).map_err(|_| StoreError::Corrupt)?;
            standing.found.push((text(row, 0)?, kind));
        }
    }
    Ok(standing)
}

async fn triggers(client: &Object, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let Standing { found, fences, kept } = standing(client).await?;
    let stands = |table: &str, kind: i64| found.iter().any(|(t, k)| t == table && *k == kind);
    const CHANGE: i64 = 1 + 2 + 8 + 16;
    const TRUNCATE: i64 = 2 + 32;
    for table in APPEND_ONLY {
        if !stands(table, CHANGE) {
            findings.push(finding("trigger.change_not_refused", *table));
        }
        if !stands(table, TRUNCATE) {
            findings.push(finding("trigger.truncate_not_refused", *table));
        }
    }
    const UPDATE: i64 = 1 + 2 + 16;
    const DELETE: i64 = 1 + 2 + 8;
    const INSERT_BEFORE: i64 = 1 + 2 + 4;
    const INSERT_AFTER: i64 = 1 + 4;
    let keeps = |table: &str, function: &str, kind: i64| {
        kept.iter().any(|(t, f, k)| t == table && f == function && *k == kind)
    };
    for (table, function) in DROPPED_BEHIND_BOUNDARY {
        if !stands(table, UPDATE) || !keeps(table, function, DELETE) {
            findings.push(finding("trigger.change_not_refused", *table));
        }
        if !stands(table, TRUNCATE) {
            findings.push(finding("trigger.truncate_not_refused", *table));
        }
    }
    for (table, function, kind) in [
        ("audit_drops", DROPS, INSERT_AFTER),
        ("audit_erasures", ERASES, INSERT_AFTER),
        ("audit_boundaries", "boundary_moves_on", INSERT_BEFORE),
    ] {
        if !keeps(table, function, kind) {
            findings.push(finding("trigger.boundary_not_asked", table));
        }
    }
    const ROW_WRITE: i64 = 1 + 2 + 4 + 16;
    for (table, function) in FENCED {
        let stands =
            fences.iter().any(|(t, f, kind)| t == table && f == function && *kind == ROW_WRITE);
        if !stands {
            findings.push(finding("trigger.retired_key_not_refused", *table));
        }
    }
    Ok(())
}

/// A function or view that runs with its owner's rights would lead around row security. Those that
/// drop and erase are triggers', and say what the migration says.
async fn no_borrowed_rights(
    client: &Object,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let rows = ask(
        client,
        "select 'function.security_definer', proname::text, prosrc, \
         prorettype = 'trigger'::regtype and proconfig = array['search_path=casemate, pg_temp'] \
         from pg_proc where pronamespace = 'casemate'::regnamespace and prosecdef union all \
         select 'view.foreign', relname::text, '', false from pg_class \
         where relnamespace = 'casemate'::regnamespace and relkind in ('v', 'm', 'f')",
        &[],
    )
    .await?;
    for row in rows {
        let (name, source) = (text(&row, 1)?, text(&row, 2)?);
        let ours = [DROPS, ERASES].contains(&name.as_str());
        if ours && flag(&row, 3)? && as_migrated(&name, &source) {
            continue;
        }
        let guard = match text(&row, 0)?.as_str() {
            "function.security_definer" => "function.security_definer",
            _ => "view.foreign",
        };
        findings.push(finding(guard, name));
    }
    Ok(())
}

/// Compares every privilege on every table with the list, in both directions.
async fn privileges(
    client: &Object,
    role: &str,
    granted: impl Iterator<Item = &'static Grant>,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let expected: BTreeMap<&str, &[&str]> =
        granted.map(|(table, privileges)| (*table, *privileges)).collect();
    let rows = ask(
        client,
        "select c.relname::text, p.name, has_table_privilege($1, c.oid, p.name) \
         or (p.name = any(array['select', 'insert', 'update', 'references']) \
         and has_any_column_privilege($1, c.oid, p.name)) \
         from pg_class c cross join unnest($2::text[]) as p(name) \
         where c.relnamespace = 'casemate'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')",
        &[&role, &PRIVILEGES],
    )
    .await?;
    for row in &rows {
        let (table, privilege, held) = (text(row, 0)?, text(row, 1)?, flag(row, 2)?);
        let wanted = expected
            .get(table.as_str())
            .is_some_and(|privileges| privileges.contains(&privilege.as_str()));
        match (held, wanted) {
            (true, false) => {
                findings.push(finding("grant.too_much", format!("{role}: {privilege} on {table}")));
            }
            (false, true) => {
                findings.push(finding("grant.missing", format!("{role}: {privilege} on {table}")));
            }
            _ => {}
        }
    }
    Ok(())
}
