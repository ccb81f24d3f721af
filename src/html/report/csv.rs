//! Answers as CSV, for spreadsheets: RFC 4180, and no cell that one would take for a formula.

use super::trends;
use super::view::Chart;
use super::words;
use crate::language::Report;
use crate::reports::{Answer, Figure, FunnelAnswer, FunnelResult, FunnelSeries, FunnelStep, FunnelSteps, PathsEnd};

/// The table of an answer, as it is looked at.
pub fn csv(report: &Report, answer: &Answer, chart: Chart) -> String {
    let rows = match (answer, report) {
        (Answer::Trends(answer), Report::Trends(report)) => {
            let mut rows = vec![head(&["series"], &answer.buckets, &["total"])];
            rows.extend(answer.series.iter().map(|series| {
                let values = series.values.iter().chain([&series.total]).map(|figure| number(*figure));
                std::iter::once(text(&trends::name(report, series))).chain(values).collect()
            }));
            rows
        }
        (Answer::Funnel(answer), _) if chart == Chart::OverTime => funnel_over_time(answer),
        (Answer::Funnel(answer), _) => funnel(answer),
        (Answer::Retention(answer), _) => {
            let periods: Vec<String> = (0..answer.mean.len()).map(|place| format!("period {place}")).collect();
            let mut rows = vec![head(&["start", "size"], &periods, &[])];
            rows.extend(answer.rows.iter().map(|row| {
                let came = row.values.iter().map(|came| came.map_or_else(String::new, |came| came.to_string()));
                [text(&row.period), row.size.to_string()].into_iter().chain(came).collect()
            }));
            rows
        }
        (Answer::Stickiness(answer), _) => {
            let row = |(place, units): (usize, &u64)| vec![(place + 1).to_string(), units.to_string()];
            std::iter::once(head(&["intervals", "units"], &[], &[]))
                .chain(answer.counts.iter().enumerate().map(row))
                .collect()
        }
        (Answer::Lifecycle(answer), _) => {
            let mut rows = vec![head(&["bucket", "new", "returning", "resurrecting", "dormant"], &[], &[])];
            rows.extend(answer.buckets.iter().enumerate().map(|(place, bucket)| {
                let states = [&answer.new, &answer.returning, &answer.resurrecting, &answer.dormant];
                std::iter::once(text(bucket)).chain(states.map(|state| state[place].to_string())).collect()
            }));
            rows
        }
        (Answer::Paths(answer), _) => {
            let end = |end: &PathsEnd| match end {
                PathsEnd::Event(name) => text(name),
                PathsEnd::Other => "Other".to_owned(),
            };
            let mut rows = vec![head(&["step", "from", "to", "units"], &[], &[])];
            rows.extend(answer.links.iter().map(|link| {
                let to = link.to.as_ref().map(end).unwrap_or_default();
                vec![(link.step + 1).to_string(), end(&link.from), to, link.count.to_string()]
            }));
            rows
        }
        (Answer::Cohort(answer), _) => {
            let rows = answer.members.iter().map(|member| vec![text(member)]);
            std::iter::once(vec![text(words::unit(report.units_kind()))]).chain(rows).collect()
        }
        _ => Vec::new(),
    };
    rows.iter().map(|row: &Vec<String>| row.join(",") + "\r\n").collect()
}

fn head(first: &[&str], middle: &[String], last: &[&str]) -> Vec<String> {
    let fixed = |names: &[&str]| names.iter().map(|name| text(name)).collect::<Vec<_>>();
    [fixed(first), middle.iter().map(|name| text(name)).collect(), fixed(last)].concat()
}

fn funnel(answer: &FunnelAnswer) -> Vec<Vec<String>> {
    let step = |value: Option<&FunnelSeries>, (place, step): (usize, &FunnelStep)| {
        let value = value.map(|series| text(&words::tuple(&series.breakdown, series.other)));
        let numbers = [step.from_previous, step.overall, step.median_seconds, step.average_seconds].map(number);
        let own = [(place + 1).to_string(), text(&step.event), step.count.to_string()];
        value.into_iter().chain(own).chain(numbers).collect::<Vec<_>>()
    };
    let names = ["step", "event", "units", "from_previous", "overall", "median_seconds", "average_seconds"];
    match &answer.result {
        FunnelResult::Whole(whole) => std::iter::once(head(&names, &[], &[]))
            .chain(whole.steps.iter().enumerate().map(|one| step(None, one)))
            .collect(),
        FunnelResult::Split { series } => {
            let rows = series
                .iter()
                .flat_map(|series| series.steps.steps.iter().enumerate().map(move |one| step(Some(series), one)));
            std::iter::once(head(&[&["value"][..], &names[..]].concat(), &[], &[])).chain(rows).collect()
        }
    }
}

/// How many came to each step, by when they began.
fn funnel_over_time(answer: &FunnelAnswer) -> Vec<Vec<String>> {
    let rows = |value: Option<&FunnelSeries>, steps: &FunnelSteps| -> Vec<Vec<String>> {
        let Some(starts) = &steps.by_start else { return Vec::new() };
        let value = value.map(|value| text(&words::tuple(&value.breakdown, value.other)));
        let row = |(place, counts): (usize, &Vec<u64>)| {
            let event = steps.steps.get(place).map(|step| text(&step.event)).unwrap_or_default();
            let own = value.iter().cloned().chain([(place + 1).to_string(), event]);
            own.chain(counts.iter().map(u64::to_string)).collect()
        };
        starts.counts.iter().enumerate().map(row).collect()
    };
    let buckets = |steps: Option<&FunnelSteps>| {
        steps.and_then(|steps| steps.by_start.as_ref()).map(|starts| starts.buckets.clone()).unwrap_or_default()
    };
    let (first, buckets, rows): (&[&str], _, Vec<_>) = match &answer.result {
        FunnelResult::Whole(whole) => (&["step", "event"], buckets(Some(whole)), rows(None, whole)),
        FunnelResult::Split { series } => {
            let all = series.iter().flat_map(|series| rows(Some(series), &series.steps)).collect();
            (&["value", "step", "event"], buckets(series.first().map(|series| &series.steps)), all)
        }
    };
    std::iter::once(head(first, &buckets, &[])).chain(rows).collect()
}

fn number(figure: Figure) -> String {
    match figure {
        Figure::Null => String::new(),
        Figure::Count(count) => count.to_string(),
        Figure::Number(number) => number.to_string(),
    }
}

/// Text as a cell. What a spreadsheet would run begins with an apostrophe, which it takes for "this is text".
fn text(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let shown = if runs { format!("'{text}") } else { text.to_owned() };
    if shown.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", shown.replace('"', "\"\"")) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_ends_its_row() {
        assert_eq!(text("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\"");
        assert_eq!(text("@a"), "'@a");
        assert_eq!(text("a,b"), "\"a,b\"");
        assert_eq!(text("a"), "a");
        assert_eq!(number(Figure::Number(-1.5)), "-1.5");
    }
}
