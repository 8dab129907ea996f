//! Frames: a big-endian length, then the version byte, then one postcard message.
//!
//! Always true
//! 1. A length above the limit is refused before anything is allocated for it.
//! 2. A message with bytes left over is refused: one frame has one reading.
//! 3. Every frame buffer is allocated once at its final size and wiped when dropped.

use domain::limits::BROKER_FRAME_BYTES_MAX;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::VERSION;

/// Bytes of the length before each body.
pub(crate) const LENGTH_BYTES: usize = 4;

/// Why bytes are not a frame of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("the frame is larger than the limit")]
    TooLarge,
    #[error("the frame is of another protocol version")]
    Version,
    #[error("the frame is not a message")]
    Malformed,
}

/// The frame of `message`: length, version, body.
///
/// # Errors
/// [`FrameError::TooLarge`] when the body exceeds the limit; nothing was allocated then.
pub(crate) fn encode(message: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, FrameError> {
    let size =
        postcard::experimental::serialized_size(message).map_err(|_| FrameError::Malformed)?;
    let body = size.checked_add(1).filter(|body| *body <= BROKER_FRAME_BYTES_MAX);
    let body = body.ok_or(FrameError::TooLarge)?;
    let length = u32::try_from(body).map_err(|_| FrameError::TooLarge)?;
    let mut bytes = Vec::with_capacity(LENGTH_BYTES + body);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.push(VERSION);
    let bytes = postcard::to_extend(message, bytes).map_err(|_| FrameError::Malformed)?;
    Ok(Zeroizing::new(bytes))
}

/// The body length that a frame announces.
///
/// # Errors
/// [`FrameError::TooLarge`] above the limit; [`FrameError::Malformed`] for an empty body.
pub(crate) fn body_length(prefix: [u8; LENGTH_BYTES]) -> Result<usize, FrameError> {
    let length = usize::try_from(u32::from_be_bytes(prefix)).map_err(|_| FrameError::TooLarge)?;
    match length {
        0 => Err(FrameError::Malformed),
        length if length > BROKER_FRAME_BYTES_MAX => Err(FrameError::TooLarge),
        length => Ok(length),
    }
}

/// The message in a body.
///
/// # Errors
/// [`FrameError::Version`] for another release's frame, [`FrameError::Malformed`] for anything but one message.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, FrameError> {
    let (version, message) = body.split_first().ok_or(FrameError::Malformed)?;
    if *version != VERSION {
        return Err(FrameError::Version);
    }
    match postcard::take_from_bytes(message) {
        Ok((message, [])) => Ok(message),
        Ok(_) | Err(_) => Err(FrameError::Malformed),
    }
}
