//! Reads plain events, the lines that an import is made of, in one pass over their bytes: two to three bytes a
//! nanosecond, where parsing into a tree takes five times as long.
//!
//! A line is plain when it is a track() line in which everything is as it mostly is: no string has an escape, no
//! property is a list or an object, every name begins with a letter, a digit or one of a few signs, and nothing is
//! near a limit. Of any other line, right or wrong, nothing is said here: [`parse_line`](super::parse_line) judges it.

use super::field::{Field, FieldSet};
use super::last_minute::{LastMinute, TIME_BYTES};
use super::line::MEASURED_FROM;
use super::shape::{Shapes, Value};
use crate::model::limits::{
    EVENT_NAME_BYTES_MAX, GROUP_KEY_BYTES_MAX, GROUP_TYPE_BYTES_MAX, INSERT_ID_BYTES_MAX, USER_BYTES_MAX,
};
use crate::model::{Number, Timestamp, ValueRef};
use std::cmp::Ordering;
use std::ops::Range;

/// A place in a text of fewer than 2³² bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// The text there.
    pub fn of(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }

    /// The first eight bytes, the first highest, with zeros for those that it has not.
    fn head(self, text: &str) -> u64 {
        let length = self.end - self.start;
        match text.as_bytes()[self.start as usize..].first_chunk::<8>() {
            Some(eight) if length >= 8 => u64::from_be_bytes(*eight),
            Some(eight) if length > 0 => u64::from_be_bytes(*eight) & u64::MAX << (64 - 8 * length),
            _ => {
                let mut eight = [0; 8];
                eight.iter_mut().zip(self.of(text).bytes()).for_each(|(to, byte)| *to = byte);
                u64::from_be_bytes(eight)
            }
        }
    }
}

/// The name of a group type or of a property.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlainName {
    pub span: Span,
    /// What tells it from other names wherever it comes in a line of this shape; 0 where the shape is not known.
    pub symbol: u32,
}

impl PlainName {
    /// The same with its place so much later.
    #[inline]
    pub fn moved(self, by: u32) -> Self {
        let Span { start, end } = self.span;
        Self { span: Span { start: start.wrapping_add(by), end: end.wrapping_add(by) }, ..self }
    }

    /// A name in a line whose shape is not known.
    fn at(span: Span) -> Self {
        Self { span, symbol: 0 }
    }
}

/// A property's value, where strings are places.
#[derive(Clone, Copy, Debug)]
pub(super) enum PlainValue {
    Null,
    Bool(bool),
    Number(Number),
    String(Span),
}

impl PlainValue {
    /// The value in this text.
    pub fn of(self, text: &str) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Bool(value),
            Self::Number(number) => ValueRef::Number(number),
            Self::String(span) => ValueRef::String(span.of(text)),
        }
    }
}

/// An event as places in a text, and as ranges of lists that hold the groups and properties of many.
#[derive(Clone, Debug)]
pub(super) struct PlainEvent {
    pub user: Span,
    pub name: Span,
    pub time: Option<Timestamp>,
    pub insert_id: Option<Span>,
    pub groups: Range<usize>,
    pub properties: Range<usize>,
}

/// What a value of a plain event is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    User,
    Name,
    Time,
    InsertId,
    /// The key of the group type whose name stands there.
    Group(PlainName),
    /// The property whose name stands there.
    Property(PlainName),
}

/// An event that is being read, and the lists that take its groups and properties.
pub(super) struct Reading<'a> {
    groups: &'a mut Vec<(PlainName, Span)>,
    properties: &'a mut Vec<(PlainName, PlainValue)>,
    first_group: usize,
    first_property: usize,
    minute: &'a mut LastMinute,
    user: Option<Span>,
    name: Option<Span>,
    time: Option<Timestamp>,
    insert_id: Option<Span>,
}

impl<'a> Reading<'a> {
    pub fn new(
        groups: &'a mut Vec<(PlainName, Span)>,
        properties: &'a mut Vec<(PlainName, PlainValue)>,
        minute: &'a mut LastMinute,
    ) -> Self {
        let (first_group, first_property) = (groups.len(), properties.len());
        let (user, name, time, insert_id) = (None, None, None, None);
        Self { groups, properties, first_group, first_property, minute, user, name, time, insert_id }
    }

