//! What a workspace looks like now: a few figures with what they were before, for its first page.

use super::context::{Context, Run};
use super::error::ReportError;
use super::trends::{self, TrendsAnswer};
use crate::executor::{Guard, Limits, Look, Named, Trace, Units, counts_per_unit, coverage, first_times, units_in};
use crate::language::{
    Buckets, CountBy, Interval, Matcher, Measure, Report, ResolvedRange, Series, Trends, WeekDay, Zone,
};
use crate::model::{EventId, StoredName, Timestamp};
use crate::store::Snapshot;
use serde::Serialize;
use std::cmp::Reverse;

/// How many units and events are named.
const NAMED_MAX: usize = 8;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HomeQuery {
    /// Who is counted.
    pub count_by: CountBy,
    /// Whose calendar says what a day is; the workspace's when left out.
    pub timezone: Option<Zone>,
}

/// The figures; all of them end now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Home {
    /// Events today, and on the same day of last week until the same time.
    pub events_today: Compared,
    /// Events since Monday, and in last week until the same time.
    pub events_week: Compared,
    /// Units active today, and on the same day of last week until the same time.
    pub active_today: Compared,
    /// Units whose first event in all history lies in these 7 days, today among them, and in the 7 days before.
    pub new_units: Compared,
    /// Events on each of 30 days, today among them.
    pub volume: TrendsAnswer,
    /// Active units on the same days, and in the 30 days before.
    pub active: TrendsAnswer,
    /// The units with most events in 7 days, then by name.
    pub most_active: Vec<Active>,
    /// The events with most occurrences in 7 days, then by name.
    pub events: Vec<Occurring>,
}

/// A number now and before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Now.
    pub value: u64,
    /// In the time it is compared with.
    pub previous: u64,
}

/// A unit and how many events it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Active {
    /// The user or key.
    pub name: String,
    /// Its events.
    pub events: u64,
}

/// An event and how often it occurred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Occurring {
    /// The name.
    pub event: String,
    /// How often.
    pub count: u64,
}

/// A range, and the one it is compared with.
#[derive(Clone, Copy)]
struct Pair {
    now: ResolvedRange,
    before: ResolvedRange,
}

/// Works out the figures.
///
/// # Errors
/// As [`run_within`](super::run_within).
pub fn home(snapshot: &Snapshot, query: &HomeQuery, now: Timestamp, limits: &Limits) -> Result<Home, ReportError> {
    let (trace, guard) = (Trace::default(), Guard::new(limits));
    let run = Run::new(snapshot, &trace, &guard, limits)?;
    let days = |measure: Measure, count_by: CountBy| {
        let mut trends = Trends::new("-29d", "now").series(Series::events(Matcher::any_event()).measure(measure));
        trends.scope.count_by = count_by;
        trends.scope.timezone.clone_from(&query.timezone);
        trends
    };
    let volume = days(Measure::Total, CountBy::Users);
    let mut active = days(Measure::Unique, query.count_by.clone());
    active.compare = true;
    let answer = |trends: &Trends| {
        let report = Report::from(trends.clone());
        trends::run(&Context::new(&run, &report, run.clock(now))?, trends)
    };
    let (volume, active_days) = (answer(&volume)?, answer(&active)?);
    let report = Report::from(active);
    let figures = Figures::new(Context::new(&run, &report, run.clock(now))?)?;
    Ok(Home {
        events_today: figures.compared(figures.today, |range| figures.events(Named::Any, range))?,
        events_week: figures.compared(figures.week, |range| figures.events(Named::Any, range))?,
        active_today: figures.compared(figures.today, |range| figures.active(range))?,
        new_units: figures.new_units()?,
        volume,
        active: active_days,
        most_active: figures.most_active()?,
        events: figures.most_frequent()?,
    })
}

/// What the figures share.
struct Figures<'a> {
    context: Context<'a>,
    today: Pair,
    week: Pair,
    seven_days: Pair,
}

