//! The pages of reports: the answer to the document in the address, changes of it, the units behind a number, files.

use super::counted::{choice, last_choice};
use super::show::{Shown, Visitor, show};
use crate::html::report::{self, Answered, Chart, Choices, Fields, Kind, ReportPage, Units};
use crate::html::{Address, Visit};
use crate::language::{Buckets, Clock, Cohort, Condition, Interval, Report, Trends, WeekDay};
use crate::reports::{self, Answer, Cancel, Limits, ReportError};
use crate::server::app::App;
use crate::server::body::{self, Held};
use crate::server::problem::Problem;
use crate::server::read::{CallOff, PathOf, QueryOf, in_path, in_query, json};
use crate::store::Snapshot;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// The parameters of the pages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    report: Option<String>,
    units: Option<String>,
    cursor: Option<String>,
    search: Option<String>,
    chart: Option<String>,
    /// Which series are hidden, by which column the table is sorted, which number is opened: scripts read them.
    #[serde(rename = "hide")]
    _hide: Option<IgnoredAny>,
    #[serde(rename = "sort")]
    _sort: Option<IgnoredAny>,
    #[serde(rename = "drill")]
    _drill: Option<IgnoredAny>,
    /// The saved report that it was opened from.
    saved: Option<String>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

impl Parameters {
    fn report(&self) -> Result<Option<Report>, Problem> {
        let parse = |json: &String| Report::parse(json).map_err(|error| ReportError::from(error).into());
        self.report.as_ref().map(parse).transpose()
    }

    fn needed_report(&self) -> Result<Report, Problem> {
        self.report()?
            .ok_or_else(|| Problem::Request("the report is missing; give its document in `report`".to_owned()))
    }
}

/// `GET /trends` and its like: the report of the address, the saved one that it names, or one to begin with.
pub(super) async fn page(
    kind: Kind,
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryOf<Parameters>,
) -> Result<Response, Problem> {
    let parameters = in_query(query)?;
    let asked = parameters.report()?;
    let (count_by, workspace) = (last_choice(&headers), visitor.workspace());
    let (limits, _called_off) = limits(&app);
    show(app, visitor, move |snapshot, visit| {
        let choices = Choices::gather(snapshot, visit.now)?;
        let saved = workspace.store.saved()?;
        let opened = parameters.saved.as_deref().and_then(|id| saved.report(id).ok());
        let asked = match (asked, opened) {
            (Some(report), _) => report,
            (None, Some(opened)) => Report::parse(&opened.report).map_err(ReportError::from)?,
            (None, None) => match kind.first(&choices, count_by.as_deref()) {
                Some(document) => Report::from_value(&document).map_err(ReportError::from)?,
                None => return Ok(Shown::Document(report::report_empty(visit, kind))),
            },
        };
        let document = asked.to_value();
        if Kind::of_page(&asked) != Some(kind) {
            return elsewhere(visit, &asked);
        }
        let chart = Chart::named(kind, parameters.chart.as_deref());
        let asked = chart.suited(asked);
        let choices = choices.with_properties(snapshot, kind, &document)?;
        let answered = match answered(snapshot, visit, Some(&choices), &asked, &limits) {
            Ok(answered) => Ok(answered),
            Err(ReportError::Store(error)) => return Err(error.into()),
            Err(other) => Err(other.to_string()),
        };
        let answer = answered.as_ref().map_err(String::as_str);
        let dashboards = saved.dashboards();
        let page = ReportPage { kind, report: &asked, choices: &choices, chart, opened, dashboards, answer };
        Ok(Shown::Document(report::report(visit, &page)))
    })
    .await
}

/// A document of another page than the one it was sent to.
pub(super) fn elsewhere(visit: &Visit, report: &Report) -> Result<Shown, Problem> {
    let mut document = report.to_value();
    let units = document.as_object_mut().and_then(|fields| fields.remove("units"));
    let path = match (Kind::of(&document), &units) {
        (Some(_), Some(_)) => "/units",
        (Some(kind), None) => kind.place().path(),
        (None, _) => return Err(Problem::Fault),
    };
    Ok(Shown::Elsewhere(visit.to(path).with("report", &document).with_some("units", units).to_string()))
}

