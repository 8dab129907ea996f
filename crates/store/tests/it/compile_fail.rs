//! Programs that must not compile: each is one way around a wall of types. They are compiled by
//! `rustc` against the library that this test links to, beside one program that must compile, so
//! that a broken call of `rustc` cannot look like a standing wall.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What every program starts with.
const BEFORE: &str = "
    extern crate domain; extern crate ledger; extern crate store;
    #[allow(unused_imports)] use store::*;
    #[allow(unused_imports)] use domain::{Scope, Sealed, authz::*};
    #[allow(unused)] use store::sql::{PlatformSql, TenantSql};
    pub type Failed = StoreError;
";

/// A program, and what the compiler has to say about it.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "a select without the tenant",
        "pub const S: TenantSql = TenantSql::new(\"a\", \"select name from secrets\");",
        "a tenant statement says `tenant_id = $1`",
    ),
    (
        "the tenant as another value",
        "pub const S: TenantSql = \
         TenantSql::new(\"a\", \"select a from b where tenant_id = $10\");",
        "a tenant statement says `tenant_id = $1`",
    ),
    (
        "an insert that takes the tenant from elsewhere",
        "pub const S: TenantSql = \
         TenantSql::new(\"a\", \"insert into b (tenant_id, c) values ($2, $1)\");",
        "a tenant statement says `tenant_id = $1`",
    ),
    (
        "a statement that is not about rows",
        "pub const S: TenantSql = TenantSql::new(\"a\", \"drop table b; -- tenant_id = $1\");",
        "a statement is a select, insert, update or delete",
    ),
    (
        "a platform statement over a tenant's rows",
        "pub const S: PlatformSql = PlatformSql::new(\"a\", \"because I would like to\", \
         \"select a from secrets where tenant_id = $1\");",
        "never touches a tenant's rows",
    ),
    (
        "a platform statement without a reason",
        "pub const S: PlatformSql = PlatformSql::new(\"a\", \"\", \"select a from users\");",
        "states its reason",
    ),
    (
        "a write that locks",
        "pub const S: TenantSql = \
         TenantSql::new(\"a\", \"delete from b where tenant_id = $1\").locking();",
        "only a select can lock",
    ),
    (
        "a forged transaction",
        "pub fn f<'t>(scope: &'t Scope) -> TenantTx<'t> { TenantTx { scope, bound: loop {} } }",
        "E0451",
    ),
    (
        "a commit that says nothing of an event",
        "pub fn f() -> Commit<()> { Commit { value: (), end: loop {} } }",
        "E0451",
    ),
    (
        "a use case that ends without a commit",
        "pub async fn f(s: &Store, scope: &Scope) { \
         let _ = s.write::<(), Failed>(scope, |tx| { tx.team().lock()?; Ok(()) }).await; }",
        "E0308",
    ),
    (
        "a secret in clear",
        "pub fn f(tx: &mut TenantTx<'_>, p: Permit<SetSecret>, id: domain::SecretId, \
         u: domain::UserId) { \
         let _ = tx.secrets().set(p, id, u, &String::from(\"hunter2\")); }",
        "E0308",
    ),
    (
        "a seed in clear",
        "pub fn f(id: domain::UserId, email: domain::EmailAddress) -> NewUser { \
         NewUser { id, email, \
         password_hash: String::new(), totp: vec![1_u8], totp_last_step: 0 } }",
        "E0308",
    ),
    (
        "loose values instead of a permit",
        "pub fn f(tx: &mut TenantTx<'_>, target: domain::UserId, from: Role, to: Role) { \
         let act = ChangeRole { target, from, to, remaining: Default::default() }; \
         let _ = tx.members().change_role(act); }",
        "E0308",
    ),
    (
        "a permit used twice",
        "pub fn f(tx: &mut TenantTx<'_>, p: Permit<RemoveMember>) { \
         let _ = tx.members().remove(p); let _ = tx.members().remove(p); }",
        "E0382",
    ),
    (
        "a permit for another act",
        "pub fn f(tx: &mut TenantTx<'_>, p: Permit<SetSecret>) { let _ = tx.members().remove(p); }",
        "E0308",
    ),
    (
        "platform tables from a tenant's transaction",
        "pub fn f(tx: &mut TenantTx<'_>) { let _ = tx.users(); }",
        "E0599",
    ),
    (
        "a tenant's tables from a platform transaction",
        "pub fn f(tx: &mut PlatformTx<'_>) { let _ = tx.secrets(); }",
        "E0599",
    ),
    (
        "a tenant's tables from the notary's transaction",
        "pub fn f(tx: &mut AuditTx<'_>) { let _ = tx.members(); }",
        "E0599",
    ),
    (
        "a tenant's transaction without a scope",
        "pub async fn f(s: &Store, tenant: domain::TenantId) { \
         let _ = s.read::<_, Failed>(tenant, |tx| tx.team().lock()).await; }",
        "E0308",
    ),
    (
        "a raw statement",
        "pub fn f(tx: &mut TenantTx<'_>) { let _ = tx.bound.run(loop {}, &[]); }",
        "E0616",
    ),
    (
        "a table handle that outlives its transaction",
        "pub async fn f(s: &Store, scope: &Scope) { \
         let _ = s.read::<Team<'static>, Failed>(scope, |tx| Ok(tx.team())).await; }",
        "cannot be sent between threads safely",
    ),
    (
        "an engine reached from outside",
        "pub fn f() { let _: Option<store::engine::Engine> = None; }",
        "E0603",
    ),
];

