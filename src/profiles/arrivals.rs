//! Calls in order of arrival. Parts keep them by user and key, so that they are read in windows: each pass over the
//! parts takes the next calls that fit into memory.

use super::part::Calls;
use super::{Call, Profiles};
use crate::codec::DecodeError;
use crate::model::{Arrival, GroupTypeId};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// An identify() call, or a group() call with its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivedCall {
    /// The type; `None` for identify().
    pub group_type: Option<GroupTypeId>,
    /// The call.
    pub call: Call,
}

impl ArrivedCall {
    /// Its place in the order of acceptance.
    pub fn arrival(&self) -> Arrival {
        self.call.moment.arrival
    }
}

/// How many calls a window may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// At most so many calls.
    pub calls: usize,
    /// At most so many bytes of what they say, unless a single call has more.
    pub bytes: usize,
}

/// Some calls in order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallWindow {
    /// The calls.
    pub calls: Vec<ArrivedCall>,
    /// Where the next window begins; `None` when there are no calls after these.
    pub next: Option<Arrival>,
}

/// A call that is compared by its arrival alone.
struct Held(ArrivedCall);

impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.arrival().cmp(&other.0.arrival())
    }
}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Held {}

/// The calls with the least arrivals of those that were offered.
struct Selection {
    limits: CallLimits,
    held: BinaryHeap<Held>,
    bytes: usize,
    /// The least arrival that had to be left out.
    next: Option<Arrival>,
}

impl Selection {
    fn wants(&self, arrival: Arrival) -> bool {
        self.next.is_none_or(|next| arrival < next)
    }

    fn offer(&mut self, call: ArrivedCall) {
        self.bytes += call.call.ops.len();
        self.held.push(Held(call));
        while self.held.len() > self.limits.calls.max(1) || (self.bytes > self.limits.bytes && self.held.len() > 1) {
            if let Some(Held(last)) = self.held.pop() {
                self.bytes -= last.call.ops.len();
                self.next = Some(last.arrival());
            }
        }
    }

    /// Offers the calls of one kind in a part that arrived at `from` or later.
    fn offer_all(
        &mut self,
        group_type: Option<GroupTypeId>,
        calls: Option<Calls>,
        from: Arrival,
    ) -> Result<(), DecodeError> {
        let Some(calls) = calls else { return Ok(()) };
        let arrival = |row| Arrival::new(calls.arrivals.get(row) as u64);
        let rows = 0..calls.entities.len();
        // A look at the arrivals alone spares most passes the texts of most parts.
        if !rows.clone().any(|row| arrival(row) >= from && self.wants(arrival(row))) {
            return Ok(());
        }
        let next = std::cell::Cell::new(self.next);
        let wanted = |row| arrival(row) >= from && next.get().is_none_or(|next| arrival(row) < next);
        calls.visit_where(rows, wanted, |call| {
            self.offer(ArrivedCall { group_type, call });
            next.set(self.next);
        })
    }
}

impl Profiles {
    /// The calls that arrived at `from` or later, in order of arrival: as many of the first as fit the limits.
    /// Damage is handed to `on_damage`; when that answers `Ok`, what is damaged is left out.
    ///
    /// # Errors
    /// What `on_damage` answers.
    pub fn calls_from(
        &self,
        from: Arrival,
        limits: CallLimits,
        mut on_damage: impl FnMut(DecodeError) -> Result<(), DecodeError>,
    ) -> Result<CallWindow, DecodeError> {
        let mut selection = Selection { limits, held: BinaryHeap::new(), bytes: 0, next: None };
        for part in self.parts() {
            let users = part.user_calls().and_then(|calls| selection.offer_all(None, calls, from));
            users.or_else(&mut on_damage)?;
            for group_type in part.called_types() {
                let calls = part.group_calls(group_type);
                calls.and_then(|calls| selection.offer_all(Some(group_type), calls, from)).or_else(&mut on_damage)?;
            }
        }
        let calls: Vec<ArrivedCall> = selection.held.into_sorted_vec().into_iter().map(|Held(call)| call).collect();
        let mut next = selection.next;
        // Arrivals that repeat must neither be passed over in silence nor keep the next window from going on.
        if let Some(last) = calls.last().map(ArrivedCall::arrival)
            && next.is_some_and(|next| next <= last)
        {
            on_damage(DecodeError::new(format!("two calls have the arrival {}", last.raw()), 0))?;
            next = Some(last.plus(1));
        }
        Ok(CallWindow { calls, next })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ProfilesBuilder, ProfilesPart};
    use super::*;
    use crate::codec::FileId;
    use crate::codec::text::Compression;
    use crate::model::{GroupKeyId, Moment, Timestamp, UserId};
    use proptest::prelude::*;
    use std::sync::Arc;

    proptest! {
        #[test]
        fn windows_of_any_size_hold_all_calls_in_order_of_arrival(
            entities in prop::collection::vec((0u32..5, prop::option::of(0u32..3)), 1..80),
            per_part in 1usize..40,
            calls in 1usize..20,
            bytes in 0usize..200,
        ) {
            let mut parts = Vec::new();
            for (part, chunk) in entities.chunks(per_part).enumerate() {
                let mut builder = ProfilesBuilder::default();
                for (place, (entity, group_type)) in chunk.iter().enumerate() {
                    let arrival = (part * per_part + place) as u64 * 2;
                    let moment = Moment {
                        time: Timestamp::from_micros(i64::from(*entity)).unwrap(),
                        arrival: Arrival::new(arrival),
                    };
                    let ops = format!(r#"{{"add":{{"n":{arrival}}}}}"#);
                    match group_type {
                        None => builder.identify(UserId::new(*entity), moment, &ops),
                        Some(group_type) => {
                            builder.group(GroupTypeId::new(*group_type), GroupKeyId::new(*entity), None, moment, &ops);
                        }
                    }
                }
                let bytes = builder.finish(FileId([3; 16]), Compression::Zstd).unwrap().unwrap();
                let part = ProfilesPart::open(bytes, "part").unwrap();
                prop_assert_eq!(part.extent().unwrap().arrivals.len(), chunk.len());
                parts.push(Arc::new(part));
            }
            let profiles = Profiles::new(parts);
            let (mut found, mut from) = (Vec::new(), Some(Arrival::new(0)));
            while let Some(start) = from {
                let window = profiles.calls_from(start, CallLimits { calls, bytes }, Err).unwrap();
                prop_assert!(!window.calls.is_empty() && window.calls.len() <= calls);
                found.extend(window.calls);
                from = window.next;
            }
            let seen: Vec<_> = found
                .iter()
                .map(|found| (found.arrival().raw(), found.call.entity, found.group_type.map(GroupTypeId::raw)))
                .collect();
            let expected: Vec<_> = entities
                .iter()
                .enumerate()
                .map(|(place, (entity, group_type))| (place as u64 * 2, *entity, *group_type))
                .collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
