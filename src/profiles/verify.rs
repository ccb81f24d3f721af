//! Whether a part is what it should be, and what it refers to.

use super::changes::{Changes, ChangesCheck};
use super::part::ProfilesPart;
use crate::codec::DecodeError;
use crate::model::{Arrival, GroupTypeId, PropertyOps, StoredName, UserId};
use std::collections::BTreeMap;

/// What a part refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartExtent {
    /// The greatest id of each list of names.
    pub ids: BTreeMap<StoredName, u32>,
    /// The arrivals of what arrived as such: calls, aliases and cohorts.
    pub arrivals: Vec<Arrival>,
    /// The greatest arrival that an association repeats.
    pub last_association: Option<Arrival>,
}

impl PartExtent {
    fn add(&mut self, list: StoredName, id: u32) {
        let greatest = self.ids.entry(list).or_insert(id);
        *greatest = (*greatest).max(id);
    }

    fn add_user(&mut self, user: UserId) {
        self.add(StoredName::User, user.raw());
    }
}

impl ProfilesPart {
    /// Checks every byte, that everything can be read, and that rows are in order.
    pub fn verify(&self) -> Vec<DecodeError> {
        let mut damage = self.container.verify();
        if damage.is_empty()
            && let Err(error) = self.extent()
        {
            damage.push(error.in_file(self.file()));
        }
        damage
    }

    /// What it refers to.
    ///
    /// # Errors
    /// When something cannot be read or is out of order.
    pub fn extent(&self) -> Result<PartExtent, DecodeError> {
        let mut extent = PartExtent::default();
        self.add_calls(None, StoredName::User, &mut extent)?;
        for group_type in self.called_types() {
            extent.add(StoredName::GroupType, group_type.raw());
            self.add_calls(Some(group_type), StoredName::GroupKey(group_type.raw()), &mut extent)?;
        }
        for group_type in self.associated_types() {
            extent.add(StoredName::GroupType, group_type.raw());
            self.add_associations(group_type, &mut extent)?;
        }
        for alias in self.aliases()? {
            extent.add_user(alias.user);
            extent.add_user(alias.alias);
            extent.arrivals.push(alias.arrival);
        }
        extent.arrivals.extend(self.cohorts()?.iter().map(|cohort| cohort.arrival));
        Ok(extent)
    }

    fn add_calls(
        &self,
        group_type: Option<GroupTypeId>,
        entities: StoredName,
        extent: &mut PartExtent,
    ) -> Result<(), DecodeError> {
        let calls = match group_type {
            None => self.user_calls()?,
            Some(group_type) => self.group_calls(group_type)?,
        };
        let Some(calls) = calls else { return Ok(()) };
        let changes = self.changes(group_type)?;
        let mut check = changes.as_ref().map(ChangesCheck::new).transpose().map_err(|error| self.located(error))?;
        let (mut before, mut row, mut outcome) = (None, 0, Ok(()));
        calls.visit(0..calls.entities.len(), |call| {
            let now = (call.entity, call.moment);
            if outcome.is_ok() {
                outcome = if before.is_some_and(|before| before >= now) {
                    Err(DecodeError::new("the calls of a part are out of order", 0))
                } else if PropertyOps::from_json(&call.ops).is_none() {
                    Err(DecodeError::new("the operations of a call cannot be read", 0))
                } else {
                    check
                        .as_mut()
                        .map_or_else(|| Changes::check_absent(&call.ops), |check| check.follow(row, &call.ops))
                };
            }
            (before, row) = (Some(now), row + 1);
            extent.add(entities, call.entity);
            extent.arrivals.push(call.moment.arrival);
            if let Some(user) = call.user {
                extent.add_user(user);
            }
        })?;
        outcome.and_then(|()| check.map_or(Ok(()), ChangesCheck::finish)).map_err(|error| self.located(error))
    }

    fn add_associations(&self, group_type: GroupTypeId, extent: &mut PartExtent) -> Result<(), DecodeError> {
        let mut before = None;
        let mut in_order = true;
        self.associations(group_type, |association| {
            in_order &= before.is_none_or(|before| before < association.user);
            before = Some(association.user);
            extent.add_user(association.user);
            extent.add(StoredName::GroupKey(group_type.raw()), association.key.raw());
            extent.last_association = extent.last_association.max(Some(association.moment.arrival));
        })?;
        if in_order {
            return Ok(());
        }
        Err(DecodeError::new("the associations of a part are out of order", 0).in_file(self.file()))
    }
}
