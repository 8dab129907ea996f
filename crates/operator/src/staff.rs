//! `staff`: who works for the platform.
//!
//! Always true: being staff opens no workspace and no secret; it opens the platform's own log, and
//! only to a session that began with a passkey.

use domain::EmailAddress;
use identity::staff::{self, AppointError, Appointed};
use serde_json::json;

use crate::data;
use crate::failure::{Exit, Failure, Teaches};
use crate::output::Output;
use crate::settings::{Folders, Settings};

/// Who works for the platform
#[derive(Debug, clap::Subcommand)]
pub enum Staff {
    /// Make somebody with an account a member of the staff
    Add(Somebody),
    /// End somebody's being staff; their account stays
    Remove(Somebody),
    /// Who is staff
    List(Everybody),
}

/// Somebody, by their address.
#[derive(Debug, clap::Args)]
pub struct Somebody {
    /// Their e-mail address
    email: EmailAddress,
    #[command(flatten)]
    folders: Folders,
}

/// Everybody.
#[derive(Debug, clap::Args)]
pub struct Everybody {
    #[command(flatten)]
    folders: Folders,
}

impl Staff {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Add(somebody) => add(somebody, output),
            Self::Remove(somebody) => remove(somebody, output),
            Self::List(everybody) => list(&everybody, output),
        }
    }
}

fn add(somebody: Somebody, output: &Output) -> Result<(), Failure> {
    let Somebody { email, folders } = somebody;
    let settings = Settings::load(&folders, Vec::new())?;
    let adding = email.clone();
    let appointed = crate::runtime()?.block_on(async {
        let store = data::open(&settings).await?;
        let added = staff::add(&store, adding).await;
        store.close().await;
        added.map(|done| done.value)
    })?;
    let (ready, next) = match appointed {
        Appointed::Ready => (true, ""),
        Appointed::NeedsPasskey => {
            (false, "\n\nNext: they register a passkey at /passkeys, and sign in with it.")
        }
    };
    output.result(
        "staff.add",
        json!({ "email": email, "has_passkey": ready }),
        &format!("{email} is staff.{next}"),
    );
    Ok(())
}

fn remove(somebody: Somebody, output: &Output) -> Result<(), Failure> {
    let Somebody { email, folders } = somebody;
    let settings = Settings::load(&folders, Vec::new())?;
    let removing = email.clone();
    crate::runtime()?.block_on(async {
        let store = data::open(&settings).await?;
        let removed = staff::remove(&store, removing).await;
        store.close().await;
        removed
    })?;
    output.result("staff.remove", json!({ "email": email }), &format!("{email} is staff no more."));
    Ok(())
}

fn list(everybody: &Everybody, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load(&everybody.folders, Vec::new())?;
    let members = crate::runtime()?.block_on(async {
        let store = data::open(&settings).await?;
        let members = staff::list(&store).await;
        store.close().await;
        members
    })?;
    let lines: Vec<String> =
        members.iter().map(|one| format!("{} ({})", one.email, one.role.as_str())).collect();
    let shown: Vec<_> = members
        .iter()
        .map(|one| {
            json!({
                "email": one.email, "role": one.role.as_str(), "added_at_ms": one.added_at.0,
                "added_by": one.added_by,
            })
        })
        .collect();
    let text = if lines.is_empty() { "Nobody is staff.".to_owned() } else { lines.join("\n") };
    output.result("staff.list", json!({ "staff": shown }), &text);
    Ok(())
}

impl Teaches for AppointError {
    fn mend(&self) -> String {
        match self {
            Self::Nobody => "invite them into a workspace first: staff has an account".into(),
            Self::Already | Self::NotStaff => "casemate staff list shows who is".into(),
            Self::Store(error) => error.mend(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Nobody | Self::NotStaff => Exit::NotFound,
            Self::Already => Exit::Conflict,
            Self::Store(error) => error.exit(),
        }
    }
}
