//! The slot file's text. One spelling: what [`parse`] accepts, [`write`] gives back byte for byte.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};

use super::{Kind, Slot, SlotError, Way};
use crate::envelope;
use crate::key::KeyId;

/// Largest slot file: a real one has 600 to 2,000 bytes.
pub const SLOT_FILE_BYTES_MAX: usize = 4096;

const FORMAT_WORDS: &str = "casemate slot ";
/// The newest format that this release writes.
const FORMAT_MAX: u32 = 2;

pub(super) fn write(slot: &Slot, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let kind = slot.kind();
    writeln!(f, "{FORMAT_WORDS}{}", kind.format())?;
    writeln!(f, "kind {}", kind.as_str())?;
    writeln!(f, "id {}", slot.id)?;
    writeln!(f, "instance {}", slot.instance)?;
    writeln!(f, "root {}", slot.root)?;
    for (name, value) in slot.way.lines() {
        writeln!(f, "{name} {value}")?;
    }
    writeln!(f, "salt {}", HEXLOWER.encode(&slot.salt))?;
    writeln!(f, "sealed {}", BASE64.encode(&slot.sealed))
}

pub(super) fn parse(file: &str) -> Result<Slot, SlotError> {
    if file.len() > SLOT_FILE_BYTES_MAX {
        return Err(SlotError::NotASlot);
    }
    match file.lines().next().and_then(format_of) {
        Some(1..=FORMAT_MAX) => {}
        Some(newer) if newer > FORMAT_MAX => return Err(SlotError::NewerFormat),
        _ => return Err(SlotError::NotASlot),
    }
    let slot = read(file).ok_or(SlotError::NotASlot)?;
    // A newer envelope inside a slot of this format is a newer release's slot as well.
    if envelope::key_id(&slot.sealed)? != slot.id {
        return Err(SlotError::NotASlot);
    }
    if slot.to_string() == file { Ok(slot) } else { Err(SlotError::NotASlot) }
}

fn format_of(line: &str) -> Option<u32> {
    line.strip_prefix(FORMAT_WORDS)?.parse().ok()
}

fn read(file: &str) -> Option<Slot> {
    let mut lines = file.lines().skip(1);
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    let kind = field("kind")?;
    let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    let id = KeyId::parse(field("id")?)?;
    let instance = field("instance")?.parse().ok()?;
    let root = KeyId::parse(field("root")?)?;
    let way = Way::read(kind, &mut field)?;
    let salt = HEXLOWER.decode(field("salt")?.as_bytes()).ok()?.try_into().ok()?;
    let sealed = BASE64.decode(field("sealed")?.as_bytes()).ok()?;
    Some(Slot { id, instance, root, way, salt, sealed })
}
