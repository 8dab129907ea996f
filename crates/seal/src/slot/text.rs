//! The slot file's text. One spelling: what [`parse`] accepts, [`write`] gives back byte for byte.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};

use super::{Kind, Slot, SlotError};
use crate::envelope;
use crate::key::KeyId;
use crate::passphrase::PassphraseCost;

/// Largest slot file: a real one has about 600 bytes.
pub const SLOT_FILE_BYTES_MAX: usize = 4096;

const FORMAT_LINE: &str = "casemate slot 1";
const FORMAT_WORDS: &str = "casemate slot ";

pub(super) fn write(slot: &Slot, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let [memory_kib, passes, lanes] = slot.cost.map_or([0; 3], PassphraseCost::parts);
    writeln!(f, "{FORMAT_LINE}")?;
    writeln!(f, "kind {}", slot.kind.as_str())?;
    writeln!(f, "id {}", slot.id)?;
    writeln!(f, "instance {}", slot.instance)?;
    writeln!(f, "root {}", slot.root)?;
    writeln!(f, "cost {memory_kib} {passes} {lanes}")?;
    writeln!(f, "salt {}", HEXLOWER.encode(&slot.salt))?;
    writeln!(f, "sealed {}", BASE64.encode(&slot.sealed))
}

pub(super) fn parse(file: &str) -> Result<Slot, SlotError> {
    if file.len() > SLOT_FILE_BYTES_MAX {
        return Err(SlotError::NotASlot);
    }
    match file.lines().next() {
        Some(FORMAT_LINE) => {}
        Some(line) if is_newer(line) => return Err(SlotError::NewerFormat),
        _ => return Err(SlotError::NotASlot),
    }
    let slot = read(file).ok_or(SlotError::NotASlot)?;
    // A newer envelope inside a slot of this format is a newer release's slot as well.
    if envelope::key_id(&slot.sealed)? != slot.id {
        return Err(SlotError::NotASlot);
    }
    if slot.to_string() == file { Ok(slot) } else { Err(SlotError::NotASlot) }
}

fn is_newer(line: &str) -> bool {
    let version = line.strip_prefix(FORMAT_WORDS).and_then(|number| number.parse::<u32>().ok());
    version.is_some_and(|version| version > 1)
}

fn read(file: &str) -> Option<Slot> {
    let mut lines = file.lines().skip(1);
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    let kind = field("kind")?;
    let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    let id = KeyId::parse(field("id")?)?;
    let instance = field("instance")?.parse().ok()?;
    let root = KeyId::parse(field("root")?)?;
    let cost = read_cost(field("cost")?)?;
    let salt = HEXLOWER.decode(field("salt")?.as_bytes()).ok()?.try_into().ok()?;
    let sealed = BASE64.decode(field("sealed")?.as_bytes()).ok()?;
    let cost = match (kind, cost) {
        (Kind::Passphrase, [memory_kib, passes, lanes]) => {
            Some(PassphraseCost::read(memory_kib, passes, lanes).ok()?)
        }
        (_, [0, 0, 0]) => None,
        _ => return None,
    };
    Some(Slot { kind, id, instance, root, cost, salt, sealed })
}

fn read_cost(text: &str) -> Option<[u32; 3]> {
    let mut numbers = text.split(' ').map(|number| number.parse().ok());
    let cost = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(cost)
}
