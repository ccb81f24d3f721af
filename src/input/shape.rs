//! The shapes that plain events come in: what stands before, between and after their values. Most lines have the shape
//! of a line before them, so that what stands between values is compared, and only the values are read.
//!
//! Shapes are a tree: a step is what stands before a value, and what the value is; a way from the root to an end is a
//! line that was read as a plain event. A line that goes such a way differs from that one in its values alone, and each
//! of these is read as [`super::plain`] reads it, so that the answer is the same.

use super::plain::{Part, PlainEvent, PlainName, Reading, Scanner, Swaps};
use std::ops::Range;

/// So many steps are known at most, of lines that come in any shape.
const STEPS_MAX: usize = 1024;
/// So many steps may follow one.
const NEXT_MAX: usize = 16;

/// A value of a line that was read, and where it stands.
pub(super) struct Value {
    /// Where it begins and ends, quotes and white space before it included.
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
    /// The steps that came after it.
    next: Vec<Next>,
}

/// A step that came after another, with what mostly suffices to tell it from those beside it.
#[derive(Clone, Copy, Debug)]
struct Next {
    step: u32,
    /// The length of its literal in bytes.
    length: u32,
    /// The first and the last sixteen bytes of it, or of fewer than sixteen the first and the last eight.
    first: [u8; 16],
    last: [u8; 16],
    is_end: bool,
    /// How often it came.
    count: u64,
}

impl Next {
    fn of(step: usize, literal: &[u8], is_end: bool) -> Self {
        let (mut first, mut last) = ([0; 16], [0; 16]);
        if let Some((head, tail)) = literal.first_chunk::<16>().zip(literal.last_chunk::<16>()) {
            (first, last) = (*head, *tail);
        } else if let Some((head, tail)) = literal.first_chunk::<8>().zip(literal.last_chunk::<8>()) {
            first[..8].copy_from_slice(head);
            last[..8].copy_from_slice(tail);
        }
        Self { step: step as u32, length: literal.len() as u32, first, last, is_end, count: 0 }
    }

    /// Whether the rest of a line begins with the step.
    #[inline]
    fn begins(&self, rest: &[u8], steps: &[Step]) -> bool {
        let Some(begin) = rest.get(..self.length as usize) else { return false };
        self.has_ends(begin)
            && (!self.is_end || begin.len() == rest.len())
            && ((8..=32).contains(&begin.len()) || *begin == *steps[self.step as usize].literal)
    }

