//! Lists of byte strings in blocks that may be compressed, for text that is seldom read.
//! Layout: `format-spec/README.md`, "Text lists".

use super::search::partition_point;
use super::{BlobParts, DecodeError, Reader, Writer, reading};
use bytes::Bytes;
use std::cell::RefCell;
use std::io;
use std::ops::ControlFlow;
use zstd::bulk::{Compressor, Decompressor};

/// A block is closed once it holds this many bytes.
const BLOCK_BYTES: usize = 16 * 1024;
/// Longer blocks are never compressed, so that damage cannot ask for more memory than this to unpack one.
const PACKED_BLOCK_BYTES_MAX: usize = 1 << 20;
/// Bytes before the directory: how many entries and blocks there are.
const COUNTS_BYTES: usize = 16;
/// First entry, offset, stored length, unpacked length.
const ENTRY_BYTES: usize = 16;
const ZSTD_LEVEL: i32 = 3;

/// Whether blocks are compressed when that makes them smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Stored as they are: for what lives in memory only.
    None,
    /// zstd where it helps.
    Zstd,
}

/// The entries as bytes.
pub fn encode<'a>(entries: impl IntoIterator<Item = &'a [u8]>, compression: Compression) -> Vec<u8> {
    let mut encoder = TextsEncoder::new(compression);
    entries.into_iter().for_each(|entry| encoder.push(entry));
    encoder.finish().concat()
}

/// Takes entries one after the other, and keeps only what they become.
#[derive(Clone, Debug)]
pub struct TextsEncoder {
    compression: Compression,
    /// So many bytes of blocks are stored as they are.
    plain_bytes: usize,
    count: u64,
    /// The first entry of the block that is not full yet, and its bytes.
    first: u64,
    block: Vec<u8>,
    /// Room for the counts, then the directory.
    head: Vec<u8>,
    data: Vec<u8>,
}

impl TextsEncoder {
    /// A list without entries.
    pub fn new(compression: Compression) -> Self {
        let (block, head) = (Vec::with_capacity(BLOCK_BYTES), vec![0; COUNTS_BYTES]);
        Self { compression, plain_bytes: 0, count: 0, first: 0, block, head, data: Vec::new() }
    }

    /// The same, the first blocks of which are stored as they are: of a list that is looked up often, as many as are no
    /// burden. To unpack a block takes longer than most lookups.
    pub fn with_plain(compression: Compression, plain_bytes: usize) -> Self {
        Self { plain_bytes, ..Self::new(compression) }
    }

