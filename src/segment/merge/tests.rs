//! A merged segment has the bytes that are made of all its rows at once.

use super::super::{RowsTouched, Segment, SegmentRows, SegmentWriter};
use super::*;
use crate::codec::text::Compression;
use crate::model::{GroupKeyId, GroupTypeId, Moment, Number, PropertyId, Timestamp, UserId, Value};
use proptest::prelude::*;
use std::collections::BTreeSet;

const ID: FileId = FileId([7; 16]);

#[derive(Clone, Debug)]
struct Row {
    event: u32,
    user: u32,
    time: i64,
    groups: Vec<(GroupTypeId, GroupKeyId)>,
    properties: Vec<(PropertyId, Value)>,
    insert_id: Option<String>,
}

/// Rows of all inputs in order of arrival; how the draws become values is up to the way.
#[derive(Clone, Copy, Debug)]
struct Way {
    inputs: usize,
    users: u64,
    events: u64,
    /// How many different values the properties have.
    values: u64,
    /// Microseconds between neighbours, and how late they may be.
    pace: i64,
    late: u64,
}

/// What a property holds: whole columns of one kind, and all kinds mixed.
fn value(property: u32, number: u64, row: usize) -> Value {
    let integer = number as i64 - 50;
    let half = || Value::Number(Number::from_f64(integer as f64 / 2.0).unwrap());
    match property {
        0 => Value::string(format!("value {number}")),
        1 => Value::integer(integer),
        2 => half(),
        // Integers in some inputs, halves in others.
        3 if row.is_multiple_of(500) => half(),
        3 => Value::integer(integer),
        // Beyond what a double holds exactly, beside halves.
        4 if number.is_multiple_of(3) => half(),
        4 => Value::integer((1 << 53) + integer),
        _ => match number % 8 {
            0 => Value::Null,
            1 => Value::Bool(number.is_multiple_of(16)),
            2 => Value::List(vec![Value::integer(integer)]),
            3 => Value::Object([("a".to_owned(), half())].into()),
            4 => Value::Number(Number::from_u64(u64::MAX - number)),
            5 => half(),
            6 => Value::string(format!("{number}")),
            _ => Value::integer(integer),
        },
    }
}

fn row(way: Way, place: usize, draw: u64) -> Row {
    let mut left = draw;
    let mut below = |end: u64| {
        let drawn = left % end;
        left = (left / end) ^ draw.rotate_left(17).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        drawn
    };
    let event = below(way.events) as u32;
    let user = below(way.users) as u32;
    let time = place as i64 * way.pace - below(way.late + 1) as i64;
    let keyed = below(4);
    let groups = (0..2).filter(|group_type| keyed >> group_type & 1 == 1 && event != 1);
    let groups = groups.map(|id| (GroupTypeId::new(id * 3), GroupKeyId::new(below(5 + u64::from(id) * 40) as u32)));
    let groups = groups.collect();
    let has = below(64);
    let properties = (0..6u32).filter(|property| has >> property & 1 == 1);
    let properties = properties.map(|id| (PropertyId::new(id * 2), value(id, below(way.values), place))).collect();
    let insert_id = (below(3) == 0).then(|| format!("id {}", below(500)));
    Row { event, user, time, groups, properties, insert_id }
}

/// A segment of these rows, the first of which arrived at `first`.
fn segment(rows: &[Row], first: u64, keep: impl Fn(&Row) -> bool) -> Option<Bytes> {
    let writer = writer(rows, first, keep, SegmentRows::default())?;
    Some(writer.finish().unwrap())
}

/// What writes it, with this room for rows.
fn writer(rows: &[Row], first: u64, keep: impl Fn(&Row) -> bool, mut room: SegmentRows) -> Option<SegmentWriter> {
    for (place, row) in rows.iter().enumerate().filter(|(_, row)| keep(row)) {
        let moment =
            Moment { time: Timestamp::from_micros(row.time).unwrap(), arrival: Arrival::new(first + place as u64) };
        let (event, user) = (EventId::new(row.event), UserId::new(row.user));
        room.push(event, user, moment, row.groups.clone(), row.properties.clone(), row.insert_id.as_deref()).unwrap();
    }
    (!room.is_empty()).then(|| SegmentWriter::new(ID, Arrival::new(first), Compression::Zstd, room))
}

fn ways() -> impl Strategy<Value = (Way, Vec<u64>)> {
    let way = (2usize..=6, 1u64..60, 1u64..4, prop_oneof![Just(9u64), Just(300), Just(4000)], 1i64..20_000_000_000);
    let rows = prop_oneof![1usize..40, 1000usize..6000];
    (way, 0u64..100_000_000_000, rows).prop_flat_map(|((inputs, users, events, values, pace), late, rows)| {
        let way = Way { inputs, users, events, values, pace, late };
        (Just(way), prop::collection::vec(any::<u64>(), rows))
    })
}

