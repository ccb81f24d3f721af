//! Lines of a chunk, parsed. Most of them are plain events, which stay where they are in the chunk's text: they are
//! told apart and checked, and nothing of them is copied or allocated.

use super::last_minute::LastMinute;
use super::plain::{self, PlainEvent, PlainName, PlainValue, Span};
use super::shape::Shapes;
use super::{Refusal, parse_line};
use crate::model::{Event, EventName, GroupKey, GroupType, InsertId, Line, NameError, Timestamp, UserName, ValueRef};
use std::ops::Range;

/// See the module. The text has fewer than 2³² bytes.
#[derive(Debug, Default)]
pub struct ParsedLines {
    text: String,
    events: Vec<PlainEvent>,
    groups: Vec<(PlainName, Span)>,
    properties: Vec<(PlainName, PlainValue)>,
    others: Vec<Line>,
    /// What the lines before were like, those taken out too.
    shapes: Shapes,
    minute: LastMinute,
    /// Of each line, whether it is a plain event or one of the others.
    is_plain: Vec<bool>,
    ahead: Ahead,
}

/// Lines of a stream that lie in the text already, where they can be read without being copied one by one.
#[derive(Debug, Default)]
struct Ahead {
    /// The offset in the stream of the first of them.
    offset: u64,
    /// Where they are, line breaks included.
    place: Range<usize>,
    /// Up to this offset the stream is not to be laid out, as there is something that is no text.
    not_before: u64,
}

/// One line of [`ParsedLines`].
#[derive(Clone, Copy, Debug)]
pub enum ParsedLine<'a> {
    /// An event whose strings have no escapes and whose properties are no lists or objects.
    Plain(EventRef<'a>),
    /// Any other line.
    Other(&'a Line),
}

/// A plain event in the text of its chunk.
#[derive(Clone, Copy, Debug)]
pub struct EventRef<'a> {
    lines: &'a ParsedLines,
    event: &'a PlainEvent,
}

/// The name of a group type or of a property of a plain event.
#[derive(Clone, Copy, Debug)]
pub struct NameRef<'a> {
    text: &'a str,
    name: PlainName,
}

impl<'a> NameRef<'a> {
    /// The name.
    #[inline]
    pub fn text(self) -> &'a str {
        self.name.span.of(self.text)
    }

    /// A number that names of the lines that were parsed together share only where they are the same, and mean the
    /// same: both group types or both properties. A name may have several, or none.
    #[inline]
    pub fn symbol(self) -> Option<usize> {
        (self.name.symbol > 0).then_some(self.name.symbol as usize)
    }
}

/// So many bytes of a stream are laid out at once. They are still in the processor's cache when they are read, and what
/// does not belong to these lines any more is laid out anew with the next.
const AHEAD_BYTES: usize = 64 << 10;

/// Lines of more bytes leave no room behind.
const ROOM_BYTES_MAX: usize = 8 << 20;

