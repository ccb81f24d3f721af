//! `/cohorts`, `/cohorts/{name}`: saved cohorts, one that is put together from conditions, and one more saved.

use super::counted::last_choice;
use super::reports::{after, answered, elsewhere, led_to_changed, limits};
use super::show::{Shown, Visitor, show};
use crate::html::report::{self, Answered, Choices, CohortPage, CohortRow, Fields, Kind, Members, Uses};
use crate::html::{ROWS, Visit};
use crate::language::{Cohort, Report};
use crate::model::{CohortCall, Line};
use crate::pages::{self, ListQuery, Sort};
use crate::reports::{self, Answer, ReportError};
use crate::saved::Saved;
use crate::server::app::App;
use crate::server::body;
use crate::server::problem::Problem;
use crate::server::read::{PathOf, QueryOf, in_path, in_query};
use crate::store::{Outcome, Snapshot, Store};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

/// The parameters of the list, and of a cohort's page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    report: Option<String>,
    cursor: Option<String>,
    search: Option<String>,
    /// The saved report that it was opened from.
    saved: Option<String>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// `GET /cohorts`: the list; with a document, who is in the cohort of it.
pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryOf<Parameters>,
) -> Result<Response, Problem> {
    let parameters = in_query(query)?;
    if parameters.report.is_some() || parameters.saved.is_some() {
        return page(app, visitor, None, parameters).await;
    }
    let count_by = last_choice(&headers);
    let (limits, _called_off) = limits(&app);
    show(app, visitor, move |snapshot, visit| {
        let row = |name: &str| {
            let cohort = find(snapshot, name)?;
            let mut asked = cohort.clone();
            asked.page.limit = 1;
            let size = match reports::run_within(snapshot, &Report::Cohort(asked), visit.now, &limits) {
                Ok(Answer::Cohort(answer)) => Ok(answer.size),
                Ok(_) => return Err(Problem::Fault),
                Err(error) => Err(error.to_string()),
            };
            Ok(CohortRow { name: name.to_owned(), cohort, size })
        };
        let rows = snapshot.cohorts().names().map(row).collect::<Result<Vec<_>, Problem>>()?;
        let choices = Choices::gather(snapshot, visit.now)?;
        let first = Kind::Cohort.first(&choices, count_by.as_deref()).ok_or(Problem::Fault)?;
        Ok(Shown::Document(report::cohorts(visit, &rows, &first)))
    })
    .await
}

/// `GET /cohorts/{name}`: a saved cohort; with a document, what it would be with that.
pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    query: QueryOf<Parameters>,
) -> Result<Response, Problem> {
    page(app, visitor, Some(in_path(path)?), in_query(query)?).await
}

async fn page(app: App, visitor: Visitor, name: Option<String>, parameters: Parameters) -> Result<Response, Problem> {
    let parse = |json: &String| Report::parse(json).map_err(ReportError::from);
    let asked = parameters.report.as_ref().map(parse).transpose()?;
    let workspace = visitor.workspace();
    let (limits, _called_off) = limits(&app);
    show(app, visitor, move |snapshot, visit| {
        let kept = name.as_deref().map(|name| find(snapshot, name)).transpose()?;
        let saved = workspace.store.saved()?;
        let asked = match (asked, &kept, parameters.saved.as_deref()) {
            (Some(report), ..) => report,
            (None, Some(kept), _) => Report::Cohort(kept.clone()),
            (None, None, id) => {
                Report::parse(&saved.report(id.unwrap_or_default())?.report).map_err(ReportError::from)?
            }
        };
        let Report::Cohort(cohort) = &asked else { return elsewhere(visit, &asked) };
        let cohort = cohort.definition();
        let report = Report::Cohort(cohort.clone());
        let choices =
            Choices::gather(snapshot, visit.now)?.with_properties(snapshot, Kind::Cohort, &report.to_value())?;
        let mut whole = cohort.clone();
        whole.page.limit = usize::MAX;
        let mut answer = match answered(snapshot, visit, None, &Report::Cohort(whole), &limits) {
            Ok(answered) => Ok(answered),
            Err(ReportError::Store(error)) => return Err(error.into()),
            Err(other) => Err(other.to_string()),
        };
        let search = parameters.search.filter(|search| !search.trim().is_empty());
        let members = match &mut answer {
            Ok(Answered { answer: Answer::Cohort(found), .. }) if found.size > 0 => {
                let query = ListQuery {
                    search: search.clone(),
                    among: Some(std::mem::take(&mut found.members)),
                    sort: Sort::Name,
                    limit: ROWS[0],
                    cursor: parameters.cursor,
                    ..ListQuery::default()
                };
                Some(match cohort.scope.count_by.group_type() {
                    Some(group_type) => Members::Keys(pages::group_list(snapshot, group_type, &query)?),
                    None => Members::Users(pages::user_list(snapshot, &query)?),
                })
            }
            _ => None,
        };
        let page = CohortPage {
            report: &report,
            is_changed: kept.is_some_and(|kept| kept != cohort),
            cohort: &cohort,
            name: name.as_deref(),
            choices: &choices,
            answer: answer.as_ref().map_err(String::as_str),
            members: members.as_ref(),
            search: search.as_deref(),
            uses: &uses(snapshot, &saved, name.as_deref()),
        };
        Ok(Shown::Document(report::cohort(visit, &page)))
    })
    .await
}

