//! From the fields of the form around a report to its document. What the form does not show stays as it was.
//!
//! Names of fields: `base` is the document before; `json/interval` sets what is at a pointer, to JSON; `unset` removes
//! what is at one unless it is set too; `POINTER.event` and `POINTER.typed` are the events of the matcher at a pointer;
//! `POINTER.f.0.*` its filters, those of the report without a pointer; `b.0.*` breakdowns; `range`, `from` and `to` the
//! range, with a pointer that of a condition; `do` is the button pressed. Those of conditions are in [`super::cohort`].

use super::cohort::edited_conditions;
use super::kind::Kind;
use super::matcher::{Simple, all, filters, join, split};
use super::range;
use serde_json::{Map, Value, json};

/// Most filters of one matcher in a form.
const FILTERS_MAX: usize = 50;

/// The fields of a form as they were sent.
#[derive(Clone, Debug)]
pub struct Fields<'a>(pub Vec<(std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>);

impl Fields<'_> {
    /// The first of a name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }

    pub(super) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| &**value)
    }

    fn starting<'s>(&'s self, start: &'s str) -> impl Iterator<Item = (&'s str, &'s str)> {
        self.0.iter().filter_map(move |(own, value)| Some((own.strip_prefix(start)?, &**value)))
    }
}

/// The document that a form asks for.
///
/// # Errors
/// A sentence, when the form is none of ours.
pub fn edited(fields: &Fields<'_>) -> Result<Value, String> {
    let base = fields.first("base").ok_or("the form has no report in `base`; open the page again")?;
    let mut document: Value = serde_json::from_str(base).map_err(|error| format!("`base` is no JSON: {error}"))?;
    let kind = Kind::of(&document).ok_or("`base` is no report that has a page; open the page again")?;
    let base_units = &document["count_by"].clone();
    let pressed = fields.first("do").unwrap_or_default();
    let slots = kind.slots(&document);
    for pointer in slots.filled.iter().chain(&slots.excluded) {
        edit_matcher(&mut document, pointer, fields, pressed);
    }
    for pointer in slots.next {
        let names = chosen(fields, &pointer);
        if !names.is_empty() {
            append(&mut document, &pointer, join(&names, Vec::new()));
        }
    }
    let own = matching(fields, "", filters(document.get("filter")), pressed);
    set(&mut document, "/filter", all(own));
    edit_breakdowns(&mut document, fields, pressed);
    for pointer in fields.all("unset") {
        set(&mut document, pointer, None);
    }
    for (pointer, json) in fields.starting("json") {
        let value = serde_json::from_str(json).unwrap_or_else(|_| json!(json));
        set(&mut document, pointer, Some(value).filter(|value| !value.is_null() && *value != ""));
    }
    edit_range(&mut document, "", kind == Kind::Cohort, fields, pressed);
    if kind == Kind::Cohort {
        edited_conditions(&mut document, base_units, fields, pressed);
    } else if let Some(pointer) = pressed.strip_prefix("remove ") {
        set(&mut document, pointer, None);
    }
    if kind == Kind::Funnel {
        fit_exclusions(&mut document, pressed);
    }
    if pressed == "swap" {
        swap_ends(&mut document);
    }
    Ok(document)
}

/// The events of a matcher that are chosen, or typed.
pub(super) fn chosen(fields: &Fields<'_>, pointer: &str) -> Vec<String> {
    // A field for it may be there, empty, beside a button with a name.
    let typed = format!("{pointer}.typed");
    match fields.all(&typed).map(str::trim).find(|typed| !typed.is_empty()) {
        Some(typed) => vec![typed.to_owned()],
        None => fields.all(&format!("{pointer}.event")).map(str::to_owned).collect(),
    }
}

fn edit_matcher(document: &mut Value, pointer: &str, fields: &Fields<'_>, pressed: &str) {
    let (old, filters) = split(document.pointer(pointer));
    let mut names = chosen(fields, pointer);
    if names.is_empty() {
        names = old;
    }
    let filters = matching(fields, pointer, filters, pressed);
    if !names.is_empty() {
        set(document, pointer, Some(join(&names, filters)));
    }
}

