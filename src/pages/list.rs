//! What long lists have in common: how they are sorted, and their pages. A page is picked out of all rows without sorting
//! the others, so that the last one takes no longer than the first.

use super::error::{PageError, damaged};
use super::holders::{Holders, Wanted};
use crate::codec::DecodeError;
use crate::language::Condition;
use crate::model::{Number, TextList, Value};
use crate::store::Snapshot;
use roaring::RoaringBitmap;
use serde::Serialize;
use std::cell::Cell;
use std::cmp::Ordering;

/// Which rows of a list are wanted, and in which order.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery {
    /// Only those whose name contains this text, or that have a property that does, in any case.
    pub search: Option<String>,
    /// Only those that meet this: `property`, `all`, `any`, `not`, and, of users, `member_of` with keys.
    pub filter: Option<Condition>,
    /// Only these, by the names that they are shown under; names of nobody are passed over.
    pub among: Option<TextList>,
    /// The order.
    pub sort: Sort,
    /// Whether the order is the other way round. Rows without what they are sorted by come last all the same, and
    /// rows that are alike in it stay in the order of their names.
    pub is_reversed: bool,
    /// The most rows of a page.
    pub limit: usize,
    /// A cursor of another page of the same list.
    pub cursor: Option<String>,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            search: None,
            filter: None,
            among: None,
            sort: Sort::Recent,
            is_reversed: false,
            limit: 50,
            cursor: None,
        }
    }
}

/// What a list is sorted by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// What was seen or updated last comes first.
    #[default]
    Recent,
    /// By the UTF-8 bytes of the name.
    Name,
    /// By the property at this dotted path, in the order of values.
    Property(String),
}

impl Sort {
    /// Reads an order: `recent`, `name` or `property:NAME`, reversed when a `-` stands before it.
    ///
    /// # Errors
    /// [`PageError::Sort`] for anything else.
    pub fn parse(text: &str) -> Result<(Self, bool), PageError> {
        let (word, is_reversed) = text.strip_prefix('-').map_or((text, false), |word| (word, true));
        let sort = match word.split_once(':') {
            None if word == "recent" => Self::Recent,
            None if word == "name" => Self::Name,
            Some(("property", path)) if !path.is_empty() => Self::Property(path.to_owned()),
            _ => return Err(PageError::Sort { sort: text.to_owned() }),
        };
        Ok((sort, is_reversed))
    }

    /// The order as [`Self::parse`] reads it.
    pub fn write(&self, is_reversed: bool) -> String {
        let sign = if is_reversed { "-" } else { "" };
        match self {
            Self::Recent => format!("{sign}recent"),
            Self::Name => format!("{sign}name"),
            Self::Property(path) => format!("{sign}property:{path}"),
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListPage<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// Where the next page begins; null after the last.
    pub next_cursor: Option<String>,
    /// Where the page before ends; null on the first.
    pub previous_cursor: Option<String>,
    /// How many rows come before those of this page.
    pub first: u64,
    /// How many rows the list has.
    pub total: u64,
    /// How many it would have without search and filter.
    pub all: u64,
}

impl<R> ListPage<R> {
    /// The same page with other rows in the place of these.
    pub(super) fn try_map<T>(self, row: impl FnMut(R) -> Result<T, PageError>) -> Result<ListPage<T>, PageError> {
        let Self { rows, next_cursor, previous_cursor, first, total, all } = self;
        let rows = rows.into_iter().map(row).collect::<Result<_, _>>()?;
        Ok(ListPage { rows, next_cursor, previous_cursor, first, total, all })
    }
}

/// On which side of a row a page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    After,
    Before,
}

/// A place in a list: next to a row that is, or was, there.
#[derive(Clone, Debug, PartialEq)]
struct Cursor {
    side: Side,
    /// What the row is sorted by beside its name.
    place: Option<Value>,
    name: String,
}

impl Cursor {
    /// `!` for the side before; the place as JSON in which no `~` is; `~`; the name.
    fn write(&self) -> String {
        let side = if self.side == Side::Before { "!" } else { "" };
        let place = self.place.as_ref().map(|place| place.to_json().replace('~', "\\u007e")).unwrap_or_default();
        format!("{side}{place}~{}", self.name)
    }

