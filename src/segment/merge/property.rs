//! One property of several tables into one column: its form chosen anew, lists of values merged, codes changed.

use super::super::PropertyCells;
use super::super::cells::Cells;
use super::super::codes::CodeEncoder;
use super::super::column::stored_value;
use super::super::encode::{FormChoice, NumberEncoder, PropertyForm, plain_value_bytes};
use super::super::file::SegmentFile;
use super::super::layout::PropertyLayout;
use super::cursor::{NumberCursor, PackedCursor};
use super::table::TableMerge;
use crate::codec::text::Compression;
use crate::codec::value::write_value;
use crate::codec::{DecodeError, TextCursor, TextsEncoder};
use crate::index::{RowDays, ValueDaysBuilder};
use crate::model::{Number, PropertyId, Value};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::ops::ControlFlow;

/// Numbers of an input that are collected before those among them that are the same become one.
const NUMBERS_AT_ONCE: usize = 1 << 16;

/// See the module.
pub(super) struct PropertyMerge<'a> {
    merge: &'a TableMerge<'a>,
    /// Of the rows that are kept.
    days: Option<&'a RowDays>,
    /// For each table the property, if it has it.
    inputs: Vec<Option<PropertyCells>>,
    /// For each table whether each code stands for a value of a row that is kept; empty when all do.
    used: Vec<Vec<bool>>,
}

/// What a row of an input says.
enum Cell {
    Absent,
    /// 1 + the place among the input's values.
    Code(usize),
    Number(Number),
}

/// The cells of an input, row by row.
enum CellCursor {
    Absent,
    Codes(PackedCursor, usize),
    Numbers(NumberCursor),
}

impl<'a> PropertyMerge<'a> {
    /// Opens a property that one of the tables has.
    ///
    /// # Errors
    /// When a column is damaged.
    pub fn open(merge: &'a TableMerge<'a>, days: Option<&'a RowDays>, name: PropertyId) -> Result<Self, DecodeError> {
        let inputs = merge.each(|table| table.property_cells(name))?;
        let mut opened = Self { merge, days, inputs, used: Vec::new() };
        if merge.erasure.is_some() {
            let mut used: Vec<Vec<bool>> =
                (0..opened.inputs.len()).map(|input| vec![false; opened.values_len(input) + 1]).collect();
            opened.visit_cells(|input, cell| {
                if let Cell::Code(code) = cell {
                    used[input][code] = true;
                }
                ControlFlow::Continue(())
            })?;
            opened.used = used;
        }
        Ok(opened)
    }

    /// How many values an input lists.
    fn values_len(&self, input: usize) -> usize {
        match &self.inputs[input] {
            Some(PropertyCells { cells: Cells::Coded { texts, .. } }) => texts.len(),
            _ => 0,
        }
    }

    fn damaged(&self, input: usize, error: DecodeError) -> DecodeError {
        error.in_file(self.merge.tables[input].file())
    }

    /// Writes the column; `None` when no row has the property any more.
    ///
    /// # Errors
    /// When an input is damaged.
    pub fn write<W: io::Write>(&self, file: &mut SegmentFile<W>) -> Result<Option<PropertyLayout>, DecodeError> {
        match self.form()? {
            PropertyForm::Codes => self.write_codes(file),
            form => self.write_numbers(form, file).map(Some),
        }
    }

    fn form(&self) -> Result<PropertyForm, DecodeError> {
        let mut choice = FormChoice::default();
        for input in 0..self.inputs.len() {
            let mut values = self.values(input);
            while let Some((_, value)) = values.next_used()? {
                if choice.see(&value).is_break() {
                    return Ok(choice.form());
                }
            }
        }
        self.visit_numbers(|_, number| choice.see_number(number))?;
        Ok(choice.form())
    }