    /// Gives up what was read so far.
    pub fn begin(&mut self) {
        self.groups.truncate(self.first_group);
        self.properties.truncate(self.first_property);
        (self.user, self.name, self.time, self.insert_id) = (None, None, None, None);
    }

    /// Reads the next value, which is this. The place of the part's name, if it has one, is counted from `begin`.
    #[inline(always)]
    pub fn take(&mut self, part: Part, begin: u32, scanner: &mut Scanner<'_>) -> Option<()> {
        if scanner.next_byte()? == b'"' {
            self.take_string(part, begin, scanner)?;
            return scanner.closing_quote();
        }
        scanner.at -= 1;
        self.take_other(part, begin, scanner)
    }

    /// The same of a string, from behind its opening quote to where it must end: there is the closing quote, or something
    /// that is not plain.
    #[inline(always)]
    fn take_string(&mut self, part: Part, begin: u32, scanner: &mut Scanner<'_>) -> Option<()> {
        if let Part::Time = part {
            return self.take_time(scanner);
        }
        let span = scanner.string_to_end()?;
        let bytes = scanner.text.as_bytes();
        let name = |max: usize| is_name(span, bytes, max).then_some(span);
        match part {
            Part::Property(name) => self.properties.push((name.moved(begin), PlainValue::String(span))),
            Part::Group(group_type) => self.groups.push((group_type.moved(begin), name(GROUP_KEY_BYTES_MAX)?)),
            Part::User => self.user = Some(name(USER_BYTES_MAX)?),
            Part::Name => self.name = Some(name(EVENT_NAME_BYTES_MAX)?),
            Part::InsertId => self.insert_id = Some(name(INSERT_ID_BYTES_MAX)?),
            Part::Time => return None,
        }
        Some(())
    }

    /// The same of a time.
    #[inline]
    fn take_time(&mut self, scanner: &mut Scanner<'_>) -> Option<()> {
        let time = self.minute.read(scanner.text.as_bytes().get(scanner.at..)?);
        self.time = match time {
            Some(_) => {
                scanner.at += TIME_BYTES;
                time
            }
            None => Some(self.minute.parse(scanner.string_to_end()?.of(scanner.text))?),
        };
        Some(())
    }

    /// The same of a value that is no string.
    #[inline]
    fn take_other(&mut self, part: Part, begin: u32, scanner: &mut Scanner<'_>) -> Option<()> {
        match part {
            Part::Time => self.time = Some(Timestamp::from_millis(scanner.integer()?).ok()?),
            Part::Property(name) => self.properties.push((name.moved(begin), scanner.other_value()?)),
            Part::User | Part::Name | Part::InsertId | Part::Group(_) => return None,
        }
        Some(())
    }

    /// How groups and properties are put in order; `None` when a name comes twice.
    fn swaps(&self, text: &str) -> Option<Swaps> {
        let groups = swaps(&self.groups[self.first_group..], text)?;
        Some(Swaps { groups, properties: swaps(&self.properties[self.first_property..], text)? })
    }

    /// The event, with groups and properties in order after these swaps.
    pub fn end(&mut self, swaps: &Swaps) -> Option<PlainEvent> {
        let groups = &mut self.groups[self.first_group..];
        swaps.groups.iter().for_each(|(one, other)| groups.swap(*one, *other));
        let properties = &mut self.properties[self.first_property..];
        swaps.properties.iter().for_each(|(one, other)| properties.swap(*one, *other));
        Some(PlainEvent {
            user: self.user?,
            name: self.name?,
            time: self.time,
            insert_id: self.insert_id,
            groups: self.first_group..self.groups.len(),
            properties: self.first_property..self.properties.len(),
        })
    }
}

/// Places to be swapped, one pair after the other, so that what is there comes in order of name.
#[derive(Debug, Default)]
pub(super) struct Swaps {
    groups: Vec<(usize, usize)>,
    properties: Vec<(usize, usize)>,
}