    /// Whether bytes, as many as the literal has, begin and end as it does: all of 8 to 32 are compared. Each as it lies
    /// there, as putting words together to compare them at once waits for them to be written.
    #[inline]
    fn has_ends(&self, bytes: &[u8]) -> bool {
        if let Some((first, last)) = bytes.first_chunk::<16>().zip(bytes.last_chunk::<16>()) {
            return *first == self.first && *last == self.last;
        }
        let ends = bytes.first_chunk::<8>().zip(bytes.last_chunk::<8>());
        ends.is_none_or(|(first, last)| *first == self.first[..8] && *last == self.last[..8])
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Shapes {
    /// The first is none, and stands before those that lines begin with.
    steps: Vec<Step>,
}

impl Default for Shapes {
    fn default() -> Self {
        let none = Step { literal: Box::default(), expected: Expected::Part(Part::User), next: Vec::new() };
        Self { steps: vec![none] }
    }
}

impl Shapes {
    /// Reads the line that the text is from `start` on, if it has a shape that is known. When it has not, there may be
    /// groups and properties in the lists that belong to nothing.
    pub fn read(&mut self, text: &str, start: usize, reading: &mut Reading<'_>) -> Option<PlainEvent> {
        let mut scanner = Scanner::new(text, start);
        reading.begin();
        let mut step = 0;
        loop {
            step = self.find(step, text.as_bytes().get(scanner.at..)?)?;
            let Step { literal, expected, .. } = &self.steps[step];
            let begin = scanner.at as u32;
            scanner.at += literal.len();
            match expected {
                Expected::Part(part) => reading.take(*part, begin, &mut scanner)?,
                Expected::End(swaps) => return reading.end(swaps),
            }
        }
    }

    /// The step after one that the rest of a line begins with. Those that come most often are looked at first.
    #[inline]
    fn find(&mut self, before: usize, rest: &[u8]) -> Option<usize> {
        let place = self.steps[before].next.iter().position(|next| next.begins(rest, &self.steps))?;
        let next = &mut self.steps[before].next;
        next[place].count += 1;
        let step = next[place].step as usize;
        if place > 0 && next[place].count > next[place - 1].count {
            next.swap(place - 1, place);
        }
        Some(step)
    }

    /// Learns the shape of a line that was read, from `start` to the end of the text, unless many are known.
    pub fn learn(&mut self, text: &str, start: usize, values: &[Value], swaps: Swaps) {
        let mut before = 0;
        let mut at = start;
        let bytes = text.as_bytes();
        for Value { token, part } in values {
            let Some(literal) = bytes.get(at..token.start) else { return };
            let expected = Expected::Part(part.counted_from(at as u32));
            let Some(step) = self.learn_step(before, literal, expected) else { return };
            before = step;
            at = token.end;
        }
        self.learn_step(before, &bytes[at..], Expected::End(swaps));
    }

    fn learn_step(&mut self, before: usize, literal: &[u8], expected: Expected) -> Option<usize> {
        let step = self.steps.len();
        let (is_end, expected) = match expected {
            Expected::Part(part) => (false, Expected::Part(part.named_by(step))),
            end @ Expected::End(_) => (true, end),
        };
        let known = &self.steps[before].next;
        let is_it = |next: &&Next| *self.steps[next.step as usize].literal == *literal && next.is_end == is_end;
        if let Some(next) = known.iter().find(is_it) {
            return Some(next.step as usize);
        }
        if known.len() >= NEXT_MAX || self.steps.len() >= STEPS_MAX {
            return None;
        }
        self.steps.push(Step { literal: literal.into(), expected, next: Vec::new() });
        self.steps[before].next.push(Next::of(step, literal, is_end));
        Some(step)
    }

    /// Symbols of names are less than this.
    pub fn symbols_end(&self) -> usize {
        self.steps.len()
    }

    /// Forgets all shapes when they have become many, so that others can be learnt.
    pub fn forget_many(&mut self) {
        if self.steps.len() >= STEPS_MAX {
            *self = Self::default();
        }
    }
}

impl Part {
    /// The same with its name, if it has one, changed.
    #[inline]
    fn map_name(self, change: impl FnOnce(PlainName) -> PlainName) -> Self {
        match self {
            Self::Group(name) => Self::Group(change(name)),
            Self::Property(name) => Self::Property(change(name)),
            other => other,
        }
    }

    /// The same with the place of its name counted from there.
    fn counted_from(self, start: u32) -> Self {
        self.map_name(|name| name.moved(start.wrapping_neg()))
    }

    /// The same with a symbol for its name, which is always the same in this step.
    fn named_by(self, step: usize) -> Self {
        self.map_name(|name| PlainName { symbol: step as u32, ..name })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ParsedLines, parse_line};
    use super::*;
    use crate::model::Line;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

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
            for text in &texts {
                let _ = lines.push(text.as_bytes());
            }
            let mut names = BTreeMap::new();
            for event in lines.plain() {
                let groups = event.groups().map(|(name, _)| (true, name));
                for (is_group, name) in groups.chain(event.properties().map(|(name, _)| (false, name))) {
                    let Some(symbol) = name.symbol() else { continue };
                    prop_assert!(symbol < lines.symbols_end());
                    let known = names.entry(symbol).or_insert((is_group, name.text()));
                    prop_assert_eq!(*known, (is_group, name.text()));
                }
            }
            for text in texts.iter().chain(&texts) {
                lines.clear();
                let result = lines.push(text.as_bytes());
                let mut found: Vec<Line> = lines.iter().map(|line| line.to_line().unwrap()).collect();
                prop_assert_eq!(result.map(|()| found.remove(0)), parse_line(text.as_bytes()), "{}", text);
            }
        }
    }

    /// The symbols of properties of the last of these, each line after those before.
    fn symbols(texts: &[&str]) -> Vec<Option<usize>> {
        let mut lines = ParsedLines::default();
        texts.iter().for_each(|text| lines.push(text.as_bytes()).unwrap());
        lines.plain().last().unwrap().properties().map(|(name, _)| name.symbol()).collect()
    }

    #[test]
    fn a_shape_is_known_whatever_its_values_are() {
        let line = |properties: &str| {
            format!(r#"{{"type":"track","distinct_id":"u","event":"e","properties":{{{properties}}}}}"#)
        };
        let [text, null, other] = [r#""r":"x","a":1"#, r#""r":null,"a":1"#, r#""r":"y","b":"z""#].map(line);
        assert_eq!(symbols(&[&other]), [None, None], "a new shape");
        let found = symbols(&[&text, &null, &other, &other]);
        assert!(found.iter().all(Option::is_some), "{found:?}");
        assert_ne!(found[0], found[1]);
    }

    #[test]
    fn properties_that_are_text_or_null_or_numbers_do_not_make_more_shapes() {
        let line = |bits: u32| {
            let value = |place: u32| ["null", "\"x\"", "-1"][(bits >> place) as usize % 3];
            let properties: Vec<String> = (0..12).map(|place| format!(r#""p{place:02}": {}"#, value(place))).collect();
            format!(r#"{{"type":"track","distinct_id":"u","event":"e","properties":{{{}}}}}"#, properties.join(","))
        };
        let lines: Vec<String> = (0..4096).map(line).collect();
        let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert!(symbols(&texts).iter().all(Option::is_some));
        let mut parsed = ParsedLines::default();
        texts.iter().for_each(|text| parsed.push(text.as_bytes()).unwrap());
        assert!(parsed.symbols_end() < 20, "{}", parsed.symbols_end());
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
