//! Which ids are one user: the alias() calls in order of arrival.

use crate::model::UserId;
use hashbrown::HashMap;
use roaring::RoaringBitmap;

/// The joined ids. Ids that no alias() named are their own user and take no room.
#[derive(Clone, Debug, Default)]
pub struct Aliases {
    /// The place in `users` of every id that is joined to another, or that another is joined to.
    user_of: HashMap<UserId, u32>,
    /// Users of several ids. One that joined another is left empty.
    users: Vec<Joined>,
}

/// A user of several ids.
#[derive(Clone, Debug)]
struct Joined {
    shown: UserId,
    /// All of its ids, in no order.
    ids: Vec<UserId>,
}

impl Aliases {
    /// Everything that is `alias`'s user joins `user`'s user, shown under the latter's shown id.
    /// Returns whether anything changed.
    pub fn join(&mut self, user: UserId, alias: UserId) -> bool {
        let shown = self.shown(user);
        if shown == self.shown(alias) {
            return false;
        }
        let (kept, gone) = (self.place(user), self.place(alias));
        // The fewer ids move, whoever's they are, so that a long chain of calls takes little time.
        let size = |place: usize| self.users[place].ids.len();
        let (into, from) = if size(kept) < size(gone) { (gone, kept) } else { (kept, gone) };
        let moved = std::mem::take(&mut self.users[from].ids);
        for id in &moved {
            self.user_of.insert(*id, into as u32);
        }
        self.users[into].ids.extend(moved);
        self.users[into].shown = shown;
        true
    }

    /// Where the user of an id is, which is made if need be.
    fn place(&mut self, id: UserId) -> usize {
        let next = self.users.len() as u32;
        let place = *self.user_of.entry(id).or_insert(next);
        if place == next {
            self.users.push(Joined { shown: id, ids: vec![id] });
        }
        place as usize
    }

    /// The id under which an id's user is shown.
    #[inline]
    pub fn shown(&self, id: UserId) -> UserId {
        if self.users.is_empty() {
            return id;
        }
        self.user_of.get(&id).map_or(id, |place| self.users[*place as usize].shown)
    }

    /// Whether an id is one of several of its user.
    #[inline]
    pub fn is_joined(&self, id: UserId) -> bool {
        !self.users.is_empty() && self.user_of.contains_key(&id)
    }

    /// All ids of a user: the shown one first, the others in ascending order.
    pub fn ids_of(&self, id: UserId) -> Vec<UserId> {
        let Some(place) = self.user_of.get(&id) else { return vec![id] };
        let Joined { shown, ids } = &self.users[*place as usize];
        let mut ids: Vec<UserId> = ids.iter().copied().filter(|id| id != shown).collect();
        ids.sort_unstable();
        ids.insert(0, *shown);
        ids
    }

    /// All ids of these users, given by shown ids.
    pub fn ids_of_all(&self, shown: &RoaringBitmap) -> RoaringBitmap {
        let mut ids = shown.clone();
        if self.is_empty() {
            return ids;
        }
        let joined = shown.iter().map(UserId::new).filter(|user| self.is_joined(*user));
        ids.extend(joined.flat_map(|user| self.ids_of(user)).map(UserId::raw));
        ids
    }

    /// Whether no ids are joined.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Every id that is shown under another, with that other; in no order.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, UserId)> {
        let pairs = |user: &Joined| {
            let shown = user.shown;
            user.ids.iter().copied().filter(move |id| *id != shown).map(move |id| (id, shown)).collect::<Vec<_>>()
        };
        self.users.iter().flat_map(pairs)
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

    #[test]
    fn the_smaller_user_moves_and_the_shown_id_stays_what_was_asked_for() {
        let id = UserId::new;
        let mut aliases = Aliases::default();
        for joined in 1..100 {
            aliases.join(id(0), id(joined));
        }
        assert!(aliases.join(id(200), id(50)), "a user of one id takes over one of a hundred");
        assert_eq!(aliases.shown(id(0)), id(200));
        assert_eq!(aliases.ids_of(id(7)).len(), 101);
        assert_eq!(aliases.iter().count(), 100);
    }
}
