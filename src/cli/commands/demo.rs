//! `demo`: a made-up workspace, and what the same questions answer when users are counted and when companies are.

use super::super::data::close;
use super::super::exit::{Exit, Failure};
use super::super::output::{Canvas, Output};
use super::super::rows::{Column, Kind, Rows};
use super::super::text::{bar, count, percent, sparkline};
use crate::demo::{SEED, Workspace};
use crate::language::Report;
use crate::model::{GroupType, Timestamp};
use crate::reports::{self, Answer, FunnelAnswer, ReportError, RetentionAnswer, TrendsAnswer};
use crate::store::{Environment, Snapshot, Store, SystemEnvironment};
use clap::Args;
use serde_json::Value;
#[cfg(feature = "server")]
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Make a demo workspace in a new directory and show what can be asked of it
///
/// About 200,000 events of a small B2B product over the 90 days before today. The same day gives the same workspace.
/// On a terminal its pages are served too, until Ctrl-C, and its last day is today as far as it has come.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackcrumb demo
  trackcrumb demo --no-serve
  trackcrumb demo --data /tmp/shop --end 2026-04-01")]
pub struct Arguments {
    /// The directory to make; nothing that exists is touched
    #[arg(long, value_name = "DIR", default_value = "./trackcrumb-demo")]
    data: PathBuf,
    /// The day after the last one, such as 2026-04-01 [default: today]
    #[arg(long, value_name = "DATE")]
    end: Option<String>,
    /// Serve its pages there, also where nobody sees it [default: 127.0.0.1:8080, on a terminal]
    #[cfg(feature = "server")]
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "no_serve")]
    listen: Option<SocketAddr>,
    /// End when it is made and shown
    #[cfg(feature = "server")]
    #[arg(long)]
    no_serve: bool,
}

const DAY_MICROS: i64 = 86_400_000_000;
/// Weeks that the reports look at.
const WEEKS: i64 = 12;
/// Bars, in characters.
const BAR_CHARS: usize = 22;
/// Members of a cohort that are shown.
const MEMBERS_SHOWN: usize = 4;

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    let is_served = is_served(arguments, output);
    let (end, until) = match &arguments.end {
        // Who looks at pages wants to see something of today.
        None if is_served => {
            (Timestamp::clamped(midnight(SystemEnvironment.now()) + DAY_MICROS), SystemEnvironment.now())
        }
        day => {
            let end = end_of_workspace(day.as_deref())?;
            (end, end)
        }
    };
    refuse_what_exists(&arguments.data)?;
    let started = Instant::now();
    let store = Store::open(&arguments.data)?;
    let lines = fill(&store, end, until)?;
    let snapshot = store.snapshot()?;
    close(store)?;
    let seconds = started.elapsed().as_secs_f64();
    #[cfg(feature = "server")]
    let served = if is_served { Some(serving::bind(&arguments.data, arguments.listen)?) } else { None };
    #[cfg(feature = "server")]
    if let Some(server) = &served {
        output.print(&format!("http://{}\n\n", server.address()))?;
        output.finish()?;
    }
    show(&snapshot, end, &arguments.data, lines, seconds, output)?;
    #[cfg(feature = "server")]
    if let Some(server) = served {
        output.print("\nIts pages are at the address above, until Ctrl-C\n")?;
        output.finish()?;
        server.run()?;
    }
    Ok(Exit::Done)
}

#[cfg(feature = "server")]
fn is_served(arguments: &Arguments, output: &Output) -> bool {
    arguments.listen.is_some() || (output.is_terminal() && !arguments.no_serve)
}

#[cfg(not(feature = "server"))]
fn is_served(_: &Arguments, _: &Output) -> bool {
    false
}

