//! Buckets of length, so that a ciphertext does not tell what kind of token it holds.
//!
//! A value is followed by one byte 0x80 and then zeroes (ISO/IEC 7816-4) up to its bucket: powers
//! of two from 32 to 4096 bytes, then multiples of 4096.

use super::VALUE_BYTES_MAX;

const BUCKET_MIN: usize = 32;
const BUCKET_STEP: usize = 4096;
const END_OF_VALUE: u8 = 0x80;

/// The bucket of a value of this length, or `None` above the limit.
pub(super) fn padded_length(length: usize) -> Option<usize> {
    if length > VALUE_BYTES_MAX {
        return None;
    }
    let needed = length + 1;
    if needed <= BUCKET_STEP {
        Some(needed.next_power_of_two().max(BUCKET_MIN))
    } else {
        Some(needed.next_multiple_of(BUCKET_STEP))
    }
}

/// Whether a body of this length can have been padded here.
pub(super) fn is_padded_length(length: usize) -> bool {
    let largest = padded_length(VALUE_BYTES_MAX).unwrap_or(0);
    let is_small_bucket = length.is_power_of_two() && (BUCKET_MIN..=BUCKET_STEP).contains(&length);
    let is_large_bucket = length.is_multiple_of(BUCKET_STEP) && (1..=largest).contains(&length);
    is_small_bucket || is_large_bucket
}

/// Appends the value and its padding: `padded` bytes in all.
pub(super) fn pad_into(target: &mut Vec<u8>, value: &[u8], padded: usize) {
    let end = target.len() + padded;
    target.extend_from_slice(value);
    target.push(END_OF_VALUE);
    target.resize(end, 0);
}

/// The value in a padded body, or `None` when the padding is not ours.
pub(super) fn unpadded(padded: &[u8]) -> Option<&[u8]> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    let (value, rest) = padded.split_at_checked(end)?;
    (rest.first() == Some(&END_OF_VALUE)).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_are_powers_of_two_then_steps() {
        for (length, bucket) in
            [(0, 32), (31, 32), (32, 64), (100, 128), (4095, 4096), (4096, 8192), (8192, 12288)]
        {
            assert_eq!(padded_length(length), Some(bucket), "{length}");
        }
        assert_eq!(padded_length(VALUE_BYTES_MAX + 1), None);
    }

    #[test]
    fn exactly_the_lengths_of_buckets_count_as_padded() {
        let buckets: std::collections::BTreeSet<_> =
            (0..=VALUE_BYTES_MAX).filter_map(padded_length).collect();
        for length in 0..=VALUE_BYTES_MAX + 2 * BUCKET_STEP {
            assert_eq!(is_padded_length(length), buckets.contains(&length), "{length}");
        }
    }

    proptest! {
        #[test]
        fn padding_is_undone_exactly_even_for_values_that_look_padded(
            mut value in proptest::collection::vec(
                prop_oneof![Just(0u8), Just(0x80), any::<u8>()],
                0..40,
            ),
            zeroes in 0usize..9_000,
            front in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            value.splice(0..0, front);
            value.extend(std::iter::repeat_n(0, zeroes));
            let bucket = padded_length(value.len()).unwrap();
            let mut padded = Vec::new();
            pad_into(&mut padded, &value, bucket);
            prop_assert_eq!(padded.len(), bucket);
            prop_assert!(is_padded_length(bucket));
            prop_assert_eq!(unpadded(&padded), Some(value.as_slice()));
        }
    }
}
