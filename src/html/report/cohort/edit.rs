//! From the fields of the form to the conditions of a cohort.
//!
//! Names of fields, under the pointer of a condition: `verb` is what must be, such as `not did`, of lists `any`; `t.0.op`,
//! `t.0.n` and `t.0.m` how many times; `range`, `from` and `to` when; `of`, `op`, `value`, `typed` the test of a property,
//! or the keys; `among` the membership of a cohort, as JSON. The pointer behind the last item of a list is that of one
//! that is to come; `.in` beside it of one about keys, and `/any/0` or `/all/0` below it of the first in a list of its own.

use super::super::edit::{Fields, chosen, edit_range, simple};
use super::super::matcher::join;
use super::conditions::{MEMBERSHIPS, Row, What, listed};
use serde_json::{Map, Value, json};

/// Most bounds of how many times.
const BOUNDS_MAX: usize = 5;

/// Edits the conditions of a document; `units` is what it counted before.
pub fn edited_conditions(document: &mut Value, units: &Value, fields: &Fields<'_>, pressed: &str) {
    let old = listed(document["where"].take());
    let editing = Editing { fields, pressed };
    let new = editing.condition(old, "/where").unwrap_or_else(|| json!({ "all": [] }));
    let was_users = units.get("group").is_none();
    let is_users = document["count_by"].get("group").is_none();
    document["where"] = if was_users == is_users { new } else { moved(new, is_users) };
}

/// The same about other units, as far as it can be: who is in a cohort of users is, of companies, which have one of
/// these as a member; and the other way round.
fn moved(condition: Value, to_users: bool) -> Value {
    let mut fields = match condition {
        Value::Object(fields) => fields,
        other => return other,
    };
    for word in ["all", "any"] {
        if let Some(Value::Array(items)) = fields.get_mut(word) {
            *items = std::mem::take(items).into_iter().map(|item| moved(item, to_users)).collect();
        }
    }
    if let Some(inner) = fields.get_mut("not") {
        *inner = moved(inner.take(), to_users);
    }
    let (into, from) = if to_users { ("member_of", "has_member_in") } else { ("has_member_in", "member_of") };
    if let Some(name) = fields.get("cohort") {
        return json!({ into: { "cohort": name } });
    }
    match fields.get(from).filter(|inner| inner.get("cohort").is_some()) {
        Some(inner) => inner.clone(),
        None => Value::Object(fields),
    }
}

struct Editing<'a> {
    fields: &'a Fields<'a>,
    pressed: &'a str,
}

