//! The saved reports and dashboards of a store: kept beside it, changed by whoever holds it, one after the other.

use super::environment::Environment;
use super::error::StoreError;
use super::handle::Store;
use crate::model::Timestamp;
use crate::saved::{Saved, SavedError, read_saved, write_saved};
use std::sync::{Arc, PoisonError};

/// Hexadecimal digits of the id of something saved.
const ID_DIGITS: usize = 12;

impl Store {
    /// The saved reports and dashboards.
    ///
    /// # Errors
    /// When they cannot be read or are damaged.
    pub fn saved(&self) -> Result<Arc<Saved>, StoreError> {
        let mut held = self.saved_slot().lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(saved) = &*held {
            return Ok(Arc::clone(saved));
        }
        let storage = Arc::clone(&self.writer().engine.storage);
        let saved = Arc::new(read_saved(&*storage)?);
        *held = Some(Arc::clone(&saved));
        Ok(saved)
    }

    /// Changes the saved reports and dashboards. `change` is given an id that nothing has yet, and the time. What it
    /// did is durable when this returns; when it answers an error, nothing is changed.
    ///
    /// # Errors
    /// What `change` answers, and when the file cannot be read or written. After a sync that failed the store takes
    /// nothing more.
    pub fn change_saved<T>(
        &self,
        change: impl FnOnce(&mut Saved, &str, Timestamp) -> Result<T, SavedError>,
    ) -> Result<T, StoreError> {
        self.saved()?;
        // Held until the file is written, so that changes follow one another.
        let mut held = self.saved_slot().lock().unwrap_or_else(PoisonError::into_inner);
        let (storage, environment) = {
            let writer = self.writer();
            writer.engine.check_usable()?;
            (Arc::clone(&writer.engine.storage), Arc::clone(&writer.engine.environment))
        };
        let mut saved = held.as_deref().cloned().unwrap_or_default();
        let id = loop {
            let id = new_id(&*environment);
            if !saved.has(&id) {
                break id;
            }
        };
        let changed = change(&mut saved, &id, environment.now())?;
        let written = write_saved(&*storage, &saved).map_err(StoreError::from);
        // What the disk holds after an error is not known here, and is looked up when it is next asked for.
        *held = written.is_ok().then(|| Arc::new(saved));
        self.writer().engine.poison_if_saving_failed(&written);
        written.map(|()| changed)
    }
}

fn new_id(environment: &dyn Environment) -> String {
    let identity = blake3::hash(&environment.file_id().0);
    identity.to_hex()[..ID_DIGITS].to_owned()
}
