//! Whose word is needed before a checkpoint counts: logs, witnesses, and the quorum among them.
//!
//! Always true
//! 1. A policy has exactly one quorum, and every witness counts towards it in one way only.
//! 2. Two lines never hold the same public key, under whatever name.
//! 3. A cosignature in a listed witness's name that does not verify refuses the checkpoint.
//!
//! Source: C2SP tlog-policy. Names are compared as the bytes they are.

use std::collections::{BTreeMap, BTreeSet};

use crate::checkpoint::TreeHead;
use crate::cosignature::CosignerKey;
use crate::note::{Note, NoteError, VerifierKey};
use crate::origin::LogOrigin;

/// Most bytes of a policy file.
pub const POLICY_BYTES_MAX: usize = 64 * 1024;
/// Most logs, and most witnesses, and most groups; the format asks for at least 32 of each.
pub const POLICY_ITEMS_MAX: usize = 64;

/// A line that breaks the format, counted from 1; or 0 when the file as a whole does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy {why}")]
pub struct PolicyError {
    /// Where.
    pub line: usize,
    /// What is wrong there.
    pub why: &'static str,
}

/// Trusted logs and witnesses, and the rule over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    witnesses: Vec<(Vec<u8>, CosignerKey)>,
    quorum: Quorum,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Quorum {
    None,
    Witness(usize),
    Group { threshold: usize, members: Vec<Self> },
}

/// A checkpoint that one of the logs signed, and who cosigned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<'a> {
    /// The checkpoint.
    pub head: TreeHead<'a>,
    /// Witnesses of the policy that cosigned it.
    pub cosigned: usize,
    /// Witnesses in the policy.
    pub witnesses: usize,
    /// Whether these are a quorum.
    pub quorum: bool,
}

