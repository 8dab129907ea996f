//! An authenticator in software, written from the standard (WebAuthn level 3 sections 6.1, 6.5,
//! 8.2), that can be told to misbehave; and vendors that sign for one. Two crates' tests read this
//! file.

#![allow(dead_code, reason = "not every crate's tests use every way to misbehave")]

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair as CertificateKey, KeyUsagePurpose, SigningKey,
};
use serde_json::{Value, json};

/// The person was there.
const PRESENT: u8 = 0b0000_0001;
/// The person was verified.
const VERIFIED: u8 = 0b0000_0100;
/// The credential may be copied to other devices.
const MAY_BE_COPIED: u8 = 0b0000_1000;
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

    /// The same by an authenticator that its vendor signs for.
    pub(crate) fn registers_by(vendor: &Vendor, options: &Value, origin: &str) -> (Self, Value) {
        let this = Self::made(options, origin, PRESENT | VERIFIED);
        let answer = this.vouched(vendor, options, PRESENT | VERIFIED);
        (this, answer)
    }

    /// The same by one that keeps copies of its keys elsewhere, though its vendor signs for it.
    pub(crate) fn registers_a_copied_one(
        vendor: &Vendor,
        options: &Value,
        origin: &str,
    ) -> (Self, Value) {
        let flags = PRESENT | VERIFIED | MAY_BE_COPIED;
        let this = Self::made(options, origin, flags);
        let answer = this.vouched(vendor, options, flags);
        (this, answer)
    }

    fn registers_with(options: &Value, origin: &str, flags: u8) -> (Self, Value) {
        let this = Self::made(options, origin, flags);
        let answer = this.attests(options, flags);
        (this, answer)
    }

    fn made(options: &Value, origin: &str, flags: u8) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let mut id = vec![0; 32];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        Self {
            key,
            id,
            user: BASE64URL_NOPAD.decode(text(&options["user"]["id"]).as_bytes()).unwrap(),
            counter: 0,
            verifies: flags & VERIFIED != 0,
            rp_id: text(&options["rp"]["id"]).to_owned(),
            origin: origin.to_owned(),
        }
    }

    /// Its own key once more, for whoever asks with these options.
    pub(crate) fn registers_again(&self, options: &Value) -> Value {
        self.attests(options, PRESENT | VERIFIED)
    }

    fn attests(&self, options: &Value, flags: u8) -> Value {
        let client = self.client_data("webauthn.create", options);
        self.created(&attestation(&self.attached(flags, [0; 16])), &client)
    }

    fn vouched(&self, vendor: &Vendor, options: &Value, flags: u8) -> Value {
        let client = self.client_data("webauthn.create", options);
        self.created(&vendor.attestation(&self.attached(flags, vendor.model), &client), &client)
    }

    /// The authenticator's data with the new credential.
    fn attached(&self, flags: u8, model: [u8; 16]) -> Vec<u8> {
        let mut data = self.data(flags | ATTACHED);
        data.extend(model);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose_key());
        data
    }

    fn created(&self, attestation: &[u8], client: &[u8]) -> Value {
        json!({
            "id": self.id(), "rawId": self.id(), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "attestationObject": b64(attestation), "clientDataJSON": b64(client),
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

/// A vendor of authenticators: its root, and the key that a model of it signs with.
pub(crate) struct Vendor {
    /// The root, in PEM form.
    pub(crate) root: String,
    /// The model (AAGUID).
    pub(crate) model: [u8; 16],
    certificate: Vec<u8>,
    key: CertificateKey,
}

/// The vendor that the houses of tests trust.
pub(crate) fn vendor() -> &'static Vendor {
    static TRUSTED: LazyLock<Vendor> = LazyLock::new(|| Vendor::new(*b"a trusted model!"));
    &TRUSTED
}

impl Vendor {
    /// A vendor with one model.
    pub(crate) fn new(model: [u8; 16]) -> Self {
        let root_key = CertificateKey::generate().unwrap();
        let mut root = Self::named("Authenticator Attestation CA");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let signed = root.self_signed(&root_key).unwrap();
        let mut leaf = Self::named("Authenticator Attestation");
        leaf.is_ca = IsCa::ExplicitNoCa;
        let octets = [&[0x04, 0x10][..], &model].concat();
        let oid = [1, 3, 6, 1, 4, 1, 45724, 1, 1, 4];
        leaf.custom_extensions = vec![CustomExtension::from_oid_content(&oid, octets)];
        let key = CertificateKey::generate().unwrap();
        let certificate = leaf.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
        Self { root: signed.pem(), model, certificate: certificate.der().to_vec(), key }
    }

    fn named(unit: &str) -> CertificateParams {
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "AA");
        name.push(DnType::OrganizationName, "Vendor");
        name.push(DnType::OrganizationalUnitName, unit);
        name.push(DnType::CommonName, "Vendor of authenticators");
        params.distinguished_name = name;
        params
    }

    /// `{fmt: "packed", attStmt: {alg, sig, x5c}, authData}` in CBOR.
    fn attestation(&self, data: &[u8], client: &[u8]) -> Vec<u8> {
        let signed = [data, digest(&SHA256, client).as_ref()].concat();
        let signature = self.key.sign(&signed).unwrap();
        let long = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
        [
            b"\xa3\x63fmt\x66packed\x67attStmt\xa3\x63alg\x26\x63sig\x59".as_slice(),
            &long(&signature),
            &signature,
            b"\x63x5c\x81\x59",
            &long(&self.certificate),
            &self.certificate,
            b"\x68authData\x59",
            &long(data),
            data,
        ]
        .concat()
    }
}
