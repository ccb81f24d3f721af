//! `compact`, `backup`, `delete` and `expire`.

use super::{Place, track};
use serde_json::json;

fn filled() -> Place {
    let place = Place::new();
    let lines = [
        r#"{"type":"identify","distinct_id":"ada","timestamp":0,"properties":{"role":"admin"}}"#,
        r#"{"type":"group","distinct_id":"ada","group_type":"company","group_key":"acme","timestamp":0,"properties":{"plan":"pro"}}"#,
        r#"{"type":"alias","distinct_id":"ada","alias":"anon-1"}"#,
        r#"{"type":"track","distinct_id":"anon-1","event":"old","timestamp":1000,"groups":{"company":"acme"}}"#,
        r#"{"type":"track","distinct_id":"bob","event":"new","timestamp":"2200-01-01T00:00:00Z","groups":{"company":"acme"}}"#,
    ];
    for line in lines {
        place.pipe("import -", format!("{line}\n")).expect_import(0, [1, 0, 0, 0], "");
    }
    place
}

#[test]
fn compact_tidies_and_changes_no_answer() {
    let place = filled();
    let before = place.run("export").out;
    let answer = place.run("compact").json(0);
    assert_eq!((answer["before"]["segments"].as_u64(), answer["after"]["segments"].as_u64()), (Some(0), Some(1)));
    assert_eq!(place.run("compact").json(0)["after"], answer["after"]);
    assert_eq!(place.run("export").out, before);
    let table = place.run("compact --format table");
    assert!(table.out.starts_with("1 segment in 5 files, "), "{}", table.out);
    place
        .run("compact --data nowhere")
        .expect_error(1, "`nowhere` holds no trackcrumb store yet; `trackcrumb import --data nowhere FILE` makes one");
}

#[test]
fn a_backup_is_a_store() {
    let place = filled();
    let answer = place.run("backup copies/monday").json(0);
    assert_eq!(answer["next_arrival"], 5);
    assert_eq!(place.run("verify --data copies/monday").json(0)["damage"], json!([]));
    assert_eq!(place.run("export --data copies/monday").out, place.run("export").out);
    place.run("backup copies/monday").expect_error(
        1,
        "`copies/monday` is not empty: it holds `MANIFEST`; name a directory that is empty or does not exist",
    );
    place
        .run("backup --data nowhere copies/tuesday")
        .expect_error(1, "`nowhere` holds no trackcrumb store yet; `trackcrumb import --data nowhere FILE` makes one");
    assert!(!place.path("copies/tuesday").exists());
}

#[test]
fn a_store_is_not_copied_into_itself() {
    let place = filled();
    for inside in ["trackcrumb-data", "trackcrumb-data/", "trackcrumb-data/a/b", "new/../trackcrumb-data/copy"] {
        let sentence = format!(
            "`{inside}` lies inside the store that is to be copied; name a directory outside of `./trackcrumb-data`"
        );
        place.run(&format!("backup {inside}")).expect_error(1, &sentence);
        assert!(!place.path("trackcrumb-data/a").exists() && !place.path("new").exists());
    }
    std::os::unix::fs::symlink(place.path("trackcrumb-data"), place.path("link")).unwrap();
    assert_eq!(place.run("backup link/copy").code, Some(1));
    assert_eq!(place.run("verify").json(0)["damage"], json!([]));
    // A lock that a failed copy left is no content.
    std::fs::create_dir(place.path("copy")).unwrap();
    std::fs::write(place.path("copy/LOCK"), "").unwrap();
    assert_eq!(place.run("backup copy").json(0)["next_arrival"], 5);
}

