//! What a body of `/v1/*` holds: unpacked, and cut into lines. Knows nothing of HTTP but its limits.

use super::limits::{BATCH_LINES_MAX, UNPACKED_BYTES_MAX, UNPACKED_RATIO_MAX, WINDOW_LOG_MAX};
use super::problem::Problem;
use crate::input::{Kind, Packing, Unpacked, parse_line, parse_object};
use crate::model::Line;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::io::Read;

/// What an address takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One object of this kind, without `type`.
    One(Kind),
    /// Many lines: one a line, a list, or `{"batch":[…]}`.
    Batch,
}

/// The line or why it is refused, for each thing that was sent.
pub(super) type Parsed = Vec<Result<Line, String>>;

/// The most memory that unpacking this may take, in bytes.
pub(super) fn memory_max(packed: &[u8]) -> usize {
    match Packing::of(packed) {
        Packing::Plain => packed.len(),
        Packing::Gzip => unpacked_max(packed),
        Packing::Zstd => unpacked_max(packed) + (1 << WINDOW_LOG_MAX),
    }
}

fn unpacked_max(packed: &[u8]) -> usize {
    UNPACKED_BYTES_MAX.min(packed.len().saturating_mul(UNPACKED_RATIO_MAX))
}

/// Undoes gzip or zstd, told by the first bytes.
///
/// # Errors
/// When it is damaged, or unpacks to more than is allowed.
pub(super) fn unpack(packed: &[u8]) -> Result<Cow<'_, [u8]>, Problem> {
    if Packing::of(packed) == Packing::Plain {
        return Ok(Cow::Borrowed(packed));
    }
    let max = unpacked_max(packed);
    let mut unpacked = Vec::new();
    let read = Unpacked::with_window(packed, WINDOW_LOG_MAX)
        .and_then(|reader| reader.take(max as u64 + 1).read_to_end(&mut unpacked));
    read.map_err(|error| Problem::Request(error.to_string()))?;
    if unpacked.len() > max {
        return Err(Problem::TooLarge(format!(
            "the body unpacks to more than {max} bytes; at most {UNPACKED_BYTES_MAX} are allowed, and at most \
             {UNPACKED_RATIO_MAX} times what was sent, so send less at once"
        )));
    }
    Ok(Cow::Owned(unpacked))
}

/// Reads the lines of a body.
///
/// # Errors
/// When it cannot be cut into lines, or has too many.
pub(super) fn parse(form: Form, body: &[u8]) -> Result<Parsed, Problem> {
    match form {
        Form::One(kind) => Ok(vec![parse_object(kind, body).map_err(|refusal| refusal.to_string())]),
        Form::Batch => batch(body),
    }
}

fn batch(body: &[u8]) -> Result<Parsed, Problem> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let parsed: Parsed = if let Some(list) = list(body)? {
        list.iter().take(BATCH_LINES_MAX + 1).map(|item| line(item.get().as_bytes())).collect()
    } else {
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        lines.take(BATCH_LINES_MAX + 1).map(|item| line(item.strip_suffix(b"\r").unwrap_or(item))).collect()
    };
    if parsed.len() > BATCH_LINES_MAX {
        return Err(Problem::TooLarge(format!(
            "the batch has more than the {BATCH_LINES_MAX} lines that are allowed; send it in parts"
        )));
    }
    Ok(parsed)
}

fn line(bytes: &[u8]) -> Result<Line, String> {
    match parse_line(bytes) {
        // Keys that send are public; what is asked of the data is not theirs to change.
        Ok(Line::Cohort(_)) => {
            Err("a cohort is not sent here; post its document with `save_as` to /api/report".to_owned())
        }
        Ok(line) => Ok(line),
        Err(refusal) => Err(refusal.to_string()),
    }
}

/// The items of a JSON list, or of `{"batch":[…]}`; `None` for anything else.
fn list(body: &[u8]) -> Result<Option<Vec<&RawValue>>, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        batch: Items<'a>,
    }
    let start = body.trim_ascii_start();
    let parsed = match start.first() {
        Some(b'[') => serde_json::from_slice::<Items>(body),
        Some(b'{') if start[1..].trim_ascii_start().starts_with(b"\"batch\"") => {
            serde_json::from_slice::<Wrapped>(body).map(|wrapped| wrapped.batch)
        }
        _ => return Ok(None),
    };
    match parsed {
        Ok(items) => Ok(Some(items.0)),
        Err(error) => Err(Problem::Request(format!("the batch is not valid JSON: {error}"))),
    }
}

