//! Making a database ready: roles, schema, migrations, grants. Run by an administrator, before
//! `serve`.
//!
//! Always true
//! 1. Repeating it changes nothing that is right, and mends attributes and grants that are not.
//! 2. The owner of the tables cannot sign in; those who sign in own nothing, and row security is
//!    forced on all.
//! 3. Passwords reach the server as SCRAM verifiers, never in clear.

use domain::Mint;
use tokio_postgres::{Client, NoTls};
use zeroize::Zeroizing;

use super::grants::{self, Grant};
use super::{connect, link};
use crate::engine::migrations::POSTGRES;
use crate::{PostgresTarget, Refusal, StoreError};

/// The roles of one installation. Roles belong to the whole cluster, so their names have a prefix.
#[derive(Clone)]
pub struct Roles {
    prefix: String,
    runtime: Option<Zeroizing<String>>,
    platform: Option<Zeroizing<String>>,
    backup: Option<Zeroizing<String>>,
}

impl Roles {
    /// Roles without passwords, for sockets with peer authentication: `<prefix>_owner`,
    /// `<prefix>_runtime`, `<prefix>_platform`, `<prefix>_backup`.
    ///
    /// # Errors
    /// [`Refusal::Address`]: the prefix is not 1 to 40 of `a-z 0-9 _`.
    pub fn without_passwords(prefix: &str) -> Result<Self, StoreError> {
        if !plain(prefix, 40) {
            return Err(Refusal::Address.into());
        }
        Ok(Self { prefix: prefix.to_owned(), runtime: None, platform: None, backup: None })
    }

    /// The same roles with passwords.
    #[must_use]
    pub fn with_passwords(
        self,
        runtime: Zeroizing<String>,
        platform: Zeroizing<String>,
        backup: Zeroizing<String>,
    ) -> Self {
        Self { runtime: Some(runtime), platform: Some(platform), backup: Some(backup), ..self }
    }

    /// Owner of the tables; cannot sign in.
    #[must_use]
    pub fn owner(&self) -> String {
        format!("{}_owner", self.prefix)
    }

    /// Tenant rows, by row security.
    #[must_use]
    pub fn runtime(&self) -> String {
        format!("{}_runtime", self.prefix)
    }

    /// Platform rows.
    #[must_use]
    pub fn platform(&self) -> String {
        format!("{}_platform", self.prefix)
    }

    /// Reads everything, for backups; row security does not apply to it.
    #[must_use]
    pub fn backup(&self) -> String {
        format!("{}_backup", self.prefix)
    }
}

/// Makes the database of `admin` ready: roles, schema, migrations, grants. `admin` is a superuser,
/// or a role that may create roles and owns the database.
///
/// # Errors
/// [`StoreError::Refused`]: the database is newer than this program, or has another history.
pub async fn prepare(admin: &PostgresTarget, roles: &Roles, mint: &Mint) -> Result<(), StoreError> {
    let client = connected(admin).await?;
    let prepared = async {
        // One preparation at a time; roles are shared by the cluster, so two could race for them.
        run(&client, "select pg_advisory_lock(4850178302611)").await?;
        make_roles(&client, roles).await?;
        make_schema(&client, roles).await?;
        run(&client, &format!("set role {}", roles.owner())).await?;
        migrate(&client, mint).await?;
        grant(&client, roles).await
    };
    prepared.await
}

/// Makes an empty database next to the one that `admin` names, unless it exists.
///
/// # Errors
/// [`Refusal::Address`]: the name is not 1 to 60 of `a-z 0-9 _`.
pub async fn create_database(admin: &PostgresTarget, name: &str) -> Result<(), StoreError> {
    if !plain(name, 60) {
        return Err(Refusal::Address.into());
    }
    let client = connected(admin).await?;
    let found = client
        .query_opt("select 1 from pg_database where datname = $1", &[&name])
        .await
        .map_err(|error| link::meaning(&error))?;
    match found {
        Some(_) => Ok(()),
        None => {
            run(&client, &format!("create database {name} template template0 encoding 'UTF8'"))
                .await
        }
    }
}

/// Removes the schema of a database in which no installation ever was; `false` when one is.
///
/// # Errors
/// [`StoreError::Unreachable`], and what the administrator may not do.
pub async fn clear_unused(admin: &PostgresTarget) -> Result<bool, StoreError> {
    let client = connected(admin).await?;
    let one = |text: &'static str| client.query_opt(text, &[]);
    let prepared = one("select 1 from pg_tables where schemaname = 'casemate' \
        and tablename = 'instance'");
    if prepared.await.map_err(|error| link::meaning(&error))?.is_some() {
        let used = one("select 1 from casemate.instance");
        if used.await.map_err(|error| link::meaning(&error))?.is_some() {
            return Ok(false);
        }
    }
    run(&client, "drop schema if exists casemate cascade").await?;
    Ok(true)
}

