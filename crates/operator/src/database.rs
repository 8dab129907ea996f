//! `database prepare`: roles, schema and walls in PostgreSQL, and the addresses to put into the
//! settings.
//!
//! Always true
//! 1. The administrator's address comes from a file, and the new ones go into files for their owner
//!    alone; no address is an argument, because arguments are public on the machine.
//! 2. Repeating it keeps the passwords that were handed out before.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use domain::Mint;
use seal::{SystemClock, SystemEntropy};
use serde_json::json;
use server::config::Engine;
use store::postgres::{Roles, prepare};
use store::{PostgresTarget, StoreError};
use tokio_postgres::config::Host;
use tokio_postgres::{Config as Address, NoTls};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};
use crate::folders::{self, FolderError};
use crate::output::Output;
use crate::settings::Settings;
use crate::users::Separation;

/// Longest address.
const ADDRESS_BYTES_MAX: usize = 4_096;
/// What the roles' names begin with, unless a database is made.
const PREFIX: &str = "casemate";

/// PostgreSQL.
#[derive(Debug, clap::Subcommand)]
pub enum Database {
    /// Make a database ready: roles, schema, walls. Needs an administrator's address.
    Prepare(Prepare),
}

/// `database prepare`.
#[derive(Debug, clap::Args)]
pub struct Prepare {
    /// File with the administrator's address (postgresql://...)
    #[arg(long, value_name = "FILE")]
    url_file: PathBuf,
    /// Folder for the new addresses: runtime.url, platform.url, backup.url
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Make a database of this name first, over a Unix socket; roles begin with it, too
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// PEM certificates that the server's TLS is verified with; without them the address is a Unix
    /// socket
    #[arg(long, value_name = "FILE")]
    root_certificate: Option<PathBuf>,
}

impl Database {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        let Self::Prepare(prepare) = self;
        crate::runtime()?.block_on(prepare.run(output))
    }
}

impl Prepare {
    async fn run(self, output: &Output) -> Result<(), Failure> {
        let mut admin = read_address(&self.url_file)?;
        let prefix = self.name.as_deref().unwrap_or(PREFIX);
        let roles = Roles::without_passwords(prefix)?;
        if let Some(name) = &self.name {
            make_database(&admin, name).await?;
            admin.dbname(name);
        }
        self.make_out()?;
        let mint = Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy));
        let password = |file: &str| kept_password(&self.out.join(file), &mint);
        let (runtime, platform, backup) =
            (password("runtime.url"), password("platform.url"), password("backup.url"));
        for (file, user, password) in [
            ("runtime.url", roles.runtime(), &runtime),
            ("platform.url", roles.platform(), &platform),
            ("backup.url", roles.backup(), &backup),
        ] {
            let address = written(&admin, &user, Some(password));
            folders::write_whole(&self.out.join(file), address.as_bytes())?;
        }
        self.hand_over()?;
        let roles = roles.with_passwords(runtime, platform, backup);
        let target = written(
            &admin,
            admin.get_user().unwrap_or("postgres"),
            admin_password(&admin).as_ref(),
        );
        let target = match &self.root_certificate {
            Some(certificate) => PostgresTarget::tls(target.as_str(), certificate.clone()),
            None => PostgresTarget::socket(target.as_str()),
        };
        prepare(&target, &roles, &mint).await?;
        self.tell(output);
        Ok(())
    }

    /// A new folder lets the user of `serve` through to its files, whose modes say who reads them.
    fn make_out(&self) -> Result<(), FolderError> {
        if self.out.is_dir() { Ok(()) } else { folders::make(&self.out, 0o711) }
    }

    /// Made by root, the addresses of `serve` belong to the user that `up` gives it; the backup's
    /// stays root's.
    fn hand_over(&self) -> Result<(), FolderError> {
        let Separation::Users { serve, .. } = Separation::of_this_process() else { return Ok(()) };
        ["runtime.url", "platform.url"]
            .iter()
            .try_for_each(|file| folders::set_owner(&self.out.join(file), serve.uid, serve.gid))
    }

    fn tell(&self, output: &Output) {
        let at = |file: &str| self.out.join(file);
        let (runtime, platform) = (at("runtime.url"), at("platform.url"));
        output.result(
            "database.prepared",
            json!({"runtime_url_file": runtime, "platform_url_file": platform}),
            &format!(
                "The database is ready. Put this into casemate.toml:\n\n[database]\nengine = \"postgres\"\n\
                 runtime_url_file = {:?}\nplatform_url_file = {:?}",
                runtime.display().to_string(),
                platform.display().to_string(),
            ),
        );
    }
}

/// An administrator who restores.
pub(crate) struct Administrator {
    /// Server, database and credential.
    pub(crate) address: Address,
    /// What TLS is verified with; without it the address is a Unix socket.
    pub(crate) certificate: Option<PathBuf>,
    /// What the roles' names begin with.
    pub(crate) prefix: String,
}

impl Administrator {
    /// Reads the server and credential from `file`; the database is the one that the settings lead
    /// to.
    ///
    /// # Errors
    /// When either address cannot be read.
    pub(crate) fn read(
        file: &Path,
        settings: &Settings,
        prefix: &str,
        certificate: Option<PathBuf>,
    ) -> Result<Self, Failure> {
        let mut address = read_address(file)?;
        if let Engine::Postgres(urls) = &settings.config.database.engine {
            let platform = urls.platform.expose_text().and_then(|text| text.parse().ok());
            let database = platform.and_then(|url: Address| url.get_dbname().map(String::from));
            address.dbname(database.as_deref().unwrap_or("postgres"));
        }
        Roles::without_passwords(prefix)?;
        Ok(Self { address, certificate, prefix: prefix.to_owned() })
    }

