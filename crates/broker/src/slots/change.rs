//! Adding, turning and removing slots on the host, and trying one with what a person gives.
//!
//! Always true
//! 1. The root key was opened by a slot that stays before anything is changed.
//! 2. Two slots stay, and one of them opens without this machine unless somebody said that none
//!    need.
//! 3. A new slot is read back from the disk, and really opened where its secret is here, before it
//!    takes its place by one rename: a crash leaves the old or the new.
//! 4. The line that records a change is durable before the change.
//!
//! The broker may run meanwhile: it only reads the folder. The root key passes through this
//! process, which is hardened first.

use std::path::{Path, PathBuf};

use domain::{Clock, Entropy, limits};
use seal::slot::{
    AgeIdentities, AgeRecipient, Kind, Making, Name, NotAnIdentity, Share, ShareError, Shares,
    Split, Way,
};
use seal::{
    Exposed, Key, KeyHomes, KeyId, RecoveryCode, RecoveryCodeError, RootKey, Slot, SlotError,
    SlotSecret, key_file,
};

use super::errand::{self, Act, Errands, Place};
use super::shelf::{self, Placed, SLOTS_MAX, Shelf};
use super::unlock::staged_key;
use super::{
    Expected, Unlock, file_error, move_into_place, read_secret_file, replace_private, report_all,
    unlock_any, write_private,
};
use crate::key_store::KeyStore;
use crate::process::{BrokerConfig, LockedHomes, harden};
use crate::start_error::{StartError, Tried};
use crate::status::{ElsewhereFault, SlotKind, SlotReport};

/// The secret of a slot that is made or turned.
pub enum NewSlot {
    /// A new key file at this path.
    KeyFile(PathBuf),
    /// This passphrase.
    Passphrase(Exposed),
    /// A new recovery code.
    Recovery,
    /// Whoever has the identity of this recipient.
    Age(AgeRecipient),
    /// New shares.
    Shamir(Split),
    /// A key file for the service manager to encrypt: a credential of this name, put at a path.
    Credential {
        /// The credential's name.
        name: Name,
        /// Where its content is written, for its owner alone.
        out: PathBuf,
    },
    /// A key that a key management service wraps.
    Kms {
        /// `https://host:port`.
        address: Name,
        /// Where transit is mounted.
        mount: Name,
        /// The key there.
        key: Name,
    },
    /// A key that a PKCS#11 token wraps.
    Pkcs11 {
        /// The token's label.
        token: Name,
        /// The key's label.
        key: Name,
    },
    /// A key that the machine's TPM seals.
    Tpm,
}

impl NewSlot {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> SlotKind {
        match self {
            Self::KeyFile(_) => SlotKind::KeyFile,
            Self::Passphrase(_) => SlotKind::Passphrase,
            Self::Recovery => SlotKind::Recovery,
            Self::Age(_) => SlotKind::Age,
            Self::Shamir(_) => SlotKind::Shamir,
            Self::Credential { .. } => SlotKind::Credential,
            Self::Kms { .. } => SlotKind::Kms,
            Self::Pkcs11 { .. } => SlotKind::Pkcs11,
            Self::Tpm => SlotKind::Tpm,
        }
    }
}

/// A slot that was added, turned or removed.
pub struct Changed {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SlotKind,
    /// The root key it holds.
    pub root: KeyId,
    /// The slot that opened the root key for this.
    pub opened_by: String,
    /// Whether it was really opened after it was made. What only a person holds cannot be.
    pub tried: bool,
    /// The recovery code or the shares: shown once, kept nowhere.
    pub handed: Vec<Exposed>,
}

/// The rule that a change would break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlotRule {
    /// There is no slot of this name.
    #[error("there is no slot {0}")]
    NoSuchSlot(String),
    /// The slot is of another kind than the new secret.
    #[error("the slot is of another kind")]
    OtherKind,
    /// The settings name one secret of this kind, so there is one slot of it.
    #[error("there is a slot of this kind already, and there can be one")]
    OneOfAKind,
    /// There are as many slots as there may be.
    #[error("there are 32 slots, and there may be no more")]
    TooMany,
    /// Fewer than two slots would stay.
    #[error("two slots stay: with one, losing it loses everything")]
    TwoStay,
    /// No slot would stay that opens without this machine.
    #[error("no slot would stay that opens when this machine is gone")]
    LastRecovery,
    /// The passphrase is shorter than [`limits::PASSWORD_CHARS_MIN`].
    #[error("the passphrase must have at least 12 characters")]
    PassphraseTooShort,
}

