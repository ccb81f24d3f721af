//! `/settings` and what its forms send: each changes one thing and leads back, and what cannot be undone is asked first.

use super::forms::{Form, origin};
use super::show::{Shown, Visitor, show};
use crate::html::menu::Place;
use crate::html::{self, Confirm, KeyRow, MadeKey, SettingsPage, Visit};
use crate::model::{DisplayName, GroupType};
use crate::pages;
use crate::server::app::App;
use crate::server::keys::KeyKind;
use crate::server::problem::Problem;
use crate::server::read::{QueryOf, in_query};
use crate::server::settings::{KEY_NAME_BYTES_MAX, Unwanted};
use crate::server::workspaces::Workspace;
use crate::store::Snapshot;
use axum::extract::{Request, State};
use axum::response::Response;
use maud::Markup;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Most days for which events can be kept.
const KEEP_DAYS_MAX: u32 = 100_000;

/// What was done, as a word in the address that is led back to.
const DONE: [(&str, &str); 6] = [
    ("timezone", "The time zone is saved; every report that names none follows it from now on."),
    ("type", "The group type is declared."),
    ("only-declared", "Saved; it holds for everything that arrives from now on."),
    ("revoked", "The key is taken back, and means nothing from now on."),
    ("keep", "Saved. What is older goes with the next maintenance."),
    ("deleted", "It is gone, from every answer and every file."),
];

/// The parameters of the page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsParameters {
    done: Option<String>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// What is asked about before a key is taken back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeParameters {
    id: String,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// What is asked about before old events go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeepParameters {
    days: String,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// What is asked about before somebody goes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteParameters {
    /// The group type; empty for users.
    group: String,
    name: String,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

fn document(
    snapshot: &Snapshot,
    visit: &Visit,
    workspace: &Workspace,
    done: Option<&str>,
    made: Option<&MadeKey>,
) -> Result<Markup, Problem> {
    let keys: Vec<KeyRow> = workspace
        .keys()?
        .entries()
        .iter()
        .map(|entry| KeyRow {
            id: entry.id.clone(),
            name: entry.name.clone(),
            only_sends: entry.kind == KeyKind::Write,
            created: entry.created.clone(),
        })
        .collect();
    let page = SettingsPage {
        types: &pages::declared_types(snapshot)?,
        keys: &keys,
        stats: &workspace.store.stats()?,
        done,
        made,
    };
    Ok(html::settings(visit, &page))
}

fn done(visit: &Visit, word: &str) -> Shown {
    Shown::Elsewhere(visit.to(Place::Settings.path()).with("done", word).to_string())
}

/// `GET /settings`.
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    query: QueryOf<SettingsParameters>,
) -> Result<Response, Problem> {
    let word = in_query(query)?.done;
    let workspace = visitor.workspace();
    show(app, visitor, move |snapshot, visit| {
        let sentence = DONE.iter().find(|(known, _)| Some(*known) == word.as_deref()).map(|(_, sentence)| *sentence);
        Ok(Shown::Document(document(snapshot, visit, &workspace, sentence, None)?))
    })
    .await
}

/// Works out what a form changes.
async fn change(
    app: App,
    visitor: Visitor,
    request: Request,
    change: impl FnOnce(&Form, &Workspace, &Visit) -> Result<Shown, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let form = Form::read(&app, request).await?;
    let workspace = visitor.workspace();
    show(app, visitor, move |_, visit| change(&form, &workspace, visit)).await
}

/// `POST /settings/timezone`.
pub(super) async fn set_timezone(
    State(app): State<App>,
    visitor: Visitor,
    request: Request,
) -> Result<Response, Problem> {
    change(app, visitor, request, |form, workspace, visit| {
        workspace.store.set_timezone(&form.field("timezone")?)?;
        Ok(done(visit, "timezone"))
    })
    .await
}

/// `POST /settings/types`.
pub(super) async fn declare(State(app): State<App>, visitor: Visitor, request: Request) -> Result<Response, Problem> {
    change(app, visitor, request, |form, workspace, visit| {
        let name = DisplayName::new(form.field("name")?.trim())?;
        workspace.store.declare_group_type(&GroupType::new(form.field("type")?)?, name.as_str())?;
        Ok(done(visit, "type"))
    })
    .await
}

/// `POST /settings/only-declared`.
pub(super) async fn set_only_declared(
    State(app): State<App>,
    visitor: Visitor,
    request: Request,
) -> Result<Response, Problem> {
    change(app, visitor, request, |form, workspace, visit| {
        workspace.store.set_only_declared(form.field("on")? == "true")?;
        Ok(done(visit, "only-declared"))
    })
    .await
}

/// `POST /settings/keys`: the answer is the one page that shows the key.
pub(super) async fn make_key(State(app): State<App>, visitor: Visitor, request: Request) -> Result<Response, Problem> {
    let origin = origin(request.headers());
    let form = Form::read(&app, request).await?;
    let workspace = visitor.workspace();
    show(app, visitor, move |snapshot, visit| {
        let kind = if form.field("kind")? == KeyKind::Read.name() { KeyKind::Read } else { KeyKind::Write };
        let name = form.given("name").unwrap_or_default();
        if name.len() > KEY_NAME_BYTES_MAX {
            return Err(Problem::Request(format!("the name may have at most {KEY_NAME_BYTES_MAX} bytes")));
        }
        let shuts_out = kind == KeyKind::Read && !workspace.keys()?.have(KeyKind::Read);
        let (_, secret) = workspace.create_key(kind, name.trim(), visit.now)?;
        let made = MadeKey { secret, only_sends: kind == KeyKind::Write, origin, shuts_out };
        Ok(Shown::Document(document(snapshot, visit, &workspace, None, Some(&made))?))
    })
    .await
}

