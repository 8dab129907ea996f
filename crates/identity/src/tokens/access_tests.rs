//! The attack list of RFC 8725 and ASVS 5.0 V9 against the verifier, with a real key on the
//! attacker's side where the attack allows one.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::*;
use crate::testing::NOW;

const KID: &str = "k1";

pub(super) fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn public(key: &Ed25519KeyPair) -> [u8; 32] {
    key.public_key().as_ref().try_into().unwrap()
}

fn verifier() -> TokenVerifier {
    let verifier = TokenVerifier::new("https://casemate.example", "casemate");
    verifier.learn([(KID.to_owned(), public(&key(1)))]);
    verifier
}

pub(super) fn now_s() -> i64 {
    NOW.0 / 1_000
}

pub(super) fn good_claims() -> Value {
    json!({
        "iss": "https://casemate.example", "aud": "casemate",
        "sub": "01990000-0000-7000-8000-000000000001",
        "tid": "01990000-0000-7000-8000-000000000002",
        "sid": "01990000-0000-7000-8000-000000000003",
        "epoch": 3, "amr": ["pwd", "otp"], "auth_time": now_s() - 60,
        "iat": now_s(), "exp": now_s() + 300, "jti": "01990000-0000-7000-8000-000000000004",
    })
}

pub(super) fn good_header() -> Value {
    json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": KID })
}

pub(super) fn b64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// A token with this header and these claims as JSON texts, signed by `signer`.
pub(super) fn signed_text(header: &str, claims: &str, signer: &Ed25519KeyPair) -> String {
    let message = format!("{}.{}", b64(header.as_bytes()), b64(claims.as_bytes()));
    let signature = b64(signer.sign(message.as_bytes()).as_ref());
    format!("{message}.{signature}")
}

pub(super) fn signed(header: &Value, claims: &Value) -> String {
    signed_text(&header.to_string(), &claims.to_string(), &key(1))
}

pub(super) fn with(mut base: Value, field: &str, value: Value) -> Value {
    base[field] = value;
    base
}

pub(super) fn without(mut base: Value, field: &str) -> Value {
    base.as_object_mut().unwrap().remove(field);
    base
}

pub(super) fn check(token: &str) -> Result<VerifiedClaims, TokenRefused> {
    verifier().verify(token, NOW)
}

#[test]
fn a_genuine_token_is_accepted_with_its_claims() {
    let claims = check(&signed(&good_header(), &good_claims())).unwrap();
    assert_eq!(claims.epoch, 3);
    assert_eq!(claims.factor_at, TimeMs(NOW.0 - 60_000));
    assert_eq!(claims.tenant.unwrap().to_string(), "01990000-0000-7000-8000-000000000002");
    let unbound = check(&signed(&good_header(), &without(good_claims(), "tid"))).unwrap();
    assert_eq!(unbound.tenant, None);
}

#[test]
fn alg_none_is_refused_in_every_spelling() {
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let header = with(good_header(), "alg", json!(none)).to_string();
        let message =
            format!("{}.{}", b64(header.as_bytes()), b64(good_claims().to_string().as_bytes()));
        for signature in ["", "AA"] {
            assert_eq!(check(&format!("{message}.{signature}")), Err(TokenRefused::Invalid));
        }
    }
}

#[test]
fn the_public_key_is_not_an_hmac_secret() {
    let header = with(good_header(), "alg", json!("HS256")).to_string();
    let message =
        format!("{}.{}", b64(header.as_bytes()), b64(good_claims().to_string().as_bytes()));
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &public(&key(1)));
    let token = format!("{message}.{}", b64(hmac::sign(&secret, message.as_bytes()).as_ref()));
    assert_eq!(check(&token), Err(TokenRefused::Invalid));
}

#[test]
fn other_kinds_of_token_are_not_access_tokens() {
    for typ in [json!("JWT"), json!("jwt"), json!("AT+JWT"), json!("dpop+jwt"), json!(null)] {
        let token = signed(&with(good_header(), "typ", typ), &good_claims());
        assert_eq!(check(&token), Err(TokenRefused::Invalid));
    }
    let untyped = signed(&without(good_header(), "typ"), &good_claims());
    assert_eq!(check(&untyped), Err(TokenRefused::Invalid));
}

#[test]
fn an_unknown_kid_is_told_apart_so_that_new_keys_can_be_fetched() {
    for kid in ["k2", "", "../../k1", "k1' or '1'='1", "K1"] {
        let token = signed(&with(good_header(), "kid", json!(kid)), &good_claims());
        assert_eq!(check(&token), Err(TokenRefused::UnknownKey));
    }
    let nameless = signed(&without(good_header(), "kid"), &good_claims());
    assert_eq!(check(&nameless), Err(TokenRefused::Invalid));
}

