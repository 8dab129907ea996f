//! GitHub: its twin answers as its documents say (contract-tested): errors with status 200 and as a
//! form, a numeric id, addresses with `primary` and `verified`.

use identity::sso::{self, SsoError};
use serde_json::json;

use super::{Desk, GITHUB, Way, counting, known, sessions_of, totp};
use crate::house::{House, each_engine};

fn answers(desk: &Desk, addresses: &serde_json::Value) {
    let token = json!({ "access_token": "gho_x", "scope": "read:user", "token_type": "bearer" });
    desk.twin.answers_json("/gh/login/oauth/access_token", 200, &token);
    desk.twin.answers_json("/gh/api/v3/user", 200, &json!({ "id": 583_231, "login": "octocat" }));
    desk.twin.answers_json("/gh/api/v3/user/emails", 200, addresses);
}

async fn back(house: &House, desk: &Desk, way: &Way) -> Result<(), SsoError> {
    let back = sso::callback(&desk.identity, house.origin(), way.cookie(), way.back()).await;
    back.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn github_knows_people_by_number_and_never_counts_as_a_second_factor() {
    each_engine(async |house: &House| {
        let (desk, bob) = (Desk::open(house).await, &house.ours.operator);
        known(house, bob, GITHUB, None, &format!("{}/gh", desk.twin.url), "583231").await;
        answers(&desk, &json!([]));
        desk.sets(house, &house.ours, counting(&[GITHUB])).await;
        let way = desk.begins(house, GITHUB, Some(house.ours.id)).await;
        assert!(!way.query.contains_key("nonce"), "there is no token to put it in");
        assert!(way.query.contains_key("code_challenge"));
        back(house, &desk, &way).await.unwrap();
        assert_eq!(desk.redeems(house, &way, None).await.unwrap_err(), SsoError::FactorNeeded);
        desk.redeems(house, &way, Some(totp(house, bob))).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_a_forms_clothes_is_an_error() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        for (media, body) in [
            ("application/x-www-form-urlencoded", "error=bad_verification_code&error_uri=x"),
            ("application/json", r#"{"error":"bad_verification_code"}"#),
        ] {
            answers(&desk, &json!([]));
            let path = "/gh/login/oauth/access_token";
            desk.twin.answers(path, 200, media, body.as_bytes().to_vec());
            let way = desk.begins(house, GITHUB, None).await;
            let refused = back(house, &desk, &way).await.unwrap_err();
            assert_eq!(refused, SsoError::ProviderRefused, "{media}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_primary_verified_address_is_githubs_word() {
    each_engine(async |house: &House| {
        let desk = Desk::open(house).await;
        let policy =
            domain::sign_in::SignInPolicy { provision: true, ..counting(&[GITHUB]) };
        desk.sets(house, &house.ours, policy).await;
        desk.proves(house, &house.ours, "ours.example").await;
        let address = |primary: bool, verified: bool| {
            json!([{ "email": "new@ours.example", "primary": primary, "verified": verified }])
        };
        for (primary, verified) in [(true, false), (false, true), (false, false)] {
            answers(&desk, &address(primary, verified));
            let way = desk.begins(house, GITHUB, Some(house.ours.id)).await;
            back(house, &desk, &way).await.unwrap();
            let refused = desk.redeems(house, &way, None).await.unwrap_err();
            assert_eq!(refused, SsoError::EmailUnverified);
        }
        // A member's verified address links nothing either.
        let viewer = &house.ours.viewer;
        let theirs = json!([{ "email": viewer.email, "primary": true, "verified": true }]);
        answers(&desk, &theirs);
        let way = desk.begins(house, GITHUB, Some(house.ours.id)).await;
        back(house, &desk, &way).await.unwrap();
        let refused = desk.redeems(house, &way, None).await.unwrap_err();
        assert_eq!(refused, SsoError::AccountExists);
        assert_eq!(sessions_of(house, viewer).await, 0);
    })
    .await;
}