/// Says what was made, and what can be asked of it.
fn show(
    snapshot: &Snapshot,
    end: Timestamp,
    data: &Path,
    lines: u64,
    seconds: f64,
    output: &mut Output,
) -> Result<(), Failure> {
    let questions = Questions::new(snapshot, end);
    let canvas = output.canvas();
    let directory = shell_word(data);
    output.print(&format!(
        "{} in {directory}: {} lines about {} companies and {} users, made in {seconds:.1} s\n",
        canvas.bold("A demo workspace"),
        count(lines),
        count(u64::from(company_count(snapshot)?)),
        count(u64::from(snapshot.user_count())),
    ))?;
    output.print(&questions.trend(&canvas)?)?;
    output.print(&questions.funnel(&canvas)?)?;
    output.print(&questions.retention(&canvas)?)?;
    output.print(&questions.cohort(&canvas)?)?;
    output.print(&go_on(&questions, &directory, &canvas))
}

/// Serving its pages.
#[cfg(feature = "server")]
mod serving {
    use super::Failure;
    use crate::server::{Server, Settings, Workspaces};
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::Path;

    /// Listens where it was told, else at the usual port, or at any that is free.
    pub fn bind(data: &Path, listen: Option<SocketAddr>) -> Result<Server, Failure> {
        let bind = |listen: SocketAddr| -> Result<Server, Failure> {
            Ok(Server::bind(Workspaces::open(data)?, &Settings::new(listen))?)
        };
        let usual = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match listen {
            Some(listen) => bind(listen),
            None => bind(usual(8080)).or_else(|_| bind(usual(0))),
        }
    }
}

/// The midnight that ends the workspace.
fn end_of_workspace(day: Option<&str>) -> Result<Timestamp, Failure> {
    let Some(day) = day else {
        return Ok(Timestamp::clamped(midnight(SystemEnvironment.now())));
    };
    Timestamp::parse(&format!("{day}T00:00:00Z"))
        .map_err(|_| Failure::other(format!("`{day}` is not a day; write it as in 2026-04-01")))
}

/// The midnight of UTC before a moment, in microseconds.
fn midnight(now: Timestamp) -> i64 {
    now.micros() - now.micros().rem_euclid(DAY_MICROS)
}

fn refuse_what_exists(directory: &Path) -> Result<(), Failure> {
    match std::fs::read_dir(directory) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Failure::other(format!(
                "`{}` exists and is not empty, and demo touches nothing that is there; name another directory with \
                 --data, or remove this one",
                directory.display()
            ))),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::Input { input: format!("`{}`", directory.display()), error }),
    }
}

/// Writes the workspace, of its last day what comes before `until`; returns how many lines it has.
fn fill(store: &Store, end: Timestamp, until: Timestamp) -> Result<u64, Failure> {
    let wrong_name = |error: crate::model::NameError| Failure::other(error.to_string());
    for (group_type, name) in [("company", "Companies"), ("project", "Projects")] {
        store.declare_group_type(&GroupType::new(group_type).map_err(wrong_name)?, name)?;
    }
    let mut workspace = Workspace::new(SEED, end);
    let mut lines = 0;
    while let Some(mut day) = workspace.next_day().map_err(wrong_name)? {
        day.retain(|line| line.time().is_none_or(|time| time < until));
        lines += store.write_strict(day)?.accepted;
    }
    store.seal()?;
    Ok(lines)
}

fn company_count(snapshot: &Snapshot) -> Result<u32, Failure> {
    let found = snapshot
        .group_type("company")
        .map_err(|damage| crate::store::StoreError::Damaged { location: snapshot.location().to_owned(), damage })?;
    Ok(found.map_or(0, |company| snapshot.key_count(company)))
}

/// What is counted.
const COMPANIES: &str = r#"{"group":"company"}"#;
const USERS: &str = r#""users""#;

/// The four questions: each document is asked twice, counted by company and by user.
struct Questions<'a> {
    snapshot: &'a Snapshot,
    now: Timestamp,
    from: String,
    to: String,
}

impl<'a> Questions<'a> {
    fn new(snapshot: &'a Snapshot, end: Timestamp) -> Self {
        // Whole weeks up to the last Monday; 1 January 1970 was a Thursday.
        let days = end.micros() / DAY_MICROS;
        let monday = days - (days + 3).rem_euclid(7);
        let date = |day: i64| Timestamp::clamped(day * DAY_MICROS).to_string()[..10].to_owned();
        Self { snapshot, now: end, from: date(monday - WEEKS * 7), to: date(monday) }
    }

