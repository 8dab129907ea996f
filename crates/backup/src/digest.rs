//! Digests and sizes of what passes by.

use std::io::{self, Read, Write};

use aws_lc_rs::digest::{Context, SHA256, digest};
use data_encoding::HEXLOWER;

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    taken(&digest(&SHA256, bytes))
}

fn taken(digest: &aws_lc_rs::digest::Digest) -> [u8; 32] {
    let mut taken = [0; 32];
    taken.copy_from_slice(digest.as_ref());
    taken
}

/// A source or a target whose bytes are counted and digested as they pass.
pub struct Counted<T> {
    inner: T,
    bytes: u64,
    context: Context,
}

impl<T> Counted<T> {
    /// Begins at zero.
    pub fn new(inner: T) -> Self {
        Self { inner, bytes: 0, context: Context::new(&SHA256) }
    }

    /// What is inside, the number of bytes that passed, and their SHA-256.
    pub fn finish(self) -> (T, u64, [u8; 32]) {
        (self.inner, self.bytes, taken(&self.context.finish()))
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.context.update(bytes);
    }
}

impl<T: Read> Read for Counted<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.passed(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<T: Write> Write for Counted<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.passed(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// 32 bytes from their 64 lower-case hexadecimal digits.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}