/// Why the slots were not changed. They are as they were.
#[derive(Debug, thiserror::Error)]
pub enum SlotChangeError {
    /// A rule forbids it.
    #[error(transparent)]
    Rule(#[from] SlotRule),
    /// Another process changes the slots.
    #[error("another command is changing the slots")]
    Busy,
    /// What keeps the wrapping key did not do it.
    #[error("what keeps the wrapping key did not wrap one: {0}")]
    Elsewhere(ElsewhereFault),
    /// The new slot did not give the root key back.
    #[error("the new slot did not give the root key back when it was tried")]
    DoesNotOpen,
    /// What was given opens nothing.
    #[error("what was given does not open slot {0}")]
    Given(String, #[source] GivenError),
    /// No existing slot opened, or the files failed.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// What a person gives to open a slot: the content of its file, or what they typed.
pub struct Given {
    /// The slot's name.
    pub name: String,
    /// What opens it.
    pub content: Exposed,
}

/// Why what a person gave does not open a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GivenError {
    /// A share is none.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// It is no recovery code.
    #[error(transparent)]
    Code(#[from] RecoveryCodeError),
    /// It holds no age identity.
    #[error(transparent)]
    Identity(#[from] NotAnIdentity),
    /// It is no key file.
    #[error("it is not a key file")]
    KeyFile,
    /// Nothing that a person could give opens a slot of this kind.
    #[error("slots of this kind are opened by a machine, not by something that is given")]
    Machine,
    /// The slot did not open.
    #[error(transparent)]
    Slot(#[from] SlotError),
    /// It holds another root key than this installation's.
    #[error("it holds the root key of another installation")]
    Foreign,
}

/// Whether it is right that no slot stays which opens without this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutRecovery {
    /// It is refused.
    Refused,
    /// Somebody said so.
    Confirmed,
}

/// The slots of an installation, for a command on its host.
pub struct Slots<'a> {
    folder: &'a Path,
    unlock: &'a [Unlock],
    store: KeyStore,
    expected: Expected,
    homes: LockedHomes,
}

impl<'a> Slots<'a> {
    /// The slots that `config` leads to. Hardens this process.
    ///
    /// # Errors
    /// [`StartError`], as a start's; the broker may run.
    pub fn of(config: &'a BrokerConfig) -> Result<Self, StartError> {
        harden()?;
        let homes = LockedHomes::new().map_err(StartError::Unprotected)?;
        let store = KeyStore::open(&config.key_store)?;
        let expected = Expected::of(&store.identity()?);
        Ok(Self { folder: &config.slots, unlock: &config.unlock, store, expected, homes })
    }

    /// Every slot that lies there.
    #[must_use]
    pub fn list(&self) -> Vec<Placed> {
        shelf::list(self.folder)
    }

    /// Whether a slot is one of this installation's root key.
    #[must_use]
    pub fn fits(&self, slot: &Slot) -> bool {
        slot.root() == self.expected.root && slot.instance() == self.expected.instance
    }

    /// Tries every slot as the broker would.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn test(&self) -> Result<Vec<SlotReport>, StartError> {
        let confirmed = self.store.recovery_confirmed_at();
        let confirmed =
            confirmed.map_err(|_| self.store.damaged("the confirmation cannot be read"))?;
        Ok(report_all(self.folder, self.unlock, confirmed, &self.expected, &self.homes))
    }

    /// Really opens a slot with what a person gives.
    ///
    /// # Errors
    /// [`SlotRule::NoSuchSlot`], [`SlotChangeError::Given`].
    pub fn test_with(&self, given: &Given) -> Result<KeyId, SlotChangeError> {
        self.open_given(given).map(|root| root.id())
    }

    /// Adds a slot.
    ///
    /// # Errors
    /// [`SlotChangeError`].
    pub fn add(
        &self,
        new: &NewSlot,
        given: Option<&Given>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Changed, SlotChangeError> {
        let shelf = self.take()?;
        let placed = shelf.list();
        let kind = new.kind();
        let single = matches!(kind, SlotKind::KeyFile | SlotKind::Passphrase | SlotKind::Recovery);
        if single && placed.iter().any(|one| one.kind == kind) {
            return Err(SlotRule::OneOfAKind.into());
        }
        if placed.len() >= SLOTS_MAX {
            return Err(SlotRule::TooMany.into());
        }
        let name = shelf::free_name(&placed, kind);
        self.write(&shelf, "add", name, new, given, clock, entropy)
    }

    /// Gives a slot a new secret; the old one opens it no more.
    ///
    /// # Errors
    /// [`SlotChangeError`].
    pub fn rotate(
        &self,
        name: &str,
        new: &NewSlot,
        given: Option<&Given>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Changed, SlotChangeError> {
        let shelf = self.take()?;
        let placed = find(&shelf.list(), name)?.kind;
        if placed != new.kind() {
            return Err(SlotRule::OtherKind.into());
        }
        self.write(&shelf, "rotate", name.to_owned(), new, given, clock, entropy)
    }

    /// Removes a slot. Another one must open the root key first.
    ///
    /// # Errors
    /// [`SlotChangeError`].
    pub fn remove(
        &self,
        name: &str,
        given: Option<&Given>,
        without_recovery: WithoutRecovery,
        clock: &dyn Clock,
    ) -> Result<Changed, SlotChangeError> {
        let shelf = self.take()?;
        let placed = shelf.list();
        let kind = find(&placed, name)?.kind;
        self.check_what_stays(&placed, name, without_recovery)?;
        let (root, opened_by) = self.prove(given, Some(name))?;
        shelf.record(&line("remove", name, kind, &root, clock))?;
        shelf.remove(name)?;
        match kind {
            SlotKind::KeyFile => self.remove_key_file()?,
            SlotKind::Recovery => self.forget_recovery()?,
            _ => {}
        }
        let name = name.to_owned();
        Ok(Changed { name, kind, root: root.id(), opened_by, tried: false, handed: Vec::new() })
    }

    fn check_what_stays(
        &self,
        placed: &[Placed],
        name: &str,
        without_recovery: WithoutRecovery,
    ) -> Result<(), SlotRule> {
        let sound = |one: &&Placed| one.slot.as_ref().is_some_and(|slot| self.fits(slot));
        let stay: Vec<&Placed> =
            placed.iter().filter(|one| one.name != name).filter(sound).collect();
        if stay.len() < 2 {
            return Err(SlotRule::TwoStay);
        }
        let recovers = stay.iter().any(|one| one.kind.recovers());
        if !recovers && without_recovery == WithoutRecovery::Refused {
            return Err(SlotRule::LastRecovery);
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one walk of two callers, each word once")]
    fn write(
        &self,
        shelf: &Shelf,
        act: &str,
        name: String,
        new: &NewSlot,
        given: Option<&Given>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Changed, SlotChangeError> {
        let kind = new.kind();
        check_passphrase(new)?;
        let (root, opened_by) = self.prove(given, None)?;
        let homes: &dyn KeyHomes = &self.homes;
        let instance = self.expected.instance;
        let made = make(new, &Making { instance, root: &root, homes, entropy }, self.errands())?;
        let tried = self.stage(shelf, &name, &made, &root);
        let tried = tried.inspect_err(|_| shelf.unstage(&name))?;
        if let Some(key) = &made.key {
            key.stage().inspect_err(|_| shelf.unstage(&name))?;
        }
        shelf.record(&line(act, &name, kind, &root, clock))?;
        if kind == SlotKind::Recovery {
            self.forget_recovery()?;
        }
        shelf.settle(&name)?;
        if let Some(key) = &made.key {
            key.settle()?;
        }
        if kind == SlotKind::Recovery {
            // Once more: the old code may have been typed back in between.
            self.forget_recovery()?;
        }
        Ok(Changed { name, kind, root: root.id(), opened_by, tried, handed: made.handed })
    }

    /// Writes the slot beside its place, and opens what lies there. Returns whether it could be
    /// tried.
    fn stage(
        &self,
        shelf: &Shelf,
        name: &str,
        made: &Made,
        root: &RootKey,
    ) -> Result<bool, SlotChangeError> {
        let read = shelf.stage(name, &made.slot)?.ok_or(SlotChangeError::DoesNotOpen)?;
        let Some(trial) = &made.trial else { return Ok(false) };
        let opened = trial.open(&read, &self.homes).map_err(|_| SlotChangeError::DoesNotOpen)?;
        let same = opened.id() == root.id() && opened.check_value() == root.check_value();
        if same { Ok(true) } else { Err(SlotChangeError::DoesNotOpen) }
    }

    /// The root key, by what was given, else by what the settings name; never by the slot `except`.
    fn prove(
        &self,
        given: Option<&Given>,
        except: Option<&str>,
    ) -> Result<(RootKey, String), SlotChangeError> {
        if let Some(given) = given.filter(|given| except != Some(given.name.as_str())) {
            return Ok((self.open_given(given)?, given.name.clone()));
        }
        let opened = unlock_any(self.folder, self.unlock, except, &self.expected, &self.homes);
        opened.map_err(|tried| {
            let expected = self.expected.root;
            StartError::WrongKey { expected, tried: Tried(tried) }.into()
        })
    }

    fn open_given(&self, given: &Given) -> Result<RootKey, SlotChangeError> {
        let placed = self.list();
        let slot = find(&placed, &given.name)?.slot.as_ref();
        let named = |error| SlotChangeError::Given(given.name.clone(), error);
        let slot = slot.ok_or(SlotError::NotASlot).map_err(|error| named(error.into()))?;
        let root = open_with(slot, &given.content, &self.homes).map_err(named)?;
        let ours = root.id() == self.expected.root && root.check_value() == self.expected.check;
        if ours { Ok(root) } else { Err(named(GivenError::Foreign)) }
    }

    /// The folder, after whatever an interrupted command left there is finished or taken back.
    fn take(&self) -> Result<Shelf, SlotChangeError> {
        let shelf = Shelf::take(self.folder)?.ok_or(SlotChangeError::Busy)?;
        for unlock in self.unlock {
            if let Unlock::KeyFile(path) = unlock {
                self.finish_key_file(path)?;
            }
        }
        Ok(shelf)
    }

    /// A new key file whose slot took its place takes its own; one whose slot did not is removed.
    fn finish_key_file(&self, path: &Path) -> Result<(), StartError> {
        let staged = staged_key(path);
        if !staged.exists() {
            return Ok(());
        }
        let placed = self.list();
        let slot = placed.iter().find(|one| one.kind == SlotKind::KeyFile);
        let content = read_secret_file(&staged, key_file::KEY_FILE_BYTES_MAX);
        let fits = slot.and_then(|one| one.slot.as_ref()).zip(content.ok());
        let fits =
            fits.is_some_and(|(slot, content)| open_with(slot, &content, &self.homes).is_ok());
        if fits {
            return move_into_place(&staged, path);
        }
        std::fs::remove_file(&staged).map_err(|source| file_error(&staged, source))
    }

    fn remove_key_file(&self) -> Result<(), StartError> {
        for unlock in self.unlock {
            if let Unlock::KeyFile(path) = unlock
                && path.exists()
            {
                std::fs::remove_file(path).map_err(|source| file_error(path, source))?;
            }
        }
        Ok(())
    }

    fn forget_recovery(&self) -> Result<(), StartError> {
        let kept = self.store.forget_recovery();
        kept.map_err(|_| self.store.damaged("the confirmation could not be taken back"))
    }

    fn errands(&self) -> Option<&Errands> {
        self.unlock.iter().find_map(|unlock| match unlock {
            Unlock::Elsewhere(errands) => Some(errands),
            _ => None,
        })
    }
}

fn find<'p>(placed: &'p [Placed], name: &str) -> Result<&'p Placed, SlotRule> {
    let found = placed.iter().find(|one| one.name == name);
    found.ok_or_else(|| SlotRule::NoSuchSlot(name.to_owned()))
}

fn check_passphrase(new: &NewSlot) -> Result<(), SlotRule> {
    let NewSlot::Passphrase(passphrase) = new else { return Ok(()) };
    let characters = passphrase.expose_text().map_or(0, |text| text.chars().count());
    if characters < limits::PASSWORD_CHARS_MIN {
        return Err(SlotRule::PassphraseTooShort);
    }
    Ok(())
}

/// One line of the record: when, what, which slot, of which root key.
fn line(act: &str, name: &str, kind: SlotKind, root: &RootKey, clock: &dyn Clock) -> String {
    let (at, kind, root) = (clock.now().0, Kind::from(kind).as_str(), root.id());
    format!("{at} {act} slot={name} kind={kind} root={root}")
}

/// Opens a slot with the content of a file, or with what was typed.
fn open_with(slot: &Slot, content: &Exposed, homes: &dyn KeyHomes) -> Result<RootKey, GivenError> {
    let key = || key_file::read(content, homes).map_err(|_| GivenError::KeyFile);
    Ok(match slot.kind() {
        Kind::KeyFile => slot.open(&SlotSecret::KeyFile(&key()?), homes)?,
        Kind::Credential => slot.open(&SlotSecret::Wrapping(slot.kind(), &key()?), homes)?,
        Kind::Passphrase => slot.open(&SlotSecret::Passphrase(content), homes)?,
        Kind::Recovery => {
            slot.open(&SlotSecret::Recovery(&RecoveryCode::parse(content)?), homes)?
        }
        Kind::Age => slot.open(&SlotSecret::Age(&AgeIdentities::read(content)?), homes)?,
        Kind::Shamir => slot.open(&SlotSecret::Shamir(&Shares::read(content)?), homes)?,
        Kind::Kms | Kind::Pkcs11 | Kind::Tpm => return Err(GivenError::Machine),
    })
}

/// A key file on its way to its place.
enum KeyFile {
    /// Takes the place of the one that is there, after its slot did.
    Replacing { path: PathBuf, content: Exposed },
    /// Overwrites nothing.
    Beside { path: PathBuf, content: Exposed },
}

impl KeyFile {
    fn stage(&self) -> Result<(), StartError> {
        match self {
            Self::Replacing { path, content } => {
                replace_private(&staged_key(path), content.expose())
            }
            Self::Beside { path, content } => write_private(path, content.expose()),
        }
    }

    fn settle(&self) -> Result<(), StartError> {
        match self {
            Self::Replacing { path, .. } => move_into_place(&staged_key(path), path),
            Self::Beside { .. } => Ok(()),
        }
    }
}

/// What opens a new slot, as somebody will open it later.
enum Trial {
    Key(Key),
    Text(Exposed),
    Wrapping(Key),
}

impl Trial {
    fn open(&self, slot: &Slot, homes: &dyn KeyHomes) -> Result<RootKey, GivenError> {
        match self {
            Self::Key(key) => Ok(slot.open(&SlotSecret::KeyFile(key), homes)?),
            Self::Wrapping(key) => Ok(slot.open(&SlotSecret::Wrapping(slot.kind(), key), homes)?),
            Self::Text(text) => open_with(slot, text, homes),
        }
    }
}

/// A slot that lies nowhere yet.
struct Made {
    slot: Slot,
    key: Option<KeyFile>,
    trial: Option<Trial>,
    handed: Vec<Exposed>,
}

fn make(
    new: &NewSlot,
    making: &Making<'_>,
    errands: Option<&Errands>,
) -> Result<Made, SlotChangeError> {
    let Making { instance, root, homes, entropy } = *making;
    let no_room = |_| SlotChangeError::DoesNotOpen;
    let close = |secret: &SlotSecret<'_>| Slot::close(secret, instance, root, homes, entropy);
    let random = || Key::random(homes, entropy).map_err(|_| SlotChangeError::DoesNotOpen);
    let made = |slot, trial| Made { slot, key: None, trial: Some(trial), handed: Vec::new() };
    Ok(match new {
        NewSlot::KeyFile(path) => {
            let key = random()?;
            let slot = close(&SlotSecret::KeyFile(&key)).map_err(no_room)?;
            let content = key_file::write(&key);
            let key_file = KeyFile::Replacing { path: path.clone(), content };
            Made { key: Some(key_file), ..made(slot, Trial::Key(key)) }
        }
        NewSlot::Passphrase(passphrase) => {
            let slot = close(&SlotSecret::Passphrase(passphrase)).map_err(no_room)?;
            made(slot, Trial::Text(Exposed::copy_of(passphrase.expose())))
        }
        NewSlot::Recovery => {
            let code = RecoveryCode::random(entropy);
            let slot = close(&SlotSecret::Recovery(&code)).map_err(no_room)?;
            Made { handed: vec![code.text()], ..made(slot, Trial::Text(code.text())) }
        }
        NewSlot::Age(recipient) => {
            let slot = Slot::close_for_age(recipient.clone(), making).map_err(no_room)?;
            Made { slot, key: None, trial: None, handed: Vec::new() }
        }
        NewSlot::Shamir(split) => {
            let (slot, shares) = Slot::close_for_shares(*split, making).map_err(no_room)?;
            let handed: Vec<Exposed> = shares.iter().map(Share::text).collect();
            Made { handed, ..made(slot, Trial::Text(all_lines(&shares))) }
        }
        NewSlot::Credential { name, out } => {
            let key = random()?;
            let way = Way::Credential { name: name.clone() };
            let slot = Slot::close_elsewhere(way, &key, making).map_err(no_room)?;
            let content = key_file::write(&key);
            let key_file = KeyFile::Beside { path: out.clone(), content };
            Made { key: Some(key_file), ..made(slot, Trial::Wrapping(key)) }
        }
        NewSlot::Kms { .. } | NewSlot::Pkcs11 { .. } | NewSlot::Tpm => {
            let errands = errands.ok_or(SlotChangeError::Elsewhere(ElsewhereFault::NotBuilt))?;
            let (way, key) = wrapped_elsewhere(new, errands, homes)?;
            let slot = Slot::close_elsewhere(way, &key, making).map_err(no_room)?;
            made(slot, Trial::Wrapping(key))
        }
    })
}

/// Every share, as a file of them is typed: with more than enough, each is tried.
fn all_lines(shares: &[Share]) -> Exposed {
    let mut lines = Vec::with_capacity(shares.len() * 128);
    for share in shares {
        lines.extend_from_slice(share.text().expose());
        lines.push(b'\n');
    }
    Exposed::new(lines)
}

/// Has a new wrapping key wrapped, and what was wrapped unwrapped again: the slot is closed with
/// what came back.
fn wrapped_elsewhere(
    new: &NewSlot,
    errands: &Errands,
    homes: &dyn KeyHomes,
) -> Result<(Way, Key), SlotChangeError> {
    let failed = || SlotChangeError::Elsewhere(ElsewhereFault::Failed);
    let text = |name: &Name| name.as_str().to_owned();
    let place = match new {
        NewSlot::Kms { address, mount, key } => {
            Place::Kms { address: text(address), mount: text(mount), key: text(key) }
        }
        NewSlot::Pkcs11 { token, key } => Place::Pkcs11 { token: text(token), key: text(key) },
        _ => Place::Tpm,
    };
    let run = |act| {
        let brought = errands.run(place.clone(), act, errand::deadline(), homes);
        brought.map_err(SlotChangeError::Elsewhere)
    };
    let (wrapped_key, parts) = run(Act::Wrap)?;
    let (key, _) = run(Act::Unwrap(parts.clone()))?;
    if !Exposed::copy_of(key.bytes()).same_as(&Exposed::copy_of(wrapped_key.bytes())) {
        return Err(failed());
    }
    let way = match (new, parts.as_slice()) {
        (NewSlot::Kms { address, mount, key }, [wrapped]) => {
            let wrapped = std::str::from_utf8(wrapped).ok().and_then(|text| Name::new(text).ok());
            let (address, mount, key) = (address.clone(), mount.clone(), key.clone());
            Way::Kms { address, mount, key, wrapped: wrapped.ok_or_else(failed)? }
        }
        (NewSlot::Pkcs11 { token, key }, [wrapped]) => {
            Way::Pkcs11 { token: token.clone(), key: key.clone(), wrapped: wrapped.clone() }
        }
        (NewSlot::Tpm, [public, private]) => {
            Way::Tpm { public: public.clone(), private: private.clone() }
        }
        _ => return Err(failed()),
    };
    Ok((way, key))
}
