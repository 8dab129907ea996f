//! Sealed streams: files of any size, sealed to the root key's public half and opened by the root
//! key alone.
//!
//! ```text
//! header: magic 4 | format 1 | suite 1 | root key id 16 | ephemeral public half 32 | commitment 32
//! then:   chunks of 65,536 bytes (the last one 0 to 65,536), each with its tag of 16
//! ```
//!
//! Always true
//! 1. Sealing needs no secret: a machine that makes backups cannot read the ones it made before.
//! 2. Every chunk is authenticated with its place and with whether it is the last: a stream that
//!    was cut, reordered, joined or lengthened opens up to the first place where it differs, and
//!    ends there with an error.
//! 3. A stream opens only for the instance, the kind and the owner it was sealed for, and the
//!    commitment is checked before the cipher runs.
//! 4. Memory does not grow with the stream.
//!
//! What is behind a whole stream's digest or its last chunk is not known before it was read: who
//! acts on a part of a stream acts on a prefix of what was sealed.
//!
//! Sources: STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015), with age's nonces; DHKEM(X25519),
//! RFC 9180, section 4.1. Choice: docs/decisions/0022-backups.md.

use std::io::{self, Read, Write};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use domain::{Entropy, InstanceId};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::kdf::{self, Info};
use crate::key::{KEY_BYTES, KEY_ID_BYTES, KeyId};
use crate::pair::PUBLIC_BYTES;
use crate::root::RootKey;

/// Bytes of a whole chunk in clear. Small beside any disk, large beside its tag.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of the header.
pub const HEADER_BYTES: usize = PREFIX_BYTES + PUBLIC_BYTES + COMMITMENT_BYTES;
const TAG_BYTES: usize = 16;
const PREFIX_BYTES: usize = 4 + 1 + 1 + KEY_ID_BYTES;
const COMMITMENT_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const MAGIC: [u8; 4] = *b"CmSt";
const FORMAT: u8 = 1;
const SUITE_X25519_HKDF_SHA512_AES_256_GCM: u8 = 1;

/// Whom streams are sealed to: the public half that belongs to a root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient {
    /// The root key.
    pub root: KeyId,
    /// Its public half for streams.
    pub public: [u8; PUBLIC_BYTES],
}

/// What a stream is. Not stored in it: who opens it must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamContext<'a> {
    /// Which installation.
    pub instance: InstanceId,
    /// What kind of content.
    pub kind: &'a str,
    /// Whose.
    pub owner: [u8; 16],
}

/// Why a stream was not sealed or not opened.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// Too short for a header, or not ours.
    #[error("it is not a sealed stream")]
    NotAStream,
    /// A format or suite that this release does not know.
    #[error("a newer release sealed it")]
    NewerFormat,
    /// It names another root key.
    #[error("it was sealed to root key {0}")]
    OtherKey(KeyId),
    /// The commitment does not fit: another owner, kind or instance.
    #[error("it was sealed for something else")]
    NotThisStream,
    /// A chunk was changed, moved or left out, or the end was.
    #[error("it is damaged at chunk {0}")]
    Damaged(u64),
    /// The device failed.
    #[error("it cannot be read or written")]
    Device(#[source] io::Error),
}

impl RootKey {
    /// Whom to seal streams to so that this key opens them.
    ///
    /// # Errors
    /// [`StreamError::NotAStream`] when the library refuses the key, which it never does.
    pub fn recipient(&self) -> Result<Recipient, StreamError> {
        let public = private_half(self)?.compute_public_key();
        let public = public.map_err(|_| StreamError::NotAStream)?;
        let public = public.as_ref().try_into().map_err(|_| StreamError::NotAStream)?;
        Ok(Recipient { root: self.id(), public })
    }
}

/// Seals what is written to it.
pub struct StreamSealer<W> {
    target: W,
    cipher: Chunks,
    clear: Zeroizing<Vec<u8>>,
}

