//! Real tokens of a real broker, and what is made of them.

use data_encoding::BASE64URL_NOPAD;
use domain::limits;
use identity::{AuthRefused, Principal, authenticate};
use serde_json::Value;

use crate::house::{House, each_engine};

async fn asks(house: &House, token: &str) -> Result<Principal, AuthRefused> {
    authenticate(&house.identity, token, house.origin()).await
}

fn part(token: &str, number: usize) -> Value {
    let text = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).unwrap()
}

/// The token with one part replaced by another JSON text.
fn with_part(token: &str, number: usize, value: &Value) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[number] = BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    parts.join(".")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_what_the_design_says() {
    each_engine(async |house: &House| {
        let tokens = house.ours.owner.signs_in(house).await;
        let token = tokens.access_token.show();
        let (header, claims) = (part(token, 0), part(token, 1));
        assert_eq!(
            (header["alg"].as_str(), header["typ"].as_str()),
            (Some("EdDSA"), Some("at+jwt"))
        );
        let life_s = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(life_s * 1_000, limits::ACCESS_TOKEN_MS);
        assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
        assert_eq!(tokens.expires_at.0, claims["exp"].as_i64().unwrap() * 1_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_somebody_else_or_enters_another_workspace_by_editing_a_token() {
    each_engine(async |house: &House| {
        let tokens = house.ours.viewer.signs_in(house).await;
        let token = tokens.access_token.show();
        let claims = part(token, 1);
        for (claim, value) in [
            ("sub", house.ours.owner.user.to_string()),
            ("tid", house.theirs.id.to_string()),
            ("sid", house.ours.owner.session.to_string()),
        ] {
            let mut edited = claims.clone();
            edited[claim] = value.into();
            let forged = with_part(token, 1, &edited);
            assert_eq!(asks(house, &forged).await.unwrap_err(), AuthRefused::Invalid, "{claim}");
        }
        for (field, value) in [("alg", "none"), ("kid", "another"), ("typ", "JWT")] {
            let mut header = part(token, 0);
            header[field] = value.into();
            let forged = with_part(token, 0, &header);
            assert_eq!(asks(house, &forged).await.unwrap_err(), AuthRefused::Invalid, "{field}");
        }
        assert!(asks(house, token).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_after_five_minutes_and_the_skew() {
    each_engine(async |house: &House| {
        let tokens = house.ours.owner.signs_in(house).await;
        let token = tokens.access_token.show();
        house.advance(limits::ACCESS_TOKEN_MS + limits::CLOCK_SKEW_MS_MAX - 1);
        assert!(asks(house, token).await.is_ok());
        house.advance(1);
        assert_eq!(asks(house, token).await.unwrap_err(), AuthRefused::Expired);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_went_back_further_than_the_skew_accepts_nothing_from_the_future() {
    each_engine(async |house: &House| {
        let tokens = house.ours.owner.signs_in(house).await;
        house.advance(-limits::CLOCK_SKEW_MS_MAX - 1_000);
        // A replica that has not verified it before: the token would be remembered by this one
        // only.
        let replica = house.replica().await;
        let refused = authenticate(&replica, tokens.access_token.show(), house.origin()).await;
        assert_eq!(refused.unwrap_err(), AuthRefused::Invalid);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_or_junk_is_no_access_token() {
    each_engine(async |house: &House| {
        let tokens = house.ours.owner.signs_in(house).await;
        let long = "cm_live_".repeat(10_000);
        for junk in [tokens.refresh_token.show(), "", "Bearer", "cm_live_", "a.b.c", &long] {
            assert_eq!(asks(house, junk).await.unwrap_err(), AuthRefused::Invalid);
        }
    })
    .await;
}
