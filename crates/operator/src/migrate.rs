//! `migrate`: the database at this program's version, with its walls standing.

use serde_json::json;

use crate::data;
use crate::failure::{Exit, Failure};
use crate::format::Format;
use crate::output::Output;
use crate::settings::{Folders, Settings};

/// `migrate`.
#[derive(Debug, clap::Args)]
pub struct Migrate {
    #[command(flatten)]
    folders: Folders,
}

impl Migrate {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let data = &settings.places.data;
        if settings.examine()? == Format::Fresh {
            return Err(Failure::new(
                Exit::NotFound,
                format!("{} holds no installation", data.path().display()),
                "start it once with `casemate up`",
            ));
        }
        let instance = crate::runtime()?.block_on(async {
            let store = data::open(&settings).await?;
            let instance = store.instance();
            store.close().await;
            Ok::<_, store::StoreError>(instance)
        })?;
        output.result(
            "migrated",
            json!({"instance": instance}),
            &format!("The data of instance {instance} is at this program's version."),
        );
        Ok(())
    }
}