/// Whether a name needs no quoting anywhere.
fn plain(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// One connection of the administrator's, driven until it is dropped.
async fn connected(admin: &PostgresTarget) -> Result<Client, StoreError> {
    let config = connect::configured(admin)?;
    // The driver's task ends with the client, so nothing has to wait for it.
    match connect::tls(admin)? {
        None => {
            let (client, driver) =
                config.connect(NoTls).await.map_err(|error| link::meaning(&error))?;
            drive(driver);
            Ok(client)
        }
        Some(tls) => {
            let (client, driver) =
                config.connect(tls).await.map_err(|error| link::meaning(&error))?;
            drive(driver);
            Ok(client)
        }
    }
}

fn drive<F>(driver: F)
where
    F: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
{
    tokio::runtime::Handle::current().spawn(async move {
        if driver.await.is_err() {
            tracing::warn!("the administrator's connection ended");
        }
    });
}

async fn run(client: &Client, text: &str) -> Result<(), StoreError> {
    client.batch_execute(text).await.map_err(|error| link::meaning(&error))
}

async fn make_roles(client: &Client, roles: &Roles) -> Result<(), StoreError> {
    const WEAK: &str = "nosuperuser nobypassrls nocreatedb nocreaterole noreplication noinherit";
    role(client, &roles.owner(), &format!("nologin {WEAK}"), None).await?;
    role(client, &roles.runtime(), &format!("login {WEAK}"), roles.runtime.as_ref()).await?;
    role(client, &roles.platform(), &format!("login {WEAK}"), roles.platform.as_ref()).await?;
    let backup = "login nosuperuser bypassrls nocreatedb nocreaterole noreplication noinherit";
    role(client, &roles.backup(), backup, roles.backup.as_ref()).await
}

async fn role(
    client: &Client,
    name: &str,
    attributes: &str,
    password: Option<&Zeroizing<String>>,
) -> Result<(), StoreError> {
    let found = client
        .query_opt("select 1 from pg_roles where rolname = $1", &[&name])
        .await
        .map_err(|error| link::meaning(&error))?;
    let verb = if found.is_some() { "alter" } else { "create" };
    let verifier = password.map(|password| {
        // A verifier has letters, digits and `+/=:$` only, so it needs no quoting.
        let verifier = postgres_protocol::password::scram_sha_256(password.as_bytes());
        format!(" password '{verifier}'")
    });
    run(client, &format!("{verb} role {name} {attributes}{}", verifier.unwrap_or_default())).await
}

async fn make_schema(client: &Client, roles: &Roles) -> Result<(), StoreError> {
    let (owner, runtime, platform, backup) =
        (roles.owner(), roles.runtime(), roles.platform(), roles.backup());
    run(
        client,
        &format!(
            "create schema if not exists casemate authorization {owner};
             revoke all on schema casemate from public;
             revoke all on schema public from public;
             grant usage on schema casemate to {runtime}, {platform}, {backup};
             do $$ begin
                 execute format('revoke all on database %I from public', current_database());
                 execute format(
                     'grant connect on database %I to {runtime}, {platform}, {backup}',
                     current_database());
             end $$"
        ),
    )
    .await
}

async fn migrate(client: &Client, mint: &Mint) -> Result<(), StoreError> {
    run(
        client,
        "create table if not exists migrations (number bigint primary key, name text not null, \
         hash bytea not null, applied_at_ms bigint not null)",
    )
    .await?;
    let applied = client
        .query("select hash from migrations order by number", &[])
        .await
        .map_err(|error| link::meaning(&error))?;
    if applied.len() > POSTGRES.len() {
        return Err(Refusal::NewerFormat {
            found: u32::try_from(applied.len()).unwrap_or(u32::MAX),
            known: crate::engine::migrations::format_of(POSTGRES),
        }
        .into());
    }
    for (number, migration) in (1_u32..).zip(POSTGRES) {
        let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
        if let Some(row) = applied.get(index) {
            let hash: &[u8] = row.try_get(0).map_err(|_| StoreError::Corrupt)?;
            if hash != migration.hash() {
                return Err(Refusal::OtherHistory(number).into());
            }
            continue;
        }
        run(client, "begin").await?;
        let done = async {
            run(client, migration.text).await?;
            client
                .execute(
                    "insert into migrations values ($1, $2, $3, $4)",
                    &[
                        &i64::from(number),
                        &migration.name,
                        &migration.hash().as_slice(),
                        &mint.now().0,
                    ],
                )
                .await
                .map_err(|error| link::meaning(&error))
        };
        match done.await {
            Ok(_) => run(client, "commit").await?,
            Err(error) => {
                run(client, "rollback").await?;
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Takes everything away and grants what is listed, in one transaction.
async fn grant(client: &Client, roles: &Roles) -> Result<(), StoreError> {
    let (runtime, platform, backup) = (roles.runtime(), roles.platform(), roles.backup());
    let mut text = format!(
        "begin; revoke all on all tables in schema casemate from public, {runtime}, {platform}, \
         {backup}; revoke all on all functions in schema casemate from public; \
         grant select on all tables in schema casemate to {backup};"
    );
    let mut give = |(table, privileges): &Grant, role: &str| {
        text.push_str(&format!("grant {} on {table} to {role};", privileges.join(", ")));
    };
    grants::of_runtime().for_each(|one| give(one, &runtime));
    grants::of_platform().for_each(|one| give(one, &platform));
    text.push_str("commit");
    run(client, &text).await
}
