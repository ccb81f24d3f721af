//! Everything that a snapshot holds, as the lines that were accepted.

use crate::codec::DecodeError;
use crate::index::Day;
use crate::model::{
    AliasCall, CohortCall, Event, EventName, GroupCall, GroupKey, GroupKeyId, GroupType, GroupTypeId, IdentifyCall,
    InsertId, Line, Moment, NameError, PropertyOps, StoredName, Timestamp, UserId, UserName,
};
use crate::profiles::{Aliases, Call};
use crate::segment::{Segment, Table};
use crate::store::Snapshot;
use std::collections::{BTreeMap, BTreeSet};

/// A name that breaks the rules for names.
fn bad_name(error: NameError) -> DecodeError {
    DecodeError::new(format!("a stored name is none: {error}"), 0)
}

/// Damage that no checksum tells of: one part of the store contradicts another.
fn contradiction(what: &str) -> DecodeError {
    DecodeError::new(format!("{what} contradict each other"), 0)
}

/// Everything accepted, in order of arrival.
///
/// # Errors
/// When something cannot be read, or arrivals are doubled, or missing and not known to be erased.
pub fn stored_lines(snapshot: &Snapshot) -> Result<Vec<Line>, DecodeError> {
    let mut found = Vec::new();
    for segment in snapshot.segments() {
        for table in segment.tables() {
            read_events(snapshot, table, &mut found)?;
        }
    }
    let mut calls = Vec::new();
    snapshot.profiles().visit_calls(|group_type, call| calls.push((group_type, call)))?;
    for (group_type, call) in calls {
        found.push((call.moment.arrival.raw(), call_line(snapshot, group_type, &call)?));
    }
    for alias in snapshot.profiles().aliases()? {
        let (user, other) = (user_name(snapshot, alias.user)?, user_name(snapshot, alias.alias)?);
        found.push((alias.arrival.raw(), Line::Alias(AliasCall { user, alias: other, time: alias.time })));
    }
    for cohort in snapshot.profiles().cohorts()? {
        let call = CohortCall { name: cohort.name, report: cohort.report };
        found.push((cohort.arrival.raw(), Line::Cohort(call)));
    }
    found.sort_unstable_by_key(|(arrival, _)| *arrival);
    let in_order = found.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let next = snapshot.next_arrival().raw();
    let is_known = found.last().is_none_or(|(last, _)| *last < next);
    if !in_order || !is_known || found.len() as u64 + snapshot.erased_arrivals() != next {
        return Err(DecodeError::new("arrivals are missing or doubled", 0));
    }
    Ok(found.into_iter().map(|(_, line)| line).collect())
}

fn user_name(snapshot: &Snapshot, id: UserId) -> Result<UserName, DecodeError> {
    UserName::new(snapshot.name(StoredName::User, id.raw())?).map_err(bad_name)
}

fn group_type_name(snapshot: &Snapshot, id: GroupTypeId) -> Result<GroupType, DecodeError> {
    GroupType::new(snapshot.name(StoredName::GroupType, id.raw())?).map_err(bad_name)
}

fn key_name(snapshot: &Snapshot, group_type: GroupTypeId, key: u32) -> Result<GroupKey, DecodeError> {
    GroupKey::new(snapshot.name(StoredName::GroupKey(group_type.raw()), key)?).map_err(bad_name)
}

fn call_line(snapshot: &Snapshot, group_type: Option<GroupTypeId>, call: &Call) -> Result<Line, DecodeError> {
    let time = Some(call.moment.time);
    let ops =
        PropertyOps::from_json(&call.ops).ok_or_else(|| DecodeError::new("a call's operations cannot be read", 0))?;
    Ok(match group_type {
        None => Line::Identify(IdentifyCall { user: user_name(snapshot, UserId::new(call.entity))?, time, ops }),
        Some(group_type) => Line::Group(GroupCall {
            user: call.user.map(|user| user_name(snapshot, user)).transpose()?,
            group_type: group_type_name(snapshot, group_type)?,
            key: key_name(snapshot, group_type, call.entity)?,
            time,
            ops,
        }),
    })
}

