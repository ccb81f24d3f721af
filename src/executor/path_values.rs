//! What a property path says about each row of a table, decided once per distinct value where values are coded.

use super::charge::Charge;
use super::error::ExecutionError;
use super::footprint::Footprint;
use super::mask::Mask;
use super::query::Query;
use crate::model::value::lookup_path;
use crate::model::{Number, Value};
use crate::segment::{BlockBuffer, ColumnBlock, PropertyColumn, PropertyValues, Table};

/// One column in which a path's value may be found.
struct Candidate<T> {
    column: PropertyColumn,
    /// For coded values: what each says, by code; code 0 is absent. Empty for numbers.
    by_code: Vec<Option<T>>,
    /// Whether the whole value is meant, not a part of it: a number has no parts.
    is_whole: bool,
    /// For what the column lists and what that says.
    _charge: Charge,
}

/// A path compiled for one table. The first candidate with a value decides.
pub(super) struct PathValues<T> {
    candidates: Vec<Candidate<T>>,
}

/// The value that a stored value holds at the rest of a path; `None` when absent or null.
pub(super) fn value_at<'v>(value: &'v Value, rest: Option<&str>) -> Option<&'v Value> {
    match (value, rest) {
        (Value::Null, None) => None,
        (value, None) => Some(value),
        (Value::Object(fields), Some(rest)) => lookup_path(fields, rest),
        _ => None,
    }
}

/// Under which names a path's value may be kept, and what is left of the path there: as it is, or as a part of an object.
pub(super) fn places_of(path: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    [(path, None)].into_iter().chain(path.split_once('.').map(|(head, rest)| (head, Some(rest))))
}

impl<T: Copy> PathValues<T> {
    /// Compiles a path; `of` says what a value means.
    pub fn compile(
        query: Query<'_>,
        table: Table<'_>,
        path: &str,
        mut of: impl FnMut(&Value) -> T,
    ) -> Result<Self, ExecutionError> {
        let mut candidates = Vec::new();
        for (name, rest) in places_of(path) {
            let Some(name) = query.snapshot.property(name)? else { continue };
            let mut charge = Charge::none(query.guard);
            let keep = |value: &Value| -> Result<(), ExecutionError> {
                query.guard.tick()?;
                Ok(charge.add(size_of::<Value>() + value.footprint())?)
            };
            let Some(column) = table.property_kept(name, keep)? else { continue };
            let by_code = match column.values() {
                PropertyValues::Dictionary { values, .. } => {
                    charge.add((values.len() + 1) * size_of::<Option<T>>())?;
                    let mut by_code = Vec::with_capacity(values.len() + 1);
                    by_code.push(None);
                    for value in query.guard.watch(values.iter()) {
                        by_code.push(value_at(value?, rest).map(&mut of));
                    }
                    by_code
                }
                PropertyValues::Integers { .. } | PropertyValues::Doubles { .. } => Vec::new(),
            };
            candidates.push(Candidate { column, by_code, is_whole: rest.is_none(), _charge: charge });
        }
        Ok(Self { candidates })
    }

    /// The doubles of a block, as they are stored, where each of its rows has one and nothing else.
    pub fn doubles(&self, block: usize) -> Option<&[[u8; 8]]> {
        match &self.candidates[..] {
            [Candidate { column, is_whole: true, .. }] => column.doubles(block),
            _ => None,
        }
    }

    /// What the rows of a block say, `None` where the value is absent; `of` says what a number means.
    pub fn decode(
        &self,
        block: usize,
        rows: usize,
        buffer: &mut BlockBuffer,
        mut of: impl FnMut(Number) -> T,
        out: &mut Vec<Option<T>>,
    ) {
        out.clear();
        for candidate in &self.candidates {
            match candidate.column.decode_block(block, buffer) {
                ColumnBlock::Codes(codes) => {
                    let said = |code: &i64| candidate.by_code.get(*code as usize).copied().flatten();
                    fill_absent(out, codes.iter().map(said));
                }
                ColumnBlock::Numbers(numbers) if candidate.is_whole => {
                    fill_absent(out, numbers.iter().map(|number| number.map(&mut of)));
                }
                ColumnBlock::Numbers(_) => {}
            }
        }
        out.resize(rows, None);
    }
}

