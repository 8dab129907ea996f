//! `link`: a link and a separate code for the first owner, while there is none.
//!
//! Always true: the link holds an id only and the code is told apart from it; a new link ends the
//! ones before.

use broker::Broker;
use domain::InvitationId;
use identity::enrolments::{BootstrapError, IssuedLink, issue_bootstrap};
use serde_json::json;

use crate::data;
use crate::failure::{Exit, Failure, Teaches};
use crate::handout::Handout;
use crate::output::Output;
use crate::settings::{Folders, Settings};
use crate::up::ready::Ready;

/// `link`.
#[derive(Debug, clap::Args)]
pub struct Link {
    #[command(flatten)]
    folders: Folders,
}

impl Link {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let owner = crate::runtime()?.block_on(while_nobody_owns(&settings, output))?;
        let owner = owner.ok_or(BootstrapError::Done)?;
        let url = url(&settings, Ready::read(&settings.places.data.ready()));
        let link = owner.link(&url);
        let code = owner.code.shown();
        output.result(
            "link",
            json!({"link": link, "code_file": owner.code.file()}),
            &format!("link: {link}\ncode: {code}\n\nNext: casemate signup --link {link}"),
        );
        Ok(())
    }
}

/// What the first owner is given.
#[derive(Debug)]
pub(crate) struct FirstOwner {
    id: InvitationId,
    pub(crate) code: Handout,
}

impl FirstOwner {
    /// The link, at the platform's address.
    pub(crate) fn link(&self, url: &str) -> String {
        format!("{url}/signup/{}", self.id)
    }
}

/// The address that people use: the configured one, else where `serve` really listens.
pub(crate) fn url(settings: &Settings, ready: Option<Ready>) -> String {
    match (&settings.config.api.url, ready.and_then(|ready| ready.api)) {
        (Some(url), _) => url.as_str().trim_end_matches('/').to_owned(),
        (None, Some(api)) => api,
        (None, None) => format!("https://{}", settings.config.api.listen),
    }
}

/// A new link, while nobody owns the installation; its code is handed out. `None` when somebody
/// does.
pub(crate) async fn while_nobody_owns(
    settings: &Settings,
    output: &Output,
) -> Result<Option<FirstOwner>, Failure> {
    let file = settings.places.data.first_owner_code();
    match issue(settings).await {
        Ok(issued) => {
            let code = Handout::give(output, issued.code.show().as_bytes(), &file)?;
            Ok(Some(FirstOwner { id: issued.link, code }))
        }
        Err(BootstrapError::Done) => {
            // The code that may still lie there opens nothing any more.
            let _ = std::fs::remove_file(file);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

async fn issue(settings: &Settings) -> Result<IssuedLink, BootstrapError> {
    let broker = Broker::connect(&settings.config.broker.socket).await?;
    let store = data::open(settings).await?;
    let issued = issue_bootstrap(&store, &broker).await;
    store.close().await;
    Ok(issued?.value)
}

impl Teaches for BootstrapError {
    fn mend(&self) -> String {
        match self {
            Self::Done => "ask the owner for an invitation: casemate members invite EMAIL".into(),
            Self::Sealing(error) => error.mend(),
            Self::Store(error) => error.mend(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Done => Exit::Conflict,
            Self::Sealing(error) => error.exit(),
            Self::Store(error) => error.exit(),
        }
    }
}
