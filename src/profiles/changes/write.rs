//! From calls to their changes.

use super::super::part::Call;
use super::{ChangeColumns, IN_CALL};
use crate::codec::text::{Compression, TextsEncoder};
use crate::codec::value::write_value;
use crate::codec::{ContainerWriter, DecodeError, PackedEncoder, text};
use crate::model::Value;
use hashbrown::HashMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

/// Longer values are left in their calls: they are seldom alike, and hardly what somebody filters or breaks down by.
const VALUE_BYTES_MAX: usize = 256;

/// The name of a property; its own text only where JSON escapes it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Name<'c>(#[serde(borrow)] Cow<'c, str>);

type Fields<'c> = BTreeMap<Name<'c>, &'c RawValue>;

/// The operations of a call, with values as they stand there.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Operations<'c> {
    #[serde(borrow)]
    properties: Fields<'c>,
    #[serde(borrow)]
    set_once: Fields<'c>,
    #[serde(borrow)]
    add: Fields<'c>,
    #[serde(borrow)]
    append: Fields<'c>,
    #[serde(borrow)]
    union: Fields<'c>,
}

/// Calls `visit` with each property that a call names, and with the JSON of its value where that is all the call says of
/// it.
fn visit_touched<'c>(
    ops: &'c str,
    mut visit: impl FnMut(&str, Option<&'c str>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    if ops.is_empty() {
        return Ok(());
    }
    let unreadable = |_| DecodeError::new("the operations of a call cannot be read", 0);
    let Operations { properties, set_once, add, append, union } = serde_json::from_str(ops).map_err(unreadable)?;
    let mut touched: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    touched.extend(properties.iter().map(|(name, value)| (&*name.0, Some(value.get()))));
    for fields in [&set_once, &add, &append, &union] {
        touched.extend(fields.keys().map(|name| (&*name.0, None)));
    }
    touched.into_iter().try_for_each(|(name, value)| visit(name, value))
}

/// The stored form of the value that this JSON stands for, if changes store it.
fn stored_value(json: &str) -> Result<Option<Vec<u8>>, DecodeError> {
    let value: Value = serde_json::from_str(json).map_err(|_| DecodeError::new("a value of a call is no JSON", 0))?;
    let mut bytes = Vec::new();
    write_value(&value, &mut bytes);
    Ok((bytes.len() <= VALUE_BYTES_MAX).then_some(bytes))
}

/// Calls `visit` with each property that a call names, and with the stored form of its value: `None` where that has to be
/// read in the call.
pub(super) fn visit_changes(
    ops: &str,
    mut visit: impl FnMut(&str, Option<Vec<u8>>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    visit_touched(ops, |name, json| {
        let value = json.map(stored_value).transpose()?.flatten();
        visit(name, value)
    })
}

/// The changes of one property.
#[derive(Default)]
struct OfProperty<'c> {
    rows: Vec<u32>,
    codes: Vec<u32>,
    /// The values, in the order of their first use.
    values: Vec<Vec<u8>>,
    /// The codes of values by their JSON, of which equal values have the same.
    codes_of: HashMap<&'c str, u32>,
}

impl<'c> OfProperty<'c> {
    fn code_of(&mut self, json: &'c str) -> Result<u32, DecodeError> {
        if let Some(code) = self.codes_of.get(json) {
            return Ok(*code);
        }
        let code = match stored_value(json)? {
            Some(value) => {
                self.values.push(value);
                self.values.len() as u32
            }
            None => IN_CALL as u32,
        };
        self.codes_of.insert(json, code);
        Ok(code)
    }
}

/// Writes the changes of a table of calls, if there are any.
pub fn write_changes<W: io::Write>(
    container: &mut ContainerWriter<W>,
    calls: &[Call],
    compression: Compression,
) -> Result<Option<ChangeColumns>, DecodeError> {
    let mut by_name: BTreeMap<String, OfProperty<'_>> = BTreeMap::new();
    for (row, call) in calls.iter().enumerate() {
        visit_touched(&call.ops, |name, json| {
            if !by_name.contains_key(name) {
                by_name.insert(name.to_owned(), OfProperty::default());
            }
            let Some(changes) = by_name.get_mut(name) else { return Ok(()) };
            let code = json.map_or(Ok(IN_CALL as u32), |json| changes.code_of(json))?;
            changes.rows.push(row as u32);
            changes.codes.push(code);
            Ok(())
        })?;
    }
    if by_name.is_empty() {
        return Ok(None);
    }
    let (mut starts, mut value_starts) = (PackedEncoder::default(), PackedEncoder::default());
    let (mut rows, mut codes) = (PackedEncoder::default(), PackedEncoder::default());
    let mut values = TextsEncoder::new(compression);
    let mut changes = 0;
    starts.push(0);
    value_starts.push(0);
    for of_property in by_name.values() {
        rows.extend(of_property.rows.iter().copied().map(i64::from));
        codes.extend(of_property.codes.iter().copied().map(i64::from));
        of_property.values.iter().for_each(|value| values.push(value));
        changes += of_property.rows.len() as i64;
        starts.push(changes);
        value_starts.push(values.len() as i64);
    }
    let names = text::encode(by_name.keys().map(String::as_bytes), compression);
    Ok(Some(ChangeColumns {
        names: container.add(&names),
        starts: container.add_parts(starts.finish()),
        rows: container.add_parts(rows.finish()),
        codes: container.add_parts(codes.finish()),
        value_starts: container.add_parts(value_starts.finish()),
        values: container.add_parts(values.finish()),
    }))
}
