//! Small metadata records by `bincode`: fixed-size little-endian integers. Layout: `format-spec/README.md`, "Records".

use super::DecodeError;
use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Most bytes a record may claim while it is decoded.
const RECORD_BYTES_MAX: usize = 1 << 30;

const CONFIG: Configuration<LittleEndian, Fixint, Limit<RECORD_BYTES_MAX>> =
    bincode::config::standard().with_fixed_int_encoding().with_limit::<RECORD_BYTES_MAX>();

/// The record as bytes.
///
/// # Errors
/// When it is larger than 1 GiB.
pub fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, DecodeError> {
    bincode::serde::encode_to_vec(record, CONFIG)
        .map_err(|error| DecodeError::new(format!("a record cannot be written: {error}"), 0))
}

/// The record that these bytes are, all of them.
///
/// # Errors
/// When they are no such record.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    match bincode::serde::decode_from_slice(bytes, CONFIG) {
        Ok((record, used)) if used == bytes.len() => Ok(record),
        Ok((_, used)) => Err(DecodeError::new("a record is followed by other bytes", used as u64)),
        Err(_) => Err(DecodeError::new("a record cannot be read", 0)),
    }
}
