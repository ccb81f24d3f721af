//! How each event is used: how much lately, by whom, with which groups, and what looks wrong about it. Read from what
//! segments keep per UTC day; no rows are read.

use super::error::{PageError, damaged};
use super::seen::shown;
use crate::codec::DecodeError;
use crate::index::{Day, UnitDays};
use crate::model::{EventId, GroupTypeId, PropertyId, StoredName, Timestamp, ValueKind};
use crate::segment::Table;
use crate::store::Snapshot;
use roaring::RoaringBitmap;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// An event came daily when it came on so many of the [`DAILY_OF`] days up to the last on which it came.
const DAILY_DAYS: usize = 10;
const DAILY_OF: i64 = 14;
/// After so many whole days without a daily event it is silent.
const SILENT_DAYS: i64 = 2;

/// How all events are used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventUses {
    /// The most frequent lately first, then the most frequent, then by name.
    pub events: Vec<EventUse>,
    /// Where "lately" begins: a midnight of UTC, RFC 3339. It ends with the day of the call.
    pub since: String,
    /// How many events came lately.
    pub count: u64,
}

/// How one event is used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventUse {
    /// The name.
    pub event: String,
    /// How many there are.
    pub count: u64,
    /// The timestamp of the earliest, RFC 3339.
    pub first_seen: String,
    /// The timestamp of the latest, RFC 3339.
    pub last_seen: String,
    /// How many came lately.
    pub lately: u64,
    /// How many on each of these days of UTC.
    pub per_day: Vec<u64>,
    /// How many users did it lately.
    pub users: u64,
    /// For each group type of which a key came with any event lately.
    pub groups: BTreeMap<String, GroupUse>,
    /// What looks wrong.
    pub warnings: Vec<Warning>,
}

/// How an event carries keys of a group type.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GroupUse {
    /// How many keys it came with lately.
    pub keys: u64,
    /// How many of the events lately carried one.
    pub events: u64,
}

/// What looks wrong about an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Warning {
    /// It came daily, and has not come for so many whole days.
    Silent {
        /// Days of UTC between the last on which it came and today.
        days: i64,
    },
    /// It did not come lately at all.
    Unused {
        /// Days of UTC between the last on which it came and today.
        days: i64,
    },
    /// Most events carry a key of this type, and none of these did lately.
    WithoutGroup {
        /// The group type.
        group: String,
    },
    /// Other events have names that differ in case, blanks and punctuation only.
    Alike {
        /// Their names.
        events: Vec<String>,
    },
    /// A property has values of several types.
    SeveralTypes {
        /// The property.
        property: String,
        /// The types.
        types: Vec<&'static str>,
    },
}

/// Days of UTC that are looked at.
#[derive(Clone, Copy)]
struct Lately {
    first: Day,
    days: usize,
}

impl Lately {
    fn place(self, day: Day) -> Option<usize> {
        usize::try_from(day.since(self.first)).ok().filter(|place| *place < self.days)
    }

    fn today(self) -> Day {
        self.first.plus(self.days as i64 - 1)
    }
}

/// What the tables of an event say.
#[derive(Default)]
struct Gathered {
    rows: u64,
    span: Option<(Timestamp, Timestamp)>,
    per_day: Vec<u64>,
    /// The last days on which it came.
    last_days: BTreeSet<Day>,
    users: RoaringBitmap,
    groups: BTreeMap<GroupTypeId, (u64, RoaringBitmap)>,
    types: BTreeMap<PropertyId, BTreeSet<ValueKind>>,
}

/// How every event is used in the `days` days of UTC before today, and today.
///
/// # Errors
/// When the store is damaged.
pub fn event_uses(snapshot: &Snapshot, now: Timestamp, days: u32) -> Result<EventUses, PageError> {
    read(snapshot, now, days).map_err(damaged(snapshot))
}

fn read(snapshot: &Snapshot, now: Timestamp, days: u32) -> Result<EventUses, DecodeError> {
    let lately = Lately { first: Day::of(now).plus(-i64::from(days)), days: days as usize + 1 };
    let mut gathered: BTreeMap<EventId, Gathered> = BTreeMap::new();
    for table in snapshot.segments().iter().flat_map(|segment| segment.tables()) {
        gathered.entry(table.event()).or_default().add(table, lately)?;
    }
    let mut names = BTreeMap::new();
    for id in gathered.keys() {
        names.insert(*id, snapshot.name(StoredName::Event, id.raw())?);
    }
    let count = gathered.values().map(Gathered::lately).sum();
    let mut types: BTreeMap<GroupTypeId, (String, u64)> = BTreeMap::new();
    for (group_type, (rows, _)) in gathered.values().flat_map(|event| &event.groups) {
        let name = snapshot.name(StoredName::GroupType, group_type.raw())?;
        types.entry(*group_type).or_insert((name, 0)).1 += rows;
    }
    let mut alike: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for name in names.values() {
        alike.entry(plain(name)).or_default().push(name);
    }
    let mut events = Vec::with_capacity(gathered.len());
    for (id, event) in &gathered {
        let name = &names[id];
        let mut warnings = event.warn_of_days(lately);
        if event.lately() > 0 {
            let missing = types.iter().filter(|(id, (_, rows))| rows * 2 > count && !event.groups.contains_key(id));
            warnings.extend(missing.map(|(_, (group, _))| Warning::WithoutGroup { group: group.clone() }));
        }
        let others: Vec<String> =
            alike[&plain(name)].iter().filter(|other| **other != name).map(|other| (*other).clone()).collect();
        if !others.is_empty() {
            warnings.push(Warning::Alike { events: others });
        }
        event.warn_of_types(snapshot, &mut warnings)?;
        events.push(event.finish(snapshot, name, &types, warnings));
    }
    events.sort_by(|a, b| (b.lately, b.count).cmp(&(a.lately, a.count)).then_with(|| a.event.cmp(&b.event)));
    Ok(EventUses { events, since: Timestamp::clamped(lately.first.start_micros()).to_string(), count })
}

