//! What Microsoft does in its own way.

use identity::sso::SsoError;
use serde_json::{Value, json};

use super::{Desk, MICROSOFT, TENANT, Way, known, sessions_of, totp};
use crate::house::{House, each_engine};

const OBJECT: &str = "8a6c2f4e-0000-4c5e-9a55-0123456789ab";

/// Claims as Microsoft spells them: the issuer is the tenant's, the subject the application's own.
fn microsoft(desk: &Desk, way: &Way, tenant: &str) -> Value {
    let mut claims = desk.claims(way, "pairwise");
    claims["iss"] = json!(format!("{}/{tenant}/v2.0", desk.twin.url));
    claims["tid"] = json!(tenant);
    claims["oid"] = json!(OBJECT);
    claims
}

#[tokio::test(flavor = "multi_thread")]
async fn microsofts_person_is_tenant_and_object_whatever_the_subject() {
    each_engine(async |house: &House| {
        let (desk, ada) = (Desk::open(house).await, &house.ours.owner);
        let issuer = format!("{}/{TENANT}/v2.0", desk.twin.url);
        known(house, ada, MICROSOFT, None, &issuer, OBJECT).await;
        let way = desk.begins(house, MICROSOFT, None).await;
        desk.returns(house, &way, &microsoft(&desk, &way, TENANT)).await.unwrap();
        desk.redeems(house, &way, Some(totp(house, ada))).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_tenant_and_a_tenant_that_is_not_the_issuers_are_refused() {
    each_engine(async |house: &House| {
        let (desk, ada) = (Desk::open(house).await, &house.ours.owner);
        let issuer = format!("{}/{TENANT}/v2.0", desk.twin.url);
        known(house, ada, MICROSOFT, None, &issuer, OBJECT).await;
        let foreign = "11111111-86f1-41af-91ab-2d7cd011db47";
        let back = async |change: &dyn Fn(&mut Value), tenant: &str| {
            let way = desk.begins(house, MICROSOFT, None).await;
            let mut claims = microsoft(&desk, &way, tenant);
            change(&mut claims);
            desk.returns(house, &way, &claims).await.unwrap_err()
        };
        assert_eq!(back(&|_| (), foreign).await, SsoError::TenantRefused);
        let lied = back(&|claims| claims["tid"] = json!(TENANT), foreign).await;
        assert_eq!(lied, SsoError::TokenRefused, "another tenant's issuer with our tenant's id");
        let template = format!("{}/{{tenantid}}/v2.0", desk.twin.url);
        let unfilled = back(&|claims| claims["iss"] = json!(template), TENANT).await;
        assert_eq!(unfilled, SsoError::TokenRefused);
        let nobody = back(&|claims| claims["oid"] = Value::Null, TENANT).await;
        assert_eq!(nobody, SsoError::TokenRefused);
        let nowhere = back(&|claims| claims["tid"] = Value::Null, TENANT).await;
        assert_eq!(nowhere, SsoError::TokenRefused);
        assert_eq!(sessions_of(house, ada).await, 0);
    })
    .await;
}
