//! What attackers do to a way: each try has its own answer, and no session comes of it.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use identity::sessions::Factor;
use identity::sso::{self, Begin, Returned, SsoError};
use ledger::Verb;
use serde_json::{Value, json};

use super::twin::{confused, signed, unsigned};
use super::{Desk, GOOGLE, Way, known, redeems, sessions_of, totp};
use crate::house::{House, each_engine};

/// Our owner, known to the twin as `ada`.
async fn ada_known(house: &House, desk: &Desk) {
    known(house, &house.ours.owner, GOOGLE, None, &desk.twin.url, "ada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_person_signs_in_with_the_providers_word_and_a_factor_of_their_own() {
    each_engine(async |house: &House| {
        let (desk, ada) = (Desk::open(house).await, &house.ours.owner);
        ada_known(house, &desk).await;
        let way = desk.begins(house, GOOGLE, None).await;
        assert_eq!(way.query["redirect_uri"], "https://casemate.example/sso/callback");
        assert_eq!(way.query["code_challenge_method"], "S256");
        desk.returns(house, &way, &desk.claims(&way, "ada")).await.unwrap();
        let form = desk.twin.asked("/token").pop().unwrap();
        let verifier = form.split('&').find_map(|one| one.strip_prefix("code_verifier=")).unwrap();
        let challenge = BASE64URL_NOPAD.encode(digest(&SHA256, verifier.as_bytes()).as_ref());
        assert_eq!(challenge, way.query["code_challenge"]);

        let needed = desk.redeems(house, &way, None).await.unwrap_err();
        assert_eq!(needed, SsoError::FactorNeeded);
        assert_eq!(sessions_of(house, ada).await, 0, "nobody is half signed in");
        let wrong = Factor::totp("000000").unwrap();
        let wrong = desk.redeems(house, &way, Some(wrong)).await.unwrap_err();
        assert_eq!(wrong, SsoError::FactorWrong);
        let tokens = desk.redeems(house, &way, Some(totp(house, ada))).await.unwrap().value;
        assert_eq!(tokens.workspace, None);
        assert_eq!(sessions_of(house, ada).await, 1);
        let started = house.platform_log(Verb::SessionStarted).await.pop().unwrap();
        assert!(started.to_string().contains("\"provider\":\"google\""), "{started}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_a_state_and_a_transaction_are_good_for_one_walk() {
    each_engine(async |house: &House| {
        let (desk, ada) = (Desk::open(house).await, &house.ours.owner);
        ada_known(house, &desk).await;
        let way = desk.begins(house, GOOGLE, None).await;
        desk.returns(house, &way, &desk.claims(&way, "ada")).await.unwrap();
        let again = sso::callback(&desk.identity, house.origin(), way.cookie(), way.back()).await;
        assert_eq!(again.unwrap_err(), SsoError::TransactionInvalid);
        assert_eq!(desk.twin.asked("/token").len(), 1, "the code was exchanged once");
        desk.redeems(house, &way, Some(totp(house, ada))).await.unwrap();
        let again = desk.redeems(house, &way, Some(totp(house, ada))).await.unwrap_err();
        assert_eq!(again, SsoError::TransactionInvalid);
        assert_eq!(sessions_of(house, ada).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_redemptions_one_wins() {
    each_engine(async |house: &House| {
        let (desk, ada) = (Desk::open(house).await, &house.ours.owner);
        ada_known(house, &desk).await;
        desk.sets(house, &house.ours, super::counting(&[GOOGLE])).await;
        let way = desk.begins(house, GOOGLE, Some(house.ours.id)).await;
        let mut claims = desk.claims(&way, "ada");
        claims["amr"] = json!(["mfa"]);
        desk.returns(house, &way, &claims).await.unwrap();
        let tries = (0..40).map(|_| desk.redeems(house, &way, None));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        assert_eq!(sessions_of(house, ada).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_browsers_cookie_opens_nothing() {
    each_engine(async |house: &House| {
        let (desk, ada) = (Desk::open(house).await, &house.ours.owner);
        ada_known(house, &desk).await;
        let (victim, attacker) =
            (desk.begins(house, GOOGLE, None).await, desk.begins(house, GOOGLE, None).await);
        desk.twin.says(&desk.claims(&attacker, "ada"));
        let forged = format!("{}.{}", attacker.begun.transaction, "A".repeat(43));
        for cookie in ["", "x", victim.cookie(), forged.as_str()] {
            let swapped =
                sso::callback(&desk.identity, house.origin(), cookie, attacker.back()).await;
            assert_eq!(swapped.unwrap_err(), SsoError::TransactionInvalid, "{cookie}");
        }
        desk.returns(house, &attacker, &desk.claims(&attacker, "ada")).await.unwrap();
        let id = attacker.begun.transaction;
        for cookie in ["", victim.cookie(), forged.as_str()] {
            let factor = Some(totp(house, ada));
            let stolen = redeems(&desk.identity, house, (id, cookie), factor).await;
            assert_eq!(stolen.unwrap_err(), SsoError::TransactionInvalid, "{cookie}");
        }
        assert_eq!(sessions_of(house, ada).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_is_over_after_ten_minutes() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        ada_known(house, &desk).await;
        let way = desk.begins(house, GOOGLE, None).await;
        house.advance(domain::limits::SSO_TRANSACTION_MS);
        let late = desk.returns(house, &way, &desk.claims(&way, "ada")).await;
        assert_eq!(late.unwrap_err(), SsoError::TransactionInvalid);
        assert!(desk.twin.asked("/token").is_empty());
    })
    .await;
}

/// A forged or misdirected token, by the way it is made for.
fn forgeries(desk: &Desk, way: &Way) -> Vec<(&'static str, String)> {
    let good = desk.claims(way, "ada");
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        signed(1, "k1", &claims)
    };
    vec![
        ("another nonce", with("nonce", json!("x"))),
        ("no nonce", with("nonce", Value::Null)),
        ("another audience", with("aud", json!("somebody-else"))),
        ("two audiences", with("aud", json!(["casemate", "somebody-else"]))),
        ("another issuer", with("iss", json!("https://accounts.example"))),
        ("expired", with("exp", json!(desk.twin.now_s() - 1))),
        ("no signature", unsigned(&good)),
        ("HMAC by the public key", confused(1, &good)),
        ("another key under the known name", signed(2, "k1", &good)),
        ("a key nobody published", signed(2, "k2", &good)),
        ("no token", "nonsense".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_this_ways_is_refused() {
    each_engine(async |house: &House| {
        let (desk, ada) = (Desk::open(house).await, &house.ours.owner);
        ada_known(house, &desk).await;
        let count = forgeries(&desk, &desk.begins(house, GOOGLE, None).await).len();
        for n in 0..count {
            let way = desk.begins(house, GOOGLE, None).await;
            let (what, token) = forgeries(&desk, &way).swap_remove(n);
            desk.twin.gives(&token);
            let back =
                sso::callback(&desk.identity, house.origin(), way.cookie(), way.back()).await;
            assert_eq!(back.unwrap_err(), SsoError::TokenRefused, "{what}");
            let redeemed = desk.redeems(house, &way, Some(totp(house, ada))).await.unwrap_err();
            assert_eq!(redeemed, SsoError::TransactionInvalid, "{what}");
        }
        assert_eq!(sessions_of(house, ada).await, 0);
        assert_eq!(house.platform_log(Verb::SsoRefused).await.len(), count);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_names_another_issuer_is_mixed_up() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        ada_known(house, &desk).await;
        let way = desk.begins(house, GOOGLE, None).await;
        desk.twin.says(&desk.claims(&way, "ada"));
        let back = Returned { iss: Some("https://evil.example".to_owned()), ..way.back() };
        let mixed = sso::callback(&desk.identity, house.origin(), way.cookie(), back).await;
        assert_eq!(mixed.unwrap_err(), SsoError::IssuerMixed);
        assert!(desk.twin.asked("/token").is_empty(), "the code went nowhere");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_always_names_itself_must_do_so() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        ada_known(house, &desk).await;
        let always = json!({ "authorization_response_iss_parameter_supported": true });
        desk.twin.publishes("", &desk.twin.url, &always);
        let way = desk.begins(house, GOOGLE, None).await;
        let silent = desk.returns(house, &way, &desk.claims(&way, "ada")).await;
        assert_eq!(silent.unwrap_err(), SsoError::IssuerMixed);
        let way = desk.begins(house, GOOGLE, None).await;
        desk.twin.says(&desk.claims(&way, "ada"));
        let back = Returned { iss: Some(desk.twin.url.clone()), ..way.back() };
        sso::callback(&desk.identity, house.origin(), way.cookie(), back).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_rotated_upstream_signs_nobody_out_and_a_forger_cannot_make_us_call() {
    each_engine(async |house: &House| {
        let (desk, ada) = (Desk::open(house).await, &house.ours.owner);
        ada_known(house, &desk).await;
        desk.walks(house, GOOGLE, None, "ada", ada).await.unwrap();
        for _ in 0..5 {
            let way = desk.begins(house, GOOGLE, None).await;
            desk.twin.gives(&signed(2, "k2", &desk.claims(&way, "ada")));
            let back =
                sso::callback(&desk.identity, house.origin(), way.cookie(), way.back()).await;
            assert_eq!(back.unwrap_err(), SsoError::TokenRefused);
        }
        assert!(desk.twin.asked("/jwks").len() <= 2, "keys are asked for once a minute");
        house.advance(61_000);
        desk.twin.has_keys(&[(2, "k2")]);
        let way = desk.begins(house, GOOGLE, None).await;
        desk.twin.gives(&signed(2, "k2", &desk.claims(&way, "ada")));
        sso::callback(&desk.identity, house.origin(), way.cookie(), way.back()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_huge_lying_or_refusing_has_a_clear_answer() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        ada_known(house, &desk).await;
        let begin = async || {
            let way = Begin { provider: Some(GOOGLE), workspace: None };
            sso::begin(&desk.identity, house.origin(), way).await.map(Way::of)
        };
        let document = "/.well-known/openid-configuration";
        desk.twin.answers(document, 500, "text/plain", Vec::new());
        assert_eq!(begin().await.err(), Some(SsoError::ProviderFailed), "down");
        desk.twin.answers(document, 200, "application/json", vec![b' '; 300 * 1024]);
        assert_eq!(begin().await.err(), Some(SsoError::ProviderFailed), "huge");
        desk.twin.publishes("", "https://accounts.example", &json!({}));
        assert_eq!(begin().await.err(), Some(SsoError::ProviderFailed), "lying");
        let inside = json!({ "jwks_uri": "http://169.254.169.254/keys" });
        desk.twin.publishes("", &desk.twin.url, &inside);
        assert_eq!(begin().await.err(), Some(SsoError::ProviderNotPublic), "leads inside");
        desk.twin.publishes("", &desk.twin.url, &json!({}));

        for (status, wanted) in [(400, SsoError::ProviderRefused), (503, SsoError::ProviderFailed)]
        {
            let way = begin().await.unwrap();
            desk.twin.answers_json("/token", status, &json!({ "error": "invalid_grant" }));
            let back =
                sso::callback(&desk.identity, house.origin(), way.cookie(), way.back()).await;
            assert_eq!(back.unwrap_err(), wanted);
        }
        let way = begin().await.unwrap();
        let denied = Returned { code: None, error: Some("access_denied".to_owned()), ..way.back() };
        let back = sso::callback(&desk.identity, house.origin(), way.cookie(), denied).await;
        assert_eq!(back.unwrap_err(), SsoError::ProviderRefused);
        assert_eq!(sessions_of(house, &house.ours.owner).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_a_factor_beside_a_providers_word_are_counted_before_they_are_checked() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        ada_known(house, &desk).await;
        let way = desk.begins(house, GOOGLE, None).await;
        desk.returns(house, &way, &desk.claims(&way, "ada")).await.unwrap();
        let tries =
            (0..40).map(|_| desk.redeems(house, &way, Some(Factor::totp("000000").unwrap())));
        let answers = futures_util::future::join_all(tries).await;
        let looked_at =
            answers.iter().filter(|answer| matches!(answer, Err(SsoError::FactorWrong))).count();
        assert!(looked_at <= 5, "{looked_at}");
    })
    .await;
}
