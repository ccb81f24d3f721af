//! What is deleted is in no file of the store any more, and in no answer.

use super::arrived;
use crate::support::{Arrivals, Filled, exported, fill};
use serde_json::{Value, json};
use trackcrumb::StoreReader;
use trackcrumb::files::sim::SimDisk;
use trackcrumb::pages;
use trackcrumb::store::verify;

const ARRIVALS: Arrivals = Arrivals { batch: 3, seal_every: 2, reopen_every: 0 };

/// The files of the store that hold a text as it is.
fn holding(disk: &SimDisk, text: &str) -> Vec<String> {
    let holds = |name: &String| {
        let bytes = disk.contents(name).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    disk.names().into_iter().filter(holds).collect()
}

/// Texts that have no three characters in common, so that compression cannot hide one behind another.
mod names {
    pub const SECRET_USER: &str = "qvXKw8";
    pub const SECRET_ALIAS: &str = "Jb2mTz";
    pub const SECRET_MAIL: &str = "hU5rLc";
    pub const SECRET_INSERT: &str = "P9dGnE";
    pub const SECRET_NOTE: &str = "sY4oFa";
    pub const ONLY_OF_SECRET_USER: &str = "W3ieQk";
    pub const SECRET_KEY: &str = "z6ClMx";
    pub const SECRET_PLAN: &str = "R0bAHj";
    pub const SECRET_EVENT: &str = "uN3gXp";
    pub const SECRET_PROPERTY: &str = "ClV7wZ";
    pub const KEPT_USER: &str = "m1VNug";
    pub const KEPT_INSERT: &str = "T8pSfD";
    pub const KEPT_NOTE: &str = "OcyZ2L";
    pub const KEPT_TEAM: &str = "iB7KqE";
    pub const KEPT_PLAN: &str = "xG5hrU";
    pub const KEPT_KEY: &str = "dW9tJo";
}

/// Lines of one user and one key with texts of their own, among lines of others. Texts are short enough that blocks
/// are stored as they are, so that a search of the bytes would find them.
fn history() -> Vec<(Value, i64)> {
    let mut lines = vec![
        json!({"type": "identify", "distinct_id": names::SECRET_USER, "properties": {"email": names::SECRET_MAIL}}),
        json!({"type": "group", "distinct_id": names::SECRET_USER, "group_type": "company", "group_key": names::KEPT_KEY, "properties": {"plan": names::KEPT_PLAN}}),
        json!({"type": "alias", "distinct_id": names::SECRET_USER, "alias": names::SECRET_ALIAS}),
        json!({"type": "track", "distinct_id": names::SECRET_ALIAS, "event": names::SECRET_EVENT, "insert_id": names::SECRET_INSERT, "properties": {"note": names::SECRET_NOTE, names::SECRET_PROPERTY: 1}, "groups": {"company": names::ONLY_OF_SECRET_USER}}),
        json!({"type": "track", "distinct_id": names::KEPT_USER, "event": "opened", "insert_id": names::KEPT_INSERT, "properties": {"note": names::KEPT_NOTE}, "groups": {"company": names::SECRET_KEY, "team": names::KEPT_TEAM}}),
        json!({"type": "group", "distinct_id": names::KEPT_USER, "group_type": "company", "group_key": names::SECRET_KEY, "properties": {"plan": names::SECRET_PLAN}}),
    ];
    for i in 0..12 {
        lines.push(json!({"type": "track", "distinct_id": format!("other-{i}"), "event": "opened", "groups": {"company": names::KEPT_KEY}}));
    }
    arrived(lines, 1_000_000)
}

fn check_gone(filled: &mut Filled, gone: &[&str], kept: &[&str]) {
    for step in ["after deletion", "after reopening", "after compacting"] {
        for text in gone {
            assert_eq!(holding(&filled.disk, text), [""; 0], "`{text}` {step}");
            assert!(
                exported(&filled.store.snapshot().unwrap()).iter().all(|line| !line.contains(text)),
                "`{text}` {step}"
            );
        }
        for text in kept {
            assert!(!holding(&filled.disk, text).is_empty(), "`{text}` {step}");
        }
        assert_eq!(verify(&filled.disk).unwrap().damage, [], "{step}");
        match step {
            "after deletion" => filled.reopen(),
            "after reopening" => drop(filled.store.compact(|_| ()).unwrap()),
            _ => {}
        }
    }
}

#[test]
fn nothing_of_a_deleted_user_is_in_any_file() {
    let mut filled = fill(&history(), ARRIVALS);
    let before = filled.store.snapshot().unwrap();
    let all = exported(&before);
    let secret = [
        names::SECRET_USER,
        names::SECRET_ALIAS,
        names::SECRET_MAIL,
        names::SECRET_INSERT,
        names::SECRET_NOTE,
        names::ONLY_OF_SECRET_USER,
        names::SECRET_EVENT,
        names::SECRET_PROPERTY,
    ];
    let kept = [
        names::KEPT_USER,
        names::KEPT_KEY,
        names::KEPT_PLAN,
        names::KEPT_INSERT,
        names::KEPT_NOTE,
        names::SECRET_KEY,
        names::SECRET_PLAN,
    ];
    for text in secret.iter().chain(&kept) {
        assert!(!holding(&filled.disk, text).is_empty(), "the search of bytes finds `{text}`");
    }
    let removal = filled.store.delete_users(&[names::SECRET_ALIAS]).unwrap();
    assert_eq!(removal.names, [names::SECRET_ALIAS, names::SECRET_USER]);
    assert_eq!((removal.events, removal.identify_calls, removal.aliases, removal.group_calls_changed), (1, 1, 1, 1));
    check_gone(&mut filled, &secret, &kept);
    assert_eq!(exported(&before), all, "a snapshot never changes");
    let after = filled.store.snapshot().unwrap();
    assert_eq!(pages::events(&after).unwrap().events.len(), 1);
    assert_eq!(
        pages::event(&after, names::SECRET_EVENT).unwrap_err().to_string(),
        format!("there is no event `{}`; check its spelling", names::SECRET_EVENT)
    );
    assert_eq!((after.event(names::SECRET_EVENT), after.property(names::SECRET_PROPERTY)), (Ok(None), Ok(None)));
    assert_eq!(filled.store.stats().unwrap().property_names, 1);
    for id in [names::SECRET_USER, names::SECRET_ALIAS] {
        let error = filled.store.delete_users(&[id]).unwrap_err().to_string();
        assert_eq!(error, format!("there is no user `{id}`; check its spelling"));
        assert!(pages::user(&filled.store.snapshot().unwrap(), id).is_err());
    }
    // A name that was erased and comes again is a new user, whose insert ids are unknown.
    filled.add(&history(), ARRIVALS);
    let user = pages::user(&filled.store.snapshot().unwrap(), names::SECRET_USER).unwrap();
    assert_eq!((user.ids.len(), user.recent.len()), (2, 1));
    filled.store.seal().unwrap();
    assert_eq!(verify(&filled.disk).unwrap().damage, []);
}

#[test]
fn nothing_of_a_deleted_key_is_in_any_file() {
    let mut filled = fill(&history(), ARRIVALS);
    let removal = filled.store.delete_keys("company", &[names::SECRET_KEY]).unwrap();
    assert_eq!((removal.events, removal.events_changed, removal.group_calls, removal.associations), (0, 1, 1, 1));
    let kept = [
        names::KEPT_USER,
        names::KEPT_NOTE,
        names::KEPT_INSERT,
        names::KEPT_TEAM,
        names::SECRET_USER,
        names::SECRET_NOTE,
    ];
    check_gone(&mut filled, &[names::SECRET_KEY, names::SECRET_PLAN], &kept);
    let snapshot = filled.store.snapshot().unwrap();
    assert_eq!(pages::user(&snapshot, names::KEPT_USER).unwrap().groups.get("company"), None);
    let error = filled.store.delete_keys("company", &[names::SECRET_KEY]).unwrap_err().to_string();
    assert_eq!(error, format!("there is no key `{}`; check its spelling", names::SECRET_KEY));
    let error = filled.store.delete_keys("compnay", &[names::KEPT_KEY]).unwrap_err().to_string();
    assert_eq!(error, "there is no group type `compnay`; did you mean `company`?");
}

/// A key that is not the latest word on anyone is deleted from earlier parts of the profiles too.
#[test]
fn a_key_is_gone_from_words_that_are_outdated() {
    let event = |key: &str, millis: i64| json!({"type": "track", "distinct_id": "u", "event": "e", "timestamp": millis, "groups": {"company": key}});
    let history = arrived([event(names::SECRET_KEY, 1), event("acme", 2)], 0);
    let mut filled = fill(&history, Arrivals { batch: 1, seal_every: 1, reopen_every: 0 });
    filled.store.delete_keys("company", &[names::SECRET_KEY]).unwrap();
    check_gone(&mut filled, &[names::SECRET_KEY], &["acme"]);
    assert_eq!(pages::user(&filled.store.snapshot().unwrap(), "u").unwrap().groups["company"], "acme");
}

#[test]
fn names_that_are_asked_for_wrongly_delete_nothing() {
    let filled = fill(&history(), ARRIVALS);
    let before = exported(StoreReader::open_storage(&filled.disk).unwrap().snapshot());
    let error = filled.store.delete_users(&[names::KEPT_USER, "nobody"]).unwrap_err().to_string();
    assert_eq!(error, "there is no user `nobody`; check its spelling");
    assert!(filled.store.delete_keys("company", &[names::KEPT_KEY, ""]).is_err());
    assert_eq!(exported(&filled.store.snapshot().unwrap()), before);
}
