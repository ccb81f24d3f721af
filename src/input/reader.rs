//! Cuts a stream of plain bytes into numbered lines, and keeps a digest of what it has passed.

use super::line::MEASURED_FROM;
use super::{ParsedLines, Refusal, parse_line};
use crate::model::Line;
use std::io::{self, Read};

/// Most bytes of a line, its line break aside, unless told otherwise.
pub const LINE_BYTES_MAX_DEFAULT: usize = 8 * 1024 * 1024;

/// Bytes read from the source at once, and hashed at once: long runs hash several times as fast as single lines.
const CHUNK_BYTES: usize = 256 * 1024;

/// Some writers put this mark before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// The bytes between the line breaks, without a final carriage return and, at the very beginning of the stream,
    /// without a byte order mark.
    Bytes(&'a [u8]),
    /// Nothing but spaces, tabs and carriage returns.
    Blank,
    /// More bytes than a line may have. They were passed over, not kept.
    TooLong {
        /// The bytes it has, without its line break.
        bytes: u64,
        /// The most bytes it may have.
        max: usize,
    },
}

/// One line of the stream. Offsets count the bytes of the stream from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawLine<'a> {
    /// Counts from 1 and counts every line, blank ones too.
    pub number: u64,
    /// Offset of its first byte.
    pub start: u64,
    /// Offset after its last byte, the line break included.
    pub end: u64,
    /// Whether a line break ends it; if not, the stream ends here.
    pub terminated: bool,
    /// What it holds.
    pub content: Content<'a>,
}

impl RawLine<'_> {
    /// The line as the model knows it; `None` for a blank one.
    pub fn parse(&self) -> Option<Result<Line, Refusal>> {
        match self.content {
            Content::Bytes(bytes) => Some(parse_line(bytes)),
            Content::Blank => None,
            Content::TooLong { bytes, max } => Some(Err(Refusal::LineTooLong { bytes, max })),
        }
    }

    /// Parses the line and adds it to others; `None` for a blank one.
    pub fn parse_into(&self, lines: &mut ParsedLines) -> Option<Result<(), Refusal>> {
        match self.content {
            Content::Bytes(bytes) => Some(lines.push(bytes)),
            Content::Blank => None,
            Content::TooLong { bytes, max } => Some(Err(Refusal::LineTooLong { bytes, max })),
        }
    }
}

/// Reads lines one by one. Holds one line and a chunk at most.
///
/// After an error of the source the next call goes on where that one stopped.
pub struct LineReader<R> {
    source: R,
    line_bytes_max: usize,
    /// Bytes `hashed..filled` are kept: first passed lines that are not hashed yet, then from `next` what comes.
    buffer: Vec<u8>,
    hashed: usize,
    next: usize,
    /// No line break lies in `next..searched`.
    searched: usize,
    filled: usize,
    source_ended: bool,
    /// Offset and number of the line that begins at `next`.
    line_start: u64,
    lines_passed: u64,
    hasher: blake3::Hasher,
    passing: Option<Passing>,
    /// Has seen the bytes before a line that no line break ends, once that was given out.
    before_unterminated: Option<blake3::Hasher>,
}

/// A line that is too long to keep, while its end is sought.
struct Passing {
    bytes: u64,
    last_byte: Option<u8>,
    /// Has seen the bytes of the line so far; takes the reader's place at the line's end.
    hasher: blake3::Hasher,
}

impl<R: Read> LineReader<R> {
    /// Reads lines of at most [`LINE_BYTES_MAX_DEFAULT`] bytes.
    pub fn new(source: R) -> Self {
        Self::with_line_bytes_max(source, LINE_BYTES_MAX_DEFAULT)
    }

    /// Reads lines of at most so many bytes.
    pub fn with_line_bytes_max(source: R, line_bytes_max: usize) -> Self {
        Self {
            source,
            line_bytes_max,
            buffer: Vec::new(),
            hashed: 0,
            next: 0,
            searched: 0,
            filled: 0,
            source_ended: false,
            line_start: 0,
            lines_passed: 0,
            hasher: blake3::Hasher::new(),
            passing: None,
            before_unterminated: None,
        }
    }

