//! Shamir's secret sharing of 32 bytes, byte by byte over GF(2^8) with the polynomial of AES.
//!
//! Always true
//! 1. Fewer shares than the threshold say nothing about the secret: every other coefficient of the
//!    polynomial is random.
//! 2. No table is read at a secret place and no branch depends on a secret: time tells nothing.
//!
//! Never: a check that the result is right. Whoever combines shares compares the result with
//! something that knows.
//!
//! Sources: A. Shamir, How to share a secret, 1979; the field's arithmetic, FIPS 197 section 4.2.

use domain::Entropy;
use zeroize::Zeroizing;

/// Bytes of what is shared, and of each share's value.
pub(crate) const VALUE_BYTES: usize = 32;

/// A value that wipes itself.
pub(crate) type Value = Zeroizing<[u8; VALUE_BYTES]>;

/// One point of the polynomials: a share's number, never 0, and its value.
pub(crate) type Point<'a> = (u8, &'a [u8; VALUE_BYTES]);

/// The values of the shares 1, 2, … `count` of which any `threshold` give the secret back.
pub(crate) fn split(
    secret: &[u8; VALUE_BYTES],
    threshold: u8,
    count: u8,
    entropy: &dyn Entropy,
) -> Vec<Value> {
    let coefficients: Vec<Value> = (1..threshold)
        .map(|_| {
            let mut random = Value::new([0; VALUE_BYTES]);
            entropy.fill(random.as_mut_slice());
            random
        })
        .collect();
    (1..=count)
        .map(|number| {
            let mut value = Value::new([0; VALUE_BYTES]);
            for coefficient in coefficients.iter().rev() {
                for (byte, more) in value.iter_mut().zip(coefficient.iter()) {
                    *byte = times(*byte ^ more, number);
                }
            }
            for (byte, more) in value.iter_mut().zip(secret) {
                *byte ^= more;
            }
            value
        })
        .collect()
}

/// The polynomials through `points`, at `place`; at 0 they give the secret. The numbers of the
/// points differ.
pub(crate) fn value_at(place: u8, points: &[Point<'_>]) -> Value {
    let mut sum = Value::new([0; VALUE_BYTES]);
    for (number, value) in points {
        let others = points.iter().map(|(other, _)| *other).filter(|other| other != number);
        let weight = others
            .fold(1, |weight, other| times(weight, times(place ^ other, inverse(number ^ other))));
        for (byte, more) in sum.iter_mut().zip(value.iter()) {
            *byte ^= times(*more, weight);
        }
    }
    sum
}

/// The product in the field. Eight steps, whatever the factors are.
const fn times(left: u8, right: u8) -> u8 {
    let (mut left, mut product, mut bit) = (left, 0u8, 0u8);
    while bit < 8 {
        // All ones where the bit is set, else all zeroes.
        let taken = (right >> bit & 1).wrapping_neg();
        product ^= left & taken;
        let carry = (left >> 7).wrapping_neg();
        left = (left << 1) ^ (0x1b & carry);
        bit += 1;
    }
    product
}

/// The inverse: the 254th power, so that 0 has 0.
const fn inverse(number: u8) -> u8 {
    let (mut power, mut square, mut step) = (1u8, number, 0);
    while step < 7 {
        // 254 has every bit but the lowest.
        square = times(square, square);
        power = times(power, square);
        step += 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SystemEntropy;

    /// FIPS 197, section 4.2.
    #[test]
    fn products_are_those_of_the_published_standard() {
        for (left, right, product) in [
            (0x57, 0x83, 0xc1),
            (0x57, 0x13, 0xfe),
            (0x57, 0x02, 0xae),
            (0x57, 0x04, 0x47),
            (0x57, 0x08, 0x8e),
            (0x57, 0x10, 0x07),
        ] {
            assert_eq!(times(left, right), product, "{left:02x} x {right:02x}");
            assert_eq!(times(right, left), product, "{right:02x} x {left:02x}");
        }
        assert_eq!(inverse(0x53), 0xca);
    }

    /// Another way to the same field: a product of polynomials, then its rest modulo 0x11b.
    #[test]
    fn every_product_and_every_inverse_is_that_of_long_division() {
        let by_division = |left: u8, right: u8| {
            let mut product = 0u16;
            for bit in (0..8).filter(|bit| right >> bit & 1 == 1) {
                product ^= u16::from(left) << bit;
            }
            for bit in (8..16).rev() {
                if product >> bit & 1 == 1 {
                    product ^= 0x11b << (bit - 8);
                }
            }
            u8::try_from(product).unwrap()
        };
        for left in 0..=u8::MAX {
            for right in 0..=u8::MAX {
                assert_eq!(times(left, right), by_division(left, right));
            }
            let one = times(left, inverse(left));
            assert_eq!(one, u8::from(left != 0), "{left}");
        }
    }

    /// The same bytes at every call.
    struct Sevens;

    impl Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    /// Worked by hand: the line 5 + 7x.
    #[test]
    fn a_known_line_has_its_known_points() {
        let values = split(&[5; VALUE_BYTES], 2, 4, &Sevens);
        let firsts: Vec<u8> = values.iter().map(|value| value[0]).collect();
        assert_eq!(firsts, [5 ^ 7, 5 ^ 14, 5 ^ 9, 5 ^ 28]);
    }

    #[test]
    fn every_choice_of_enough_shares_gives_the_secret_and_of_fewer_does_not() {
        let secret = [0xa5; VALUE_BYTES];
        let values = split(&secret, 3, 5, &SystemEntropy);
        for chosen in 0u8..32 {
            let points: Vec<Point<'_>> = (1u8..=5)
                .zip(&values)
                .filter(|(number, _)| chosen >> (number - 1) & 1 == 1)
                .map(|(number, value)| (number, &**value))
                .collect();
            let found = *value_at(0, &points) == secret;
            assert_eq!(found, chosen.count_ones() >= 3, "{chosen:05b}");
        }
    }

    proptest! {
        #[test]
        fn enough_shares_give_every_share_and_the_secret(
            secret in any::<[u8; VALUE_BYTES]>(),
            threshold in 2u8..=16,
            more in 0u8..=16,
        ) {
            let values = split(&secret, threshold, threshold + more, &SystemEntropy);
            let all: Vec<Point<'_>> =
                (1..).zip(&values).map(|(number, value)| (number, &**value)).collect();
            let last = &all[all.len() - usize::from(threshold)..];
            prop_assert_eq!(*value_at(0, last), secret);
            for (number, value) in &all {
                prop_assert_eq!(&*value_at(*number, last), *value);
            }
        }
    }
}