    fn write_numbers<W: io::Write>(
        &self,
        form: PropertyForm,
        file: &mut SegmentFile<W>,
    ) -> Result<PropertyLayout, DecodeError> {
        // By code, as far as inputs have codes; all values are numbers.
        let mut listed: Vec<Vec<Option<Number>>> = Vec::new();
        for input in 0..self.inputs.len() {
            let mut numbers = vec![None; self.values_len(input) + 1];
            let mut values = self.values(input);
            while let Some((code, value)) = values.next_used()? {
                numbers[code] = value.as_number();
            }
            listed.push(numbers);
        }
        let mut numbers = NumberEncoder::new(form);
        self.visit_cells(|input, cell| {
            numbers.push(match cell {
                Cell::Absent => None,
                Cell::Code(code) => listed[input][code],
                Cell::Number(number) => Some(number),
            });
            ControlFlow::Continue(())
        })?;
        Ok(file.numbers(form, numbers))
    }

    fn write_codes<W: io::Write>(&self, file: &mut SegmentFile<W>) -> Result<Option<PropertyLayout>, DecodeError> {
        let numbers = self.different_numbers()?;
        let (values, changed) = self.merge_values(&numbers)?;
        if values.is_empty() {
            return Ok(None);
        }
        let mut codes = CodeEncoder::default();
        let mut value_days = self.days.and_then(|days| ValueDaysBuilder::new(days, values.len() as usize));
        self.visit_cells(|input, cell| {
            let code = match cell {
                Cell::Absent => 0,
                Cell::Code(code) => code,
                Cell::Number(number) => numbers[input].binary_search(&number).map_or(0, |place| place + 1),
            };
            let code = changed[input][code];
            codes.push(i64::from(code));
            value_days.iter_mut().for_each(|days| days.push(code as usize));
            ControlFlow::Continue(())
        })?;
        Ok(Some(file.codes(codes, values, value_days)))
    }

    /// The numbers of each input that has no codes, ascending, each once.
    fn different_numbers(&self) -> Result<Vec<Vec<Number>>, DecodeError> {
        let mut numbers: Vec<Vec<Number>> = vec![Vec::new(); self.inputs.len()];
        let mut sorted = vec![0; self.inputs.len()];
        self.visit_numbers(|input, number| {
            let numbers = &mut numbers[input];
            numbers.push(number);
            if numbers.len() >= sorted[input] * 2 + NUMBERS_AT_ONCE {
                numbers.sort_unstable();
                numbers.dedup();
                sorted[input] = numbers.len();
            }
            ControlFlow::Continue(())
        })?;
        for numbers in &mut numbers {
            numbers.sort_unstable();
            numbers.dedup();
        }
        Ok(numbers)
    }

    /// Calls `visit` with the numbers of inputs that have no codes, until it breaks.
    fn visit_numbers(&self, mut visit: impl FnMut(usize, Number) -> ControlFlow<()>) -> Result<(), DecodeError> {
        let has_numbers =
            |input: &Option<PropertyCells>| matches!(input, Some(PropertyCells { cells: Cells::Numbers(_) }));
        if !self.inputs.iter().any(has_numbers) {
            return Ok(());
        }
        self.visit_cells(|input, cell| match cell {
            Cell::Number(number) => visit(input, number),
            _ => ControlFlow::Continue(()),
        })
    }

    /// The values of all inputs, ascending, each once; and for each input what its codes become.
    fn merge_values(&self, numbers: &[Vec<Number>]) -> Result<(TextsEncoder, Vec<Vec<u32>>), DecodeError> {
        let mut changed: Vec<Vec<u32>> =
            (0..self.inputs.len()).map(|input| vec![0; self.values_len(input).max(numbers[input].len()) + 1]).collect();
        let mut inputs = Vec::with_capacity(self.inputs.len());
        let mut next = BinaryHeap::new();
        for (input, numbers) in numbers.iter().enumerate() {
            let mut values = self.values(input);
            values.numbers = numbers;
            next.extend(values.next_used()?.map(|(code, value)| Reverse((value, input, code))));
            inputs.push(values);
        }
        let mut merged = TextsEncoder::with_plain(Compression::Zstd, plain_value_bytes(self.merge.order.rows()));
        let mut bytes = Vec::new();
        let mut last = None;
        while let Some(Reverse((value, input, code))) = next.pop() {
            if last.as_ref() != Some(&value) {
                bytes.clear();
                write_value(&value, &mut bytes);
                merged.push(&bytes);
                last = Some(value);
            }
            changed[input][code] = merged.len() as u32;
            next.extend(inputs[input].next_used()?.map(|(code, value)| Reverse((value, input, code))));
        }
        Ok((merged, changed))
    }

