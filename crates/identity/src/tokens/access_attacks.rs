//! The rest of the attack list: what a token is not, spelt in every way that readers of tokens were
//! once deceived by. Everything here is signed by the right key where the attack allows it.

use serde_json::json;

use super::tests::{b64, check, good_claims, good_header, key, now_s, signed, signed_text};
use super::tests::{with, without};
use super::*;

/// The order of Ed25519's group, little-endian (RFC 8032).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The good token's text up to its signature, and the signature.
fn parts() -> (String, Vec<u8>) {
    let token = signed(&good_header(), &good_claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    (message.to_owned(), BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap())
}

#[test]
fn every_other_algorithm_is_refused_whoever_signed() {
    for alg in [
        "ES256",
        "ES384",
        "ES512",
        "ES256K",
        "RS256",
        "RS512",
        "PS256",
        "HS384",
        "HS512",
        "Ed448",
        "Ed25519",
        "eddsa",
        "EDDSA",
        "EdDSA ",
        " EdDSA",
        "EdDSA\u{0}",
        "dir",
        "A256GCM",
        "none\u{0}",
        "n\u{f6}ne",
    ] {
        let token = signed(&with(good_header(), "alg", json!(alg)), &good_claims());
        assert_eq!(check(&token), Err(TokenRefused::Invalid), "{alg:?}");
    }
    for alg in [json!(null), json!(["EdDSA"]), json!(8), json!({ "alg": "EdDSA" })] {
        let token = signed(&with(good_header(), "alg", alg.clone()), &good_claims());
        assert_eq!(check(&token), Err(TokenRefused::Invalid), "{alg}");
    }
    assert!(check(&signed(&without(good_header(), "alg"), &good_claims())).is_err());
}

#[test]
fn a_kid_is_a_name_and_nothing_that_is_looked_up_elsewhere() {
    let long = "k".repeat(700);
    for kid in [
        "/dev/null",
        "../../../../dev/null",
        "file:///dev/null",
        "https://attacker.example/k1",
        "k1\u{0}",
        "k1 ",
        " k1",
        "k1;ls",
        "k1' union select 'key",
        "%6b1",
        "{{k1}}",
        &long,
    ] {
        let token = signed(&with(good_header(), "kid", json!(kid)), &good_claims());
        assert_eq!(check(&token), Err(TokenRefused::UnknownKey), "{kid:?}");
    }
    for kid in [json!(null), json!(1), json!(["k1"]), json!({ "k1": 1 }), json!(true)] {
        let token = signed(&with(good_header(), "kid", kid.clone()), &good_claims());
        assert_eq!(check(&token), Err(TokenRefused::Invalid), "{kid}");
    }
}

#[test]
fn a_header_has_three_members_and_no_fourth() {
    for (field, value) in [
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("dGh1bWI")),
        ("x5t#S256", json!("dGh1bWI")),
        ("cty", json!("JWT")),
        ("enc", json!("A256GCM")),
        ("crit", json!([])),
        ("crit", json!(["b64"])),
        ("b64", json!(true)),
        ("nonce", json!("1")),
        ("", json!("")),
        ("Alg", json!("none")),
    ] {
        let token = signed(&with(good_header(), field, value), &good_claims());
        assert_eq!(check(&token), Err(TokenRefused::Invalid), "{field}");
    }
}

#[test]
fn a_member_said_twice_is_refused_however_its_name_is_spelt() {
    let (header, claims) = (good_header().to_string(), good_claims().to_string());
    for twice in [r#"{"alg":"EdDSA","#, r#"{"\u0061lg":"none","#, r#"{"k\u0069d":"k2","#] {
        let header = header.replacen('{', twice, 1);
        assert_eq!(check(&signed_text(&header, &claims, &key(1))), Err(TokenRefused::Invalid));
    }
    for twice in [
        r#"{"exp":99999999999,"#,
        r#"{"e\u0078p":99999999999,"#,
        r#"{"tid":null,"#,
        r#"{"aud":"casemate","#,
        r#"{"iss":"https://casemate.example","#,
        r#"{"cnf":null,"cnf":null,"#,
    ] {
        let claims = claims.replacen('{', twice, 1);
        let token = signed_text(&header, &claims, &key(1));
        assert_eq!(check(&token), Err(TokenRefused::Invalid), "{twice}");
    }
}

#[test]
fn times_are_whole_numbers_in_their_order() {
    let text = |at: i64| at.to_string();
    for (claim, value) in [
        ("exp", json!(f64::from(1_790_000_000) + 0.5)),
        ("exp", json!("never")),
        ("exp", json!([now_s() + 300])),
        ("exp", json!(true)),
        ("exp", json!(0)),
        ("exp", json!(now_s())),
        ("exp", json!(now_s() - 1)),
        ("exp", json!(u64::MAX)),
        ("iat", json!(text(now_s()))),
        ("iat", json!(-1)),
        ("iat", json!(i64::MAX)),
        ("iat", json!(1.5)),
        ("auth_time", json!(null)),
        ("auth_time", json!(text(now_s()))),
        ("auth_time", json!(i64::MAX)),
        ("nbf", json!(now_s() + 3_600)),
        ("nbf", json!(0)),
    ] {
        let token = signed(&good_header(), &with(good_claims(), claim, value.clone()));
        assert_eq!(check(&token), Err(TokenRefused::Invalid), "{claim} {value}");
    }
    let late = now_s() + 3_600;
    let claims = with(with(good_claims(), "iat", json!(late)), "exp", json!(late + 300));
    assert_eq!(check(&signed(&good_header(), &claims)), Err(TokenRefused::FromTheFuture));
}

