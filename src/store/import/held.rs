//! Lines held as text until all of them are known to be good: parsed ones take many times the room.

use crate::input::{ParsedLine, parse_line, write_line};
use crate::model::Line;

/// The lines of a strict import so far.
#[derive(Debug, Default)]
pub(super) struct HeldLines {
    text: String,
    ends: Vec<usize>,
    numbers: Vec<u64>,
}

impl HeldLines {
    /// Adds a line with its number in the input.
    pub fn push(&mut self, number: u64, line: ParsedLine<'_>) {
        if let Ok(line) = line.to_line() {
            write_line(&line, &mut self.text);
        }
        self.ends.push(self.text.len());
        self.numbers.push(number);
    }

    /// Gives everything up.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The number of a line by its place among the held ones.
    pub fn number(&self, place: usize) -> u64 {
        self.numbers.get(place).copied().unwrap_or(0)
    }

    /// The lines, parsed one by one.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        let mut start = 0;
        self.ends.iter().filter_map(move |end| {
            let text = &self.text[start..*end];
            start = *end;
            // What was written from a line always reads back as that line.
            parse_line(text.as_bytes()).ok()
        })
    }
}