    fn read(text: &str) -> Result<Self, PageError> {
        let refused = || PageError::Cursor { cursor: text.to_owned() };
        let (side, rest) = text.strip_prefix('!').map_or((Side::After, text), |rest| (Side::Before, rest));
        let (place, name) = rest.split_once('~').ok_or_else(refused)?;
        let place = match place {
            "" => None,
            json => Some(serde_json::from_str(json).map_err(|_| refused())?),
        };
        Ok(Self { side, place, name: name.to_owned() })
    }
}

/// A row on its way into a list: what it is sorted by, and its number in the list of names.
pub(super) type Row<P> = (Option<P>, u32);

/// What rows are sorted by, beside their names.
trait Place: Ord + Clone {
    /// As cursors keep it.
    fn to_value(&self) -> Value;
    /// What [`Self::to_value`] wrote, if it is that.
    fn from_value(value: Value) -> Option<Self>;
}

/// Microseconds since the epoch.
impl Place for i64 {
    fn to_value(&self) -> Value {
        Value::integer(*self)
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Number(Number::Integer(micros)) => Some(micros),
            _ => None,
        }
    }
}

impl Place for Value {
    fn to_value(&self) -> Value {
        self.clone()
    }

    fn from_value(value: Value) -> Option<Self> {
        Some(value)
    }
}

/// How rows are sorted.
#[derive(Clone, Copy, Debug)]
struct Direction {
    /// Whether the greatest place comes first.
    places_descend: bool,
    /// Whether the greatest name comes first among rows of one place.
    names_descend: bool,
}

/// One page of those of `all` that are wanted, by number. `recent` says when one was last seen or updated, in
/// microseconds.
pub(super) fn page(
    snapshot: &Snapshot,
    holders: Holders,
    all: &RoaringBitmap,
    query: &ListQuery,
    recent: impl Fn(u32) -> Option<i64>,
) -> Result<ListPage<u32>, PageError> {
    let wanted = Wanted::new(snapshot, holders, query.search.as_deref(), query.filter.as_ref())?;
    let path = match &query.sort {
        Sort::Property(path) => Some(path.as_str()),
        Sort::Recent | Sort::Name => None,
    };
    let rows = match &query.among {
        None => wanted.select(snapshot, holders, all, path)?,
        Some(names) => wanted.select(snapshot, holders, &(all & holders.named(snapshot, names)?), path)?,
    };
    let places = |descend| Direction { places_descend: descend, names_descend: false };
    let picked = match query.sort {
        Sort::Property(_) => pick(snapshot, holders, rows, places(query.is_reversed), query)?,
        Sort::Recent => {
            let rows = rows.into_iter().map(|(_, id)| (recent(id), id)).collect();
            pick(snapshot, holders, rows, places(!query.is_reversed), query)?
        }
        Sort::Name => {
            let direction = Direction { places_descend: false, names_descend: query.is_reversed };
            pick(snapshot, holders, rows, direction, query)?
        }
    };
    Ok(ListPage { all: all.len(), ..picked })
}

/// Picks one page out of all rows of a list.
fn pick<P: Place>(
    snapshot: &Snapshot,
    holders: Holders,
    rows: Vec<Row<P>>,
    direction: Direction,
    query: &ListQuery,
) -> Result<ListPage<u32>, PageError> {
    let names = snapshot.names().read();
    let names = names.list(holders.list());
    let damage: Cell<Option<DecodeError>> = Cell::new(None);
    let name = |id: u32| {
        names.name(id).unwrap_or_else(|error| {
            damage.set(Some(error));
            ""
        })
    };
    let order = Order { direction, name: &name };
    let cursor = match &query.cursor {
        None => None,
        Some(text) => {
            let cursor = Cursor::read(text)?;
            let refused = || PageError::Cursor { cursor: text.to_owned() };
            let place = cursor.place.map(|place| P::from_value(place).ok_or_else(refused)).transpose()?;
            Some((cursor.side, place, cursor.name))
        }
    };
    let picked = order.pick(rows, query.limit, cursor);
    match damage.take() {
        Some(error) => Err(damaged(snapshot)(error)),
        None => Ok(picked),
    }
}