/// The rows of a table with their arrivals.
fn read_events(snapshot: &Snapshot, table: Table<'_>, found: &mut Vec<(u64, Line)>) -> Result<(), DecodeError> {
    let name = snapshot.name(StoredName::Event, table.event().raw())?;
    let name = EventName::new(name).map_err(bad_name)?;
    let rows = Rows::read(table)?;
    let insert_ids = rows.insert_ids(table)?;
    let mut columns = Vec::new();
    for property in table.property_names() {
        let column = table.property(property)?;
        columns.extend(column.map(|column| (property, column)));
    }
    let base = table.arrival_base().raw();
    for row in 0..table.rows() {
        let mut groups = BTreeMap::new();
        for (group_type, keys) in &rows.keys {
            if let Some(key) = keys[row].checked_sub(1) {
                groups.insert(group_type_name(snapshot, *group_type)?, key_name(snapshot, *group_type, key)?);
            }
        }
        let mut properties = BTreeMap::new();
        for (property, column) in &columns {
            if let Some(value) = column.get(row) {
                properties.insert(snapshot.name(StoredName::Property, property.raw())?, value);
            }
        }
        let insert_id = insert_ids[row].clone().map(InsertId::new).transpose().map_err(bad_name)?;
        let user = user_name(snapshot, UserId::new(rows.users[row]))?;
        let time = Some(rows.times[row]);
        let event = Event { user, name: name.clone(), time, properties, groups, insert_id };
        found.push((base.wrapping_add(rows.arrivals[row] as u64), Line::Track(event)));
    }
    Ok(())
}

/// The columns of a table that every row has.
struct Rows {
    users: Vec<u32>,
    times: Vec<Timestamp>,
    arrivals: Vec<i64>,
    /// Key plus 1, 0 for none.
    keys: Vec<(GroupTypeId, Vec<u32>)>,
}

impl Rows {
    fn read(table: Table<'_>) -> Result<Self, DecodeError> {
        let mut users = vec![0; table.rows()];
        table.users()?.decode(0..table.rows(), &mut users);
        let mut keys = Vec::new();
        for group_type in table.group_types() {
            if let Some(column) = table.group(group_type)? {
                let mut of_rows = vec![0; table.rows()];
                column.decode(0..table.rows(), &mut of_rows);
                keys.push((group_type, of_rows));
            }
        }
        let times = table.times()?.to_vec().into_iter().map(Timestamp::clamped).collect();
        Ok(Self { users, times, arrivals: table.arrivals()?.to_vec(), keys })
    }

    fn insert_ids(&self, table: Table<'_>) -> Result<Vec<Option<String>>, DecodeError> {
        let Some((places, texts)) = table.insert_ids()? else { return Ok(vec![None; self.users.len()]) };
        let texts = texts.strings()?;
        let text = |place: i64| place.checked_sub(1).and_then(|place| texts.get(usize::try_from(place).ok()?)).cloned();
        Ok(places.to_vec().into_iter().map(text).collect())
    }
}

/// Checks that indexes, changes of properties, associations, aliases and names say what the rows and calls say.
///
/// # Errors
/// When something cannot be read or contradicts what it was made from.
pub fn check_derived(snapshot: &Snapshot) -> Result<(), DecodeError> {
    for segment in snapshot.segments() {
        check_indexes(segment)?;
    }
    // Changes are made of calls, and judged with them.
    snapshot.profiles().parts().iter().try_for_each(|part| part.extent().map(|_| ()))?;
    check_names(snapshot)?;
    let mut aliases = Aliases::default();
    for alias in snapshot.profiles().aliases()? {
        aliases.join(alias.user, alias.alias);
    }
    if (0..snapshot.user_count()).map(UserId::new).any(|id| aliases.shown(id) != snapshot.aliases().shown(id)) {
        return Err(contradiction("alias() calls and joined ids"));
    }
    let cohorts = snapshot.profiles().cohorts()?;
    let names: BTreeSet<&str> = cohorts.iter().map(|cohort| cohort.name.as_str()).collect();
    if !names.into_iter().eq(snapshot.cohorts().names()) {
        return Err(contradiction("cohort lines and saved cohorts"));
    }
    check_associations(snapshot)
}

