//! Cuts an input into chunks of parsed lines, each with the record that says how far it goes.

use super::ImportOptions;
use crate::input::{Content, LineReader, ParsedLines, RawLine, Refusal, Unpacked};
use crate::log::ImportRecord;
use std::io::{self, Read};
use std::sync::mpsc::Receiver;

/// The head of a record covers the lines within so many first bytes, and at least the first line.
const HEAD_BYTES_MAX: u64 = 64 * 1024;

/// Lines that are committed together.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// The lines that could be parsed.
    pub lines: ParsedLines,
    /// Their numbers in the input.
    pub numbers: Vec<u64>,
    /// The lines that could not, by number.
    pub refused: Vec<(u64, Refusal)>,
    /// How far the import is when this chunk is stored; `None` when it is no further than before.
    pub record: Option<ImportRecord>,
    /// Lines done before this import.
    pub done_before: u64,
    /// Bytes of the input that were read, packed or plain.
    pub input_bytes: u64,
    /// Lines passed, from the beginning of the input.
    pub lines_passed: u64,
}

/// The beginning of the input by which an unlike one is told early.
#[derive(Clone, Copy)]
struct Head {
    bytes: u64,
    digest: [u8; 32],
}

/// The chunks of an input, in order. An error comes after the chunk of what could be read before it.
pub(super) struct Chunks<R: Read> {
    reader: LineReader<Unpacked<R>>,
    lines_max: usize,
    bytes_max: u64,
    /// What is up to here was done by an earlier import.
    done_before: u64,
    head: Option<Head>,
    /// The offset and the digest of the last record.
    last: (u64, [u8; 32]),
    /// Where a last line begins that may be half written.
    unfinished: Option<u64>,
    failure: Option<io::Error>,
    ended: bool,
    /// Where lines come back to that are stored, so that others take their room.
    spare: Receiver<ParsedLines>,
}

impl<R: Read> Chunks<R> {
    /// The chunks of what follows the beginning that `known` is the record of. The first of them takes the place of
    /// no record.
    pub fn new(
        input: R,
        known: Option<ImportRecord>,
        options: &ImportOptions,
        spare: Receiver<ParsedLines>,
    ) -> io::Result<Self> {
        Ok(Self {
            reader: LineReader::new(Unpacked::new(input)?),
            lines_max: options.chunk_lines.max(1),
            bytes_max: options.chunk_bytes.max(1),
            done_before: known.map_or(0, |known| known.bytes),
            head: known.map(|known| Head { bytes: known.head_bytes, digest: known.head }),
            last: (known.map_or(0, |known| known.bytes), [0; 32]),
            unfinished: None,
            failure: None,
            ended: false,
            spare,
        })
    }

    /// The next chunk; it may be empty. `None` at the end.
    pub fn next(&mut self) -> Option<io::Result<Chunk>> {
        if let Some(failure) = self.failure.take() {
            return Some(Err(failure));
        }
        if self.ended {
            return None;
        }
        let mut chunk = Chunk { lines: self.spare.try_recv().unwrap_or_default(), ..Chunk::default() };
        chunk.lines.clear();
        let mut bytes = 0;
        loop {
            let lines_left = self.lines_max.saturating_sub(chunk.lines.len() + chunk.refused.len());
            let bytes_left = self.bytes_max.saturating_sub(bytes);
            if lines_left == 0 || bytes_left == 0 {
                break;
            }
            if self.is_beyond_head() {
                let first = self.reader.lines_passed() + 1;
                let (count, passed) = self.reader.pass_plain(&mut chunk.lines, lines_left, bytes_left);
                if count > 0 {
                    bytes += passed as u64;
                    chunk.numbers.extend(first..first + count as u64);
                    continue;
                }
            }
            let line = match self.reader.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => {
                    self.ended = true;
                    break;
                }
                Err(error) => {
                    self.failure = Some(error);
                    self.ended = true;
                    break;
                }
            };
            bytes += line.end - line.start;
            if is_done(&line, self.done_before) {
                chunk.done_before += 1;
                continue;
            }
            let RawLine { number, start, end, terminated, .. } = line;
            match line.parse_into(&mut chunk.lines) {
                None => {}
                Some(Ok(())) => chunk.numbers.push(number),
                Some(Err(refusal)) => {
                    self.unfinished = (!terminated).then_some(start);
                    chunk.refused.push((number, refusal));
                }
            }
            let belongs_to_head = self.done_before == 0 && (end <= HEAD_BYTES_MAX || self.head.is_none());
            if belongs_to_head && self.unfinished.is_none() {
                let digest = *self.reader.digest_at_last_line_end().as_bytes();
                self.head = Some(Head { bytes: end, digest });
            }
        }
        chunk.record = self.record();
        chunk.input_bytes = self.reader.source().packed_bytes();
        chunk.lines_passed = self.reader.lines_passed();
        Some(Ok(chunk))
    }

    /// Whether of the lines to come none was done before, and none belongs to the head.
    fn is_beyond_head(&self) -> bool {
        let passed = self.reader.last_line_end();
        passed >= self.done_before && self.head.is_some() && (self.done_before > 0 || passed > HEAD_BYTES_MAX)
    }

    /// The record of what was passed, but for a last line that may be half written.
    fn record(&mut self) -> Option<ImportRecord> {
        let lines = self.reader.lines_passed();
        let (bytes, lines, digest) = match self.unfinished {
            Some(start) => (start, lines - 1, self.reader.digest_before_unterminated_line()?),
            None => (self.reader.last_line_end(), lines, self.reader.digest_at_last_line_end()),
        };
        let head = self.head?;
        let (last_bytes, continues) = self.last;
        if bytes <= last_bytes {
            return None;
        }
        let digest = *digest.as_bytes();
        self.last = (bytes, digest);
        Some(ImportRecord { head_bytes: head.bytes, head: head.digest, bytes, lines, digest, continues })
    }
}

/// Whether the line lies within the first `done` bytes, or only white space of it lies beyond. The latter is so when
/// the line was the last, without a line break, and the input has grown since.
fn is_done(line: &RawLine<'_>, done: u64) -> bool {
    if line.end <= done {
        return true;
    }
    if line.start >= done {
        return false;
    }
    match line.content {
        Content::Blank => true,
        Content::TooLong { .. } => false,
        Content::Bytes(bytes) => {
            // What the content lacks of the line is a byte order mark before it, and its line break.
            let lacking = line.end - line.start - u64::from(line.terminated) - bytes.len() as u64;
            let before = if lacking >= 3 { 3 } else { 0 };
            let passed = usize::try_from((done - line.start).saturating_sub(before)).unwrap_or(usize::MAX);
            bytes.get(passed..).unwrap_or_default().iter().all(u8::is_ascii_whitespace)
        }
    }
}
