//! Why a page cannot be shown.

use crate::codec::DecodeError;
use crate::language::DocumentError;
use crate::model::{GroupTypeId, StoredName};
use crate::store::{Snapshot, StoreError, UnknownName};
use thiserror::Error;

/// Why a page cannot be shown.
#[derive(Debug, Error)]
pub enum PageError {
    /// There is no such thing.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// A cursor that no page gave.
    #[error("`{cursor}` is no cursor of this list; pass the `next_cursor` of the page before")]
    Cursor {
        /// The cursor.
        cursor: String,
    },
    /// A condition that means nothing.
    #[error("the filter is wrong: {0}")]
    Filter(#[from] DocumentError),
    /// A condition on something else than what a list has at hand.
    #[error("a list is filtered by properties and by `member_of` with keys; save a cohort for `{condition}`")]
    Condition {
        /// The kind of condition.
        condition: &'static str,
    },
    /// A word for an order that no list has.
    #[error("`{sort}` is no order; write `recent`, `name` or `property:NAME`, with a `-` before it to reverse it")]
    Sort {
        /// The word.
        sort: String,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Wraps damage with the place of the store.
pub(super) fn damaged(snapshot: &Snapshot) -> impl Fn(DecodeError) -> PageError + Copy + '_ {
    move |damage| PageError::Store(StoreError::Damaged { location: snapshot.location().to_owned(), damage })
}

/// The id of a name in one of the lists, or an error with near names.
pub(super) fn find(snapshot: &Snapshot, list: StoredName, kind: &'static str, name: &str) -> Result<u32, PageError> {
    if let Some(id) = snapshot.find(list, name).map_err(damaged(snapshot))? {
        return Ok(id);
    }
    Err(unknown(snapshot, list, kind, name))
}

/// The error for a name that a list does not have.
pub(super) fn unknown(snapshot: &Snapshot, list: StoredName, kind: &'static str, name: &str) -> PageError {
    snapshot.unknown(list, kind, name).into()
}

/// The id of a group type, or an error with near names.
pub(super) fn find_type(snapshot: &Snapshot, name: &str) -> Result<GroupTypeId, PageError> {
    find(snapshot, StoredName::GroupType, "group type", name).map(GroupTypeId::new)
}
