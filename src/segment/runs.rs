//! Runs of rows with one value, read as the value of each row.

use crate::codec::Packed;
use crate::codec::packed::BLOCK_VALUES;
use std::ops::Range;

/// Fills `out` with the values of the runs that cover `rows`. Good for some rows here and there; [`RunReader`] is for
/// many that follow one another.
pub(super) fn fill_runs(starts: &Packed, values: &Packed, rows: Range<usize>, out: &mut [u32]) {
    if rows.is_empty() {
        return;
    }
    let run = starts.lower_bound(rows.start as i64 + 1).saturating_sub(1);
    if let [value] = &mut out[..rows.len()] {
        *value = if run < values.len() { values.get(run) as u32 } else { 0 };
        return;
    }
    let (mut ends, mut values) = (starts.iter_from(run + 1), values.iter_from(run));
    let mut row = rows.start;
    while row < rows.end {
        let end = ends.next().map_or(rows.end, |end| (end as usize).min(rows.end));
        // A damaged column may not ascend; one row at least keeps the loop going forward.
        let end = end.max(row + 1);
        let value = values.next().unwrap_or(0) as u32;
        out[row - rows.start..end - rows.start].fill(value);
        row = end;
    }
}

/// So many runs are looked at one after the other before they are searched.
const NEAR_RUNS: usize = 4;

/// Reads runs with a block of them decoded, which serves the rows that follow.
pub struct RunReader {
    starts: Packed,
    values: Packed,
    /// The number of the decoded block.
    block: Option<usize>,
    /// How many runs it has.
    runs: usize,
    /// The first row after them; of the last block the greatest number there is.
    end: usize,
    /// The run of the block that the last row was in.
    last: usize,
    block_starts: Box<[i64; BLOCK_VALUES]>,
    block_values: Box<[i64; BLOCK_VALUES]>,
}

impl RunReader {
    pub(super) fn new(starts: Packed, values: Packed) -> Self {
        let (block_starts, block_values) = (Box::new([0; BLOCK_VALUES]), Box::new([0; BLOCK_VALUES]));
        Self { starts, values, block: None, runs: 0, end: 0, last: 0, block_starts, block_values }
    }

    fn load(&mut self, block: usize) {
        if self.block != Some(block) {
            self.runs = self.starts.decode_block(block, &mut self.block_starts);
            self.values.decode_block(block, &mut self.block_values);
            let next = (block + 1) * BLOCK_VALUES;
            self.end = if next < self.starts.len() { self.starts.get(next) as usize } else { usize::MAX };
            self.block = Some(block);
            self.last = 0;
        }
    }

    /// The run that a row is in.
    fn run_of(&self, row: usize) -> usize {
        let at = row as i64;
        match self.block {
            Some(block) if self.block_starts[0] <= at && row < self.end => {
                let starts = &self.block_starts[..self.runs];
                // Rows mostly follow one another, so it is the same run or the next.
                let first = if starts[self.last] <= at { self.last } else { 0 };
                let near = starts[first..].iter().take(NEAR_RUNS).take_while(|start| **start <= at).count();
                let past = match near {
                    NEAR_RUNS => starts.partition_point(|start| *start <= at),
                    near => first + near,
                };
                block * BLOCK_VALUES + past.saturating_sub(1)
            }
            _ => self.starts.lower_bound(at + 1).saturating_sub(1),
        }
    }

    /// Fills the front of `out` with the values of these rows.
    pub fn fill(&mut self, rows: Range<usize>, out: &mut [u32]) {
        let first = rows.start;
        self.visit(rows, |run, value| {
            // Most runs are short.
            out[run.start - first] = value;
            if run.len() > 1 {
                out[run.start + 1 - first..run.end - first].fill(value);
            }
        });
    }

