//! Sets of units for every slot and piece, one bit a unit: what distinct units are counted with where there are rows
//! enough for it. Where there are not, they are lists ([`super::cells`]).

use super::charge::{Charge, Charged};
use super::division::Division;
use super::error::ExecutionError;
use super::guard::Guard;
use super::limits::Stop;
use super::look::Look;
use super::query::{NO_UNIT, Query};
use super::scan::visit_rows;
use super::slots::Slots;
use roaring::RoaringBitmap;

/// Bits are used while they take at most so many bytes a row; a list of units would take four, and sorting.
const BYTES_A_ROW: usize = 16;
/// And so many bytes in all.
const BYTES_MAX: usize = 64 << 20;
/// Units of a word.
const WORD_UNITS: usize = 64;

/// See the module.
pub(super) struct UnitGrid {
    slots: usize,
    pieces: usize,
    /// Words of one set.
    length: usize,
    /// By slot, then by piece.
    words: Vec<u64>,
    _charge: Charge,
}

impl UnitGrid {
    /// The units of the rows that a look asks for; `None` where bits are not the way to count them.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn fold(
        query: Query<'_>,
        look: &Look,
        division: &impl Division,
        slots: Option<&Slots>,
    ) -> Result<Option<Self>, ExecutionError> {
        let Some(mut grid) = Self::of_size(query, look, slots.map_or(1, Slots::len), division.len()) else {
            return Ok(None);
        };
        visit_rows(
            query,
            look,
            |table| slots.map(|slots| slots.open(query, table)).transpose(),
            |table_slots, block, mask, buffer| {
                let row_slots = table_slots.as_mut().map(|slots| slots.decode(block, buffer)).transpose()?;
                // Bound by finding the piece of a time; the bit itself is mostly in the cache, as users ascend.
                mask.rows().for_each(|row| {
                    let unit = block.units[row];
                    if unit != NO_UNIT
                        && let Some(piece) = division.index_of(block.times[row])
                    {
                        grid.add(row_slots.map_or(0, |slots| slots[row] as usize), piece, unit);
                    }
                });
                Ok(())
            },
        )?;
        Ok(Some(grid))
    }

    fn of_size(query: Query<'_>, look: &Look, slots: usize, pieces: usize) -> Option<Self> {
        let length = (query.unit_count() as usize).div_ceil(WORD_UNITS);
        let words = slots.checked_mul(pieces)?.checked_mul(length)?;
        let tables = query.snapshot.segments().iter().flat_map(|segment| look.tables(segment));
        let rows: usize = tables.map(|table| table.rows()).sum();
        let bytes = words.checked_mul(size_of::<u64>())?;
        if bytes > BYTES_MAX.min(rows.saturating_mul(BYTES_A_ROW)) {
            return None;
        }
        // Lists may do with less memory than there is.
        let charge = Charge::of(query.guard, bytes).ok()?;
        Some(Self { slots, pieces, length, words: vec![0; words], _charge: charge })
    }

    #[inline]
    fn add(&mut self, slot: usize, piece: usize, unit: u32) {
        let word = (slot * self.pieces + piece) * self.length + unit as usize / WORD_UNITS;
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (unit as usize % WORD_UNITS);
        }
    }

    /// How many slots there are.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// The sets of a slot, by piece.
    pub fn sets(&self, slot: usize) -> impl Iterator<Item = &[u64]> {
        (slot * self.pieces..(slot + 1) * self.pieces)
            .map(|set| &self.words[set * self.length..(set + 1) * self.length])
    }

    /// The sets of a slot as bitmaps, by piece.
    pub fn bitmaps(&self, slot: usize) -> impl Iterator<Item = RoaringBitmap> {
        self.sets(slot).map(|set| {
            let bytes: Vec<u8> = set.iter().flat_map(|word| word.to_le_bytes()).collect();
            RoaringBitmap::from_lsb0_bytes(0, &bytes)
        })
    }

    /// How many units are in each piece of a slot, or since the first piece where `is_cumulative`, and in any.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub fn counts(&self, guard: &Guard, slot: usize, is_cumulative: bool) -> Result<(Vec<u64>, u64), Stop> {
        let mut all = Charged::list(guard, 0, self.length)?;
        let mut counts = Vec::with_capacity(self.pieces);
        for set in self.sets(slot) {
            guard.check()?;
            all.iter_mut().zip(set).for_each(|(all, word)| *all |= word);
            counts.push(count(if is_cumulative { &all } else { set }));
        }
        Ok((counts, count(&all)))
    }
}

fn count(set: &[u64]) -> u64 {
    set.iter().map(|word| u64::from(word.count_ones())).sum()
}
