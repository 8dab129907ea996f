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
    let mut frame = Zeroizing::new(vec![0u8; LENGTH_BYTES + body]);
    let (head, tail) = frame.split_at_mut(LENGTH_BYTES + 1);
    for (place, byte) in head.iter_mut().zip(length.to_be_bytes().into_iter().chain([VERSION])) {
        *place = byte;
    }
    postcard::to_slice(message, tail).map_err(|_| FrameError::Malformed)?;
    Ok(frame)
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
/// [`FrameError::Version`] for another release's frame, [`FrameError::Malformed`] for anything but
/// one message.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::{Reply, Request, WireBytes};

    fn body(request: &Request) -> Vec<u8> {
        encode(request).unwrap()[LENGTH_BYTES..].to_vec()
    }

    #[test]
    fn a_frame_reads_back_and_its_length_is_exact() {
        let frame = encode(&Request::JournalAfter { seq: 7, count: 9 }).unwrap();
        let (prefix, body) = frame.split_first_chunk().unwrap();
        assert_eq!(body_length(*prefix).unwrap(), body.len());
        let read: Request = decode(body).unwrap();
        assert!(matches!(read, Request::JournalAfter { seq: 7, count: 9 }));
    }

    #[test]
    fn lengths_of_zero_and_above_the_limit_are_refused() {
        let max = u32::try_from(BROKER_FRAME_BYTES_MAX).unwrap();
        assert_eq!(body_length(0u32.to_be_bytes()), Err(FrameError::Malformed));
        assert_eq!(body_length((max + 1).to_be_bytes()), Err(FrameError::TooLarge));
        assert_eq!(body_length(u32::MAX.to_be_bytes()), Err(FrameError::TooLarge));
        assert_eq!(body_length(max.to_be_bytes()), Ok(BROKER_FRAME_BYTES_MAX));
        let larger = WireBytes(vec![0; BROKER_FRAME_BYTES_MAX]);
        assert_eq!(encode(&larger).err(), Some(FrameError::TooLarge));
    }

    #[test]
    fn every_truncation_every_extra_byte_and_every_other_version_is_refused() {
        let whole = body(&Request::JournalCopied { seq: 300 });
        for end in 0..whole.len() {
            assert!(decode::<Request>(&whole[..end]).is_err());
        }
        let extra = [whole.as_slice(), &[0]].concat();
        assert_eq!(decode::<Request>(&extra).err(), Some(FrameError::Malformed));
        for version in (0..=255).filter(|version| *version != VERSION) {
            let mut other = whole.clone();
            other[0] = version;
            assert_eq!(decode::<Request>(&other).err(), Some(FrameError::Version));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]
        #[test]
        fn any_body_is_one_message_or_an_error(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            variant in 0u8..20,
        ) {
            let bytes = [&[VERSION, variant], bytes.as_slice()].concat();
            let _ = decode::<Request>(&bytes);
            let _ = decode::<Reply>(&bytes);
        }

        /// A count that the bytes cannot hold must not be believed for an allocation.
        #[test]
        fn a_huge_announced_count_costs_nothing(
            count in 1u64 << 30..u64::MAX,
            rest in any::<[u8; 8]>(),
        ) {
            let mut bytes = vec![VERSION, 2, 0];
            bytes.extend_from_slice(&[16; 17]);
            let mut left = count;
            while left > 0x7f {
                bytes.push(u8::try_from(left & 0x7f).unwrap() | 0x80);
                left >>= 7;
            }
            bytes.push(u8::try_from(left).unwrap());
            bytes.extend_from_slice(&rest);
            prop_assert!(decode::<Request>(&bytes).is_err());
        }
    }
}