    /// For the store.
    pub(crate) fn target(&self) -> PostgresTarget {
        let user = self.address.get_user().unwrap_or("postgres");
        let text = written(&self.address, user, admin_password(&self.address).as_ref());
        match &self.certificate {
            Some(certificate) => PostgresTarget::tls(text.as_str(), certificate.clone()),
            None => PostgresTarget::socket(text.as_str()),
        }
    }

    /// Removes the schema that `database prepare` made, if no installation was ever in it.
    ///
    /// # Errors
    /// [`Exit::Conflict`] when one is.
    pub(crate) async fn clear_unused(&self) -> Result<(), Failure> {
        if store::postgres::clear_unused(&self.target()).await? {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Conflict,
            "the database is not empty",
            "restore into a new database: casemate database prepare --name NAME",
        ))
    }
}

pub(crate) fn read_address(path: &Path) -> Result<Address, Failure> {
    let bytes = std::fs::read(path).map_err(|e| FolderError::new(path, "read", e))?;
    let text = Zeroizing::new(bytes);
    let address = std::str::from_utf8(&text).ok().filter(|text| text.len() <= ADDRESS_BYTES_MAX);
    address.and_then(|text| text.trim().parse().ok()).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("{} does not hold a PostgreSQL address", path.display()),
            "write one line into it, such as postgresql://postgres@%2Frun%2Fpostgresql/postgres",
        )
    })
}

/// Makes the database unless it is there. `name` was accepted as a prefix of roles, so it needs no
/// quoting.
async fn make_database(admin: &Address, name: &str) -> Result<(), Failure> {
    let sockets_only = admin.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
    if !sockets_only {
        return Err(Failure::new(
            Exit::Usage,
            "a database is made over a Unix socket only",
            "make it yourself, name it in the address, and leave --name away",
        ));
    }
    let unreachable = |_| Failure::from(StoreError::Unreachable);
    let (client, driver) = admin.connect(NoTls).await.map_err(unreachable)?;
    let make = async {
        let exists = "select 1 from pg_database where datname = $1";
        if client.query_opt(exists, &[&name]).await?.is_none() {
            client.batch_execute(&format!("create database {name}")).await?;
        }
        drop(client);
        Ok(())
    };
    let (made, _) = tokio::join!(make, driver);
    made.map_err(unreachable)
}

/// The password in an address that was written before, else a new one of 160 random bits.
fn kept_password(path: &Path, mint: &Mint) -> Zeroizing<String> {
    let before = std::fs::read_to_string(path).map(Zeroizing::new).ok();
    let before = before.and_then(|text| text.trim().parse::<Address>().ok());
    before
        .and_then(|address| admin_password(&address))
        .unwrap_or_else(|| Zeroizing::new(BASE32_NOPAD.encode(&mint.bytes::<20>())))
}

pub(crate) fn admin_password(address: &Address) -> Option<Zeroizing<String>> {
    String::from_utf8(address.get_password()?.to_vec()).ok().map(Zeroizing::new)
}

/// The address of `admin`'s server and database for another user, in key=value form.
fn written(admin: &Address, user: &str, password: Option<&Zeroizing<String>>) -> Zeroizing<String> {
    let hosts: Vec<String> = admin
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let ports: Vec<String> = admin.get_ports().iter().map(u16::to_string).collect();
    let database = admin.get_dbname().unwrap_or("postgres");
    let pairs = [
        ("host", hosts.join(",")),
        ("port", ports.join(",")),
        ("dbname", database.to_owned()),
        ("user", user.to_owned()),
    ];
    let mut text = Zeroizing::new(String::new());
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        push_pair(&mut text, key, value);
    }
    if let Some(password) = password {
        push_pair(&mut text, "password", password);
    }
    text
}

/// Adds `key='value'` in the quoting of libpq.
fn push_pair(text: &mut String, key: &str, value: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(key);
    text.push_str("='");
    for character in value.chars() {
        if matches!(character, '\'' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('\'');
}

#[cfg(test)]
mod tests {
    use seal::SystemEntropy;

    use super::*;

    fn mint() -> Mint {
        Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    #[test]
    fn an_address_for_another_user_leads_to_the_same_server_and_database() {
        let admin: Address = "postgresql://postgres@%2Frun%2Fpg:5433/shop".parse().unwrap();
        let password = Zeroizing::new(r"it's \ odd".to_owned());
        let address: Address =
            written(&admin, "casemate_runtime", Some(&password)).parse().unwrap();
        assert_eq!(address.get_hosts(), admin.get_hosts());
        assert_eq!((address.get_ports(), address.get_dbname()), ([5433].as_slice(), Some("shop")));
        assert_eq!(address.get_user(), Some("casemate_runtime"));
        assert_eq!(address.get_password(), Some(password.as_bytes()));
    }

    #[test]
    fn a_password_that_was_handed_out_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runtime.url");
        let first = kept_password(&path, &mint());
        let admin: Address = "host=/run/pg user=postgres".parse().unwrap();
        std::fs::write(&path, written(&admin, "casemate_runtime", Some(&first)).as_str()).unwrap();
        assert_eq!(kept_password(&path, &mint()), first);
        assert_eq!(first.len(), 32);
    }

    #[test]
    fn a_file_that_is_no_address_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("url");
        assert!(read_address(&path).is_err());
        std::fs::write(&path, "nonsense").unwrap();
        assert_eq!(read_address(&path).unwrap_err().exit(), Exit::Usage);
    }
}
