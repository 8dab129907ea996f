//! `restore`: a lost installation, back from a backup.
//!
//! Always true
//! 1. The target is empty, or holds nothing but what a restore that was cut off left; a mark says
//!    which, and no start is possible while it is there.
//! 2. Keys come first: what they hold says whether the notes were signed by this installation,
//!    before a byte of the data is written.
//! 3. `FORMAT` is written last, after every log has its new epoch and every session has ended.
//!
//! Walk: choose → open the root key → keys → believe the notes → data → epochs → `FORMAT`.

use std::path::PathBuf;

use backup::{Backup, Index, Kind};
use broker::Realm;
use broker::backup::RestoredKeys;
use broker::rotation::ShredTarget;
use domain::InstanceId;
use identity::sessions::sign_out_everybody;
use notary::epochs::{RestoredFrom, begin_epochs};
use rustix::fs::Mode;
use seal::RootKey;
use serde_json::json;
use server::config::Engine;

use super::keys::KeysTarget;
use super::places::{NamedPlace, Places};
use super::{host, source, target};
use crate::data;
use crate::database::Administrator;
use crate::failure::{Exit, Failure};
use crate::folders::{self, FolderError};
use crate::format;
use crate::keys::key_file;
use crate::layout::DataFolder;
use crate::lock::FolderLock;
use crate::output::Output;
use crate::settings::{Folders, Settings};
use crate::slots::{restore as key_slot, secret};
use crate::up::prepare;
use crate::users::Separation;

/// `restore`.
#[derive(Debug, clap::Args)]
pub struct Restore {
    /// Folder with backups of the data [default: the first configured place]
    #[arg(long, value_name = "FOLDER", requires = "keys_from")]
    from: Option<PathBuf>,
    /// Folder with backups of the keys
    #[arg(long, value_name = "FOLDER", requires = "from")]
    keys_from: Option<PathBuf>,
    /// The configured place to restore from
    #[arg(long, value_name = "first|second", conflicts_with = "from")]
    place: Option<String>,
    /// The backup's number [default: the newest]
    #[arg(long, value_name = "NUMBER")]
    number: Option<u64>,
    /// The newest backup made at or before this moment, in milliseconds since 1970
    #[arg(long, value_name = "MILLISECONDS", conflicts_with = "number")]
    to: Option<i64>,
    /// Whose backup, when the folder holds those of several installations
    #[arg(long, value_name = "ID")]
    instance: Option<InstanceId>,
    /// The slot that opens the backup
    #[arg(long, value_name = "SLOT", default_value = "recovery")]
    slot: String,
    /// Read what opens the slot from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
    /// File with the address of PostgreSQL's administrator, a superuser
    #[arg(long, value_name = "FILE")]
    admin_url_file: Option<PathBuf>,
    /// What the names of PostgreSQL's roles begin with
    #[arg(long, value_name = "NAME", default_value = "casemate")]
    roles: String,
    #[command(flatten)]
    folders: Folders,
}

impl Restore {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load_or_begin(&self.folders, Vec::new())?;
        rustix::process::umask(Mode::from_raw_mode(0o077));
        prepare::limits();
        let place = self.place(&settings)?;
        let admin = self.administrator(&settings)?;
        let folder = &settings.places.data;
        folders::make_if_missing(folder.path())?;
        let _lock = FolderLock::take(&folder.lock())?;
        let separation = Separation::of_this_process();
        prepare_target(&settings, separation)?;
        let chosen = self.choose(&place)?;
        let source = Source::open(&place, chosen)?;
        source.is_for(&settings)?;
        let secret =
            secret::read(self.code_file.as_deref(), &format!("What opens {}: ", self.slot))?;
        let root = source.open_root(&self.slot, &secret)?;
        let restored = crate::runtime()?.block_on(async {
            let keys = source.restore_keys(&settings, &root)?;
            output.step("The keys are back, and the backup was made by this installation.");
            source.restore_data(&settings, &root, admin.as_ref()).await?;
            output.step("The data is back.");
            settle(&settings, &source).await?;
            Ok::<_, Failure>(keys)
        });
        let keys = restored?;
        let made_key_file = self.slot == "recovery" && !key_file(&settings).exists();
        if made_key_file {
            let slots = &settings.config.broker.slots;
            key_slot::restore(slots, &key_file(&settings), &secret)?;
        }
        hand_over(&settings, separation)?;
        format::finish_first_start(folder)?;
        remove_mark(folder)?;
        tell(output, &source, &keys);
        Ok(())
    }

    fn place(&self, settings: &Settings) -> Result<NamedPlace, Failure> {
        match (&self.from, &self.keys_from) {
            (Some(data), Some(keys)) => Ok(Places::given(data.clone(), keys.clone())),
            _ => {
                let name = self.place.as_deref().unwrap_or("first");
                Places::configured(settings)?.named(name).cloned()
            }
        }
    }

    fn administrator(&self, settings: &Settings) -> Result<Option<Administrator>, Failure> {
        match (&settings.config.database.engine, &self.admin_url_file) {
            (Engine::Sqlite, _) => Ok(None),
            (Engine::Postgres(_), None) => Err(Failure::new(
                Exit::Usage,
                "restoring into PostgreSQL needs a superuser's address",
                "give --admin-url-file, the one that database prepare was given",
            )),
            (Engine::Postgres(_), Some(file)) => {
                let certificate = super::postgres::certificate(settings).map(ToOwned::to_owned);
                Administrator::read(file, settings, &self.roles, certificate).map(Some)
            }
        }
    }

    /// Which backup.
    fn choose(&self, place: &NamedPlace) -> Result<(InstanceId, u64), Failure> {
        let instance = match (self.instance, backup::instances(&place.data)?.as_slice()) {
            (Some(instance), _) | (None, &[instance]) => instance,
            (None, []) => return Err(nothing("the place holds no backup")),
            (None, _) => {
                return Err(Failure::new(
                    Exit::Usage,
                    "the place holds backups of several installations",
                    "say whose with --instance; casemate backup list shows them",
                ));
            }
        };
        let listed = backup::list(&place.data, instance, Kind::Data)?;
        let fits = |listed: &&backup::Listed| match (self.number, self.to) {
            (Some(number), _) => listed.number == number,
            (None, Some(to)) => listed.note.as_ref().is_ok_and(|note| note.made_at.0 <= to),
            (None, None) => true,
        };
        let newest = listed.iter().rev().find(fits);
        newest.map(|listed| (instance, listed.number)).ok_or_else(|| nothing("no such backup"))
    }
}