impl Policy {
    /// The policy of a reader who knows no witness: the log's own signature is enough.
    #[must_use]
    pub const fn operator_only() -> Self {
        Self { logs: Vec::new(), witnesses: Vec::new(), quorum: Quorum::None }
    }

    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError`], which names the first line that is wrong.
    pub fn parse(file: &[u8]) -> Result<Self, PolicyError> {
        let whole = |why| PolicyError { line: 0, why };
        let allowed = |byte: &u8| matches!(byte, b'\t' | b'\n' | 0x20..=0x7E | 0x80..);
        if file.len() > POLICY_BYTES_MAX || !file.iter().all(allowed) {
            return Err(whole("is too long or holds a control character"));
        }
        let body = match file.strip_suffix(b"\n") {
            Some(body) => body,
            None => return Err(whole("does not end in a newline")),
        };
        let mut reading = Reading::default();
        for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
            reading.line(line).map_err(|why| PolicyError { line: index + 1, why })?;
        }
        let quorum = reading.quorum.ok_or_else(|| whole("has no quorum"))?;
        Ok(Self { logs: reading.logs, witnesses: reading.witnesses, quorum })
    }

    /// The logs.
    #[must_use]
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The witnesses' keys, in the order of their lines.
    pub fn witnesses(&self) -> impl Iterator<Item = &CosignerKey> {
        self.witnesses.iter().map(|(_, key)| key)
    }

    /// Whether the quorum needs no witness at all.
    #[must_use]
    pub const fn asks_nobody(&self) -> bool {
        matches!(self.quorum, Quorum::None)
    }

    /// Judges a signed checkpoint. A policy without logs takes `known`, the keys its reader trusts
    /// from elsewhere.
    ///
    /// # Errors
    /// [`NoteError`]: it is no signed checkpoint; no log whose name is its origin signed it; or a
    /// signature in a known name does not hold.
    pub fn judge<'a>(
        &self,
        checkpoint: &'a str,
        known: &[VerifierKey],
    ) -> Result<Judged<'a>, NoteError> {
        let note = Note::parse(checkpoint)?;
        let keys = if self.logs.is_empty() { known } else { &self.logs };
        let claimed = TreeHead::parse(note.claimed()).map_err(|_| NoteError::Form)?;
        // After a restore the log goes by its name and the epoch.
        let origin = LogOrigin::parse(claimed.origin).map_err(|_| NoteError::Form)?;
        let signs = |key: &&VerifierKey| {
            key.name() == claimed.origin
                || LogOrigin::parse(key.name()).is_ok_and(|name| name.same_log(&origin))
        };
        let of_log: Vec<VerifierKey> = keys.iter().filter(signs).cloned().collect();
        let head = TreeHead::parse(note.open(&of_log)?).map_err(|_| NoteError::Form)?;
        let mut cosigned = BTreeSet::new();
        for (place, (_, key)) in self.witnesses.iter().enumerate() {
            if key.cosignature(&note)?.is_some() {
                cosigned.insert(place);
            }
        }
        let quorum = self.quorum.met(&cosigned);
        let (witnesses, cosigned) = (self.witnesses.len(), cosigned.len());
        Ok(Judged { head, cosigned, witnesses, quorum })
    }
}

impl Quorum {
    fn met(&self, cosigned: &BTreeSet<usize>) -> bool {
        match self {
            Self::None => true,
            Self::Witness(place) => cosigned.contains(place),
            Self::Group { threshold, members } => {
                members.iter().filter(|member| member.met(cosigned)).count() >= *threshold
            }
        }
    }
}

/// What the lines so far have defined.
#[derive(Default)]
struct Reading {
    logs: Vec<VerifierKey>,
    witnesses: Vec<(Vec<u8>, CosignerKey)>,
    groups: usize,
    defined: BTreeMap<Vec<u8>, Quorum>,
    /// Names that are members of a group already: each may be one once.
    taken: BTreeSet<Vec<u8>>,
    quorum: Option<Quorum>,
}

type Refusal = &'static str;

impl Reading {
    fn line(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let mut words =
            line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        let Some(first) = words.next().filter(|word| !word.starts_with(b"#")) else {
            return Ok(());
        };
        let words: Vec<&[u8]> = words.collect();
        match (first, words.as_slice()) {
            (b"log", [key] | [key, _]) => self.log(key),
            (b"witness", [name, key] | [name, key, _]) => self.witness(name, key),
            (b"group", [name, threshold, members @ ..]) => self.group(name, threshold, members),
            (b"quorum", [name]) => self.rule(name),
            _ => Err("is not one of the format"),
        }
    }

    fn log(&mut self, key: &[u8]) -> Result<(), Refusal> {
        let key = std::str::from_utf8(key).ok().and_then(|text| VerifierKey::parse(text).ok());
        let key = key.ok_or("does not hold the key of a log")?;
        if self.logs.iter().any(|known| known.public() == key.public()) {
            return Err("repeats a log's key");
        }
        self.logs.push(key);
        bounded(self.logs.len())
    }

    fn witness(&mut self, name: &[u8], key: &[u8]) -> Result<(), Refusal> {
        let key = std::str::from_utf8(key).ok().and_then(|text| CosignerKey::parse(text).ok());
        let key = key.ok_or("does not hold the key of a witness")?;
        if self.witnesses.iter().any(|(_, known)| known.public() == key.public()) {
            return Err("repeats a witness's key");
        }
        self.define(name, Quorum::Witness(self.witnesses.len()))?;
        self.witnesses.push((name.to_vec(), key));
        bounded(self.witnesses.len())
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], members: &[&[u8]]) -> Result<(), Refusal> {
        let count = members.len();
        let threshold = match threshold {
            b"any" => 1,
            b"all" => count,
            number => std::str::from_utf8(number)
                .ok()
                .and_then(crate::checkpoint::decimal)
                .and_then(|number| usize::try_from(number).ok())
                .ok_or("has no threshold")?,
        };
        if threshold < 1 || threshold > count {
            return Err("has a threshold that its members cannot meet or always meet");
        }
        let members: Option<Vec<Quorum>> = members
            .iter()
            .map(|member| {
                let free = self.taken.insert(member.to_vec());
                self.defined.get(*member).filter(|_| free).cloned()
            })
            .collect();
        let members = members.ok_or("names a member that is not defined or already taken")?;
        self.groups += 1;
        bounded(self.groups)?;
        self.define(name, Quorum::Group { threshold, members })
    }

    fn rule(&mut self, name: &[u8]) -> Result<(), Refusal> {
        if self.quorum.is_some() {
            return Err("is a second quorum");
        }
        self.quorum = Some(match name {
            b"none" => Quorum::None,
            name => self.defined.get(name).cloned().ok_or("names what is not defined")?,
        });
        Ok(())
    }

    fn define(&mut self, name: &[u8], meaning: Quorum) -> Result<(), Refusal> {
        if name == b"none" || self.defined.insert(name.to_vec(), meaning).is_some() {
            return Err("defines a name that is taken");
        }
        Ok(())
    }
}

const fn bounded(count: usize) -> Result<(), Refusal> {
    if count <= POLICY_ITEMS_MAX { Ok(()) } else { Err("goes beyond the limits") }
}
