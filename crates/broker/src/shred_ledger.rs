//! The shred ledger: every order to make something unreadable, in a file beside the slots, so that
//! a restored key store stays dead.
//!
//! ```text
//! <base64 of a signed note>      one line per order
//!
//! casemate.v1 shred order        the note's text
//! instance 0192…
//! order 3
//! previous 51fe…                 SHA-256 of the line before; zeroes for the first
//! at_ms 1790000000000
//! realm tenant 0193…
//! key -                          or the one key's id
//! keys 4                         how many keys there were
//! ```
//!
//! Always true
//! 1. An order is durable here before anything is destroyed, and every order is carried out again
//!    at each start, before the broker listens.
//! 2. Orders are numbered, chained and signed by the instance's log key; a line that does not fit
//!    stops the start. A torn last line was never carried out, and is cut off.
//! 3. A ledger with fewer orders than the key store knows of is not ours, and stops the start.
//!
//! The file lies in the config folder: a backup of the data folder never holds it, so restoring one
//! never takes an order back.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, HEXLOWER};
use domain::{InstanceId, TimeMs};
use ledger::note::Note;
use seal::KeyId;

use crate::instance_keys::InstanceKeys;
use crate::record::Realm;
use crate::rotation::ShredTarget;
use crate::slots::{file_error, private_file, sync_folder_of};
use crate::start_error::StartError;

/// Largest ledger that is read: about a hundred thousand orders.
const LEDGER_BYTES_MAX: u64 = 64 * 1024 * 1024;
const TITLE: &str = "casemate.v1 shred order";

/// One order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) number: u64,
    pub(crate) at: TimeMs,
    pub(crate) target: ShredTarget,
    /// How many data keys there were to destroy.
    pub(crate) keys: u64,
}

/// The open ledger.
pub(crate) struct ShredLedger {
    path: PathBuf,
    /// `None` before the first order.
    file: Option<File>,
    orders: Vec<Order>,
    last: [u8; 32],
}

/// The ledger of the slots in this folder.
pub(crate) fn ledger_path(slots: &Path) -> PathBuf {
    slots.join("shredded.ledger")
}

impl ShredLedger {
    /// Opens the ledger, or starts it; checks every order. `known` is how many orders the key store
    /// knows of.
    ///
    /// # Errors
    /// [`StartError::Damaged`] for a line that does not fit, or fewer orders than `known`;
    /// [`StartError::File`].
    pub(crate) fn open(
        path: &Path,
        instance: InstanceId,
        keys: &InstanceKeys,
        known: u64,
    ) -> Result<Self, StartError> {
        let failed = |source| file_error(path, source);
        let mut ledger =
            Self { path: path.to_owned(), file: None, orders: Vec::new(), last: [0; 32] };
        let opened = OpenOptions::new().read(true).write(true).open(path);
        let mut file = match opened {
            // The first order makes it; a folder that cannot be written stops no start.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && known == 0 => {
                return Ok(ledger);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(damaged(path, "it has fewer orders than the key store knows of"));
            }
            opened => opened.map_err(failed)?,
        };
        let length = file.metadata().map_err(failed)?.len();
        if length > LEDGER_BYTES_MAX {
            return Err(damaged(path, "it is larger than any ledger"));
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < text.len() {
            // Torn by a crash: its order was not carried out, since that comes after the sync.
            file.set_len(u64::try_from(whole).unwrap_or(0)).map_err(failed)?;
            file.sync_all().map_err(failed)?;
            text.truncate(whole);
        }
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let order = read(line, instance, keys, &ledger)
                .ok_or_else(|| damaged(path, "an order does not fit"))?;
            ledger.took(line, order);
        }
        if ledger.count() < known {
            return Err(damaged(path, "it has fewer orders than the key store knows of"));
        }
        ledger.file = Some(file);
        Ok(ledger)
    }

    /// Every order, oldest first.
    pub(crate) fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// How many orders there are.
    pub(crate) fn count(&self) -> u64 {
        u64::try_from(self.orders.len()).unwrap_or(u64::MAX)
    }

    /// The order that already covers `target`.
    pub(crate) fn find(&self, target: ShredTarget) -> Option<Order> {
        self.orders.iter().copied().find(|order| order.target == target)
    }

    /// Makes an order durable.
    ///
    /// # Errors
    /// What the system says. The order may or may not be there; repeating it is safe.
    pub(crate) fn append(
        &mut self,
        target: ShredTarget,
        key_count: u64,
        at: TimeMs,
        instance: InstanceId,
        keys: &InstanceKeys,
    ) -> std::io::Result<Order> {
        let order = Order { number: self.count() + 1, at, target, keys: key_count };
        let text = order_text(&order, instance, &self.last);
        let note = keys.sign_note(&text).map_err(std::io::Error::other)?;
        let line = BASE64.encode(note.as_bytes());
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = private_file(&self.path)?;
                sync_folder_of(&self.path)?;
                none.insert(file)
            }
        };
        let end = file.seek(SeekFrom::End(0))?;
        let written = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_all());
        if let Err(error) = written {
            // A part of a line must not stand before the next one.
            let _ = file.set_len(end);
            tracing::error!(path = %self.path.display(), %error, "the ledger cannot be written");
            return Err(error);
        }
        self.took(line.as_bytes(), order);
        Ok(order)
    }

    fn took(&mut self, line: &[u8], order: Order) {
        self.last.copy_from_slice(digest(&SHA256, line).as_ref());
        self.orders.push(order);
    }
}

