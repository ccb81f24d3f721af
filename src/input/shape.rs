//! The shapes that plain events come in: what stands before, between and after their values. Most lines have the shape
//! of a line before them, so that what stands between values is compared, and only the values are read.
//!
//! Shapes are a tree: a step is what stands before a value, and what the value is; a way from the root to an end is a
//! line that was read as a plain event. A line that goes such a way differs from that one in its values alone, and each
//! of these is read as [`super::plain`] reads it, so that the answer is the same.

use super::plain::{Part, PlainEvent, Reading, Scanner, Span, Swaps};
use std::ops::Range;

/// So many steps are known at most, of lines that come in any shape.
const STEPS_MAX: usize = 1024;
/// So many steps may follow one.
const NEXT_MAX: usize = 16;

/// A value of a line that was read, and where it stands.
pub(super) struct Value {
    /// Where it begins and ends, quotes included.
    pub token: Range<usize>,
    /// What it is.
    pub part: Part,
}

/// What the value after a step is, or that there is none.
#[derive(Debug)]
enum Expected {
    /// Where the name is, of a property or a group type, is counted from where the step begins.
    Part(Part),
    /// The line ends. How groups and properties are put in order.
    End(Swaps),
}

#[derive(Debug)]
struct Step {
    literal: Box<[u8]>,
    expected: Expected,
    /// The steps that came after it, the latest first.
    next: Vec<usize>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    steps: Vec<Step>,
    /// The steps that lines begin with.
    first: Vec<usize>,
}

impl Shapes {
    /// Reads the line that the text is from `start` on, if it has a shape that is known. When it has not, there may be
    /// groups and properties in the lists that belong to nothing.
    pub fn read(&mut self, text: &str, start: usize, reading: &mut Reading<'_>) -> Option<PlainEvent> {
        let mut scanner = Scanner::new(text, start);
        reading.begin();
        let mut before = None;
        loop {
            let rest = &text.as_bytes()[scanner.at..];
            let step = self.find(before, rest)?;
            let Step { literal, expected, .. } = &self.steps[step];
            match expected {
                Expected::Part(part) => {
                    let part = part.moved(scanner.at as u32);
                    scanner.at += literal.len();
                    reading.take(part, &mut scanner)?;
                }
                Expected::End(swaps) => return reading.end(swaps),
            }
            before = Some(step);
        }
    }

    /// The step after one that the rest of a line begins with, which from now on is the first of them.
    fn find(&mut self, before: Option<usize>, rest: &[u8]) -> Option<usize> {
        let steps = &self.steps;
        let next = before.map_or(&self.first, |before| &steps[before].next);
        let is_it = |step: &usize| {
            let Step { literal, expected, .. } = &steps[*step];
            match expected {
                Expected::Part(_) => rest.starts_with(literal),
                Expected::End(_) => *rest == **literal,
            }
        };
        if let Some(step) = next.first().filter(|step| is_it(step)) {
            return Some(*step);
        }
        let place = next.iter().position(is_it)?;
        let next = self.next(before);
        next[..=place].rotate_right(1);
        Some(next[0])
    }

    fn next(&mut self, before: Option<usize>) -> &mut Vec<usize> {
        match before {
            None => &mut self.first,
            Some(before) => &mut self.steps[before].next,
        }
    }

    /// Learns the shape of a line that was read, from `start` to the end of the text, unless many are known.
    pub fn learn(&mut self, text: &str, start: usize, values: &[Value], swaps: Swaps) {
        let mut before = None;
        let mut at = start;
        for Value { token, part } in values {
            let Some(literal) = text.as_bytes().get(at..token.start) else { return };
            let Some(step) = self.learn_step(before, literal, Expected::Part(part.counted_from(at as u32))) else {
                return;
            };
            before = Some(step);
            at = token.end;
        }
        self.learn_step(before, &text.as_bytes()[at..], Expected::End(swaps));
    }

