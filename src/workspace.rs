//! The workspaces of one data directory. Each is a store of its own: `default` is the data directory itself, and any
//! other stands below it in `workspaces/NAME`. Described in `format-spec/workspaces.md`.
//!
//! Invariant: a workspace appears under its name with its settings, as a whole, or not at all.

use crate::Store;
use crate::files::{FileError, publish_directory, remove_directory, subdirectories};
use crate::store::StoreError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use thiserror::Error;

/// The name of the workspace that every data directory has.
pub const DEFAULT: &str = "default";
/// The directory of the others.
const WORKSPACES: &str = "workspaces";
/// Most bytes of a name.
pub const NAME_BYTES_MAX: usize = 64;

/// A name of a workspace: 1 to 64 of `a`–`z`, `0`–`9`, `-` and `_`, the first a letter or a digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkspaceName(String);

impl WorkspaceName {
    /// `default`.
    pub fn default_name() -> Self {
        Self(DEFAULT.to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is `default`.
    pub fn is_default(&self) -> bool {
        self.0 == DEFAULT
    }

    /// The directory of its store.
    pub fn directory(&self, data: &Path) -> PathBuf {
        if self.is_default() { data.to_owned() } else { data.join(WORKSPACES).join(&self.0) }
    }
}

impl fmt::Display for WorkspaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WorkspaceName {
    type Err = WorkspaceError;

    fn from_str(text: &str) -> Result<Self, WorkspaceError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let fits = bytes.len() <= NAME_BYTES_MAX
            && bytes.first().is_some_and(|first| is_plain(*first))
            && bytes.iter().all(|byte| is_plain(*byte) || b"-_".contains(byte));
        if fits { Ok(Self(text.to_owned())) } else { Err(WorkspaceError::Name { name: text.to_owned() }) }
    }
}

/// Why a workspace cannot be made or found.
#[derive(Debug, Error)]
pub enum WorkspaceError {
    /// Not a name that a workspace can have.
    #[error(
        "`{}` is no name for a workspace; use 1 to {NAME_BYTES_MAX} of a-z, 0-9, - and _, the first a letter or a digit",
        name.escape_debug()
    )]
    Name {
        /// The name.
        name: String,
    },
    /// There is one of this name.
    #[error("there is a workspace `{name}` already; choose another name")]
    Exists {
        /// The name.
        name: WorkspaceName,
    },
    /// The system refused something.
    #[error(transparent)]
    File(#[from] FileError),
    /// The store cannot be made.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The workspaces of a data directory: `default`, whether or not it was made yet, and then the others by name.
///
/// # Errors
/// When the directory cannot be listed.
pub fn list(data: &Path) -> Result<Vec<WorkspaceName>, WorkspaceError> {
    let mut names = vec![WorkspaceName::default_name()];
    let others = subdirectories(&data.join(WORKSPACES))?;
    names.extend(others.iter().filter_map(|name| name.parse().ok()).filter(|name: &WorkspaceName| !name.is_default()));
    Ok(names)
}

/// Makes a workspace. `prepare` may set what it begins with, before anybody can see it.
///
/// # Errors
/// When there is one of this name, or the system refuses something.
pub fn create(
    data: &Path,
    name: &WorkspaceName,
    prepare: impl FnOnce(&Store) -> Result<(), StoreError>,
) -> Result<(), WorkspaceError> {
    let directory = name.directory(data);
    if name.is_default() || list(data)?.contains(name) {
        return Err(WorkspaceError::Exists { name: name.clone() });
    }
    // No name begins with a dot, so nobody takes this for a workspace.
    let temporary = data.join(WORKSPACES).join(format!(".{name}.{}", std::process::id()));
    remove_directory(&temporary)?;
    let made = Store::open(&temporary).and_then(|store| {
        prepare(&store)?;
        store.close()
    });
    let published = made.map_err(WorkspaceError::from).and_then(|()| Ok(publish_directory(&temporary, &directory)?));
    if published.is_err() {
        // The first error is the one worth telling.
        let _ = remove_directory(&temporary);
    }
    published
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> WorkspaceName {
        text.parse().unwrap()
    }

    #[test]
    fn names_fit_in_a_path_and_in_an_address() {
        let longest = "a".repeat(NAME_BYTES_MAX);
        for good in ["default", "acme-eu_2", "0", &longest] {
            assert_eq!(name(good).as_str(), good);
        }
        let longer = "a".repeat(NAME_BYTES_MAX + 1);
        for bad in ["", "..", ".a", "-a", "_a", "a/b", "A", "ä", "a b", "a\0", &longer] {
            assert!(matches!(bad.parse::<WorkspaceName>(), Err(WorkspaceError::Name { .. })), "{bad:?}");
        }
    }

    #[test]
    fn a_workspace_appears_as_a_whole_and_keeps_to_itself() {
        let data = tempfile::tempdir().unwrap();
        let default = Store::open(data.path()).unwrap();
        assert_eq!(list(data.path()).unwrap(), [name("default")]);
        let failed =
            create(data.path(), &name("acme"), |_| Err(StoreError::Absent { location: "on purpose".to_owned() }));
        assert!(failed.is_err() && list(data.path()).unwrap().len() == 1);
        create(data.path(), &name("acme"), |store| store.set_keep_days(Some(30))).unwrap();
        assert_eq!(list(data.path()).unwrap(), [name("default"), name("acme")]);
        let again = create(data.path(), &name("acme"), |_| Ok(()));
        assert!(matches!(again, Err(WorkspaceError::Exists { .. })));
        let acme = Store::open(name("acme").directory(data.path())).unwrap();
        assert_eq!(acme.snapshot().unwrap().settings().keep_days, Some(30));
        acme.write([crate::Event::new("u", "e").unwrap().into()]).unwrap();
        assert_eq!((acme.snapshot().unwrap().user_count(), default.snapshot().unwrap().user_count()), (1, 0));
        let verified = crate::store::verify(&crate::files::DiskStorage::open(data.path()).unwrap()).unwrap();
        assert_eq!((verified.damage.len(), verified.notes), (0, Vec::new()));
    }

    #[test]
    fn a_data_directory_may_hold_workspaces_before_its_own_store() {
        let data = tempfile::tempdir().unwrap();
        create(data.path(), &name("acme"), |_| Ok(())).unwrap();
        Store::open(data.path()).unwrap().close().unwrap();
    }
}
