//! The limits of properties, for calls that were made by a program and not read from a line.

use super::Refusal;
use crate::model::limits::{PROPERTIES_BYTES_MAX, PROPERTIES_DEPTH_MAX};
use crate::model::property::object_json;
use crate::model::{GroupCall, IdentifyCall, Line, Properties, Value};

/// Checks what a line's types do not promise by themselves: the size and depth of its properties.
///
/// # Errors
/// As [`parse_line`](super::parse_line) for a line that says the same.
pub fn check_line(line: &Line) -> Result<(), Refusal> {
    match line {
        Line::Track(event) => check_depth("properties", &event.properties)?,
        Line::Identify(IdentifyCall { ops, .. }) | Line::Group(GroupCall { ops, .. }) => {
            ops.parts().iter().try_for_each(|(field, fields)| check_depth(field, fields))?;
        }
        Line::Alias(_) | Line::Cohort(_) => {}
    }
    check_bytes(line)
}

/// Refuses more properties than one event or call may carry.
pub(super) fn check_bytes(line: &Line) -> Result<(), Refusal> {
    match line {
        Line::Track(event) if object_json(&event.properties).len() > PROPERTIES_BYTES_MAX => {
            Err(Refusal::PropertiesTooLarge { field: "properties".to_owned() })
        }
        Line::Identify(IdentifyCall { ops, .. }) | Line::Group(GroupCall { ops, .. })
            if ops.json_bytes() > PROPERTIES_BYTES_MAX =>
        {
            Err(Refusal::ChangesTooLarge)
        }
        _ => Ok(()),
    }
}

fn check_depth(field: &str, fields: &Properties) -> Result<(), Refusal> {
    let inner = fields.values().map(Value::depth).max().unwrap_or(0);
    if inner + 1 > PROPERTIES_DEPTH_MAX { Err(Refusal::TooDeep { field: field.to_owned() }) } else { Ok(()) }
}
