//! Conditions as documents write them, taken apart into the rows of a form.

use super::super::matcher::Simple;
use serde_json::{Value, json};

/// The document of everyone, to which conditions may come.
pub fn everyone() -> Value {
    json!({ "report": "cohort", "where": { "all": [] } })
}

/// A condition as a list that others may come to: one that is no list becomes its only item.
pub fn listed(condition: Value) -> Value {
    if matches!(Row::read(&condition, "").what, What::List(..)) { condition } else { json!({ "all": [condition] }) }
}

/// A condition as a row of the form has it.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Whether it must not hold.
    pub is_not: bool,
    /// The condition without its `not`.
    pub inner: &'a Value,
    /// Where that is in the document.
    pub pointer: String,
    /// What it is.
    pub what: What<'a>,
}

/// What a condition is.
#[derive(Clone, Debug, PartialEq)]
pub enum What<'a> {
    /// Conditions of which `all` or `any` must hold.
    List(&'static str, &'a [Value]),
    /// The unit did something: `did` or `first_did`.
    Did(&'static str),
    /// A property of the unit, or keys that a user belongs to.
    Is(Simple),
    /// A saved cohort that the unit is in, or has to do with: which of [`MEMBERSHIPS`].
    Among(&'static str),
    /// More than the form changes; it is shown, and kept.
    Other,
}

/// How a unit may have to do with a saved cohort.
pub const MEMBERSHIPS: [&str; 3] = ["cohort", "member_of", "has_member_in"];

impl<'a> Row<'a> {
    /// The condition at a pointer.
    pub fn read(condition: &'a Value, pointer: &str) -> Self {
        let (is_not, inner, pointer) = match condition.get("not") {
            Some(inner) => (true, inner, format!("{pointer}/not")),
            None => (false, condition, pointer.to_owned()),
        };
        Self { is_not, inner, pointer, what: What::read(inner) }
    }
}

impl<'a> What<'a> {
    fn read(condition: &'a Value) -> Self {
        let items = |word| condition.get(word).and_then(Value::as_array);
        if let Some((word, items)) = ["all", "any"].into_iter().find_map(|word| Some((word, items(word)?))) {
            return Self::List(word, items);
        }
        if let Some(word) = ["did", "first_did"].into_iter().find(|word| condition.get(word).is_some()) {
            return Self::Did(word);
        }
        let keys = condition.get("member_of").filter(|inner| inner.get("group").is_some());
        let tested = keys.or_else(|| condition.get("property").map(|_| condition));
        if let Some(tested) = tested {
            return Simple::read(tested).map_or(Self::Other, Self::Is);
        }
        MEMBERSHIPS.into_iter().find(|word| condition.get(word).is_some()).map_or(Self::Other, Self::Among)
    }
}

/// Pointers of all matchers of a cohort's conditions.
pub fn matchers(document: &Value) -> Vec<String> {
    fn collect(condition: &Value, pointer: &str, found: &mut Vec<String>) {
        let row = Row::read(condition, pointer);
        match row.what {
            What::Did(word) => found.push(format!("{}/{word}", row.pointer)),
            What::List(word, items) => {
                for (place, item) in items.iter().enumerate() {
                    collect(item, &format!("{}/{word}/{place}", row.pointer), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&document["where"], "/where", &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_told_apart() {
        let what = |condition: &Value| format!("{:?}", Row::read(condition, "").what);
        assert!(what(&json!({"did":"a"})).starts_with("Did(\"did\")"));
        assert!(what(&json!({"not":{"first_did":"a"}})).starts_with("Did(\"first_did\")"));
        assert!(what(&json!({"member_of":{"group":"company","key":["x"]}})).starts_with("Is("));
        assert!(what(&json!({"member_of":{"cohort":"x"}})).starts_with("Among(\"member_of\")"));
        assert!(what(&json!({"not":{"cohort":"x"}})).starts_with("Among(\"cohort\")"));
        for more in [json!({"not":{"not":{"did":"a"}}}), json!({"report":{}}), Value::Null] {
            assert_eq!(what(&more), "Other", "{more}");
        }
    }

    #[test]
    fn matchers_are_found_however_deep() {
        let document =
            json!({"where":{"not":{"any":[{"did":"a"},{"cohort":"c"},{"not":{"all":[{"not":{"first_did":"b"}}]}}]}}});
        assert_eq!(matchers(&document), ["/where/not/any/0/did", "/where/not/any/2/not/all/0/not/first_did"]);
        assert_eq!(matchers(&json!({"where":{"did":"a"}})), ["/where/did"]);
    }
}
