//! What a step of maintenance leaves behind once its manifest is published: files that are listed no more, and the batches
//! of logs that were sealed.
//!
//! Giving back their room takes long where there is much of it, and writing need not wait for that: whoever ends a step
//! removes them when the writer's lock is given back.

use super::state::HotLog;
use crate::files::Storage;
use std::sync::Arc;

/// See the module.
#[must_use = "files that no manifest lists take up room until they are removed"]
pub(super) struct Outdated {
    storage: Arc<dyn Storage>,
    files: Vec<String>,
    logs: Vec<HotLog>,
}

impl Outdated {
    /// Files that no manifest lists any more.
    pub fn files(storage: &Arc<dyn Storage>, names: impl IntoIterator<Item = String>) -> Self {
        Self { storage: Arc::clone(storage), files: names.into_iter().collect(), logs: Vec::new() }
    }

    /// These logs too, which nothing is read from any more.
    pub fn and_logs(self, logs: impl IntoIterator<Item = HotLog>) -> Self {
        Self { logs: logs.into_iter().collect(), ..self }
    }

    /// Removes all of it. Answers which files stay: they are removed when the store is opened next.
    pub fn remove(self) -> Vec<String> {
        let Self { storage, files, logs } = self;
        drop(logs);
        files.into_iter().filter(|name| storage.remove(name).is_err()).collect()
    }
}
