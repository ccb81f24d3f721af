//! CRC-32, salted with the identity of the file, so that bytes of another file never validate.

use crc32fast::Hasher;

/// The random identity of one file; also the salt of its checksums and the key of its hash tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct FileId(pub [u8; 16]);

impl FileId {
    /// CRC-32 (IEEE) over the identity and then these bytes.
    pub fn checksum(&self, bytes: &[u8]) -> u32 {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        hasher.finalize()
    }

    /// The checksum of bytes that come in parts: before the first of them.
    pub(super) fn hasher(&self) -> Hasher {
        let mut hasher = Hasher::new();
        hasher.update(&self.0);
        hasher
    }
}