/// `GET /settings/revoke?id=…`: asks first.
pub(super) async fn ask_revoke(
    State(app): State<App>,
    visitor: Visitor,
    query: QueryOf<RevokeParameters>,
) -> Result<Response, Problem> {
    let id = in_query(query)?.id;
    let workspace = visitor.workspace();
    show(app, visitor, move |_, visit| {
        let keys = workspace.keys()?;
        let entry = keys.entries().iter().find(|entry| entry.id == id);
        let entry = entry.ok_or_else(|| Problem::Request(format!("there is no key `{id}`; it may be taken back already")))?;
        let is_last = keys.entries().iter().filter(|other| other.kind == entry.kind).count() == 1;
        let who = if entry.kind == KeyKind::Write { "sends" } else { "reads" };
        let mut note = format!("Whatever {who} with it is refused at once.");
        if is_last {
            note.push_str(" It is the last of its kind: afterwards whoever uses this machine needs none, and nobody else gets in.");
        }
        let named = if entry.name.is_empty() { entry.id.clone() } else { format!("“{}” ({})", entry.name, entry.id) };
        let asked = Confirm {
            question: format!("Take back the {} key {named}?", entry.kind.name()),
            removal: None,
            note: Some(note),
            place: Place::Settings,
            to: visit.to("/settings/revoke"),
            back: visit.to(Place::Settings.path()),
            fields: vec![("id", id)],
            button: "Take it back",
        };
        Ok(Shown::Document(html::confirm(visit, &asked)))
    })
    .await
}

/// `POST /settings/revoke`.
pub(super) async fn revoke(State(app): State<App>, visitor: Visitor, request: Request) -> Result<Response, Problem> {
    change(app, visitor, request, |form, workspace, visit| {
        workspace.revoke_key(&form.field("id")?)?;
        Ok(done(visit, "revoked"))
    })
    .await
}

/// A number of days as it is written; `None` for all.
fn days(text: &str) -> Result<Option<u32>, Problem> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let days = text.trim().parse().ok().filter(|days| (1..=KEEP_DAYS_MAX).contains(days));
    days.map(Some)
        .ok_or_else(|| Problem::Request(format!("the days must be a number from 1 to {KEEP_DAYS_MAX}, or left empty")))
}

/// `GET /settings/keep?days=…`: asks first.
pub(super) async fn ask_keep(
    State(app): State<App>,
    visitor: Visitor,
    query: QueryOf<KeepParameters>,
) -> Result<Response, Problem> {
    let text = in_query(query)?.days;
    let days = days(&text)?;
    show(app, visitor, move |snapshot, visit| {
        let removal = days.map(|days| Unwanted::Older { days }.preview(snapshot)).transpose()?;
        let (question, button) = match days {
            Some(days) => (format!("Keep events for {days} days?"), "Save, and let go what is older"),
            None => ("Keep all events?".to_owned(), "Save"),
        };
        let asked = Confirm {
            question,
            removal: removal.as_ref(),
            note: Some(match days {
                Some(_) => "Each day more goes, from then on. Properties of users and groups stay.".to_owned(),
                None => "Nothing goes by its age from now on.".to_owned(),
            }),
            place: Place::Settings,
            to: visit.to("/settings/keep"),
            back: visit.to(Place::Settings.path()),
            fields: vec![("days", text)],
            button,
        };
        Ok(Shown::Document(html::confirm(visit, &asked)))
    })
    .await
}

/// `POST /settings/keep`.
pub(super) async fn keep(State(app): State<App>, visitor: Visitor, request: Request) -> Result<Response, Problem> {
    change(app, visitor, request, |form, workspace, visit| {
        workspace.store.set_keep_days(days(&form.field("days")?)?)?;
        Ok(done(visit, "keep"))
    })
    .await
}

fn unwanted(group: &str, name: &str) -> Unwanted {
    let name = name.to_owned();
    match group {
        "" => Unwanted::Users { users: vec![name] },
        group => Unwanted::Keys { group: group.to_owned(), keys: vec![name] },
    }
}

/// `GET /settings/delete?group=…&name=…`: asks first.
pub(super) async fn ask_delete(
    State(app): State<App>,
    visitor: Visitor,
    query: QueryOf<DeleteParameters>,
) -> Result<Response, Problem> {
    let DeleteParameters { group, name, .. } = in_query(query)?;
    show(app, visitor, move |snapshot, visit| {
        let removal = unwanted(&group, &name).preview(snapshot)?;
        let kind = if group.is_empty() { "user" } else { group.as_str() };
        let asked = Confirm {
            question: format!("Delete the {kind} {name}?"),
            removal: Some(&removal),
            note: Some(
                "It goes from every answer and every file, and cannot be undone. Backups made before keep it."
                    .to_owned(),
            ),
            place: Place::Settings,
            to: visit.to("/settings/delete"),
            back: visit.to(Place::Settings.path()),
            fields: vec![("group", group.clone()), ("name", name.clone())],
            button: "Delete for good",
        };
        Ok(Shown::Document(html::confirm(visit, &asked)))
    })
    .await
}

/// `POST /settings/delete`.
pub(super) async fn delete(State(app): State<App>, visitor: Visitor, request: Request) -> Result<Response, Problem> {
    let form = Form::read(&app, request).await?;
    unwanted(&form.field("group")?, &form.field("name")?).delete(&app, visitor.workspace()).await?;
    show(app, visitor, |_, visit| Ok(done(visit, "deleted"))).await
}