impl<'a> Figures<'a> {
    fn new(context: Context<'a>) -> Result<Self, ReportError> {
        let zone = context.zone();
        // The range of the document ends now and begins with the first of 30 days.
        let days = Buckets::cover(context.range, Interval::Day, WeekDay::Monday, zone)?;
        let until_now = |from_micros| ResolvedRange { from_micros, ..context.range };
        let from_day =
            |back: usize| days.starts().iter().rev().nth(back).map_or(context.range, |start| until_now(*start));
        let pair = |now: ResolvedRange, count, interval| Pair { now, before: now.moved_back(count, interval, zone) };
        let weeks = Buckets::cover(from_day(0), Interval::Week, WeekDay::Monday, zone)?;
        let week = weeks.starts().last().map_or(context.range, |start| until_now(*start));
        let (today, seven_days) = (from_day(0), from_day(6));
        Ok(Self {
            today: pair(today, 7, Interval::Day),
            week: pair(week, 1, Interval::Week),
            seven_days: pair(seven_days, 7, Interval::Day),
            context,
        })
    }

    fn compared(
        &self,
        pair: Pair,
        figure: impl Fn(ResolvedRange) -> Result<u64, ReportError>,
    ) -> Result<Compared, ReportError> {
        Ok(Compared { value: figure(pair.now)?, previous: figure(pair.before)? })
    }

    /// Events of these names in a range, with and without a unit.
    fn events(&self, events: Named, range: ResolvedRange) -> Result<u64, ReportError> {
        let query = self.context.query.counting(Units::Users);
        let counted = coverage(query, &[Look { events, filter: None, range }]);
        counted.map(|coverage| coverage.matched).map_err(|error| self.context.failed(error))
    }

    fn active(&self, range: ResolvedRange) -> Result<u64, ReportError> {
        let units = units_in(self.context.query, &self.context.look_at_all(range));
        units.map(|units| units.len()).map_err(|error| self.context.failed(error))
    }

    fn new_units(&self) -> Result<Compared, ReportError> {
        let look = self.context.look_at_all(ResolvedRange::ALL);
        let first = first_times(self.context.query, &look).map_err(|error| self.context.failed(error))?;
        let count = |range: ResolvedRange| Ok(first.iter().filter(|time| range.contains(**time)).count() as u64);
        self.compared(self.seven_days, count)
    }

    fn most_active(&self) -> Result<Vec<Active>, ReportError> {
        let query = self.context.query;
        let look = self.context.look_at_all(self.seven_days.now);
        let counts = counts_per_unit(query, &look).map_err(|error| self.context.failed(error))?;
        let mut units: Vec<(Reverse<u64>, u32)> = (0..)
            .zip(counts.iter())
            .filter(|(_, count)| **count > 0)
            .map(|(unit, count)| (Reverse(*count), unit))
            .collect();
        // Names decide among those that have as many events as the last that is named.
        if units.len() > NAMED_MAX {
            let (_, (least, _), _) = units.select_nth_unstable(NAMED_MAX - 1);
            let least = *least;
            units.retain(|(count, _)| *count <= least);
        }
        let list = match query.units {
            Units::Users => StoredName::User,
            Units::Keys(group_type) => StoredName::GroupKey(group_type.raw()),
        };
        let named = |(count, unit)| self.name(list, unit).map(|name| (count, name));
        let mut named = units.into_iter().map(named).collect::<Result<Vec<(Reverse<u64>, String)>, _>>()?;
        named.sort_unstable();
        named.truncate(NAMED_MAX);
        Ok(named.into_iter().map(|(Reverse(events), name)| Active { name, events }).collect())
    }

    fn most_frequent(&self) -> Result<Vec<Occurring>, ReportError> {
        let snapshot = self.context.query.snapshot;
        let mut found: Vec<(Reverse<u64>, String)> = Vec::new();
        for id in (0..snapshot.name_count(StoredName::Event)).map(EventId::new) {
            let count = self.events(Named::Ids(vec![id]), self.seven_days.now)?;
            if count > 0 {
                found.push((Reverse(count), self.name(StoredName::Event, id.raw())?));
            }
        }
        found.sort_unstable();
        found.truncate(NAMED_MAX);
        Ok(found.into_iter().map(|(Reverse(count), event)| Occurring { event, count }).collect())
    }

    fn name(&self, list: StoredName, id: u32) -> Result<String, ReportError> {
        self.context.query.snapshot.name(list, id).map_err(|damage| self.context.failed(damage))
    }
}
