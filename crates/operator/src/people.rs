//! `people`: what the host's operator may do to the account of one person.
//!
//! Always true
//! 1. It opens nothing at once: an owner who lost both factors is vouched for, and the delay, the
//!    messages and the log are those of every recovery. Without a mail server the code is handed to
//!    the operator, who hands it on.
//! 2. Each act has a reason, which is in the log of every workspace the person is in.

use broker::Broker;
use domain::{EmailAddress, Reason};
use identity::recoveries::{HostVouchError, HostVouched, recover_on_host};
use identity::sessions::{HostSignOutError, sign_out_on_host};
use serde_json::json;

use crate::data;
use crate::failure::{Exit, Failure, Teaches};
use crate::handout::Handout;
use crate::link;
use crate::output::Output;
use crate::settings::{Folders, Settings};
use crate::up::ready::Ready;

/// People's accounts
#[derive(Debug, clap::Subcommand)]
pub enum People {
    /// End every session of somebody
    SignOut(SignOut),
    /// Vouch for the owner of a workspace who lost password and second factor
    Recover(Recover),
}

/// `people sign-out`.
#[derive(Debug, clap::Args)]
pub struct SignOut {
    /// Their e-mail address
    email: EmailAddress,
    /// Why; they and their workspaces read it in their logs
    #[arg(long, value_name = "TEXT")]
    reason: Reason,
    #[command(flatten)]
    folders: Folders,
}

/// `people recover`.
#[derive(Debug, clap::Args)]
pub struct Recover {
    /// Their e-mail address
    email: EmailAddress,
    /// How you know that it is them; their workspaces read it in their logs
    #[arg(long, value_name = "TEXT")]
    reason: Reason,
    #[command(flatten)]
    folders: Folders,
}

impl People {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::SignOut(sign_out) => sign_out.run(output),
            Self::Recover(recover) => recover.run(output),
        }
    }
}

impl SignOut {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let (email, reason) = (self.email.clone(), self.reason);
        let ended = crate::runtime()?.block_on(async {
            let store = data::open(&settings).await?;
            let ended = sign_out_on_host(&store, email, reason).await;
            store.close().await;
            ended.map(|done| done.value)
        })?;
        let email = &self.email;
        let text = format!("{email} is signed out everywhere ({} sessions).", ended.len());
        output.result("people.sign_out", json!({ "email": email, "sessions": ended }), &text);
        Ok(())
    }
}

impl Recover {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let (email, reason) = (self.email.clone(), self.reason);
        let vouched = crate::runtime()?.block_on(async {
            let broker = Broker::connect(&settings.config.broker.socket).await?;
            let store = data::open(&settings).await?;
            let vouched = recover_on_host(&store, &broker, email, reason).await;
            store.close().await;
            vouched.map(|done| done.value)
        })?;
        tell(&settings, output, &self.email, &vouched)
    }
}

fn tell(
    settings: &Settings,
    output: &Output,
    email: &EmailAddress,
    done: &HostVouched,
) -> Result<(), Failure> {
    let opens_at = done.vouched.opens_at;
    let Some(code) = done.code.as_ref() else {
        let value = json!({ "email": email, "recovery": done.recovery, "opens_at_ms": null });
        let text = format!(
            "The host vouched for {email}. They are in workspaces of others too: those vouch next."
        );
        output.result("people.recover", value, &text);
        return Ok(());
    };
    let url = link::url(settings, Ready::read(&settings.places.data.ready()));
    let link = format!("{url}/recoveries/{}", done.recovery);
    let mailed = settings.config.mail.settings.is_some();
    let handed = if mailed {
        None
    } else {
        let file = settings.places.data.recovered_owner_code();
        Some(Handout::give(output, code.show().as_bytes(), &file)?)
    };
    let value = json!({
        "email": email, "recovery": done.recovery, "opens_at_ms": opens_at, "mailed": mailed,
        "link": handed.as_ref().map(|_| &link),
        "code_file": handed.as_ref().and_then(Handout::file),
    });
    let hours = domain::limits::RECOVERY_DELAY_MS / 3_600_000;
    let text = match &handed {
        None => format!(
            "The host vouched for {email}. A link and a code are on their way to them by mail; \
             both work in {hours} hours."
        ),
        Some(code) => format!(
            "The host vouched for {email}. No mail server is set, so hand them\n  link: {link}\n  \
             code: {}\n\nBoth work in {hours} hours.\nNext, on their machine: casemate recovery \
             complete --link {link}",
            code.shown()
        ),
    };
    output.result("people.recover", value, &text);
    Ok(())
}

impl Teaches for HostVouchError {
    fn mend(&self) -> String {
        match self {
            Self::Nobody => "see that the address is the one they sign in with".into(),
            Self::NoPassword => "their provider gives them back what they lost".into(),
            Self::NotOwner => {
                "they ask: casemate recovery request; whoever ranks above them: casemate recovery \
                 approve"
                    .into()
            }
            Self::Already => "they complete it when its delay is over".into(),
            Self::Sealing(error) => error.mend(),
            Self::Store(error) => error.mend(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Nobody => Exit::NotFound,
            Self::NoPassword | Self::NotOwner => Exit::Refused,
            Self::Already => Exit::Conflict,
            Self::Sealing(error) => error.exit(),
            Self::Store(error) => error.exit(),
        }
    }
}

impl Teaches for HostSignOutError {
    fn mend(&self) -> String {
        match self {
            Self::Nobody => "see that the address is the one they sign in with".into(),
            Self::Store(error) => error.mend(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Nobody => Exit::NotFound,
            Self::Store(error) => error.exit(),
        }
    }
}
