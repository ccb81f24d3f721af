//! `/users`, `/users/{id}`: everyone, and one of them.

use super::lists::{Asked, ListParameters, found_out, led_to};
use super::show::{Shown, Visitor, show};
use crate::html::menu::Place;
use crate::html::{self, Address};
use crate::language::CountBy;
use crate::pages;
use crate::server::app::App;
use crate::server::problem::Problem;
use crate::server::read::{NoParameters, PathOf, QueryOf, in_path, in_query};
use axum::extract::State;
use axum::response::Response;

/// `GET /users`.
pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    query: QueryOf<ListParameters>,
) -> Result<Response, Problem> {
    let asked = in_query(query)?.asked(&CountBy::Users)?;
    let limits = app.report_limits();
    show(app, visitor, move |snapshot, visit| {
        Ok(match asked {
            Asked::List(query) => {
                let found = found_out(snapshot, visit, &query, &CountBy::Users, &limits)?;
                Shown::Document(html::users(visit, &query, &pages::user_list(snapshot, &found)?))
            }
            Asked::More(query) => led_to(visit, Address::new(Place::Users.path()), &query),
        })
    })
    .await
}

/// `GET /users/{id}`.
pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    let id = in_path(path)?;
    show(app, visitor, move |snapshot, visit| Ok(Shown::Document(html::user(visit, &pages::user(snapshot, &id)?))))
        .await
}
