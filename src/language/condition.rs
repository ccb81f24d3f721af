//! The conditions of cohorts: on a unit, not on an event.

use super::bound::TimeBound;
use super::filter::{AsOf, Of, Property, cohort_name, read_keys, read_test, write_keys};
use super::matcher::Matcher;
use super::node::{Node, Writer};
use super::operator::{Op, Test};
use super::reader::{At, Fields};
use super::scope::CountBy;
use super::values::Values;
use super::{DocumentError, Report};
use std::ops::Range;

/// A condition on a unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of these; true when there are none.
    All(Vec<Condition>),
    /// At least one of these; false when there are none.
    Any(Vec<Condition>),
    /// The complement.
    Not(Box<Condition>),
    /// The unit did something so many times.
    Did {
        /// What.
        event: Matcher,
        /// How many times.
        times: Times,
        /// From when; open is the document's own bound.
        from: TimeBound,
        /// Until when; open is the document's own bound.
        to: TimeBound,
    },
    /// The unit's first such event in all history lies in the range.
    FirstDid {
        /// What.
        event: Matcher,
        /// From when; open is the document's own bound.
        from: TimeBound,
        /// Until when; open is the document's own bound.
        to: TimeBound,
    },
    /// A property of the unit itself, as it is now.
    Property {
        /// The dotted path.
        path: String,
        /// What its value must pass.
        test: Test,
    },
    /// The unit is a member of this saved cohort.
    Cohort(String),
    /// The user belongs to one of these keys, by current association; in cohorts of users.
    MemberOf(Membership),
    /// A user of this saved cohort belongs to the key, by current association; in cohorts of keys.
    HasMemberIn(String),
    /// The unit is one of those behind a number of this report, which has `units`.
    Report(Box<Report>),
}

/// Keys to which a user may belong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Membership {
    /// These keys.
    Keys {
        /// The group type.
        group: String,
        /// The keys.
        keys: Vec<String>,
    },
    /// The members of this saved cohort of keys.
    Cohort(String),
}

/// How many times; all that are given must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Times {
    /// More than.
    pub gt: Option<usize>,
    /// At least.
    pub gte: Option<usize>,
    /// Fewer than.
    pub lt: Option<usize>,
    /// At most.
    pub lte: Option<usize>,
    /// Exactly.
    pub is: Option<usize>,
}

impl Times {
    /// At least this many; at least 1 when a document does not say.
    pub const fn at_least(count: usize) -> Self {
        Self { gt: None, gte: Some(count), lt: None, lte: None, is: None }
    }

    /// At most this many, none included.
    pub const fn at_most(count: usize) -> Self {
        Self { gt: None, gte: None, lt: None, lte: Some(count), is: None }
    }

    /// Exactly this many.
    pub const fn exactly(count: usize) -> Self {
        Self { gt: None, gte: None, lt: None, lte: None, is: Some(count) }
    }

    /// The counts that pass, all in a row; of those below 2^63.
    pub fn passing(&self) -> Range<u64> {
        let after = |bound: Option<usize>| bound.map(|bound| (bound as u64).saturating_add(1));
        let at = |bound: Option<usize>| bound.map(|bound| bound as u64);
        let least = [after(self.gt), at(self.gte), at(self.is)].into_iter().flatten().max();
        let end = [at(self.lt), after(self.lte), after(self.is)].into_iter().flatten().min();
        least.unwrap_or(0)..end.unwrap_or(u64::MAX)
    }

    /// Whether a unit that did it so many times passes.
    pub fn passes(&self, count: u64) -> bool {
        self.passing().contains(&count)
    }

    /// A count of which this is sure: any greater one passes if it does, and fails if it does.
    pub fn decisive(&self) -> u64 {
        let after = |bound: Option<usize>| bound.map(|bound| (bound as u64).saturating_add(1));
        let from = |bound: Option<usize>| bound.map(|bound| bound as u64);
        [after(self.gt), from(self.gte), from(self.lt), after(self.lte), after(self.is)]
            .into_iter()
            .flatten()
            .max()
            .unwrap_or(0)
    }

    fn parts(&self) -> [(&'static str, Option<usize>); 5] {
        [("gt", self.gt), ("gte", self.gte), ("lt", self.lt), ("lte", self.lte), ("is", self.is)]
    }

    fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        let fields = at.fields(&["gt", "gte", "lt", "lte", "is"])?;
        let count = |name| fields.get_optional(name, |at| at.whole(0..=usize::MAX));
        let times =
            Self { gt: count("gt")?, gte: count("gte")?, lt: count("lt")?, lte: count("lte")?, is: count("is")? };
        match times == Self::default() {
            true => Err(at.rule("says nothing; give at least one of `gt`, `gte`, `lt`, `lte` and `is`")),
            false => Ok(times),
        }
    }
}