/// What names a cohort; nothing names one that is not saved.
fn uses<'a>(snapshot: &Snapshot, saved: &'a Saved, name: Option<&str>) -> Uses<'a> {
    let Some(name) = name else { return Uses { saved, reports: Vec::new(), cohorts: Vec::new() } };
    let names_it = |json: &str| Report::parse(json).is_ok_and(|report| report.references().cohorts.contains(name));
    let cohorts = snapshot.cohorts();
    let builds_on_it = |other: &&str| cohorts.get(other).is_some_and(|other| other.references.cohorts.contains(name));
    Uses {
        saved,
        reports: saved.reports().iter().filter(|report| names_it(&report.report)).collect(),
        cohorts: cohorts.names().filter(builds_on_it).map(str::to_owned).collect(),
    }
}

/// `POST /cohorts`: leads to what the form makes of a cohort where it has `base`, and else saves one: that of the
/// conditions in `report`, or the units behind a number.
pub(super) async fn change(State(app): State<App>, visitor: Visitor, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let held = body::read(body, &app.bodies).await?;
    if Fields(form_urlencoded::parse(&held.bytes).collect()).first("base").is_some() {
        return led_to_changed(app, visitor, parts, held, None).await;
    }
    let address = visitor.with_store(app, move |store, visit| {
        save(store, visit, &Fields(form_urlencoded::parse(&held.bytes).collect()))
    });
    Ok(after(&address.await?))
}

/// `POST /cohorts/{name}`: leads to what the form makes of a saved cohort, which stays as it is saved.
pub(super) async fn change_one(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    request: Request,
) -> Result<Response, Problem> {
    let name = in_path(path)?;
    let (parts, body) = request.into_parts();
    let held = body::read(body, &app.bodies).await?;
    led_to_changed(app, visitor, parts, held, Some(name)).await
}

/// Saves a cohort, and leads to it. One that is there is replaced only where the form says so.
fn save(store: &Store, visit: &Visit, fields: &Fields<'_>) -> Result<String, Problem> {
    let name = fields.first("replace").or(fields.first("name")).unwrap_or_default().trim().to_owned();
    if fields.first("replace").is_none() && store.snapshot()?.cohorts().get(&name).is_some() {
        let sentence = format!("there is a cohort `{name}` already; go back and give this one another name");
        return Err(Problem::Request(sentence));
    }
    let mut document = match fields.first("report") {
        Some(report) => Report::parse(report).map_err(ReportError::from)?.to_value(),
        None => behind(fields.first("behind").unwrap_or_default())?,
    };
    document["save_as"] = json!(name);
    let cohort = Report::from_value(&document).map_err(ReportError::from)?;
    let call: CohortCall = reports::saved_cohort(&cohort)
        .ok_or_else(|| Problem::Request("only a cohort is saved here; give its document in `report`".to_owned()))?;
    let written = store.write([Line::from(call)])?;
    if let Some(Outcome::Refused(refusal)) = written.outcomes.into_iter().next() {
        return Err(Problem::Request(refusal.to_string()));
    }
    Ok(visit.to("/cohorts").part(&name).to_string())
}

/// The cohort of the units behind a number.
fn behind(json: &str) -> Result<serde_json::Value, Problem> {
    let behind = Report::parse(json).map_err(ReportError::from)?;
    let count_by = behind.units_kind().group_type().map_or_else(|| json!("users"), |group| json!({ "group": group }));
    Ok(json!({ "report": "cohort", "count_by": count_by, "where": { "report": behind.to_value() } }))
}

fn find(snapshot: &Snapshot, name: &str) -> Result<Cohort, Problem> {
    match snapshot.cohorts().get(name).map(|cohort| &cohort.report) {
        Some(Report::Cohort(cohort)) => Ok(cohort.clone()),
        _ => Err(Problem::Address),
    }
}