fn swaps<T>(fields: &[(PlainName, T)], text: &str) -> Option<Vec<(usize, usize)>> {
    let by_name = |a: &usize, b: &usize| order(fields[*a].0.span, fields[*b].0.span, text);
    let mut sorted: Vec<usize> = (0..fields.len()).collect();
    sorted.sort_unstable_by(by_name);
    if !sorted.windows(2).all(|pair| by_name(&pair[0], &pair[1]).is_lt()) {
        return None;
    }
    let mut there: Vec<usize> = (0..fields.len()).collect();
    let mut swaps = Vec::new();
    for (place, wanted) in sorted.into_iter().enumerate() {
        let other = there.iter().position(|field| *field == wanted)?;
        if other != place {
            there.swap(place, other);
            swaps.push((place, other));
        }
    }
    Some(swaps)
}

/// Reads the line that the text is from `start` on, if it is a plain event. Groups and properties are added to the lists,
/// sorted; when the answer is `None`, there may be some that belong to nothing.
pub(super) fn scan(
    text: &str,
    start: usize,
    shapes: &mut Shapes,
    minute: &mut LastMinute,
    groups: &mut Vec<(PlainName, Span)>,
    properties: &mut Vec<(PlainName, PlainValue)>,
) -> Option<PlainEvent> {
    if text.len() - start >= MEASURED_FROM || u32::try_from(text.len()).is_err() {
        return None;
    }
    let mut reading = Reading::new(groups, properties, minute);
    if let Some(event) = shapes.read(text, start, &mut reading) {
        return Some(event);
    }
    reading.begin();
    let mut values = Vec::new();
    read_any(text, start, &mut reading, &mut values)?;
    let swaps = reading.swaps(text)?;
    let event = reading.end(&swaps)?;
    shapes.learn(text, start, &values, swaps);
    Some(event)
}

/// Reads a line of any shape, and tells where its values stand.
fn read_any(text: &str, start: usize, reading: &mut Reading<'_>, values: &mut Vec<Value>) -> Option<()> {
    let mut scanner = Scanner::new(text, start);
    let (mut present, mut is_track) = (FieldSet::default(), false);
    let mut take = |part: Part, scanner: &mut Scanner<'_>| {
        let start = scanner.at;
        reading.take(part, 0, scanner)?;
        values.push(Value { token: start..scanner.at, part });
        Some(())
    };
    scanner.object(|scanner, key| {
        let field = Field::from_name(key.of(text))?;
        if !present.insert(field) {
            return None;
        }
        match field {
            Field::Type => {
                is_track = scanner.string()?.of(text) == "track";
                Some(())
            }
            Field::DistinctId => take(Part::User, scanner),
            Field::Event => take(Part::Name, scanner),
            Field::Timestamp => take(Part::Time, scanner),
            Field::InsertId => take(Part::InsertId, scanner),
            Field::Groups => scanner.object(|scanner, group_type| {
                is_name(group_type, text.as_bytes(), GROUP_TYPE_BYTES_MAX).then_some(())?;
                take(Part::Group(PlainName::at(group_type)), scanner)
            }),
            Field::Properties => scanner.object(|scanner, name| take(Part::Property(PlainName::at(name)), scanner)),
            _ => None,
        }
    })?;
    (scanner.next_byte().is_none() && is_track).then_some(())
}

/// The order of two names, told by the first eight bytes where they differ.
fn order(a: Span, b: Span, text: &str) -> Ordering {
    a.head(text).cmp(&b.head(text)).then_with(|| a.of(text).cmp(b.of(text)))
}

/// The bytes that names may begin with for sure.
const NAME_BEGINS: [bool; 256] = {
    let mut begins = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        begins[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-' | b'/' | b'@');
        byte += 1;
    }
    begins
};

/// Whether this is a name of any kind for sure: not blank, not `*`, and no longer than it may be. An empty one has the
/// quote behind it where it would begin.
#[inline]
fn is_name(span: Span, text: &[u8], max: usize) -> bool {
    let first = text.get(span.start as usize).copied().unwrap_or(0);
    NAME_BEGINS[usize::from(first)] && (span.end - span.start) as usize <= max
}

