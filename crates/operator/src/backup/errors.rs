//! What the refusals of backups and restores teach.

use backup::{NotANote, PlaceError, ReadError, WriteError};
use broker::backup::OpenRootError;

use crate::failure::{Exit, Teaches};
use crate::folders;

impl Teaches for PlaceError {
    fn mend(&self) -> String {
        match self {
            Self::Missing(_) => "see that the place is mounted, and is the right one".into(),
            Self::Device { name, source, .. } => {
                folders::mend_io(std::path::Path::new(name), source)
            }
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Missing(_) => Exit::NotFound,
            Self::Device { source, .. } => folders::exit_io(source),
        }
    }
}

impl Teaches for WriteError {
    fn mend(&self) -> String {
        match self {
            Self::Place(error) => error.mend(),
            Self::Source { source, .. } => {
                folders::mend_kind(std::path::Path::new("data"), source.kind())
            }
            Self::Seal { .. } => {
                "see that the place takes what is written to it, and try again".into()
            }
            Self::Before(error) => error.mend(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Place(error) => error.exit(),
            Self::Seal { source: seal::StreamError::Device(source), .. } => {
                folders::exit_io(source)
            }
            Self::Source { source, .. } => folders::exit_io(source),
            Self::Seal { .. } => Exit::Failed,
            Self::Before(error) => error.exit(),
        }
    }
}

impl Teaches for ReadError {
    fn mend(&self) -> String {
        match self {
            Self::Place(error) => error.mend(),
            Self::Note { source: NotANote::Newer { .. }, .. } => {
                "use the release that wrote it, or a newer one".into()
            }
            Self::Note { .. } | Self::Moved { .. } => {
                "do not use it: take another number, or the other place; find out who wrote it"
                    .into()
            }
            Self::Contents { .. } | Self::Part { .. } | Self::Sealed { .. } => {
                "take an older number, or the other place; casemate backup verify tells which are \
                 whole"
                    .into()
            }
            Self::NoUnit(_) => "take another number: casemate backup list".into(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Place(error) => error.exit(),
            Self::NoUnit(_) => Exit::NotFound,
            _ => Exit::Refused,
        }
    }
}

impl Teaches for OpenRootError {
    fn mend(&self) -> String {
        match self {
            Self::NoSuchWay(_) => "casemate backup list shows the slots of each backup".into(),
            Self::Given { .. } | Self::OtherRoot { .. } => {
                "give the code, shares or identity of this installation's slot; --slot NAME \
                 chooses which"
                    .into()
            }
            Self::Start(error) => error.mend(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NoSuchWay(_) => Exit::NotFound,
            Self::Given { .. } | Self::OtherRoot { .. } => Exit::Refused,
            Self::Start(error) => error.exit(),
        }
    }
}
