//! A batch as it is sent: one line each, packed where that is shorter and the server unpacks it.

use super::options::UNPACKED_RATIO_MAX;
use super::queue::Entry;

/// Shorter bodies are not worth packing.
const PACKED_BYTES_MIN: usize = 1024;

/// What is posted.
#[derive(Debug)]
pub(super) struct Body {
    /// Plain or zstd.
    pub bytes: Vec<u8>,
    /// Whether it is zstd.
    pub is_packed: bool,
    /// The same for the same lines, and for no others: by it a server knows a batch that comes again. Only where the
    /// lines themselves do not make that harmless, as a batch that comes again under a key is a duplicate as a whole:
    /// which of its lines were refused is not said again when the first answer was lost.
    pub key: Option<String>,
}

/// Whether the line says something else when it comes again: a call that adds or appends. A property of such a name may
/// look like it, which does no harm.
fn counts_again(text: &str) -> bool {
    text.contains(r#","add":{"#) || text.contains(r#","append":{"#)
}

impl Body {
    /// The body of these lines.
    pub fn of(entries: &[Entry]) -> Self {
        let mut plain = Vec::with_capacity(entries.iter().map(Entry::byte_len).sum());
        for entry in entries {
            plain.extend_from_slice(entry.text.as_bytes());
            plain.push(b'\n');
        }
        let needs_key = entries.iter().any(|entry| counts_again(&entry.text));
        let key = needs_key.then(|| blake3::hash(&plain).to_hex()[..32].to_owned());
        let worth_it =
            |packed: &Vec<u8>| packed.len() < plain.len() && plain.len() <= packed.len() * UNPACKED_RATIO_MAX;
        let packed = (plain.len() >= PACKED_BYTES_MIN)
            .then(|| zstd::bulk::compress(&plain, zstd::DEFAULT_COMPRESSION_LEVEL).ok())
            .flatten()
            .filter(worth_it);
        match packed {
            Some(bytes) => Self { bytes, is_packed: true, key },
            None => Self { bytes: plain, is_packed: false, key },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str, count: u64) -> Vec<Entry> {
        (0..count).map(|sequence| Entry { sequence, text: format!("{text}{sequence}").into() }).collect()
    }

    #[test]
    fn lines_are_packed_where_the_server_unpacks_them() {
        let small = Body::of(&entries("line", 2));
        assert_eq!((&small.bytes[..], small.is_packed), (&b"line0\nline1\n"[..], false));
        let mixed = Body::of(&entries("some words, and a number that differs: ", 100));
        assert!(mixed.is_packed);
        let unpacked = zstd::decode_all(&mixed.bytes[..]).unwrap();
        assert_eq!(unpacked.split(|byte| *byte == b'\n').count(), 101);
        let spaces = " ".repeat(30_000);
        assert!(!Body::of(&entries(&spaces, 9)).is_packed, "it would unpack to more than a hundred times its bytes");
    }

    #[test]
    fn calls_that_count_again_have_a_key_that_tells_batches_apart() {
        let body = |lines: &[&str]| {
            let entry = |(sequence, text): (u64, &&str)| Entry { sequence, text: (*text).into() };
            Body::of(&(0..).zip(lines).map(entry).collect::<Vec<_>>()).key
        };
        let set = r#"{"type":"identify","distinct_id":"u","properties":{"add":"{"}}"#;
        let add = r#"{"type":"identify","distinct_id":"u","add":{"n":1}}"#;
        let append = r#"{"type":"identify","distinct_id":"u","append":{"n":1}}"#;
        assert_eq!(body(&[set, set]), None);
        let keys = [body(&[add]), body(&[append]), body(&[set, add]), body(&[add, set])];
        assert!(keys.iter().all(|key| key.as_ref().is_some_and(|key| key.len() == 32)), "{keys:?}");
        assert!((1..4).all(|place| !keys[..place].contains(&keys[place])), "{keys:?}");
        assert_eq!(keys[0], body(&[add]));
    }
}
