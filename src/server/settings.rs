//! `/api/settings`, `/api/group-types`, `/api/keys`, `/api/delete`: what a workspace is told about itself, who may ask,
//! and what is taken out of it.

use super::app::App;
use super::body;
use super::keys::{KeyEntry, KeyKind};
use super::problem::Problem;
use super::read::{NoParameters, PathOf, QueryOf, answer, in_path, in_query, json, json_answer, parse};
use super::workspaces::Workspace;
use crate::model::{DisplayName, GroupType};
use crate::pages::{self, DeclaredTypes};
use crate::store::{Environment, Removal, Snapshot, StoreError, SystemEnvironment};
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;

/// Most bytes of a key's name.
pub(super) const KEY_NAME_BYTES_MAX: usize = 200;
/// Most users or keys that are deleted at once.
const DELETED_MAX: usize = 1_000;

/// The answer of `/api/settings`.
#[derive(Serialize)]
struct Settings {
    workspace: String,
    timezone: String,
    keep_days: Option<u32>,
    #[serde(flatten)]
    types: DeclaredTypes,
}

/// What changes of them; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsChange {
    timezone: Option<String>,
    /// Null is for ever.
    #[serde(default, deserialize_with = "given")]
    keep_days: Option<Option<u32>>,
    only_declared: Option<bool>,
}

/// What is there, null or not.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A group type and its name for people.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declaration {
    #[serde(rename = "type")]
    group_type: String,
    name: Option<String>,
}

/// What a new key is to allow.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKey {
    kind: KeyKind,
    #[serde(default)]
    name: String,
}

/// What people may know of a key.
#[derive(Serialize)]
struct ShownKey {
    id: String,
    kind: KeyKind,
    name: String,
    created: String,
    /// The key itself, when it was made just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// What is to be taken out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
pub(super) enum Unwanted {
    Users { users: Vec<String> },
    Keys { group: String, keys: Vec<String> },
    Older { days: u32 },
}

fn settings(workspace: &Workspace, snapshot: &Snapshot) -> Result<Settings, Problem> {
    let known = snapshot.settings();
    Ok(Settings {
        workspace: workspace.name.to_string(),
        timezone: known.timezone.clone(),
        keep_days: known.keep_days,
        types: pages::declared_types(snapshot)?,
    })
}

/// `GET /api/settings`.
pub(super) async fn show(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    let own = Arc::clone(&workspace);
    answer(app, workspace, move |store| json(&settings(&own, &store.snapshot()?)?)).await
}

/// `POST /api/settings`.
pub(super) async fn change(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    request: Request,
) -> Result<Response, Problem> {
    let held = body::read(request.into_body(), &app.bodies).await?;
    let own = Arc::clone(&workspace);
    answer(app, workspace, move |store| {
        let change: SettingsChange = parse(&held.bytes)?;
        // The one that may be refused comes first, so that nothing is changed then.
        if let Some(name) = &change.timezone {
            store.set_timezone(name)?;
        }
        if let Some(days) = change.keep_days {
            store.set_keep_days(days)?;
        }
        if let Some(on) = change.only_declared {
            store.set_only_declared(on)?;
        }
        json(&settings(&own, &store.snapshot()?)?)
    })
    .await
}

/// `POST /api/group-types`.
pub(super) async fn declare(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    request: Request,
) -> Result<Response, Problem> {
    let held = body::read(request.into_body(), &app.bodies).await?;
    answer(app, workspace, move |store| {
        let Declaration { group_type, name } = parse(&held.bytes)?;
        let name = DisplayName::new(name.unwrap_or_else(|| group_type.clone()))?;
        store.declare_group_type(&GroupType::new(group_type)?, name.as_str())?;
        json(&pages::declared_types(&store.snapshot()?)?)
    })
    .await
}

impl ShownKey {
    fn new(entry: KeyEntry, key: Option<String>) -> Self {
        Self { id: entry.id, kind: entry.kind, name: entry.name, created: entry.created, key }
    }
}

/// The answer of `/api/keys`.
#[derive(Serialize)]
struct ShownKeys {
    keys: Vec<ShownKey>,
}

/// `GET /api/keys`.
pub(super) async fn keys(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    let own = Arc::clone(&workspace);
    answer(app, workspace, move |_| {
        let keys = own.keys()?;
        let shown = keys.entries().iter().map(|entry| ShownKey::new(entry.clone(), None));
        json(&ShownKeys { keys: shown.collect() })
    })
    .await
}

/// `POST /api/keys`.
pub(super) async fn new_key(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    request: Request,
) -> Result<Response, Problem> {
    let held = body::read(request.into_body(), &app.bodies).await?;
    let own = Arc::clone(&workspace);
    answer(app, workspace, move |_| {
        let NewKey { kind, name } = parse(&held.bytes)?;
        if name.len() > KEY_NAME_BYTES_MAX {
            return Err(Problem::Request(format!("`name` may have at most {KEY_NAME_BYTES_MAX} bytes")));
        }
        let (entry, key) = own.create_key(kind, &name, SystemEnvironment.now())?;
        json(&ShownKey::new(entry, Some(key)))
    })
    .await
}

/// `POST /api/keys/{id}/revoke`.
pub(super) async fn revoke_key(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    path: PathOf<String>,
) -> Result<Response, Problem> {
    let id = in_path(path)?;
    let own = Arc::clone(&workspace);
    answer(app, workspace, move |_| json(&ShownKey::new(own.revoke_key(&id)?, None))).await
}

impl Unwanted {
    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let unwanted: Self = parse(bytes).map_err(|_| {
            let forms = r#"{"users":[…]}, {"group":"company","keys":[…]} or {"days":400}"#;
            Problem::Request(format!("the body must say what is to go: {forms}"))
        })?;
        let count = match &unwanted {
            Self::Users { users: names } | Self::Keys { keys: names, .. } => names.len(),
            Self::Older { .. } => 1,
        };
        if (1..=DELETED_MAX).contains(&count) {
            return Ok(unwanted);
        }
        Err(Problem::Request(format!("name 1 to {DELETED_MAX} that are to go")))
    }

    /// What would go.
    pub fn preview(&self, snapshot: &Snapshot) -> Result<Removal, StoreError> {
        match self {
            Self::Users { users } => snapshot.removal_of_users(users),
            Self::Keys { group, keys } => snapshot.removal_of_keys(group, keys),
            Self::Older { days } => snapshot.removal_by_age(SystemEnvironment.now(), *days),
        }
    }

    /// Lets it go, however long that takes: files are written anew, and what has begun comes to its end.
    pub async fn delete(self, app: &App, workspace: Arc<Workspace>) -> Result<Removal, Problem> {
        let delete = move || {
            let store = &workspace.store;
            Ok(match &self {
                Self::Users { users } => store.delete_users(users),
                Self::Keys { group, keys } => store.delete_keys(group, keys),
                Self::Older { days } => store.expire(*days),
            }?)
        };
        app.writing.run(delete).await.map_err(|problem| app.judge(problem))
    }
}

/// `POST /api/delete/preview`.
pub(super) async fn preview(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    request: Request,
) -> Result<Response, Problem> {
    let held = body::read(request.into_body(), &app.bodies).await?;
    answer(app, workspace, move |store| json(&Unwanted::read(&held.bytes)?.preview(&store.snapshot()?)?)).await
}

/// `POST /api/delete`.
pub(super) async fn delete(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    request: Request,
) -> Result<Response, Problem> {
    let held = body::read(request.into_body(), &app.bodies).await?;
    let removal = Unwanted::read(&held.bytes)?.delete(&app, workspace).await?;
    Ok(json_answer(json(&removal)?))
}