impl<W: Write> StreamSealer<W> {
    /// Begins a stream on `target`.
    ///
    /// # Errors
    /// [`StreamError::Device`]; [`StreamError::OtherKey`] for a public half that agrees on nothing.
    pub fn begin(
        mut target: W,
        recipient: &Recipient,
        context: &StreamContext<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Self, StreamError> {
        let refused = || StreamError::OtherKey(recipient.root);
        let mut seed = Zeroizing::new([0u8; KEY_BYTES]);
        entropy.fill(seed.as_mut_slice());
        let private = PrivateKey::from_private_key(&X25519, seed.as_slice());
        let private = private.map_err(|_| refused())?;
        let ephemeral = private.compute_public_key().map_err(|_| refused())?;
        let ephemeral: [u8; PUBLIC_BYTES] =
            ephemeral.as_ref().try_into().map_err(|_| StreamError::NotAStream)?;
        let prefix = prefix(recipient.root);
        let halves = Halves { ephemeral: &ephemeral, recipient: &recipient.public };
        let derived = Derived::new(&private, &recipient.public, &halves, &prefix, context)
            .ok_or_else(refused)?;
        let header = [&prefix[..], &ephemeral, derived.commitment()].concat();
        target.write_all(&header).map_err(StreamError::Device)?;
        let clear = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES));
        Ok(Self { target, cipher: Chunks { cipher: derived.cipher(), count: 0 }, clear })
    }

    /// Ends the stream: without this it does not open to its end.
    ///
    /// # Errors
    /// [`StreamError::Device`].
    pub fn finish(mut self) -> Result<W, StreamError> {
        self.send(Last::Yes).map_err(StreamError::Device)?;
        self.target.flush().map_err(StreamError::Device)?;
        Ok(self.target)
    }

    fn send(&mut self, last: Last) -> io::Result<()> {
        let nonce = self.cipher.next(last)?;
        let Ok(tag) =
            self.cipher.cipher.seal_in_place_separate_tag(nonce, Aad::empty(), &mut self.clear)
        else {
            // AES-256-GCM refuses only inputs above 64 GiB. Going on would write the clear bytes.
            std::process::abort()
        };
        self.target.write_all(&self.clear)?;
        self.clear.clear();
        self.target.write_all(tag.as_ref())
    }
}

impl<W: Write> Write for StreamSealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for the byte after it: only then is it known not to be the last.
        if self.clear.len() == CHUNK_BYTES && !bytes.is_empty() {
            self.send(Last::No)?;
        }
        let room = CHUNK_BYTES - self.clear.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.clear.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a stream, chunk by chunk.
pub struct StreamOpener<R> {
    source: R,
    cipher: Chunks,
    /// One chunk, and the first byte of the next one when there is any.
    held: Zeroizing<Vec<u8>>,
    ended: bool,
}

impl<R: Read> StreamOpener<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`StreamError`], but for a damaged chunk.
    pub fn begin(
        mut source: R,
        root: &RootKey,
        context: &StreamContext<'_>,
    ) -> Result<Self, StreamError> {
        let mut header = [0u8; HEADER_BYTES];
        source.read_exact(&mut header).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => StreamError::NotAStream,
            _ => StreamError::Device(error),
        })?;
        let parts = Header::read(&header)?;
        if parts.root != root.id() {
            return Err(StreamError::OtherKey(parts.root));
        }
        let public = root.recipient()?.public;
        let halves = Halves { ephemeral: parts.ephemeral, recipient: &public };
        let private = private_half(root)?;
        let derived = Derived::new(&private, parts.ephemeral, &halves, parts.prefix, context)
            .ok_or(StreamError::NotThisStream)?;
        if !bool::from(derived.commitment().ct_eq(parts.commitment)) {
            return Err(StreamError::NotThisStream);
        }
        let cipher = Chunks { cipher: derived.cipher(), count: 0 };
        let held = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES + 1));
        Ok(Self { source, cipher, held, ended: false })
    }

    /// The root key that a stream names, from its first bytes. Nothing is opened.
    ///
    /// # Errors
    /// [`StreamError::NotAStream`], [`StreamError::NewerFormat`].
    pub fn root_of(header: &[u8; HEADER_BYTES]) -> Result<KeyId, StreamError> {
        Header::read(header).map(|parts| parts.root)
    }

    /// Opens everything into `target`; how many bytes.
    ///
    /// # Errors
    /// [`StreamError::Damaged`], [`StreamError::Device`]. What was written by then is a prefix of
    /// what was sealed.
    pub fn copy_to(&mut self, target: &mut dyn Write) -> Result<u64, StreamError> {
        let mut copied = 0;
        while let Some(clear) = self.chunk()? {
            target.write_all(&clear).map_err(StreamError::Device)?;
            copied += u64::try_from(clear.len()).unwrap_or(u64::MAX);
        }
        Ok(copied)
    }

    /// Gives the source back, to be read to its end.
    pub fn into_source(self) -> R {
        self.source
    }

    /// The next chunk; `None` after the last one.
    fn chunk(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, StreamError> {
        if self.ended {
            return Ok(None);
        }
        let whole = CHUNK_BYTES + TAG_BYTES;
        let missing = u64::try_from(whole + 1 - self.held.len()).unwrap_or(0);
        let source = Read::by_ref(&mut self.source);
        source.take(missing).read_to_end(&mut self.held).map_err(StreamError::Device)?;
        let (last, next) = match self.held.get(whole) {
            Some(next) => (Last::No, Some(*next)),
            None => (Last::Yes, None),
        };
        self.held.truncate(whole);
        let number = self.cipher.count;
        let nonce = self.cipher.next(last).map_err(StreamError::Device)?;
        let mut clear = std::mem::take(&mut self.held);
        self.held.reserve(whole + 1);
        self.held.extend(next);
        self.ended = matches!(last, Last::Yes);
        let opened = self.cipher.cipher.open_in_place(nonce, Aad::empty(), &mut clear);
        let length = opened.map_err(|_| StreamError::Damaged(number))?.len();
        clear.truncate(length);
        Ok(Some(clear))
    }
}

