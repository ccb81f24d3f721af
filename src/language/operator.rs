//! Tests on a property's value: the operators and their complete meaning.

use super::node::Node;
use super::reader::At;
use super::values::Values;
use super::words::words;
use super::{DocumentError, Problem};
use crate::model::Value;
use regex::Regex;
use std::cmp::Ordering;
use std::collections::HashSet;

words! {
    /// How a property's value is tested.
    pub enum Op = Is; {
        /// Equal to one of the values.
        Is = "is",
        /// The complement of `is`.
        IsNot = "is_not",
        /// A string that contains one of the values.
        Contains = "contains",
        /// The complement of `contains`.
        NotContains = "not_contains",
        /// A string in which one of the regular expressions is found.
        Matches = "matches",
        /// Greater than one of the values.
        Gt = "gt",
        /// Greater than or equal to one of the values.
        Gte = "gte",
        /// Less than one of the values.
        Lt = "lt",
        /// Less than or equal to one of the values.
        Lte = "lte",
        /// Present and not null.
        Set = "set",
        /// The complement of `set`.
        NotSet = "not_set",
    }
}

impl Op {
    /// Whether it takes a `value`.
    pub const fn takes_values(self) -> bool {
        !matches!(self, Self::Set | Self::NotSet)
    }

    /// Whether it is the complement of another operator, so that an absent property passes it.
    pub const fn is_negative(self) -> bool {
        matches!(self, Self::IsNot | Self::NotContains | Self::NotSet)
    }
}

/// A test on one property's value.
#[derive(Clone, Debug)]
pub struct Test {
    op: Op,
    values: Vec<Value>,
    /// For equality with many values.
    lookup: Option<HashSet<Value>>,
    /// For order: the least or the greatest number and string, whichever is the easiest to pass.
    decisive: Vec<Value>,
    /// For `matches`: one per value, short of those that are no regular expressions.
    patterns: Vec<Regex>,
}

/// From this many values on, equality looks them up by hash instead of one by one.
const LOOKUP_VALUES_MIN: usize = 8;

impl Test {
    /// A test with these values. A value that the operator does not take is kept, and refused when the document is
    /// built; until then it matches nothing.
    pub fn new(op: Op, values: impl Into<Values>) -> Self {
        let values = values.into().into_vec();
        let lookup = (matches!(op, Op::Is | Op::IsNot) && values.len() >= LOOKUP_VALUES_MIN)
            .then(|| values.iter().cloned().collect());
        let patterns = match op {
            Op::Matches => values.iter().filter_map(as_text).filter_map(|text| Regex::new(text).ok()).collect(),
            _ => Vec::new(),
        };
        let decisive = match op {
            Op::Gt | Op::Gte => decisive(&values, Ordering::is_lt),
            Op::Lt | Op::Lte => decisive(&values, Ordering::is_gt),
            _ => Vec::new(),
        };
        Self { op, values, lookup, decisive, patterns }
    }

    /// The test with the values of all of these, which have one operator: it passes what any of them passes, or, if
    /// the operator is negative, what all of them pass.
    pub fn together(tests: &[&Self]) -> Self {
        match tests {
            [one] => (*one).clone(),
            _ => {
                let op = tests.first().map_or(Op::default(), |test| test.op);
                Self::new(op, Values::from_vec(tests.iter().flat_map(|test| &test.values).cloned().collect()))
            }
        }
    }

    /// The operator.
    pub fn op(&self) -> Op {
        self.op
    }

    /// The values it compares with, any of which may pass; empty for `set` and `not_set`.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Whether a property with this value passes; `None` is an absent one, and so is null.
    pub fn passes(&self, value: Option<&Value>) -> bool {
        let value = value.filter(|value| !value.is_null());
        let positive = match self.op {
            Op::Set | Op::NotSet => value.is_some(),
            _ => value.is_some_and(|value| self.passes_positive(value)),
        };
        positive != self.op.is_negative()
    }

    /// Whether a value passes the positive form of the operator; a list does when one of its elements does.
    fn passes_positive(&self, value: &Value) -> bool {
        match value {
            Value::Null | Value::Object(_) => false,
            Value::List(items) => items.iter().any(|item| self.passes_positive(item)),
            scalar => match self.op {
                Op::Is | Op::IsNot => match &self.lookup {
                    Some(lookup) => lookup.contains(scalar),
                    None => self.values.contains(scalar),
                },
                Op::Contains | Op::NotContains => as_text(scalar)
                    .is_some_and(|text| self.values.iter().filter_map(as_text).any(|part| text.contains(part))),
                Op::Matches => {
                    as_text(scalar).is_some_and(|text| self.patterns.iter().any(|pattern| pattern.is_match(text)))
                }
                Op::Gt => self.any_ordered(scalar, Ordering::is_gt),
                Op::Gte => self.any_ordered(scalar, Ordering::is_ge),
                Op::Lt => self.any_ordered(scalar, Ordering::is_lt),
                Op::Lte => self.any_ordered(scalar, Ordering::is_le),
                Op::Set | Op::NotSet => true,
            },
        }
    }

