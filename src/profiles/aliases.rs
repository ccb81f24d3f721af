//! Which ids are one user: the alias() calls in order of arrival.

use crate::model::UserId;
use hashbrown::HashMap;

/// The joined ids. Ids that no alias() named are their own user and take no room.
#[derive(Clone, Debug, Default)]
pub struct Aliases {
    /// The shown id of every id that is shown under another. Always one step: values are shown ids themselves.
    shown: HashMap<UserId, UserId>,
    /// The other ids of every shown id that has any.
    joined: HashMap<UserId, Vec<UserId>>,
}

impl Aliases {
    /// Everything that is `alias`'s user joins `user`'s user, shown under the latter's shown id.
    /// Returns whether anything changed.
    pub fn join(&mut self, user: UserId, alias: UserId) -> bool {
        let (kept, gone) = (self.shown(user), self.shown(alias));
        if kept == gone {
            return false;
        }
        let mut moved = self.joined.remove(&gone).unwrap_or_default();
        moved.push(gone);
        for id in &moved {
            self.shown.insert(*id, kept);
        }
        self.joined.entry(kept).or_default().extend(moved);
        true
    }

    /// The id under which an id's user is shown.
    #[inline]
    pub fn shown(&self, id: UserId) -> UserId {
        if self.shown.is_empty() { id } else { self.shown.get(&id).copied().unwrap_or(id) }
    }

    /// All ids of a user: the shown one first, the others in ascending order.
    pub fn ids_of(&self, id: UserId) -> Vec<UserId> {
        let shown = self.shown(id);
        let mut others = self.joined.get(&shown).cloned().unwrap_or_default();
        others.sort_unstable();
        others.insert(0, shown);
        others
    }

    /// Whether no ids are joined.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Every id that is shown under another, with that other; in no order.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, UserId)> {
        self.shown.iter().map(|(id, shown)| (*id, *shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_and_repeated_joins_end_at_one_shown_id() {
        let id = UserId::new;
        let mut aliases = Aliases::default();
        assert!(aliases.join(id(1), id(2)));
        assert!(aliases.join(id(3), id(1)), "a user of two ids joins another");
        assert!(!aliases.join(id(2), id(3)), "already one user");
        assert!(!aliases.join(id(4), id(4)));
        assert!(aliases.join(id(2), id(5)), "joined under the shown id of the named one");
        assert_eq!([1, 2, 3, 4, 5].map(|raw| aliases.shown(id(raw)).raw()), [3, 3, 3, 4, 3]);
        assert_eq!(aliases.ids_of(id(5)), [3, 1, 2, 5].map(id));
    }
}