#[derive(Clone, Copy)]
enum Last {
    Yes,
    No,
}

/// The cipher of one stream, and how many chunks it did.
struct Chunks {
    cipher: LessSafeKey,
    count: u64,
}

impl Chunks {
    /// The nonce of the next chunk: its number, and whether it is the last. The key is used for one
    /// stream only, so no nonce comes twice.
    fn next(&mut self, last: Last) -> io::Result<Nonce> {
        let mut nonce = [0u8; NONCE_BYTES];
        let number = self.count.to_be_bytes();
        let end = match last {
            Last::Yes => 1,
            Last::No => 0,
        };
        for (place, byte) in nonce.iter_mut().skip(3).zip(number.into_iter().chain([end])) {
            *place = byte;
        }
        self.count = self.count.checked_add(1).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

struct Header<'a> {
    prefix: &'a [u8; PREFIX_BYTES],
    root: KeyId,
    ephemeral: &'a [u8; PUBLIC_BYTES],
    commitment: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(header: &'a [u8; HEADER_BYTES]) -> Result<Self, StreamError> {
        let read = || {
            let (prefix, rest) = header.split_first_chunk::<PREFIX_BYTES>()?;
            let (ephemeral, commitment) = rest.split_first_chunk::<PUBLIC_BYTES>()?;
            let (magic, after) = prefix.split_first_chunk::<4>()?;
            let (&[format, suite], root) = after.split_first_chunk::<2>()?;
            let root = KeyId::from_bytes(root.try_into().ok()?);
            Some((Self { prefix, root, ephemeral, commitment }, *magic, format, suite))
        };
        let (parts, magic, format, suite) = read().ok_or(StreamError::NotAStream)?;
        if magic != MAGIC {
            return Err(StreamError::NotAStream);
        }
        if format != FORMAT || suite != SUITE_X25519_HKDF_SHA512_AES_256_GCM {
            return Err(StreamError::NewerFormat);
        }
        Ok(parts)
    }
}

fn prefix(root: KeyId) -> [u8; PREFIX_BYTES] {
    let mut prefix = [0u8; PREFIX_BYTES];
    let parts = MAGIC
        .into_iter()
        .chain([FORMAT, SUITE_X25519_HKDF_SHA512_AES_256_GCM])
        .chain(root.to_bytes());
    for (place, byte) in prefix.iter_mut().zip(parts) {
        *place = byte;
    }
    prefix
}

fn private_half(root: &RootKey) -> Result<PrivateKey, StreamError> {
    let mut seed = Zeroizing::new([0u8; KEY_BYTES]);
    kdf::expand(root.key().bytes(), &Info::new("casemate.v1 stream pair"), seed.as_mut_slice());
    PrivateKey::from_private_key(&X25519, seed.as_slice()).map_err(|_| StreamError::NotAStream)
}

struct Halves<'a> {
    ephemeral: &'a [u8; PUBLIC_BYTES],
    recipient: &'a [u8; PUBLIC_BYTES],
}

/// What both sides agree on for one stream: its key and its commitment.
struct Derived(Zeroizing<[u8; KEY_BYTES + COMMITMENT_BYTES]>);

impl Derived {
    /// `None` for a half of small order, which agrees on nothing.
    fn new(
        private: &PrivateKey,
        peer: &[u8; PUBLIC_BYTES],
        halves: &Halves<'_>,
        prefix: &[u8; PREFIX_BYTES],
        context: &StreamContext<'_>,
    ) -> Option<Self> {
        let mut derived = Zeroizing::new([0u8; KEY_BYTES + COMMITMENT_BYTES]);
        let info = Info::new("casemate.v1 stream")
            .part(prefix)
            .part(&context.instance.to_bytes())
            .part(context.kind.as_bytes())
            .part(&context.owner);
        let salt = [&halves.ephemeral[..], halves.recipient].concat();
        agree(private, UnparsedPublicKey::new(&X25519, peer.as_slice()), (), |shared| {
            kdf::extract_and_expand(&salt, shared, &info, derived.as_mut_slice());
            Ok(())
        })
        .ok()?;
        Some(Self(derived))
    }

    fn cipher(&self) -> LessSafeKey {
        let key = self.0.split_at(KEY_BYTES).0;
        let Ok(key) = UnboundKey::new(&AES_256_GCM, key) else {
            // The key has exactly the cipher's length.
            std::process::abort()
        };
        LessSafeKey::new(key)
    }

    fn commitment(&self) -> &[u8] {
        self.0.split_at(KEY_BYTES).1
    }
}

#[cfg(test)]
mod tests;
