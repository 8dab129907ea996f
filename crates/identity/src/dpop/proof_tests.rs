//! The examples of RFC 9449, and proofs that are almost right.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::*;
use crate::dpop::SeenProofs;

/// RFC 9449 figure 2.
const TOKEN_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI\
6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOS\
mFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9\
TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg\
8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

/// RFC 9449 figure 12, and the token it comes with.
const CALL_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6I\
mw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFq\
SG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIi\
wiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiY\
XRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxR\
imPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
const CALL_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

fn errand(method: &str, url: &str) -> Errand {
    Errand { method: method.to_owned(), urls: vec![url.to_owned()] }
}

fn at(s: i64) -> TimeMs {
    TimeMs(s * 1_000)
}

#[test]
fn the_examples_of_the_rfc_are_proofs_by_the_key_it_names() {
    let proof = verified(TOKEN_PROOF).unwrap();
    assert_eq!(proof.holder.text(), THUMBPRINT);
    let token_request = errand("POST", "https://server.example.com/token");
    assert_eq!(proof.speaks_of(&token_request, None, at(1_562_262_616)), Ok(()));
    let call = verified(CALL_PROOF).unwrap();
    let resource = errand("GET", "https://resource.example.org/protectedresource");
    assert_eq!(call.speaks_of(&resource, Some(CALL_TOKEN), at(1_562_262_619)), Ok(()));
    assert_eq!(call.holder, proof.holder);
}

#[test]
fn a_proof_for_another_method_url_token_or_time_is_refused() {
    let call = verified(CALL_PROOF).unwrap();
    let url = "https://resource.example.org/protectedresource";
    let judged =
        |method: &str, url: &str, token, s| call.speaks_of(&errand(method, url), token, at(s));
    let (token, now) = (Some(CALL_TOKEN), 1_562_262_618);
    for (method, other) in [
        ("POST", url),
        ("get", url),
        ("GET", "http://resource.example.org/protectedresource"),
        ("GET", "https://resource.example.org:8443/protectedresource"),
        ("GET", "https://other.example.org/protectedresource"),
        ("GET", "https://resource.example.org/protectedresource?x=1"),
        ("GET", "https://resource.example.org/protectedresource/"),
        ("GET", "https://resource.example.org/"),
    ] {
        assert_eq!(judged(method, other, token, now), Err(ProofRefused::OtherRequest), "{other}");
    }
    assert_eq!(judged("GET", url, Some("another"), now), Err(ProofRefused::OtherToken));
    for (s, verdict) in [
        (now - 6, Err(ProofRefused::NotNow)),
        (now - 5, Ok(())),
        (now + 60, Ok(())),
        (now + 61, Err(ProofRefused::NotNow)),
    ] {
        assert_eq!(judged("GET", url, token, s), verdict, "{}", s - now);
    }
    let without = verified(TOKEN_PROOF).unwrap();
    let request = errand("POST", "https://server.example.com/token");
    let spoken = without.speaks_of(&request, Some("any"), at(1_562_262_616));
    assert_eq!(spoken, Err(ProofRefused::OtherToken), "a proof without ath is for no token");
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap()
}

fn jwk() -> Value {
    let x = BASE64URL_NOPAD.encode(pair().public_key().as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "x": x })
}

fn signed(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = pair().sign(message.as_bytes());
    format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
}

fn claims() -> Value {
    json!({ "jti": "a", "htm": "GET", "htu": "https://a.example/", "iat": 1_562_262_616 })
}

#[test]
fn a_header_brings_nothing_along() {
    let good = json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk() });
    assert!(verified(&signed(&good, &claims())).is_ok());
    let with = |name: &str, value: Value| {
        let mut header = good.clone();
        header[name] = value;
        header
    };
    let mut private = jwk();
    private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    for header in [
        with("jku", json!("https://a.example/keys")),
        with("x5u", json!("https://a.example/cert")),
        with("crit", json!(["exp"])),
        with("kid", json!("1")),
        with("typ", json!("JWT")),
        with("typ", json!("at+jwt")),
        with("alg", json!("none")),
        with("alg", json!("HS256")),
        with("alg", json!("ES256")),
        with("jwk", private),
        with("jwk", json!({ "kty": "oct", "crv": "Ed25519", "x": "AAAA" })),
        json!({ "typ": "dpop+jwt", "alg": "EdDSA" }),
    ] {
        let refused = verified(&signed(&header, &claims()));
        assert_eq!(refused.unwrap_err(), ProofRefused::Malformed, "{header}");
    }
}

#[test]
fn a_changed_byte_and_a_missing_claim_are_refused() {
    let header = json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk() });
    let good = signed(&header, &claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other = json!({ "jti": "b", "htm": "GET", "htu": "https://a.example/", "iat": 1 });
    let (swapped, _) = signed(&header, &other)
        .rsplit_once('.')
        .map(|(m, s)| (m.to_owned(), s.to_owned()))
        .unwrap();
    for text in [
        format!("{swapped}.{signature}"),
        format!("{message}."),
        format!("{message}.{signature}.x"),
        message.to_owned(),
        String::new(),
        "a".repeat(limits::PROOF_BYTES_MAX + 1),
    ] {
        assert_eq!(verified(&text).unwrap_err(), ProofRefused::Malformed);
    }
    for name in ["jti", "htm", "htu", "iat"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        assert!(verified(&signed(&header, &claims)).is_err(), "{name}");
    }
    for jti in [String::new(), "x".repeat(limits::PROOF_ID_CHARS_MAX + 1)] {
        let mut claims = claims();
        claims["jti"] = json!(jti);
        assert!(verified(&signed(&header, &claims)).is_err(), "{jti}");
    }
}

#[test]
fn a_proof_counts_once_and_a_full_memory_refuses_instead_of_forgetting() {
    let (proof, now) = (verified(TOKEN_PROOF).unwrap(), at(1_562_262_616));
    let seen = SeenProofs::new(1);
    assert_eq!(seen.first(&proof, now), Ok(()));
    assert_eq!(seen.first(&proof, now.plus_ms(60_000)), Err(ProofRefused::Replayed));
    let other = verified(CALL_PROOF).unwrap();
    assert_eq!(seen.first(&other, now), Err(ProofRefused::Crowded));
    assert_eq!(seen.first(&other, now.plus_ms(60_001)), Ok(()), "what ended makes room");
}