    /// Whether the value stands in this order to one of the values: numbers with numbers, strings with strings.
    fn any_ordered(&self, value: &Value, wanted: fn(Ordering) -> bool) -> bool {
        self.decisive.iter().any(|own| order(value, own).is_some_and(wanted))
    }

    /// Reads `op` and `value` of an object that has them.
    pub(super) fn read(op: &At<'_>, value: Option<At<'_>>) -> Result<Self, DocumentError> {
        let word = op.word::<Op>()?;
        let Some(at) = value.filter(|_| word.takes_values()) else {
            return Ok(Self::new(word, Values::none()));
        };
        let mut values = Vec::new();
        match at.node() {
            Node::List(_) => {
                for item in at.items("a list of values")? {
                    values.push(scalar(&item, word)?);
                }
            }
            _ => values.push(scalar(&at, word)?),
        }
        Ok(Self::new(word, Values::from_vec(values)))
    }

    /// The `value` of the test as documents write it: a single one without its list.
    pub(super) fn values_node(&self) -> Option<Node> {
        match self.values.as_slice() {
            _ if !self.op.takes_values() => None,
            [value] => Some(value.into()),
            values => Some(values.iter().map(Node::from).collect()),
        }
    }
}

impl PartialEq for Test {
    fn eq(&self, other: &Self) -> bool {
        (self.op, &self.values) == (other.op, &other.values)
    }
}

impl Eq for Test {}

/// How numbers stand to numbers, and strings to strings.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        _ => None,
    }
}

/// Of the numbers and of the strings among the values, the one that goes before all others.
fn decisive(values: &[Value], goes_before: fn(Ordering) -> bool) -> Vec<Value> {
    let mut first: Vec<&Value> = Vec::new();
    for value in values.iter().filter(|value| order(value, value).is_some()) {
        match first.iter_mut().find_map(|own| Some((order(value, own)?, own))) {
            None => first.push(value),
            Some((order, own)) if goes_before(order) => *own = value,
            Some(_) => {}
        }
    }
    first.into_iter().cloned().collect()
}

fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// One value to compare with, of a type that the operator takes.
fn scalar(at: &At<'_>, op: Op) -> Result<Value, DocumentError> {
    let value = match at.node() {
        Node::Null | Node::List(_) | Node::Object(_) => {
            return Err(at.wrong_type("a string, a number, true or false, or a list of these"));
        }
        node => node.to_value(),
    };
    match (op, &value) {
        (Op::Matches, Value::String(text)) => {
            Regex::new(text).map_err(|error| at.problem(bad_pattern(text, &error)))?;
        }
        (Op::Contains | Op::NotContains, Value::String(_)) => {}
        (Op::Contains | Op::NotContains | Op::Matches, _) => {
            return Err(at.wrong_type(&format!("a string, as `{op}` compares strings")));
        }
        _ => {}
    }
    Ok(value)
}

/// The pattern's error in one sentence, with the place.
fn bad_pattern(pattern: &str, error: &regex::Error) -> Problem {
    let report = error.to_string();
    let sentence = match error {
        regex::Error::CompiledTooBig(_) => format!("the regular expression `{pattern}` is too large; simplify it"),
        _ => {
            let reason = report.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or(&report);
            let place = place_in(&report).unwrap_or_default();
            format!("`{pattern}` is no regular expression: {reason}{place}")
        }
    };
    Problem::Rule { sentence }
}

/// The place that the report of a bad pattern marks. Below the line of the pattern stands one of blanks and `^`;
/// the pattern's line is indented, or, where there are several, numbered as in `1: `.
fn place_in(report: &str) -> Option<String> {
    let lines: Vec<&str> = report.lines().collect();
    let is_marker = |line: &str| line.contains('^') && line.chars().all(|c| c == ' ' || c == '^');
    // The last one, as a pattern may look like a marker.
    let (shown, marker) = lines.windows(2).rev().map(|pair| (pair[0], pair[1])).find(|(_, line)| is_marker(line))?;
    let column = marker.find('^')?;
    match shown.split_once(": ").filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit())) {
        Some((number, _)) => Some(format!(" at character {} of line {number}", column + 1 - (number.len() + 2))),
        None => Some(format!(" at character {}", (column + 1).checked_sub(PATTERN_INDENT)?)),
    }
}

/// How far the report of a bad pattern indents it.
const PATTERN_INDENT: usize = 4;
