//! A place with backups of one installation, and the keys that made them.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use backup::{BackupNote, FolderPlace, Kind, Known, Place, ReadError, Writer};
use domain::{InstanceId, TimeMs};
use ledger::VerifierKey;
use ledger::origin::log_key_name;
use seal::{HeapHomes, Key, RootKey, SystemEntropy};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const DAY_MS: i64 = 86_400_000;

pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) place: Place,
    pub(crate) instance: InstanceId,
    pub(crate) root: RootKey,
    pub(crate) key: VerifierKey,
    pair: Ed25519KeyPair,
    pub(crate) known: Known,
}

pub(crate) fn root(byte: u8) -> RootKey {
    RootKey::new(Key::moved(&HeapHomes, &mut [byte; 32]).ok().unwrap())
}

/// The ids of two workspaces.
pub(crate) fn tenants() -> [Uuid; 2] {
    [Uuid::from_u128(0xaa), Uuid::from_u128(0xbb)]
}

impl House {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let instance = InstanceId::from(Uuid::from_u128(1));
        let pair = Ed25519KeyPair::from_seed_unchecked(&[42; 32]).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        let key = VerifierKey::ed25519(&log_key_name(instance), public).unwrap();
        let place = Place::Folder(FolderPlace::new(folder.path().to_owned()));
        Self { folder, place, instance, root: root(1), key, pair, known: Known::default() }
    }

    /// One backup of two workspaces, with these contents.
    pub(crate) fn back_up(&mut self, contents: [&[u8]; 2], made_at: i64) -> BackupNote {
        let recipient = self.root.recipient().unwrap();
        let Self { place, instance, known, pair, key, .. } = self;
        let (what, moment) = ((*instance, Kind::Data), (1, TimeMs(made_at)));
        let mut writer =
            Writer::begin(place, what, recipient, moment, known, &SystemEntropy).unwrap();
        for (tenant, bytes) in tenants().into_iter().zip(contents) {
            let name = tenant.to_string();
            let digest = (bytes.len() as u64, backup::sha256(bytes));
            if !writer.is_there(&name, digest, &[]).unwrap() {
                writer.send(&name, tenant.into_bytes(), &mut &bytes[..], &[]).unwrap();
            }
        }
        let unsigned = writer.close(&[], ("sqlite", "0.1.0"), None).unwrap();
        let signature = pair.sign(unsigned.text().as_bytes());
        let signature = signature.as_ref().try_into().unwrap();
        let signed = ledger::note::signed_note(&unsigned.text(), key, signature);
        unsigned.settle(&signed).unwrap().note
    }

    pub(crate) fn writer(&mut self, made_at: i64) -> Writer<'_> {
        let recipient = self.root.recipient().unwrap();
        let Self { place, instance, known, .. } = self;
        let (what, moment) = ((*instance, Kind::Data), (1, TimeMs(made_at)));
        Writer::begin(place, what, recipient, moment, known, &SystemEntropy).unwrap()
    }

    /// Everything that a restore does with a backup, in its order.
    pub(crate) fn restore(&self, number: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        self.restore_with(number, &self.root)
    }

    pub(crate) fn restore_with(
        &self,
        number: u64,
        root: &RootKey,
    ) -> Result<Vec<Vec<u8>>, ReadError> {
        let backup = backup::Backup::open(&self.place, (self.instance, Kind::Data), number)?;
        backup.check_signature(&self.key)?;
        let index = backup.index(root)?;
        let opened = tenants().into_iter().map(|tenant| {
            let name = tenant.to_string();
            let unit = index.unit(&name).ok_or(ReadError::NoUnit(name))?;
            let mut bytes = Vec::new();
            backup.restore(unit, tenant.into_bytes(), root, &mut bytes)?;
            Ok(bytes)
        });
        opened.collect()
    }

    pub(crate) fn path(&self, what: &str) -> std::path::PathBuf {
        self.folder.path().join(self.instance.to_string()).join("data").join(what)
    }

    /// Every stored file.
    pub(crate) fn files(&self) -> Vec<std::path::PathBuf> {
        let mut files = Vec::new();
        for folder in ["notes", "parts"] {
            let entries = std::fs::read_dir(self.path(folder)).unwrap();
            files.extend(entries.map(|entry| entry.unwrap().path()));
        }
        files.sort();
        files
    }
}
