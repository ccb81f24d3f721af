//! How an answer is looked at: one word in the address, beside the document.

use super::kind::Kind;
use super::words;
use crate::language::{CountBy, Interval, Report};

/// How the answer to a report is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chart {
    /// Of trends: a line for each series.
    #[default]
    Line,
    /// Of trends: bars beside each other.
    Bars,
    /// Of trends: areas on top of each other.
    Stacked,
    /// Of trends: one bar for each series, over the whole range.
    Total,
    /// Of funnels: who came how far.
    Steps,
    /// Of funnels: how many came to the end, by when they started.
    OverTime,
    /// Of funnels: how long the steps took.
    TimeToConvert,
    /// Of retention: shares.
    Percent,
    /// Of retention: units.
    Count,
}

impl Chart {
    /// Those of a kind of report, the usual one first; none where there is one way to look.
    pub fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Trends => &[Self::Line, Self::Bars, Self::Stacked, Self::Total],
            Kind::Funnel => &[Self::Steps, Self::OverTime, Self::TimeToConvert],
            Kind::Retention => &[Self::Percent, Self::Count],
            Kind::Stickiness | Kind::Lifecycle | Kind::Paths | Kind::Cohort => &[],
        }
    }

    /// The one of this name; without, the usual one.
    pub fn named(kind: Kind, word: Option<&str>) -> Self {
        let all = Self::of(kind);
        let named = all.iter().find(|chart| Some(chart.word()) == word);
        named.or(all.first()).copied().unwrap_or_default()
    }

    /// Its name in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Bars => "bars",
            Self::Stacked => "stacked",
            Self::Total => "total",
            Self::Steps => "steps",
            Self::OverTime => "time",
            Self::TimeToConvert => "convert",
            Self::Percent => "percent",
            Self::Count => "count",
        }
    }

    /// What people read.
    pub(super) fn name(self, count_by: &CountBy) -> String {
        let name = match self {
            Self::Line => "Line",
            Self::Bars => "Bars",
            Self::Stacked => "Stacked",
            Self::Total => "Total",
            Self::Steps => "Steps",
            Self::OverTime => "Over time",
            Self::TimeToConvert => "Time to convert",
            Self::Percent => "Percent",
            Self::Count => return words::capital(&words::units(count_by)),
        };
        name.to_owned()
    }

    /// Whether the script draws it from the answer that is there.
    pub(super) fn is_drawn_from_the_same(self) -> bool {
        matches!(self, Self::Line | Self::Bars | Self::Stacked | Self::Total)
    }

    /// The report that has what is to be seen: over time, a funnel needs an interval.
    pub fn suited(self, report: Report) -> Report {
        match report {
            Report::Funnel(mut funnel) if self == Self::OverTime => {
                funnel.interval = funnel.interval.or(Some(Interval::default()));
                Report::Funnel(funnel)
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_another_report_is_none() {
        assert_eq!(Chart::named(Kind::Trends, Some("total")), Chart::Total);
        assert_eq!(Chart::named(Kind::Funnel, Some("total")), Chart::Steps);
        assert_eq!(Chart::named(Kind::Retention, None), Chart::Percent);
        assert_eq!(Chart::named(Kind::Paths, Some("line")), Chart::Line);
    }

    #[test]
    fn a_funnel_over_time_has_an_interval() {
        let funnel = Report::parse(r#"{"report":"funnel","from":"-7d","to":"now","steps":["a","b"]}"#).unwrap();
        let interval = |report: Report| report.to_value().get("interval").cloned();
        assert_eq!(interval(Chart::Steps.suited(funnel.clone())), None);
        assert_eq!(interval(Chart::OverTime.suited(funnel)), Some("day".into()));
        let weekly = r#"{"report":"funnel","from":"-7d","to":"now","steps":["a","b"],"interval":"week"}"#;
        assert_eq!(interval(Chart::OverTime.suited(Report::parse(weekly).unwrap())), Some("week".into()));
    }
}
