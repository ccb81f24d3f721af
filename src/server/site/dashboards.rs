//! `/dashboards`, `/dashboards/{id}` and what their forms send, and a tile as a page of its own.

use super::forms::Form;
use super::kept::Patience;
use super::reports::limits;
use super::show::{Shown, Visitor, show};
use crate::html::menu::Place;
use crate::html::{self, Address, Confirm, DashboardPage, TileCard, Visit};
use crate::model::Timestamp;
use crate::saved::{DashboardChange, NewDashboard, Saved, SavedError, Tile, TileChange, TileWidth};
use crate::server::app::App;
use crate::server::problem::Problem;
use crate::server::read::{NoParameters, PathOf, QueryOf, in_path, in_query};
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::time::{Duration, Instant};

/// How long a page waits for the answers of its tiles; a script asks for those that are not there by then.
const WAIT: Duration = Duration::from_millis(400);

/// The parameters of a dashboard's page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Given where it is to be changed.
    edit: Option<IgnoredAny>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// Where a dashboard is.
pub(super) fn address(visit: &Visit, id: &str) -> Address {
    visit.to(Place::Dashboards.path()).part(id)
}

/// Where a tile is, counted from 1.
pub(super) fn address_of_tile(dashboard: &Address, place: usize) -> String {
    format!("{dashboard}#tile-{place}")
}

/// `GET /dashboards`.
pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    let workspace = visitor.workspace();
    show(app, visitor, move |_, visit| Ok(Shown::Document(html::dashboards(visit, &*workspace.store.saved()?)))).await
}

/// `POST /dashboards`: one more, which is led to.
pub(super) async fn make(State(app): State<App>, visitor: Visitor, request: Request) -> Result<Response, Problem> {
    let form = Form::read(&app, request).await?;
    let workspace = visitor.workspace();
    show(app, visitor, move |_, visit| {
        let new = NewDashboard { name: form.field("name")?.trim().to_owned(), tiles: Vec::new() };
        let made = workspace.store.change_saved(|saved, id, now| saved.add_dashboard(id, now, new))?;
        Ok(Shown::Elsewhere(address(visit, &made.id).with("edit", 1).to_string()))
    })
    .await
}

/// `GET /dashboards/{id}`.
pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    query: QueryOf<Parameters>,
) -> Result<Response, Problem> {
    let (id, parameters) = (in_path(path)?, in_query(query)?);
    let workspace = visitor.workspace();
    let (limits, _called_off) = limits(&app);
    show(app, visitor, move |snapshot, visit| {
        let saved = workspace.store.saved()?;
        let dashboard = saved.dashboard(&id)?;
        let patience = Patience { snapshot, visit, limits: &limits, until: Some(Instant::now() + WAIT) };
        let edited = parameters.edit.map(|_| saved.reports());
        // Drawn as it is answered, so that no two answers are held at a time.
        let draw = |(at, tile): (usize, &Tile)| {
            let kept = patience.ask(saved.report(&tile.report)?);
            Ok(TileCard { dashboard, place: at + 1, kept: &kept, is_edited: edited.is_some() }.draw(visit))
        };
        let tiles = dashboard.tiles.iter().enumerate().map(draw).collect::<Result<Vec<_>, SavedError>>()?;
        Ok(Shown::Document(html::dashboard(visit, &DashboardPage { dashboard, tiles: &tiles, edited })))
    })
    .await
}

/// `GET /dashboards/{id}/{place}`: a tile, counted from 1, however long it takes.
pub(super) async fn tile(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<(String, usize)>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    let ((id, place), _) = (in_path(path)?, in_query(query)?);
    let workspace = visitor.workspace();
    let (limits, _called_off) = limits(&app);
    show(app, visitor, move |snapshot, visit| {
        let saved = workspace.store.saved()?;
        let dashboard = saved.dashboard(&id)?;
        let tile = place.checked_sub(1).and_then(|at| dashboard.tiles.get(at)).ok_or(Problem::Address)?;
        let kept = Patience { snapshot, visit, limits: &limits, until: None }.ask(saved.report(&tile.report)?);
        Ok(Shown::Document(html::tile(visit, &TileCard { dashboard, place, kept: &kept, is_edited: false })))
    })
    .await
}

