//! The small pools of names that everything draws from.

use proptest::prelude::*;

pub(super) const USERS: [&str; 9] = ["u1", "u2", "u3", "u4", "U1", "ünï-5 ✓", "anon_1", "anon_2", "null"];
pub(super) const EVENTS: [&str; 6] = ["open", "click", "buy", "share", "Größe ✓", "Open"];
pub(super) const TYPES: [&str; 3] = ["company", "team", "Prøjekt"];
pub(super) const KEYS: [&str; 5] = ["acme", "globex", "ünï", "1", "Acme"];
/// Saved cohorts of users, and of companies.
pub(super) const USER_COHORTS: [&str; 2] = ["power", "kund:innen"];
pub(super) const KEY_COHORTS: [&str; 1] = ["big"];
/// Property names at the top level of objects.
pub(super) const NAMES: [&str; 7] = ["plan", "amount", "tags", "nested", "nested.a", "flag", "länge"];
/// Paths that documents ask for.
pub(super) const PATHS: [&str; 11] =
    ["plan", "amount", "tags", "nested", "nested.a", "nested.a.b", "nested.x", "flag", "länge", "missing", "amount.x"];

/// The first names of a pool come up most.
pub(super) fn name(pool: &'static [&'static str]) -> BoxedStrategy<&'static str> {
    let few = &pool[..pool.len().div_ceil(2)];
    prop_oneof![3 => prop::sample::select(few), 1 => prop::sample::select(pool)].boxed()
}
