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
    /// The same for the same lines, and for no others: by it a server knows a batch that comes again.
    pub key: String,
}

impl Body {
    /// The body of these lines.
    pub fn of(entries: &[Entry]) -> Self {
        let mut plain = Vec::with_capacity(entries.iter().map(Entry::byte_len).sum());
        for entry in entries {
            plain.extend_from_slice(entry.text.as_bytes());
            plain.push(b'\n');
        }
        let key = blake3::hash(&plain).to_hex()[..32].to_owned();
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
    fn the_key_tells_batches_apart() {
        let keys = [entries("a", 2), entries("a", 3), entries("b", 2), entries("a", 2)].map(|all| Body::of(&all).key);
        assert_eq!(keys[0], keys[3]);
        assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys[0].len() == 32);
    }
}
