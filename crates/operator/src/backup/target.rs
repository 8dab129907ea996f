//! Where a restore goes: an empty data folder, or an empty database.
//!
//! Always true
//! 1. A file gets its name when it was opened whole, and is durable by then.
//! 2. A database is restored in one transaction, after everything that it is made of was read and
//!    found whole.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use backup::{Backup, Index, UnitEntry};
use domain::{Mint, TenantId};
use seal::{RootKey, SystemClock, SystemEntropy};
use store::postgres::Roles;

use super::postgres::Load;
use super::source::{CONTROL, DATABASE};
use crate::database::Administrator;
use crate::failure::Failure;
use crate::folders::{self, FolderError};
use crate::layout::DataFolder;

/// Opens a unit into a new file that only its owner reads.
///
/// # Errors
/// The backup's, the disk's; there is no such file then.
pub(super) fn file(
    backup: &Backup<'_>,
    unit: &UnitEntry,
    owner: [u8; 16],
    root: &RootKey,
    path: &Path,
) -> Result<(), Failure> {
    let failed = |source| FolderError::new(path, "written", source);
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".restoring");
    let unfinished = std::path::PathBuf::from(unfinished);
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut target = BufWriter::new(options.open(&unfinished).map_err(failed)?);
    let opened = backup.restore(unit, owner, root, &mut target);
    let kept = opened.map_err(Failure::from).and_then(|()| {
        let written = target.flush().and_then(|()| target.get_ref().sync_all());
        written.and_then(|()| std::fs::rename(&unfinished, path)).map_err(|e| failed(e).into())
    });
    if kept.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    kept?;
    let folder = path.parent().unwrap_or(path);
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(synced.map_err(failed)?)
}

/// Restores every unit into a data folder; how many workspaces.
///
/// # Errors
/// The backup's, the disk's.
pub(super) fn files(
    backup: &Backup<'_>,
    index: &Index,
    root: &RootKey,
    data: &DataFolder,
) -> Result<usize, Failure> {
    let control = index.unit(CONTROL).ok_or_else(|| no_unit(CONTROL))?;
    folders::make_if_missing(&data.tenants())?;
    let mut restored = 0;
    for unit in index.units.iter().filter(|unit| unit.name != CONTROL) {
        // The name becomes a file's: only an id may.
        let tenant: TenantId = unit.name.parse().map_err(|_| no_unit(&unit.name))?;
        let path = data.tenants().join(format!("{tenant}.db"));
        file(backup, unit, tenant.to_bytes(), root, &path)?;
        restored += 1;
    }
    // Last: without it there is nothing that a start would take for data.
    file(backup, control, [0; 16], root, &data.control())?;
    Ok(restored)
}

/// Restores everything into an empty database, and brings it to this program's version.
///
/// # Errors
/// When the database is not empty; the backup's, the database's.
pub(super) async fn database(
    backup: &Backup<'_>,
    index: &Index,
    root: &RootKey,
    admin: &Administrator,
) -> Result<(), Failure> {
    let unit = index.unit(DATABASE).ok_or_else(|| no_unit(DATABASE))?;
    // Everything is read once before the first byte goes to the server.
    backup.check_parts(&mut |_| {})?;
    admin.clear_unused().await?;
    let mut load = Load::start(&admin.address, admin.certificate.as_deref())?;
    match backup.restore(unit, [0; 16], root, &mut load) {
        Ok(()) => load.finish()?,
        Err(error) => {
            // The tool's word says more than a broken pipe, and it must not commit.
            load.abandon();
            return Err(error.into());
        }
    }
    let mint = Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy));
    let roles = Roles::without_passwords(&admin.prefix)?;
    store::postgres::prepare(&admin.target(), &roles, &mint).await?;
    Ok(())
}

fn no_unit(name: &str) -> Failure {
    backup::ReadError::NoUnit(name.to_owned()).into()
}
