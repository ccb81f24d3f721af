//! Immutable files: a header, checksummed blobs, a footer that lists them, and a trailer that finds the footer.
//! Layout: `format-spec/README.md`, "Containers".
//!
//! Invariants:
//! - Every byte is covered by a checksum or must be zero.
//! - A blob is checked before its first use, once; opening reads the footer alone.

use super::file_header::{FileHeader, FileKind, HEADER_BYTES};
use super::{DecodeError, FileId, Packed, Reader, WriteError, Writer, reading, record};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Blobs begin at multiples of this many bytes.
const ALIGNMENT: usize = 8;
/// Footer offset and length, footer checksum, checksum of the trailer itself, magic.
const TRAILER_BYTES: usize = 32;
const TRAILER_MAGIC: [u8; 8] = *b"crumbend";

/// A blob's place in the file's list of blobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobIndex(u32);

/// Where a blob lies, and its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BlobEntry {
    offset: u64,
    length: u64,
    checksum: u32,
}

/// The footer: all blobs, and what the kind of file says about them.
#[derive(Serialize, Deserialize)]
struct Footer<T> {
    blobs: Vec<BlobEntry>,
    content: T,
}

/// A blob in two parts that follow one another: what is known last, such as a directory, comes first.
pub type BlobParts = [Vec<u8>; 2];

/// Writes a file from its first byte to its last, and keeps no more of it than the list of its blobs.
pub struct ContainerWriter<W = Vec<u8>> {
    id: FileId,
    output: W,
    length: u64,
    blobs: Vec<BlobEntry>,
    /// Why the output takes nothing more.
    failure: Option<io::Error>,
}

impl ContainerWriter {
    /// A file of this kind and identity, in memory.
    pub fn new(kind: FileKind, id: FileId) -> Self {
        Self::onto(Vec::new(), kind, id)
    }

    /// Closes the file with what its kind says about the blobs.
    ///
    /// # Errors
    /// When the footer is too large to be written.
    pub fn finish<T: Serialize>(self, content: &T) -> Result<Bytes, DecodeError> {
        match self.close(content) {
            Ok((bytes, _)) => Ok(bytes.into()),
            Err(WriteError::Content(error)) => Err(error),
            Err(WriteError::Output(error)) => Err(DecodeError::new(format!("memory takes no more: {error}"), 0)),
        }
    }
}

impl<W: io::Write> ContainerWriter<W> {
    /// A file of this kind and identity, written to `output` as it grows.
    pub fn onto(output: W, kind: FileKind, id: FileId) -> Self {
        let mut writer = Self { id, output, length: 0, blobs: Vec::new(), failure: None };
        writer.put(&FileHeader { kind, id }.encode());
        writer
    }

    /// Adds a blob.
    pub fn add(&mut self, blob: &[u8]) -> BlobIndex {
        self.add_parts([blob])
    }

    /// Adds a blob that comes in parts, each written before the next is asked for.
    pub fn add_parts(&mut self, parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> BlobIndex {
        self.align();
        let index = BlobIndex(self.blobs.len() as u32);
        let offset = self.length;
        let mut hasher = self.id.hasher();
        for part in parts {
            hasher.update(part.as_ref());
            self.put(part.as_ref());
        }
        self.blobs.push(BlobEntry { offset, length: self.length - offset, checksum: hasher.finalize() });
        index
    }

    /// Whether the output has failed. Nothing more is written to it then, and [`Self::close`] says why.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Closes the file with what its kind says about the blobs. Answers the output and the file's length in bytes.
    ///
    /// # Errors
    /// When the output failed, now or before, or the footer is too large.
    pub fn close<T: Serialize>(mut self, content: &T) -> Result<(W, u64), WriteError> {
        self.align();
        let footer = record::encode(&Footer { blobs: std::mem::take(&mut self.blobs), content })?;
        let mut trailer = Vec::with_capacity(TRAILER_BYTES);
        trailer.put_u64(self.length);
        trailer.put_u64(footer.len() as u64);
        trailer.put_u32(self.id.checksum(&footer));
        let checksum = self.id.checksum(&trailer);
        trailer.put_u32(checksum);
        trailer.put(&TRAILER_MAGIC);
        self.put(&footer);
        self.put(&trailer);
        match self.failure {
            Some(error) => Err(error.into()),
            None => Ok((self.output, self.length)),
        }
    }

    fn align(&mut self) {
        let padding = self.length.next_multiple_of(ALIGNMENT as u64) - self.length;
        self.put(&[0; ALIGNMENT][..padding as usize]);
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.failure = self.output.write_all(bytes).err();
        }
        self.length += bytes.len() as u64;
    }
}

/// An opened file. Clones share the bytes and what was already checked.
#[derive(Clone, Debug)]
pub struct Container {
    file: Arc<str>,
    id: FileId,
    bytes: Bytes,
    blobs: Arc<[(BlobEntry, Checks)]>,
    footer_offset: u64,
}

