//! Byte strings on the wire. [`Exposed`] itself is not serialisable; this type is, and stays inside
//! this crate.

use std::fmt;

use domain::Sealed;
use seal::Exposed;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A secret on its way through the socket. The frame around it is wiped as well.
pub(crate) struct WireSecret(pub(crate) Exposed);

/// Bytes that are no secret: envelopes, messages to authenticate.
pub(crate) struct WireBytes(pub(crate) Vec<u8>);

impl From<&Sealed> for WireBytes {
    fn from(sealed: &Sealed) -> Self {
        Self(sealed.as_bytes().to_vec())
    }
}

impl From<WireBytes> for Sealed {
    fn from(bytes: WireBytes) -> Self {
        Self::from_envelope(bytes.0)
    }
}

impl Serialize for WireSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.expose())
    }
}

impl Serialize for WireBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for WireSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(SliceVisitor).map(|bytes| Self(Exposed::new(bytes)))
    }
}

impl<'de> Deserialize<'de> for WireBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(SliceVisitor).map(Self)
    }
}

/// Copies a borrowed slice of the frame exactly once, into a vector of exactly its size.
struct SliceVisitor;

impl Visitor<'_> for SliceVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a byte string")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}