/// The filters under a name, as the form has them; those that it does not have stay.
fn matching(fields: &Fields<'_>, pointer: &str, old: Vec<Value>, pressed: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for place in 0..FILTERS_MAX.max(old.len()) {
        let name = format!("{pointer}.f.{place}");
        if pressed.strip_prefix("remove ") == Some(name.as_str()) {
            continue;
        }
        let filter = match fields.first(&format!("{name}.of")) {
            Some("") => None,
            Some(subject) => simple(fields, &name, subject),
            None => old.get(place).cloned(),
        };
        found.extend(filter);
    }
    found
}

/// The filter of the fields under a name about a subject; none where it says nothing.
pub(super) fn simple(fields: &Fields<'_>, name: &str, subject: &str) -> Option<Value> {
    let mut values: Vec<Value> = Vec::new();
    let typed = fields.first(&format!("{name}.typed")).unwrap_or_default();
    let name_of_values = format!("{name}.value");
    let chosen = fields.all(&name_of_values).map(typed_value);
    let typed = typed.split(',').map(str::trim).filter(|text| !text.is_empty()).map(typed_value);
    for value in chosen.chain(typed) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Simple {
        subject: serde_json::from_str(subject).ok(),
        op: fields.first(&format!("{name}.op")).unwrap_or("is").to_owned(),
        values,
        is_at_the_time: fields.first(&format!("{name}.as_of")) == Some("event"),
    }
    .write()
}

/// What was typed: a number, true or false where it looks like one, text otherwise; text in quotes is text.
fn typed_value(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::String(_))) => value,
        _ => json!(text),
    }
}

fn edit_breakdowns(document: &mut Value, fields: &Fields<'_>, pressed: &str) {
    if fields.first("b.0.of").is_none() {
        return;
    }
    let mut found = Vec::new();
    for place in 0..4 {
        let name = format!("b.{place}");
        let subject = fields.first(&format!("{name}.of")).unwrap_or_default();
        if subject.is_empty() || pressed.strip_prefix("remove ") == Some(name.as_str()) {
            continue;
        }
        let Ok(mut breakdown) = serde_json::from_str::<Value>(subject) else { continue };
        if fields.first(&format!("{name}.as_of")) == Some("event") && breakdown.get("of").is_some() {
            breakdown["as_of"] = json!("event");
        }
        found.push(breakdown);
    }
    set(document, "/breakdown", (!found.is_empty()).then_some(Value::Array(found)));
}

/// The range of a document or of one condition, whose fields are under a pointer. What is left empty is no bound where
/// that may be.
pub(super) fn edit_range(part: &mut Value, pointer: &str, may_be_open: bool, fields: &Fields<'_>, pressed: &str) {
    let given = |name: &str| fields.first(&range::field(pointer, name));
    if let Some(range) = given("range").and_then(|json| serde_json::from_str::<Value>(json).ok()) {
        set(part, "/from", range.get("from").cloned());
        set(part, "/to", range.get("to").cloned());
    }
    if pressed.strip_prefix("dates").map(str::trim_start) != Some(pointer) {
        return;
    }
    // As a person gives them: both days belong to the range.
    let last = given("to").and_then(|date| date.parse::<jiff::civil::Date>().ok());
    let next = last.and_then(|last| last.tomorrow().ok()).map(|next| json!(next.to_string()));
    let first = given("from").filter(|date| !date.is_empty()).map(|date| json!(date));
    for (pointer, bound) in [("/from", first), ("/to", next)] {
        if bound.is_some() || may_be_open {
            set(part, pointer, bound);
        }
    }
}