/// How often a unit must have done something when a document does not say.
const TIMES_DEFAULT: Times = Times::at_least(1);

const KINDS: [&str; 10] =
    ["all", "any", "not", "did", "first_did", "property", "cohort", "member_of", "has_member_in", "report"];

impl Condition {
    /// All of these.
    pub fn all(conditions: impl IntoIterator<Item = Condition>) -> Self {
        Self::All(conditions.into_iter().collect())
    }

    /// At least one of these.
    pub fn any(conditions: impl IntoIterator<Item = Condition>) -> Self {
        Self::Any(conditions.into_iter().collect())
    }

    /// The complement.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "named like the word of the language")]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// The unit did this at least once.
    pub fn did(event: impl Into<Matcher>) -> Self {
        Self::Did { event: event.into(), times: TIMES_DEFAULT, from: TimeBound::OPEN, to: TimeBound::OPEN }
    }

    /// The unit did this for the first time.
    pub fn first_did(event: impl Into<Matcher>) -> Self {
        Self::FirstDid { event: event.into(), from: TimeBound::OPEN, to: TimeBound::OPEN }
    }

    /// A property of the unit.
    pub fn property(path: impl Into<String>, op: Op, values: impl Into<Values>) -> Self {
        Self::Property { path: path.into(), test: Test::new(op, values) }
    }

    /// Membership of a saved cohort.
    pub fn cohort(name: impl Into<String>) -> Self {
        Self::Cohort(name.into())
    }

    /// The units behind a number of a report, which has `units`.
    pub fn report(report: impl Into<Report>) -> Self {
        Self::Report(Box::new(report.into()))
    }

    /// How many times, for `did`; other conditions stay as they are.
    #[must_use]
    pub fn times(mut self, wanted: Times) -> Self {
        if let Self::Did { times, .. } = &mut self {
            *times = wanted;
        }
        self
    }

    /// From when, for `did` and `first_did`; other conditions stay as they are.
    #[must_use]
    pub fn from(mut self, bound: impl Into<TimeBound>) -> Self {
        if let Self::Did { from, .. } | Self::FirstDid { from, .. } = &mut self {
            *from = bound.into();
        }
        self
    }

    /// Until when, for `did` and `first_did`; other conditions stay as they are.
    #[must_use]
    pub fn to(mut self, bound: impl Into<TimeBound>) -> Self {
        if let Self::Did { to, .. } | Self::FirstDid { to, .. } = &mut self {
            *to = bound.into();
        }
        self
    }

    /// Reads a condition on units of this kind from JSON, as the `where` of a cohort that counts them.
    ///
    /// # Errors
    /// See [`DocumentError`].
    pub fn parse(json: &str, count_by: &CountBy) -> Result<Self, DocumentError> {
        Self::read(&At::root(&Node::parse(json)?), count_by)
    }

    /// The condition as compact JSON, which [`Self::parse`] reads back.
    pub fn to_json(&self) -> String {
        Node::from(self).to_json()
    }

    /// Reads a condition of a cohort that counts these units.
    pub(super) fn read(at: &At<'_>, count_by: &CountBy) -> Result<Self, DocumentError> {
        let list = |at: &At<'_>| -> Result<Vec<Self>, DocumentError> {
            at.items("a list of conditions")?.map(|item| Self::read(&item, count_by)).collect()
        };
        let kind = at.kind(&KINDS, "a condition such as {\"did\":\"feature_used\"}")?;
        match kind {
            "all" => list(&at.only("all")?).map(Self::All),
            "any" => list(&at.only("any")?).map(Self::Any),
            "not" => Ok(Self::read(&at.only("not")?, count_by)?.not()),
            "did" => {
                let fields = at.fields(&["did", "times", "from", "to"])?;
                let (from, to) = read_bounds(&fields)?;
                Ok(Self::Did {
                    event: Matcher::read(&fields.need("did", "an event")?)?,
                    times: fields.get_or_else("times", || TIMES_DEFAULT, Times::read)?,
                    from,
                    to,
                })
            }
            "first_did" => {
                let fields = at.fields(&["first_did", "from", "to"])?;
                let (from, to) = read_bounds(&fields)?;
                Ok(Self::FirstDid { event: Matcher::read(&fields.need("first_did", "an event")?)?, from, to })
            }
            "property" => read_property(at, count_by),
            "cohort" => cohort_name(&at.only("cohort")?).map(Self::Cohort),
            "member_of" => {
                let inner = at.only("member_of")?;
                if let Some(group) = count_by.group_type() {
                    return Err(at.rule(format!(
                        "`member_of` is about users, while this cohort counts keys of `{group}`; use `has_member_in`"
                    )));
                }
                Membership::read(&inner).map(Self::MemberOf)
            }
            "has_member_in" => {
                let inner = at.only("has_member_in")?;
                if *count_by == CountBy::Users {
                    return Err(
                        at.rule("`has_member_in` is about keys, while this cohort counts users; use `member_of`")
                    );
                }
                cohort_name(&inner.only("cohort")?).map(Self::HasMemberIn)
            }
            _ => read_report(&at.only("report")?, count_by),
        }
    }
}

