//! Writing and parsing are inverse: for examples by their exact text, for everything else by generated lines.

use super::parsed::tests::check_same;
use super::*;
use crate::model::{
    AliasCall, CohortCall, Event, EventName, GroupCall, GroupKey, GroupType, IdentifyCall, InsertId, Line, Number,
    Properties, PropertyOps, Timestamp, UserName, Value,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

fn written(line: &Line) -> String {
    let mut text = String::new();
    write_line(line, &mut text);
    text
}

/// The sent line, with single quotes for double ones, is written so.
#[track_caller]
fn check(sent: &str, expected: &str) {
    let line = parse_line(sent.replace('\'', "\"").as_bytes()).unwrap_or_else(|refusal| panic!("{refusal}"));
    let text = written(&line);
    assert_eq!(text, expected.replace('\'', "\""));
    assert_eq!(parse_line(text.as_bytes()), Ok(line));
}

#[test]
fn lines_are_written_in_one_form() {
    check(
        " { 'properties' : {'b':1.0,'a':[null,{'z':0.50,'y':-0}],'c':null} , 'groups':{'repo':'r','company':'c'},
           'insert_id':'i', 'timestamp':0, 'event':'e\\u0065\\/', 'type':'track', 'distinct_id':'\\u00e9\\ud83d\\ude00' } ",
        "{'type':'track','distinct_id':'é😀','event':'ee/','timestamp':'1970-01-01T00:00:00Z','insert_id':'i',\
         'groups':{'company':'c','repo':'r'},'properties':{'a':[null,{'y':0,'z':0.5}],'b':1,'c':null}}",
    );
    check(
        "{'type':'track','distinct_id':'u','event':'e','timestamp':null,'insert_id':null,'groups':{},'properties':{}}",
        "{'type':'track','distinct_id':'u','event':'e'}",
    );
    check(
        "{'type':'identify','distinct_id':'u','union':{'e':[1]},'append':{'d':'x'},'add':{'c':-1.5,'b':2},
          'set_once':{'b':1},'properties':{'a':null},'timestamp':'2026-01-03T10:00:00.5+01:00'}",
        "{'type':'identify','distinct_id':'u','timestamp':'2026-01-03T09:00:00.5Z','properties':{'a':null},\
         'set_once':{'b':1},'add':{'b':2,'c':-1.5},'append':{'d':'x'},'union':{'e':[1]}}",
    );
    check("{'type':'identify','distinct_id':'u','properties':null}", "{'type':'identify','distinct_id':'u'}");
    check(
        "{'type':'group','group_key':'k','group_type':'t','distinct_id':'u','properties':{'p':18446744073709551615}}",
        "{'type':'group','distinct_id':'u','group_type':'t','group_key':'k','properties':{'p':18446744073709551615}}",
    );
    check(
        "{'type':'group','group_key':'k','group_type':'t','distinct_id':null}",
        "{'type':'group','group_type':'t','group_key':'k'}",
    );
    check(
        "{'alias':'b','type':'alias','timestamp':-1,'distinct_id':'a'}",
        "{'type':'alias','distinct_id':'a','alias':'b','timestamp':'1969-12-31T23:59:59.999Z'}",
    );
    check(
        "{'report':{'where':{'times':{'gte':3.0},'did':'e'},'report':'cohort'},'name':'c','type':'cohort'}",
        "{'type':'cohort','name':'c','report':{'report':'cohort','where':{'did':'e','times':{'gte':3}}}}",
    );
}

/// A name without white space only; the kinds of text that escapes and lengths depend on.
fn name(max: usize) -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,12}", "\\PC{1,20}", "[\"\\\\/\u{1}\n\u{7f}é😀 ]{0,20}x"]
        .prop_filter("a name", move |text| !text.trim().is_empty() && text.len() <= max && text != "*")
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::Integer),
        any::<u64>().prop_map(Number::from_u64),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
        (-1000i64..1000).prop_map(|n| Number::from_f64(n as f64 / 8.0).unwrap()),
    ]
}

fn value(null: bool) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(Value::Number),
        ".{0,12}".prop_map(Value::String),
    ];
    let leaf_or_null = prop_oneof![9 => leaf.clone(), 1 => Just(Value::Null)];
    let nested = leaf_or_null.clone().prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::List),
            btree_map(".{0,6}", inner, 0..4).prop_map(Value::Object),
        ]
    });
    nested.prop_filter("null only where it removes", move |value| null || !value.is_null())
}

