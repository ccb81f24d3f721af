//! Small metadata records by `bincode`: fixed-size little-endian integers. Layout: `format-spec/README.md`, "Records".

use super::DecodeError;
use bincode::config::{Configuration, Fixint, Limit, LittleEndian, NoLimit};
use serde::Serialize;
use serde::de::DeserializeOwned;

const CONFIG: Configuration<LittleEndian, Fixint, NoLimit> = bincode::config::standard().with_fixed_int_encoding();

/// The configuration for reading: a record may claim at most `BYTES`.
const fn limited<const BYTES: usize>() -> Configuration<LittleEndian, Fixint, Limit<BYTES>> {
    CONFIG.with_limit::<BYTES>()
}

/// The record as bytes.
///
/// # Errors
/// When a list in it does not know its length, which is a bug.
pub fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, DecodeError> {
    bincode::serde::encode_to_vec(record, CONFIG)
        .map_err(|error| DecodeError::new(format!("a record cannot be written: {error}"), 0))
}

/// The record that these bytes are, all of them.
///
/// # Errors
/// When they are no such record, or more than 1 GiB.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    // bincode reserves what a string claims before it looks at what is left, and takes its limit only as a constant.
    let read = match bytes.len() {
        ..=0x10_0000 => bincode::serde::decode_from_slice(bytes, limited::<0x10_0000>()),
        0x10_0001..=0x40_0000 => bincode::serde::decode_from_slice(bytes, limited::<0x40_0000>()),
        0x40_0001..=0x100_0000 => bincode::serde::decode_from_slice(bytes, limited::<0x100_0000>()),
        0x100_0001..=0x400_0000 => bincode::serde::decode_from_slice(bytes, limited::<0x400_0000>()),
        _ => bincode::serde::decode_from_slice(bytes, limited::<0x4000_0000>()),
    };
    match read {
        Ok((record, used)) if used == bytes.len() => Ok(record),
        Ok((_, used)) => Err(DecodeError::new("a record is followed by other bytes", used as u64)),
        Err(_) => Err(DecodeError::new("a record cannot be read", 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_any_length_read_back() {
        for limit in [0x10_0000, 0x40_0000, 0x100_0000] {
            // A string is its length in eight bytes and then itself.
            for length in [limit - 9, limit - 8, limit - 7] {
                let record = "x".repeat(length);
                assert_eq!(decode::<String>(&encode(&record).unwrap()).as_ref(), Ok(&record), "{length}");
            }
        }
    }

    #[test]
    fn a_string_longer_than_its_bytes_is_refused() {
        for claimed in [9u64, 0x10_0000, 0x4000_0000, u64::MAX] {
            let mut bytes = claimed.to_le_bytes().to_vec();
            bytes.extend(b"12345678");
            assert!(decode::<String>(&bytes).is_err(), "{claimed}");
        }
    }
}
