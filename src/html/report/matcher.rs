//! Matchers and filters as documents write them, taken apart for people to change and put together again.

use serde_json::{Value, json};

/// The events of a matcher, `*` for any, and the filters that all must pass.
pub fn split(matcher: Option<&Value>) -> (Vec<String>, Vec<Value>) {
    let Some(matcher) = matcher else { return (Vec::new(), Vec::new()) };
    match matcher {
        Value::Object(fields) => (names(fields.get("event")), filters(fields.get("filter"))),
        other => (names(Some(other)), Vec::new()),
    }
}

/// A matcher of these events and filters.
pub fn join(names: &[String], filters: Vec<Value>) -> Value {
    let events = match names {
        [one] => json!(one),
        _ if names.iter().any(|name| name == "*") => json!("*"),
        names => json!(names),
    };
    match all(filters) {
        Some(filter) => json!({ "event": events, "filter": filter }),
        None => events,
    }
}

fn names(events: Option<&Value>) -> Vec<String> {
    match events {
        Some(Value::String(name)) => vec![name.clone()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The filters of a conjunction.
pub fn filters(filter: Option<&Value>) -> Vec<Value> {
    match filter {
        None | Some(Value::Null) => Vec::new(),
        Some(filter) => match filter.get("all").and_then(Value::as_array) {
            Some(filters) => filters.clone(),
            None => vec![filter.clone()],
        },
    }
}

/// The conjunction of filters; none where there are none.
pub fn all(mut filters: Vec<Value>) -> Option<Value> {
    match filters.len() {
        0 => None,
        1 => filters.pop(),
        _ => Some(json!({ "all": filters })),
    }
}

/// A filter that is simple enough to be changed in a form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Simple {
    /// What is tested: a property with `of`, a group type or a cohort, as JSON; none for a filter to come.
    pub subject: Option<Value>,
    /// The operator.
    pub op: String,
    /// With what it is compared.
    pub values: Vec<Value>,
    /// Whether the property is the one in force at the time of the event.
    pub is_at_the_time: bool,
}

impl Simple {
    /// A filter of a document; none where it is more than a form can show.
    pub fn read(filter: &Value) -> Option<Self> {
        if let Some(inner) = filter.get("not") {
            let simple = Self::read(inner).filter(|simple| simple.op == "is" && simple.path().is_none())?;
            return Some(Self { op: "is_not".to_owned(), ..simple });
        }
        let values = |value: &Value| match value {
            Value::Array(values) => values.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        };
        if let Some(path) = filter.get("property") {
            let mut subject = json!({ "property": path });
            if let Some(of) = filter.get("of").filter(|of| **of != "event") {
                subject["of"] = of.clone();
            }
            return Some(Self {
                subject: Some(subject),
                op: filter["op"].as_str()?.to_owned(),
                values: values(&filter["value"]),
                is_at_the_time: filter["as_of"] == "event",
            });
        }
        let simple = |subject: Value, values| {
            Some(Self { subject: Some(subject), op: "is".to_owned(), values, is_at_the_time: false })
        };
        if let Some(name) = filter.get("cohort") {
            return simple(json!({ "cohort": name }), Vec::new());
        }
        simple(json!({ "group": filter.get("group")? }), values(&filter["key"]))
    }

    /// The filter as documents have it; none where nothing is tested, or with nothing.
    pub fn write(&self) -> Option<Value> {
        let subject = self.subject.as_ref()?;
        let negated = |filter: Value| if self.op == "is_not" { json!({ "not": filter }) } else { filter };
        if let Some(name) = subject.get("cohort") {
            return Some(negated(json!({ "cohort": name })));
        }
        let takes_values = !matches!(self.op.as_str(), "set" | "not_set");
        if takes_values && self.values.is_empty() {
            return None;
        }
        if self.path().is_none() {
            let keys: Vec<Value> = self
                .values
                .iter()
                .map(|key| key.as_str().map_or_else(|| json!(key.to_string()), |key| json!(key)))
                .collect();
            return Some(negated(json!({ "group": subject.get("group")?, "key": keys })));
        }
        let mut filter = subject.clone();
        filter["op"] = json!(self.op);
        if takes_values {
            filter["value"] = match self.values.as_slice() {
                [one] => one.clone(),
                values => json!(values),
            };
        }
        if self.is_at_the_time && subject.get("of").is_some() {
            filter["as_of"] = json!("event");
        }
        Some(filter)
    }

    /// The name of the property.
    pub fn path(&self) -> Option<&str> {
        self.subject.as_ref()?.get("property")?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        for filter in [
            json!({"property":"country","op":"is","value":"DE"}),
            json!({"property":"plan","of":{"group":"company"},"as_of":"event","op":"is_not","value":["a",1,true]}),
            json!({"property":"x","of":"user","op":"set"}),
            json!({"cohort":"Best"}),
            json!({"not":{"cohort":"Best"}}),
            json!({"group":"company","key":["acme"]}),
            json!({"not":{"group":"company","key":["acme","hooli"]}}),
        ] {
            assert_eq!(Simple::read(&filter).unwrap().write(), Some(filter));
        }
        for more in [
            json!({"any":[]}),
            json!({"not":{"not":{"cohort":"x"}}}),
            json!({"not":{"property":"x","op":"is","value":1}}),
        ] {
            assert_eq!(Simple::read(&more), None, "{more}");
        }
        let matcher = json!({"event":["a","b"],"filter":{"all":[{"cohort":"x"},{"cohort":"y"}]}});
        let (names, filters) = split(Some(&matcher));
        assert_eq!(join(&names, filters), matcher);
        assert_eq!(join(&["a".to_owned(), "*".to_owned()], Vec::new()), json!("*"));
    }
}