/// What is excluded stays between the steps it was between, when one is removed; nothing is between steps in any order.
fn fit_exclusions(document: &mut Value, pressed: &str) {
    let removed = pressed.strip_prefix("remove /steps/").and_then(|place| place.parse::<u64>().ok());
    let last = document["steps"].as_array().map_or(0, Vec::len) as u64;
    let is_any = document["order"] == "any";
    let Some(exclusions) = document.get_mut("exclude").and_then(Value::as_array_mut) else { return };
    let fits = |exclusion: &mut Value| {
        let end = |name: &str| exclusion.get(name).and_then(Value::as_u64);
        // Steps are counted from 1 in the document, from 0 in the pointer.
        let is_after = |step: u64| removed.is_some_and(|removed| step > removed + 1);
        let from = end("from").map_or(1, |from| if is_after(from) { from - 1 } else { from });
        let to = end("to").map_or(last, |to| if removed.is_some_and(|removed| to > removed) { to - 1 } else { to });
        exclusion["from"] = json!(from);
        exclusion["to"] = json!(to.min(last));
        from < to.min(last)
    };
    exclusions.retain_mut(|exclusion| !is_any && fits(exclusion));
    if exclusions.is_empty() {
        set(document, "/exclude", None);
    }
}

/// A path's start becomes its end, and the other way round.
fn swap_ends(document: &mut Value) {
    if let Some(fields) = document.as_object_mut() {
        let (start, end) = (fields.remove("start"), fields.remove("end"));
        fields.extend(start.map(|start| ("end".to_owned(), start)));
        fields.extend(end.map(|end| ("start".to_owned(), end)));
    }
}

/// Puts one more at the end of a list: in the field that the rest of the pointer names, if there is one.
fn append(document: &mut Value, pointer: &str, matcher: Value) {
    let mut parts = pointer.trim_start_matches('/').splitn(3, '/');
    let (Some(list), _, field) = (parts.next(), parts.next(), parts.next()) else { return };
    let item = match field {
        Some(field) => Value::Object(Map::from_iter([(field.to_owned(), matcher)])),
        None => matcher,
    };
    let Some(fields) = document.as_object_mut() else { return };
    if let Some(items) = fields.entry(list).or_insert_with(|| json!([])).as_array_mut() {
        items.push(item);
    }
}

