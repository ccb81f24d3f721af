//! What is no event, in order of arrival: calls, aliases and cohorts.

use super::DamageList;
use crate::codec::DecodeError;
use crate::model::{
    AliasCall, Arrival, CohortCall, GroupCall, GroupKey, GroupType, IdentifyCall, Line, NameError, PropertyOps,
    StoredName, UserId, UserName,
};
use crate::profiles::{ArrivedCall, CallLimits, SavedCohort, StoredAlias};
use crate::store::{Snapshot, StoreError};
use std::iter::Peekable;
use std::vec::IntoIter;

/// How many calls are in memory at once.
const LIMITS: CallLimits = CallLimits { calls: 1 << 19, bytes: 128 << 20 };

/// See the module.
pub(super) struct OtherLines<'s> {
    snapshot: &'s Snapshot,
    aliases: Peekable<IntoIter<StoredAlias>>,
    cohorts: Peekable<IntoIter<SavedCohort>>,
    calls: Peekable<IntoIter<ArrivedCall>>,
    /// Where the calls that are not in memory yet begin.
    next_calls: Option<Arrival>,
}

/// A name of the dictionary as the model's.
pub(super) fn named<T>(
    snapshot: &Snapshot,
    list: StoredName,
    id: u32,
    make: impl Fn(String) -> Result<T, NameError>,
) -> Result<T, DecodeError> {
    make(snapshot.name(list, id)?)
        .map_err(|error| DecodeError::new(format!("name {id} of its list cannot be one: {error}"), 0))
}

impl<'s> OtherLines<'s> {
    pub fn new(snapshot: &'s Snapshot, damage: &mut DamageList) -> Result<Self, StoreError> {
        let (mut aliases, mut cohorts) = (Vec::new(), Vec::new());
        for part in snapshot.profiles().parts() {
            match part.aliases() {
                Ok(found) => aliases.extend(found),
                Err(error) => damage.meet(error)?,
            }
            match part.cohorts() {
                Ok(found) => cohorts.extend(found),
                Err(error) => damage.meet(error)?,
            }
        }
        Ok(Self {
            snapshot,
            aliases: aliases.into_iter().peekable(),
            cohorts: cohorts.into_iter().peekable(),
            calls: Vec::new().into_iter().peekable(),
            next_calls: Some(Arrival::new(0)),
        })
    }

    /// The next line that arrived before `end`.
    pub fn next_before(
        &mut self,
        end: Arrival,
        damage: &mut DamageList,
    ) -> Result<Option<Result<Line, DecodeError>>, StoreError> {
        while self.calls.peek().is_none()
            && let Some(from) = self.next_calls.filter(|from| *from < end)
        {
            self.load_calls(from, damage)?;
        }
        let call = self.calls.peek().map(ArrivedCall::arrival);
        let alias = self.aliases.peek().map(|alias| alias.arrival);
        let cohort = self.cohorts.peek().map(|cohort| cohort.arrival);
        let Some(next) = [call, alias, cohort].into_iter().flatten().min().filter(|next| *next < end) else {
            return Ok(None);
        };
        let line = if call == Some(next) {
            self.calls.next().map(|call| self.call(call))
        } else if alias == Some(next) {
            self.aliases.next().map(|alias| self.alias(&alias))
        } else {
            self.cohorts.next().map(|SavedCohort { name, report, .. }| Ok(Line::Cohort(CohortCall { name, report })))
        };
        Ok(line)
    }

    fn load_calls(&mut self, from: Arrival, damage: &mut DamageList) -> Result<(), StoreError> {
        let mut stopped = None;
        let window = self.snapshot.profiles().calls_from(from, LIMITS, |error| {
            damage.meet(error.clone()).map_err(|stop| {
                stopped = Some(stop);
                error
            })
        });
        match window {
            Ok(window) => {
                self.calls = window.calls.into_iter().peekable();
                self.next_calls = window.next;
                Ok(())
            }
            Err(error) => Err(stopped.unwrap_or_else(|| StoreError::damaged(self.snapshot.location(), error))),
        }
    }

    fn user(&self, id: UserId) -> Result<UserName, DecodeError> {
        named(self.snapshot, StoredName::User, id.raw(), UserName::new)
    }

    fn call(&self, ArrivedCall { group_type, call }: ArrivedCall) -> Result<Line, DecodeError> {
        let Some(ops) = PropertyOps::from_json(&call.ops) else {
            let problem =
                format!("the operations of the call with the arrival {} cannot be read", call.moment.arrival.raw());
            return Err(DecodeError::new(problem, 0));
        };
        let time = Some(call.moment.time);
        let Some(group_type) = group_type else {
            return Ok(Line::Identify(IdentifyCall { user: self.user(UserId::new(call.entity))?, time, ops }));
        };
        let list = StoredName::GroupKey(group_type.raw());
        Ok(Line::Group(GroupCall {
            user: call.user.map(|user| self.user(user)).transpose()?,
            group_type: named(self.snapshot, StoredName::GroupType, group_type.raw(), GroupType::new)?,
            key: named(self.snapshot, list, call.entity, GroupKey::new)?,
            time,
            ops,
        }))
    }

    fn alias(&self, alias: &StoredAlias) -> Result<Line, DecodeError> {
        Ok(Line::Alias(AliasCall { user: self.user(alias.user)?, alias: self.user(alias.alias)?, time: alias.time }))
    }
}