/// `POST /dashboards/{id}`: changes one thing, and leads back.
pub(super) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = in_path(path)?;
    let form = Form::read(&app, request).await?;
    let workspace = visitor.workspace();
    show(app, visitor, move |_, visit| {
        let asked = Change::read(&form)?;
        let place = workspace.store.change_saved(|saved, _, now| asked.apply(saved, &id, now))?;
        let back = address(visit, &id).with("edit", 1);
        Ok(Shown::Elsewhere(place.map_or_else(|| back.to_string(), |place| address_of_tile(&back, place + 1))))
    })
    .await
}

/// What a form changes of a dashboard.
enum Change {
    Rename(String),
    Add(String),
    /// The tile at this place, from 0, if it still shows this report.
    Tile(usize, String, TileChange),
}

impl Change {
    fn read(form: &Form) -> Result<Self, Problem> {
        let pressed = form.field("do")?;
        let change = match &*pressed {
            "rename" => return Ok(Self::Rename(form.field("name")?.trim().to_owned())),
            "add" => return Ok(Self::Add(form.field("report")?.into_owned())),
            "up" => TileChange::Up,
            "down" => TileChange::Down,
            "third" => TileChange::Width(TileWidth::Third),
            "half" => TileChange::Width(TileWidth::Half),
            "full" => TileChange::Width(TileWidth::Full),
            "remove" => TileChange::Remove,
            other => return Err(Problem::Request(format!("nothing is done by `{other}`"))),
        };
        let place = form.field("tile")?.parse().ok().and_then(|place: usize| place.checked_sub(1));
        let place = place.ok_or_else(|| Problem::Request("`tile` must be a number from 1 on".to_owned()))?;
        Ok(Self::Tile(place, form.field("report")?.into_owned(), change))
    }

    /// Changes the dashboard, and answers the place of the tile that is to be seen then, from 0.
    fn apply(self, saved: &mut Saved, id: &str, now: Timestamp) -> Result<Option<usize>, SavedError> {
        Ok(match self {
            Self::Rename(name) => {
                saved.change_dashboard(id, now, DashboardChange { name: Some(name), tiles: None })?;
                None
            }
            Self::Add(report) => {
                let tile = Tile { report, width: TileWidth::default() };
                Some(saved.add_tile(id, now, tile)?.tiles.len() - 1)
            }
            Self::Tile(place, report, change) => Some(saved.change_tile(id, now, place, &report, change)?),
        })
    }
}

/// `GET /dashboards/{id}/delete`: asks first.
pub(super) async fn ask_delete(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    let (id, _) = (in_path(path)?, in_query(query)?);
    let workspace = visitor.workspace();
    show(app, visitor, move |_, visit| {
        let saved = workspace.store.saved()?;
        let dashboard = saved.dashboard(&id)?;
        let asked = Confirm {
            question: format!("Delete the dashboard {}?", dashboard.name),
            removal: None,
            note: Some("It goes for good. The saved reports on it stay.".to_owned()),
            place: Place::Dashboards,
            to: address(visit, &id).part("delete"),
            back: address(visit, &id).with("edit", 1),
            fields: Vec::new(),
            button: "Delete for good",
        };
        Ok(Shown::Document(html::confirm(visit, &asked)))
    })
    .await
}

/// `POST /dashboards/{id}/delete`.
pub(super) async fn delete(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
) -> Result<Response, Problem> {
    let id = in_path(path)?;
    let workspace = visitor.workspace();
    show(app, visitor, move |_, visit| {
        workspace.store.change_saved(|saved: &mut Saved, _, _| saved.delete_dashboard(&id))?;
        Ok(Shown::Elsewhere(visit.to(Place::Dashboards.path()).to_string()))
    })
    .await
}
