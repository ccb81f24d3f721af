//! Codes of a property's values for the rows of a table: one a row, or one a run of rows.
//! Layout: `format-spec/segment.md`, "Properties".

use super::file::SegmentFile;
use super::layout::{CodeLayout, CodeRunsLayout};
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::{BlobParts, DecodeError, Packed, PackedEncoder};
use bytes::Bytes;
use std::io;
use std::ops::Range;

/// Bytes of a block's bits.
const BLOCK_BYTES: usize = BLOCK_VALUES / 8;

/// 0 for rows without a value, else 1 + the place of the value in the column's list.
#[derive(Clone, Debug)]
pub enum Codes {
    /// One a row.
    Each(Packed),
    /// One for each run of rows.
    Runs(CodeRuns),
}

/// Runs of rows with one code; with each block of rows one begins.
#[derive(Clone, Debug)]
pub struct CodeRuns {
    rows: usize,
    /// A bit for each row: whether a run begins with it.
    begins: Bytes,
    codes: Packed,
    /// The first run of each block, and how many there are.
    firsts: Packed,
}

impl CodeRuns {
    /// Runs of so many rows.
    ///
    /// # Errors
    /// When a part has another length than the others make it.
    pub(super) fn open(rows: usize, begins: Bytes, codes: Packed, firsts: Packed) -> Result<Self, DecodeError> {
        let damage = || DecodeError::new("runs of codes do not fit their rows", 0);
        if begins.len() != rows.div_ceil(8) || firsts.len() != rows.div_ceil(BLOCK_VALUES) + 1 {
            return Err(damage());
        }
        let firsts_end = firsts.get(firsts.len() - 1);
        if usize::try_from(firsts_end) != Ok(codes.len()) {
            return Err(damage());
        }
        Ok(Self { rows, begins, codes, firsts })
    }

    /// The rows of a block, and where among the runs its own are.
    fn block(&self, block: usize) -> (usize, Range<usize>) {
        let rows = (self.rows - block * BLOCK_VALUES).min(BLOCK_VALUES);
        let (start, end) = self.firsts.get_pair(block);
        // Of a damaged column whatever is there.
        let end = usize::try_from(end).unwrap_or(0).min(self.codes.len());
        let start = usize::try_from(start).unwrap_or(0).min(end);
        (rows, start..end.min(start + rows))
    }

    /// The bits of a block, 64 rows a word.
    fn words(&self, block: usize) -> impl Iterator<Item = u64> + '_ {
        let start = block * BLOCK_BYTES;
        let bytes = &self.begins[start..self.begins.len().min(start + BLOCK_BYTES)];
        bytes.chunks(8).map(|bytes| bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)))
    }

    /// Calls `visit` with the code of each run of a block, and its rows, counted from the block's first. `buffer` is
    /// room for their codes.
    pub fn visit(&self, block: usize, buffer: &mut [i64; BLOCK_VALUES], mut visit: impl FnMut(i64, Range<usize>)) {
        let (rows, runs) = self.block(block);
        let codes = self.codes.decode_range(runs, buffer);
        let Some((first, codes)) = codes.split_first() else { return };
        let (mut code, mut start, mut next) = (*first, 0, codes.iter());
        for (place, mut word) in self.words(block).enumerate() {
            if place == 0 {
                word &= !1;
            }
            while word != 0 {
                let row = place * 64 + word.trailing_zeros() as usize;
                word &= word - 1;
                let Some(after) = next.next().filter(|_| row < rows) else { break };
                visit(code, start..row);
                (code, start) = (*after, row);
            }
        }
        visit(code, start..rows);
    }

    /// Puts what `of` says of each row's code into the front of `out`; answers how many rows the block has. `buffer` is
    /// room for codes. Runs are short where this is much work, so rows are filled without a jump for each run.
    pub fn fill(
        &self,
        block: usize,
        buffer: &mut [i64; BLOCK_VALUES],
        of: impl Fn(i64) -> u32,
        out: &mut [u32],
    ) -> usize {
        let (rows, runs) = self.block(block);
        let mut said = [0; BLOCK_VALUES];
        let codes = self.codes.decode_range(runs, buffer);
        said.iter_mut().zip(codes).for_each(|(said, code)| *said = of(*code));
        // The first row begins a run; of a damaged column whatever is there.
        let mut run = usize::MAX;
        for (word, rows) in self.words(block).zip(out[..rows].chunks_mut(64)) {
            for (bit, row) in rows.iter_mut().enumerate() {
                run = run.wrapping_add((word >> bit & 1) as usize);
                *row = said[run % BLOCK_VALUES];
            }
        }
        rows
    }

    fn get(&self, row: usize) -> i64 {
        let (block, place) = (row / BLOCK_VALUES, row % BLOCK_VALUES);
        let (_, runs) = self.block(block);
        let begun = |(word, bits): (usize, u64)| match (place + 1).saturating_sub(word * 64) {
            0 => 0,
            rows @ 1..64 => (bits & ((1 << rows) - 1)).count_ones() as usize,
            _ => bits.count_ones() as usize,
        };
        let begun: usize = self.words(block).enumerate().take(place / 64 + 1).map(begun).sum();
        let run = runs.start + begun.saturating_sub(1);
        if runs.contains(&run) { self.codes.get(run) } else { 0 }
    }

    /// Whether each block begins with a run and has as many as it says, each of another code than the one before.
    fn is_sound(&self) -> bool {
        let mut runs = 0;
        let mut buffer = [0; BLOCK_VALUES];
        (0..self.firsts.len() - 1).all(|block| {
            let is_begun = self.begins[block * BLOCK_BYTES] & 1 == 1 && self.firsts.get(block) == runs as i64;
            runs += self.words(block).map(|word| word.count_ones() as usize).sum::<usize>();
            let (mut last, mut differ) = (None, true);
            self.visit(block, &mut buffer, |code, _| differ &= last.replace(code) != Some(code));
            is_begun && differ
        }) && runs == self.codes.len()
            && (self.rows.is_multiple_of(8) || self.begins.last().is_some_and(|byte| byte >> (self.rows % 8) == 0))
    }
}