/// The rows, and the same rows as several segments, the first without one of the events.
fn inputs(way: Way, draws: &[u64]) -> (Vec<Row>, Vec<Arc<Segment>>) {
    let mut rows: Vec<Row> = draws.iter().enumerate().map(|(place, draw)| row(way, place, *draw)).collect();
    let size = rows.len().div_ceil(way.inputs);
    rows.iter_mut().take(size).for_each(|row| row.event = row.event.max(1));
    let segments = rows.chunks(size).enumerate().filter_map(|(input, rows)| {
        let bytes = segment(rows, 10 + (input * size) as u64, |_| true)?;
        Some(Arc::new(Segment::open(bytes, "input").unwrap()))
    });
    let segments = segments.collect();
    (rows, segments)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rows_in_the_room_of_others_give_the_same_segment((way, draws) in ways()) {
        let (rows, _) = inputs(way, &draws);
        let (before, after) = rows.split_at(rows.len() / 2);
        let mut room = SegmentRows::default();
        if let Some(writer) = writer(before, 10, |_| true, SegmentRows::default()) {
            let mut bytes = Vec::new();
            let length;
            (length, room) = writer.write_into(&mut bytes).unwrap();
            prop_assert_eq!(length, bytes.len() as u64);
            prop_assert_eq!(Some(bytes), segment(before, 10, |_| true).map(Vec::from));
        }
        prop_assert!(room.is_empty());
        let found = writer(after, 20, |_| true, room).map(|writer| writer.finish().unwrap());
        prop_assert_eq!(found, segment(after, 20, |_| true));
    }

    #[test]
    fn merged_segments_are_those_of_all_rows_at_once((way, draws) in ways()) {
        let (rows, segments) = inputs(way, &draws);
        let mut merged = Vec::new();
        let length = merge_segments_into(&segments, ID, Arrival::new(10), &mut merged).unwrap();
        let expected = segment(&rows, 10, |_| true).unwrap();
        prop_assert_eq!(length, merged.len() as u64);
        prop_assert!(merged == expected, "{} rows, {} and {} bytes", rows.len(), merged.len(), expected.len());
        prop_assert_eq!(Segment::open(expected, "merged").unwrap().verify(), []);
    }

    #[test]
    fn what_an_erasure_leaves_is_the_segment_of_the_rows_left((way, draws) in ways(), what in 0u32..3, most: bool) {
        let (rows, _) = inputs(way, &draws);
        let whole = Arc::new(Segment::open(segment(&rows, 10, |_| true).unwrap(), "whole").unwrap());
        let goes = |id: u32| if most { id % 50 != 1 } else { id % 5 == 1 };
        let (erasure, left) = match what {
            0 => {
                let users = (0..60).filter(|user| goes(*user)).map(UserId::new).collect();
                (Erasure::Users(users), segment(&rows, 10, |row| !goes(row.user)))
            }
            1 => {
                let keys: BTreeSet<GroupKeyId> = (0..50).filter(|key| goes(*key)).map(GroupKeyId::new).collect();
                let mut rows = rows.clone();
                for row in &mut rows {
                    row.groups.retain(|(group_type, key)| group_type.raw() != 3 || !keys.contains(key));
                }
                (Erasure::Keys(GroupTypeId::new(3), keys), segment(&rows, 10, |_| true))
            }
            _ => {
                let share = if most { 99 } else { 10 };
                let end = rows.len() as i64 * way.pace / 100 * share;
                let erasure = Erasure::EventsBefore(Timestamp::from_micros(end).unwrap());
                (erasure, segment(&rows, 10, |row| row.time >= end))
            }
        };
        let touched = whole.rows_touched(&erasure).unwrap();
        prop_assert_eq!(touched.erased == whole.rows(), left.is_none(), "{:?}", erasure);
        if let Some(left) = left {
            let mut erased = Vec::new();
            let length = erase_segment_into(&whole, &erasure, ID, &mut erased).unwrap();
            prop_assert_eq!(length, erased.len() as u64);
            prop_assert!(erased == left, "{erasure:?}");
            if touched == RowsTouched::default() {
                prop_assert_eq!(&erased[..], &segment(&rows, 10, |_| true).unwrap()[..]);
            }
        }
    }
}

/// A property whose form the merge must change: each input has few values, both together many; and the other way, what
/// is left of many is few.
#[test]
fn forms_change_with_how_many_values_there_are() {
    let way = Way { inputs: 2, users: 3, events: 1, values: 9, pace: 1, late: 0 };
    let of = |numbers: std::ops::Range<u64>, property: u32| -> Vec<Row> {
        let rows = numbers.enumerate().map(|(place, number)| Row {
            properties: vec![(PropertyId::new(0), value(property, number, place + 1))],
            ..row(way, place, 0)
        });
        rows.collect()
    };
    for property in [1, 2, 4, 5] {
        for (first, second) in [(0..200, 100..300), (0..300, 0..10), (0..300, 300..600), (0..300, 100..350)] {
            let rows = [of(first.clone(), property), of(second.clone(), property)].concat();
            let size = (first.end - first.start) as usize;
            let open = |rows: &[Row], first: u64| {
                Arc::new(Segment::open(segment(rows, first, |_| true).unwrap(), "input").unwrap())
            };
            let merged =
                merge_segments(&[open(&rows[..size], 0), open(&rows[size..], size as u64)], ID, Arrival::new(0));
            assert!(merged.unwrap() == segment(&rows, 0, |_| true).unwrap(), "{property}: {first:?} and {second:?}");
        }
    }
}

#[test]
fn more_inputs_than_a_byte_can_count_are_merged() {
    let way = Way { inputs: 300, users: 40, events: 2, values: 9, pace: 1000, late: 100_000 };
    let draws: Vec<u64> = (0..900u64).map(|place| place.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    let (rows, segments) = inputs(way, &draws);
    assert_eq!(segments.len(), 300);
    let merged = merge_segments(&segments, ID, Arrival::new(10)).unwrap();
    assert!(merged == segment(&rows, 10, |_| true).unwrap());
}

#[test]
fn an_output_that_fails_is_told_of() {
    let way = Way { inputs: 2, users: 5, events: 3, values: 9, pace: 1000, late: 0 };
    let (_, segments) = inputs(way, &(0..200).collect::<Vec<u64>>());
    let mut room = [0; 2000];
    let failed = merge_segments_into(&segments, ID, Arrival::new(10), &mut &mut room[..]);
    assert!(matches!(failed, Err(WriteError::Output(error)) if error.kind() == io::ErrorKind::WriteZero));
}