/// Eight bytes that are all this one.
const fn eight(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of bytes that end a plain string or must not be in it: quotes, backslashes, control characters. The
/// lowest bit that is set is right; those above may be set by a borrow.
const fn ends(bytes: u64) -> u64 {
    let quotes = bytes ^ eight(b'"');
    let escapes = bytes ^ eight(b'\\');
    let quotes = quotes.wrapping_sub(eight(1)) & !quotes;
    let escapes = escapes.wrapping_sub(eight(1)) & !escapes;
    let controls = bytes.wrapping_sub(eight(b' ')) & !bytes;
    (quotes | escapes | controls) & eight(0x80)
}

/// Reads a text from a place on.
pub(super) struct Scanner<'a> {
    text: &'a str,
    /// The next byte.
    pub at: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// The next byte that is no white space; it is passed.
    fn next_byte(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            let byte = *bytes.get(self.at)?;
            self.at += 1;
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next_byte()? == byte).then_some(())
    }

    /// An object; `value` reads the value of a key.
    fn object(&mut self, mut value: impl FnMut(&mut Self, Span) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        match self.next_byte()? {
            b'}' => return Some(()),
            b'"' => {}
            _ => return None,
        }
        loop {
            let key = self.rest_of_string()?;
            self.expect(b':')?;
            value(self, key)?;
            match self.next_byte()? {
                b',' => self.expect(b'"')?,
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<Span> {
        self.expect(b'"')?;
        self.rest_of_string()
    }

    /// What follows an opening quote, up to the closing one, which is passed.
    fn rest_of_string(&mut self) -> Option<Span> {
        let span = self.string_to_end()?;
        self.closing_quote()?;
        Some(span)
    }

    fn closing_quote(&mut self) -> Option<()> {
        let is_there = self.text.as_bytes().get(self.at) == Some(&b'"');
        self.at += 1;
        is_there.then_some(())
    }

    /// What follows an opening quote, up to the closing one or something that is not plain, eight bytes at a time.
    #[inline]
    fn string_to_end(&mut self) -> Option<Span> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut end = start;
        loop {
            let Some(eight) = bytes.get(end..).and_then(|rest| rest.first_chunk::<8>()) else {
                end += bytes.get(end..)?.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
                break;
            };
            let found = ends(u64::from_le_bytes(*eight));
            if found != 0 {
                end += (found.trailing_zeros() / 8) as usize;
                break;
            }
            end += 8;
        }
        self.at = end;
        Some(Span { start: start as u32, end: end as u32 })
    }

    /// A value that is no string.
    #[inline]
    fn other_value(&mut self) -> Option<PlainValue> {
        match self.text.as_bytes().get(self.at)? {
            b't' => self.word("true", PlainValue::Bool(true)),
            b'f' => self.word("false", PlainValue::Bool(false)),
            b'n' => self.word("null", PlainValue::Null),
            _ => self.number().map(PlainValue::Number),
        }
    }

    fn word(&mut self, word: &str, value: PlainValue) -> Option<PlainValue> {
        let found = self.text.as_bytes().get(self.at..self.at + word.len())?;
        self.at += word.len();
        (found == word.as_bytes()).then_some(value)
    }

    /// A number that is written without a fraction.
    fn integer(&mut self) -> Option<i64> {
        let start = self.at;
        let number = self.number()?;
        let is_whole = !self.text[start..self.at].contains('.') && self.text[start..self.at] != *"-0";
        match number {
            Number::Integer(integer) if is_whole => Some(integer),
            _ => None,
        }
    }

    /// A number. What is not written as JSON wants it, has an exponent, or may need more than 64 bits, is not plain.
    fn number(&mut self) -> Option<Number> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let is_negative = *bytes.get(start)? == b'-';
        let first = start + usize::from(is_negative);
        let (mut integer, mut at) = (0i64, first);
        while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
            // What wraps has more digits than are taken.
            integer = integer.wrapping_mul(10).wrapping_add(i64::from(digit));
            at += 1;
        }
        self.at = at;
        let count = at - first;
        // Eighteen digits fit 64 bits with their sign.
        if count == 0 || count > 18 || count > 1 && bytes[first] == b'0' {
            return None;
        }
        let is_fraction = bytes.get(self.at) == Some(&b'.');
        if is_fraction {
            self.at += 1;
            let digits = bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            self.at += digits;
            if digits == 0 {
                return None;
            }
        }
        match bytes.get(self.at) {
            Some(b'e' | b'E') => None,
            // A double, as the sign of zero is one.
            _ if is_fraction || is_negative && integer == 0 => {
                Number::from_f64(self.text[start..self.at].parse().ok()?)
            }
            _ => Some(Number::Integer(if is_negative { -integer } else { integer })),
        }
    }
}
