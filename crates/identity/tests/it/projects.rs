//! Who reaches a project (TEN-6).

use domain::ProjectId;
use domain::authz::Role;
use identity::TeamError;
use identity::projects::{add_member, list_members, remove_member};
use ledger::Verb;
use store::Page;

use crate::house::{House, Person, each_engine};

fn code<T>(answer: Result<T, TeamError>) -> &'static str {
    answer.err().map_or("done", |error| error.code())
}

async fn adds(house: &House, actor: &Person, project: ProjectId, member: &Person) -> &'static str {
    let scope = actor.scope(house.ours.id);
    code(add_member(&house.store, &scope, None, project, member.user).await)
}

async fn removes(
    house: &House,
    actor: &Person,
    project: ProjectId,
    member: &Person,
) -> &'static str {
    let scope = actor.scope(house.ours.id);
    code(remove_member(&house.store, &scope, None, project, member.user).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_let_in_and_out_with_one_entry_each() {
    each_engine(async |house: &House| {
        let ours = &house.ours;
        for _ in 0..2 {
            assert_eq!(adds(house, &ours.admin, ours.hidden, &ours.viewer).await, "done");
        }
        assert_eq!(
            house.our_log(Verb::ProjectMemberAdded).await.len(),
            1,
            "the second changed nothing"
        );
        let scope = ours.viewer.scope(ours.id);
        let seen = list_members(&house.store, &scope, None, ours.hidden, Page::first(10)).await;
        assert_eq!(seen.unwrap().items.len(), 1);
        assert_eq!(removes(house, &ours.admin, ours.hidden, &ours.viewer).await, "done");
        assert_eq!(removes(house, &ours.admin, ours.hidden, &ours.viewer).await, "not_found");
        let gone = list_members(&house.store, &scope, None, ours.hidden, Page::first(10)).await;
        assert_eq!(code(gone), "not_found", "reach ends with the commit");
        assert_eq!(house.our_log(Verb::ProjectMemberRemoved).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_lets_in_without_the_right_or_touches_their_equals() {
    each_engine(async |house: &House| {
        let ours = &house.ours;
        let second = Person::enrolled(&house.store, &house.broker, "second@ours.example").await;
        ours.join(&house.store, &second, Role::Admin, &[]).await;
        assert_eq!(
            adds(house, &ours.admin, ours.hidden, &second).await,
            "rank.target_not_below_actor"
        );
        assert_eq!(adds(house, &ours.operator, ours.project, &ours.viewer).await, "act.not_held");
        assert_eq!(adds(house, &ours.operator, ours.hidden, &ours.viewer).await, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_and_people_of_a_neighbour_do_not_exist_here() {
    each_engine(async |house: &House| {
        let (ours, theirs) = (&house.ours, &house.theirs);
        assert_eq!(adds(house, &ours.owner, theirs.project, &ours.viewer).await, "not_found");
        assert_eq!(adds(house, &ours.owner, ours.project, &theirs.viewer).await, "not_found");
        assert_eq!(adds(house, &theirs.owner, ours.project, &ours.viewer).await, "not_found");
        assert_eq!(removes(house, &theirs.owner, ours.project, &ours.viewer).await, "not_found");
        let scope = theirs.owner.scope(ours.id);
        let seen = list_members(&house.store, &scope, None, ours.project, Page::first(10)).await;
        assert_eq!(code(seen), "not_found");
    })
    .await;
}