impl Editing<'_> {
    fn given(&self, pointer: &str, name: &str) -> Option<&str> {
        self.fields.first(&format!("{pointer}.{name}"))
    }

    /// The condition at a pointer, as the form has it; none where it goes.
    fn condition(&self, condition: Value, pointer: &str) -> Option<Value> {
        if self.pressed.strip_prefix("remove ") == Some(pointer) {
            return None;
        }
        let Row { is_not, inner, pointer: at, what } = Row::read(&condition, pointer);
        let (is_not, word) = match self.given(pointer, "verb") {
            Some(verb) => verb.strip_prefix("not ").map_or((false, verb), |word| (true, word)),
            None => (is_not, ""),
        };
        let edited = match what {
            What::List(old, items) => {
                let found = self.items(items, &format!("{at}/{old}"));
                if found.is_empty() && !items.is_empty() {
                    return None;
                }
                json!({ (if ["all", "any"].contains(&word) { word } else { old }): found })
            }
            What::Did(old) => self.did(inner, pointer, old, word),
            What::Is(_) => match self.given(pointer, "of") {
                Some(_) => self.tested(pointer)?,
                None => inner.clone(),
            },
            What::Among(_) => self.among(pointer).unwrap_or_else(|| inner.clone()),
            What::Other => inner.clone(),
        };
        Some(if is_not { json!({ "not": edited }) } else { edited })
    }

    /// The conditions of a list, and those that come to it.
    fn items(&self, items: &[Value], pointer: &str) -> Vec<Value> {
        let at = |place: usize| format!("{pointer}/{place}");
        let kept = items.iter().enumerate().filter_map(|(place, item)| self.condition(item.clone(), &at(place)));
        let mut found: Vec<Value> = kept.collect();
        let next = at(items.len());
        let did = |pointer: &str| {
            let names = chosen(self.fields, &format!("{pointer}/did"));
            (!names.is_empty()).then(|| json!({ "did": join(&names, Vec::new()) }))
        };
        found.extend(did(&next));
        found.extend(self.tested(&next));
        found.extend(self.tested(&format!("{next}.in")));
        found.extend(self.among(&next));
        for word in ["all", "any"] {
            found.extend(did(&format!("{next}/{word}/0")).map(|first| json!({ word: [first] })));
        }
        found
    }

    fn did(&self, inner: &Value, pointer: &str, old: &str, word: &str) -> Value {
        let mut fields = inner.as_object().cloned().unwrap_or_default();
        if let Some(times) = self.times(pointer) {
            fields.insert("times".to_owned(), times);
        }
        if ["did", "first_did"].contains(&word) && word != old {
            let matcher = fields.remove(old).unwrap_or_default();
            fields.insert(word.to_owned(), matcher);
        }
        if fields.contains_key("first_did") {
            fields.remove("times");
        }
        let mut condition = Value::Object(fields);
        edit_range(&mut condition, pointer, true, self.fields, self.pressed);
        condition
    }

    /// How many times; none where the form does not say.
    fn times(&self, pointer: &str) -> Option<Value> {
        let mut bounds = Map::new();
        for place in 0..BOUNDS_MAX {
            let given = |name: &str| self.given(pointer, &format!("t.{place}.{name}"));
            let Some(op) = given("op") else { break };
            let number = |text: Option<&str>| {
                let text = text.map(str::trim).filter(|text| !text.is_empty())?;
                // What is no number is refused where documents are, with a sentence.
                Some(text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number)))
            };
            let Some(least) = number(given("n")) else { continue };
            if op == "between" {
                bounds.insert("lte".to_owned(), number(given("m")).unwrap_or_else(|| least.clone()));
            }
            bounds.insert(if op == "between" { "gte" } else { op }.to_owned(), least);
        }
        (!bounds.is_empty()).then_some(Value::Object(bounds))
    }

    /// A test of a property, or of the keys that a user belongs to.
    fn tested(&self, pointer: &str) -> Option<Value> {
        let subject = self.given(pointer, "of").filter(|subject| !subject.is_empty())?;
        let mut test = simple(self.fields, pointer, subject)?;
        if test.get("group").is_some() {
            return Some(json!({ "member_of": test }));
        }
        // It is the unit's own, whatever is counted now.
        test.as_object_mut()?.remove("of");
        Some(test)
    }

    fn among(&self, pointer: &str) -> Option<Value> {
        let membership: Value = serde_json::from_str(self.given(pointer, "among")?).ok()?;
        MEMBERSHIPS.iter().any(|word| membership.get(word).is_some()).then_some(membership)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::edit::{Fields, edited};
    use super::*;

    fn edit(condition: Value, fields: &[(&str, &str)]) -> Value {
        let base = json!({ "report": "cohort", "where": condition }).to_string();
        let fields = [("base", base.as_str())].into_iter().chain(fields.iter().copied());
        let document = edited(&Fields(fields.map(|(name, value)| (name.into(), value.into())).collect())).unwrap();
        document["where"].clone()
    }

    #[test]
    fn what_the_form_does_not_show_stays() {
        let report =
            json!({"report":{"report":"trends","from":"-7d","to":"now","series":[{"event":"a"}],"units":{"series":0}}});
        let all = json!({"all":[
            {"not":{"not":{"did":"a"}}}, report, {"not":{"property":"p","op":"gt","value":5}},
            {"did":{"event":["a","b"],"filter":{"any":[{"cohort":"x"}]}},"times":{"gt":1,"lt":9},"from":"-7d"},
            {"not":{"any":[{"member_of":{"group":"company","key":["k"]}},{"not":{"all":[]}}]}},
        ]});
        assert_eq!(edit(all.clone(), &[]), all);
        assert_eq!(edit(json!({"not":{"any":[]}}), &[]), json!({"not":{"any":[]}}));
        assert_eq!(edit(json!({"not":{"did":"a"}}), &[]), json!({"all":[{"not":{"did":"a"}}]}));
    }

    #[test]
    fn conditions_come_at_the_end_and_go() {
        let none = json!({"all":[]});
        let first = edit(none, &[("/where/all/0/did.event", "used")]);
        assert_eq!(first, json!({"all":[{"did":"used"}]}));
        let property = [
            ("/where/all/1.of", r#"{"property":"plan","of":{"group":"company"}}"#),
            ("/where/all/1.op", "is"),
            ("/where/all/1.value", "\"pro\""),
        ];
        let second = edit(first, &property);
        assert_eq!(second["all"][1], json!({"property":"plan","op":"is","value":"pro"}));
        let keys = [("/where/all/2.in.of", r#"{"group":"company"}"#), ("/where/all/2.in.typed", "acme, 7")];
        let third = edit(second, &keys);
        assert_eq!(third["all"][2], json!({"member_of":{"group":"company","key":["acme","7"]}}));
        let fourth = edit(third, &[("/where/all/3.among", r#"{"member_of":{"cohort":"c"}}"#)]);
        assert_eq!(fourth["all"][3], json!({"member_of":{"cohort":"c"}}));
        let fifth = edit(fourth, &[("/where/all/4/any/0/did.event", "paid")]);
        assert_eq!(fifth["all"][4], json!({"any":[{"did":"paid"}]}));
        let sixth = edit(fifth, &[("/where/all/4/any/1.among", r#"{"cohort":"c"}"#), ("do", "remove /where/all/0")]);
        assert_eq!(sixth["all"].as_array().unwrap().len(), 4);
        assert_eq!(sixth["all"][3], json!({"any":[{"did":"paid"},{"cohort":"c"}]}));
        let seventh = edit(json!({"all":[{"did":"a"},{"any":[{"did":"b"}]}]}), &[("do", "remove /where/all/1/any/0")]);
        assert_eq!(seventh, json!({"all":[{"did":"a"}]}), "a list that is empty goes with its last");
        assert_eq!(edit(json!({"any":[{"did":"a"}]}), &[("do", "remove /where/any/0")]), json!({"all":[]}));
    }

    #[test]
    fn verbs_joints_times_and_ranges_change() {
        let one = json!({"all":[{"did":"a","times":{"gte":3},"from":"-30d","to":"now"},{"cohort":"c"}]});
        let change = |fields: &[(&str, &str)]| edit(one.clone(), fields);
        let (joint, verb, when) = ("/where.verb", "/where/all/0.verb", "/where/all/0.range");
        assert_eq!(change(&[(joint, "not any")])["not"]["any"][1], json!({"cohort":"c"}));
        assert_eq!(change(&[("/where/all/1.verb", "not is")])["all"][1], json!({"not":{"cohort":"c"}}));
        assert_eq!(
            change(&[(verb, "not first_did"), ("/where/all/0.t.0.op", "gte"), ("/where/all/0.t.0.n", "3")])["all"][0],
            json!({"not":{"first_did":"a","from":"-30d","to":"now"}})
        );
        let times = |op: &str, n: &str, m: &str| {
            let fields = [("/where/all/0.t.0.op", op), ("/where/all/0.t.0.n", n), ("/where/all/0.t.0.m", m)];
            change(&fields)["all"][0]["times"].clone()
        };
        assert_eq!(times("lte", "2", ""), json!({"lte":2}));
        assert_eq!(times("between", "2", "5"), json!({"gte":2,"lte":5}));
        assert_eq!(times("between", "2", ""), json!({"gte":2,"lte":2}));
        assert_eq!(times("is", "x", ""), json!({"is":"x"}), "for the language to refuse");
        assert_eq!(times("is", "", ""), json!({"gte":3}));
        assert_eq!(change(&[(when, "{}")])["all"][0], json!({"did":"a","times":{"gte":3}}));
        let dates = [("do", "dates /where/all/0"), ("/where/all/0.from", ""), ("/where/all/0.to", "2026-01-31")];
        assert_eq!(change(&dates)["all"][0], json!({"did":"a","times":{"gte":3},"to":"2026-02-01"}));
    }

    #[test]
    fn cohorts_of_other_units_are_followed_to_their_members_and_back() {
        let users = json!({"all":[{"cohort":"of users"},{"not":{"member_of":{"cohort":"of keys"}}},{"did":"a"}]});
        let base = json!({ "report": "cohort", "where": users });
        let counted_by = |base: &Value, units: &str| {
            let base = base.to_string();
            let fields =
                [("base", base.as_str()), ("json/count_by", units)].map(|(name, value)| (name.into(), value.into()));
            edited(&Fields(fields.to_vec())).unwrap()
        };
        let keys = counted_by(&base, r#"{"group":"company"}"#);
        let wanted = json!([{"has_member_in":{"cohort":"of users"}},{"not":{"cohort":"of keys"}},{"did":"a"}]);
        assert_eq!(keys["where"]["all"], wanted);
        assert_eq!(counted_by(&keys, ""), base);
    }
}
