//! The file of saved reports and dashboards. Layout: `format-spec/saved.md`.

use super::{Saved, SavedError};
use crate::files::{Storage, publish_file};
use serde::{Deserialize, Serialize};

/// The file's name.
pub const SAVED: &str = "saved.json";
/// Most bytes of the file; what may be saved takes less.
const FILE_BYTES_MAX: u64 = 128 << 20;
/// The version of the layout.
const FORMAT: u32 = 1;

/// The content of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content<S> {
    format: u32,
    saved: S,
    digest: String,
}

/// Reads what is saved beside a store; nothing where there is no file.
///
/// # Errors
/// When the file cannot be read or is damaged.
pub fn read_saved(storage: &dyn Storage) -> Result<Saved, SavedError> {
    let damaged = |problem: String| SavedError::Damaged { location: storage.location(), problem };
    match storage.file_len(SAVED) {
        Err(error) if error.is_not_found() => return Ok(Saved::default()),
        Err(error) => return Err(error.into()),
        Ok(length) if length > FILE_BYTES_MAX => return Err(damaged(format!("it has {length} bytes"))),
        Ok(_) => {}
    }
    let bytes = storage.read(SAVED)?;
    let content: Content<Saved> = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if content.format != FORMAT {
        return Err(damaged(format!("its format is {}, and this program knows {FORMAT}", content.format)));
    }
    if encode(&content.saved) != bytes {
        return Err(damaged("its digest is that of other content".to_owned()));
    }
    Ok(content.saved)
}

/// Puts this in the place of what is saved. It lasts when this returns.
///
/// # Errors
/// When it cannot be written; after a sync that failed it may be there or not.
pub fn write_saved(storage: &dyn Storage, saved: &Saved) -> Result<(), SavedError> {
    publish_file(storage, SAVED, [encode(saved)], "saved reports")?;
    Ok(storage.sync_dir("name of the saved reports")?)
}

/// The one form of the file.
fn encode(saved: &Saved) -> Vec<u8> {
    // Strings, and JSON that was read as such, are always JSON.
    let json = serde_json::to_vec(saved).unwrap_or_default();
    let digest = blake3::hash(&json).to_hex().to_string();
    let mut bytes = serde_json::to_vec(&Content { format: FORMAT, saved, digest }).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::{NewDashboard, NewReport};
    use super::*;
    use crate::files::sim::SimDisk;
    use crate::model::Timestamp;

    fn sample() -> Saved {
        let mut saved = Saved::default();
        let report: NewReport = serde_json::from_str(
            r#"{"name":"Größe ✓","report":{"report":"trends","from":"-7d","to":"now","series":[{"event":"e"}]},"view":"chart=bars"}"#,
        )
        .unwrap();
        saved.add_report("000000000001", Timestamp::clamped(1), report).unwrap();
        let dashboard: NewDashboard =
            serde_json::from_str(r#"{"name":"D","tiles":[{"report":"000000000001","width":"full"}]}"#).unwrap();
        saved.add_dashboard("000000000002", Timestamp::clamped(2), dashboard).unwrap();
        saved
    }

    #[test]
    fn what_was_written_is_read_and_every_damaged_byte_is_noticed() {
        let disk = SimDisk::new();
        assert_eq!(read_saved(&disk).unwrap(), Saved::default());
        write_saved(&disk, &sample()).unwrap();
        assert_eq!(read_saved(&disk).unwrap(), sample());
        let bytes = disk.read(SAVED).unwrap();
        for place in 0..bytes.len() {
            let mut damaged = bytes.to_vec();
            damaged[place] ^= 1;
            disk.put(SAVED, damaged);
            assert!(matches!(read_saved(&disk), Err(SavedError::Damaged { .. })), "byte {place}");
        }
    }
}
