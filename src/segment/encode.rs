//! Columns on their way into a segment, a row after the other: runs of equal ids, and numbers. And the rule by which
//! the form of a property is chosen.

use crate::codec::{BlobParts, PackedEncoder};
use crate::model::{Number, Value};
use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};

/// A property with at most this many different values is always written as codes.
const DICTIONARY_VALUES_MAX: usize = 256;

/// Of the values of a property of so many rows, so many bytes are stored as they are, ready to be looked up: not more than
/// a bit for each row.
pub(super) fn plain_value_bytes(rows: usize) -> usize {
    rows / 8
}

/// Ids of rows as runs: the id and the first row of each.
#[derive(Default)]
pub(super) struct RunEncoder {
    pub ids: PackedEncoder,
    pub starts: PackedEncoder,
    run: Option<(u32, u32)>,
    rows: u32,
}

impl RunEncoder {
    /// Takes some rows of one id. Answers the run that ended before them, if one did.
    pub fn push(&mut self, id: u32, rows: u32) -> Option<(Range<u32>, u32)> {
        let mut ended = None;
        if rows > 0 && self.run.is_none_or(|(of, _)| of != id) {
            ended = self.last();
            self.run = Some((id, self.rows));
            self.ids.push(i64::from(id));
            self.starts.push(i64::from(self.rows));
        }
        self.rows += rows;
        ended
    }

    /// The last run.
    pub fn last(&self) -> Option<(Range<u32>, u32)> {
        self.run.map(|(id, start)| (start..self.rows, id))
    }
}

/// How a property is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PropertyForm {
    /// Codes, and the different values.
    Codes,
    Integers,
    Doubles,
}

/// Looks at the values of a property until its form is settled.
pub(super) struct FormChoice {
    integers: bool,
    doubles: bool,
    /// The different values, as long as they are few.
    few: BTreeSet<Number>,
}

impl Default for FormChoice {
    fn default() -> Self {
        Self { integers: true, doubles: true, few: BTreeSet::new() }
    }
}

impl FormChoice {
    /// Looks at one more value, which may have been there before. Breaks when no further value can matter.
    pub fn see(&mut self, value: &Value) -> ControlFlow<()> {
        match value {
            Value::Number(number) => self.see_number(*number),
            _ => {
                (self.integers, self.doubles) = (false, false);
                ControlFlow::Break(())
            }
        }
    }

    /// The same for a number.
    pub fn see_number(&mut self, number: Number) -> ControlFlow<()> {
        self.integers &= matches!(number, Number::Integer(_));
        self.doubles &= exact_double(number).is_some();
        if self.few.len() <= DICTIONARY_VALUES_MAX {
            self.few.insert(number);
        }
        if self.integers || self.doubles { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// The different numbers in order, if none but numbers were seen, all of them, and they are few.
    pub fn few(&self) -> Option<Vec<Number>> {
        let is_all = (self.integers || self.doubles) && self.few.len() <= DICTIONARY_VALUES_MAX;
        is_all.then(|| self.few.iter().copied().collect())
    }

    /// The form for all values that were seen.
    pub fn form(&self) -> PropertyForm {
        match self.few.len() > DICTIONARY_VALUES_MAX {
            true if self.integers => PropertyForm::Integers,
            true if self.doubles => PropertyForm::Doubles,
            _ => PropertyForm::Codes,
        }
    }
}

/// The double that is exactly this number.
fn exact_double(number: Number) -> Option<f64> {
    let double = number.to_f64();
    (Number::from_f64(double) == Some(number)).then_some(double)
}

/// Numbers of rows, and which rows have one. A row without repeats the row before, which keeps blocks narrow.
#[derive(Default)]
pub(super) struct NumberEncoder {
    /// Empty until a row has none.
    present: PackedEncoder,
    integers: PackedEncoder,
    doubles: Vec<u8>,
    is_double: bool,
    rows: usize,
    absent: usize,
    last: Option<i64>,
}

impl NumberEncoder {
    /// Numbers that all are of this form, which is not codes.
    pub fn new(form: PropertyForm) -> Self {
        Self { is_double: form == PropertyForm::Doubles, ..Self::default() }
    }

    /// Takes the number of the next row.
    pub fn push(&mut self, number: Option<Number>) {
        self.rows += 1;
        if self.absent > 0 || number.is_none() {
            if self.absent == 0 {
                self.present.extend((1..self.rows).map(|_| 1));
            }
            self.present.push(i64::from(number.is_some()));
        }
        match number {
            None => {
                self.absent += 1;
                // Those before the first number repeat that one.
                self.last.into_iter().for_each(|last| self.put(last));
            }
            Some(number) => {
                let bits = match number {
                    Number::Integer(integer) if !self.is_double => integer,
                    other => other.to_f64().to_bits() as i64,
                };
                if self.last.is_none() {
                    (1..self.rows).for_each(|_| self.put(bits));
                }
                self.last = Some(bits);
                self.put(bits);
            }
        }
    }

    fn put(&mut self, bits: i64) {
        if self.is_double { self.doubles.extend(bits.to_le_bytes()) } else { self.integers.push(bits) }
    }

    /// Which rows have a number, unless all have, and the numbers.
    pub fn finish(self) -> (Option<BlobParts>, BlobParts) {
        let present = (self.absent > 0).then(|| self.present.finish());
        let values = if self.is_double { [self.doubles, Vec::new()] } else { self.integers.finish() };
        (present, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Packed;

    #[test]
    fn runs_begin_where_the_id_changes() {
        let mut runs = RunEncoder::default();
        assert_eq!(runs.push(7, 3), None);
        assert_eq!(runs.push(7, 2), None);
        assert_eq!(runs.push(8, 0), None);
        assert_eq!(runs.push(0, 1), Some((0..5, 7)));
        assert_eq!(runs.last(), Some((5..6, 0)));
        let read = |parts: BlobParts| Packed::open(parts.concat().into()).unwrap().to_vec();
        assert_eq!((read(runs.ids.finish()), read(runs.starts.finish())), (vec![7, 0], vec![0, 5]));
    }

    #[test]
    fn the_form_follows_from_the_different_values() {
        let form = |values: &mut dyn Iterator<Item = Value>| {
            let mut choice = FormChoice::default();
            let _ = values.map(|value| choice.see(&value)).find(|flow| flow.is_break());
            choice.form()
        };
        let integers = |count: i64| (0..count).map(Value::integer);
        let half = Value::Number(Number::Double(0.5));
        let inexact = Value::integer((1 << 53) + 1);
        assert_eq!(form(&mut integers(256).chain(integers(256))), PropertyForm::Codes);
        assert_eq!(form(&mut integers(257)), PropertyForm::Integers);
        assert_eq!(form(&mut integers(256).chain([half.clone()])), PropertyForm::Doubles);
        assert_eq!(form(&mut integers(257).chain([inexact.clone()])), PropertyForm::Integers);
        assert_eq!(form(&mut integers(257).chain([inexact, half])), PropertyForm::Codes);
        assert_eq!(form(&mut integers(300).chain([Value::Null])), PropertyForm::Codes);
    }
}