/// Within what a report is answered; it is called off when the second is dropped.
pub(super) fn limits(app: &App) -> (Limits, CallOff) {
    let cancel = Cancel::default();
    let limits = Limits { cancel: Some(cancel.clone()), ..app.report_limits() };
    (limits, CallOff(cancel))
}

/// An answer with what else pages tell of it; where `choices` are there, also why nothing matched.
pub(super) fn answered(
    snapshot: &Snapshot,
    visit: &Visit,
    choices: Option<&Choices>,
    report: &Report,
    limits: &Limits,
) -> Result<Answered, ReportError> {
    let run = |report: &Report| reports::run_within(snapshot, report, visit.now, limits);
    let trends = |report: Trends| match run(&Report::Trends(report))? {
        Answer::Trends(answer) => Ok::<_, ReportError>(Some(answer)),
        _ => Ok(None),
    };
    let mut compared = report.clone();
    if let Report::Trends(compared) = &mut compared {
        // The change against the range before is told in any case.
        compared.compare = true;
    }
    let answer = run(&compared)?;
    let whole = match compared {
        Report::Trends(compared) if !compared.breakdown.is_empty() => {
            trends(Trends { breakdown: Vec::new(), ..compared })?
        }
        _ => None,
    };
    let everyone = match report {
        Report::Cohort(cohort) => Some(everyone(cohort, run)?),
        _ => None,
    };
    let is_partial = is_partial(visit, report);
    let mut answered = Answered { answer, whole, everyone, is_partial, passing: Vec::new() };
    if let Some(choices) = choices
        && answered.is_nothing(report)
        && let Some(Report::Trends(counting)) = report::passing_report(report)
        && let Some(counted) = trends(counting)?
    {
        answered.passing = report::passing(report, &counted, choices);
    }
    Ok(answered)
}

/// How many units there are that a cohort could have.
fn everyone(cohort: &Cohort, run: impl Fn(&Report) -> Result<Answer, ReportError>) -> Result<u64, ReportError> {
    let mut all = Cohort::new(Condition::all([]));
    all.scope.count_by = cohort.scope.count_by.clone();
    all.page.limit = 1;
    match run(&Report::Cohort(all))? {
        Answer::Cohort(answer) => Ok(answer.size),
        // A cohort has no other answer.
        _ => Err(ReportError::Cancelled),
    }
}

/// Whether the last bucket of a range is not over yet.
fn is_partial(visit: &Visit, report: &Report) -> bool {
    let (interval, week_start): (Interval, WeekDay) = match report {
        Report::Trends(report) => (report.interval, report.week_start),
        Report::Retention(report) => (report.interval, report.week_start),
        Report::Lifecycle(report) => (report.interval, report.week_start),
        Report::Funnel(report) => (report.interval.unwrap_or_default(), report.week_start),
        _ => return false,
    };
    let clock = Clock { now: visit.now, zone: &visit.zone };
    let scope = report.scope();
    let Ok(range) = scope.resolve(clock) else { return false };
    let Ok(buckets) = Buckets::cover(range, interval, week_start, scope.zone(clock)) else { return false };
    buckets.ends().last().is_some_and(|end| *end > range.to_micros || *end > visit.now.micros())
}

/// `POST /trends` and its like: changes a report, and leads to what it is then.
pub(super) async fn change(State(app): State<App>, visitor: Visitor, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let held = body::read(body, &app.bodies).await?;
    led_to_changed(app, visitor, parts, held, None).await
}

