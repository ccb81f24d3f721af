//! A filter with everything resolved that does not depend on the table: values of users and keys, cohorts, key names.

use super::charge::Charged;
use super::error::ExecutionError;
use super::holder_values::HolderValues;
use super::merged_filters::{Junction, merged};
use super::query::{Query, Units};
use super::units::keys_named;
use crate::codec::DecodeError;
use crate::language::{AsOf, Filter, Of, Property, PropertyFilter};
use crate::model::GroupTypeId;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The units of a saved cohort.
#[derive(Debug)]
pub struct CohortUnits {
    /// Whether it is one of users or of keys.
    pub units: Units,
    /// Who is in it.
    pub members: Charged<RoaringBitmap>,
}

/// The saved cohorts that a document names, evaluated.
pub type CohortSets = BTreeMap<String, Arc<CohortUnits>>;

/// See the module. Two of one query are equal when their documents are.
#[derive(Clone, Debug)]
pub struct RowFilter {
    source: Filter,
    pub(super) part: FilterPart,
}

impl PartialEq for RowFilter {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// One part of a filter.
#[derive(Clone, Debug)]
pub(super) enum FilterPart {
    /// Says the same of all rows.
    Constant(bool),
    /// A property of the event itself.
    Event(PropertyFilter),
    /// A property of the row's user or key.
    Holder {
        holders: Units,
        as_of: AsOf,
        passing: Arc<HolderValues<bool>>,
        /// Whether a row without a key passes.
        without: bool,
    },
    /// The row's user or key is one of these; a row without a key is not.
    Member {
        units: Units,
        members: Arc<CohortUnits>,
    },
    All(Vec<FilterPart>),
    Any(Vec<FilterPart>),
    Not(Box<FilterPart>),
}

/// Whose property is meant; `None` where the group type does not exist.
pub(super) fn holders(query: Query<'_>, property: &Property) -> Result<Option<Units>, DecodeError> {
    Ok(match &property.of {
        Of::Event => None,
        Of::User => Some(Units::Users),
        Of::Group(name) => query.snapshot.group_type(name)?.map(Units::Keys),
    })
}

impl RowFilter {
    /// Resolves a filter. A cohort that `cohorts` lacks has no members.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn new(query: Query<'_>, cohorts: &CohortSets, filter: &Filter) -> Result<Self, ExecutionError> {
        Ok(Self { source: filter.clone(), part: FilterPart::resolve(query, cohorts, filter)? })
    }

    /// The test of the event's property that is the whole filter.
    pub(super) fn of_event(&self) -> Option<&PropertyFilter> {
        match &self.part {
            FilterPart::Event(filter) => Some(filter),
            _ => None,
        }
    }

    /// Rows that pass both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            source: Filter::All(vec![self.source.clone(), other.source.clone()]),
            part: FilterPart::All(vec![self.part.clone(), other.part.clone()]),
        }
    }
}

impl FilterPart {
    fn resolve(query: Query<'_>, cohorts: &CohortSets, filter: &Filter) -> Result<Self, ExecutionError> {
        let each = |filters: &[Filter], junction| {
            let filters = merged(filters, junction).into_iter();
            filters.map(|filter| Self::resolve(query, cohorts, &filter)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match filter {
            Filter::All(filters) => Self::All(each(filters, Junction::All)?),
            Filter::Any(filters) => Self::Any(each(filters, Junction::Any)?),
            Filter::Not(inner) => Self::Not(Box::new(Self::resolve(query, cohorts, inner)?)),
            Filter::Property(filter) if filter.property.of == Of::Event => Self::Event(filter.clone()),
            Filter::Property(filter) => {
                let without = filter.test.passes(None);
                let Some(holders) = holders(query, &filter.property)? else { return Ok(Self::Constant(without)) };
                let path = &filter.property.path;
                let passing = HolderValues::fold(query, holders, path, |value| filter.test.passes(value))?;
                Self::Holder { holders, as_of: filter.property.as_of, passing: Arc::new(passing), without }
            }
            Filter::Cohort(name) => match cohorts.get(name) {
                Some(cohort) => Self::Member { units: cohort.units, members: Arc::clone(cohort) },
                None => Self::Constant(false),
            },
            Filter::GroupKey { group, keys } => match query.snapshot.group_type(group)? {
                Some(group_type) => Self::keys(query, group_type, keys)?,
                None => Self::Constant(false),
            },
        })
    }

    fn keys(query: Query<'_>, group_type: GroupTypeId, keys: &[String]) -> Result<Self, ExecutionError> {
        let members = Charged::new(query.guard, keys_named(query, group_type, keys)?)?;
        let units = Units::Keys(group_type);
        Ok(Self::Member { units, members: Arc::new(CohortUnits { units, members }) })
    }
}
