//! RFC 5869 vectors for both libraries, then our functions beside the second library.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;

/// One vector: input key, salt, info, output key.
type Vector = (Vec<u8>, Vec<u8>, Vec<u8>, &'static str);

/// RFC 5869 appendix A.1 to A.3 (SHA-256).
fn rfc_5869() -> [Vector; 3] {
    [
        (
            vec![0x0b; 22],
            (0x00..=0x0c).collect(),
            (0xf0..=0xf9).collect(),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            (0x00..=0x4f).collect(),
            (0x60..=0xaf).collect(),
            (0xb0..=0xff).collect(),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c\
             59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71\
             cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            vec![0x0b; 22],
            Vec::new(),
            Vec::new(),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ]
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[test]
fn both_libraries_give_the_keys_of_rfc_5869() {
    for (input, salt, info, okm) in rfc_5869() {
        let okm = HEXLOWER.decode(okm.as_bytes()).unwrap();
        let mut ours = vec![0u8; okm.len()];
        let prk = Salt::new(HKDF_SHA256, &salt).extract(&input);
        let parts = [info.as_slice()];
        prk.expand(&parts, Length(okm.len())).unwrap().fill(&mut ours).unwrap();
        assert_eq!(ours, okm);

        let mut oracle = vec![0u8; okm.len()];
        let hkdf = hkdf::Hkdf::<sha2::Sha256>::new(Some(&salt), &input);
        hkdf.expand(&info, &mut oracle).unwrap();
        assert_eq!(oracle, okm);
    }
}

#[test]
fn the_split_between_parts_is_part_of_the_info() {
    let one = Info::new("label").part(b"ab").part(b"c");
    let other = Info::new("label").part(b"a").part(b"bc");
    let joined = Info::new("label").part(b"abc");
    let longer_label = Info::new("labelab").part(b"c");
    let infos = [one.0, other.0, joined.0, longer_label.0];
    for (at, info) in infos.iter().enumerate() {
        assert!(!infos[at + 1..].contains(info));
    }
}

proptest! {
    #[test]
    fn expand_and_extract_agree_with_the_second_library(
        key in any::<[u8; KEY_BYTES]>(),
        salt in proptest::collection::vec(any::<u8>(), 0..80),
        input in proptest::collection::vec(any::<u8>(), 0..200),
        parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6),
        length in 1usize..300,
    ) {
        let info = parts.iter().fold(Info::new("differential"), |info, part| info.part(part));
        let (mut ours, mut oracle) = (vec![0u8; length], vec![0u8; length]);

        expand(&key, &info, &mut ours);
        // The second library wants a pseudorandom key of a whole hash; HMAC pads a shorter one with
        // zeroes.
        let mut padded = [0u8; 64];
        padded[..KEY_BYTES].copy_from_slice(&key);
        let prk = hkdf::Hkdf::<sha2::Sha512>::from_prk(&padded).unwrap();
        prk.expand(&info.0, &mut oracle).unwrap();
        prop_assert_eq!(&ours, &oracle);

        extract_and_expand(&salt, &input, &info, &mut ours);
        let prk = hkdf::Hkdf::<sha2::Sha512>::new(Some(&salt), &input);
        prk.expand(&info.0, &mut oracle).unwrap();
        prop_assert_eq!(&ours, &oracle);
    }
}
