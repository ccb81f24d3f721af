//! `/saved`: reports that people keep.

use super::reports::after;
use super::show::{Visitor, document};
use crate::html::report::{self, Fields};
use crate::saved::NewReport;
use crate::server::app::App;
use crate::server::body;
use crate::server::problem::Problem;
use crate::server::read::{NoParameters, QueryOf, in_query};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::value::RawValue;

/// `GET /saved`.
pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    let page = visitor.with_store(app, |store, visit| Ok(report::saved(visit, store.saved()?.reports())));
    Ok(document(page.await?))
}

/// `POST /saved`: one more, or one less.
pub(super) async fn change(State(app): State<App>, visitor: Visitor, request: Request) -> Result<Response, Problem> {
    let held = body::read(request.into_body(), &app.bodies).await?;
    let address = visitor.with_store(app, move |store, visit| {
        let fields = Fields(form_urlencoded::parse(&held.bytes).collect());
        let field = |name: &str| fields.first(name).unwrap_or_default().to_owned();
        match fields.first("delete") {
            Some(id) => _ = store.change_saved(|saved, _, now| saved.delete_report(id, now))?,
            None => {
                let report = RawValue::from_string(field("report"))
                    .map_err(|error| Problem::Request(format!("`report` is no JSON: {error}")))?;
                let new = NewReport { name: field("name").trim().to_owned(), report, view: field("view") };
                _ = store.change_saved(|saved, id, now| saved.add_report(id, now, new))?;
            }
        }
        Ok(visit.to("/saved").to_string())
    });
    Ok(after(&address.await?))
}