impl ParsedLines {
    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.is_plain.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.is_plain.is_empty()
    }

    /// Takes all lines out and keeps the room for others, unless that is much.
    pub fn clear(&mut self) {
        if self.text.capacity() > ROOM_BYTES_MAX {
            *self = Self::default();
        }
        self.text.clear();
        self.events.clear();
        self.groups.clear();
        self.properties.clear();
        self.others.clear();
        self.is_plain.clear();
        self.shapes.forget_many();
        self.ahead = Ahead::default();
    }

    /// Adds the lines that a stream has from an offset on, where its next bytes are these, as long as they end and are plain
    /// events: at most so many, and no more once they have so many bytes. Answers how many lines and bytes were added.
    pub(super) fn push_plain(&mut self, offset: u64, bytes: &[u8], lines_max: usize, bytes_max: u64) -> (usize, usize) {
        let (mut count, mut passed) = (0, 0);
        let is_full = |count: usize, passed: usize| count >= lines_max || passed as u64 >= bytes_max;
        while !is_full(count, passed) && self.lay_out(offset + passed as u64, &bytes[passed..]) {
            let Self { text, shapes, minute, groups, properties, .. } = self;
            let (first, mut start) = (self.ahead.place.start, self.ahead.place.start);
            for length in memchr::memchr_iter(b'\n', &text.as_bytes()[self.ahead.place.clone()]) {
                let (known_groups, known_properties) = (groups.len(), properties.len());
                let line_break = first + length;
                let Some(event) = plain::scan(&text[..line_break], start, shapes, minute, groups, properties) else {
                    groups.truncate(known_groups);
                    properties.truncate(known_properties);
                    return (count, passed);
                };
                self.events.push(event);
                self.is_plain.push(true);
                count += 1;
                passed += line_break + 1 - start;
                start = line_break + 1;
                if is_full(count, passed) {
                    break;
                }
            }
        }
        (count, passed)
    }

    /// Has the lines ahead begin at an offset of the stream, whose next bytes are these; answers whether there are any.
    fn lay_out(&mut self, offset: u64, bytes: &[u8]) -> bool {
        let Ahead { offset: before, place, not_before } = &mut self.ahead;
        if let Some(passed) = offset.checked_sub(*before).filter(|passed| *passed < place.len() as u64) {
            (*before, place.start) = (offset, place.start + passed as usize);
            return true;
        }
        if offset < *not_before {
            return false;
        }
        let bytes = &bytes[..bytes.len().min(AHEAD_BYTES)];
        let Some(last) = memchr::memrchr(b'\n', bytes) else { return false };
        let Ok(lines) = simdutf8::basic::from_utf8(&bytes[..=last]) else {
            *not_before = offset + last as u64 + 1;
            return false;
        };
        let start = self.text.len();
        self.text.push_str(lines);
        (*before, *place) = (offset, start..self.text.len());
        true
    }

    /// Parses a line and adds it.
    ///
    /// # Errors
    /// As [`parse_line`]; then it is not added.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if let Ok(line) = simdutf8::basic::from_utf8(bytes) {
            let (start, groups, properties) = (self.text.len(), self.groups.len(), self.properties.len());
            self.text.push_str(line);
            let Self { text, shapes, minute, .. } = self;
            if let Some(event) = plain::scan(text, start, shapes, minute, &mut self.groups, &mut self.properties) {
                self.events.push(event);
                self.is_plain.push(true);
                return Ok(());
            }
            self.text.truncate(start);
            self.groups.truncate(groups);
            self.properties.truncate(properties);
        }
        self.others.push(parse_line(bytes)?);
        self.is_plain.push(false);
        Ok(())
    }

    /// Symbols of names, in [`EventRef::groups`] and [`EventRef::properties`], are less than this.
    pub fn symbols_end(&self) -> usize {
        self.shapes.symbols_end()
    }

    /// The plain events, in order.
    pub fn plain(&self) -> impl Iterator<Item = EventRef<'_>> {
        self.events.iter().map(|event| EventRef { lines: self, event })
    }

    /// The lines, in order.
    pub fn iter(&self) -> impl Iterator<Item = ParsedLine<'_>> {
        let (mut events, mut others) = (self.plain(), self.others.iter());
        self.is_plain.iter().filter_map(move |is_plain| match is_plain {
            true => events.next().map(ParsedLine::Plain),
            false => others.next().map(ParsedLine::Other),
        })
    }
}

impl ParsedLine<'_> {
    /// The line as the model knows it.
    ///
    /// # Errors
    /// Never for what was parsed: names were checked then.
    pub fn to_line(self) -> Result<Line, NameError> {
        match self {
            Self::Plain(event) => event.to_event().map(Line::Track),
            Self::Other(line) => Ok(line.clone()),
        }
    }
}

