//! The workspaces that a server serves: each with its store and its keys, looked for again every second.

use super::keys::{KeyEntry, KeyError, KeyKind, Keys, SecretHash, create_key, revoke_key};
use crate::Store;
use crate::files::DiskStorage;
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::workspace::{self, WorkspaceError, WorkspaceName};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// A workspace that is served.
#[derive(Debug)]
pub(super) struct Workspace {
    pub name: WorkspaceName,
    pub store: Store,
    storage: DiskStorage,
    keys: RwLock<Result<Arc<Keys>, Arc<KeyError>>>,
}

/// All of them; see the module.
#[derive(Debug)]
pub struct Workspaces {
    data: PathBuf,
    served: RwLock<Arc<BTreeMap<WorkspaceName, Arc<Workspace>>>>,
    /// Names that could not be opened, with what was said of each, so that it is said once.
    failing: Mutex<BTreeMap<WorkspaceName, String>>,
}

impl Workspace {
    fn open(data: &std::path::Path, name: WorkspaceName) -> Result<Self, StoreError> {
        let directory = name.directory(data);
        let store = Store::open(&directory)?;
        let storage = DiskStorage::open(&directory)?;
        let keys = RwLock::new(Keys::read(&storage).map(Arc::new).map_err(Arc::new));
        Ok(Self { name, store, storage, keys })
    }

    /// Its keys as they were read last.
    ///
    /// # Errors
    /// When they cannot be read: then nobody is let in.
    pub fn keys(&self) -> Result<Arc<Keys>, Arc<KeyError>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a key, which is known at once.
    ///
    /// # Errors
    /// As [`create_key`].
    pub fn create_key(&self, kind: KeyKind, name: &str, now: Timestamp) -> Result<(KeyEntry, String), Arc<KeyError>> {
        let made = create_key(&self.storage, kind, name, now)?;
        self.read_keys();
        Ok(made)
    }

    /// Takes a key back at once.
    ///
    /// # Errors
    /// As [`revoke_key`].
    pub fn revoke_key(&self, id: &str) -> Result<KeyEntry, Arc<KeyError>> {
        let revoked = revoke_key(&self.storage, id)?;
        self.read_keys();
        Ok(revoked)
    }

    fn read_keys(&self) {
        let keys = Keys::read(&self.storage).map(Arc::new).map_err(Arc::new);
        let mut held = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if let (Err(error), true) = (&keys, held.is_ok()) {
            tracing::error!(workspace = %self.name, error = ?error.to_string(), "the keys cannot be read");
        }
        *held = keys;
    }
}

impl Workspaces {
    /// Opens all workspaces of a data directory; makes it, with `default`, where there is none.
    ///
    /// # Errors
    /// When one of them cannot be opened.
    pub fn open(data: impl Into<PathBuf>) -> Result<Self, WorkspaceError> {
        let data = data.into();
        let mut served = BTreeMap::new();
        for name in workspace::list(&data)? {
            served.insert(name.clone(), Arc::new(Workspace::open(&data, name)?));
        }
        Ok(Self { data, served: RwLock::new(Arc::new(served)), failing: Mutex::default() })
    }

    /// All, by name.
    pub(super) fn all(&self) -> Arc<BTreeMap<WorkspaceName, Arc<Workspace>>> {
        Arc::clone(&self.served.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads keys again, and opens workspaces that were made since. What cannot be opened is tried again the next time.
    pub(super) fn look(&self) {
        let served = self.all();
        served.values().for_each(|workspace| workspace.read_keys());
        let names = match workspace::list(&self.data) {
            Ok(names) => names,
            Err(error) => {
                tracing::warn!(error = ?error.to_string(), "workspaces cannot be listed");
                return;
            }
        };
        for name in names.into_iter().filter(|name| !served.contains_key(name)) {
            let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
            match Workspace::open(&self.data, name.clone()) {
                Ok(opened) => {
                    failing.remove(&name);
                    tracing::info!(workspace = %name, "serving a new workspace");
                    let mut held = self.served.write().unwrap_or_else(PoisonError::into_inner);
                    let mut more = BTreeMap::clone(&held);
                    more.insert(name, Arc::new(opened));
                    *held = Arc::new(more);
                }
                Err(error) => {
                    let said = error.to_string();
                    if failing.get(&name) != Some(&said) {
                        tracing::error!(workspace = %name, error = ?said, "a workspace cannot be opened");
                        failing.insert(name, said);
                    }
                }
            }
        }
    }

    /// The workspace of a key, and what the key allows there.
    pub(super) fn of_key(&self, secret: &str) -> Option<(Arc<Workspace>, KeyKind)> {
        let hash = SecretHash::of(secret);
        let mut found = None;
        // All are compared, so that the time tells nothing.
        for workspace in self.all().values() {
            let kind = workspace.keys().ok().and_then(|keys| keys.allowed_by(&hash));
            found = found.or(kind.map(|kind| (Arc::clone(workspace), kind)));
        }
        found
    }

    /// Whether there is any key, or one that cannot be read.
    pub(super) fn have_keys(&self) -> bool {
        self.all().values().any(|workspace| workspace.keys().is_ok_and(|keys| !keys.entries().is_empty()))
    }

    /// Closes all stores. The first error is told, once all are closed.
    pub(super) fn close(self: Arc<Self>) -> Result<(), StoreError> {
        self.all().values().map(|workspace| workspace.store.clone().close()).fold(Ok(()), Result::and)
    }
}
