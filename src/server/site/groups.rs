//! `/groups`, `/groups/{type}`, `/groups/{type}/{key}`: the keys of a group type, and one of them.

use super::lists::{Asked, ListParameters, found_out, led_to};
use super::show::{Shown, Visitor, show};
use crate::html::menu::Place;
use crate::html::{self, Address, Counted, GroupsList, MEMBERS, Profile, Visit};
use crate::language::{Condition, CountBy, MICROS_PER_DAY, Membership};
use crate::model::Timestamp;
use crate::pages::{self, ListQuery};
use crate::reports::{self, Answer};
use crate::server::app::App;
use crate::server::problem::Problem;
use crate::server::read::{PathOf, QueryOf, in_path, in_query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The parameters of a profile.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileParameters {
    /// A page of the members.
    members: Option<String>,
    /// A day: the properties are those at its end.
    as_of: Option<String>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// `GET /groups`: the first type.
pub(super) async fn first(State(app): State<App>, visitor: Visitor) -> Result<Response, Problem> {
    show(app, visitor, |snapshot, visit| {
        let types = pages::group_types(snapshot)?.types;
        Ok(match types.first() {
            Some(first) => Shown::Elsewhere(visit.to(Place::Groups.path()).part(&first.group_type).to_string()),
            None => Shown::Document(html::groups_empty(visit)),
        })
    })
    .await
}

/// `GET /groups/{type}`.
pub(super) async fn of_type(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    query: QueryOf<ListParameters>,
) -> Result<Response, Problem> {
    let group_type = in_path(path)?;
    let count_by = CountBy::group(&group_type);
    let asked = in_query(query)?.asked(&count_by)?;
    let limits = app.report_limits();
    show(app, visitor, move |snapshot, visit| {
        let query = match asked {
            Asked::List(query) => query,
            Asked::More(query) => {
                return Ok(led_to(visit, Address::new(Place::Groups.path()).part(&group_type), &query));
            }
        };
        let list = GroupsList {
            types: &pages::declared_types(snapshot)?,
            group_type: &group_type,
            query: &query,
            found: &pages::group_list(snapshot, &group_type, &found_out(snapshot, visit, &query, &count_by, &limits)?)?,
        };
        Ok(Shown::Document(html::groups(visit, &list)))
    })
    .await
}

/// `GET /groups/{type}/{key}`.
pub(super) async fn profile(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<(String, String)>,
    query: QueryOf<ProfileParameters>,
) -> Result<Response, Problem> {
    let (group_type, key) = in_path(path)?;
    let ProfileParameters { members, as_of, .. } = in_query(query)?;
    let as_of = as_of.filter(|day| !day.is_empty());
    let limits = app.report_limits();
    show(app, visitor, move |snapshot, visit| {
        let group = pages::group(snapshot, &group_type, &key)?;
        let activity = html::activity(&group_type, &key);
        let Answer::Trends(activity) = reports::run_within(snapshot, &activity, visit.now, &limits)? else {
            return Err(Problem::Fault);
        };
        let of_key = Membership::Keys { group: group_type.clone(), keys: vec![key] };
        let query = ListQuery {
            filter: Some(Condition::MemberOf(of_key)),
            limit: MEMBERS,
            cursor: members,
            ..ListQuery::default()
        };
        let shown = Profile {
            counted: &Counted::keys(&pages::declared_types(snapshot)?, &group_type),
            group: &group,
            members: &pages::user_list(snapshot, &query)?,
            activity: &activity,
            as_of: as_of.as_deref(),
            as_of_end: as_of.as_deref().map(|day| end_of_day(visit, day)).transpose()?,
        };
        Ok(Shown::Document(html::profile(visit, &shown)))
    })
    .await
}

/// The first instant after a day of the workspace's calendar.
fn end_of_day(visit: &Visit, day: &str) -> Result<Timestamp, Problem> {
    let midnight = Timestamp::parse(&format!("{day}T00:00:00Z"))
        .map_err(|_| Problem::Request(format!("`{day}` is not a day; write it as in 2026-04-01")))?;
    Ok(Timestamp::clamped(visit.zone.first_instant(midnight.micros().saturating_add(MICROS_PER_DAY))))
}