fn nothing(what: &str) -> Failure {
    Failure::new(Exit::NotFound, what, "casemate backup list shows what there is")
}

/// The two halves of a backup, and the newest ledger of what was shredded.
pub(super) struct Source<'p> {
    pub(super) data: Backup<'p>,
    keys: Backup<'p>,
    newest_keys: Backup<'p>,
}

impl<'p> Source<'p> {
    /// Opens backup `number` of the data, and the backup of the keys that goes with it.
    ///
    /// # Errors
    /// The place's; when the keys are past their life.
    pub(super) fn open(
        place: &'p NamedPlace,
        (instance, number): (InstanceId, u64),
    ) -> Result<Self, Failure> {
        let data = Backup::open(&place.data, (instance, Kind::Data), number)?;
        let listed = backup::list(&place.keys, instance, Kind::Keys)?;
        let fitting = listed.iter().find(|listed| listed.number >= number);
        let newest = listed.last();
        let (Some(fitting), Some(newest)) = (fitting, newest) else {
            return Err(Failure::new(
                Exit::NotFound,
                format!("the keys of backup {number} are not in the place"),
                "take a newer number, or the other place: keys live shorter than data",
            ));
        };
        let open = |number| Backup::open(&place.keys, (instance, Kind::Keys), number);
        Ok(Self { data, keys: open(fitting.number)?, newest_keys: open(newest.number)? })
    }

    /// Whether the settings are for such data.
    fn is_for(&self, settings: &Settings) -> Result<(), Failure> {
        let (theirs, ours) =
            (&self.data.note().engine, source::engine(&settings.config.database.engine));
        if theirs == ours {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Usage,
            format!("the backup is of {theirs}, and the settings say {ours}"),
            "set database.engine to the backup's",
        ))
    }

    /// The root key, by a slot of the backup.
    fn open_root(&self, slot: &str, secret: &broker::Exposed) -> Result<RootKey, Failure> {
        let note = self.keys.note();
        let ways = self.keys.ways();
        Ok(broker::backup::open_root(&ways, slot, secret, note.instance, note.root)?)
    }

    /// Restores the keys into the broker's folder, and believes the notes by what they hold.
    fn restore_keys(&self, settings: &Settings, root: &RootKey) -> Result<RestoredKeys, Failure> {
        let broker = &settings.config.broker;
        let slots = self.keys.ways();
        folders::make_if_missing(&broker.slots)?;
        let data = &settings.places.data;
        let target = KeysTarget { folder: &broker.key_store, slots: &broker.slots, data };
        let restored = self.keys_into(&target, root)?;
        broker::backup::restore_ways(&slots, &broker.slots)?;
        Ok(restored)
    }

    /// The same, into any folders.
    pub(super) fn keys_into(
        &self,
        target: &KeysTarget<'_>,
        root: &RootKey,
    ) -> Result<RestoredKeys, Failure> {
        target.restore(&self.keys, &self.keys.index(root)?, root)?;
        if self.newest_keys.note().root == root.id() {
            let newest: Index = self.newest_keys.index(root)?;
            target.ledger(&self.newest_keys, &newest, root)?;
        } else {
            // The root key was turned since: the ledger of this backup, and the one beside the
            // slots, are what is at hand.
            target.ledger(&self.keys, &self.keys.index(root)?, root)?;
        }
        let restored = broker::backup::settle_restored(&target.store(), target.slots, root)?;
        for half in [&self.keys, &self.data, &self.newest_keys] {
            half.check_signature(&restored.log_key)?;
        }
        Ok(restored)
    }

    async fn restore_data(
        &self,
        settings: &Settings,
        root: &RootKey,
        admin: Option<&Administrator>,
    ) -> Result<(), Failure> {
        let index = self.data.index(root)?;
        match admin {
            None => target::files(&self.data, &index, root, &settings.places.data).map(drop),
            Some(admin) => target::database(&self.data, &index, root, admin).await,
        }
    }
}

