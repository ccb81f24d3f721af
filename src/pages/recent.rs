//! The latest events of some users.

use super::error::{PageError, damaged};
use crate::codec::{DecodeError, Packed};
use crate::index::{Day, UnitDays};
use crate::model::{Moment, Properties, StoredName, Timestamp, UserId};
use crate::segment::{Arrivals, Table, UserRuns};
use crate::store::Snapshot;
use roaring::RoaringBitmap;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::Range;

/// How many events a profile shows.
pub(super) const RECENT_MAX: usize = 50;

/// One event as profiles show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecentEvent {
    /// The event's name.
    pub event: String,
    /// Its user's shown id.
    pub distinct_id: String,
    /// When, RFC 3339.
    pub timestamp: String,
    /// The groups it carries.
    pub groups: BTreeMap<String, String>,
    /// Its properties.
    pub properties: Properties,
    /// The sender's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insert_id: Option<String>,
}

/// Where an event lies: the table's place in the list of tables, and its row.
pub(super) type Found = (Moment, usize, usize);

/// The latest events of users, under all their ids as sent, newest first.
pub(super) fn recent(snapshot: &Snapshot, ids: &RoaringBitmap) -> Result<Vec<RecentEvent>, PageError> {
    newest(snapshot, ids).map_err(damaged(snapshot))
}

/// Of so many users the events are found day by day, from the last on; of fewer, in each one's rows.
const BY_DAY: u64 = 64;

fn newest(snapshot: &Snapshot, ids: &RoaringBitmap) -> Result<Vec<RecentEvent>, DecodeError> {
    let tables = newest_first(snapshot);
    let find = if ids.len() >= BY_DAY { find_by_day } else { find_by_user };
    show(snapshot, &tables, &find(snapshot, &tables, ids)?)
}

/// All tables, so that the others need not be opened once enough newer events are found.
fn newest_first(snapshot: &Snapshot) -> Vec<Table<'_>> {
    let mut tables: Vec<Table<'_>> = snapshot.segments().iter().flat_map(|segment| segment.tables()).collect();
    tables.sort_by_key(|table| Reverse(table.time_range().1));
    tables
}

/// The newest found so far: the oldest of them is on top.
type Kept = BinaryHeap<Reverse<Found>>;

/// Newest first.
fn in_order(kept: Kept) -> Vec<Found> {
    let mut found: Vec<Found> = kept.into_iter().map(|Reverse(found)| found).collect();
    found.sort_unstable_by_key(|(moment, ..)| Reverse(*moment));
    found
}

