//! `slots add`, `slots rotate`, `slots remove`.

use std::path::{Path, PathBuf};

use broker::slots::{
    Changed, Circumstances, GivenError, NewSlot, SlotChangeError, SlotRule, Slots, WithoutRecovery,
};
use broker::{Exposed, SlotKind};
use ledger::Verb;
use seal::slot::{AgeRecipient, Kind, Name, Split, Way};
use seal::{SystemClock, SystemEntropy};
use serde_json::json;

use super::look::no_slot;
use super::record::{self, Change};
use super::secret::{self, OpenedBy};
use crate::failure::{Exit, Failure, Teaches};

use crate::handout::Handout;
use crate::keys;
use crate::output::Output;
use crate::settings::{Folders, Settings};
use crate::up::prepare;

/// `slots add`.
#[derive(Debug, clap::Subcommand)]
pub enum Add {
    /// For whoever has the identity of an age recipient
    Age {
        /// The public string, age1…
        #[arg(long, value_name = "AGE1")]
        recipient: AgeRecipient,
        #[command(flatten)]
        change: Whole,
    },
    /// For several people together
    Shamir {
        /// How many shares open it
        #[arg(long, value_name = "COUNT")]
        threshold: u8,
        /// How many shares there are
        #[arg(long, value_name = "COUNT")]
        shares: u8,
        #[command(flatten)]
        change: Whole,
    },
    /// For the service manager: a systemd credential
    Credential {
        /// The credential's name
        #[arg(long, value_parser = Name::new)]
        name: Name,
        /// Write its content here, for systemd-creds to encrypt
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        change: Whole,
    },
    /// For a key service that speaks transit (Vault, OpenBao)
    Kms {
        /// Its address: https://host:port
        #[arg(long, value_parser = Name::new)]
        address: Name,
        /// Where transit is mounted
        #[arg(long, default_value = "transit", value_parser = Name::new)]
        mount: Name,
        /// The key there
        #[arg(long, value_parser = Name::new)]
        key_name: Name,
        #[command(flatten)]
        change: Whole,
    },
    /// For a token behind PKCS#11
    Pkcs11 {
        /// The token's label
        #[arg(long, value_parser = Name::new)]
        token_label: Name,
        /// The label of an AES key in it
        #[arg(long, value_parser = Name::new)]
        key_label: Name,
        #[command(flatten)]
        change: Whole,
    },
    /// For the TPM of this machine
    Tpm {
        #[command(flatten)]
        change: Whole,
    },
    /// For a passphrase
    Passphrase {
        /// Read it from this file ("-" for stdin)
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        #[command(flatten)]
        change: Whole,
    },
    /// For a new key file
    KeyFile {
        #[command(flatten)]
        change: Whole,
    },
    /// For a new recovery code
    Recovery {
        #[command(flatten)]
        change: Whole,
    },
}

/// What every change takes.
#[derive(Debug, clap::Args)]
pub struct Whole {
    #[command(flatten)]
    folders: Folders,
    #[command(flatten)]
    opened_by: OpenedBy,
}

/// `slots rotate`.
#[derive(Debug, clap::Args)]
pub struct Rotate {
    /// The slot
    slot: String,
    /// age: the new public string [default: the same]
    #[arg(long, value_name = "AGE1")]
    recipient: Option<AgeRecipient>,
    /// shamir: how many shares open it [default: as before]
    #[arg(long, value_name = "COUNT")]
    threshold: Option<u8>,
    /// shamir: how many shares there are [default: as before]
    #[arg(long, value_name = "COUNT")]
    shares: Option<u8>,
    /// credential: write the new content here
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// passphrase: read the new one from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    change: Whole,
}

/// `slots remove`.
#[derive(Debug, clap::Args)]
pub struct Remove {
    /// The slot
    slot: String,
    /// Also the last one that opens without this machine
    #[arg(long)]
    even_the_last_recovery: bool,
    #[command(flatten)]
    change: Whole,
}