    fn learn_step(&mut self, before: Option<usize>, literal: &[u8], expected: Expected) -> Option<usize> {
        let is_end = |expected: &Expected| matches!(expected, Expected::End(_));
        let known = self.next(before).clone();
        let is_it = |step: &&usize| {
            let known = &self.steps[**step];
            *known.literal == *literal && is_end(&known.expected) == is_end(&expected)
        };
        if let Some(step) = known.iter().find(is_it) {
            return Some(*step);
        }
        if known.len() >= NEXT_MAX || self.steps.len() >= STEPS_MAX {
            return None;
        }
        let step = self.steps.len();
        self.steps.push(Step { literal: literal.into(), expected, next: Vec::new() });
        self.next(before).insert(0, step);
        Some(step)
    }

    /// Forgets all shapes when they have become many, so that others can be learnt.
    pub fn forget_many(&mut self) {
        if self.steps.len() >= STEPS_MAX {
            *self = Self::default();
        }
    }
}

impl Part {
    /// The same with the place of its name so much later.
    fn moved(self, by: u32) -> Self {
        match self {
            Self::Group(name) => Self::Group(name.moved(by)),
            Self::Property(name) => Self::Property(name.moved(by)),
            other => other,
        }
    }

    /// The same with the place of its name counted from there.
    fn counted_from(self, start: u32) -> Self {
        self.moved(start.wrapping_neg())
    }
}

impl Span {
    fn moved(self, by: u32) -> Self {
        Self { start: self.start.wrapping_add(by), end: self.end.wrapping_add(by) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ParsedLines, parse_line};
    use super::*;
    use crate::model::Line;
    use proptest::prelude::*;

    fn line() -> impl Strategy<Value = String> {
        let value = prop::sample::select(vec![
            r#""a""#, r#""""#, "1", "-0", "0.5", "1e2", "01", "true", "null", "[1]", r#""\n""#, "nul", "12x", r#""$""#,
        ]);
        let field = prop_oneof![
            value.clone().prop_map(|value| format!(r#""event":{value}"#)),
            value.clone().prop_map(|value| format!(r#""insert_id":{value}"#)),
            value.clone().prop_map(|value| format!(r#""timestamp":{value}"#)),
            Just(r#""timestamp":"2026-01-03T10:00:00.5+01:00""#.to_owned()),
            Just(r#""groups":{}"#.to_owned()),
            value.clone().prop_map(|value| format!(r#""groups":{{"t":"1","s":{value}}}"#)),
            Just(r#""properties": {}"#.to_owned()),
            (value.clone(), value.clone())
                .prop_map(|(first, second)| format!(r#""properties":{{"b":{first},"a" :{second}}}"#)),
            value.prop_map(|value| format!(r#""properties":{{"a":{value} , "ab":"x"}}"#)),
        ];
        let end = prop::sample::select(vec!["", " ", "}", ",", "x"]);
        (prop::collection::vec(field, 0..4), end).prop_map(|(fields, end)| {
            let fields: String = fields.iter().map(|field| format!(",{field}")).collect();
            format!(r#"{{"type":"track","distinct_id":"u","event":"e"{fields}}}{end}"#).replacen(
                r#","event":"e""#,
                if fields.contains("event") { "" } else { r#","event":"e""# },
                1,
            )
        })
    }

    proptest! {
        #[test]
        fn lines_of_known_shapes_are_read_as_any(texts in prop::collection::vec(line(), 1..60)) {
            let mut lines = ParsedLines::default();
            for text in texts.iter().chain(&texts) {
                lines.clear();
                let result = lines.push(text.as_bytes());
                let mut found: Vec<Line> = lines.iter().map(|line| line.to_line().unwrap()).collect();
                prop_assert_eq!(result.map(|()| found.remove(0)), parse_line(text.as_bytes()), "{}", text);
            }
        }
    }

    #[test]
    fn what_is_learnt_is_bounded_and_can_be_forgotten() {
        let mut lines = ParsedLines::default();
        let line = |name: usize| {
            format!(r#"{{"type":"track","distinct_id":"u","properties":{{"p{name}":1}},"event":"e{name}"}}"#)
        };
        for round in 0..3 {
            for name in 0..2 * STEPS_MAX {
                lines.push(line(name + round).as_bytes()).unwrap();
            }
            lines.clear();
        }
        lines.push(line(0).as_bytes()).unwrap();
        assert!(lines.iter().next().is_some());
    }
}