/// Leads to what a form says, beside the others; `name` is that of a saved cohort.
pub(super) async fn led_to_changed(
    app: App,
    visitor: Visitor,
    parts: Parts,
    held: Held,
    name: Option<String>,
) -> Result<Response, Problem> {
    let work = visitor.work_out(app, move |_, visit| {
        let fields = Fields(form_urlencoded::parse(&held.bytes).collect());
        let document = report::edited(&fields).map_err(Problem::Request)?;
        let changed = Report::from_value(&document).map_err(ReportError::from)?;
        let kind = Kind::of(&document).ok_or(Problem::Fault)?;
        let chart = Chart::named(kind, fields.first("chart"));
        let changed = chart.suited(changed);
        let chart = (chart != Chart::named(kind, None)).then(|| chart.word());
        let place = visit.to(kind.place().path());
        let place = match name.filter(|_| kind == Kind::Cohort) {
            Some(name) => place.part(&name),
            None => place,
        };
        let address: Address = place.with("report", changed.to_json()).with_some("chart", chart);
        let address = address.with_some("saved", fields.first("saved"));
        let before = fields.first("base").and_then(|base| serde_json::from_str(base).ok()).unwrap_or_default();
        Ok((address.to_string(), choice(&parts.headers, &before, &document)?))
    });
    let (address, cookie) = work.await?;
    let mut response = Redirect::to(&address).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `GET /units`: who is behind a number.
pub(super) async fn units(
    State(app): State<App>,
    visitor: Visitor,
    query: QueryOf<Parameters>,
) -> Result<Response, Problem> {
    let parameters = in_query(query)?;
    let asked = parameters.needed_report()?;
    let of = parameters.units.as_deref().unwrap_or("{}");
    let of: Value =
        serde_json::from_str(of).map_err(|error| Problem::Request(format!("`units` is no JSON: {error}")))?;
    let (limits, _called_off) = limits(&app);
    show(app, visitor, move |snapshot, visit| {
        let mut document = report::with_units(&asked, &of);
        let (search, cursor) = (parameters.search.as_deref().map(str::trim), parameters.cursor.as_deref());
        let search = search.filter(|search| !search.is_empty());
        match (search, cursor) {
            // All of them are looked through.
            (Some(_), _) => document["units"]["limit"] = usize::MAX.into(),
            (None, Some(cursor)) => document["units"]["cursor"] = cursor.into(),
            (None, None) => {}
        }
        let full = Report::from_value(&document).map_err(ReportError::from)?;
        let answer = match reports::run_within(snapshot, &full, visit.now, &limits)? {
            Answer::Cohort(answer) => answer,
            _ => return Err(Problem::Request("no number is named; give it in `units`".to_owned())),
        };
        let (answer, search) = match search {
            None => (answer, None),
            Some(search) => {
                let (answer, found) = report::searched(answer, search, cursor);
                (answer, Some((search, found)))
            }
        };
        let page = Units { report: &asked, units: &of, answer: &answer, kind: full.units_kind(), cursor, search };
        Ok(Shown::Document(report::units(visit, &page)))
    })
    .await
}

/// `GET /export/{format}`: an answer as a file.
pub(super) async fn export(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    query: QueryOf<Parameters>,
) -> Result<Response, Problem> {
    let (format, parameters) = (in_path(path)?, in_query(query)?);
    let asked = parameters.needed_report()?;
    let media = match format.as_str() {
        "csv" => "text/csv; charset=utf-8",
        "json" => "application/json",
        _ => return Err(Problem::Address),
    };
    let (limits, _called_off) = limits(&app);
    let name = format!("attachment; filename=\"{}.{format}\"", asked.kind());
    let bytes = visitor.work_out(app, move |snapshot, visit| {
        let whole = if format == "csv" { unpaged(asked)? } else { asked };
        let answer = reports::run_within(snapshot, &whole, visit.now, &limits)?;
        let chart = Kind::of(&whole.to_value()).map(|kind| Chart::named(kind, parameters.chart.as_deref()));
        if format == "csv" {
            Ok(report::csv(&whole, &answer, chart.unwrap_or_default()).into_bytes())
        } else {
            json(&answer)
        }
    });
    let bytes = bytes.await?;
    let name = HeaderValue::try_from(name).map_err(|_| Problem::Fault)?;
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(media)), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}

/// The same with all units at once, where it lists any: a table in a file has no pages.
fn unpaged(report: Report) -> Result<Report, Problem> {
    let mut document = report.to_value();
    if report.page().is_none() {
        return Ok(report);
    }
    let page = if matches!(report, Report::Cohort(_)) { &mut document } else { &mut document["units"] };
    page["limit"] = usize::MAX.into();
    Ok(Report::from_value(&document).map_err(ReportError::from)?)
}

/// Leads to another address after something was changed.
pub(super) fn after(address: &str) -> Response {
    Redirect::to(address).into_response()
}