/// Sets what is at a pointer, or removes it. Only its last part may be new.
fn set(document: &mut Value, pointer: &str, value: Option<Value>) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    match (document.pointer_mut(parent), value) {
        (Some(Value::Object(fields)), Some(value)) => _ = fields.insert(last.to_owned(), value),
        (Some(Value::Object(fields)), None) => _ = fields.remove(last),
        (Some(Value::Array(items)), value) => {
            let Some(place) = last.parse::<usize>().ok().filter(|place| *place < items.len()) else { return };
            match value {
                Some(value) => items[place] = value,
                None => _ = items.remove(place),
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(base: Value, fields: &[(&str, &str)]) -> Value {
        let base = base.to_string();
        let fields = [("base", base.as_str())].into_iter().chain(fields.iter().copied());
        edited(&Fields(fields.map(|(name, value)| (name.into(), value.into())).collect())).unwrap()
    }

    fn trends() -> Value {
        json!({"report":"trends","from":"-30d","to":"now","series":[{"event":"a","label":"kept"},{"event":"b"}],"formula":"A/B"})
    }

    #[test]
    fn what_the_form_does_not_show_stays() {
        assert_eq!(edit(trends(), &[]), trends());
        let with = json!({"report":"funnel","from":"-1d","to":"now","steps":[{"event":"a","filter":{"any":[{"cohort":"x"}]}},"b"],"hold":"user"});
        assert_eq!(edit(with.clone(), &[("/steps/0.event", "a")]), with);
    }

    #[test]
    fn events_are_chosen_typed_added_and_removed() {
        let changed = edit(
            trends(),
            &[("/series/0/event.event", "x"), ("/series/0/event.event", "y"), ("/series/2/event.typed", " z ")],
        );
        assert_eq!(changed["series"], json!([{"event":["x","y"],"label":"kept"},{"event":"b"},{"event":"z"}]));
        assert_eq!(edit(trends(), &[("do", "remove /series/0")])["series"], json!([{"event":"b"}]));
    }

    #[test]
    fn filters_and_breakdowns_come_and_go() {
        let plan = r#"{"property":"plan","of":{"group":"company"}}"#;
        let fields = [
            (".f.0.of", plan),
            (".f.0.op", "is"),
            (".f.0.value", "\"free\""),
            (".f.0.typed", "team, 5"),
            (".f.0.as_of", "event"),
        ];
        let changed = edit(trends(), &fields);
        let filter =
            json!({"property":"plan","of":{"group":"company"},"as_of":"event","op":"is","value":["free","team",5]});
        assert_eq!(changed["filter"], filter);
        assert_eq!(edit(changed, &[("do", "remove .f.0")]).get("filter"), None);
        let of_event =
            edit(trends(), &[("/series/1/event.f.0.of", r#"{"property":"p"}"#), ("/series/1/event.f.0.op", "set")]);
        assert_eq!(of_event["series"][1]["event"], json!({"event":"b","filter":{"property":"p","op":"set"}}));
        let split = edit(trends(), &[("b.0.of", plan), ("b.0.as_of", "event"), ("b.1.of", "")]);
        assert_eq!(split["breakdown"], json!([{"property":"plan","of":{"group":"company"},"as_of":"event"}]));
        assert_eq!(edit(split, &[("b.0.of", plan), ("do", "remove b.0")]).get("breakdown"), None);
    }

    #[test]
    fn exclusions_stay_between_their_steps() {
        let funnel = json!({"report":"funnel","from":"-1d","to":"now","steps":["a","b","c","d"]});
        let added = edit(funnel, &[("/exclude/0/event.event", "x")]);
        assert_eq!(added["exclude"], json!([{"event":"x","from":1,"to":4}]));
        let ends = [("json/exclude/0/from", "2"), ("json/exclude/0/to", "3"), ("/exclude/0/event.event", "y")];
        let moved = edit(added, &ends);
        assert_eq!(moved["exclude"], json!([{"event":"y","from":2,"to":3}]));
        let removed = |step: &str| edit(moved.clone(), &[("do", &format!("remove /steps/{step}"))])["exclude"].clone();
        assert_eq!(
            ["0", "3"].map(removed),
            [json!([{"event":"y","from":1,"to":2}]), json!([{"event":"y","from":2,"to":3}])]
        );
        assert_eq!(["1", "2"].map(removed), [Value::Null, Value::Null]);
        assert_eq!(edit(moved.clone(), &[("json/order", "\"any\"")]).get("exclude"), None);
        assert_eq!(edit(moved, &[("do", "remove /exclude/0")]).get("exclude"), None);
    }

    #[test]
    fn ranges_words_and_numbers_are_set() {
        let changed = edit(
            trends(),
            &[
                ("json/interval", "\"week\""),
                ("json/limit", "5"),
                ("unset", "/formula"),
                ("unset", "/compare"),
                ("json/compare", "\"previous\""),
            ],
        );
        assert_eq!(
            (&changed["interval"], &changed["limit"], &changed["compare"]),
            (&json!("week"), &json!(5), &json!("previous"))
        );
        assert_eq!(changed.get("formula"), None);
        let by_total = edit(trends(), &[("json/rank_by", "\"total\"")]);
        assert_eq!(by_total["rank_by"], "total");
        assert_eq!(edit(by_total, &[("json/rank_by", "\"events\"")])["rank_by"], "events");
        assert_eq!(edit(trends(), &[("from", "2026-01-01"), ("to", "2026-01-31")])["from"], "-30d");
        let dates = edit(trends(), &[("do", "dates"), ("from", "2026-01-01"), ("to", "2026-01-31")]);
        assert_eq!((&dates["from"], &dates["to"]), (&json!("2026-01-01"), &json!("2026-02-01")));
        assert_eq!(edit(trends(), &[("range", r#"{"from":"-7d","to":"now"}"#)])["from"], "-7d");
    }
}