#[test]
fn issuer_audience_and_type_are_compared_whole() {
    for (claim, value) in [
        ("iss", json!("https://casemate.example/")),
        ("iss", json!("https://CASEMATE.example")),
        ("iss", json!("https://casemate.example.attacker.example")),
        ("iss", json!(["https://casemate.example", "https://attacker.example"])),
        ("iss", json!("")),
        ("aud", json!("casemate ")),
        ("aud", json!("Casemate")),
        ("aud", json!("casemate2")),
        ("aud", json!([])),
        ("aud", json!("")),
        ("aud", json!(null)),
        ("aud", json!({ "casemate": true })),
    ] {
        let token = signed(&good_header(), &with(good_claims(), claim, value.clone()));
        assert_eq!(check(&token), Err(TokenRefused::Invalid), "{claim} {value}");
    }
    for typ in ["application/at+jwt", "at+JWT", "at+jwt ", "id+jwt", "logout+jwt", "secevent+jwt"] {
        let token = signed(&with(good_header(), "typ", json!(typ)), &good_claims());
        assert_eq!(check(&token), Err(TokenRefused::Invalid), "{typ}");
    }
}

#[test]
fn one_token_has_one_spelling() {
    let token = signed(&good_header(), &good_claims());
    assert!(check(&token).is_ok());
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let spellings = [
        format!("{token}."),
        format!(".{token}"),
        format!("{token}="),
        format!("{token}=="),
        format!("{header}=.{claims}.{signature}"),
        format!("{header}.{claims}=.{signature}"),
        format!("{header}..{claims}.{signature}"),
        format!("{header}.{claims}.{signature}.{signature}"),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{header}\n.{claims}.{signature}"),
        format!("{header}.{claims} .{signature}"),
        format!("{token}\u{0}"),
        format!("\u{feff}{token}"),
        format!("Bearer {token}"),
        token.replace('.', "%2E"),
        json!({ "protected": header, "payload": claims, "signature": signature }).to_string(),
    ];
    for other in spellings {
        assert_eq!(check(&other), Err(TokenRefused::Invalid), "{other}");
    }
    let (message, bytes) = parts();
    let standard = data_encoding::BASE64_NOPAD.encode(&bytes);
    if standard != signature {
        assert_eq!(check(&format!("{message}.{standard}")), Err(TokenRefused::Invalid));
    }
}

/// The last letter of a part whose bytes do not fill it carries bits that mean nothing; a reader
/// that ignores them gives one token several names.
#[test]
fn unused_bits_at_the_end_of_a_part_are_zero() {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut tried = 0;
    for padding in 0..3 {
        // Insignificant white space makes parts of every length.
        let claims = format!("{}{}", good_claims(), " ".repeat(padding));
        let header = format!("{}{}", good_header(), " ".repeat(padding));
        let token = signed_text(&header, &claims, &key(1));
        assert!(check(&token).is_ok());
        for part in 0..3 {
            let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
            let unused = match parts[part].len() % 4 {
                2 => 4,
                3 => 2,
                _ => continue,
            };
            let last = parts[part].pop().unwrap();
            let value = alphabet.iter().position(|letter| char::from(*letter) == last).unwrap();
            for bits in 1..(1 << unused) {
                let mut other = parts.clone();
                other[part].push(char::from(alphabet[value | bits]));
                assert_eq!(check(&other.join(".")), Err(TokenRefused::Invalid));
                tried += 1;
            }
        }
    }
    assert!(tried > 30, "{tried}");
}

#[test]
fn a_signature_is_not_another_signature_of_the_same_text() {
    let (message, signature) = parts();
    let (r, s) = signature.split_at(32);
    let mut carry = 0;
    let raised: Vec<u8> = s
        .iter()
        .zip(ORDER)
        .map(|(s, l)| {
            let sum = u16::from(*s) + u16::from(l) + carry;
            carry = sum >> 8;
            u8::try_from(sum & 0xff).unwrap()
        })
        .collect();
    let (zero, one) = (vec![0; 32], [vec![1], vec![0; 31]].concat());
    for forged in [
        [r, &raised].concat(),
        [r, &zero].concat(),
        [&zero[..], s].concat(),
        [&one[..], &zero].concat(),
        [&one[..], &ORDER].concat(),
        [s, r].concat(),
        signature[..63].to_vec(),
        [&signature[..], &[0]].concat(),
        [&[0], &signature[..]].concat(),
        [&signature[..], &signature[..]].concat(),
        vec![],
        vec![0; 64],
        vec![0xff; 64],
    ] {
        let token = format!("{message}.{}", b64(&forged));
        assert_eq!(check(&token), Err(TokenRefused::Invalid), "{forged:02x?}");
    }
}

#[test]
fn what_is_signed_and_is_no_object_of_ours_is_refused() {
    let (header, claims) = (good_header().to_string(), good_claims().to_string());
    let deep = "[".repeat(500);
    for other in ["", "null", "[]", "{}", "1", "\"\"", &deep, &format!("{claims}x"), &claims[1..]] {
        assert_eq!(check(&signed_text(&header, other, &key(1))), Err(TokenRefused::Invalid));
        assert_eq!(check(&signed_text(other, &claims, &key(1))), Err(TokenRefused::Invalid));
    }
    let list = format!("[{}]", r#""EdDSA","k1","at+jwt""#);
    assert_eq!(check(&signed_text(&list, &claims, &key(1))), Err(TokenRefused::Invalid));
    let inner = signed(&good_header(), &good_claims());
    assert_eq!(check(&signed_text(&header, &inner, &key(1))), Err(TokenRefused::Invalid));
    let oversized = with(good_claims(), "amr", json!(vec!["pwd"; 400]));
    assert_eq!(check(&signed(&good_header(), &oversized)), Err(TokenRefused::Invalid));
}
