//! `/events`, `/events/{name}`: what is sent, and one event.

use super::lists::rows;
use super::show::{Shown, Visitor, show};
use crate::html::{self, Counted, DAYS, EventDetail, EventsList};
use crate::pages::{self, DeclaredTypes, EventUses, Look, Owner};
use crate::server::app::App;
use crate::server::problem::Problem;
use crate::server::read::{NoParameters, PathOf, QueryOf, in_path, in_query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The parameters of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsParameters {
    search: Option<String>,
    /// The type whose keys are counted beside users; empty for none.
    group: Option<String>,
    days: Option<u32>,
    warned: Option<bool>,
    from: Option<usize>,
    limit: Option<usize>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// `GET /events`.
pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    query: QueryOf<EventsParameters>,
) -> Result<Response, Problem> {
    let EventsParameters { search, group, days, warned, from, limit, .. } = in_query(query)?;
    let (rows, days) = (rows(limit)?, days.unwrap_or(DAYS[0]));
    if !DAYS.contains(&days) {
        return Err(Problem::Request(format!("`days` must be one of {DAYS:?}")));
    }
    let search = search.filter(|text| !text.trim().is_empty());
    show(app, visitor, move |snapshot, visit| {
        let types = pages::declared_types(snapshot)?;
        let uses = pages::event_uses(snapshot, visit.now, days - 1)?;
        let counted = counted(&types, &uses, group);
        let list = EventsList {
            types: &types,
            counted: counted.as_ref(),
            uses: &uses,
            days,
            search: search.as_deref(),
            only_warned: warned == Some(true),
            from: from.unwrap_or(0),
            rows,
        };
        Ok(Shown::Document(html::events(visit, &list)))
    })
    .await
}

/// The type that was asked for, or else the one that events carry most.
fn counted(types: &DeclaredTypes, uses: &EventUses, group: Option<String>) -> Option<Counted> {
    let carried = |group_type: &str| -> u64 {
        uses.events.iter().filter_map(|event| event.groups.get(group_type)).map(|group| group.events).sum()
    };
    match group {
        Some(group) if group.is_empty() => Some(Counted::users()),
        Some(group) => Some(Counted::keys(types, &group)),
        None => {
            let most = types.types.iter().max_by_key(|row| carried(&row.group_type));
            most.map(|row| Counted::keys(types, &row.group_type))
        }
    }
}

/// `GET /events/{name}`.
pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    let name = in_path(path)?;
    show(app, visitor, move |snapshot, visit| {
        // Says which names there are where there is none of this.
        let properties = pages::properties(snapshot, &Owner::Events(Some(name.clone())), Look::Thorough)?;
        let uses = pages::event_uses(snapshot, visit.now, DAYS[0] - 1)?;
        let usage = uses.events.iter().find(|usage| usage.event == name).ok_or(Problem::Address)?;
        let detail = EventDetail { usage, since: &uses.since, properties: &properties };
        Ok(Shown::Document(html::event(visit, &detail)))
    })
    .await
}