    /// The values that an input lists.
    fn values(&self, input: usize) -> Values<'_> {
        let texts = match &self.inputs[input] {
            Some(PropertyCells { cells: Cells::Coded { texts, .. } }) => Some(TextCursor::new(texts.clone())),
            _ => None,
        };
        Values { property: self, input, texts, numbers: &[], code: 0 }
    }

    /// Calls `visit` with the cell of every row that is kept, in order, and the row's input, until it breaks.
    fn visit_cells(&self, mut visit: impl FnMut(usize, Cell) -> ControlFlow<()>) -> Result<(), DecodeError> {
        let mut inputs: Vec<CellCursor> = self.inputs.iter().map(CellCursor::new).collect();
        for run in self.merge.order.runs() {
            let input = &mut inputs[run.input];
            if !run.kept {
                input.skip(run.rows);
                continue;
            }
            let flow = input.visit(run.rows, |cell| visit(run.input, cell));
            if flow.map_err(|error| self.damaged(run.input, error))?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl CellCursor {
    fn new(input: &Option<PropertyCells>) -> Self {
        match input.as_ref().map(|property| &property.cells) {
            None => Self::Absent,
            Some(Cells::Coded { codes, texts }) => Self::Codes(PackedCursor::of_codes(codes.clone()), texts.len()),
            Some(Cells::Numbers(column)) => Self::Numbers(NumberCursor::new(column.clone())),
        }
    }

    fn skip(&mut self, rows: usize) {
        match self {
            Self::Absent => (),
            Self::Codes(codes, _) => codes.skip(rows),
            Self::Numbers(numbers) => numbers.skip(rows),
        }
    }

    /// Calls `visit` with the cells of the next rows until it breaks.
    fn visit(
        &mut self,
        rows: usize,
        mut visit: impl FnMut(Cell) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, DecodeError> {
        Ok(match self {
            Self::Absent => (0..rows).try_for_each(|_| visit(Cell::Absent)),
            Self::Numbers(numbers) => {
                (0..rows).try_for_each(|_| visit(numbers.next_number().map_or(Cell::Absent, Cell::Number)))
            }
            Self::Codes(codes, values) => {
                let mut left = rows;
                while left > 0 {
                    let some = codes.some(left);
                    left -= some.len();
                    for code in some {
                        let flow = match usize::try_from(*code) {
                            Ok(0) => visit(Cell::Absent),
                            Ok(code) if code <= *values => visit(Cell::Code(code)),
                            _ => return Err(DecodeError::new("a row has a value that its column does not", 0)),
                        };
                        if flow.is_break() {
                            return Ok(flow);
                        }
                    }
                }
                ControlFlow::Continue(())
            }
        })
    }
}

/// The values of an input with their codes, ascending: those it lists, or else its different numbers.
struct Values<'a> {
    property: &'a PropertyMerge<'a>,
    input: usize,
    texts: Option<TextCursor>,
    numbers: &'a [Number],
    /// The code of the value before.
    code: usize,
}

impl Values<'_> {
    /// The next that a kept row has.
    fn next_used(&mut self) -> Result<Option<(usize, Value)>, DecodeError> {
        let used = self.property.used.get(self.input);
        loop {
            self.code += 1;
            let Some(texts) = &mut self.texts else {
                return Ok(self.numbers.get(self.code - 1).map(|number| (self.code, Value::Number(*number))));
            };
            let entry = texts.next_entry().map_err(|error| self.property.damaged(self.input, error))?;
            let Some(entry) = entry else { return Ok(None) };
            if used.is_none_or(|used| used[self.code]) {
                let value = stored_value(entry).map_err(|error| self.property.damaged(self.input, error))?;
                return Ok(Some((self.code, value)));
            }
        }
    }
}
