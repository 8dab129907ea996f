//! The published vectors of attestation, and files of roots that are none.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    PasskeyRegistration, RegisterPublicKeyCredential, Webauthn, WebauthnBuilder,
};

use super::*;

fn published() -> Value {
    let text = include_str!("../../testdata/webauthn-attestation.json");
    serde_json::from_str(text).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64.encode(der))
}

fn b64(value: &Value) -> String {
    BASE64URL_NOPAD.encode(&bytes(value))
}

fn verifier() -> Webauthn {
    let origin = "https://example.org".parse().unwrap();
    WebauthnBuilder::new("example.org", &origin).unwrap().build().unwrap()
}

/// What the registration of a vector stores.
fn stored(vector: &Value) -> Value {
    let (_, state) =
        verifier().start_passkey_registration(Uuid::nil(), "ada", "ada", None).unwrap();
    let mut state = serde_json::to_value(&state).unwrap();
    state["rs"]["challenge"] = json!(b64(&vector["challenge"]));
    let state: PasskeyRegistration = serde_json::from_value(state).unwrap();
    let credential: RegisterPublicKeyCredential = serde_json::from_value(json!({
        "id": b64(&vector["id"]), "rawId": b64(&vector["id"]), "type": "public-key",
        "extensions": {},
        "response": {
            "attestationObject": b64(&vector["attestationObject"]),
            "clientDataJSON": b64(&vector["clientDataJSON"]),
        },
    }))
    .unwrap();
    let key = verifier().finish_passkey_registration(&credential, &state).unwrap();
    serde_json::to_value(&key).unwrap()
}

fn vouches(roots: &HardwareRoots, stored: &Value) -> bool {
    roots.vouch_for(&serde_json::from_value(stored.clone()).unwrap())
}

#[test]
fn the_published_attestation_is_vouched_for_by_its_root_and_model_and_may_be_copied() {
    let published = published();
    let (root, vector) = (pem(&bytes(&published["root"])), &published["vectors"][0]);
    let mut stored = stored(vector);
    let model = Uuid::from_slice(&bytes(&vector["model"])).unwrap().to_string();
    let (of_model, of_any) = (vec![model], Vec::new());
    let other = vec!["2fc0579f-8113-47ea-b116-bb5a8db9202a".to_owned()];
    assert!(vouches(&HardwareRoots::read(&root, &of_model).unwrap(), &stored));
    assert!(!vouches(&HardwareRoots::read(&root, &other).unwrap(), &stored));
    assert!(!vouches(&HardwareRoots::default(), &stored));
    let roots = HardwareRoots::read(&root, &of_any).unwrap();
    assert!(vouches(&roots, &stored));
    // The vector's flags say that it may be backed up (BE).
    assert!(!roots.hold_stored(&stored.to_string()), "what may be copied is not in hardware");
    stored["cred"]["backup_eligible"] = json!(false);
    assert!(roots.hold_stored(&stored.to_string()));
    stored["cred"].as_object_mut().unwrap().remove("backup_eligible");
    assert!(!roots.hold_stored(&stored.to_string()), "what is not said does not count");
}

#[test]
fn what_an_authenticator_says_of_itself_is_no_vendors_word() {
    let published = published();
    let roots = HardwareRoots::read(&pem(&bytes(&published["root"])), &[]).unwrap();
    assert!(!vouches(&roots, &stored(&published["vectors"][1])));
}

#[test]
fn a_file_that_is_no_list_of_roots_is_refused_with_the_reason() {
    let root = pem(&bytes(&published()["root"]));
    let refused = |text: &str| HardwareRoots::read(text, &[]).err();
    let none = Some(HardwareRootsError::NotACertificate { number: 1 });
    for text in ["", "roots", "-----BEGIN CERTIFICATE-----", &root[..root.len() / 2]] {
        assert_eq!(refused(text), none, "{text}");
    }
    let second = format!("{root}\nand\n{}", root.replace("MII", "MIA"));
    assert_eq!(refused(&second), Some(HardwareRootsError::NotACertificate { number: 2 }));
    let many = root.repeat(ROOTS_MAX + 1);
    assert_eq!(refused(&many), Some(HardwareRootsError::TooMany));
    let long = "x".repeat(FILE_BYTES_MAX + 1);
    assert_eq!(refused(&long), Some(HardwareRootsError::TooLarge));
    let model = vec!["YubiKey 5".to_owned()];
    let unnamed = HardwareRoots::read(&root, &model).err();
    assert_eq!(unnamed, Some(HardwareRootsError::Model("YubiKey 5".to_owned())));
    let folder = tempfile::tempdir().unwrap();
    let gone = HardwareRoots::open(&folder.path().join("roots.pem"), &[]).err();
    assert_eq!(gone, Some(HardwareRootsError::Unreadable));
    let file = folder.path().join("here.pem");
    std::fs::write(&file, &root).unwrap();
    assert!(!HardwareRoots::open(&file, &[]).unwrap().is_empty());
    std::fs::write(&file, &long).unwrap();
    assert_eq!(HardwareRoots::open(&file, &[]).err(), Some(HardwareRootsError::TooLarge));
}

#[test]
fn a_root_with_any_bit_of_its_key_flipped_vouches_for_nothing() {
    let published = published();
    let stored = stored(&published["vectors"][0]);
    let der = bytes(&published["root"]);
    // An uncompressed point of P-256 (RFC 5480 section 2.2), after the curve's name.
    let curve = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04];
    let key = der.windows(curve.len()).position(|window| window == curve).unwrap() + curve.len();
    let vouched = |der: &[u8]| {
        HardwareRoots::read(&pem(der), &[]).is_ok_and(|roots| vouches(&roots, &stored))
    };
    assert!(vouched(&der));
    for at in key..key + 64 {
        for bit in 0..8 {
            let mut flipped = der.clone();
            flipped[at] ^= 1 << bit;
            assert!(!vouched(&flipped), "byte {at}, bit {bit}");
        }
    }
    for length in 0..der.len() {
        assert!(!vouched(&der[..length]), "cut at {length}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_refused_or_holds_certificates(
        parts in proptest::collection::vec(
            "-----(BEGIN|END) CERTIFICATE-----|MII[A-Z+/=\n]{0,9}|\\PC", 0..40,
        ),
    ) {
        let text = parts.concat();
        if let Ok(roots) = HardwareRoots::read(&text, &[]) {
            proptest::prop_assert!(!roots.is_empty() && roots.roots.len() <= ROOTS_MAX);
            proptest::prop_assert!(text.contains(BEGIN) && text.contains(END));
        }
    }
}
