//! Access tokens: EdDSA JSON web tokens of type `at+jwt` (RFC 9068), signed inside the broker.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::claims::{AccessClaims, AuthMethod, Confirmation, TokenKey};
use crate::instance_keys::{NotSigned, SigningKey};

/// PKCS #8 version 1 of an Ed25519 seed (RFC 8410 section 7), up to the seed.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The claims as the token spells them: a session without a workspace has no `tid` at all.
#[derive(Serialize)]
struct TokenClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: domain::UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    tid: Option<domain::TenantId>,
    sid: domain::SessionId,
    epoch: i64,
    amr: &'a [AuthMethod],
    auth_time: i64,
    iat: i64,
    exp: i64,
    jti: uuid::Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<&'a Confirmation>,
}

/// The public half and its `kid`: the first bytes of the key's SHA-256, so a verifier can check the
/// pairing.
pub(crate) fn public_key(key: &SigningKey) -> TokenKey {
    let public = *key.public();
    let hash = digest(&SHA256, &public);
    let short = hash.as_ref().get(..12).unwrap_or_default();
    TokenKey { kid: BASE64URL_NOPAD.encode(short), public }
}

/// The signed token.
///
/// The library wants the key as a DER document; that copy lives for this call and is wiped by its
/// owner.
pub(crate) fn sign(key: &SigningKey, claims: &AccessClaims) -> Result<String, NotSigned> {
    let mut document = Zeroizing::new(Vec::with_capacity(PKCS8_PREFIX.len() + 32));
    document.extend_from_slice(&PKCS8_PREFIX);
    document.extend_from_slice(key.seed().key().bytes());
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(public_key(key).kid);
    let AccessClaims { iss, aud, sub, tid, sid, epoch, amr, auth_time, iat, exp, jti, cnf } =
        claims;
    let claims = TokenClaims {
        iss,
        aud,
        sub: *sub,
        tid: *tid,
        sid: *sid,
        epoch: *epoch,
        amr,
        auth_time: *auth_time,
        iat: *iat,
        exp: *exp,
        jti: *jti,
        cnf: cnf.as_ref(),
    };
    encode(&header, &claims, &EncodingKey::from_ed_der(&document)).map_err(|_| NotSigned)
}
