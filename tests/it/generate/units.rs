//! From a document and its result: documents that ask which units are behind its numbers.

use serde_json::{Value, json};

/// A document with `units`, and the number it names.
#[derive(Clone, Debug)]
pub struct Behind {
    pub document: Value,
    /// The `size` its answer must have; none where the number is no count of units.
    pub size: Option<u64>,
}

/// Every number of a result that `units` can name, zero or not.
pub fn behind(document: &Value, result: &Value) -> Vec<Behind> {
    let named = match document["report"].as_str() {
        Some("trends") if document.get("formula").is_none() => trends(document, result),
        Some("funnel") => funnel(result),
        Some("retention") => retention(result),
        Some("stickiness") => numbers(&result["counts"], |at| json!({"intervals": at + 1})),
        Some("lifecycle") => lifecycle(result),
        Some("paths") => paths(result),
        _ => Vec::new(),
    };
    let with_units = |(units, size): (Value, Option<u64>)| {
        let mut document = document.clone();
        document["units"] = units;
        Behind { document, size }
    };
    named.into_iter().map(with_units).collect()
}

type Named = (Value, Option<u64>);

fn items(json: &Value) -> &[Value] {
    json.as_array().map_or(&[], Vec::as_slice)
}

/// The whole numbers of a list, each with its name; null names nothing.
fn numbers(list: &Value, name: impl Fn(usize) -> Value) -> Vec<Named> {
    let numbered = items(list).iter().enumerate().filter(|(_, number)| !number.is_null());
    numbered.map(|(at, number)| (name(at), number.as_u64())).collect()
}

/// The series of an answer come in document order, inside each the values in rank order.
fn trends(document: &Value, result: &Value) -> Vec<Named> {
    let mut named = Vec::new();
    let asked = items(&document["series"]);
    let by_label = |label: &Value| asked.iter().position(|series| series["label"] == *label);
    for series in items(&result["series"]) {
        let Some(index) = by_label(&series["label"]) else { continue };
        let measure = &asked[index]["measure"];
        let by_value = measure.get("count_by_value").is_some();
        let distinct = measure.is_null() || measure == "unique" || measure.get("active").is_some() || by_value;
        let breakdown = document.get("breakdown").is_some() || by_value;
        let name = |bucket: Option<&Value>| {
            let mut units = json!({"series": index});
            if breakdown {
                units["breakdown"] = series["breakdown"].clone();
            }
            if let Some(bucket) = bucket {
                units["bucket"] = bucket.clone();
            }
            units
        };
        let size = |number: &Value| if distinct { number.as_u64() } else { None };
        named.push((name(None), size(&series["total"])));
        for (bucket, number) in items(&result["buckets"]).iter().zip(items(&series["values"])) {
            named.push((name(Some(bucket)), size(number)));
        }
    }
    named
}

fn funnel(result: &Value) -> Vec<Named> {
    if result.get("steps").is_some() {
        return steps(&result["steps"], None);
    }
    items(&result["series"]).iter().flat_map(|series| steps(&series["steps"], Some(&series["breakdown"]))).collect()
}

fn steps(steps: &Value, breakdown: Option<&Value>) -> Vec<Named> {
    let counts: Vec<u64> = items(steps).iter().filter_map(|step| step["count"].as_u64()).collect();
    let mut named = Vec::new();
    for (at, count) in counts.iter().enumerate() {
        let mut units = json!({"step": at + 1, "dropped": false});
        if let Some(breakdown) = breakdown {
            units["breakdown"] = breakdown.clone();
        }
        named.push((units.clone(), Some(*count)));
        if let Some(next) = counts.get(at + 1) {
            units["dropped"] = json!(true);
            named.push((units, Some(count - next)));
        }
    }
    named
}

fn retention(result: &Value) -> Vec<Named> {
    let of_row = |row: &Value| {
        let mut named = vec![(json!({"period": row["period"]}), row["size"].as_u64())];
        named.extend(numbers(&row["values"], |k| json!({"period": row["period"], "k": k})));
        named
    };
    items(&result["rows"]).iter().flat_map(of_row).collect()
}

fn lifecycle(result: &Value) -> Vec<Named> {
    let states = ["new", "returning", "resurrecting", "dormant"];
    let of_state =
        |state: &&str| numbers(&result[*state], |at| json!({"bucket": result["buckets"][at], "state": *state}));
    states.iter().flat_map(of_state).collect()
}

/// A node or a link is named by what the answer says of it, without its number.
fn paths(result: &Value) -> Vec<Named> {
    let named = |item: &Value| {
        let mut name = item.clone();
        let count = name.as_object_mut().and_then(|fields| fields.remove("count"));
        (name, count.and_then(|count| count.as_u64()))
    };
    items(&result["nodes"]).iter().chain(items(&result["links"])).map(named).collect()
}