fn order_text(order: &Order, instance: InstanceId, previous: &[u8; 32]) -> String {
    format!(
        "{TITLE}\ninstance {instance}\norder {}\nprevious {}\nat_ms {}\n{}keys {}\n",
        order.number,
        HEXLOWER.encode(previous),
        order.at.0,
        target_lines(order.target),
        order.keys,
    )
}

/// The two lines that name a target, in orders and in certificates.
pub(crate) fn target_lines(target: ShredTarget) -> String {
    let (realm, key) = match target {
        ShredTarget::Realm(realm) => (realm, "-".to_owned()),
        ShredTarget::Key { realm, key } => (realm, key.to_string()),
    };
    let (kind, id) = match realm {
        Realm::Tenant(id) => ("tenant", id.to_string()),
        Realm::Person(id) => ("person", id.to_string()),
    };
    format!("realm {kind} {id}\nkey {key}\n")
}

/// A line of the ledger that continues it and that the instance's log key signed.
fn read(
    line: &[u8],
    instance: InstanceId,
    keys: &InstanceKeys,
    before: &ShredLedger,
) -> Option<Order> {
    let note = String::from_utf8(BASE64.decode(line).ok()?).ok()?;
    let written = parse(Note::parse(&note).ok()?.open(&[keys.log_verifier().clone()]).ok()?)?;
    let next = written.order.number == before.count() + 1
        && written.instance == instance
        && written.previous == before.last;
    next.then_some(written.order)
}

/// What an order's text says.
#[derive(Debug)]
struct Written {
    instance: InstanceId,
    previous: [u8; 32],
    order: Order,
}

/// Whether a text is an order in its one spelling.
pub(crate) fn is_order(text: &str) -> bool {
    parse(text).is_some()
}

/// Reads an order's text in its one spelling: what it says is written again and compared.
fn parse(text: &str) -> Option<Written> {
    let mut lines = text.lines();
    if lines.next()? != TITLE {
        return None;
    }
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    let instance = field("instance")?.parse().ok()?;
    let number = field("order")?.parse().ok()?;
    let previous = HEXLOWER.decode(field("previous")?.as_bytes()).ok()?.try_into().ok()?;
    let at = TimeMs(field("at_ms")?.parse().ok()?);
    let (kind, id) = field("realm")?.split_once(' ')?;
    let realm = match kind {
        "tenant" => Realm::Tenant(id.parse().ok()?),
        "person" => Realm::Person(id.parse().ok()?),
        _ => return None,
    };
    let target = match field("key")? {
        "-" => ShredTarget::Realm(realm),
        key => ShredTarget::Key { realm, key: KeyId::parse(key)? },
    };
    let order = Order { number, at, target, keys: field("keys")?.parse().ok()? };
    let same = order_text(&order, instance, &previous) == text;
    same.then_some(Written { instance, previous, order })
}

fn damaged(path: &Path, reason: &'static str) -> StartError {
    StartError::Damaged { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn order(key: Option<[u8; 16]>, number: u64) -> Order {
        let realm = Realm::Tenant(Uuid::from_u128(7).into());
        let target = match key {
            None => ShredTarget::Realm(realm),
            Some(bytes) => {
                let key = KeyId::parse(&HEXLOWER.encode(&bytes)).unwrap();
                ShredTarget::Key { realm, key }
            }
        };
        Order { number, at: TimeMs(1_790_000_000_000), target, keys: 4 }
    }

    proptest! {
        #[test]
        fn an_order_is_read_back_as_it_was_written(
            key: Option<[u8; 16]>, number: u64, previous: [u8; 32],
        ) {
            let (order, instance) = (order(key, number), Uuid::from_u128(1).into());
            let written = parse(&order_text(&order, instance, &previous)).unwrap();
            prop_assert_eq!(written.order, order);
            prop_assert_eq!((written.instance, written.previous), (instance, previous));
        }

        #[test]
        fn an_accepted_order_is_the_text_it_writes(
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
        ) {
            let good = order_text(&order(None, 3), Uuid::from_u128(1).into(), &[5; 32]);
            let mut bytes = good.clone().into_bytes();
            for (place, byte) in edits {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some(written) = parse(&text) {
                let again = order_text(&written.order, written.instance, &written.previous);
                prop_assert_eq!(again, text);
            }
        }

        #[test]
        fn noise_is_no_order_and_ends_nothing(text: String) {
            prop_assert!(!is_order(&text));
        }
    }
}