fn read_bounds(fields: &Fields<'_>) -> Result<(TimeBound, TimeBound), DocumentError> {
    let bound = |name| fields.get_or_else(name, || TimeBound::OPEN, TimeBound::read);
    Ok((bound("from")?, bound("to")?))
}

/// A property condition: `of` and `as_of` may only say what holds anyway.
fn read_property(at: &At<'_>, count_by: &CountBy) -> Result<Condition, DocumentError> {
    let fields = at.fields(&["property", "op", "value", "of", "as_of"])?;
    let property = Property::read(&fields)?;
    let own = match count_by {
        CountBy::Users => Of::User,
        CountBy::Group(group) => Of::Group(group.clone()),
    };
    if let Some(at) = fields.get("of")
        && property.of != own
    {
        return Err(at.rule("a property condition of a cohort is about the unit itself; leave `of` out"));
    }
    if let Some(at) = fields.get("as_of")
        && property.as_of == AsOf::Event
    {
        return Err(at.rule("a property condition of a cohort looks at no event; leave `as_of` out"));
    }
    Ok(Condition::Property { path: property.path, test: read_test(&fields)? })
}

/// A report whose `units` are of the kind that the cohort counts.
fn read_report(at: &At<'_>, count_by: &CountBy) -> Result<Condition, DocumentError> {
    let report = Report::read(at)?;
    if matches!(report, Report::Cohort(_)) || report.page().is_none() {
        let sentence = match report {
            Report::Cohort(_) => "is a cohort; put its `where` here, or save it and use {\"cohort\":\"name\"}",
            _ => "has no `units`; say which of its numbers is meant",
        };
        return Err(at.rule(sentence));
    }
    let name = |count_by: &CountBy| match count_by {
        CountBy::Users => "users".to_owned(),
        CountBy::Group(group) => format!("keys of `{group}`"),
    };
    match report.units_kind() {
        kind if kind == count_by => Ok(Condition::Report(Box::new(report))),
        kind => Err(at.rule(format!(
            "its units are {}, while this cohort counts {}; make `count_by` the same",
            name(kind),
            name(count_by)
        ))),
    }
}

impl Membership {
    fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        match at.kind(&["group", "cohort"], "{\"group\":…,\"key\":…} or {\"cohort\":…}")? {
            "group" => {
                let (group, keys) = read_keys(&at.fields(&["group", "key"])?)?;
                Ok(Self::Keys { group, keys })
            }
            _ => cohort_name(&at.only("cohort")?).map(Self::Cohort),
        }
    }
}

impl From<&Membership> for Node {
    fn from(membership: &Membership) -> Self {
        match membership {
            Membership::Keys { group, keys } => write_keys(group, keys).done(),
            Membership::Cohort(name) => Writer::new().put("cohort", name.as_str()).done(),
        }
    }
}

impl From<&Times> for Node {
    fn from(times: &Times) -> Self {
        let write = |writer: Writer, (name, count): (&str, Option<usize>)| writer.put_some(name, count.map(Node::from));
        times.parts().into_iter().fold(Writer::new(), write).done()
    }
}

impl From<&Condition> for Node {
    fn from(condition: &Condition) -> Self {
        let writer = Writer::new();
        let list = |conditions: &[Condition]| conditions.iter().map(Node::from).collect::<Node>();
        match condition {
            Condition::All(conditions) => writer.put("all", list(conditions)),
            Condition::Any(conditions) => writer.put("any", list(conditions)),
            Condition::Not(condition) => writer.put("not", &**condition),
            Condition::Did { event, times, from, to } => writer
                .put("did", event)
                .put_unless("times", times, &TIMES_DEFAULT)
                .put_some("from", from)
                .put_some("to", to),
            Condition::FirstDid { event, from, to } => {
                writer.put("first_did", event).put_some("from", from).put_some("to", to)
            }
            Condition::Property { path, test } => {
                writer.put("property", path.as_str()).put("op", test.op()).put_some("value", test.values_node())
            }
            Condition::Cohort(name) => writer.put("cohort", name.as_str()),
            Condition::MemberOf(membership) => writer.put("member_of", membership),
            Condition::HasMemberIn(name) => {
                writer.put("has_member_in", Writer::new().put("cohort", name.as_str()).done())
            }
            Condition::Report(report) => writer.put("report", &**report),
        }
        .done()
    }
}