impl Add {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let new = |settings: &Settings| -> Result<NewSlot, Failure> {
            Ok(match &self {
                Self::Age { recipient, .. } => NewSlot::Age(recipient.clone()),
                Self::Shamir { threshold, shares, .. } => {
                    NewSlot::Shamir(split(*threshold, *shares)?)
                }
                Self::Credential { name, out, .. } => {
                    NewSlot::Credential { name: name.clone(), out: out.clone() }
                }
                Self::Kms { address, mount, key_name, .. } => NewSlot::Kms {
                    address: address.clone(),
                    mount: mount.clone(),
                    key: key_name.clone(),
                },
                Self::Pkcs11 { token_label, key_label, .. } => {
                    NewSlot::Pkcs11 { token: token_label.clone(), key: key_label.clone() }
                }
                Self::Tpm { .. } => NewSlot::Tpm,
                Self::Passphrase { passphrase_file, .. } => {
                    NewSlot::Passphrase(secret::new_passphrase(passphrase_file.as_deref())?)
                }
                Self::KeyFile { .. } => NewSlot::KeyFile(keys::key_file(settings)),
                Self::Recovery { .. } => NewSlot::Recovery,
            })
        };
        let whole = self.whole();
        let settings = Settings::load(&whole.folders, Vec::new())?;
        let config = keys::broker_config(&settings, Vec::new())?;
        let (new, given) = (new(&settings)?, whole.opened_by.given()?);
        let slots = Slots::of(&config)?;
        let circumstances =
            Circumstances { given: given.as_ref(), clock: &SystemClock, entropy: &SystemEntropy };
        let mut desk = Desk::new(output, &settings, new.kind());
        let added = slots.add(&new, &circumstances, &mut |name, secrets| desk.give(name, secrets));
        let added = desk.checked(added)?;
        tell(output, &settings, &added, &desk.files, Verb::UnsealSlotAdded)
    }

    const fn whole(&self) -> &Whole {
        match self {
            Self::Age { change, .. }
            | Self::Shamir { change, .. }
            | Self::Credential { change, .. }
            | Self::Kms { change, .. }
            | Self::Pkcs11 { change, .. }
            | Self::Tpm { change }
            | Self::Passphrase { change, .. }
            | Self::KeyFile { change }
            | Self::Recovery { change } => change,
        }
    }
}

impl Rotate {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.change.folders, Vec::new())?;
        let config = keys::broker_config(&settings, Vec::new())?;
        let new = self.new_secret(&settings)?;
        let given = self.change.opened_by.given()?;
        let slots = Slots::of(&config)?;
        let circumstances =
            Circumstances { given: given.as_ref(), clock: &SystemClock, entropy: &SystemEntropy };
        let mut desk = Desk::new(output, &settings, new.kind());
        let mut hand_out = |name: &str, secrets: &[Exposed]| desk.give(name, secrets);
        let turned = slots.rotate(&self.slot, &new, &circumstances, &mut hand_out);
        let turned = desk.checked(turned)?;
        tell(output, &settings, &turned, &desk.files, Verb::UnsealSlotRotated)
    }

    /// The new secret, of the slot's own kind; what is public stays as it is unless it was given.
    fn new_secret(&self, settings: &Settings) -> Result<NewSlot, Failure> {
        let placed = broker::slots::list(&settings.config.broker.slots);
        let found = placed.iter().find(|one| one.name == self.slot);
        let found = found.ok_or_else(|| no_slot(&self.slot))?;
        let way = found.slot.as_ref().map(|slot| slot.way());
        let missing = |what: &str| {
            Failure::new(
                Exit::Usage,
                format!("the slot file of {} cannot be read, so {what} must be given", self.slot),
                format!("add {what} to the command"),
            )
        };
        Ok(match (found.kind, way) {
            (SlotKind::KeyFile, _) => NewSlot::KeyFile(keys::key_file(settings)),
            (SlotKind::Recovery, _) => NewSlot::Recovery,
            (SlotKind::Passphrase, _) => {
                NewSlot::Passphrase(secret::new_passphrase(self.passphrase_file.as_deref())?)
            }
            (SlotKind::Tpm, _) => NewSlot::Tpm,
            (SlotKind::Age, way) => NewSlot::Age(match (&self.recipient, way) {
                (Some(recipient), _) => recipient.clone(),
                (None, Some(Way::Age { recipient, .. })) => recipient.clone(),
                _ => return Err(missing("--recipient")),
            }),
            (SlotKind::Shamir, way) => {
                let (threshold, count) = match way {
                    Some(Way::Shamir(split)) => (Some(split.threshold()), Some(split.count())),
                    _ => (None, None),
                };
                let threshold = self.threshold.or(threshold);
                let count = self.shares.or(count);
                let threshold = threshold.ok_or_else(|| missing("--threshold"))?;
                NewSlot::Shamir(split(threshold, count.ok_or_else(|| missing("--shares"))?)?)
            }
            (SlotKind::Credential, Some(Way::Credential { name })) => {
                let out = self.out.clone().ok_or_else(|| {
                    Failure::new(
                        Exit::Usage,
                        "the new credential needs a place",
                        "add --out FILE: systemd-creds encrypts what is written there",
                    )
                })?;
                NewSlot::Credential { name: name.clone(), out }
            }
            (SlotKind::Kms, Some(Way::Kms { address, mount, key, .. })) => {
                NewSlot::Kms { address: address.clone(), mount: mount.clone(), key: key.clone() }
            }
            (SlotKind::Pkcs11, Some(Way::Pkcs11 { token, key, .. })) => {
                NewSlot::Pkcs11 { token: token.clone(), key: key.clone() }
            }
            (SlotKind::Credential | SlotKind::Kms | SlotKind::Pkcs11, _) => {
                return Err(Failure::new(
                    Exit::Failed,
                    format!("the slot file of {} cannot be read", self.slot),
                    format!("casemate slots remove {}, then casemate slots add", self.slot),
                ));
            }
        })
    }
}