/// The newest events of users, in each one's rows.
fn find_by_user(_: &Snapshot, tables: &[Table<'_>], ids: &RoaringBitmap) -> Result<Vec<Found>, DecodeError> {
    let mut kept = Kept::with_capacity(RECENT_MAX + 1);
    for (place, table) in tables.iter().enumerate() {
        let oldest = kept.peek().filter(|_| kept.len() == RECENT_MAX).map(|Reverse((moment, ..))| *moment);
        if oldest.is_some_and(|oldest| table.time_range().1 < oldest.time) {
            break;
        }
        let rows = TableRows::open(*table, place)?;
        for run in ids.iter().filter_map(|id| rows.users.run_of(UserId::new(id))) {
            rows.keep_newest(rows.users.rows(run), i64::MIN, i64::MAX, &mut kept);
        }
    }
    Ok(in_order(kept))
}

/// These events, in their order.
pub(super) fn show(
    snapshot: &Snapshot,
    tables: &[Table<'_>],
    found: &[Found],
) -> Result<Vec<RecentEvent>, DecodeError> {
    let mut events: Vec<Option<RecentEvent>> = vec![None; found.len()];
    for (place, table) in tables.iter().enumerate() {
        let rows: Vec<(usize, usize)> = found
            .iter()
            .enumerate()
            .filter(|(_, (_, at, _))| *at == place)
            .map(|(slot, (_, _, row))| (slot, *row))
            .collect();
        if !rows.is_empty() {
            read_rows(snapshot, *table, &rows, &mut events)?;
        }
    }
    Ok(events.into_iter().flatten().collect())
}

/// The rows of a table, from which some are kept.
struct TableRows<'a> {
    table: Table<'a>,
    place: usize,
    users: UserRuns,
    times: Packed,
    arrivals: Arrivals,
}

impl<'a> TableRows<'a> {
    fn open(table: Table<'a>, place: usize) -> Result<Self, DecodeError> {
        Ok(Self { table, place, users: table.users()?, times: table.times()?, arrivals: table.arrivals()? })
    }

    /// Keeps the newest of a user's rows among those before an instant, and not before another, both in microseconds.
    fn keep_newest(&self, rows: Range<usize>, from: i64, to: i64, kept: &mut Kept) {
        // A user's rows ascend, so the newest are at the end.
        for row in rows.rev() {
            let time = self.times.get(row);
            if time >= to {
                continue;
            }
            let is_full = kept.len() == RECENT_MAX;
            let oldest = kept.peek().filter(|_| is_full).map(|Reverse((moment, ..))| *moment);
            if time < from || oldest.is_some_and(|oldest| time < oldest.time.micros()) {
                break;
            }
            let arrival = self.table.arrival_base().plus(self.arrivals.get(row) as u64);
            let moment = Moment { time: Timestamp::clamped(time), arrival };
            if oldest.is_some_and(|oldest| moment < oldest) {
                break;
            }
            kept.push(Reverse((moment, self.place, row)));
            if is_full {
                kept.pop();
            }
        }
    }
}

/// The newest events of users: those of the last day on which one of them did something, and so on back, until there
/// are enough.
fn find_by_day(snapshot: &Snapshot, tables: &[Table<'_>], ids: &RoaringBitmap) -> Result<Vec<Found>, DecodeError> {
    let mut kept = Kept::with_capacity(RECENT_MAX + 1);
    let any_event = snapshot.segments().iter().map(|segment| segment.user_days()).collect::<Result<Vec<_>, _>>()?;
    let days: BTreeSet<Day> = any_event.iter().flat_map(|index| index.days(None, None).map(|(day, ..)| day)).collect();
    let users_on = |index: &UnitDays, day: Day| -> Result<RoaringBitmap, DecodeError> {
        match index.days(Some(day), Some(day.plus(1))).next() {
            Some((_, _, place)) => Ok(index.units(place)? & ids),
            None => Ok(RoaringBitmap::new()),
        }
    };
    let mut opened: Vec<Option<TableRows<'_>>> = tables.iter().map(|_| None).collect();
    for day in days.into_iter().rev() {
        if kept.len() == RECENT_MAX {
            break;
        }
        let active = any_event.iter().map(|index| Ok(!users_on(index, day)?.is_empty()));
        if !active.collect::<Result<Vec<bool>, DecodeError>>()?.contains(&true) {
            continue;
        }
        let (from, to) = (day.start_micros(), day.plus(1).start_micros());
        for (place, table) in tables.iter().enumerate() {
            let (first, last) = table.time_range();
            if last.micros() < from || first.micros() >= to {
                continue;
            }
            let users = users_on(&table.user_days()?, day)?;
            if users.is_empty() {
                continue;
            }
            let rows = match &mut opened[place] {
                Some(rows) => rows,
                unopened => unopened.insert(TableRows::open(*table, place)?),
            };
            rows.users.visit_rows_of(&users, |rows_of_user| rows.keep_newest(rows_of_user, from, to, &mut kept));
        }
    }
    Ok(in_order(kept))
}

/// Reads the rows of one table into their slots. Each column is opened once.
fn read_rows(
    snapshot: &Snapshot,
    table: Table<'_>,
    rows: &[(usize, usize)],
    events: &mut [Option<RecentEvent>],
) -> Result<(), DecodeError> {
    let name = snapshot.name(StoredName::Event, table.event().raw())?;
    let (users, times) = (table.users()?, table.times()?);
    for (slot, row) in rows {
        let mut user = [0];
        users.decode(*row..row + 1, &mut user);
        let shown = snapshot.aliases().shown(UserId::new(user[0]));
        events[*slot] = Some(RecentEvent {
            event: name.clone(),
            distinct_id: snapshot.name(StoredName::User, shown.raw())?,
            timestamp: Timestamp::clamped(times.get(*row)).to_string(),
            groups: BTreeMap::new(),
            properties: Properties::new(),
            insert_id: None,
        });
    }
    let mut each = |set: &mut dyn FnMut(usize, &mut RecentEvent) -> Result<(), DecodeError>| {
        rows.iter().try_for_each(|(slot, row)| events[*slot].as_mut().map_or(Ok(()), |event| set(*row, event)))
    };
    for group_type in table.group_types() {
        let Some(column) = table.group(group_type)? else { continue };
        let type_name = snapshot.name(StoredName::GroupType, group_type.raw())?;
        each(&mut |row, event| {
            if let Some(key) = column.get(row).checked_sub(1) {
                let key = snapshot.name(StoredName::GroupKey(group_type.raw()), key)?;
                event.groups.insert(type_name.clone(), key);
            }
            Ok(())
        })?;
    }
    let numbers: Vec<u32> = rows.iter().map(|(_, row)| *row as u32).collect();
    for property in table.property_names() {
        let Some(cells) = table.property_cells(property)? else { continue };
        let values = cells.read(&numbers)?;
        let property = snapshot.name(StoredName::Property, property.raw())?;
        let mut places = 0..;
        each(&mut |_, event| {
            let value = places.next().and_then(|place| values.get(place));
            event.properties.extend(value.map(|value| (property.clone(), value.clone())));
            Ok(())
        })?;
    }
    if let Some((places, texts)) = table.insert_ids()? {
        each(&mut |row, event| {
            if let Ok(place) = usize::try_from(places.get(row) - 1) {
                event.insert_id = String::from_utf8(texts.get(place)?).ok();
            }
            Ok(())
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::sim::SimDisk;
    use crate::model::Event;
    use crate::store::{Environment, FixedEnvironment, Options, Store};
    use std::sync::Arc;

    #[test]
    fn both_ways_find_the_same_events() {
        let environment: Arc<dyn Environment> = Arc::new(FixedEnvironment::new(Timestamp::clamped(0)));
        let store = Store::open_storage(Arc::new(SimDisk::new()), environment, Options::default()).unwrap();
        // Several segments, late events, equal times, and days on which few did anything.
        for part in 0..4i64 {
            let event = |number: i64| {
                let day = (number * number + part) % 9;
                let time = day * 86_400_000_000 + number % 3 * 1_000_000;
                let name = ["viewed", "pressed", "paid"][(number % 3) as usize];
                Event::new(format!("u{}", number * 7 % 90), name).unwrap().at(Timestamp::clamped(time)).into()
            };
            store.write((0..60).map(event)).unwrap();
            // Few enough segments not to be merged; the rest stays in the log.
            if part < 2 {
                store.seal().unwrap();
            }
        }
        let snapshot = store.snapshot().unwrap();
        let tables = newest_first(&snapshot);
        assert!(tables.len() > 4);
        for (step, least) in [(1, RECENT_MAX), (3, RECENT_MAX), (20, 5), (1000, 1)] {
            let ids: RoaringBitmap = (0..snapshot.user_count()).step_by(step).collect();
            let by_day = find_by_day(&snapshot, &tables, &ids).unwrap();
            assert_eq!(by_day, find_by_user(&snapshot, &tables, &ids).unwrap());
            assert!(by_day.len() >= least, "{step}: {}", by_day.len());
        }
        assert_eq!(find_by_day(&snapshot, &tables, &RoaringBitmap::new()).unwrap(), []);
    }
}
