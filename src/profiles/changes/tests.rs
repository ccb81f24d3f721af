//! Changes against the calls that they are of.

use super::super::part::Call;
use super::super::{KeyHistory, Profiles, ProfilesBuilder, ProfilesPart};
use super::*;
use crate::codec::text::Compression;
use crate::codec::{ContainerWriter, FileId, FileKind};
use crate::model::property::object_json;
use crate::model::{Arrival, GroupKeyId, GroupTypeId, Moment, Properties, PropertyOps, Timestamp, UserId, Value};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const COMPANY: GroupTypeId = GroupTypeId::new(2);
const KEYS: u32 = 4;
const NAMES: [&str; 4] = ["a", "a.b", "plan", "\"ü\n"];

fn at(time: i64, arrival: usize) -> Moment {
    Moment { time: Timestamp::clamped(time), arrival: Arrival::new(arrival as u64) }
}

fn opened(builder: ProfilesBuilder) -> Arc<ProfilesPart> {
    let bytes = builder.finish(FileId([7; 16]), Compression::Zstd).unwrap().unwrap();
    let part = ProfilesPart::open(bytes, "part").unwrap();
    assert_eq!(part.verify(), []);
    Arc::new(part)
}

/// A call: who, when, and what it does.
type Said = (u32, i64, PropertyOps);

/// Calls on keys, by hundreds of arrivals a part.
fn parts(calls: &[Vec<Said>]) -> Vec<Arc<ProfilesPart>> {
    let part = |(number, calls): (usize, &Vec<Said>)| {
        let mut builder = ProfilesBuilder::default();
        for (place, (key, time, ops)) in calls.iter().enumerate() {
            let moment = at(*time, number * 100 + place);
            builder.group(COMPANY, GroupKeyId::new(*key), None, moment, &ops.to_json());
            builder.identify(UserId::new(*key), moment, &ops.to_json());
        }
        opened(builder)
    };
    calls.iter().enumerate().map(part).collect()
}

fn value() -> impl Strategy<Value = Value> {
    let json = ["1", "2", "\"pro\"", "\"free\"", "true", "[1,\"x\"]", r#"{"b":{"c":1}}"#, r#"{"b":null}"#, "0.5"];
    let of_length = |length: usize| Value::string("long ".repeat(length));
    prop_oneof![
        4 => prop::sample::select(json.to_vec()).prop_map(|json| serde_json::from_str(json).unwrap()),
        1 => (48..54usize).prop_map(of_length),
    ]
}

fn fields<T: std::fmt::Debug>(
    value: impl Strategy<Value = T>,
    most: usize,
) -> impl Strategy<Value = BTreeMap<String, T>> {
    prop::collection::btree_map(prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned), value, 0..=most)
}

fn said() -> impl Strategy<Value = Said> {
    let set = prop_oneof![4 => value(), 1 => Just(Value::Null)];
    let number = (0..5i64).prop_map(crate::model::Number::Integer);
    let none = || Just(Properties::new());
    let others = prop_oneof![
        3 => (none(), Just(BTreeMap::new()), none(), none()),
        1 => (fields(value(), 1), fields(number, 1), fields(value(), 1), fields(value(), 1)),
    ];
    (0..KEYS, 0..30i64, fields(set, 3), others).prop_map(|(key, time, properties, (set_once, add, append, union))| {
        (key, time, PropertyOps { properties, set_once, add, append, union })
    })
}

/// A property of each holder after each of its changes, folded from changes alone.
fn folded(profiles: &Profiles, group_type: Option<GroupTypeId>, name: &str) -> BTreeMap<(u32, Moment), Option<Value>> {
    let mut changes = BTreeMap::new();
    for of_part in profiles.changes_of(group_type, name).unwrap() {
        let mut values = Vec::new();
        of_part
            .visit_values::<DecodeError>(|value| {
                values.push(value);
                Ok(())
            })
            .unwrap();
        let mut count = 0;
        let visited = of_part.visit::<DecodeError>(|change| {
            let ops = match change.said {
                super::Said::Value(place) => {
                    PropertyOps::set([(name.to_owned(), values[place as usize].clone())].into())
                }
                super::Said::Operations(ops) => PropertyOps::from_json_of(&ops, Some(&[name])).unwrap(),
            };
            count += 1;
            assert!(changes.insert((change.entity, change.moment), ops).is_none());
            Ok(())
        });
        visited.unwrap();
        assert_eq!((count, of_part.is_empty()), (of_part.len(), false));
    }
    let (mut last, mut properties) = (None, Properties::new());
    let mut after = |((holder, moment), ops): ((u32, Moment), PropertyOps)| {
        if last.replace(holder) != Some(holder) {
            properties.clear();
        }
        ops.apply(&mut properties);
        ((holder, moment), properties.get(name).cloned())
    };
    changes.into_iter().map(&mut after).collect()
}

/// What all calls of a key say, in order.
fn calls_of_key(profiles: &Profiles, key: GroupKeyId) -> Vec<Call> {
    let mut calls = Vec::new();
    let keep = |group_type, call: Call| {
        if group_type == Some(COMPANY) && call.entity == key.raw() {
            calls.push(call);
        }
    };
    profiles.visit_calls(keep).unwrap();
    calls.sort_unstable_by_key(|call| call.moment);
    calls
}

