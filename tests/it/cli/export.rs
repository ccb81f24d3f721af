//! Export, and its round trip through import.

use super::Place;
use std::fs;

/// Lines of every kind, with what is hard to keep: nesting, large and small numbers, joined ids, late events.
const LINES: &str = r#"{"type":"track","distinct_id":"visitor_1","event":"visited","timestamp":"2026-01-01T00:00:00.000001Z"}
{"type":"group","distinct_id":"ann","group_type":"company","group_key":"acme","timestamp":"2026-01-02T00:00:00Z","properties":{"plan":"free","tags":["a"]}}
{"type":"alias","distinct_id":"ann","alias":"visitor_1","timestamp":"2026-01-02T00:00:01Z"}
{"type":"identify","distinct_id":"ann","timestamp":"2026-01-02T00:00:02Z","properties":{"gone":null},"set_once":{"first":"ad"},"add":{"n":1.5},"append":{"l":[1]},"union":{"l":2}}
{"type":"track","distinct_id":"ann","event":"paid","timestamp":"2026-01-03T00:00:00Z","insert_id":"i\n1","groups":{"company":"acme","team":"é"},"properties":{"amount":18446744073709551615,"deep":{"a.b":[{"c":null},1e+300,-0.5]},"n":1}}
{"type":"track","distinct_id":"ann","event":"visited","timestamp":"2025-01-01T00:00:00Z","properties":{"n":"1"}}
{"type":"cohort","name":"payers","report":{"report":"cohort","where":{"did":"paid"}}}
{"type":"group","group_type":"company","group_key":"acme","timestamp":"2026-01-02T00:00:00Z","properties":{"plan":null}}
{"type":"group","group_type":"company","group_key":"named","timestamp":"2026-01-04T00:00:00Z"}
"#;

#[test]
fn an_export_imported_elsewhere_exports_the_same() {
    let place = Place::new();
    place.pipe("import -", LINES).expect_import(0, [9, 0, 0, 0], "");
    let first = place.run("export");
    first.expect(0, LINES, "");
    place.pipe("import --data other -", &first.out).expect_import(0, [9, 0, 0, 0], "");
    place.run("export --data other").expect(0, LINES, "");
    place.pipe("import --data other -", LINES).json(0);
    place.run("export --data other").expect(0, LINES, "");
    place.run("verify --data other").json(0);
}

#[test]
fn a_damaged_store_is_exported_as_far_as_it_is_intact() {
    let place = Place::new();
    place.pipe("import -", LINES).expect_import(0, [9, 0, 0, 0], "");
    let log = place.path("trackcrumb-data/log-00000001");
    let mut bytes = fs::read(&log).unwrap();
    let last = bytes.len() - 10;
    bytes[last] ^= 1;
    fs::write(&log, bytes).unwrap();
    let done = place.run("export");
    assert_eq!((done.code, done.out.as_str()), (Some(4), ""));
    assert!(done.err.starts_with("error: `./trackcrumb-data` is damaged: "), "{}", done.err);
    let done = place.run("export --skip-damaged");
    assert_eq!(done.code, Some(4), "{done:?}");
    assert!(LINES.starts_with(&done.out), "{}", done.out);
    assert!(done.err.starts_with("damaged: "), "{}", done.err);
    let verified = place.run("verify").json(4);
    assert_eq!(verified["damage"][0]["file"], "log-00000001", "{verified}");
}