impl Remove {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.change.folders, Vec::new())?;
        let config = keys::broker_config(&settings, Vec::new())?;
        let given = self.change.opened_by.given()?;
        let without_recovery = if self.even_the_last_recovery {
            WithoutRecovery::Confirmed
        } else {
            WithoutRecovery::Refused
        };
        let slots = Slots::of(&config)?;
        let removed = slots.remove(&self.slot, given.as_ref(), without_recovery, &SystemClock)?;
        tell(output, &settings, &removed, &[], Verb::UnsealSlotRemoved)
    }
}

fn split(threshold: u8, count: u8) -> Result<Split, Failure> {
    Split::new(threshold, count).map_err(|error| {
        Failure::new(Exit::Usage, error.to_string(), "for example --threshold 3 --shares 5")
    })
}

/// The change of a recovery slot by a command that has no [`Changed`].
pub(super) fn of_recovery(settings: &Settings) -> Change {
    let placed = broker::slots::list(&settings.config.broker.slots);
    let root = placed.iter().find(|one| one.kind == SlotKind::Recovery);
    let root = root.and_then(|one| one.slot.as_ref()).map(|slot| slot.root().to_string());
    Change {
        verb: Verb::UnsealSlotRotated,
        slot: "recovery".into(),
        kind: Kind::Recovery.as_str(),
        root: root.unwrap_or_default(),
    }
}

/// Where recovery codes and shares are handed out, before the slot that they open takes its place.
struct Desk<'a> {
    output: &'a Output,
    settings: &'a Settings,
    kind: SlotKind,
    /// The files that hold what no terminal could show.
    files: Vec<PathBuf>,
    failure: Option<Failure>,
}

impl<'a> Desk<'a> {
    const fn new(output: &'a Output, settings: &'a Settings, kind: SlotKind) -> Self {
        Self { output, settings, kind, files: Vec::new(), failure: None }
    }

    /// Shows each secret once, or puts it into a file of its own. `false` when that failed.
    fn give(&mut self, name: &str, secrets: &[Exposed]) -> bool {
        let config = &self.settings.places.config;
        for (secret, number) in secrets.iter().zip(1..) {
            let (what, path) = match self.kind {
                SlotKind::Recovery => ("Recovery code".to_owned(), config.recovery_code()),
                _ => (format!("Share {number} of {name}"), config.share(name, number)),
            };
            match Handout::give(self.output, secret.expose(), &path) {
                Ok(handout) => {
                    let shown = handout.shown();
                    self.output
                        .step(&format!("{what}; keep it away from this machine:\n  {shown}"));
                    self.files.extend(handout.file().map(Path::to_owned));
                }
                Err(error) => {
                    self.failure = Some(error.into());
                    return false;
                }
            }
        }
        true
    }

    /// The outcome, with the reason why something could not be handed out.
    fn checked(&mut self, outcome: Result<Changed, SlotChangeError>) -> Result<Changed, Failure> {
        match (outcome, self.failure.take()) {
            (Err(SlotChangeError::NotHandedOut), Some(failure)) => Err(failure),
            (outcome, _) => Ok(outcome?),
        }
    }
}

