//! `manpages FOLDER`: one man page for each command, made from the command line's own definition.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Write the man pages into a folder
#[derive(Debug, clap::Args)]
pub struct Manpages {
    /// The folder; it is made when it is not there
    folder: PathBuf,
}

/// Writes them.
///
/// Errors: the folder cannot be written.
pub(crate) fn run(arguments: &Manpages, tree: &clap::Command) -> Result<(), Failure> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Failure::File { what: "write", path, source }
    };
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    clap_mangen::generate_to(tree.clone(), folder).map_err(failed(folder))
}
