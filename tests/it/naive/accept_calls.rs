//! The property part of an input line: five objects, their limits and what each may hold.

use serde_json::{Map, Value};

use super::accept::present;
use super::properties::{Update, compact_bytes};
use super::value::{Object, object_of};

const MOST_BYTES: usize = 32_768;
const MOST_DEPTH: usize = 64;

/// Reads whichever of the five objects the line carries; together they count against 32 KiB.
pub(super) fn update_of(line: &Map<String, Value>) -> Result<Update, String> {
    let mut bytes = 0;
    let mut read = |field: &str| -> Result<Object, String> {
        let Some(value) = present(line, field) else { return Ok(Object::new()) };
        let object = value.as_object().ok_or_else(|| format!("{field:?} is not an object"))?;
        check_values(field, object)?;
        bytes += compact_bytes(value);
        if depth(value) > MOST_DEPTH {
            return Err(format!("{field:?} is nested deeper than {MOST_DEPTH}"));
        }
        Ok(object_of(object))
    };
    let update = Update {
        properties: read("properties")?,
        set_once: read("set_once")?,
        add: read("add")?,
        append: read("append")?,
        union: read("union")?,
    };
    if bytes > MOST_BYTES {
        return Err(format!("the properties have {bytes} bytes, allowed are {MOST_BYTES}"));
    }
    Ok(update)
}

/// null only in `properties`; only numbers in `add`.
fn check_values(field: &str, object: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in object {
        if field != "properties" && value.is_null() {
            return Err(format!("{field:?} holds null under {key:?}"));
        }
        if field == "add" && !value.is_number() {
            return Err(format!("\"add\" holds something else than a number under {key:?}"));
        }
    }
    Ok(())
}

/// The object itself is depth 1; scalars add nothing.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
