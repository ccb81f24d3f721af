//! Property values: numbers against strings, nulls, lists, nested objects with dotted keys.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::pools::{NAMES, name};

/// Few enough that two draws often meet, and 1, 1.0 and "1" among them.
pub(super) fn scalar() -> BoxedStrategy<Value> {
    let common = vec![json!(1), json!("1"), json!(1.0), json!("pro"), json!("free"), json!(true), json!(2)];
    prop_oneof![
        4 => prop::sample::select(common),
        2 => number(),
        2 => text().prop_map(Value::from),
        1 => prop::sample::select(vec![json!(true), json!(false)]),
    ]
    .boxed()
}

pub(super) fn number() -> BoxedStrategy<Value> {
    let plain =
        vec![json!(0), json!(-0.0), json!(3), json!(-7), json!(10), json!(0.1), json!(0.2), json!(0.3), json!(2.5)];
    let edges = vec![
        json!(9_007_199_254_740_993_i64),
        json!(9_007_199_254_740_992_i64),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(18_446_744_073_709_551_616.0),
        json!(1e300),
        json!(1e308),
        json!(-1e308),
        json!(5e-324),
        json!(-0.000_001),
    ];
    prop_oneof![
        6 => prop::sample::select(plain),
        3 => (0..20_i64).prop_map(Value::from),
        1 => prop::sample::select(edges),
    ]
    .boxed()
}

pub(super) fn text() -> BoxedStrategy<&'static str> {
    let texts =
        vec!["", "1", "10", "9", "US", "us", "DE", "ünï", "Pro", "2026-01-05", "a\"b\\c\n", "😀", "true", "null"];
    prop::sample::select(texts).boxed()
}

/// Any value of a property: mostly scalars, sometimes null, a list or an object.
pub(super) fn value() -> BoxedStrategy<Value> {
    prop_oneof![
        10 => scalar(),
        1 => Just(Value::Null),
        2 => list(),
        2 => nested(),
    ]
    .boxed()
}

fn list() -> BoxedStrategy<Value> {
    let item = prop_oneof![6 => scalar(), 1 => prop::collection::vec(scalar(), 0..2).prop_map(Value::from)];
    prop::collection::vec(item, 0..4).prop_map(Value::from).boxed()
}

/// Objects where a dotted path may name a whole key or go down, and where null hides.
fn nested() -> BoxedStrategy<Value> {
    (scalar(), scalar(), 0..5)
        .prop_map(|(a, b, form)| match form {
            0 => json!({"a": {"b": a}}),
            1 => json!({"a": a, "x": b}),
            2 => json!({"a.b": a, "a": {"b": b}}),
            3 => json!({"a": [a, {"b": b}]}),
            _ => json!({"a": {"b": null}, "x": b}),
        })
        .boxed()
}

/// A properties object: each name with the values that suit it, or with any.
pub(super) fn properties() -> BoxedStrategy<Value> {
    let suited = prop_oneof![
        4 => scalar().prop_map(|value| ("plan", value)),
        6 => number().prop_map(|value| ("amount", value)),
        2 => list().prop_map(|value| ("tags", value)),
        2 => nested().prop_map(|value| ("nested", value)),
        4 => (name(&NAMES), value()),
    ];
    prop::collection::vec(suited, 0..7).prop_map(object).boxed()
}

/// A later pair of the same name replaces the earlier one.
pub(super) fn object(pairs: Vec<(&'static str, Value)>) -> Value {
    let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
    Value::Object(pairs.collect::<Map<String, Value>>())
}

fn some_names(value: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    prop::collection::vec((name(&NAMES), value), 1..3).prop_map(object).boxed()
}

/// What `add` may hold.
fn amount() -> BoxedStrategy<Value> {
    let amounts = vec![json!(1), json!(2), json!(-3), json!(1.0), json!(0.5), json!(0.1), json!(0)];
    prop::sample::select(amounts).boxed()
}

/// The updates of an identify() or group() call, as fields of its line.
pub(super) fn updates() -> BoxedStrategy<Map<String, Value>> {
    let listed = prop_oneof![scalar(), prop::collection::vec(scalar(), 1..3).prop_map(Value::from)].boxed();
    let field = prop_oneof![
        6 => properties().prop_map(|value| ("properties", value)),
        2 => some_names(scalar()).prop_map(|value| ("set_once", value)),
        2 => some_names(amount()).prop_map(|value| ("add", value)),
        1 => some_names(listed.clone()).prop_map(|value| ("append", value)),
        1 => some_names(listed).prop_map(|value| ("union", value)),
    ];
    let fields = prop_oneof![3 => 1..2_usize, 1 => 0..5_usize];
    fields
        .prop_flat_map(move |count| prop::collection::vec(field.clone(), count))
        .prop_map(|fields| match object(fields) {
            Value::Object(map) => map,
            _ => unreachable!("object makes objects"),
        })
        .boxed()
}
