//! The main job, through the router.

use crate::house::House;

#[tokio::test]
async fn everybody_of_the_template_is_who_they_are() {
    let house = House::open().await;
    for (person, role) in [
        (&house.acme().owner, "owner"),
        (&house.acme().admin, "admin"),
        (&house.acme().operator, "operator"),
        (&house.acme().viewer, "viewer"),
    ] {
        let answer = house.call("GET", "/v1/whoami", Some(&person.access), None).await.ok();
        assert_eq!(answer.json["user"]["email"], person.email.as_str());
        assert_eq!(answer.json["workspace"]["role"], role);
        assert_eq!(answer.json["workspace"]["id"], house.acme().id.as_str());
    }
}
