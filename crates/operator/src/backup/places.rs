//! The configured places.

use backup::{FolderPlace, Place};

use crate::failure::{Exit, Failure};
use crate::settings::Settings;

/// One place, with a part for data and one for keys.
#[derive(Debug, Clone)]
pub(crate) struct NamedPlace {
    /// `first`, `second`, or `given`.
    pub(crate) name: &'static str,
    /// Where the data's backups lie.
    pub(crate) data: Place,
    /// Where the keys' backups lie.
    pub(crate) keys: Place,
}

/// Every configured place.
#[derive(Debug, Clone)]
pub(crate) struct Places(Vec<NamedPlace>);

impl Places {
    /// The places of the settings.
    ///
    /// # Errors
    /// When there is none, and when one lies inside the data or config folder: what burns them
    /// burns it.
    pub(crate) fn configured(settings: &Settings) -> Result<Self, Failure> {
        let places = &settings.config.backup.places;
        if places.is_empty() {
            return Err(Failure::new(
                Exit::Usage,
                "no place for backups is set",
                "set backup.folder and backup.keys_folder, best on other machines",
            ));
        }
        let homes = [settings.places.data.path(), settings.places.config.path()];
        for place in places {
            for folder in [&place.data, &place.keys] {
                if homes.iter().any(|home| folder.starts_with(home) || home.starts_with(folder)) {
                    return Err(Failure::new(
                        Exit::Usage,
                        format!("{} lies with what it is to outlive", folder.display()),
                        "put backups outside of the data and config folders",
                    ));
                }
            }
        }
        let folder = |path: &std::path::Path| Place::Folder(FolderPlace::new(path.to_owned()));
        let named = |place: &server::config::BackupPlace| NamedPlace {
            name: place.name,
            data: folder(&place.data),
            keys: folder(&place.keys),
        };
        Ok(Self(places.iter().map(named).collect()))
    }

    /// One place that was named on the command line.
    pub(crate) fn given(data: std::path::PathBuf, keys: std::path::PathBuf) -> NamedPlace {
        NamedPlace {
            name: "given",
            data: Place::Folder(FolderPlace::new(data)),
            keys: Place::Folder(FolderPlace::new(keys)),
        }
    }

    /// The place of this name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn named(&self, name: &str) -> Result<&NamedPlace, Failure> {
        self.0.iter().find(|place| place.name == name).ok_or_else(|| {
            Failure::new(
                Exit::NotFound,
                format!("there is no {name} place"),
                "the places are `first` and, when it is set, `second`",
            )
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &NamedPlace> {
        self.0.iter()
    }
}
