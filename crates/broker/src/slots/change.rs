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
//! The broker may run meanwhile: it reads the folder, and takes the same lock when it gives the
//! recovery slot its pair. The root key passes through this
//! process, which is hardened first.

use std::path::Path;

use domain::{Clock, Entropy, limits};
use seal::slot::{Kind, Making};
use seal::{Exposed, Key, KeyHomes, KeyId, RootKey, Slot, SlotError, SlotPair, key_file};

use super::errand::Errands;
use super::given::{Given, GivenError, open_with};
use super::making::{Made, NewSlot, make};
use super::shelf::{self, Placed, SLOTS_MAX, Shelf};
use super::unlock::staged_key;
use super::{
    Expected, Unlock, file_error, led_to, move_into_place, read_secret_file, report_all, unlock_any,
};
use crate::key_store::KeyStore;
use crate::process::{BrokerConfig, LockedHomes, harden};
use crate::start_error::{StartError, Tried};
use crate::status::{ElsewhereFault, SlotKind, SlotReport};

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
}

/// Hands out what is shown once and kept nowhere, a recovery code or shares, of the slot with this
/// name. `false` when nobody got it: then the slot stays as it was.
pub type HandOut<'h> = &'h mut dyn FnMut(&str, &[Exposed]) -> bool;

/// Who and what a change needs besides the new secret.
pub struct Circumstances<'c> {
    /// What opens an existing slot; else what the settings name does.
    pub given: Option<&'c Given>,
    /// When it is.
    pub clock: &'c dyn Clock,
    /// Where keys come from.
    pub entropy: &'c dyn Entropy,
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
    /// What is shown once could not be handed out.
    #[error("what is shown once could not be handed out, so nothing was changed")]
    NotHandedOut,
    /// No existing slot opened, or the files failed.
    #[error(transparent)]
    Start(#[from] StartError),
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
        let expected = Expected::read(&store)?;
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
        self.expected.is_of(slot)
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
        circumstances: &Circumstances<'_>,
        hand_out: HandOut<'_>,
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
        if let NewSlot::KeyFile(path) = new
            && path.exists()
        {
            // Whose it is nobody knows: it may open a backup.
            return Err(file_error(path, std::io::ErrorKind::AlreadyExists.into()).into());
        }
        let name = shelf::free_name(&placed, kind);
        self.write(&shelf, Act { word: "add", name: &name, new }, circumstances, hand_out)
    }

    /// Gives a slot a new secret; the old one opens it no more.
    ///
    /// # Errors
    /// [`SlotChangeError`].
    pub fn rotate(
        &self,
        name: &str,
        new: &NewSlot,
        circumstances: &Circumstances<'_>,
        hand_out: HandOut<'_>,
    ) -> Result<Changed, SlotChangeError> {
        let shelf = self.take()?;
        let placed = find(&shelf.list(), name)?.kind;
        if placed != new.kind() {
            return Err(SlotRule::OtherKind.into());
        }
        self.write(&shelf, Act { word: "rotate", name, new }, circumstances, hand_out)
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
        let before = find(&placed, name)?.slot.clone();
        shelf.remove(name)?;
        self.forget_pair_of(before.as_ref())?;
        match kind {
            SlotKind::KeyFile => self.remove_key_file()?,
            SlotKind::Recovery => self.forget_recovery()?,
            _ => {}
        }
        let name = name.to_owned();
        Ok(Changed { name, kind, root: root.id(), opened_by, tried: false })
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

    fn write(
        &self,
        shelf: &Shelf,
        act: Act<'_>,
        circumstances: &Circumstances<'_>,
        hand_out: HandOut<'_>,
    ) -> Result<Changed, SlotChangeError> {
        let Act { word, name, new } = act;
        let Circumstances { given, clock, entropy } = *circumstances;
        let kind = new.kind();
        check_passphrase(new)?;
        let (root, opened_by) = self.prove(given, None)?;
        let homes: &dyn KeyHomes = &self.homes;
        let instance = self.expected.instance;
        // It holds a pair's private half: a new root key reaches it without its secret.
        let unmade = |_| SlotChangeError::DoesNotOpen;
        let held = Key::random(homes, entropy)
            .map(RootKey::new)
            .map_err(|_| SlotChangeError::DoesNotOpen)?;
        let pair = SlotPair::new(&held, instance, &root, homes, entropy).map_err(unmade)?;
        let made = make(new, &Making { instance, root: &held, homes, entropy }, self.errands())?;
        let ready = self.stage(shelf, name, &made, &held).and_then(|tried| {
            if let Some(key) = &made.key {
                key.stage()?;
            }
            // Before the slot takes its place: cut off in between, the old secret still opens it.
            let handed = made.handed.is_empty() || hand_out(name, &made.handed);
            if handed { Ok(tried) } else { Err(SlotChangeError::NotHandedOut) }
        });
        let tried = ready.inspect_err(|_| shelf.unstage(name))?;
        shelf.record(&line(word, name, kind, &root, clock))?;
        if kind == SlotKind::Recovery {
            self.forget_recovery()?;
        }
        let before = find(&shelf.list(), name).ok().and_then(|placed| placed.slot.clone());
        self.pairs(|store| store.insert_pair(&pair, clock.now()))?;
        shelf.settle(name)?;
        self.forget_pair_of(before.as_ref())?;
        if let Some(key) = &made.key {
            key.settle()?;
        }
        if kind == SlotKind::Recovery {
            // Once more: the old code may have been typed back in between.
            self.forget_recovery()?;
        }
        Ok(Changed { name: name.to_owned(), kind, root: root.id(), opened_by, tried })
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
        let held = open_with(slot, &given.content, &self.homes).map_err(named)?;
        let root = led_to(slot, held, &self.expected, &self.homes);
        let root = root.map_err(|error| named(error.into()))?;
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

    /// Whoever still has a slot that was turned or removed, and its secret, has nothing by it.
    fn forget_pair_of(&self, slot: Option<&Slot>) -> Result<(), StartError> {
        slot.map_or(Ok(()), |slot| self.pairs(|store| store.remove_pair(slot.root())))
    }

    fn pairs<T, E>(&self, change: impl FnOnce(&KeyStore) -> Result<T, E>) -> Result<T, StartError> {
        change(&self.store).map_err(|_| self.store.damaged("a slot's pair could not be kept"))
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

/// What is written, and for which act.
struct Act<'a> {
    word: &'a str,
    name: &'a str,
    new: &'a NewSlot,
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
pub(crate) fn line(
    act: &str,
    name: &str,
    kind: SlotKind,
    root: &RootKey,
    clock: &dyn Clock,
) -> String {
    let (at, kind, root) = (clock.now().0, Kind::from(kind).as_str(), root.id());
    format!("{at} {act} slot={name} kind={kind} root={root}")
}

/// Records a change that another command is about to make to the slots in `folder`.
///
/// # Errors
/// [`SlotChangeError::Busy`], or the file's.
pub fn record(
    folder: &Path,
    act: &str,
    slot: &Slot,
    root: &RootKey,
    clock: &dyn Clock,
) -> Result<(), SlotChangeError> {
    let shelf = Shelf::take(folder)?.ok_or(SlotChangeError::Busy)?;
    let kind: SlotKind = slot.kind().into();
    Ok(shelf.record(&line(act, slot.kind().as_str(), kind, root, clock))?)
}
