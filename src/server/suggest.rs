//! `/api/properties`, `/api/values`: what there is to choose from where a report or a filter is put together.

use super::app::App;
use super::lists::row_limit;
use super::problem::Problem;
use super::read::{QueryOf, in_query, json, page};
use super::workspaces::Workspace;
use crate::pages::{self, Look, Owner, ValuesQuery};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::Arc;

/// Values in an answer, unless told otherwise.
const VALUES_DEFAULT: usize = 20;

/// Whose properties are meant, when it is not events.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    Event,
    User,
    Group,
}

/// The parameters of both.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnerParameters {
    of: Option<Of>,
    event: Option<String>,
    group: Option<String>,
    property: Option<String>,
    search: Option<String>,
    limit: Option<usize>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

impl OwnerParameters {
    fn owner(&self) -> Result<Owner, Problem> {
        let refused = |sentence: &str| Err(Problem::Request(sentence.to_owned()));
        match (self.of.unwrap_or(Of::Event), &self.event, &self.group) {
            (Of::Event, event, None) => Ok(Owner::Events(event.clone())),
            (Of::User, None, None) => Ok(Owner::Users),
            (Of::Group, None, Some(group)) => Ok(Owner::Group(group.clone())),
            (Of::Group, _, None) => refused("`of=group` needs the group type in `group`"),
            (Of::Event | Of::User, _, Some(_)) => refused("`group` goes with `of=group` only"),
            (Of::User | Of::Group, Some(_), _) => refused("`event` goes with `of=event` only"),
        }
    }
}

/// `GET /api/properties`.
pub(super) async fn properties(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    query: QueryOf<OwnerParameters>,
) -> Result<Response, Problem> {
    let parameters = in_query(query)?;
    if parameters.property.is_some() || parameters.search.is_some() || parameters.limit.is_some() {
        return Err(Problem::Request("`property`, `search` and `limit` are for /api/values".to_owned()));
    }
    let owner = parameters.owner()?;
    page(app, workspace, move |snapshot| json(&pages::properties(snapshot, &owner, Look::Thorough)?)).await
}

/// `GET /api/values`.
pub(super) async fn values(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    query: QueryOf<OwnerParameters>,
) -> Result<Response, Problem> {
    let parameters = in_query(query)?;
    let (owner, limit) = (parameters.owner()?, row_limit(parameters.limit, VALUES_DEFAULT)?);
    let Some(property) = parameters.property else {
        return Err(Problem::Request(
            "the property whose values are wanted is missing; name it in `property`".to_owned(),
        ));
    };
    let query = ValuesQuery { owner, property, search: parameters.search, limit };
    page(app, workspace, move |snapshot| json(&pages::values(snapshot, &query)?)).await
}
