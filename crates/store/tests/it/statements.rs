//! Every statement: prepared on both engines, its words looked at one by one, the doors on a golden
//! list.

use std::collections::BTreeSet;
use std::path::Path;

use store::QuietReason;
use store::sql::{Effect, all_platform, all_tenant};

use crate::house::{House, Kind};

/// The filters a listing can be asked with, as the store writes them.
const FILTERED: &str =
    " and (e.stream = $4) and (e.verb = $5) and (e.resource_kind = $6) and (e.resource_id = $7)";

fn texts() -> Vec<(&'static str, &'static str, Effect)> {
    let tenant = all_tenant().into_iter().map(|sql| (sql.name(), sql.text(), sql.effect()));
    let platform = all_platform().into_iter().map(|sql| (sql.name(), sql.text(), sql.effect()));
    tenant.chain(platform).collect()
}

fn variants(text: &str) -> Vec<String> {
    if text.contains("{filters}") {
        vec![text.replace("{filters}", ""), text.replace("{filters}", FILTERED)]
    } else {
        vec![text.to_owned()]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_is_prepared_on_sqlite() {
    let house = House::open(Kind::Sqlite).await;
    let open = |file: std::path::PathBuf| rusqlite::Connection::open(file).unwrap();
    let control = open(house.folder().join("control.db"));
    let tenant = open(house.folder().join(format!("tenants/{}.db", house.ours.tenant)));
    for sql in all_tenant() {
        for text in variants(sql.text()) {
            let prepared = tenant.prepare(&text.replace('$', "?")).map(drop);
            assert!(prepared.is_ok(), "{}: {prepared:?}", sql.name());
        }
    }
    for sql in all_platform() {
        let prepared = control.prepare(&sql.text().replace('$', "?")).map(drop);
        assert!(prepared.is_ok(), "{}: {prepared:?}", sql.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_is_prepared_on_postgres_by_the_role_that_runs_it() {
    let house = House::open(Kind::Postgres).await;
    let database = house.database();
    let runtime = database.raw(Some(&database.roles.runtime())).await;
    let platform = database.raw(Some(&database.roles.platform())).await;
    let locked = |text: String, effect: Effect| match effect {
        Effect::Locks => format!("{text} for update"),
        Effect::Reads | Effect::Writes => text,
    };
    for sql in all_tenant() {
        for text in variants(sql.text()) {
            let prepared = runtime.prepare(&locked(text, sql.effect())).await.map(drop);
            assert!(prepared.is_ok(), "{}: {prepared:?}", sql.name());
        }
    }
    for sql in all_platform() {
        let text = locked(sql.text().to_owned(), sql.effect());
        let prepared = platform.prepare(&text).await.map(drop);
        assert!(prepared.is_ok(), "{}: {prepared:?}", sql.name());
    }
}

/// Words of a statement, with `a.b` as one word.
fn words(text: &str) -> Vec<String> {
    let spaced: String = text
        .chars()
        .flat_map(|c| if "(),=<>".contains(c) { vec![' ', c, ' '] } else { vec![c] })
        .collect();
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// Tables a statement reads, changes or fills, each with the name it goes by.
fn tables(words: &[String]) -> Vec<(String, String)> {
    let named = ["from", "join", "into", "update"];
    let stop = ["where", "on", "order", "set", "join", "left", "values", "select", "(", ",", ")"];
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let is_update_of_conflict = word == "update" && at > 0 && words[at - 1] == "do";
        if !named.contains(&word.as_str()) || is_update_of_conflict {
            continue;
        }
        let table = words[at + 1].clone();
        let alias = words.get(at + 2).filter(|next| !stop.contains(&next.as_str()));
        found.push((table.clone(), alias.cloned().unwrap_or_default()));
    }
    found
}

/// How often a table that goes by this name is bound to the tenant.
fn bindings(words: &[String], alias: &str) -> usize {
    let column =
        if alias.is_empty() { "tenant_id".to_owned() } else { format!("{alias}.tenant_id") };
    words
        .windows(3)
        .filter(|three| three[0] == column && three[1] == "=" && three[2] == "$1")
        .count()
}

/// Why a text is not a tenant statement; the second wall after the check at compile time.
fn faults(text: &str) -> Vec<String> {
    let words = words(text);
    let mut faults = Vec::new();
    let is_insert = words[0] == "insert";
    let tables = tables(&words);
    for (table, alias) in &tables {
        let bound = if is_insert && words[2] == *table {
            words[3] == "(" && words[4] == "tenant_id" && text.contains("values ($1, ")
        } else {
            // Two tables without a name of their own need two bindings.
            bindings(&words, alias) >= tables.iter().filter(|(_, other)| other == alias).count()
        };
        if !bound {
            faults.push(format!("{table} {alias} is not bound to the tenant"));
        }
    }
    if words
        .iter()
        .any(|word| ["or", "union", "except", "intersect", "with"].contains(&word.as_str()))
    {
        faults.push("it has a word that could lead around the predicate".into());
    }
    if words.iter().any(|word| word.starts_with("tenant_id") || word.ends_with(".tenant_id"))
        && words
            .windows(2)
            .any(|two| two[0].ends_with("tenant_id") && "<>".contains(two[1].as_str()))
    {
        faults.push("it compares tenants by order".into());
    }
    faults
}

#[test]
fn every_table_of_every_tenant_statement_is_bound_to_the_tenant() {
    for sql in all_tenant() {
        let found = faults(sql.text());
        assert!(found.is_empty(), "{}: {found:?}", sql.name());
    }
}

#[test]
fn the_check_of_words_finds_what_the_check_at_compile_time_lets_through() {
    for text in [
        "select a from secrets where tenant_id = $1 or name = $2",
        "select a from secrets s join projects p on p.project_id = s.project_id \
         where s.tenant_id = $1",
        "select a from secrets where tenant_id = $1 and name in (select name from api_keys)",
        "delete from secrets where name = $2 \
         and exists (select 1 from team t where t.tenant_id = $1)",
        "select a from secrets where tenant_id = $1 \
         union select b from api_keys where tenant_id = $1",
    ] {
        assert!(!faults(text).is_empty(), "{text}");
        // The first wall sees the predicate and is content: that is why there is a second one.
        let _ = store::sql::TenantSql::new("test", text);
    }
}

#[test]
fn no_statement_touches_tables_of_both_sides() {
    let side = |texts: Vec<&str>| -> BTreeSet<String> {
        texts.iter().flat_map(|text| tables(&words(text))).map(|(table, _)| table).collect()
    };
    let tenant = side(all_tenant().iter().map(|sql| sql.text()).collect());
    let platform = side(all_platform().iter().map(|sql| sql.text()).collect());
    assert_eq!(tenant.intersection(&platform).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(tenant.len() > 15 && platform.len() > 12, "{tenant:?} {platform:?}");
}

#[test]
fn names_are_unique_and_every_module_with_statements_is_registered() {
    let names: Vec<&str> = texts().into_iter().map(|(name, _, _)| name).collect();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(unique.len(), names.len());
    let registered: BTreeSet<&str> =
        unique.iter().filter_map(|name| name.split("::").next()).collect();
    for folder in ["tenant", "platform", "audit"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            if let Some((_, rest)) = text.split_once("_statements! { \"") {
                let module = rest.split('"').next().unwrap();
                assert!(registered.contains(module), "{module} is in no list of STATEMENTS");
            }
        }
    }
}

#[test]
fn every_secret_column_is_written_from_sealed_bytes_only() {
    // The tables' own words for what is sealed; a new one has to be registered, and be in its
    // handle's signature.
    let sealed: BTreeSet<&str> =
        store::sealed::SEALED_COLUMNS.into_iter().map(|column| column.column).collect();
    for folder in ["control", "tenant", "audit"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let statements = text.lines().filter(|line| !line.starts_with("--"));
            // The fence's triggers name the columns they look at.
            let defined = |line: &&str| {
                !["retired_key", "retired key", "new."].iter().any(|word| line.contains(word))
            };
            for line in statements.filter(|line| line.contains("sealed")).filter(defined) {
                let added = line.split_once(" add column ").map_or(line, |(_, added)| added);
                let column = added.split_whitespace().next().unwrap();
                assert!(sealed.contains(&column), "{line}");
                assert!(line.contains("blob") || line.contains("bytea"), "{line}");
            }
        }
    }
}

#[test]
fn both_engines_have_the_same_tables_and_columns() {
    let names = migrations()
        .into_iter()
        .filter_map(|file| file.strip_suffix(".sqlite.sql").map(str::to_owned));
    for name in names {
        let columns = |engine: &str| -> Vec<String> {
            let file = format!("{}/migrations/{name}.{engine}.sql", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(file).unwrap();
            let mut table = String::new();
            let mut found = Vec::new();
            for line in text.lines() {
                if let Some(rest) = line.strip_prefix("create table ") {
                    table = rest.split_whitespace().next().unwrap().to_owned();
                } else if line.starts_with("    ") && !table.is_empty() {
                    let word = line.split_whitespace().next().unwrap();
                    found.push(format!("{table}.{word}"));
                } else {
                    table.clear();
                }
            }
            found
        };
        assert_eq!(columns("sqlite"), columns("postgres"), "{name}");
    }
}

#[test]
fn the_doors_around_a_tenant_are_on_the_golden_list() {
    let mut list = String::from("# Platform statements: name, effect, why.\n");
    for sql in all_platform() {
        list += &format!("{} {:?}: {}\n", sql.name(), sql.effect(), sql.why());
    }
    list += "\n# Reasons for a commit without an entry.\n";
    for reason in QuietReason::ALL {
        list += &format!("{reason:?}: {}\n", reason.why());
    }
    check_golden("doors.txt", &list, "a door was added or taken away");
}

#[test]
fn applied_migrations_are_frozen() {
    use std::fmt::Write;
    let mut list = String::new();
    for name in migrations() {
        let file = format!("{}/migrations/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read(file).unwrap();
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &text);
        let hex: String = hash.as_ref().iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        list += &format!("{hex}  {name}\n");
    }
    check_golden("migrations.txt", &list, "a migration was changed or added");
}

/// Every migration as `folder/file`, sorted.
fn migrations() -> Vec<String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut names = Vec::new();
    for folder in ["audit", "control", "tenant"] {
        for file in std::fs::read_dir(top.join(folder)).unwrap() {
            names.push(format!("{folder}/{}", file.unwrap().file_name().to_str().unwrap()));
        }
    }
    names.sort();
    names
}

/// `UPDATE_GOLDEN=1` writes the file anew, except in CI.
pub(crate) fn check_golden(name: &str, list: &str, fault: &str) {
    let golden = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
        std::fs::write(&golden, list).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    assert!(expected == list, "{fault}, so {name} is not what the code has:\n{list}");
}
