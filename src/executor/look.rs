//! Which rows a part of a report asks for.

use super::error::ExecutionError;
use super::query::Query;
use super::row_filter::{CohortSets, RowFilter};
use crate::language::{Events, Matcher, ResolvedRange};
use crate::model::EventId;
use crate::segment::{Segment, Table};
use std::sync::Arc;

/// Events by name, as ids. Names that never occurred have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// Every event.
    Any,
    /// These, ascending.
    Ids(Vec<EventId>),
}

impl Named {
    /// Whether both have an event.
    pub(super) fn share(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ids(ids), Self::Ids(others)) => ids.iter().any(|id| others.binary_search(id).is_ok()),
            _ => true,
        }
    }
}

/// Rows of some events, in a range of time, that pass a filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Which events.
    pub events: Named,
    /// Which of them; `None` is all.
    pub filter: Option<Arc<RowFilter>>,
    /// From when to when.
    pub range: ResolvedRange,
}

impl Look {
    /// The events that a matcher asks for among those the report sees.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn new(
        query: Query<'_>,
        cohorts: &CohortSets,
        matcher: &Matcher,
        seen: Option<&Arc<RowFilter>>,
        range: ResolvedRange,
    ) -> Result<Self, ExecutionError> {
        let events = match &matcher.events {
            Events::Any => Named::Any,
            Events::Named(names) => {
                let mut ids = Vec::with_capacity(names.len());
                for name in names {
                    ids.extend(query.snapshot.event(name)?);
                }
                ids.sort_unstable();
                Named::Ids(ids)
            }
        };
        let own = matcher.filter.as_ref().map(|filter| RowFilter::new(query, cohorts, filter)).transpose()?;
        let filter = match (seen, own) {
            (None, own) => own.map(Arc::new),
            (Some(seen), None) => Some(Arc::clone(seen)),
            (Some(seen), Some(own)) => Some(Arc::new(seen.and(&own))),
        };
        Ok(Self { events, filter, range })
    }

    /// All events that the report sees.
    pub fn seen(seen: Option<&Arc<RowFilter>>, range: ResolvedRange) -> Self {
        Self { events: Named::Any, filter: seen.cloned(), range }
    }

    /// The same rows in another range.
    #[must_use]
    pub fn within(&self, range: ResolvedRange) -> Self {
        Self { range, ..self.clone() }
    }

    /// Whether the rows of an event are asked for.
    pub fn names(&self, event: EventId) -> bool {
        match &self.events {
            Named::Any => true,
            Named::Ids(ids) => ids.binary_search(&event).is_ok(),
        }
    }

    /// The tables of a segment that are asked for.
    pub fn tables<'s>(&self, segment: &'s Segment) -> Vec<Table<'s>> {
        match &self.events {
            Named::Any => segment.tables().collect(),
            Named::Ids(ids) => ids.iter().filter_map(|id| segment.table(*id)).collect(),
        }
    }
}