/// Gives the files back to the broker, records the change, and says what was done.
fn tell(
    output: &Output,
    settings: &Settings,
    changed: &Changed,
    files: &[PathBuf],
    verb: Verb,
) -> Result<(), Failure> {
    prepare::give_back(settings)?;
    let (name, root) = (&changed.name, changed.root.to_string());
    let kind = Kind::from(changed.kind).as_str();
    let change = Change { verb, slot: name.clone(), kind, root: root.clone() };
    let recorded = record::record(settings, change)?;
    let (event, headline) = headline(changed, verb);
    let text = format!("{headline}{}{}", next(changed, verb), record::note(recorded));
    output.result(
        event,
        json!({
            "id": name, "kind": changed.kind, "root_key": root, "opened_by": changed.opened_by,
            "tried": changed.tried, "files": files, "recorded": recorded,
        }),
        &text,
    );
    Ok(())
}

fn headline(changed: &Changed, verb: Verb) -> (&'static str, String) {
    let Changed { name, root, opened_by, .. } = changed;
    match verb {
        Verb::UnsealSlotAdded => {
            ("slots.added", format!("Slot {name} holds root key {root}, which {opened_by} opened."))
        }
        Verb::UnsealSlotRotated => {
            ("slots.rotated", format!("Slot {name} has a new secret; the old one opens nothing."))
        }
        _ => {
            ("slots.removed", format!("Slot {name} is removed; {opened_by} opens root key {root}."))
        }
    }
}

fn next(changed: &Changed, verb: Verb) -> String {
    let name = &changed.name;
    if verb == Verb::UnsealSlotRemoved {
        return String::new();
    }
    match changed.kind {
        SlotKind::Recovery => "\n\nNext: casemate slots confirm".into(),
        SlotKind::Passphrase => {
            "\n\nNext: put the passphrase into the file that broker.passphrase_file names".into()
        }
        SlotKind::Credential => {
            "\n\nNext: encrypt the file with systemd-creds, name it in the unit, and remove it"
                .into()
        }
        _ if !changed.tried || changed.kind == SlotKind::Shamir => {
            format!("\n\nNext: casemate slots test {name} --secret-file FILE")
        }
        _ => format!("\n\nNext: casemate slots test {name}"),
    }
}

impl Teaches for SlotChangeError {
    fn mend(&self) -> String {
        match self {
            Self::Rule(rule) => mend_rule(rule).into(),
            Self::Busy => "try again when it has ended".into(),
            Self::Elsewhere(_) => {
                "correct the [broker] settings of this kind, or what they name: casemate config check"
                    .into()
            }
            Self::DoesNotOpen | Self::NotHandedOut => {
                "see that the disk of the config folder is healthy".into()
            }
            Self::Given(_, GivenError::Slot(_) | GivenError::Foreign) => {
                "give what belongs to this slot: casemate slots list shows its details".into()
            }
            Self::Given(..) => "give the file or text that was made for this slot".into(),
            Self::Start(error) => error.mend(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Rule(SlotRule::NoSuchSlot(_)) => Exit::NotFound,
            Self::Rule(SlotRule::PassphraseTooShort | SlotRule::OtherKind) => Exit::Usage,
            Self::Rule(_) => Exit::Conflict,
            Self::Busy => Exit::TryAgain,
            Self::Elsewhere(_) | Self::Given(..) => Exit::Refused,
            Self::DoesNotOpen | Self::NotHandedOut => Exit::Failed,
            Self::Start(error) => error.exit(),
        }
    }
}

const fn mend_rule(rule: &SlotRule) -> &'static str {
    match rule {
        SlotRule::NoSuchSlot(_) => "casemate slots list shows them",
        SlotRule::OtherKind => "leave out what belongs to another kind",
        SlotRule::OneOfAKind => "casemate slots rotate gives it a new secret",
        SlotRule::TooMany => "remove one that nobody needs: casemate slots remove",
        SlotRule::TwoStay => "add another one first: casemate slots add",
        SlotRule::LastRecovery => {
            "add a recovery, shamir or age slot first, or say --even-the-last-recovery"
        }
        SlotRule::PassphraseTooShort => "choose a longer one",
    }
}