/// The items of a list; of one that is too long no more than tells so.
struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while items.len() <= BATCH_LINES_MAX {
            match list.next_element()? {
                Some(item) => items.push(item),
                None => return Ok(Items(items)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Items(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const ONE: &str = r#"{"type":"track","distinct_id":"u","event":"e"}"#;
    const BAD: &str = r#"{"type":"track"}"#;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    fn shape(body: &str) -> Vec<bool> {
        parse(Form::Batch, body.as_bytes()).unwrap().iter().map(Result::is_ok).collect()
    }

    #[test]
    fn a_batch_comes_in_three_forms() {
        for body in [
            format!("{ONE}\n{BAD}\n\n{ONE}"),
            format!("\u{feff}{ONE}\r\n \r\n{BAD}\r\n{ONE}\r\n"),
            format!(" [{ONE},\n{BAD}, {ONE}]\n"),
            format!("{{ \"batch\" : [{ONE},{BAD},{ONE}]}}"),
        ] {
            assert_eq!(shape(&body), [true, false, true], "{body}");
        }
        assert_eq!(shape(""), [false; 0]);
        assert_eq!(shape("[]"), [false; 0]);
        assert_eq!(shape("[1,[]]"), [false, false]);
        for body in ["[", "{\"batch\":1}", "{\"batch\":[],\"x\":1}", "[] []"] {
            assert!(matches!(parse(Form::Batch, body.as_bytes()), Err(Problem::Request(_))), "{body}");
        }
    }

    #[test]
    fn a_batch_has_so_many_lines_and_no_more() {
        for (lines, fits) in [(BATCH_LINES_MAX, true), (BATCH_LINES_MAX + 1, false)] {
            let listed = vec![ONE; lines];
            for body in [listed.join("\n"), format!("[{}]", listed.join(",")), format!("{}\n\n", listed.join("\n\n"))] {
                let parsed = parse(Form::Batch, body.as_bytes());
                assert_eq!(parsed.is_ok_and(|parsed| parsed.len() == lines), fits, "{lines}");
            }
        }
    }

    #[test]
    fn cohorts_are_not_sent_in_batches() {
        let cohort = r#"{"type":"cohort","name":"c","report":{"report":"cohort","where":{"did":"e"}}}"#;
        let parsed = parse(Form::Batch, cohort.as_bytes()).unwrap();
        assert!(parsed[0].as_ref().unwrap_err().contains("/api/report"), "{parsed:?}");
    }

    #[test]
    fn bodies_unpack_to_so_many_bytes_and_no_more() {
        // Noise that packs to a little more than a hundredth, so that the size is what counts.
        let noisy = |length: usize| -> Vec<u8> {
            let mut state = 1_u32;
            let noise = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            let mut bytes: Vec<u8> = (0..length / 16).map(noise).collect();
            bytes.resize(length, b' ');
            bytes
        };
        for (length, fits) in [(UNPACKED_BYTES_MAX, true), (UNPACKED_BYTES_MAX + 1, false)] {
            let plain = noisy(length);
            for packed in [gzip(&plain), zstd::encode_all(&plain[..], 1).unwrap()] {
                match unpack(&packed) {
                    Ok(unpacked) => assert!(fits && unpacked == plain),
                    Err(problem) => assert!(!fits && matches!(problem, Problem::TooLarge(_)), "{problem}"),
                }
            }
        }
    }

    #[test]
    fn bodies_unpack_to_a_hundred_times_their_size_and_no_more() {
        let mut lengths = 1..100_000;
        let exact = lengths.find(|length| gzip(&vec![b' '; *length]).len() * UNPACKED_RATIO_MAX == *length);
        let exact = exact.unwrap();
        let packed = gzip(&vec![b' '; exact]);
        assert_eq!(unpack(&packed).unwrap().len(), exact);
        let more = gzip(&vec![b' '; exact + 1]);
        assert_eq!(more.len(), packed.len());
        assert!(matches!(unpack(&more), Err(Problem::TooLarge(_))));
    }

    #[test]
    fn damaged_bodies_are_refused() {
        let packed = gzip(ONE.as_bytes());
        assert!(matches!(unpack(&packed[..packed.len() - 1]), Err(Problem::Request(_))));
        assert!(matches!(unpack(&packed[..5]), Err(Problem::Request(_))));
        assert_eq!(unpack(ONE.as_bytes()).unwrap(), ONE.as_bytes());
    }
}
