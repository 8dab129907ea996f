//! Programs that must not compile, each with the compiler's own error code.
//!
//! They are given to the pinned `rustc` beside the libraries that this test was built with, so
//! nothing is built a second time. A program that does compile comes first: it shows that the
//! others fail for the reason named.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The folder with the libraries this test was linked from.
fn libraries() -> PathBuf {
    env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// The newest `lib<name>-<hash>.rlib`.
fn library(name: &str) -> PathBuf {
    let prefix = format!("lib{name}-");
    fs::read_dir(libraries())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "rlib"))
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(&prefix))
        .max_by_key(|path| {
            path.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
        })
        .unwrap_or_else(|| panic!("no library of {name} beside this test"))
}

#[allow(clippy::disallowed_methods, reason = "cargo names its compiler this way")]
fn compiler() -> String {
    env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned())
}

/// What the compiler says about `program`, the body of a function; empty when it compiles.
fn compile(name: &str, program: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join(format!("{name}.rs"));
    let text = format!(
        "#![allow(unused)]\nuse domain::*;\nuse domain::authz::*;\n\
         pub fn program(user: UserId, tenant: TenantId, scope: Scope,\n\
         actor: Authority, target: Standing) {{\n{program}\n}}\n"
    );
    fs::write(&source, text).unwrap();
    let out = Command::new(compiler())
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--out-dir"])
        .arg(folder.path())
        .arg("-L")
        .arg(
            Path::new("dependency=").as_os_str().to_string_lossy().into_owned()
                + &libraries().to_string_lossy(),
        )
        .arg("--extern")
        .arg(format!("domain={}", library("domain").display()))
        .arg(&source)
        .output()
        .unwrap();
    if out.status.success() {
        String::new()
    } else {
        String::from_utf8_lossy(&out.stderr).into_owned()
    }
}

#[track_caller]
fn refused(name: &str, code: &str, program: &str) {
    let said = compile(name, program);
    assert!(said.contains(&format!("error[{code}]")), "{name} wants {code}, got:\n{said}");
}

#[test]
fn a_lawful_program_compiles() {
    let said = compile(
        "lawful",
        "let permit = rank::decide_remove(&actor, &target).ok().map(|p| p.into_inner());\n\
         let same: bool = scope.tenant() == tenant && user == target.user;\n\
         let read = decide(&actor, ReadWorkspace {}).is_ok();",
    );
    assert_eq!(said, "");
}

#[test]
fn a_permit_cannot_be_made_outside_the_rules() {
    refused("permit_constructor", "E0624", "let permit = Permit::granted(ReadWorkspace {});");
    refused("permit_fields", "E0423", "let permit = Permit(ReadWorkspace {});");
}

#[test]
fn a_permit_cannot_be_used_twice() {
    refused(
        "permit_clone",
        "E0599",
        "let permit = decide(&actor, ReadWorkspace {}).unwrap(); let two = permit.clone();",
    );
    refused(
        "permit_moved",
        "E0382",
        "let permit = decide(&actor, ReadWorkspace {}).unwrap();\n\
         let one = permit.into_inner(); let two = permit.into_inner();",
    );
}

#[test]
fn a_scope_cannot_be_pointed_at_another_tenant() {
    refused("scope_field", "E0616", "let other = scope.tenant;");
    refused("scope_written", "E0616", "let mut scope = scope; scope.tenant = tenant;");
    refused("scope_literal", "E0451", "let other = Scope { tenant, ..scope };");
}

#[test]
fn ids_of_different_kinds_do_not_mix() {
    refused("ids_compared", "E0308", "let same = user == tenant;");
    refused("ids_passed", "E0308", "let team: TenantId = user;");
    refused("ids_turned", "E0277", "let team: TenantId = user.into();");
}

#[test]
fn an_account_opens_no_tenant() {
    refused(
        "account_tenant",
        "E0599",
        "fn tenant_of(account: &AccountScope) -> TenantId { account.tenant() }",
    );
}

#[test]
fn a_membership_act_is_not_a_plain_act() {
    refused(
        "membership_as_plain",
        "E0277",
        "let act = rank::RemoveMember { target: user, role: Role::Viewer };\n\
         let permit = decide(&actor, act);",
    );
    refused(
        "home_made_act",
        "E0277",
        "struct Mine; impl Conduct for Mine {\n\
         fn act(&self) -> Act { Act::WorkspaceRead }\n\
         fn place(&self) -> Place { Place::Workspace } }",
    );
}

#[test]
fn sealed_bytes_are_not_text() {
    refused(
        "sealed_shown",
        "E0277",
        "fn show(sealed: &Sealed) -> String { format!(\"{sealed}\") }",
    );
}