    /// Calls `visit` with the runs that these rows are in: those of the rows that are in it, at least one, and its value.
    pub fn visit(&mut self, rows: Range<usize>, mut visit: impl FnMut(Range<usize>, u32)) {
        if rows.is_empty() {
            return;
        }
        let (mut row, mut run) = (rows.start, self.run_of(rows.start));
        while run < self.starts.len() {
            let block = run / BLOCK_VALUES;
            self.load(block);
            let places = run % BLOCK_VALUES..self.runs;
            let ends = self.block_starts[places.start + 1..self.runs].iter().map(|end| *end as usize);
            for (place, end) in places.zip(ends.chain([self.end])) {
                // A damaged column may not ascend; one row at least keeps the loop going forward.
                let end = end.min(rows.end).max(row + 1);
                visit(row..end, self.block_values[place] as u32);
                self.last = place;
                row = end;
                if row == rows.end {
                    return;
                }
            }
            run = (block + 1) * BLOCK_VALUES;
        }
    }
}

impl RunReader {
    /// Calls `visit` with each of these rows' pieces that lie in one run here and in one of `other`: the values of both,
    /// and the rows. Bound by the choice of the run that ends first, which cannot be foretold.
    ///
    /// # Errors
    /// What `visit` says.
    pub fn try_visit_with<E>(
        &mut self,
        other: &mut Self,
        rows: Range<usize>,
        mut visit: impl FnMut(u32, u32, Range<usize>) -> Result<(), E>,
    ) -> Result<(), E> {
        if rows.is_empty() {
            return Ok(());
        }
        let (mut row, mut run, mut other_run) = (rows.start, self.run_of(rows.start), other.run_of(rows.start));
        while row < rows.end && run < self.starts.len() && other_run < other.starts.len() {
            self.load(run / BLOCK_VALUES);
            other.load(other_run / BLOCK_VALUES);
            let (first, other_first) = (run - run % BLOCK_VALUES, other_run - other_run % BLOCK_VALUES);
            while row < rows.end
                && let Some((value, end)) = self.loaded(run - first)
                && let Some((other_value, other_end)) = other.loaded(other_run - other_first)
            {
                // A damaged column may not ascend; one row at least keeps the loop going forward.
                let piece_end = end.min(other_end).min(rows.end).max(row + 1);
                visit(value, other_value, row..piece_end)?;
                row = piece_end;
                run += usize::from(row >= end);
                other_run += usize::from(row >= other_end);
            }
        }
        Ok(())
    }

    /// The value of a run of the decoded block, and the row after its last.
    #[inline]
    fn loaded(&self, place: usize) -> Option<(u32, usize)> {
        let value = *self.block_values[..self.runs].get(place)? as u32;
        let end = self.block_starts[..self.runs].get(place + 1).map_or(self.end, |end| *end as usize);
        Some((value, end))
    }
}

/// Finds the rows of one user after the other, ascending, with a block of runs decoded.
pub struct UserCursor {
    runs: RunReader,
    /// Of the table.
    rows: usize,
    /// The run to look at next.
    run: usize,
}

impl UserCursor {
    pub(super) fn new(runs: RunReader, rows: usize) -> Self {
        Self { runs, rows, run: 0 }
    }

    /// The first user from `user` on, and the rows of that one. A user asked for must not be below one answered before.
    pub fn next_from(&mut self, user: u32) -> Option<(u32, Range<usize>)> {
        let wanted = i64::from(user);
        loop {
            if self.run >= self.runs.starts.len() {
                return None;
            }
            let block = self.run / BLOCK_VALUES;
            self.runs.load(block);
            let users = &self.runs.block_values[self.run % BLOCK_VALUES..self.runs.runs];
            // The next one mostly, so a search would take longer.
            if let Some(place) = users.iter().position(|user| *user >= wanted) {
                self.run += place;
                let (first, end) = (self.run % BLOCK_VALUES, self.runs.end.min(self.rows));
                let ends = &self.runs.block_starts[first + 1..self.runs.runs];
                let start = self.runs.block_starts[first] as usize;
                return Some((users[place] as u32, start..ends.first().map_or(end, |end| *end as usize)));
            }
            // A search passes blocks by whose users nobody asks for.
            let next = (block + 1) * BLOCK_VALUES;
            self.run = self.runs.values.lower_bound(wanted).max(next);
        }
    }