impl<'a> EventRef<'a> {
    fn text(self, span: Span) -> &'a str {
        span.of(&self.lines.text)
    }

    /// Who did it.
    pub fn user(self) -> &'a str {
        self.text(self.event.user)
    }

    /// What was done.
    pub fn name(self) -> &'a str {
        self.text(self.event.name)
    }

    /// When; `None` is the time of arrival.
    pub fn time(self) -> Option<Timestamp> {
        self.event.time
    }

    /// By which a repeated event is recognised.
    pub fn insert_id(self) -> Option<&'a str> {
        self.event.insert_id.map(|id| self.text(id))
    }

    /// Group types and keys, in order of type.
    pub fn groups(self) -> impl Iterator<Item = (NameRef<'a>, &'a str)> + Clone {
        let groups = &self.lines.groups[self.event.groups.clone()];
        groups.iter().map(move |(group_type, key)| (self.name_ref(*group_type), self.text(*key)))
    }

    /// Properties, in order of name.
    pub fn properties(self) -> impl ExactSizeIterator<Item = (NameRef<'a>, ValueRef<'a>)> {
        let properties = &self.lines.properties[self.event.properties.clone()];
        properties.iter().map(move |(name, value)| (self.name_ref(*name), value.of(&self.lines.text)))
    }

    fn name_ref(self, name: PlainName) -> NameRef<'a> {
        NameRef { text: &self.lines.text, name }
    }

    fn to_event(self) -> Result<Event, NameError> {
        Ok(Event {
            user: UserName::new(self.user())?,
            name: EventName::new(self.name())?,
            time: self.time(),
            insert_id: self.insert_id().map(InsertId::new).transpose()?,
            groups: self
                .groups()
                .map(|(group_type, key)| Ok((GroupType::new(group_type.text())?, GroupKey::new(key)?)))
                .collect::<Result<_, NameError>>()?,
            properties: self.properties().map(|(name, value)| (name.text().to_owned(), value.to_value())).collect(),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::line::MEASURED_FROM;
    use super::super::reader::tests::Pieces;
    use super::super::{LINE_BYTES_MAX_DEFAULT, LineReader};
    use super::*;
    use proptest::prelude::*;

    /// Lines parsed together are what they are alone; answers whether this one is plain.
    #[track_caller]
    pub fn check_same(bytes: &[u8]) -> bool {
        let mut lines = ParsedLines::default();
        let neighbour = br#"{"type":"track","distinct_id":"u","event":"e","groups":{"t":"k"},"properties":{"p":"v"}}"#;
        lines.push(neighbour).unwrap();
        let result = lines.push(bytes);
        lines.push(neighbour).unwrap();
        let mut found: Vec<Line> = lines.iter().map(|line| line.to_line().unwrap()).collect();
        assert_eq!(found.len(), lines.len());
        let is_plain = lines.is_plain[1];
        for line in [found.pop(), Some(found.remove(0))] {
            assert_eq!(line, parse_line(neighbour).ok());
        }
        assert_eq!(result.map(|()| found.remove(0)), parse_line(bytes));
        is_plain && lines.len() == 3
    }

    #[test]
    fn what_most_lines_are_is_plain() {
        for line in [
            r#"{"type":"track","distinct_id":"u","event":"e"}"#,
            r#" { "properties" : {"b": 1, "a" : "é\u0022"} , "event":"e" , "distinct_id":"$u", "type" : "track"}"#,
            r#"{"type":"track","distinct_id":"u","event":"e","timestamp":1767434400123,"insert_id":"i","groups":{}}"#,
            r#"{"type":"track","distinct_id":"u","event":"e","groups":{"b":"1","a":"2"},"properties":{"x":""}}"#,
            r#"{"type":"track","distinct_id":"u","event":"e","timestamp":"2026-01-03T10:00:00.5+01:00"}"#,
            r#"{"type":"track","distinct_id":"u","event":"e","properties":{"":true,"f":false,"n":null,"d":-0.5}}"#,
            r#"{"type":"track","distinct_id":"u","event":"e","properties":{"z":0,"m":-1,"l":999999999999999999}}"#,
            r#"{"type":"track","distinct_id":"u","event":"e","properties":{"a":0.1,"b":1.0,"c":123456789.125}}"#,
        ] {
            assert!(check_same(line.replace("\\u0022", "").as_bytes()), "{line}");
        }
    }

    #[test]
    fn a_first_time_with_control_characters_is_refused() {
        let time = format!("{}05.000000Z", "\0".repeat(17));
        let line = format!(r#"{{"type":"track","distinct_id":"u","event":"e","timestamp":"{time}"}}"#);
        assert_eq!(ParsedLines::default().push(line.as_bytes()), parse_line(line.as_bytes()).map(drop));
        assert!(parse_line(line.as_bytes()).is_err());
    }

    #[test]
    fn numbers_and_strings_are_read_as_anywhere() {
        for value in [
            "-0",
            "-0.0",
            "00",
            "01",
            "-01",
            "1.",
            ".5",
            "-",
            "-.5",
            "+1",
            "1e3",
            "1E-3",
            "1.5e",
            "1.5e2",
            "1_0",
            "1234567890123456789",
            "-9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "1e999",
            "0.1e1",
            "0.30000000000000004",
            "123456789012345678.123456789",
            "179769313486231570000.0",
            "0.000001",
            "tru",
            "trueish",
            "nul",
            "True",
            "NaN",
            "\"",
            "\"a",
            "\"a\\",
            "\"a\\\"\"",
            "\"\\ud800\"",
            "\"tab\tin\"",
            "\"\u{7f}\u{80}é😀\"",
            "\"eight by\"",
            "\"eight bytes and more than \u{1}\"",
            "\"!!!!!!!!#########~~~\"",
            "[]",
            "{}",
            "[1",
            "\"x\"}}",
            "\"x\"}} ",
            "\"x\"} }\r",
            "\"x\"},\"properties\":{}}",
            "1,\"p\":2",
            "1,",
            "1,}",
        ] {
            check_same(
                format!(r#"{{"type":"track","distinct_id":"u","event":"e","properties":{{"p":{value}"#).as_bytes(),
            );
            let line = format!(r#"{{"type":"track","distinct_id":"u","event":"e","properties":{{"p":{value}}}}}"#);
            check_same(line.as_bytes());
            check_same(format!(r#"{{"type":"track","distinct_id":{value},"event":"e"}}"#).as_bytes());
            check_same(format!(r#"{{"type":"track","distinct_id":"u","event":"e","timestamp":{value}}}"#).as_bytes());
            check_same(
                format!(r#"{{"type":"track","distinct_id":"u","event":"e","groups":{{"t":{value}}}}}"#).as_bytes(),
            );
        }
    }

    /// What lines are and where they end, when so many plain ones are passed at once; all one by one where it is none.
    fn parsed(bytes: &[u8], lengths: Vec<usize>, max: usize, at_once: Option<(usize, u64)>) -> Vec<String> {
        let mut reader = LineReader::with_line_bytes_max(Pieces { bytes, lengths, turn: 0 }, max);
        let mut lines = ParsedLines::default();
        let mut found = Vec::new();
        loop {
            let (lines_max, bytes_max) = at_once.unwrap_or_default();
            let (count, passed) = reader.pass_plain(&mut lines, lines_max, bytes_max);
            assert!(count <= lines_max && (count > 0) == (passed > 0));
            assert!(passed == 0 || (passed as u64) < bytes_max.saturating_add(max as u64 + 2));
            let (number, end) = (reader.lines_passed(), reader.last_line_end());
            let Some(line) = reader.next_line().unwrap() else {
                assert_eq!(reader.digest_at_last_line_end(), blake3::hash(bytes));
                found.push(format!("{number} {end}"));
                return found.into_iter().chain(lines.iter().map(|line| format!("{:?}", line.to_line()))).collect();
            };
            assert_eq!((number + 1, end), (line.number, line.start));
            let result = line.parse_into(&mut lines);
            if !matches!(result, Some(Ok(()))) {
                found.push(format!("{number} {end} {result:?}"));
            }
        }
    }

    fn any_line() -> impl Strategy<Value = String> {
        let event = |user: &str, text: &str| {
            format!(r#"{{"type":"track","distinct_id":"{user}","event":"e","properties":{{"é":"{text}"}}}}"#)
        };
        prop_oneof![
            20 => (0u8..9).prop_map(move |number| event("u", &number.to_string())),
            2 => Just(event(r"\u0041", "")),
            2 => Just(r#"{"type":"identify","distinct_id":"u"}"#.to_owned()),
            4 => prop::sample::select(vec!["", " \t", "{}", "\u{feff}", "no\u{0}text"]).prop_map(str::to_owned),
            1 => prop::sample::select(vec![70_000, MEASURED_FROM]).prop_map(move |length| event("u", &"x".repeat(length))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn plain_lines_that_are_passed_at_once_are_what_they_are_alone(
            lines in prop::collection::vec(any_line(), 0..30),
            times in prop::sample::select(vec![1, 1, 1, 40]),
            line_break in prop::sample::select(vec!["\n", "\r\n", "\n\n"]),
            is_ended: bool,
            is_text: bool,
            mut lengths in prop::collection::vec(prop_oneof![4 => 0usize..400, 1 => Just(1 << 20)], 1..6),
            at_once in (0usize..9, 0u64..400),
            max in prop::sample::select(vec![60, MEASURED_FROM, LINE_BYTES_MAX_DEFAULT]),
        ) {
            lengths.push(100);
            let mut bytes = vec![lines.join(line_break); times].join(line_break).into_bytes();
            bytes.extend_from_slice(if is_ended { line_break.as_bytes() } else { b"" });
            if !is_text {
                bytes.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = 0xff);
            }
            let alone = parsed(&bytes, lengths.clone(), max, None);
            prop_assert!(parsed(&bytes, lengths.clone(), max, Some(at_once)) == alone);
            prop_assert!(parsed(&bytes, lengths, max, Some((usize::MAX, u64::MAX))) == alone);
        }
    }
}