    /// Takes the next entry.
    pub fn push(&mut self, entry: &[u8]) {
        self.block.put_varint(entry.len() as u64);
        self.block.put(entry);
        self.count += 1;
        if self.block.len() >= BLOCK_BYTES {
            self.close_block();
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn close_block(&mut self) {
        let is_plain = self.data.len() + self.block.len() <= self.plain_bytes;
        if !is_plain {
            // Only the first ones are.
            self.plain_bytes = 0;
        }
        let packed = match self.compression {
            Compression::Zstd if self.block.len() > PACKED_BLOCK_BYTES_MAX => None,
            Compression::Zstd if is_plain => None,
            Compression::None => None,
            Compression::Zstd => compress(&self.block).ok().filter(|packed| packed.len() < self.block.len()),
        };
        let stored = packed.as_deref().unwrap_or(&self.block);
        self.head.put_u32(self.first as u32);
        self.head.put_u32(self.data.len() as u32);
        self.head.put_u32(stored.len() as u32);
        self.head.put_u32(self.block.len() as u32);
        self.data.put(stored);
        self.block.clear();
        self.first = self.count;
    }

    /// The list.
    pub fn finish(mut self) -> BlobParts {
        if !self.block.is_empty() {
            self.close_block();
        }
        let blocks = (self.head.len() - COUNTS_BYTES) / ENTRY_BYTES;
        self.head[..8].copy_from_slice(&self.count.to_le_bytes());
        self.head[8..COUNTS_BYTES].copy_from_slice(&(blocks as u64).to_le_bytes());
        [self.head, self.data]
    }
}

thread_local! {
    // Making one of these takes longer than most blocks do.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Does something with what the thread keeps in the cell, which is made at the first use.
fn with_kept<K, T>(
    cell: &RefCell<Option<K>>,
    make: impl FnOnce() -> io::Result<K>,
    act: impl FnOnce(&mut K) -> io::Result<T>,
) -> io::Result<T> {
    let mut slot = cell.borrow_mut();
    let kept = match slot.take() {
        Some(kept) => kept,
        None => make()?,
    };
    act(slot.insert(kept))
}

fn compress(block: &[u8]) -> io::Result<Vec<u8>> {
    COMPRESSOR.with(|cell| with_kept(cell, || Compressor::new(ZSTD_LEVEL), |compressor| compressor.compress(block)))
}

fn decompress(stored: &[u8], unpacked_bytes: usize) -> io::Result<Vec<u8>> {
    DECOMPRESSOR.with(|cell| with_kept(cell, Decompressor::new, |kept| kept.decompress(stored, unpacked_bytes)))
}

/// A list of byte strings over encoded bytes.
#[derive(Clone, Debug)]
pub struct Texts {
    count: usize,
    blocks: usize,
    bytes: Bytes,
}

/// Where a block of a list lies.
struct Block {
    first: usize,
    end: usize,
    stored: std::ops::Range<usize>,
    unpacked_bytes: usize,
}

impl Texts {
    /// Checks the directory.
    ///
    /// # Errors
    /// When a block lies outside the bytes or out of order.
    pub fn open(bytes: Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&bytes);
        let (count, blocks) = (reader.u64()?, reader.u64()?);
        if blocks > (reader.remaining() / ENTRY_BYTES) as u64 || count > u64::from(u32::MAX) {
            return Err(DecodeError::new("a text list is longer than its bytes", 0));
        }
        let texts = Self { count: count as usize, blocks: blocks as usize, bytes: bytes.clone() };
        let mut end = texts.data();
        let mut entry = 0;
        for index in 0..texts.blocks {
            let block = texts.block(index);
            let is_packed = block.stored.len() != block.unpacked_bytes;
            let sound = block.first == entry
                && block.first < block.end
                && block.end <= texts.count
                && block.stored.start == end
                && block.stored.end <= bytes.len()
                && block.stored.len() <= block.unpacked_bytes
                && (!is_packed || block.unpacked_bytes <= PACKED_BLOCK_BYTES_MAX);
            if !sound {
                return Err(DecodeError::new(
                    "a block of a text list is out of place",
                    (COUNTS_BYTES + index * ENTRY_BYTES) as u64,
                ));
            }
            (entry, end) = (block.end, block.stored.end);
        }
        if entry != texts.count || end != bytes.len() {
            return Err(DecodeError::new("a text list has another length than its blocks", 0));
        }
        reading::decoded(texts.data());
        Ok(texts)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn data(&self) -> usize {
        COUNTS_BYTES + self.blocks * ENTRY_BYTES
    }

    fn directory_u32(&self, block: usize, field: usize) -> usize {
        let at = COUNTS_BYTES + block * ENTRY_BYTES + field * 4;
        self.bytes.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
    }

    fn block(&self, index: usize) -> Block {
        let start = self.data() + self.directory_u32(index, 1);
        Block {
            first: self.directory_u32(index, 0),
            end: if index + 1 < self.blocks { self.directory_u32(index + 1, 0) } else { self.count },
            stored: start..start + self.directory_u32(index, 2),
            unpacked_bytes: self.directory_u32(index, 3),
        }
    }

    /// Calls `visit` with the entries of `range` and their indexes, in order.
    ///
    /// # Errors
    /// When a block is damaged, or `range` goes beyond the list.
    pub fn visit(&self, range: std::ops::Range<usize>, mut visit: impl FnMut(usize, &[u8])) -> Result<(), DecodeError> {
        let all = |entry, text: &[u8]| -> ControlFlow<()> {
            visit(entry, text);
            ControlFlow::Continue(())
        };
        self.visit_until(range, all).map(|_| ())
    }

    /// The same, until `visit` breaks.
    ///
    /// # Errors
    /// As [`Self::visit`].
    pub fn visit_until<B>(
        &self,
        range: std::ops::Range<usize>,
        mut visit: impl FnMut(usize, &[u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, DecodeError> {
        if range.end > self.count {
            return Err(DecodeError::new(format!("entry {} is beyond the text list", range.end), 0));
        }
        if range.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let mut index = self.block_of(range.start);
        while index < self.blocks {
            let block = self.block(index);
            if block.first >= range.end {
                break;
            }
            let unpacked = self.unpack(&block)?;
            let mut reader = Reader::new(&unpacked);
            for entry in block.first..block.end.min(range.end) {
                let length = reader.length().map_err(|error| error.shifted(block.stored.start as u64))?;
                let text = reader.take(length)?;
                if range.contains(&entry)
                    && let ControlFlow::Break(end) = visit(entry, text)
                {
                    return Ok(ControlFlow::Break(end));
                }
            }
            if block.end <= range.end {
                reader.finish().map_err(|error| error.shifted(block.stored.start as u64))?;
            }
            index += 1;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Calls `visit` with these entries, which ascend; each block is unpacked once at most.
    ///
    /// # Errors
    /// As [`Self::visit`].
    pub fn visit_some(&self, entries: &[usize], mut visit: impl FnMut(usize, &[u8])) -> Result<(), DecodeError> {
        let mut rest = entries;
        while let Some(first) = rest.first().copied() {
            let end = if first < self.count { self.block(self.block_of(first)).end } else { first };
            let in_block = rest.partition_point(|entry| *entry < end).max(1);
            let (wanted, later) = rest.split_at(in_block);
            let mut wanted = wanted.iter().copied().peekable();
            let last = rest[in_block - 1];
            self.visit(first..last + 1, |entry, text| {
                while wanted.next_if_eq(&entry).is_some() {
                    visit(entry, text);
                }
            })?;
            rest = later;
        }
        Ok(())
    }

    /// The mean length of an entry once unpacked, rounded up; 0 without entries.
    pub fn mean_bytes(&self) -> usize {
        let unpacked: usize = (0..self.blocks).map(|block| self.block(block).unpacked_bytes).sum();
        unpacked.div_ceil(self.count.max(1))
    }

    /// One entry.
    ///
    /// # Errors
    /// As [`Self::visit`].
    pub fn get(&self, index: usize) -> Result<Vec<u8>, DecodeError> {
        let mut found = Vec::new();
        self.visit(index..index + 1, |_, text| found.extend_from_slice(text))?;
        Ok(found)
    }

    /// All entries as UTF-8.
    ///
    /// # Errors
    /// As [`Self::visit`], or when one is not UTF-8.
    pub fn strings(&self) -> Result<Vec<String>, DecodeError> {
        let mut all = Vec::with_capacity(self.count.min(self.bytes.len()));
        let mut bad = None;
        self.visit(0..self.count, |entry, text| match std::str::from_utf8(text) {
            Ok(text) => all.push(text.to_owned()),
            Err(_) => bad = Some(entry),
        })?;
        match bad {
            Some(entry) => Err(DecodeError::new(format!("entry {entry} of a text list is not UTF-8"), 0)),
            None => Ok(all),
        }
    }

    fn block_of(&self, entry: usize) -> usize {
        partition_point(1..self.blocks.max(1), |block| self.directory_u32(block, 0) <= entry) - 1
    }

    fn unpack(&self, block: &Block) -> Result<Bytes, DecodeError> {
        let stored = self.bytes.slice(block.stored.clone());
        reading::decoded(stored.len());
        if stored.len() == block.unpacked_bytes {
            return Ok(stored);
        }
        match decompress(&stored, block.unpacked_bytes) {
            Ok(unpacked) if unpacked.len() == block.unpacked_bytes => Ok(unpacked.into()),
            _ => Err(DecodeError::new("a compressed block cannot be unpacked", block.stored.start as u64)),
        }
    }
}

/// Reads a list from its first entry on, holding one block at a time.
#[derive(Clone, Debug)]
pub struct TextCursor {
    texts: Texts,
    next_block: usize,
    unpacked: Bytes,
    /// Where the next entry of the block begins, and how many there are from it on.
    at: usize,
    left: usize,
}

impl TextCursor {
    /// Before the first entry.
    pub fn new(texts: Texts) -> Self {
        Self { texts, next_block: 0, unpacked: Bytes::new(), at: 0, left: 0 }
    }

    /// The next entry; `None` after the last.
    ///
    /// # Errors
    /// When a block is damaged.
    pub fn next_entry(&mut self) -> Result<Option<&[u8]>, DecodeError> {
        while self.left == 0 {
            if self.at != self.unpacked.len() {
                return Err(DecodeError::new("there are bytes after the last entry of a block", self.at as u64));
            }
            if self.next_block == self.texts.blocks {
                return Ok(None);
            }
            let block = self.texts.block(self.next_block);
            self.unpacked = self.texts.unpack(&block)?;
            self.next_block += 1;
            (self.at, self.left) = (0, block.end - block.first);
        }
        let mut reader = Reader::new(self.unpacked.get(self.at..).unwrap_or_default());
        let length = reader.length()?;
        let entry = reader.take(length)?;
        self.at += reader.position();
        self.left -= 1;
        Ok(Some(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lists_read_back(entries in prop::collection::vec(prop::collection::vec(97u8..101, 0..900), 0..120), packed: bool) {
            let compression = if packed { Compression::Zstd } else { Compression::None };
            let list = Texts::open(encode(entries.iter().map(Vec::as_slice), compression).into()).unwrap();
            prop_assert_eq!(list.len(), entries.len());
            for (index, entry) in entries.iter().enumerate() {
                prop_assert_eq!(&list.get(index).unwrap(), entry);
            }
            let mut cursor = TextCursor::new(list);
            for entry in &entries {
                prop_assert_eq!(cursor.next_entry().unwrap(), Some(entry.as_slice()));
            }
            prop_assert_eq!(cursor.next_entry(), Ok(None));
        }

        #[test]
        fn some_entries_are_those_entries(
            entries in prop::collection::vec(prop::collection::vec(97u8..101, 0..900), 1..120),
            mut some in prop::collection::vec(0usize..120, 0..50),
        ) {
            let list = Texts::open(encode(entries.iter().map(Vec::as_slice), Compression::Zstd).into()).unwrap();
            some.retain(|entry| *entry < entries.len());
            some.sort_unstable();
            let mut found = Vec::new();
            list.visit_some(&some, |entry, text| found.push((entry, text.to_vec()))).unwrap();
            let expected: Vec<_> = some.iter().map(|entry| (*entry, entries[*entry].clone())).collect();
            prop_assert_eq!(found, expected);
            prop_assert!(list.visit_some(&[entries.len()], |_, _| ()).is_err());
        }

        #[test]
        fn any_bytes_open_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(list) = Texts::open(bytes.into()) {
                let _ = list.strings();
            }
        }
    }
    #[test]
    fn the_first_blocks_may_be_stored_as_they_are() {
        let entries: Vec<String> = (0..10_000).map(|entry| format!("entry number {entry}")).collect();
        let stored = |plain_bytes| {
            let mut encoder = TextsEncoder::with_plain(Compression::Zstd, plain_bytes);
            entries.iter().for_each(|entry| encoder.push(entry.as_bytes()));
            let list = Texts::open(encoder.finish().concat().into()).unwrap();
            assert_eq!(list.strings().unwrap(), entries);
            assert_eq!(list.get(9_999).unwrap(), entries[9_999].as_bytes());
            let is_plain = |block| list.block(block).stored.len() == list.block(block).unpacked_bytes;
            (0..list.blocks).map(is_plain).collect::<Vec<_>>()
        };
        assert!(stored(0).iter().all(|is_plain| !is_plain) && stored(1 << 20).iter().all(|is_plain| *is_plain));
        let some = stored(3 * BLOCK_BYTES);
        assert!(some.len() > 3 && some.is_sorted_by(|a, b| a >= b));
        assert_eq!(
            some.iter().filter(|is_plain| **is_plain).count(),
            2,
            "blocks are a little longer than they should be"
        );
    }

    #[test]
    fn entries_of_any_length_read_back() {
        let entries = [b"short".to_vec(), vec![b'x'; PACKED_BLOCK_BYTES_MAX], vec![b'y'; 3 * PACKED_BLOCK_BYTES_MAX]];
        for compression in [Compression::None, Compression::Zstd] {
            let list = Texts::open(encode(entries.iter().map(Vec::as_slice), compression).into()).unwrap();
            for (index, entry) in entries.iter().enumerate() {
                assert!(list.get(index).unwrap() == *entry, "entry {index}");
            }
        }
    }
}