/// What is known of a blob. Relaxed: the flags guard no other memory; at worst a blob is checked twice.
#[derive(Debug, Default)]
struct Checks {
    matches_checksum: AtomicBool,
    /// Whether the blocks of a column were found where they belong.
    is_column: AtomicBool,
}

impl Container {
    /// Opens the file and reads its footer; `file` is its name, for errors.
    ///
    /// # Errors
    /// When header, trailer or footer are damaged.
    pub fn open<T: DeserializeOwned>(bytes: Bytes, kind: FileKind, file: &str) -> Result<(Self, T), DecodeError> {
        let file: Arc<str> = file.into();
        Self::read_footer(bytes, kind, Arc::clone(&file)).map_err(|error| error.in_file(&file))
    }

    fn read_footer<T: DeserializeOwned>(
        bytes: Bytes,
        kind: FileKind,
        file: Arc<str>,
    ) -> Result<(Self, T), DecodeError> {
        let header = FileHeader::decode(&bytes, kind)?;
        let trailer_start = bytes.len().saturating_sub(TRAILER_BYTES).max(HEADER_BYTES);
        let mut trailer = Reader::new(bytes.get(trailer_start..).unwrap_or_default());
        let at = |error: DecodeError| error.shifted(trailer_start as u64);
        let (offset, length, footer_checksum) =
            (trailer.u64().map_err(at)?, trailer.u64().map_err(at)?, trailer.u32().map_err(at)?);
        let checksum = trailer.u32().map_err(at)?;
        if trailer.take(8).map_err(at)? != TRAILER_MAGIC {
            return Err(DecodeError::new("the file does not end as it should", trailer_start as u64 + 24));
        }
        if header.id.checksum(&bytes[trailer_start..trailer_start + 20]) != checksum {
            return Err(DecodeError::new("the file's trailer is damaged", trailer_start as u64));
        }
        if offset.checked_add(length) != Some(trailer_start as u64) || offset < HEADER_BYTES as u64 {
            return Err(DecodeError::new("the footer is not where the trailer says", trailer_start as u64));
        }
        let footer_bytes = &bytes[offset as usize..trailer_start];
        if header.id.checksum(footer_bytes) != footer_checksum {
            return Err(DecodeError::new("the file's footer is damaged", offset));
        }
        let footer: Footer<T> = record::decode(footer_bytes).map_err(|error| error.shifted(offset))?;
        let mut end = HEADER_BYTES as u64;
        for blob in &footer.blobs {
            let blob_end = blob.offset.checked_add(blob.length).filter(|blob_end| *blob_end <= offset);
            match blob_end {
                Some(blob_end) if blob.offset == end.next_multiple_of(ALIGNMENT as u64) => end = blob_end,
                _ => return Err(DecodeError::new("a part of the file is out of place", offset)),
            }
        }
        if end.next_multiple_of(ALIGNMENT as u64) != offset {
            return Err(DecodeError::new("the file has bytes that belong to no part", end));
        }
        let blobs = footer.blobs.into_iter().map(|blob| (blob, Checks::default())).collect();
        Ok((Self { file, id: header.id, bytes, blobs, footer_offset: offset }, footer.content))
    }

    /// The file's name, for errors.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The file's identity.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// The file's length in bytes.
    pub fn byte_len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// A blob's length in bytes; 0 for one that does not exist.
    pub fn blob_len(&self, index: BlobIndex) -> u64 {
        self.blobs.get(index.0 as usize).map_or(0, |(blob, _)| blob.length)
    }

    /// The offset of a blob in the file.
    pub fn blob_offset(&self, index: BlobIndex) -> u64 {
        self.blobs.get(index.0 as usize).map_or(0, |(blob, _)| blob.offset)
    }

    /// A blob, checked.
    ///
    /// # Errors
    /// When it does not exist or is damaged; the offset is the blob's in the file.
    pub fn blob(&self, index: BlobIndex) -> Result<Bytes, DecodeError> {
        let Some((blob, checks)) = self.blobs.get(index.0 as usize) else {
            let problem = "the footer names a part that does not exist";
            return Err(DecodeError::new(problem, self.footer_offset).in_file(&self.file));
        };
        // Bounds were checked when the file was opened.
        let bytes = self.bytes.slice(blob.offset as usize..(blob.offset + blob.length) as usize);
        if !checks.matches_checksum.load(Ordering::Relaxed) {
            reading::checked(bytes.len());
            if self.id.checksum(&bytes) != blob.checksum {
                let problem = format!("a part of {} bytes does not match its checksum", blob.length);
                return Err(DecodeError::new(problem, blob.offset).in_file(&self.file));
            }
            checks.matches_checksum.store(true, Ordering::Relaxed);
        }
        Ok(bytes)
    }