    /// A document over the weeks, with its own fields.
    fn document(&self, kind: &str, count_by: &str, fields: &str) -> String {
        let Self { from, to, .. } = self;
        format!(r#"{{"report":"{kind}","from":"{from}","to":"{to}","count_by":{count_by},{fields}}}"#)
    }

    fn trend_document(&self, count_by: &str) -> String {
        let filter = r#"{"property":"feature","op":"is","value":"ai_chart"}"#;
        let series =
            format!(r#""interval":"week","series":[{{"event":{{"event":"feature_used","filter":{filter}}}}}]"#);
        self.document("trends", count_by, &series)
    }

    fn funnel_document(&self, count_by: &str) -> String {
        let steps = r#"["signed_up","onboarding_finished","project_created","invite_sent","upgraded"]"#;
        self.document("funnel", count_by, &format!(r#""steps":{steps},"window":"30d""#))
    }

    fn retention_document(&self, count_by: &str) -> String {
        let fields = r#""start":"signed_up","return":"feature_used","interval":"week","periods":9"#;
        self.document("retention", count_by, fields)
    }

    fn cohort_document(&self, count_by: &str) -> String {
        let did = r#"{"did":"feature_used","times":{"gte":40}}"#;
        let not = r#"{"not":{"did":"upgraded"}}"#;
        self.document("cohort", count_by, &format!(r#""limit":{MEMBERS_SHOWN},"where":{{"all":[{did},{not}]}}"#))
    }

    /// The answers counted by company and by user.
    fn ask(&self, document: impl Fn(&str) -> String) -> Result<[Answer; 2], Failure> {
        let answer = |count_by| -> Result<Answer, Failure> {
            let report = Report::parse(&document(count_by)).map_err(ReportError::Document)?;
            Ok(reports::run(self.snapshot, &report, self.now)?)
        };
        Ok([answer(COMPANIES)?, answer(USERS)?])
    }

    fn trend(&self, canvas: &Canvas) -> Result<String, Failure> {
        let [Answer::Trends(companies), Answer::Trends(users)] = self.ask(|by| self.trend_document(by))? else {
            return Ok(String::new());
        };
        let mut rows = Rows::with_columns(vec![
            Column::new("week_of", Kind::Text),
            Column::new("companies", Kind::Number),
            drawing(),
            Column::new("users", Kind::Number),
            drawing(),
        ]);
        let (by_company, by_user) = (values(&companies), values(&users));
        let (most_companies, most_users) = (greatest(&by_company), greatest(&by_user));
        for (place, bucket) in companies.buckets.iter().enumerate() {
            let (company, user) = (by_company[place], by_user[place]);
            rows.push([
                Value::from(&bucket[..10]),
                company.into(),
                bar(company / most_companies, BAR_CHARS).into(),
                user.into(),
                bar(user / most_users, BAR_CHARS).into(),
            ]);
        }
        let (company, user) = (by_company.last().copied().unwrap_or(0.0), by_user.last().copied().unwrap_or(0.0));
        let finding = format!(
            "{} companies used `ai_chart` in the last whole week, with {} users between them",
            count(company as u64),
            count(user as u64)
        );
        Ok(section("Trend", &finding, &rows.to_table(canvas), canvas))
    }

    fn funnel(&self, canvas: &Canvas) -> Result<String, Failure> {
        let [Answer::Funnel(companies), Answer::Funnel(users)] = self.ask(|by| self.funnel_document(by))? else {
            return Ok(String::new());
        };
        let mut rows = Rows::with_columns(vec![
            Column::new("step", Kind::Text),
            Column::new("companies", Kind::Number),
            Column::new("share", Kind::Share),
            drawing(),
            Column::new("users", Kind::Number),
            Column::new("share", Kind::Share),
            drawing(),
        ]);
        for (company, user) in companies.steps().iter().zip(users.steps()) {
            let mut cells = vec![Value::from(company.event.as_str())];
            for step in [company, user] {
                let share = step.overall.to_f64().unwrap_or(0.0);
                cells.extend([step.count.into(), share.into(), bar(share, BAR_CHARS).into()]);
            }
            rows.push(cells);
        }
        let [company, user] = [&companies, &users].map(last_share);
        let finding = format!(
            "{} of companies come from sign-up to paying in 30 days, but {} of users: colleagues share the steps",
            percent(company),
            percent(user)
        );
        Ok(section("Funnel", &finding, &rows.to_table(canvas), canvas))
    }

    fn retention(&self, canvas: &Canvas) -> Result<String, Failure> {
        let [Answer::Retention(companies), Answer::Retention(users)] = self.ask(|by| self.retention_document(by))?
        else {
            return Ok(String::new());
        };
        let mut columns = vec![Column::new("counted_by", Kind::Text), Column::new("sign-ups", Kind::Number)];
        columns.extend((0..companies.mean.len()).map(|week| Column::new(format!("week_{week}"), Kind::Text)));
        columns.push(drawing());
        let mut rows = Rows::with_columns(columns);
        for (name, answer) in [("companies", &companies), ("users", &users)] {
            let size: u64 = answer.rows.iter().map(|row| row.size).sum();
            let shares: Vec<Option<f64>> = answer.mean.iter().map(|mean| mean.to_f64()).collect();
            let cells = shares.iter().map(|share| share.map(|share| format!("{:.0}%", share * 100.0)).into());
            let head = [Value::from(name), size.into()];
            rows.push(head.into_iter().chain(cells).chain([Value::from(sparkline(&shares))]));
        }
        let [company, user] = [&companies, &users].map(fourth_week);
        let finding = format!(
            "four weeks after signing up {} of companies still use features, and {} of users",
            percent(company),
            percent(user)
        );
        Ok(section("Retention", &finding, &rows.to_table(canvas), canvas))
    }

    fn cohort(&self, canvas: &Canvas) -> Result<String, Failure> {
        let [Answer::Cohort(companies), Answer::Cohort(users)] = self.ask(|by| self.cohort_document(by))? else {
            return Ok(String::new());
        };
        let mut rows =
            Rows::new([("counted_by", Kind::Text), ("in_the_cohort", Kind::Number), ("among_them", Kind::Text)]);
        for (name, answer) in [("companies", &companies), ("users", &users)] {
            rows.push([name.into(), answer.size.into(), answer.members.iter().collect::<Vec<_>>().join(", ").into()]);
        }
        let finding = format!(
            "{} companies used features 40 times and never paid; as users {} would be on the list, with most of whom a \
             colleague paid",
            count(companies.size),
            count(users.size)
        );
        Ok(section("Cohort", &finding, &rows.to_table(canvas), canvas))
    }
}

/// A column that only tables have.
fn drawing() -> Column {
    Column { name: String::new(), title: String::new(), kind: Kind::Drawing }
}

fn section(title: &str, finding: &str, body: &str, canvas: &Canvas) -> String {
    format!("\n{}: {finding}\n\n{body}", canvas.bold(title))
}

/// The values of the first series.
fn values(answer: &TrendsAnswer) -> Vec<f64> {
    let series = answer.series.first();
    series.map_or_else(Vec::new, |series| series.values.iter().map(|value| value.to_f64().unwrap_or(0.0)).collect())
}

fn greatest(values: &[f64]) -> f64 {
    values.iter().copied().fold(1.0, f64::max)
}

fn last_share(answer: &FunnelAnswer) -> f64 {
    answer.steps().last().and_then(|step| step.overall.to_f64()).unwrap_or(0.0)
}

fn fourth_week(answer: &RetentionAnswer) -> f64 {
    answer.mean.get(4).and_then(|mean| mean.to_f64()).unwrap_or(0.0)
}

/// The directory as a shell takes it.
fn shell_word(directory: &Path) -> String {
    let text = directory.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "./_-".contains(letter);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Commands to go on with.
fn go_on(questions: &Questions<'_>, directory: &str, canvas: &Canvas) -> String {
    let funnel = questions.funnel_document(COMPANIES);
    format!(
        "\n{}\n\n  trackcrumb group-type list --data {directory}\n  \
         echo '{funnel}' |\n    trackcrumb report --data {directory} -\n",
        canvas.bold("Go on with")
    )
}
