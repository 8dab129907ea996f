//! `sealing shred` and `sealing verify`: keys destroyed for good, and the certificate of it.
//!
//! Always true: the certificate is the result; it is printed whole, and verifies with the public
//! key alone.

use std::path::{Path, PathBuf};

use broker::Broker;
use domain::{SecretId, TenantId, UserId};
use ledger::{Person as Erased, ShredCertificate, VerifierKey};
use notary::erasure::erase_person;
use serde_json::json;
use store::{Store, StoreError};
use vault::sealing::{shred_person, shred_secret, shred_workspace};

use super::host;
use super::rotate::{Progress, certificate_fields};
use crate::data;
use crate::failure::{Exit, Failure};
use crate::folders::FolderError;
use crate::output::Output;
use crate::settings::{Folders, Settings};

/// Largest file that is read.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Destroy keys for good.
#[derive(Debug, clap::Subcommand)]
pub enum Shred {
    /// Everything a workspace ever sealed.
    Workspace(Workspace),
    /// Everything sealed for a person, and their values in every log. They cannot sign in any more.
    Person(Person),
    /// One secret, with every older backup of its environment.
    Secret(Secret),
}

/// What every order says.
#[derive(Debug, clap::Args)]
struct Order {
    /// Yes: it cannot be undone, and no backup brings it back
    #[arg(long, required = true)]
    yes: bool,
    #[command(flatten)]
    folders: Folders,
}

/// `sealing shred workspace`.
#[derive(Debug, clap::Args)]
pub struct Workspace {
    /// The workspace's id
    tenant: TenantId,
    #[command(flatten)]
    order: Order,
}

/// `sealing shred person`.
#[derive(Debug, clap::Args)]
pub struct Person {
    /// The person's id
    user: UserId,
    #[command(flatten)]
    order: Order,
}

/// `sealing shred secret`.
#[derive(Debug, clap::Args)]
pub struct Secret {
    /// The workspace's id
    tenant: TenantId,
    /// The secret's id
    secret: SecretId,
    #[command(flatten)]
    order: Order,
}

/// `sealing verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The certificate
    certificate: PathBuf,
    /// The installation's public log key, as `casemate verify` takes it
    #[arg(long = "key", value_name = "FILE")]
    key_file: PathBuf,
}

impl Shred {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Workspace(of) => of.order.carry_out(output, async |store, broker| {
                Ok(vec![shred_workspace(store, broker, &host(store), of.tenant).await?])
            }),
            Self::Person(of) => of.order.carry_out(output, async |store, broker| {
                let certificate = shred_person(store, broker, &host(store), of.user).await?;
                erase_values(output, store, of.user).await?;
                Ok(vec![certificate])
            }),
            Self::Secret(of) => of.order.carry_out(output, async |store, broker| {
                let progress = Progress::new(output);
                let (look, which) = (|step| progress.took(step), (of.tenant, of.secret));
                Ok(shred_secret(store, broker, &host(store), which, &look).await?)
            }),
        }
    }
}

/// What the logs hold of them beside their entries: addresses, agents, what they wrote.
async fn erase_values(output: &Output, store: &Store, user: UserId) -> Result<(), Failure> {
    let known = store.platform_read::<_, StoreError>(move |tx| tx.users().find(user)).await?;
    let person = Erased { user, email: known.map(|known| known.email.as_str().to_owned()) };
    let erased = erase_person(store, &host(store), &person).await?;
    let fields = json!({ "user": user, "logs": erased.units, "values": erased.values });
    let text = format!("{} values erased in {} logs", erased.values, erased.units);
    output.result("sealing.erased", fields, &text);
    Ok(())
}

impl Order {
    fn carry_out(
        &self,
        output: &Output,
        work: impl AsyncFnOnce(&Store, &Broker) -> Result<Vec<String>, Failure>,
    ) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let (certificates, key) = crate::runtime()?.block_on(async {
            let broker = Broker::connect(&settings.config.broker.socket).await?;
            let store = data::open(&settings).await?;
            let done = work(&store, &broker).await;
            store.close().await;
            Ok::<_, Failure>((done?, broker.log_key().await?))
        })?;
        let key = VerifierKey::parse(&key).map_err(|_| not_believed())?;
        for note in certificates {
            let read = ShredCertificate::open(&note, std::slice::from_ref(&key));
            let mut fields = certificate_fields(&read.map_err(|_| not_believed())?);
            if let Some(fields) = fields.as_object_mut() {
                fields.insert("certificate".into(), note.clone().into());
            }
            output.result("sealing.shredded", fields, note.trim_end());
        }
        Ok(())
    }
}

impl Verify {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        let key = read(&self.key_file)?;
        let key = VerifierKey::parse(key.trim()).map_err(|_| {
            Failure::new(
                Exit::Usage,
                format!("{} holds no public log key", self.key_file.display()),
                "take the key that was pinned when the installation was first seen",
            )
        })?;
        let note = read(&self.certificate)?;
        let certificate = ShredCertificate::open(&note, &[key]).map_err(|error| {
            let what = format!("{}: {error}", self.certificate.display());
            Failure::new(Exit::Refused, what, "ask for the certificate once more")
        })?;
        let fields = certificate_fields(&certificate);
        output.result("sealing.verified", fields, &format!("VERIFIED: {certificate}"));
        Ok(())
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    use std::io::Read;
    let failed = |source| Failure::from(FolderError::new(path, "read", source));
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn not_believed() -> Failure {
    Failure::new(
        Exit::Failed,
        "the broker's certificate does not verify with its own key",
        "report it: this is a mistake in Casemate",
    )
}
