//! `/v1/teams/{team}/sealing_keys`: the ages of the keys that seal the workspace's records, their
//! rotation, and who had records opened. No key is ever part of an answer.

pub mod accesses;
pub mod list;
pub mod rotate;
pub mod schedule;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(rotate::rotate))
        .routes(routes!(schedule::set))
        .routes(routes!(accesses::accesses))
}

/// The scope of a data key, as the log writes it.
fn scope_text(scope: broker::DataScope) -> String {
    match scope {
        broker::DataScope::Environment(id) => format!("environment/{id}"),
        broker::DataScope::Project(id) => format!("project/{id}"),
        broker::DataScope::Whole => "whole".to_owned(),
    }
}