impl Codes {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Each(codes) => codes.len(),
            Self::Runs(runs) => runs.rows,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code of a row.
    pub fn get(&self, row: usize) -> i64 {
        match self {
            Self::Each(codes) => codes.get(row),
            Self::Runs(runs) => runs.get(row),
        }
    }

    /// Decodes a block of rows into the front of `out`; answers how many it has.
    pub fn decode_block(&self, block: usize, out: &mut [i64; BLOCK_VALUES]) -> usize {
        match self {
            Self::Each(codes) => codes.decode_block(block, out),
            Self::Runs(runs) => {
                let mut buffer = [0; BLOCK_VALUES];
                let mut rows = 0;
                runs.visit(block, &mut buffer, |code, run| {
                    out[run.clone()].fill(code);
                    rows = run.end;
                });
                rows
            }
        }
    }

    /// All of them.
    pub fn to_vec(&self) -> Vec<i64> {
        let mut all = Vec::with_capacity(self.len());
        let mut buffer = [0; BLOCK_VALUES];
        for block in 0..self.len().div_ceil(BLOCK_VALUES) {
            let rows = self.decode_block(block, &mut buffer);
            all.extend_from_slice(&buffer[..rows]);
        }
        all
    }

    /// Whether what is stored fits together.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Each(_) => true,
            Self::Runs(runs) => runs.is_sound(),
        }
    }
}

/// Codes on their way into either form.
#[derive(Default)]
pub(super) struct CodeEncoder {
    each: PackedEncoder,
    begins: Vec<u8>,
    codes: PackedEncoder,
    firsts: PackedEncoder,
    last: Option<i64>,
    rows: usize,
    runs: usize,
}

impl CodeEncoder {
    /// Takes the code of the next row.
    pub fn push(&mut self, code: i64) {
        self.each.push(code);
        let is_first = self.rows.is_multiple_of(BLOCK_VALUES);
        if is_first {
            self.firsts.push(self.runs as i64);
        }
        if self.rows.is_multiple_of(8) {
            self.begins.push(0);
        }
        if is_first || self.last != Some(code) {
            if let Some(byte) = self.begins.last_mut() {
                *byte |= 1 << (self.rows % 8);
            }
            self.codes.push(code);
            self.runs += 1;
            self.last = Some(code);
        }
        self.rows += 1;
    }

    /// Writes runs where they take clearly less: what is read row by row is read faster from codes of each row.
    pub fn finish<W: io::Write>(mut self, file: &mut SegmentFile<W>) -> CodeLayout {
        self.firsts.push(self.runs as i64);
        let length = |parts: &BlobParts| parts.iter().map(Vec::len).sum::<usize>();
        let (each, codes, firsts) = (self.each.finish(), self.codes.finish(), self.firsts.finish());
        if (length(&codes) + length(&firsts) + self.begins.len()) * 4 > length(&each) * 3 {
            return CodeLayout::Each(file.container.add_parts(each));
        }
        CodeLayout::Runs(CodeRunsLayout {
            begins: file.container.add(&self.begins),
            codes: file.container.add_parts(codes),
            firsts: file.container.add_parts(firsts),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::FileId;
    use crate::model::Arrival;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_read_back_as_rows(lengths in prop::collection::vec((prop_oneof![1usize..3, 1usize..90], 0i64..40), 1..400), get in 0usize..100) {
            let rows: Vec<i64> = lengths.into_iter().flat_map(|(length, code)| vec![code; length]).collect();
            let mut encoder = CodeEncoder::default();
            rows.iter().for_each(|code| encoder.push(*code));
            encoder.firsts.push(encoder.runs as i64);
            let packed = |encoder: PackedEncoder| Packed::open(encoder.finish().concat().into()).unwrap();
            let (codes, firsts) = (packed(encoder.codes), packed(encoder.firsts));
            let runs = CodeRuns::open(rows.len(), encoder.begins.into(), codes, firsts).unwrap();
            prop_assert!(runs.is_sound());
            for row in (get..rows.len()).step_by(101) {
                prop_assert_eq!(runs.get(row), rows[row]);
            }
            let mut filled = [0; BLOCK_VALUES];
            for (block, rows) in rows.chunks(BLOCK_VALUES).enumerate() {
                let count = runs.fill(block, &mut [0; BLOCK_VALUES], |code| code as u32 * 3, &mut filled);
                let expected: Vec<u32> = rows.iter().map(|code| *code as u32 * 3).collect();
                prop_assert_eq!(&filled[..count], expected);
            }
            let codes = Codes::Runs(runs);
            prop_assert_eq!(codes.to_vec(), rows);
        }
    }

    #[test]
    fn runs_are_written_where_they_are_smaller() {
        let mut file = SegmentFile::new(Vec::new(), FileId([1; 16]), Arrival::new(0));
        let mut layout = |length: i64| {
            let mut encoder = CodeEncoder::default();
            (0..5000).for_each(|row| encoder.push(row / length * 37 % 200));
            encoder.finish(&mut file)
        };
        assert!(matches!(layout(1), CodeLayout::Each(_)));
        assert!(matches!(layout(9), CodeLayout::Runs(_)));
    }
}
