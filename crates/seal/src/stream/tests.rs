//! Attacks on sealed streams.

use proptest::prelude::*;

use super::*;
use crate::{HeapHomes, Key, SystemEntropy};

fn root(byte: u8) -> RootKey {
    RootKey::new(Key::moved(&HeapHomes, &mut [byte; KEY_BYTES]).ok().unwrap())
}

fn context(owner: u8) -> StreamContext<'static> {
    let instance = InstanceId::from(uuid::Uuid::from_u128(1));
    StreamContext { instance, kind: "unit", owner: [owner; 16] }
}

fn sealed(clear: &[u8]) -> Vec<u8> {
    let recipient = root(1).recipient().unwrap();
    let mut sealer =
        StreamSealer::begin(Vec::new(), &recipient, &context(7), &SystemEntropy).unwrap();
    sealer.write_all(clear).unwrap();
    sealer.finish().unwrap()
}

fn opened_as(stream: &[u8], key: u8, context: &StreamContext<'_>) -> Result<Vec<u8>, StreamError> {
    let mut clear = Vec::new();
    StreamOpener::begin(stream, &root(key), context)?.copy_to(&mut clear)?;
    Ok(clear)
}

fn opened(stream: &[u8]) -> Result<Vec<u8>, StreamError> {
    opened_as(stream, 1, &context(7))
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|place| u8::try_from(place % 251).unwrap()).collect()
}

/// The chunks of a stream, each with its tag, after its header.
fn chunks(stream: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (header, rest) = stream.split_at(HEADER_BYTES);
    (header.to_vec(), rest.chunks(CHUNK_BYTES + TAG_BYTES).map(<[u8]>::to_vec).collect())
}

#[test]
fn every_length_around_the_chunks_opens_to_what_was_sealed() {
    for length in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
        let clear = bytes(length);
        assert_eq!(opened(&sealed(&clear)).unwrap(), clear, "{length}");
    }
}

#[test]
fn a_changed_byte_of_a_stream_does_not_open() {
    let whole = sealed(&bytes(CHUNK_BYTES + 10));
    let step = 997;
    let places = (0..HEADER_BYTES + 40).chain((HEADER_BYTES + 40..whole.len()).step_by(step));
    for place in places.chain(whole.len() - 30..whole.len()) {
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        assert!(opened(&flipped).is_err(), "byte {place}");
    }
}

#[test]
fn a_stream_cut_anywhere_is_noticed() {
    let whole = sealed(&bytes(2 * CHUNK_BYTES + 5));
    let edges = [0, 1, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 1];
    let chunk = CHUNK_BYTES + TAG_BYTES;
    let inside = [HEADER_BYTES + chunk, HEADER_BYTES + 2 * chunk, whole.len() - 1];
    for end in edges.into_iter().chain(inside) {
        assert!(opened(&whole[..end]).is_err(), "{end} bytes");
    }
    let longer = [&whole[..], &[0]].concat();
    assert!(opened(&longer).is_err(), "a byte more");
}

#[test]
fn chunks_that_were_swapped_doubled_or_dropped_do_not_open() {
    let (header, parts) = chunks(&sealed(&bytes(4 * CHUNK_BYTES)));
    let joined = |order: &[usize]| {
        let body = order.iter().flat_map(|place| parts[*place].clone());
        opened(&header.iter().copied().chain(body).collect::<Vec<u8>>())
    };
    assert!(joined(&[0, 1, 2, 3]).is_ok());
    for order in [&[1, 0, 2, 3][..], &[0, 0, 1, 2, 3], &[0, 2, 3], &[0, 1, 2], &[0, 1, 3, 2]] {
        assert!(joined(order).is_err(), "{order:?}");
    }
}

#[test]
fn a_chunk_of_another_stream_of_the_same_owner_does_not_open() {
    let (header, mut one) = chunks(&sealed(&bytes(2 * CHUNK_BYTES)));
    let (_, other) = chunks(&sealed(&bytes(2 * CHUNK_BYTES)));
    one[0] = other[0].clone();
    let mixed: Vec<u8> = header.into_iter().chain(one.into_iter().flatten()).collect();
    assert!(matches!(opened(&mixed), Err(StreamError::Damaged(0))));
}

#[test]
fn a_stream_opens_for_its_owner_kind_instance_and_key_only() {
    let stream = sealed(b"of owner 7");
    assert!(matches!(opened_as(&stream, 2, &context(7)), Err(StreamError::OtherKey(id))
        if id == root(1).id()));
    let others = [
        context(8),
        StreamContext { kind: "keys", ..context(7) },
        StreamContext { instance: InstanceId::from(uuid::Uuid::from_u128(2)), ..context(7) },
    ];
    for other in others {
        assert!(matches!(opened_as(&stream, 1, &other), Err(StreamError::NotThisStream)));
    }
    // The same with the header naming the key that is tried.
    let mut renamed = stream;
    renamed[6..6 + KEY_ID_BYTES].copy_from_slice(&root(2).id().to_bytes());
    assert!(matches!(opened_as(&renamed, 2, &context(7)), Err(StreamError::NotThisStream)));
}

#[test]
fn a_newer_format_is_called_newer() {
    let mut stream = sealed(b"x");
    stream[4] = 2;
    assert!(matches!(opened(&stream), Err(StreamError::NewerFormat)));
}

#[test]
fn a_recipient_that_agrees_on_nothing_is_refused() {
    let recipient = Recipient { root: root(1).id(), public: [0; PUBLIC_BYTES] };
    let begun = StreamSealer::begin(Vec::new(), &recipient, &context(7), &SystemEntropy);
    assert!(begun.is_err());
}

proptest! {
    #[test]
    fn any_bytes_open_to_an_error_and_never_to_a_panic(
        garbage in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        prop_assert!(opened(&garbage).is_err());
    }

    #[test]
    fn however_it_is_written_it_opens_to_the_same(
        parts in proptest::collection::vec(0_usize..40_000, 0..8),
    ) {
        let clear = bytes(parts.iter().sum());
        let recipient = root(1).recipient().unwrap();
        let mut sealer =
            StreamSealer::begin(Vec::new(), &recipient, &context(7), &SystemEntropy).unwrap();
        let mut rest = &clear[..];
        for part in parts {
            let (now, later) = rest.split_at(part);
            sealer.write_all(now).unwrap();
            rest = later;
        }
        prop_assert_eq!(opened(&sealer.finish().unwrap()).unwrap(), clear);
    }
}