fn properties(null: bool) -> impl Strategy<Value = Properties> {
    btree_map(".{0,6}", value(null), 0..4)
}

fn changes() -> impl Strategy<Value = PropertyOps> {
    (properties(true), properties(false), btree_map(".{0,6}", number(), 0..3), properties(false), properties(false))
        .prop_map(|(properties, set_once, add, append, union)| PropertyOps { properties, set_once, add, append, union })
}

fn time() -> impl Strategy<Value = Option<Timestamp>> {
    let range = Timestamp::MIN.micros()..=Timestamp::MAX.micros();
    option::of(prop_oneof![range, -3i64..3].prop_map(|micros| Timestamp::from_micros(micros).unwrap()))
}

fn user() -> impl Strategy<Value = UserName> {
    name(400).prop_map(|text| UserName::new(text).unwrap())
}

fn joinable() -> impl Strategy<Value = UserName> {
    user().prop_filter("joinable", |user| user.check_joinable().is_ok())
}

fn group_type() -> impl Strategy<Value = GroupType> {
    name(100).prop_map(|text| GroupType::new(text).unwrap())
}

fn group_key() -> impl Strategy<Value = GroupKey> {
    name(400).prop_map(|text| GroupKey::new(text).unwrap())
}

fn line() -> impl Strategy<Value = Line> {
    let event = (
        user(),
        name(200).prop_map(|text| EventName::new(text).unwrap()),
        time(),
        properties(true),
        btree_map(group_type(), group_key(), 0..3),
        option::of(name(400).prop_map(|text| InsertId::new(text).unwrap())),
    );
    prop_oneof![
        event.prop_map(|(user, name, time, properties, groups, insert_id)| {
            Line::Track(Event { user, name, time, properties, groups, insert_id })
        }),
        (user(), time(), changes()).prop_map(|(user, time, ops)| Line::Identify(IdentifyCall { user, time, ops })),
        (option::of(user()), group_type(), group_key(), time(), changes())
            .prop_map(|(user, group_type, key, time, ops)| Line::Group(GroupCall { user, group_type, key, time, ops })),
        (joinable(), joinable(), time()).prop_map(|(user, alias, time)| Line::Alias(AliasCall { user, alias, time })),
        (name(400), properties(true).prop_map(Value::Object))
            .prop_map(|(name, report)| { Line::Cohort(CohortCall { name, report: report.to_json() }) }),
    ]
}

/// Puts spaces between the tokens of compact JSON, and the fields of every object in reverse.
fn disguised(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Array(items) => {
            format!(" [ {} ] ", items.iter().map(disguised).collect::<Vec<_>>().join(" , "))
        }
        serde_json::Value::Object(fields) => {
            let field = |(key, value): (&String, &serde_json::Value)| {
                let escaped: String = key.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
                format!(" \"{escaped}\" : {}", disguised(value))
            };
            format!("\t{{{} }}\r", fields.iter().rev().map(field).collect::<Vec<_>>().join(","))
        }
        scalar => scalar.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn what_is_written_parses_to_the_same_line(line in line()) {
        let text = written(&line);
        prop_assert!(!text.contains('\n'));
        let parsed = parse_line(text.as_bytes());
        prop_assert_eq!(parsed.as_ref(), Ok(&line));
        check_same(text.as_bytes());
        prop_assert_eq!(written(&line), text);
    }

    /// However the fields are ordered, spaced and escaped, the line is the same.
    #[test]
    fn parsing_does_not_depend_on_the_form(line in line()) {
        let text = disguised(&serde_json::from_str(&written(&line)).unwrap());
        check_same(text.as_bytes());
        prop_assert_eq!(parse_line(text.as_bytes()), Ok(line));
    }

    /// No bytes make the parser panic, and what it accepts it can write and read again.
    #[test]
    fn mutated_lines_are_accepted_or_refused(line in line(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = written(&line).into_bytes();
        let position = at.index(bytes.len());
        bytes[position] = byte;
        if let Ok(line) = parse_line(&bytes) {
            prop_assert_eq!(parse_line(written(&line).as_bytes()), Ok(line));
        }
        prop_assert!(parse_line(&bytes[..position]).is_err());
        check_same(&bytes);
        check_same(&bytes[..position]);
    }
}