/// Every name is found under its id, an erased one under none, and no other list has it by chance.
fn check_names(snapshot: &Snapshot) -> Result<(), DecodeError> {
    let types = snapshot.name_count(StoredName::GroupType);
    let lists = [StoredName::User, StoredName::Event, StoredName::Property, StoredName::GroupType];
    for list in lists.into_iter().chain((0..types).map(StoredName::GroupKey)) {
        let erased = snapshot.names().read().list(list).erased()?;
        for id in 0..snapshot.name_count(list) {
            let name = snapshot.name(list, id)?;
            let found = snapshot.find(list, &name)?;
            let is_as_expected =
                if erased.contains(id) { name.is_empty() && found != Some(id) } else { found == Some(id) };
            if !is_as_expected {
                return Err(contradiction("names and their ids"));
            }
        }
        if snapshot.find(list, "a name that nobody gave")?.is_some() {
            return Err(contradiction("names and their ids"));
        }
    }
    Ok(())
}

fn check_associations(snapshot: &Snapshot) -> Result<(), DecodeError> {
    let users = snapshot.user_count();
    for group_type in snapshot.group_types() {
        let mut expected: Vec<Option<(Moment, GroupKeyId)>> = vec![None; users as usize];
        let mut belongs = |user: UserId, moment: Moment, key: GroupKeyId| {
            let latest = expected.get_mut(snapshot.aliases().shown(user).index());
            if let Some(latest) = latest.filter(|latest| latest.is_none_or(|(before, _)| before < moment)) {
                *latest = Some((moment, key));
            }
        };
        for table in snapshot.segments().iter().flat_map(|segment| segment.tables()) {
            let rows = Rows::read(table)?;
            let Some((_, keys)) = rows.keys.iter().find(|(id, _)| *id == group_type) else { continue };
            for (row, key) in keys.iter().enumerate().filter(|(_, key)| **key > 0) {
                let arrival = table.arrival_base().plus(rows.arrivals[row] as u64);
                belongs(
                    UserId::new(rows.users[row]),
                    Moment { time: rows.times[row], arrival },
                    GroupKeyId::new(key - 1),
                );
            }
        }
        snapshot.profiles().visit_calls(|of, call| {
            if let (Some(user), true) = (call.user, of == Some(group_type)) {
                belongs(user, call.moment, GroupKeyId::new(call.entity));
            }
        })?;
        if snapshot.profiles().associations(group_type, users, snapshot.aliases())? != expected {
            return Err(contradiction("associations and what they were made from"));
        }
    }
    Ok(())
}

/// Checks that the bitmaps and the index of insert ids say what the rows say.
///
/// # Errors
/// As [`check_derived`].
pub fn check_indexes(segment: &Segment) -> Result<(), DecodeError> {
    let mut key_rows: BTreeMap<(GroupTypeId, u32), BTreeSet<u32>> = BTreeMap::new();
    let mut users_of_any = BTreeMap::new();
    let mut keys_of_any: BTreeMap<GroupTypeId, _> = BTreeMap::new();
    for table in segment.tables() {
        let rows = Rows::read(table)?;
        let days: Vec<Day> = rows.times.iter().map(|time| Day::of(*time)).collect();
        let mut expected = BTreeMap::new();
        for (user, day) in rows.users.iter().zip(&days) {
            count_unit(&mut expected, *day, *user);
            count_unit(&mut users_of_any, *day, *user);
        }
        check_days(&table.user_days()?, &expected)?;
        for (group_type, keys) in &rows.keys {
            let mut expected = BTreeMap::new();
            for (row, key) in keys.iter().enumerate().filter(|(_, key)| **key > 0) {
                count_unit(&mut expected, days[row], key - 1);
                count_unit(keys_of_any.entry(*group_type).or_default(), days[row], key - 1);
                key_rows.entry((*group_type, key - 1)).or_default().insert(table.first_row() + row as u32);
            }
            let found = table.key_days(*group_type)?;
            check_days(&found.ok_or_else(|| contradiction("rows and unit bitmaps"))?, &expected)?;
        }
        let insert_ids = rows.insert_ids(table)?;
        for (row, insert_id) in insert_ids.iter().enumerate() {
            let Some(insert_id) = insert_id else { continue };
            let time = rows.times[row];
            let places = segment.find_insert_id(insert_id, time.micros(), time.micros())?;
            let this = |place: &crate::segment::RowPlace| place.row == row && place.event == table.event();
            if !places.iter().any(|place| this(place) && place.user.raw() == rows.users[row]) {
                return Err(contradiction("rows and the index of insert ids"));
            }
        }
        check_blocks(table)?;
    }
    check_days(&segment.user_days()?, &users_of_any)?;
    for (group_type, expected) in &keys_of_any {
        let found = segment.key_days(*group_type)?;
        check_days(&found.ok_or_else(|| contradiction("rows and unit bitmaps"))?, expected)?;
    }
    check_key_rows(segment, &key_rows)
}