/// Takes over what is said where nothing was said yet.
fn fill_absent<T: Copy>(rows: &mut Vec<Option<T>>, said: impl Iterator<Item = Option<T>>) {
    if rows.is_empty() {
        rows.extend(said);
        return;
    }
    rows.iter_mut().zip(said).filter(|(row, _)| row.is_none()).for_each(|(row, said)| *row = said);
}

impl PathValues<u32> {
    /// What each code says, `absent` where that is no value; `None` where rows have no codes, or of several columns.
    pub fn by_code(&self, absent: u32) -> Option<Vec<u32>> {
        match &self.candidates[..] {
            [Candidate { by_code, .. }] if !by_code.is_empty() => {
                Some(by_code.iter().map(|said| said.unwrap_or(absent)).collect())
            }
            _ => None,
        }
    }

    /// What `by_code` says of the codes of a block's rows, into the front of `out`: of a code that it does not list
    /// what it says of rows without a value.
    pub fn look_up(&self, block: usize, buffer: &mut BlockBuffer, by_code: &[u32], out: &mut [u32]) {
        let Some(Candidate { column, .. }) = self.candidates.first() else { return };
        let absent = by_code.first().copied().unwrap_or_default();
        let said = |code: i64| by_code.get(code as usize).copied().unwrap_or(absent);
        if column.fill_runs(block, buffer, said, out) {
            return;
        }
        if let ColumnBlock::Codes(codes) = column.decode_block(block, buffer) {
            out.iter_mut().zip(codes).for_each(|(out, code)| *out = said(*code));
        }
    }

    /// What the rows of a block say, `absent` where there is no value; `of` says what a number means.
    pub fn decode_or(
        &self,
        block: usize,
        buffer: &mut BlockBuffer,
        absent: u32,
        of: impl FnMut(Number) -> u32,
        out: &mut [u32],
    ) {
        let mut found = Vec::new();
        self.decode(block, out.len(), buffer, of, &mut found);
        out.iter_mut().zip(found).for_each(|(out, said)| *out = said.unwrap_or(absent));
    }
}

impl PathValues<bool> {
    /// The rows of a block that say yes; `absent` is what rows without a value say, and `of` what a number says.
    pub fn select(
        &self,
        block: usize,
        rows: usize,
        buffer: &mut BlockBuffer,
        absent: bool,
        of: impl Fn(Number) -> bool,
    ) -> Mask {
        match &self.candidates[..] {
            [] => {
                if absent {
                    Mask::first(rows)
                } else {
                    Mask::NONE
                }
            }
            // Mostly there is one column, and codes, each of which is a look into a short list.
            [Candidate { column, by_code, is_whole, .. }] => {
                let passes = |code: i64| by_code.get(code as usize).copied().flatten().unwrap_or(absent);
                let mut mask = Mask::NONE;
                let of_run = |code, rows| {
                    if passes(code) {
                        mask.add(rows);
                    }
                };
                if column.visit_runs(block, buffer, of_run) {
                    return mask;
                }
                match column.decode_block(block, buffer) {
                    ColumnBlock::Codes(codes) => Mask::from_fn(rows, |row| passes(codes[row])),
                    ColumnBlock::Numbers(numbers) => {
                        Mask::from_fn(rows, |row| numbers[row].filter(|_| *is_whole).map_or(absent, &of))
                    }
                }
            }
            _ => {
                let mut said = Vec::new();
                self.decode(block, rows, buffer, of, &mut said);
                Mask::from_fn(rows, |row| said[row].unwrap_or(absent))
            }
        }
    }
}
