//! What the frames of a spool file hold. Layout: `format-spec/spool.md`.

use crate::codec::{DecodeError, Reader, Writer};

const MARK: u8 = 1;
const LINES: u8 = 2;
/// No sequence is this large.
const SEQUENCE_MAX: u64 = 1 << 62;

/// A payload, borrowed from its frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Payload<'a> {
    /// How far it is.
    Mark {
        /// All lines before this one are dealt with.
        settled: u64,
        /// The next line has this sequence.
        next: u64,
    },
    /// The lines of one call.
    Lines {
        /// The sequence of the first.
        first: u64,
        /// Each without its line end.
        lines: Vec<&'a str>,
    },
}

impl<'a> Payload<'a> {
    pub fn encode<T: AsRef<str>>(first: u64, lines: &[T]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.put_u8(LINES);
        bytes.put_u64(first);
        for line in lines {
            bytes.put(line.as_ref().as_bytes());
            bytes.put_u8(b'\n');
        }
        bytes
    }

    pub fn encode_mark(settled: u64, next: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.put_u8(MARK);
        bytes.put_u64(settled);
        bytes.put_u64(next);
        bytes
    }

    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        match reader.u8()? {
            MARK => {
                let mark = Self::Mark { settled: sequence(&mut reader)?, next: sequence(&mut reader)? };
                reader.finish()?;
                Ok(mark)
            }
            LINES => {
                let first = sequence(&mut reader)?;
                let start = reader.error("the lines do not end as lines do");
                let text = std::str::from_utf8(reader.take(reader.remaining())?).map_err(|_| start.clone())?;
                let lines: Vec<&str> = text.strip_suffix('\n').ok_or(start)?.split('\n').collect();
                Ok(Self::Lines { first, lines })
            }
            other => Err(DecodeError::new(format!("there is no payload of kind {other}"), 0)),
        }
    }
}

fn sequence(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    let sequence = reader.u64()?;
    if sequence < SEQUENCE_MAX { Ok(sequence) } else { Err(reader.error("no line has this number")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_read_back() {
        let bytes = Payload::encode(7, &["{}", "{\"é\":1}"]);
        assert_eq!(Payload::decode(&bytes), Ok(Payload::Lines { first: 7, lines: vec!["{}", "{\"é\":1}"] }));
        let mark = Payload::encode_mark(3, SEQUENCE_MAX - 1);
        assert_eq!(Payload::decode(&mark), Ok(Payload::Mark { settled: 3, next: SEQUENCE_MAX - 1 }));
        for bytes in [&bytes[..bytes.len() - 1], &bytes[..9], &mark[..mark.len() - 1], &[9], &[]] {
            assert!(Payload::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