/// Whether changes say what the calls say, now and after every call.
fn check(profiles: &Profiles) {
    let keys: Vec<GroupKeyId> = (0..KEYS + 1).rev().map(GroupKeyId::new).collect();
    for key in &keys {
        let calls = calls_of_key(profiles, *key);
        let expected = KeyHistory {
            versions: Profiles::versions(&calls).unwrap(),
            last_updated: calls.last().map(|call| call.moment.time),
        };
        assert_eq!(profiles.history_of_key(COMPANY, *key).unwrap(), expected);
    }
    let now = profiles.properties_of_keys(COMPANY, &keys).unwrap();
    for name in NAMES {
        let of_keys = folded(profiles, Some(COMPANY), name);
        assert_eq!(folded(profiles, None, name), of_keys);
        for (key, now) in keys.iter().zip(&now) {
            let mut value = None;
            for version in profiles.history_of_key(COMPANY, *key).unwrap().versions {
                value = version.properties.get(name).cloned();
                let from_changes = of_keys.range(..=(key.raw(), version.moment)).next_back();
                let from_changes = from_changes.filter(|((holder, _), _)| *holder == key.raw());
                assert_eq!(from_changes.and_then(|(_, value)| value.clone()), value, "{name} of {key:?}");
            }
            assert_eq!(now.get(name), value.as_ref(), "{name} of {key:?} now");
        }
    }
}

proptest! {
    #[test]
    fn changes_say_what_calls_say(calls in prop::collection::vec(prop::collection::vec(said(), 1..25), 1..4)) {
        let parts = parts(&calls);
        let mut merged = ProfilesBuilder::default();
        parts.iter().for_each(|part| merged.add_part(part).unwrap());
        let mut erased = merged.clone();
        erased.erase_keys(COMPANY, &[GroupKeyId::new(1)].into());
        erased.erase_users(&[UserId::new(1)].into());
        check(&Profiles::new(parts));
        check(&Profiles::new(vec![opened(merged)]));
        if let Some(bytes) = erased.finish(FileId([7; 16]), Compression::Zstd).unwrap() {
            let part = ProfilesPart::open(bytes, "part").unwrap();
            prop_assert_eq!(part.verify(), []);
            check(&Profiles::new(vec![Arc::new(part)]));
        }
    }
}

#[test]
fn keys_of_many_properties_are_read_from_their_calls() {
    let set = |number: u32| PropertyOps::set([(format!("p{number}"), Value::integer(i64::from(number)))].into());
    let calls: Vec<Said> = (0..300).map(|number| (number % 3, i64::from(number), set(number))).collect();
    let profiles = Profiles::new(parts(&[calls, vec![(1, 0, set(1)), (1, 999, set(4))]]));
    let now = profiles.properties_of_keys(COMPANY, &[2, 1, 7].map(GroupKeyId::new)).unwrap();
    assert_eq!(now.iter().map(BTreeMap::len).collect::<Vec<_>>(), [100, 100, 0]);
    assert_eq!(object_json(&now[0]).len(), object_json(&now[1]).len());
    assert_eq!(now[1]["p298"], Value::integer(298));
}

/// Follows these calls along the changes that those would have.
fn followed(calls: &[&str], changes_of: &[&str]) -> Result<(), DecodeError> {
    let call =
        |(row, ops): (usize, &&str)| Call { entity: row as u32, moment: at(0, row), user: None, ops: ops.to_string() };
    let of: Vec<Call> = changes_of.iter().enumerate().map(call).collect();
    let mut writer = ContainerWriter::new(FileKind::Profiles, FileId([1; 16]));
    let columns = write_changes(&mut writer, &of, Compression::None).unwrap().unwrap();
    let (container, columns) = Container::open(writer.finish(&columns).unwrap(), FileKind::Profiles, "part").unwrap();
    let changes = Changes::open(&container, columns, of.len())?;
    let mut check = ChangesCheck::new(&changes)?;
    calls.iter().enumerate().try_for_each(|(row, ops)| check.follow(row, ops))?;
    check.finish()
}

#[test]
fn changes_of_other_calls_are_found() {
    let calls = [r#"{"properties":{"a":1,"b":2}}"#, "", r#"{"properties":{"a":2}}"#, r#"{"properties":{"a":1}}"#];
    assert_eq!(followed(&calls, &calls), Ok(()));
    let others = [
        (0, r#"{"properties":{"a":1}}"#),
        (0, r#"{"properties":{"a":1,"b":2,"c":3}}"#),
        (0, r#"{"properties":{"a":1,"b":null}}"#),
        (0, r#"{"properties":{"a":1},"set_once":{"b":2}}"#),
        (1, r#"{"properties":{"a":1}}"#),
        (2, r#"{"properties":{"a":1}}"#),
        (2, ""),
        (3, r#"{"add":{"a":1}}"#),
        (3, ""),
    ];
    for (row, ops) in others {
        let mut changed = calls;
        changed[row] = ops;
        assert!(followed(&calls, &changed).is_err(), "{ops} in row {row}");
        assert!(followed(&changed, &calls).is_err(), "{ops} in row {row}");
    }
    assert!(Changes::check_absent("").is_ok() && Changes::check_absent(calls[0]).is_err());
}

#[test]
fn long_values_stay_in_their_calls() {
    let text = |length: usize| PropertyOps::set([("p".to_owned(), Value::string("x".repeat(length)))].into());
    // Kind and length take three bytes.
    let profiles = Profiles::new(parts(&[vec![(0, 0, text(253)), (1, 0, text(254))]]));
    let of_part = profiles.changes_of(Some(COMPANY), "p").unwrap().remove(0);
    let mut are_stored = Vec::new();
    of_part
        .visit::<DecodeError>(|change| {
            are_stored.push((change.entity, matches!(change.said, super::Said::Value(0))));
            Ok(())
        })
        .unwrap();
    assert_eq!(are_stored, [(0, true), (1, false)]);
}