/// Empties what a restore that was cut off left, refuses anything else that is there, and marks the
/// folder.
fn prepare_target(settings: &Settings, separation: Separation) -> Result<(), Failure> {
    let data = &settings.places.data;
    let mark = data.restoring();
    if mark.exists() {
        clear(settings)?;
    } else if !is_empty(settings) {
        return Err(Failure::new(
            Exit::Conflict,
            format!("{} is not empty", data.path().display()),
            "restore into an empty folder: give another one with --data, or move this one away",
        ));
    }
    prepare::folders(&settings.places, separation)?;
    folders::make_if_missing(&data.backup())?;
    host::clear_scratch(settings)?;
    Ok(folders::write_whole(&mark, b"")?)
}

/// Whether there is neither data nor a key store.
fn is_empty(settings: &Settings) -> bool {
    let data = &settings.places.data;
    let empty = |folder: &std::path::Path| {
        std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
    };
    !data.format().exists()
        && !data.control().exists()
        && empty(&data.tenants())
        && empty(&settings.config.broker.key_store)
}

fn clear(settings: &Settings) -> Result<(), Failure> {
    let data = &settings.places.data;
    for folder in [data.tenants(), data.tls(), settings.config.broker.key_store.clone()] {
        remove(&folder, std::fs::remove_dir_all(&folder))?;
    }
    for suffix in ["", "-wal", "-shm", "-journal", ".restoring"] {
        let mut path = data.control().into_os_string();
        path.push(suffix);
        let path = PathBuf::from(path);
        remove(&path, std::fs::remove_file(&path))?;
    }
    Ok(())
}

fn remove(path: &std::path::Path, done: std::io::Result<()>) -> Result<(), FolderError> {
    match done {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FolderError::new(path, "removed", error))
        }
        _ => Ok(()),
    }
}

fn remove_mark(data: &DataFolder) -> Result<(), FolderError> {
    let mark = data.restoring();
    remove(&mark, std::fs::remove_file(&mark))
}

/// New epochs for every log, and nobody signed in.
async fn settle(settings: &Settings, source: &Source<'_>) -> Result<(), Failure> {
    let store = data::open(settings).await?;
    let note = source.data.note();
    if store.instance() != note.instance {
        store.close().await;
        return Err(Failure::new(
            Exit::Refused,
            "the data is of another installation than its note says",
            "do not use this backup; find out who wrote it",
        ));
    }
    let from = RestoredFrom { backup: note.number, made_at: note.made_at };
    let done = async {
        begin_epochs(&store, from).await?;
        sign_out_everybody(&store).await?;
        Ok::<_, Failure>(())
    };
    let done = done.await;
    store.close().await;
    done
}

/// Made by root, the files belong to those who work with them.
fn hand_over(settings: &Settings, separation: Separation) -> Result<(), Failure> {
    let Separation::Users { serve, .. } = separation else { return Ok(()) };
    let data = &settings.places.data;
    prepare::hand_over(&data.tenants(), serve)?;
    prepare::hand_over(&data.tls(), serve)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut path = data.control().into_os_string();
        path.push(suffix);
        let path = PathBuf::from(path);
        if path.exists() {
            folders::set_owner(&path, serve.uid, serve.gid)?;
        }
    }
    Ok(prepare::give_back(settings)?)
}

fn tell(output: &Output, source: &Source<'_>, keys: &RestoredKeys) {
    let note = source.data.note();
    let shredded: Vec<String> = keys
        .shredded
        .iter()
        .filter_map(|target| match target {
            ShredTarget::Realm(Realm::Tenant(tenant)) => Some(tenant.to_string()),
            _ => None,
        })
        .collect();
    let mut text = format!(
        "Backup {} of installation {} is restored, as of {} ms.\nEvery session has ended; every \
         log says where it was cut.",
        note.number, note.instance, note.made_at.0
    );
    for workspace in &shredded {
        text.push_str(&format!("\nWorkspace {workspace} was shredded, and stays unreadable."));
    }
    text.push_str(
        "\n\nNext: casemate up, then casemate slots confirm. Credentials that were revoked since \
         the\nbackup may work again: see docs/runbooks/backup-and-restore.md.",
    );
    output.result(
        "restored",
        json!({
            "number": note.number, "instance": note.instance, "made_at_ms": note.made_at.0,
            "shredded_workspaces": shredded, "keys_number": source.keys.note().number,
        }),
        &text,
    );
}