    /// Whether a blob was read since the file was opened.
    pub fn was_read(&self, index: BlobIndex) -> bool {
        self.blobs.get(index.0 as usize).is_some_and(|(_, checks)| checks.matches_checksum.load(Ordering::Relaxed))
    }

    /// Opens what a blob holds; errors carry the place in the file.
    ///
    /// # Errors
    /// As [`Self::blob`], or what `open` says.
    pub fn read<T>(
        &self,
        index: BlobIndex,
        open: impl FnOnce(Bytes) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        open(self.blob(index)?).map_err(|error| error.shifted(self.blob_offset(index)).in_file(&self.file))
    }

    /// A column. Where its blocks lie is checked once, as reports open the same columns again and again.
    ///
    /// # Errors
    /// As [`Self::blob`], or as [`Packed::open`].
    pub fn column(&self, index: BlobIndex) -> Result<Packed, DecodeError> {
        let is_column = self.blobs.get(index.0 as usize).map(|(_, checks)| &checks.is_column);
        if is_column.is_some_and(|is_column| is_column.load(Ordering::Relaxed)) {
            return self.read(index, Packed::reopen);
        }
        let column = self.read(index, Packed::open)?;
        is_column.into_iter().for_each(|is_column| is_column.store(true, Ordering::Relaxed));
        Ok(column)
    }

    /// Checks every byte anew, whatever was checked before.
    pub fn verify(&self) -> Vec<DecodeError> {
        let mut damage = Vec::new();
        let mut end = HEADER_BYTES;
        for (blob, _) in self.blobs.iter() {
            let (start, blob_end) = (blob.offset as usize, (blob.offset + blob.length) as usize);
            self.check_zero(end..start, &mut damage);
            if self.id.checksum(&self.bytes[start..blob_end]) != blob.checksum {
                let problem = format!("a part of {} bytes does not match its checksum", blob.length);
                damage.push(DecodeError::new(problem, blob.offset).in_file(&self.file));
            }
            end = blob_end;
        }
        self.check_zero(end..self.footer_offset as usize, &mut damage);
        damage
    }

    fn check_zero(&self, range: std::ops::Range<usize>, damage: &mut Vec<DecodeError>) {
        if let Some(at) = self.bytes[range.clone()].iter().position(|byte| *byte != 0) {
            damage.push(DecodeError::new("padding is not zero", (range.start + at) as u64).in_file(&self.file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_damaged_byte_is_found() {
        let mut writer = ContainerWriter::new(FileKind::Segment, FileId([3; 16]));
        writer.add(b"first");
        writer.add(b"");
        let last = writer.add(b"the last one");
        let bytes = writer.finish(&("content".to_owned(), last)).unwrap();
        let (container, (name, index)) =
            Container::open::<(String, BlobIndex)>(bytes.clone(), FileKind::Segment, "f").unwrap();
        assert_eq!((name.as_str(), &container.blob(index).unwrap()[..]), ("content", &b"the last one"[..]));
        assert_eq!(container.verify(), []);
        for at in 0..bytes.len() {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 1;
            let found = match Container::open::<(String, BlobIndex)>(damaged.into(), FileKind::Segment, "f") {
                Ok((container, _)) => !container.verify().is_empty(),
                Err(_) => true,
            };
            assert!(found, "byte {at}");
        }
        for length in 0..bytes.len() {
            assert!(Container::open::<(String, BlobIndex)>(bytes.slice(..length), FileKind::Segment, "f").is_err());
        }
    }

    /// Takes so many bytes and then fails.
    struct Full(usize);

    impl io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.0);
            self.0 -= count;
            if count == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(count) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_file_has_the_same_bytes_wherever_it_is_written_and_in_whatever_parts() {
        fn write<W: io::Write>(mut writer: ContainerWriter<W>, parts: usize) -> Result<(W, u64), WriteError> {
            let blob = writer.add_parts(b"one blob".chunks(parts));
            writer.add(b"another");
            writer.close(&blob)
        }
        let in_memory = |parts| write(ContainerWriter::new(FileKind::Segment, FileId([3; 16])), parts).unwrap();
        let (bytes, length) = in_memory(8);
        assert_eq!(length, bytes.len() as u64);
        assert_eq!(in_memory(3), (bytes.clone(), length));
        for room in 0..=bytes.len() {
            let onto = write(ContainerWriter::onto(Full(room), FileKind::Segment, FileId([3; 16])), 3);
            match onto {
                Ok((full, written)) => assert_eq!((room, full.0, written), (bytes.len(), 0, length)),
                Err(WriteError::Output(error)) => {
                    assert!(error.kind() == io::ErrorKind::StorageFull && room < bytes.len());
                }
                Err(WriteError::Content(error)) => panic!("{error}"),
            }
        }
    }
}
