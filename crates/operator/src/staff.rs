//! `staff`: who works for the platform.
//!
//! Always true: being staff opens no workspace and no secret; it opens the platform's own log, and
//! only to a session that began with a passkey in hardware, as the roots of `[staff]` tell it.

use std::sync::Arc;

use domain::EmailAddress;
use identity::passkeys::HardwareRoots;
use identity::staff::{self, AppointError, Appointed, Listed};
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
    let (adding, roots) = (email.clone(), roots(&settings)?);
    let appointed = crate::runtime()?.block_on(async {
        let store = data::open(&settings).await?;
        let added = staff::add(&store, roots, adding).await;
        store.close().await;
        added.map(|done| done.value)
    })?;
    let (ready, next) = match appointed {
        Appointed::Ready => (true, ""),
        Appointed::NeedsPasskey => {
            (false, "\n\nNext: they register a security key at /passkeys, and sign in with it.")
        }
        Appointed::NeedsRoots => (
            false,
            "\n\nNobody acts as staff yet: no vendor's root says what hardware is.\nNext: put the \
             roots of your security keys' vendors into a PEM file, name it in\n\
             staff.attestation_roots_file, restart, and have them register a key at /passkeys.",
        ),
    };
    output.result(
        "staff.add",
        json!({ "email": email, "ready": ready }),
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
    let roots = roots(&settings)?;
    let listed = crate::runtime()?.block_on(async {
        let store = data::open(&settings).await?;
        let listed = staff::list(&store, roots).await;
        store.close().await;
        listed
    })?;
    let lines: Vec<String> = listed.iter().map(line).collect();
    let shown: Vec<_> = listed
        .iter()
        .map(|Listed { member, holds_hardware }| {
            json!({
                "email": member.email, "role": member.role.as_str(),
                "added_at_ms": member.added_at.0, "added_by": member.added_by,
                "ready": holds_hardware,
            })
        })
        .collect();
    let text = if lines.is_empty() { "Nobody is staff.".to_owned() } else { lines.join("\n") };
    output.result("staff.list", json!({ "staff": shown }), &text);
    Ok(())
}

fn line(Listed { member, holds_hardware }: &Listed) -> String {
    let missing = if *holds_hardware { "" } else { ", without a passkey in hardware" };
    format!("{} ({}{missing})", member.email, member.role.as_str())
}

/// The roots of the settings.
fn roots(settings: &Settings) -> Result<Arc<HardwareRoots>, Failure> {
    let read = settings.config.staff.hardware_roots();
    Ok(Arc::new(read.map_err(server::ServeError::Staff)?))
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
