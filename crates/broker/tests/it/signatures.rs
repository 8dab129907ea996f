//! What leaves the broker signed: access tokens, checkpoints, receipts, authentication codes.

use broker::{AccessClaims, AuthMethod, Broker, BrokerError, MacPurpose, Refusal};
use domain::{Clock, EntryId, InstanceId, TenantId, TimeMs};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use ledger::note::{Note, VerifierKey};
use ledger::{Checkpoint, LogOrigin, Receipt, Stream};
use seal::SystemClock;

use crate::house::{House, id, random};

fn claims(house: &House, tenant: Option<TenantId>) -> AccessClaims {
    let now = SystemClock.now().0 / 1_000;
    AccessClaims {
        iss: "https://localhost:8443".to_owned(),
        aud: "casemate".to_owned(),
        sub: house.user,
        tid: tenant,
        sid: id(),
        epoch: 3,
        amr: vec![AuthMethod::Password, AuthMethod::Totp, AuthMethod::MultiFactor],
        auth_time: now,
        iat: now,
        exp: now + 300,
        jti: random(),
        cnf: None,
    }
}

#[tokio::test]
async fn an_access_token_verifies_with_the_published_key_and_says_what_was_asked() {
    let (house, broker) = House::running().await;
    let claims = claims(&house, Some(house.ann.id));
    let token = broker.sign_access_token(claims.clone()).await.unwrap();
    let header = decode_header(&token).unwrap();
    let key = broker.token_keys().await.unwrap().remove(0);
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(header.kid, Some(key.kid.clone()));
    assert_eq!(broker.status().await.unwrap().token_key, key.kid);

    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["casemate"]);
    let public = DecodingKey::from_ed_der(&key.public);
    let read = decode::<AccessClaims>(&token, &public, &validation).unwrap();
    assert_eq!(read.claims, claims);

    for place in [token.len() - 10, token.find('.').unwrap() + 5] {
        let mut forged = token.clone().into_bytes();
        forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert!(decode::<AccessClaims>(&forged, &public, &validation).is_err());
    }
}

#[tokio::test]
async fn a_token_without_a_workspace_has_no_tid_claim() {
    let (house, broker) = House::running().await;
    let token = broker.sign_access_token(claims(&house, None)).await.unwrap();
    let payload = token.split('.').nth(1).unwrap();
    let payload = data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap();
    let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert!(payload.get("tid").is_none(), "{payload}");
    assert_eq!(payload["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
}

#[tokio::test]
async fn tokens_that_live_too_long_or_start_in_the_future_are_not_signed() {
    let (house, broker) = House::running().await;
    let honest = claims(&house, Some(house.ann.id));
    let changed = [
        AccessClaims { exp: honest.iat + 301, ..honest.clone() },
        AccessClaims { exp: honest.iat, ..honest.clone() },
        AccessClaims { exp: i64::MAX, ..honest.clone() },
        AccessClaims { iat: i64::MIN, ..honest.clone() },
        AccessClaims { iat: honest.iat + 3_600, exp: honest.exp + 3_600, ..honest },
    ];
    for claims in changed {
        let refused = broker.sign_access_token(claims.clone()).await.err();
        assert_eq!(refused, Some(BrokerError::Refused(Refusal::OutsideLimits)), "{claims:?}");
    }
}

async fn log_key(broker: &Broker) -> VerifierKey {
    VerifierKey::parse(&broker.log_key().await.unwrap()).unwrap()
}

#[tokio::test]
async fn checkpoints_and_receipts_of_both_tenants_verify_with_the_log_key() {
    let (house, broker) = House::running().await;
    let key = log_key(&broker).await;
    assert_eq!(key.name(), ledger::origin::log_key_name(house.instance));
    for tenant in [house.ann.id, house.bob.id] {
        let origin = LogOrigin::new(house.instance, tenant, Stream::Workspace);
        let checkpoint = Checkpoint { origin: origin.clone(), size: 7, root: [9; 32] };
        let note = broker.sign_checkpoint(&checkpoint).await.unwrap();
        let text = Note::parse(&note).unwrap().open(std::slice::from_ref(&key)).unwrap().to_owned();
        assert_eq!(Checkpoint::parse(&text).unwrap(), checkpoint);

        let receipt = Receipt::new(origin, id::<EntryId>(), [8; 32], TimeMs(1));
        let note = broker.sign_receipt(&receipt).await.unwrap();
        let header = ledger::receipt::header_form(&note);
        assert_eq!(Receipt::open_header(&header, &key).unwrap(), receipt);
    }
}

#[tokio::test]
async fn the_log_of_checkpoints_is_signed_under_the_name_of_its_key() {
    let (house, broker) = House::running().await;
    let origin = LogOrigin::of_checkpoints(house.instance);
    let checkpoint = Checkpoint { origin, size: 3, root: [4; 32] };
    let note = broker.sign_checkpoint(&checkpoint).await.unwrap();
    let key = log_key(&broker).await;
    assert_eq!(checkpoint.origin.as_str(), key.name(), "as policies and witnesses expect");
    assert!(Note::parse(&note).unwrap().open(&[key]).is_ok());
}

#[tokio::test]
async fn another_instances_log_is_not_signed() {
    let (house, broker) = House::running().await;
    let origin = LogOrigin::new(id::<InstanceId>(), house.ann.id, Stream::Workspace);
    let malformed = Some(BrokerError::Refused(Refusal::Malformed));
    let checkpoint = Checkpoint { origin: origin.clone(), size: 1, root: [0; 32] };
    assert_eq!(broker.sign_checkpoint(&checkpoint).await.err(), malformed);
    let receipt = Receipt::new(origin, id::<EntryId>(), [8; 32], TimeMs(1));
    assert_eq!(broker.sign_receipt(&receipt).await.err(), malformed);
    for elsewhere in [
        LogOrigin::parse("example.org/another/log").unwrap(),
        LogOrigin::of_checkpoints(id::<InstanceId>()),
    ] {
        let checkpoint = Checkpoint { origin: elsewhere, size: 1, root: [0; 32] };
        assert_eq!(broker.sign_checkpoint(&checkpoint).await.err(), malformed);
    }
}

#[tokio::test]
async fn each_authentication_code_has_a_key_of_its_own_and_keeps_it() {
    let (mut house, broker) = House::running().await;
    let purposes =
        [MacPurpose::ApiKeyPepper, MacPurpose::Refresh, MacPurpose::Job, MacPurpose::Code];
    let mut codes = Vec::new();
    for purpose in purposes {
        let code = broker.mac(purpose, b"message".to_vec()).await.unwrap();
        assert_ne!(code, broker.mac(purpose, b"messagf".to_vec()).await.unwrap());
        assert!(!codes.contains(&code));
        codes.push(code);
    }
    let too_large = broker.mac(MacPurpose::Job, vec![0; broker::MAC_MESSAGE_BYTES_MAX + 1]).await;
    assert_eq!(too_large.err(), Some(BrokerError::Refused(Refusal::OutsideLimits)));
    let (token_keys, key) = (broker.token_keys().await.unwrap(), log_key(&broker).await);
    house.kill();
    let broker = house.start().await;
    for (purpose, code) in purposes.into_iter().zip(codes) {
        assert_eq!(broker.mac(purpose, b"message".to_vec()).await.unwrap(), code);
    }
    assert_eq!(broker.token_keys().await.unwrap(), token_keys);
    assert_eq!(log_key(&broker).await, key);
}
