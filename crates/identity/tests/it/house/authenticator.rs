//! An authenticator in software, written from the standard (WebAuthn level 3 sections 6.1, 6.5),
//! that can be told to misbehave. Two crates' tests read this file.

#![allow(dead_code, reason = "not every crate's tests use every way to misbehave")]

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// The person was there.
const PRESENT: u8 = 0b0000_0001;
/// The person was verified.
const VERIFIED: u8 = 0b0000_0100;
/// A new credential is attached.
const ATTACHED: u8 = 0b0100_0000;

/// One credential in its authenticator, and the browser around it.
pub(crate) struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    user: Vec<u8>,
    /// The counter of the last signature.
    pub(crate) counter: u32,
    /// Whether it asks its person for a PIN.
    pub(crate) verifies: bool,
    /// The relying party it signs for, whatever is asked.
    pub(crate) rp_id: String,
    /// The page that the browser shows.
    pub(crate) origin: String,
}

impl Authenticator {
    /// A new credential for these options, shown on a page of `origin`; and its answer.
    pub(crate) fn registers(options: &Value, origin: &str) -> (Self, Value) {
        Self::registers_with(options, origin, PRESENT | VERIFIED)
    }

    /// The same by an authenticator that verifies nobody.
    pub(crate) fn registers_without_verifying(options: &Value, origin: &str) -> Value {
        Self::registers_with(options, origin, PRESENT).1
    }

    fn registers_with(options: &Value, origin: &str, flags: u8) -> (Self, Value) {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let mut id = vec![0; 32];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        let this = Self {
            key,
            id,
            user: BASE64URL_NOPAD.decode(text(&options["user"]["id"]).as_bytes()).unwrap(),
            counter: 0,
            verifies: flags & VERIFIED != 0,
            rp_id: text(&options["rp"]["id"]).to_owned(),
            origin: origin.to_owned(),
        };
        let answer = this.attests(options, flags);
        (this, answer)
    }

    /// Its own key once more, for whoever asks with these options.
    pub(crate) fn registers_again(&self, options: &Value) -> Value {
        self.attests(options, PRESENT | VERIFIED)
    }

    fn attests(&self, options: &Value, flags: u8) -> Value {
        let mut data = self.data(flags | ATTACHED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose_key());
        json!({
            "id": self.id(), "rawId": self.id(), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "attestationObject": b64(&attestation(&data)),
                "clientDataJSON": b64(&self.client_data("webauthn.create", options)),
                "transports": ["internal"],
            },
        })
    }

    /// Its id, as options name it.
    pub(crate) fn id(&self) -> String {
        b64(&self.id)
    }

    /// Its answer to a challenge: one more on the counter.
    pub(crate) fn answers(&mut self, options: &Value) -> Value {
        self.counter += 1;
        self.answers_at(options)
    }

    /// Its answer with the counter as it stands.
    pub(crate) fn answers_at(&self, options: &Value) -> Value {
        let flags = if self.verifies { PRESENT | VERIFIED } else { PRESENT };
        let data = self.data(flags);
        let client = self.client_data("webauthn.get", options);
        let signed = [data.as_slice(), digest(&SHA256, &client).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": self.id(), "rawId": self.id(), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "authenticatorData": b64(&data), "clientDataJSON": b64(&client),
                "signature": b64(signature.as_ref()), "userHandle": b64(&self.user),
            },
        })
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let rp = digest(&SHA256, self.rp_id.as_bytes());
        [rp.as_ref(), &[flags], &self.counter.to_be_bytes()].concat()
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["challenge"];
        let data = json!({
            "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    /// EC2, ES256, P-256, and both coordinates (RFC 9053).
    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..], x, &[0x22, 0x58, 32], y].concat()
    }
}

/// `{fmt: "none", attStmt: {}, authData}` in CBOR.
fn attestation(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59";
    [head.as_slice(), &length, data].concat()
}

fn b64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