    /// The rows of a user, as [`Self::next_from`].
    pub fn rows_of(&mut self, user: u32) -> Option<Range<usize>> {
        self.next_from(user).filter(|(found, _)| *found == user).map(|(_, rows)| rows)
    }
}

/// Calls `visit` with the value of each run and how many rows it has, of `rows` in all.
pub(super) fn visit_runs(starts: &Packed, values: &Packed, rows: usize, mut visit: impl FnMut(u32, usize)) {
    let mut reader = RunReader::new(starts.clone(), values.clone());
    for block in 0..starts.blocks() {
        reader.load(block);
        let end = reader.end.min(rows);
        let ends = reader.block_starts[1..reader.runs].iter().map(|end| *end as usize).chain([end]);
        for ((start, value), end) in reader.block_starts.iter().zip(&*reader.block_values).zip(ends) {
            visit(*value as u32, end.saturating_sub(*start as usize));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::packed::encode;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn both_ways_of_reading_agree(lengths in prop::collection::vec(1usize..4, 1..3000), froms in prop::collection::vec(0usize..9000, 1..20)) {
            let column = |values: Vec<i64>| Packed::open(encode(&values).into()).unwrap();
            let rows: Vec<u32> = lengths.iter().enumerate().flat_map(|(run, length)| vec![run as u32 * 3; *length]).collect();
            let starts = lengths.iter().scan(0, |start, length| Some(std::mem::replace(start, *start + *length as i64)));
            let (starts, values) = (column(starts.collect()), column((0..lengths.len()).map(|run| run as i64 * 3).collect()));
            let mut reader = RunReader::new(starts.clone(), values.clone());
            let mut cursor = UserCursor::new(RunReader::new(starts.clone(), values.clone()), rows.len());
            for user in froms.iter().map(|from| *from as u32).collect::<BTreeSet<u32>>() {
                let first = rows.iter().position(|value| *value >= user);
                let found = first.map(|first| (rows[first], first..first + rows[first..].partition_point(|value| *value == rows[first])));
                prop_assert_eq!(cursor.rows_of(user), found.clone().filter(|(found, _)| *found == user).map(|(_, rows)| rows));
                prop_assert_eq!(cursor.next_from(user), found);
            }
            let mut visited = Vec::new();
            visit_runs(&starts, &values, rows.len(), |value, count| visited.extend(vec![value; count]));
            prop_assert_eq!(&visited, &rows);
            let other_rows: Vec<u32> = (0..rows.len() as u32).map(|row| row / 5).collect();
            let other_starts = column((0..rows.len() as i64).step_by(5).collect());
            let mut other = RunReader::new(other_starts, column((0..rows.len().div_ceil(5) as i64).collect()));
            for from in &froms {
                let range = (*from).min(rows.len())..(from + 2048).min(rows.len());
                let mut pieces = Vec::new();
                let visit = |value, other, piece: Range<usize>| -> Result<(), ()> {
                    pieces.push((value, other, piece));
                    Ok(())
                };
                reader.try_visit_with(&mut other, range.clone(), visit).unwrap();
                let both = |row: usize| (rows[row], other_rows[row]);
                prop_assert!(pieces.windows(2).all(|pair| (pair[0].0, pair[0].1) != (pair[1].0, pair[1].1)));
                let visited = pieces.into_iter().flat_map(|(value, other, piece)| piece.map(move |row| (row, value, other)));
                let expected = range.map(|row| (row, both(row).0, both(row).1));
                prop_assert!(visited.eq(expected));
            }
            for from in froms {
                let range = from.min(rows.len())..(from + 1024).min(rows.len());
                let (mut one, mut other) = (vec![0; range.len()], vec![0; range.len()]);
                fill_runs(&starts, &values, range.clone(), &mut one);
                reader.fill(range.clone(), &mut other);
                prop_assert_eq!(&one, &rows[range]);
                prop_assert_eq!(one, other);
            }
        }
    }
}
