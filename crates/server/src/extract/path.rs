//! Ids in the path and parameters in the query.

use axum::extract::FromRequestParts;
use axum::extract::rejection::{PathRejection, QueryRejection};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::house::House;
use crate::problem::{Code, Problem};

/// The ids of the path. A text that is no id names nothing, so it is not found.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<House> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        axum::extract::Path::<T>::from_request_parts(parts, house)
            .await
            .map(|axum::extract::Path(ids)| Self(ids))
            .map_err(|_: PathRejection| Problem::new(Code::NotFound))
    }
}

/// The parameters of the query; unknown ones are refused by the shape.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<House> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        axum::extract::Query::<T>::from_request_parts(parts, house)
            .await
            .map(|axum::extract::Query(parameters)| Self(parameters))
            .map_err(|refused: QueryRejection| {
                let text = refused.body_text();
                let rule =
                    text.rsplit_once("query string: ").map_or("unreadable", |(_, rule)| rule);
                let rule = rule.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
                Problem::invalid("query", rule)
            })
    }
}