#[test]
fn deleting_says_first_what_would_go() {
    let place = filled();
    let before = place.run("export").out;
    let planned = place.run("delete user anon-1 --dry-run").json(0);
    let counts = json!({
        "deleted": false, "names": ["ada", "anon-1"], "events": 1, "events_changed": 0, "identify_calls": 1,
        "group_calls": 0, "group_calls_changed": 1, "aliases": 1, "associations": 2, "files_left": [],
    });
    assert_eq!(planned, counts);
    let asked = place.run("delete user anon-1");
    assert_eq!((asked.code, asked.out.as_str()), (Some(1), ""));
    assert!(asked.err.starts_with("ada, anon-1\nWould be deleted:\n"), "{}", asked.err);
    let end = "error: nothing was deleted; add `--yes` to do it without being asked\n";
    assert!(asked.err.ends_with(end), "{}", asked.err);
    assert_eq!(place.run("export").out, before, "nothing was deleted");
    let done = place.run("delete user anon-1 --yes").json(0);
    assert_eq!((&done["deleted"], &done["events"]), (&json!(true), &json!(1)));
    place.run("user ada").expect_error(1, "there is no user `ada`; check its spelling");
    place.run("delete user ada --yes").expect_error(1, "there is no user `ada`; check its spelling");
    // The group() call stays, without its user.
    let group = place.run("group company acme").json(0);
    assert_eq!((&group["properties"], &group["members"]), (&json!({"plan": "pro"}), &json!(["bob"])));
    assert_eq!(place.event_counts(), [("new".to_owned(), 1)]);

    place.run("delete group company acmee --yes").expect_error(1, "there is no key `acmee`; did you mean `acme`?");
    let done = place.run("delete group company acme --yes").json(0);
    assert_eq!((&done["group_calls"], &done["events_changed"]), (&json!(1), &json!(1)));
    assert_eq!(place.run("groups").json(0), json!({"types": [{"type": "company", "keys": 0}]}));
    assert_eq!(place.run("groups company").json(0)["rows"], json!([]));
    assert_eq!(place.run("user bob").json(0)["groups"], json!({}));
    assert_eq!(place.run("verify").json(0)["damage"], json!([]));
    let table = place.run("delete user bob --yes --format table").out;
    assert_eq!(table, "bob\nDeleted:\n          1 events\n");
    place.run("delete user bob ").expect_error(1, "there is no user `bob`; check its spelling");
}

#[test]
fn events_expire_once_or_from_now_on() {
    let place = filled();
    assert_eq!(place.run("expire --older-than 400d --dry-run").json(0)["events"], 1);
    assert_eq!(place.run("expire --older-than 400d --yes").json(0)["events"], 1);
    assert_eq!(place.event_counts(), [("new".to_owned(), 1)]);
    place.pipe("import -", track("eve", "now")).json(0);
    assert_eq!(place.run("stats").json(0)["keep_days"], json!(null));
    let asked = place.run("expire --keep 52w");
    assert_eq!(asked.code, Some(1), "nobody is there to agree");
    assert!(asked.err.contains("nothing was deleted; add `--yes`"), "{}", asked.err);
    assert_eq!(place.run("expire --keep 52w --dry-run").json(0)["events"], 0);
    assert_eq!(place.run("stats").json(0)["keep_days"], json!(null));
    let done = place.run("expire --keep 52w --yes");
    assert!(done.err.starts_with("note: events are kept for 364 days from now on"), "{}", done.err);
    assert_eq!(done.json(0)["deleted"], true);
    assert_eq!(place.run("stats").json(0)["keep_days"], 364);
    let old = r#"{"type":"track","distinct_id":"eve","event":"late","timestamp":1000}"#;
    place.pipe("import -", format!("{old}\n")).json(0);
    assert_eq!(place.events(), 3);
    place.run("compact").json(0);
    assert_eq!(place.events(), 2);
    place.run("expire --keep forever").expect(0, "", "note: events are kept for ever\n");
    assert_eq!(place.run("stats").json(0)["keep_days"], json!(null));
    let neither = place.run("expire");
    assert!(neither.err.contains("<--older-than <AGE>|--keep <AGE>>"), "{}", neither.err);
    for wrong in ["", "--older-than 3", "--keep never", "--keep 3d --older-than 3d", "--older-than 0d"] {
        assert_eq!(place.run(&format!("expire {wrong}")).code, Some(2), "{wrong}");
    }
}
