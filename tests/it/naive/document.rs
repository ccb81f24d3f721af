//! Reading JSON documents strictly: unknown fields are errors that name the field.

use serde_json::{Map, Value};

/// Refuses every field that is not in `allowed`.
pub(super) fn only(map: &Map<String, Value>, allowed: &[&str], what: &str) -> Result<(), String> {
    match map.keys().find(|key| !allowed.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown field {key:?} in {what}")),
        None => Ok(()),
    }
}

pub(super) fn object<'a>(json: &'a Value, what: &str) -> Result<&'a Map<String, Value>, String> {
    json.as_object().ok_or_else(|| format!("{what} is an object, not {json}"))
}

pub(super) fn list<'a>(json: &'a Value, what: &str) -> Result<&'a Vec<Value>, String> {
    json.as_array().ok_or_else(|| format!("{what} is a list, not {json}"))
}

pub(super) fn text<'a>(json: &'a Value, what: &str) -> Result<&'a str, String> {
    json.as_str().ok_or_else(|| format!("{what} is text, not {json}"))
}

/// A required field.
pub(super) fn need<'a>(map: &'a Map<String, Value>, field: &str, what: &str) -> Result<&'a Value, String> {
    map.get(field).ok_or_else(|| format!("{what} has no {field:?}"))
}

/// An optional whole number of at least `least`.
pub(super) fn whole(map: &Map<String, Value>, field: &str, least: usize, default: usize) -> Result<usize, String> {
    let Some(json) = map.get(field) else { return Ok(default) };
    let number = json.as_u64().and_then(|number| usize::try_from(number).ok());
    let number = number.filter(|number| *number >= least);
    number.ok_or_else(|| format!("{field:?} is a whole number of at least {least}, not {json}"))
}

/// An optional choice among words; the first is the default.
pub(super) fn choice<'a>(map: &Map<String, Value>, field: &str, words: &[&'a str]) -> Result<&'a str, String> {
    let Some(json) = map.get(field) else { return Ok(words[0]) };
    let found = words.iter().find(|word| json.as_str() == Some(word));
    found.copied().ok_or_else(|| format!("{field:?} is one of {words:?}, not {json}"))
}

/// A name or a list of names.
pub(super) fn names(json: &Value, what: &str) -> Result<Vec<String>, String> {
    let one_or_more = match json {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    one_or_more.iter().map(|name| text(name, what).map(str::to_owned)).collect()
}