/// A name without case, blanks and punctuation.
fn plain(name: &str) -> String {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if plain.is_empty() { name.to_owned() } else { plain }
}

/// The units of the days that are looked at; `count` is told the place of each day and its rows.
fn units_lately(
    days: &UnitDays,
    lately: Lately,
    mut count: impl FnMut(usize, u64),
) -> Result<RoaringBitmap, DecodeError> {
    let mut units = RoaringBitmap::new();
    for (day, rows, at) in days.days(Some(lately.first), Some(lately.today().plus(1))) {
        if let Some(place) = lately.place(day) {
            count(place, rows);
            units |= days.units(at)?;
        }
    }
    Ok(units)
}

impl Gathered {
    fn add(&mut self, table: Table<'_>, lately: Lately) -> Result<(), DecodeError> {
        let (first, last) = table.time_range();
        self.rows += table.rows() as u64;
        self.span = Some(self.span.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
        self.per_day.resize(lately.days, 0);
        let user_days = table.user_days()?;
        // Of the days before these only the last ones matter.
        self.last_days.extend(user_days.days(None, None).map(|(day, ..)| day).filter(|day| *day <= lately.today()));
        while self.last_days.len() > DAILY_OF as usize {
            self.last_days.pop_first();
        }
        self.users |= units_lately(&user_days, lately, |place, rows| self.per_day[place] += rows)?;
        for group_type in table.group_types() {
            if let Some(days) = table.key_days(group_type)? {
                let mut carried = 0;
                let keys = units_lately(&days, lately, |_, rows| carried += rows)?;
                if carried > 0 {
                    let group = self.groups.entry(group_type).or_default();
                    group.0 += carried;
                    group.1 |= keys;
                }
            }
        }
        if Day::of(last) >= lately.first {
            for name in table.property_names() {
                if let Some((least, greatest)) =
                    table.property_cells(name)?.map(|cells| cells.outer_kinds()).transpose()?.flatten()
                {
                    self.types.entry(name).or_default().extend([least, greatest]);
                }
            }
        }
        Ok(())
    }

    fn lately(&self) -> u64 {
        self.per_day.iter().sum()
    }

    fn warn_of_days(&self, lately: Lately) -> Vec<Warning> {
        let Some(last) = self.last_days.last() else { return Vec::new() };
        let missed = lately.today().since(*last) - 1;
        let around = self.last_days.range(last.plus(1 - DAILY_OF)..).count();
        if around >= DAILY_DAYS && missed >= SILENT_DAYS {
            vec![Warning::Silent { days: missed }]
        } else if self.lately() == 0 {
            vec![Warning::Unused { days: missed }]
        } else {
            Vec::new()
        }
    }

    fn warn_of_types(&self, snapshot: &Snapshot, warnings: &mut Vec<Warning>) -> Result<(), DecodeError> {
        let mut several = Vec::new();
        for (property, kinds) in self.types.iter().filter(|(_, kinds)| kinds.len() > 1) {
            let property = snapshot.name(StoredName::Property, property.raw())?;
            several.push((property, kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>()));
        }
        several.sort_unstable();
        warnings.extend(several.into_iter().map(|(property, types)| Warning::SeveralTypes { property, types }));
        Ok(())
    }

    fn finish(
        &self,
        snapshot: &Snapshot,
        name: &str,
        types: &BTreeMap<GroupTypeId, (String, u64)>,
        warnings: Vec<Warning>,
    ) -> EventUse {
        let (first, last) = self.span.unwrap_or((Timestamp::MIN, Timestamp::MIN));
        let group = |(id, (name, _)): (&GroupTypeId, &(String, u64))| {
            let found = self.groups.get(id).map(|(events, keys)| GroupUse { keys: keys.len(), events: *events });
            (name.clone(), found.unwrap_or_default())
        };
        EventUse {
            event: name.to_owned(),
            count: self.rows,
            first_seen: first.to_string(),
            last_seen: last.to_string(),
            lately: self.lately(),
            per_day: self.per_day.clone(),
            users: shown(snapshot, self.users.clone()).len(),
            groups: types.iter().map(group).collect(),
            warnings,
        }
    }
}
