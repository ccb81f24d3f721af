//! `coverage`: what every result says it looked at.

use serde_json::{Value, json};

use super::filter::Matcher;
use super::head::Head;
use super::lookup::{CountBy, Row};

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Coverage {
    matched: usize,
    without_group: usize,
}

impl Coverage {
    /// Each seen event that any of the tests admits counts once; `head.rows` passed the filter.
    pub(super) fn count(head: &Head, admits: impl Fn(&Row) -> bool) -> Coverage {
        let matched: Vec<&Row> = head.rows.iter().filter(|row| admits(row)).collect();
        let without_group = match head.count_by {
            CountBy::Users => 0,
            CountBy::Keys(_) => matched.iter().filter(|row| head.unit(row).is_none()).count(),
        };
        Coverage { matched: matched.len(), without_group }
    }

    /// The usual case: the events of [from, to) that any of the matchers matches.
    pub(super) fn of(head: &Head, matchers: &[&Matcher]) -> Result<Coverage, String> {
        let (from, to) = head.range()?;
        Ok(Coverage::count(head, |row| {
            (from..to).contains(&row.time()) && matchers.iter().any(|matcher| matcher.matches(head.look, row))
        }))
    }

    pub(super) fn json(self) -> Value {
        json!({"matched": self.matched, "without_group": self.without_group})
    }
}