fn check_key_rows(
    segment: &Segment,
    expected: &BTreeMap<(GroupTypeId, u32), BTreeSet<u32>>,
) -> Result<(), DecodeError> {
    let types: BTreeSet<GroupTypeId> =
        segment.tables().flat_map(|table| table.group_types().collect::<Vec<_>>()).collect();
    for group_type in types {
        let index = segment.key_rows(group_type)?;
        let mut keys = 0;
        for (key, count) in index.iter().flat_map(|index| index.keys()) {
            keys += 1;
            let rows = index.as_ref().map(|index| index.rows(key)).transpose()?.unwrap_or_default();
            let same =
                expected.get(&(group_type, key.raw())).is_some_and(|expected| rows.iter().eq(expected.iter().copied()));
            if !same || count != rows.len() {
                return Err(contradiction("rows and row bitmaps"));
            }
        }
        if keys != expected.keys().filter(|(of, _)| *of == group_type).count() {
            return Err(contradiction("rows and row bitmaps"));
        }
    }
    Ok(())
}

/// Rows and units by day.
type Days = BTreeMap<Day, (u64, BTreeSet<u32>)>;

fn count_unit(days: &mut Days, day: Day, unit: u32) {
    let (rows, units) = days.entry(day).or_default();
    *rows += 1;
    units.insert(unit);
}

fn check_days(found: &crate::index::UnitDays, expected: &Days) -> Result<(), DecodeError> {
    let mut days = Days::new();
    for (day, rows, place) in found.days(None, None) {
        days.insert(day, (rows, found.units(place)?.into_iter().collect()));
    }
    if days == *expected { Ok(()) } else { Err(contradiction("rows and unit bitmaps")) }
}

/// Blocks of properties decode to the values that rows have one by one.
fn check_blocks(table: Table<'_>) -> Result<(), DecodeError> {
    use crate::codec::packed::BLOCK_VALUES;
    use crate::segment::{BlockBuffer, ColumnBlock, PropertyValues};
    let mut buffer = BlockBuffer::default();
    for name in table.property_names() {
        let Some(column) = table.property(name)? else { continue };
        for block in 0..table.rows().div_ceil(BLOCK_VALUES) {
            let first = block * BLOCK_VALUES;
            let same = match column.decode_block(block, &mut buffer) {
                ColumnBlock::Codes(codes) => codes.iter().enumerate().all(|(place, code)| {
                    let PropertyValues::Dictionary { values, .. } = column.values() else { return false };
                    let place_of_value = code.checked_sub(1).and_then(|code| usize::try_from(code).ok());
                    column.get(first + place).as_ref() == place_of_value.and_then(|place| values.get(place))
                }),
                ColumnBlock::Numbers(numbers) => numbers
                    .iter()
                    .enumerate()
                    .all(|(place, number)| column.get(first + place).and_then(|value| value.as_number()) == *number),
            };
            if !same {
                return Err(contradiction("blocks and values of a property"));
            }
        }
    }
    Ok(())
}
