//! `/saved`: reports that people keep, and what the forms about them send.

use super::dashboards::{address, address_of_tile};
use super::forms::Form;
use super::show::{Shown, Visitor, show};
use crate::Store;
use crate::html::Visit;
use crate::html::menu::Place;
use crate::html::report::{self, Kind};
use crate::saved::{NewDashboard, NewReport, ReportChange, Tile, TileWidth};
use crate::server::app::App;
use crate::server::problem::Problem;
use crate::server::read::{NoParameters, PathOf, QueryOf, in_path, in_query};
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
    let workspace = visitor.workspace();
    show(app, visitor, move |_, visit| Ok(Shown::Document(report::saved(visit, &*workspace.store.saved()?)))).await
}

/// `GET /saved/{id}`.
pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    let (id, _) = (in_path(path)?, in_query(query)?);
    let workspace = visitor.workspace();
    show(app, visitor, move |_, visit| {
        let saved = workspace.store.saved()?;
        Ok(Shown::Document(report::saved_report(visit, &saved, saved.report(&id)?)))
    })
    .await
}

/// `POST /saved`: one less where it says `delete`, another name or document where it says `id`, and else one more.
pub(super) async fn change(State(app): State<App>, visitor: Visitor, request: Request) -> Result<Response, Problem> {
    let form = Form::read(&app, request).await?;
    let workspace = visitor.workspace();
    show(app, visitor, move |_, visit| {
        let store = &workspace.store;
        Ok(Shown::Elsewhere(match (form.given("delete"), form.given("id")) {
            (Some(id), _) => {
                store.change_saved(|saved, _, now| saved.delete_report(&id, now))?;
                visit.to(Place::Saved.path()).to_string()
            }
            (None, Some(id)) => update(store, visit, &form, &id)?,
            (None, None) => add(store, visit, &form)?,
        }))
    })
    .await
}

/// Changes a report, and leads to where it was changed.
fn update(store: &Store, visit: &Visit, form: &Form, id: &str) -> Result<String, Problem> {
    let name = form.given("name").map(|name| name.trim().to_owned());
    let report = form.given("report").map(|_| document(form)).transpose()?;
    let change = ReportChange { name, report, view: form.given("view").map(Into::into) };
    let is_another = change.report.is_some();
    let changed = store.change_saved(|saved, _, now| saved.change_report(id, now, change))?;
    let kind = serde_json::from_str(&changed.report).ok().as_ref().and_then(Kind::of).filter(|_| is_another);
    Ok(kind.map_or_else(|| visit.to(Place::Saved.path()), |kind| report::address(visit, kind, &changed)).to_string())
}

/// Saves a report, on a dashboard too if one is named, and leads to it there.
fn add(store: &Store, visit: &Visit, form: &Form) -> Result<String, Problem> {
    let given = |name: &str| form.given(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let view = form.given("view").unwrap_or_default().into_owned();
    let new = NewReport { name: form.field("name")?.trim().to_owned(), report: document(form)?, view };
    let tile = |report: &str| Tile { report: report.to_owned(), width: TileWidth::default() };
    if let Some(name) = given("new_dashboard") {
        let report = store.change_saved(|saved, id, now| {
            // What would refuse the dashboard refuses the report, so that not one is there without the other.
            saved.clone().add_dashboard(id, now, NewDashboard { name: name.clone(), tiles: Vec::new() })?;
            saved.add_report(id, now, new)
        })?;
        let dashboard = NewDashboard { name, tiles: vec![tile(&report.id)] };
        let made = store.change_saved(|saved, id, now| saved.add_dashboard(id, now, dashboard))?;
        return Ok(address_of_tile(&address(visit, &made.id), 1));
    }
    let Some(dashboard) = given("dashboard") else {
        store.change_saved(|saved, id, now| saved.add_report(id, now, new))?;
        return Ok(visit.to(Place::Saved.path()).to_string());
    };
    let place = store.change_saved(|saved, id, now| {
        let report = saved.add_report(id, now, new)?;
        saved.add_tile(&dashboard, now, tile(&report.id)).map(|changed| changed.tiles.len())
    })?;
    Ok(address_of_tile(&address(visit, &dashboard), place))
}

fn document(form: &Form) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(form.field("report")?.into_owned())
        .map_err(|error| Problem::Request(format!("`report` is no JSON: {error}")))
}