    /// Where the bytes come from.
    pub fn source(&self) -> &R {
        &self.source
    }

    /// Offset of the end of the last line that was given out.
    pub fn last_line_end(&self) -> u64 {
        self.line_start
    }

    /// How many lines were given out.
    pub fn lines_passed(&self) -> u64 {
        self.lines_passed
    }

    /// The BLAKE3 digest of all bytes up to [`last_line_end`](Self::last_line_end).
    pub fn digest_at_last_line_end(&mut self) -> blake3::Hash {
        self.hash_passed();
        self.hasher.finalize()
    }

    /// The BLAKE3 digest of all bytes before the last line that was given out, when no line break ends that line:
    /// what is done of the stream for those who take such a line as unfinished.
    pub fn digest_before_unterminated_line(&self) -> Option<blake3::Hash> {
        self.before_unterminated.as_ref().map(blake3::Hasher::finalize)
    }

    /// The next line; `None` at the end of the stream.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<RawLine<'_>>> {
        loop {
            if self.passing.is_some() {
                return self.pass_long_line().map(Some);
            }
            if let Some(length) = self.find_line_break() {
                return Ok(Some(self.give(self.next + length, true)));
            }
            if self.source_ended {
                if self.next == self.filled {
                    return Ok(None);
                }
                self.hash_passed();
                self.before_unterminated = Some(self.hasher.clone());
                return Ok(Some(self.give(self.filled, false)));
            }
            // One byte more for a carriage return.
            if self.filled - self.next > self.line_bytes_max.saturating_add(1) {
                self.hash_passed();
                self.passing = Some(Passing { bytes: 0, last_byte: None, hasher: self.hasher.clone() });
                continue;
            }
            self.fill()?;
        }
    }

    /// Passes lines that were read from the source already, as long as they are plain events, and adds them to others: at
    /// most so many, and no more once they have so many bytes. Answers how many lines and bytes were passed.
    pub(crate) fn pass_plain(&mut self, lines: &mut ParsedLines, lines_max: usize, bytes_max: u64) -> (usize, usize) {
        // Lines of so many bytes are no plain events.
        if self.passing.is_some() || self.line_bytes_max < MEASURED_FROM {
            return (0, 0);
        }
        let ready = &self.buffer[self.next..self.filled];
        let (count, bytes) = lines.push_plain(self.line_start, ready, lines_max, bytes_max);
        self.next += bytes;
        self.searched = self.searched.max(self.next);
        self.line_start += bytes as u64;
        self.lines_passed += count as u64;
        (count, bytes)
    }

    /// The bytes from `next` through the first line break.
    fn find_line_break(&mut self) -> Option<usize> {
        if let Some(place) = memchr::memchr(b'\n', &self.buffer[self.searched..self.filled]) {
            return Some(self.searched + place + 1 - self.next);
        }
        self.searched = self.filled;
        None
    }

    /// Gives out the line from `next` up to `end`.
    fn give(&mut self, end: usize, terminated: bool) -> RawLine<'_> {
        let begin = std::mem::replace(&mut self.next, end);
        self.searched = end;
        let start = self.line_start;
        self.line_start += (end - begin) as u64;
        self.lines_passed += 1;
        let line = &self.buffer[begin..end];
        let line = if terminated { &line[..line.len() - 1] } else { line };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let content = if line.len() > self.line_bytes_max {
            Content::TooLong { bytes: line.len() as u64, max: self.line_bytes_max }
        } else {
            let text = if start == 0 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
            let blank = text.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
            if blank { Content::Blank } else { Content::Bytes(text) }
        };
        RawLine { number: self.lines_passed, start, end: self.line_start, terminated, content }
    }

    /// Reads on to the end of a line that is too long, and gives out that it was there.
    fn pass_long_line(&mut self) -> io::Result<RawLine<'_>> {
        loop {
            let found = self.find_line_break();
            let end = found.map_or(self.filled, |length| self.next + length);
            if let Some(passing) = &mut self.passing {
                let bytes = &self.buffer[self.next..end];
                passing.hasher.update(bytes);
                passing.bytes += bytes.len() as u64;
                let content = if found.is_some() { &bytes[..bytes.len() - 1] } else { bytes };
                passing.last_byte = content.last().copied().or(passing.last_byte);
            }
            (self.hashed, self.next, self.searched) = (end, end, end);
            if found.is_none() && !self.source_ended {
                self.fill()?;
                continue;
            }
            let passing = self.passing.take();
            let (mut bytes, mut last_byte) = (0, None);
            if let Some(passing) = passing {
                (bytes, last_byte) = (passing.bytes, passing.last_byte);
                let before = std::mem::replace(&mut self.hasher, passing.hasher);
                self.before_unterminated = found.is_none().then_some(before);
            }
            let start = self.line_start;
            self.line_start += bytes;
            self.lines_passed += 1;
            let line_break = u64::from(found.is_some()) + u64::from(last_byte == Some(b'\r'));
            let content = Content::TooLong { bytes: bytes - line_break, max: self.line_bytes_max };
            let (number, end, terminated) = (self.lines_passed, self.line_start, found.is_some());
            return Ok(RawLine { number, start, end, terminated, content });
        }
    }

    /// Hashes the lines that were given out.
    fn hash_passed(&mut self) {
        if self.passing.is_none() {
            self.hasher.update(&self.buffer[self.hashed..self.next]);
            self.hashed = self.next;
        }
    }

    /// Reads once more from the source, behind what is kept.
    fn fill(&mut self) -> io::Result<()> {
        self.hash_passed();
        if self.next > 0 {
            self.buffer.copy_within(self.next..self.filled, 0);
        }
        self.filled -= self.next;
        self.searched -= self.next;
        (self.hashed, self.next) = (0, 0);
        if self.buffer.len() - self.filled < CHUNK_BYTES {
            self.buffer.resize(self.filled + 2 * CHUNK_BYTES, 0);
        }
        loop {
            match self.source.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.source_ended = true,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives its bytes in pieces of these lengths, in turn; 0 is an interruption.
    pub struct Pieces<'a> {
        pub bytes: &'a [u8],
        pub lengths: Vec<usize>,
        pub turn: usize,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.lengths[self.turn % self.lengths.len()];
            self.turn += 1;
            if length == 0 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = length.min(buffer.len()).min(self.bytes.len());
            buffer[..count].copy_from_slice(&self.bytes[..count]);
            self.bytes = &self.bytes[count..];
            Ok(count)
        }
    }

    /// The lines by the plainest means: (start, end, terminated, content without line break).
    fn naive(bytes: &[u8]) -> Vec<(usize, usize, bool, &[u8])> {
        let mut start = 0;
        let mut lines = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            let terminated = content.len() < line.len();
            lines.push((start, start + line.len(), terminated, content.strip_suffix(b"\r").unwrap_or(content)));
            start += line.len();
        }
        lines
    }

    fn check(bytes: &[u8], lengths: Vec<usize>, max: usize) {
        let mut reader = LineReader::with_line_bytes_max(Pieces { bytes, lengths, turn: 0 }, max);
        for (position, (start, end, terminated, mut content)) in naive(bytes).into_iter().enumerate() {
            let too_long = content.len() > max;
            if start == 0 {
                content = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content);
            }
            let expected = if too_long {
                Content::TooLong { bytes: naive(bytes)[position].3.len() as u64, max }
            } else if content.iter().all(|byte| b" \t\r".contains(byte)) {
                Content::Blank
            } else {
                Content::Bytes(content)
            };
            let line = reader.next_line().unwrap().unwrap();
            let number = position as u64 + 1;
            assert_eq!(line, RawLine { number, start: start as u64, end: end as u64, terminated, content: expected });
            assert_eq!((reader.last_line_end(), reader.lines_passed()), (end as u64, number));
            if position % 3 != 0 {
                assert_eq!(reader.digest_at_last_line_end(), blake3::hash(&bytes[..end]));
            }
            let before = (!terminated).then(|| blake3::hash(&bytes[..start]));
            assert_eq!(reader.digest_before_unterminated_line(), before);
        }
        for _ in 0..2 {
            assert!(reader.next_line().unwrap().is_none());
            assert_eq!(reader.digest_at_last_line_end(), blake3::hash(bytes));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn lines_are_those_of_a_plain_split(
            text in "(\u{feff})?([\n\r \tax]|[\n\r]|[ax]{1,9}){0,30}",
            mut lengths in proptest::collection::vec(0usize..6, 1..6),
            max in 0usize..12,
        ) {
            lengths.push(3);
            check(text.as_bytes(), lengths, max);
        }
    }

    /// Lines across many chunks, and lines around the maximum, to the byte.
    #[test]
    fn long_lines() {
        let max = 2 * CHUNK_BYTES;
        let mut bytes = Vec::new();
        for (length, ending) in [(max, "\n"), (max + 1, "\n"), (max, "\r\n"), (max + 1, "\r\n"), (7 * max, "\r\n")] {
            bytes.extend(vec![b'x'; length]);
            bytes.extend(ending.as_bytes());
            bytes.extend(b"short\n");
        }
        bytes.extend(vec![b'y'; max + 1]);
        check(&bytes, vec![usize::MAX], max);
        check(&bytes, vec![70_001, 1, 300_000], max);
    }

    #[test]
    fn a_line_beyond_the_maximum_is_not_kept() {
        let source = io::repeat(b'x').take(200 << 20).chain(&b"\n{}"[..]);
        let mut reader = LineReader::new(source);
        let line = reader.next_line().unwrap().unwrap();
        assert_eq!((line.number, line.end), (1, (200 << 20) + 1));
        assert_eq!(
            line.parse().unwrap().unwrap_err().to_string(),
            "the line has 209715200 bytes; at most 8388608 are allowed, so send less in it"
        );
        assert!(reader.buffer.len() <= LINE_BYTES_MAX_DEFAULT + 3 * CHUNK_BYTES, "{}", reader.buffer.len());
        assert_eq!(reader.next_line().unwrap().unwrap().content, Content::Bytes(b"{}"));
    }

    /// Fails once after each piece.
    struct Failing<'a>(Vec<&'a [u8]>, bool);

    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if !self.1 {
                return Err(io::Error::other("the cable is out"));
            }
            let Some(piece) = (!self.0.is_empty()).then(|| self.0.remove(0)) else { return Ok(0) };
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    /// Neither a line nor the digest suffers when the source fails in between.
    #[test]
    fn reading_goes_on_after_an_error() {
        let pieces: Vec<&[u8]> = vec![b"on", b"e\ntoo lo", b"ng to keep", b" at all", b"\nend"];
        let all = pieces.concat();
        let mut reader = LineReader::with_line_bytes_max(Failing(pieces, false), 5);
        let mut seen = Vec::new();
        let mut errors = 0;
        loop {
            match reader.next_line() {
                Ok(Some(line)) => seen.push((line.number, matches!(line.content, Content::TooLong { bytes: 23, .. }))),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error.to_string(), "the cable is out");
                    errors += 1;
                }
            }
            let end = reader.last_line_end() as usize;
            assert_eq!(reader.digest_at_last_line_end(), blake3::hash(&all[..end]));
        }
        assert_eq!(seen, [(1, false), (2, true), (3, false)]);
        assert!(errors >= 4, "{errors}");
    }

    #[test]
    fn lines_parse_where_they_stand() {
        let text = b"\xef\xbb\xbf{\"type\":\"identify\",\"distinct_id\":\"u\"}\r\n \t\r\n\xef\xbb\xbf{}\n";
        let mut reader = LineReader::new(&text[..]);
        assert!(matches!(reader.next_line().unwrap().unwrap().parse(), Some(Ok(Line::Identify(_)))));
        assert!(reader.next_line().unwrap().unwrap().parse().is_none());
        let third = reader.next_line().unwrap().unwrap();
        assert_eq!(third.number, 3);
        assert!(matches!(third.parse(), Some(Err(Refusal::Json { .. }))), "a mark further on is no mark");
    }
}