#[test]
fn a_key_that_the_token_brings_along_is_not_used() {
    let theirs = key(9);
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(&public(&theirs)) });
    for (field, value) in [
        ("jwk", jwk),
        ("jku", json!("https://attacker.example/keys")),
        ("x5u", json!("https://attacker.example/cert")),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
    ] {
        let header = with(good_header(), field, value).to_string();
        for signer in [&theirs, &key(1)] {
            let token = signed_text(&header, &good_claims().to_string(), signer);
            assert_eq!(check(&token), Err(TokenRefused::Invalid), "{field}");
        }
    }
}

#[test]
fn another_signature_or_any_changed_bit_is_refused() {
    let theirs = signed_text(&good_header().to_string(), &good_claims().to_string(), &key(9));
    assert_eq!(check(&theirs), Err(TokenRefused::Invalid));
    let token = signed(&good_header(), &good_claims());
    for place in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        assert!(check(std::str::from_utf8(&bytes).unwrap()).is_err(), "byte {place}");
    }
}

#[test]
fn every_claim_is_required() {
    for claim in ["iss", "aud", "sub", "sid", "epoch", "amr", "auth_time", "iat", "exp", "jti"] {
        let token = signed(&good_header(), &without(good_claims(), claim));
        assert_eq!(check(&token), Err(TokenRefused::Invalid), "{claim}");
    }
}

#[test]
fn claims_of_another_type_audience_or_issuer_are_refused() {
    for (claim, value) in [
        ("aud", json!("another-service")),
        ("aud", json!(["casemate", "another-service"])),
        ("iss", json!("https://attacker.example")),
        ("exp", json!((now_s() + 300).to_string())),
        ("exp", json!(1e300)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(-1)),
        ("exp", json!(now_s() + 301)),
        ("iat", json!(null)),
        ("iat", json!(i64::MIN)),
        ("auth_time", json!(now_s() + 4)),
        ("sub", json!("root")),
        ("epoch", json!("3")),
        ("role", json!("owner")),
    ] {
        let token = signed(&good_header(), &with(good_claims(), claim, value.clone()));
        assert_eq!(check(&token), Err(TokenRefused::Invalid), "{claim} {value}");
    }
}

#[test]
fn duplicated_claims_and_header_fields_are_refused() {
    let claims = good_claims().to_string();
    let twice = claims.replacen('{', r#"{"sub":"01990000-0000-7000-8000-0000000000ff","#, 1);
    let token = signed_text(&good_header().to_string(), &twice, &key(1));
    assert_eq!(check(&token), Err(TokenRefused::Invalid));
    let header = good_header().to_string().replacen('{', r#"{"alg":"none","#, 1);
    assert_eq!(check(&signed_text(&header, &claims, &key(1))), Err(TokenRefused::Invalid));
}

#[test]
fn clocks_may_differ_by_the_skew_and_no_more() {
    let token = signed(&good_header(), &good_claims());
    let at = |ms: i64| verifier().verify(&token, NOW.plus_ms(ms)).map(|_| ());
    assert_eq!(at(-limits::CLOCK_SKEW_MS_MAX), Ok(()));
    assert_eq!(at(-limits::CLOCK_SKEW_MS_MAX - 1), Err(TokenRefused::FromTheFuture));
    assert_eq!(at(limits::ACCESS_TOKEN_MS + limits::CLOCK_SKEW_MS_MAX - 1), Ok(()));
    assert_eq!(at(limits::ACCESS_TOKEN_MS + limits::CLOCK_SKEW_MS_MAX), Err(TokenRefused::Expired));
}

#[test]
fn a_remembered_token_still_expires_and_a_forgery_is_not_remembered() {
    let verifier = verifier();
    let token = signed(&good_header(), &good_claims());
    assert!(verifier.verify(&token, NOW).is_ok());
    assert!(verifier.verify(&token, NOW.plus_ms(1)).is_ok());
    let late = NOW.plus_ms(limits::ACCESS_TOKEN_MS + limits::CLOCK_SKEW_MS_MAX);
    assert_eq!(verifier.verify(&token, late), Err(TokenRefused::Expired));
    let forged = signed_text(&good_header().to_string(), &good_claims().to_string(), &key(9));
    assert!(verifier.verify(&forged, NOW).is_err() && verifier.verify(&forged, NOW).is_err());
}

#[test]
fn junk_of_any_length_is_refused() {
    let long = "A".repeat(1 << 20);
    for junk in ["", ".", "..", "...", "a.b.c", "e30.e30.", &long, "e30.e30.e30.e30", "ÄÖÜ.ä.ö"]
    {
        assert_eq!(check(junk), Err(TokenRefused::Invalid));
    }
}
