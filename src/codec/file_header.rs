//! The first 48 bytes of every file. Layout: `format-spec/README.md`, "File header".

use super::{DecodeError, FileId, Reader, Writer};

/// Bytes of the header.
pub const HEADER_BYTES: usize = 48;
/// The first bytes of every file.
pub const MAGIC: [u8; 8] = *b"trkcrumb";
/// The only format version so far, of every kind of file.
pub const FORMAT_VERSION: u16 = 1;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// The manifest: which files make up the store.
    Manifest,
    /// Accepted batches in order of arrival.
    Log,
    /// Sealed events.
    Segment,
    /// Interned names.
    Dictionary,
    /// Sealed identify(), group(), alias() calls, associations and cohorts.
    Profiles,
    /// Lines that a client has yet to deliver.
    Spool,
}

impl FileKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Manifest, Self::Log, Self::Segment, Self::Dictionary, Self::Profiles, Self::Spool];

    fn code(self) -> [u8; 4] {
        match self {
            Self::Manifest => *b"mani",
            Self::Log => *b"log ",
            Self::Segment => *b"segm",
            Self::Dictionary => *b"dict",
            Self::Profiles => *b"prof",
            Self::Spool => *b"spol",
        }
    }
}

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// What the file holds.
    pub kind: FileKind,
    /// Its identity.
    pub id: FileId,
}

impl FileHeader {
    /// The header as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.put(&MAGIC);
        bytes.put(&self.kind.code());
        bytes.put_u16(FORMAT_VERSION);
        bytes.put_u16(0); // reserved
        bytes.put_u32(0); // features that a reader must know: none yet
        bytes.put_u32(0); // features that a reader may ignore: none yet
        bytes.put(&self.id.0);
        let checksum = crc32fast::hash(&bytes);
        bytes.put_u32(checksum);
        bytes.put_u32(0);
        bytes
    }

    /// Reads a header that must be of this kind.
    ///
    /// # Errors
    /// When it is damaged, of another kind, of a newer version or needs an unknown feature.
    pub fn decode(bytes: &[u8], kind: FileKind) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        if reader.take(8)? != MAGIC {
            return Err(DecodeError::new("this is not a trackcrumb file", 0));
        }
        let mut checked = Reader::new(bytes);
        let covered = checked.take(40)?;
        if checked.u32()? != crc32fast::hash(covered) {
            return Err(DecodeError::new("the file header is damaged", 40));
        }
        if checked.u32()? != 0 {
            return Err(DecodeError::new("the file header's padding is not zero", 44));
        }
        let code = reader.take(4)?;
        let version = reader.u16()?;
        if version == 0 {
            return Err(DecodeError::new("there is no format version 0", 12));
        }
        if version > FORMAT_VERSION {
            let problem = format!(
                "format version {version} is newer than {FORMAT_VERSION}, the newest this program reads; use a newer trackcrumb"
            );
            return Err(DecodeError::new(problem, 12));
        }
        reader.u16()?;
        let features = reader.u32()?;
        if features != 0 {
            let problem =
                format!("the file needs features ({features:#x}) this program does not know; use a newer trackcrumb");
            return Err(DecodeError::new(problem, 16));
        }
        reader.u32()?;
        if code != kind.code() {
            return Err(DecodeError::new(format!("a {kind:?} file was expected"), 8));
        }
        let mut id = [0; 16];
        id.copy_from_slice(reader.take(16)?);
        Ok(Self { kind, id: FileId(id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_damaged_byte_is_noticed() {
        let header = FileHeader { kind: FileKind::Log, id: FileId([7; 16]) };
        let bytes = header.encode();
        assert_eq!(bytes.len(), HEADER_BYTES);
        assert_eq!(FileHeader::decode(&bytes, FileKind::Log), Ok(header));
        assert!(FileHeader::decode(&bytes, FileKind::Segment).is_err());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(FileHeader::decode(&damaged, FileKind::Log).is_err(), "byte {at}");
        }
    }

    #[test]
    fn another_version_says_what_to_do() {
        let problem = |version: u8| {
            let mut bytes = FileHeader { kind: FileKind::Log, id: FileId([7; 16]) }.encode();
            bytes[12] = version;
            let checksum = crc32fast::hash(&bytes[..40]);
            bytes[40..44].copy_from_slice(&checksum.to_le_bytes());
            FileHeader::decode(&bytes, FileKind::Log).unwrap_err().problem.clone()
        };
        let newer = "format version 2 is newer than 1, the newest this program reads; use a newer trackcrumb";
        assert_eq!(problem(2), newer);
        assert_eq!(problem(0), "there is no format version 0");
    }
}
