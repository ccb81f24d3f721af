//! The part of the state that readers may see: what is durable.

use super::cohorts::Cohorts;
use super::manifest::Settings;
use super::state::{HotBatch, State};
use crate::codec::DecodeError;
use crate::log::{Batch, Record};
use crate::model::{Arrival, StoredName};
use crate::profiles::Aliases;
use std::collections::BTreeMap;
use std::sync::Arc;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Published {
    /// Batches of the last log that are durable; those of earlier logs all are.
    pub batches: usize,
    pub aliases: Arc<Aliases>,
    pub settings: Arc<Settings>,
    pub cohorts: Arc<Cohorts>,
    /// Names of each list; readers leave out later ones.
    pub name_counts: BTreeMap<StoredName, u32>,
    pub next_arrival: Arrival,
}

impl Published {
    /// Everything in the state.
    pub fn whole(state: &State) -> Self {
        Self {
            batches: state.logs.last().map_or(0, |log| log.batches.len()),
            aliases: Arc::clone(&state.aliases),
            settings: Arc::clone(&state.settings),
            cohorts: Arc::clone(&state.cohorts),
            name_counts: state.name_counts().into_iter().collect(),
            next_arrival: state.next_arrival,
        }
    }

    /// The last log is a new one.
    pub fn restart(&mut self, state: &State) {
        *self = Self::whole(state);
    }

    /// The last log is durable up to `synced`; `whole` when that is all of it.
    pub fn advance(&mut self, state: &State, synced: u64, whole: bool) -> Result<(), DecodeError> {
        if whole {
            *self = Self::whole(state);
            return Ok(());
        }
        let Some(log) = state.logs.last() else { return Ok(()) };
        while let Some(hot) = log.batches.get(self.batches).filter(|batch| batch.end <= synced) {
            self.add(state, hot)?;
            self.batches += 1;
        }
        Ok(())
    }

    /// Takes one batch in, whose effects the state holds together with those of later ones.
    fn add(&mut self, state: &State, hot: &HotBatch) -> Result<(), DecodeError> {
        let batch = Batch::open(&hot.payload)?;
        for new in &batch.definitions {
            *self.name_counts.entry(new.list).or_default() += 1;
        }
        for offset in &hot.concerning {
            if let Record::Alias(alias) = Batch::record_at(&hot.payload, *offset)? {
                Arc::make_mut(&mut self.aliases).join(alias.user, alias.alias);
            } else {
                // Settings and definitions are small and change seldom: the newest serve.
                self.settings = Arc::clone(&state.settings);
                self.cohorts = Arc::clone(&state.cohorts);
            }
        }
        self.next_arrival = batch.first_arrival.plus(hot.arrivals);
        Ok(())
    }
}