const ACCEPTED: &str = "
    pub const S: TenantSql = TenantSql::new(\"a\", \"select a from b where tenant_id = $1\");
    pub const P: PlatformSql = PlatformSql::new(\"a\", \"because it is so\", \"select a from b\");
    pub async fn f(s: &Store, scope: &Scope, p: Permit<RemoveMember>)
        -> Result<Committed<()>, Failed> {
        s.write(scope, |tx| {
            tx.members().remove(p)?;
            let event = ledger::AuditEvent::new(ledger::Verb::MemberRemoved, \"member\", \"x\");
            Ok(Commit::audited(event, ()))
        }).await
    }
";

/// The folder of built libraries.
fn libraries() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_path_buf()
}

/// Builds of one of our crates, the newest first.
fn builds_of(name: &str) -> Vec<PathBuf> {
    let prefix = format!("lib{name}-");
    let mut builds: Vec<_> = std::fs::read_dir(libraries())
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            file.starts_with(&prefix) && file.ends_with(".rlib")
        })
        .collect();
    builds.sort_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
    builds.reverse();
    builds
}

/// The newest build of the store, with the builds of `domain` and `ledger` it was made with: the
/// ones with which an honest program compiles. (A folder may hold builds with other features.)
fn externs() -> &'static [String] {
    static FOUND: OnceLock<Vec<String>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let out = tempfile::tempdir().unwrap();
        let store = builds_of("store").into_iter().next().expect("the store is built");
        for domain in builds_of("domain") {
            for ledger in builds_of("ledger") {
                let externs: Vec<_> = [("domain", &domain), ("ledger", &ledger), ("store", &store)]
                    .map(|(name, path)| format!("--extern={name}={}", path.display()))
                    .to_vec();
                if compiled_with(&externs, ACCEPTED, out.path()).is_ok() {
                    return externs;
                }
            }
        }
        panic!("no builds with which an honest program compiles");
    })
}

fn compiled(program: &str, out: &Path) -> Result<(), String> {
    compiled_with(externs(), program, out)
}

fn compiled_with(externs: &[String], program: &str, out: &Path) -> Result<(), String> {
    let source = out.join("program.rs");
    std::fs::write(&source, format!("{BEFORE}{program}")).unwrap();
    let rustc = option_env!("RUSTC").unwrap_or("rustc");
    let output = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--cap-lints=allow"])
        .arg("-L")
        .arg(format!("dependency={}", libraries().display()))
        .args(externs)
        .arg("--out-dir")
        .arg(out)
        .arg(&source)
        .output()
        .unwrap();
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn an_honest_program_compiles() {
    let out = tempfile::tempdir().unwrap();
    assert_eq!(compiled(ACCEPTED, out.path()), Ok(()));
}

#[test]
fn a_program_around_a_wall_does_not_compile() {
    let out = tempfile::tempdir().unwrap();
    for (what, program, said) in REFUSED {
        let refused = compiled(program, out.path()).expect_err(what);
        assert!(refused.contains(said), "{what}: refused, but for another reason:\n{refused}");
    }
}