struct Order<'n, N> {
    direction: Direction,
    name: &'n N,
}

impl<'n, N: Fn(u32) -> &'n str> Order<'n, N> {
    /// The order of two places, or of these names where the places are alike; rows without a place come last.
    fn compare<'s, P: Ord>(
        &self,
        a: Option<&P>,
        b: Option<&P>,
        names: impl FnOnce() -> (&'s str, &'s str),
    ) -> Ordering {
        let by_place = match (a, b) {
            (Some(a), Some(b)) if self.direction.places_descend => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        };
        by_place.then_with(|| {
            let (a, b) = names();
            if self.direction.names_descend { b.cmp(a) } else { a.cmp(b) }
        })
    }

    fn pick<P: Place>(
        &self,
        mut rows: Vec<Row<P>>,
        limit: usize,
        cursor: Option<(Side, Option<P>, String)>,
    ) -> ListPage<u32> {
        let compare =
            |a: &Row<P>, b: &Row<P>| self.compare(a.0.as_ref(), b.0.as_ref(), || ((self.name)(a.1), (self.name)(b.1)));
        let total = rows.len();
        let (mut first, mut are_last_wanted) = (0, false);
        if let Some((side, place, name)) = &cursor {
            let side_of = |row: &Row<P>| self.compare(row.0.as_ref(), place.as_ref(), || ((self.name)(row.1), name));
            let sides: Vec<Ordering> = rows.iter().map(side_of).collect();
            let wanted = if *side == Side::After { Ordering::Greater } else { Ordering::Less };
            let count = sides.iter().filter(|found| **found == wanted).count();
            // Where less than a page lies before the cursor, the first page is shown whole.
            if *side == Side::After || count > limit {
                let mut sides = sides.into_iter();
                rows.retain(|_| sides.next() == Some(wanted));
                are_last_wanted = *side == Side::Before;
                first = if are_last_wanted { count - limit } else { total - count };
            }
        }
        if (1..rows.len()).contains(&limit) {
            let place = if are_last_wanted { rows.len() - limit } else { limit };
            rows.select_nth_unstable_by(place, compare);
            if are_last_wanted {
                rows.drain(..place);
            }
        }
        rows.truncate(limit);
        rows.sort_unstable_by(compare);
        let cursor = |side, (place, id): &Row<P>| {
            Cursor { side, place: place.as_ref().map(P::to_value), name: (self.name)(*id).to_owned() }.write()
        };
        let next = rows.last().filter(|_| first + rows.len() < total);
        let previous = rows.first().filter(|_| first > 0);
        let next_cursor = next.map(|row| cursor(Side::After, row));
        let previous_cursor = previous.map(|row| cursor(Side::Before, row));
        let (first, total) = (first as u64, total as u64);
        let rows = rows.into_iter().map(|(_, id)| id).collect();
        ListPage { rows, next_cursor, previous_cursor, first, total, all: total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_and_orders_read_back() {
        let text = |text: &str| Some(Value::string(text));
        for (side, place, name) in [
            (Side::After, None, "~!a"),
            (Side::Before, Some(Value::integer(-5)), ""),
            (Side::After, text("!~\"é"), "x~y"),
        ] {
            let cursor = Cursor { side, place, name: name.to_owned() };
            assert_eq!(Cursor::read(&cursor.write()).unwrap(), cursor);
        }
        assert_eq!(Cursor::read("1767434400000000~acme").unwrap().place, Some(Value::integer(1_767_434_400_000_000)));
        assert!(Cursor::read("acme").is_err() && Cursor::read("{~acme").is_err());
        for word in ["recent", "-name", "property:a.b:c", "-property:-x"] {
            let (sort, is_reversed) = Sort::parse(word).unwrap();
            assert_eq!(sort.write(is_reversed), word);
        }
        for word in ["", "-", "key", "property:", "property"] {
            assert!(matches!(Sort::parse(word), Err(PageError::Sort { .. })), "{word}");
        }
    }
}
