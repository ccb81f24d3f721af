//! Writes a line of the model as one input line, in the one form that equal lines share.

use super::field::{Field, Kind};
use crate::model::value::{write_json_object, write_json_string};
use crate::model::{AliasCall, CohortCall, Event, GroupCall, IdentifyCall, Line, PropertyOps, Timestamp};
use std::fmt::{Display, Write};

/// Appends the line as compact JSON, without a line break.
///
/// The fields stand in a fixed order, keys inside them sorted; absent and empty ones are left out.
/// [`parse_line`](super::parse_line) gives the same line back.
pub fn write_line(line: &Line, out: &mut String) {
    let kind = match line {
        Line::Track(_) => Kind::Track,
        Line::Identify(_) => Kind::Identify,
        Line::Group(_) => Kind::Group,
        Line::Alias(_) => Kind::Alias,
        Line::Cohort(_) => Kind::Cohort,
    };
    // The names of kinds and fields need no escapes.
    out.push_str("{\"type\":\"");
    out.push_str(kind.name());
    out.push('"');
    match line {
        Line::Track(event) => write_event(event, out),
        Line::Identify(IdentifyCall { user, time, ops }) => {
            write_text(Field::DistinctId, user.as_str(), out);
            write_time(*time, out);
            write_changes(ops, out);
        }
        Line::Group(GroupCall { user, group_type, key, time, ops }) => {
            if let Some(user) = user {
                write_text(Field::DistinctId, user.as_str(), out);
            }
            write_text(Field::GroupType, group_type.as_str(), out);
            write_text(Field::GroupKey, key.as_str(), out);
            write_time(*time, out);
            write_changes(ops, out);
        }
        Line::Alias(AliasCall { user, alias, time }) => {
            write_text(Field::DistinctId, user.as_str(), out);
            write_text(Field::Alias, alias.as_str(), out);
            write_time(*time, out);
        }
        Line::Cohort(CohortCall { name, report }) => {
            write_text(Field::Name, name, out);
            write_name(Field::Report, out);
            out.push_str(report);
        }
    }
    out.push('}');
}

fn write_event(event: &Event, out: &mut String) {
    let Event { user, name, time, properties, groups, insert_id } = event;
    write_text(Field::DistinctId, user.as_str(), out);
    write_text(Field::Event, name.as_str(), out);
    write_time(*time, out);
    if let Some(insert_id) = insert_id {
        write_text(Field::InsertId, insert_id.as_str(), out);
    }
    if !groups.is_empty() {
        write_name(Field::Groups, out);
        write_entries(groups, out, |group_type| group_type.as_str(), |key, out| write_json_string(key.as_str(), out));
    }
    if !properties.is_empty() {
        write_name(Field::Properties, out);
        write_json_object(properties, out);
    }
}

fn write_changes(ops: &PropertyOps, out: &mut String) {
    let PropertyOps { properties, set_once, add, append, union } = ops;
    for (field, values) in [(Field::Properties, properties), (Field::SetOnce, set_once)] {
        if !values.is_empty() {
            write_name(field, out);
            write_json_object(values, out);
        }
    }
    if !add.is_empty() {
        write_name(Field::Add, out);
        write_entries(add, out, String::as_str, |number, out| put(out, number));
    }
    for (field, values) in [(Field::Append, append), (Field::Union, union)] {
        if !values.is_empty() {
            write_name(field, out);
            write_json_object(values, out);
        }
    }
}

/// Appends an object of these entries.
fn write_entries<'a, K: 'a, V: 'a>(
    entries: impl IntoIterator<Item = (&'a K, &'a V)>,
    out: &mut String,
    key_text: impl Fn(&K) -> &str,
    write_value: impl Fn(&V, &mut String),
) {
    for (position, (key, value)) in entries.into_iter().enumerate() {
        out.push(if position == 0 { '{' } else { ',' });
        write_json_string(key_text(key), out);
        out.push(':');
        write_value(value, out);
    }
    out.push('}');
}

/// Appends the comma, the name and the colon of a field that is not the first.
fn write_name(field: Field, out: &mut String) {
    out.push_str(",\"");
    out.push_str(field.name());
    out.push_str("\":");
}

fn write_text(field: Field, text: &str, out: &mut String) {
    write_name(field, out);
    write_json_string(text, out);
}

fn write_time(time: Option<Timestamp>, out: &mut String) {
    if let Some(time) = time {
        write_name(Field::Timestamp, out);
        out.push('"');
        put(out, time);
        out.push('"');
    }
}

fn put(out: &mut String, text: impl Display) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{text}");
}
