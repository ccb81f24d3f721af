//! Every kind of bad line: refused with its number and reason, and what stands beside it is stored.

use super::{Place, REFUSED_NOTE, track};
use serde_json::json;

/// The bad line stands between two good ones.
#[track_caller]
fn check(line: impl AsRef<[u8]>, reason: &str) {
    let place = Place::new();
    let input = [track("u", "one").as_bytes(), line.as_ref(), b"\n", track("u", "two").as_bytes()].concat();
    place.pipe("import -", input).expect_import(3, [2, 0, 1, 0], &format!("line 2: {reason}\n{REFUSED_NOTE}"));
    assert_eq!(place.event_counts(), [("one".to_owned(), 1), ("two".to_owned(), 1)]);
}

/// A line that stands at a limit.
#[track_caller]
fn check_accepted(line: impl AsRef<[u8]>) {
    Place::new().pipe("import -", line).expect_import(0, [1, 0, 0, 0], "");
}

/// An event with these fields beside the required ones, or in their place.
fn event(fields: serde_json::Value) -> String {
    let mut line = json!({"type": "track", "distinct_id": "u", "event": "e"});
    for (name, value) in fields.as_object().unwrap() {
        line[name] = value.clone();
    }
    line.to_string()
}

/// The same, for what `serde_json` would put right.
fn raw_event(fields: &str) -> String {
    format!(r#"{{"type":"track","distinct_id":"u","event":"e",{fields}}}"#)
}

#[test]
fn names_that_are_too_long() {
    let x = |count: usize| "x".repeat(count);
    check_accepted(event(json!({"event": x(200), "distinct_id": x(400), "insert_id": x(400)})));
    check_accepted(event(json!({"groups": {x(100): x(400)}})));
    check(event(json!({"event": x(201)})), "`event` has 201 bytes; at most 200 are allowed");
    check(event(json!({"distinct_id": x(401)})), "`distinct_id` has 401 bytes; at most 400 are allowed");
    check(event(json!({"insert_id": x(401)})), "`insert_id` has 401 bytes; at most 400 are allowed");
    check(event(json!({"groups": {x(101): "k"}})), "a group type in `groups` has 101 bytes; at most 100 are allowed");
    check(event(json!({"groups": {"company": x(401)}})), "`groups.company` has 401 bytes; at most 400 are allowed");
}

#[test]
fn blank_names() {
    check(event(json!({"distinct_id": " \u{3000}"})), "`distinct_id` is blank; give it 1 to 400 bytes");
    check(event(json!({"event": ""})), "`event` is blank; give it 1 to 200 bytes");
    check(event(json!({"groups": {"company": "\t"}})), "`groups.company` is blank; give it 1 to 400 bytes");
    check(event(json!({"groups": {" ": "a"}})), "a group type in `groups` is blank; give it 1 to 100 bytes");
    check(event(json!({"insert_id": ""})), "`insert_id` is blank; give it 1 to 400 bytes");
}

#[test]
fn names_with_a_meaning_of_their_own() {
    check(event(json!({"event": "*"})), "`event` is `*`, which stands for any event in reports; choose another name");
    check(
        r#"{"type":"alias","distinct_id":"u","alias":" NULL "}"#,
        "`alias` is ` NULL `, which many people share by accident, so alias() does not join it; \
         send the person's own id",
    );
    check(
        r#"{"type":"alias","distinct_id":"0","alias":"x"}"#,
        "`distinct_id` is `0`, which many people share by accident, so alias() does not join it; \
         send the person's own id",
    );
}

#[test]
fn properties_beyond_their_limits() {
    let of_bytes = |bytes: usize| event(json!({"properties": {"p": "x".repeat(bytes - r#"{"p":""}"#.len())}}));
    check_accepted(of_bytes(32_768));
    check(of_bytes(32_769), "`properties` takes more than 32768 bytes as compact JSON; send less in it");
    let of_depth = |depth| raw_event(&format!(r#""properties":{}1{}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth)));
    check_accepted(of_depth(64));
    check(of_depth(65), "`properties` is nested deeper than 64 levels; send it flatter");
    check(of_depth(100_000), "`properties` is nested deeper than 64 levels; send it flatter");
}

#[test]
fn what_is_no_utf_8() {
    check(
        b"{\"type\":\"track\",\"distinct_id\":\"u\xff\",\"event\":\"e\"}",
        "the byte at offset 32 is not UTF-8; write the text as UTF-8",
    );
}

#[test]
fn timestamps() {
    const REMEDY: &str = "correct it, or leave it out to take the time of arrival";
    for (text, problem) in [
        ("2026-01-03", "is not RFC 3339 with an offset, such as 2026-01-03T10:00:00.123456Z"),
        ("2026-01-03T10:00:00", "is not RFC 3339 with an offset, such as 2026-01-03T10:00:00.123456Z"),
        ("2026-01-03T24:00:00Z", "names a day or a time of day that does not exist"),
        ("2026-01-03T23:59:60Z", "names a day or a time of day that does not exist"),
        ("2026-02-29T00:00:00Z", "names a day or a time of day that does not exist"),
        ("0001-01-01T00:00:00+01:00", "is outside 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z"),
    ] {
        check(event(json!({"timestamp": text})), &format!("`timestamp` {problem}; {REMEDY}"));
    }
    check(
        event(json!({"timestamp": 253_402_300_800_000_i64})),
        &format!("`timestamp` is outside 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z; {REMEDY}"),
    );
    check(
        event(json!({"timestamp": 1.5})),
        "`timestamp` is a number with a fraction or an exponent; send whole milliseconds, or RFC 3339 text",
    );
    check(event(json!({"timestamp": true})), "`timestamp` must be RFC 3339 text or whole milliseconds, not a boolean");
}

#[test]
fn two_values_for_one_key() {
    check(
        raw_event(r#""groups":{"company":"a","company":"b"}"#),
        "`groups` holds the key `company` twice; send it once",
    );
    check(raw_event(r#""event":"f""#), "the object holds the key `event` twice; send it once");
    check(raw_event(r#""properties":{"a":{"b":1,"b":2}}"#), "`properties.a` holds the key `b` twice; send it once");
}

#[test]
fn unknown_and_missing_fields() {
    check(
        event(json!({"plan": "pro"})),
        "unknown field `plan`; track() takes `type`, `distinct_id`, `event`, `timestamp`, `insert_id`, `groups` and \
         `properties`",
    );
    check(
        r#"{"type":"group","group_type":"company","group_key":"a","groups":{}}"#,
        "unknown field `groups`; group() takes `type`, `distinct_id`, `group_type`, `group_key`, `timestamp`, \
         `properties`, `set_once`, `add`, `append` and `union`",
    );
    check(r#"{"type":"track","event":"e"}"#, "`distinct_id` is missing; track() needs `distinct_id` and `event`");
    check(
        r#"{"distinct_id":"u","event":"e"}"#,
        "`type` is missing; it must be track, identify, group, alias or cohort",
    );
    check(r#"{"type":"page"}"#, "`type` is `page`; it must be track, identify, group, alias or cohort");
}

#[test]
fn what_is_no_json_or_of_another_kind() {
    check("hello", "not valid JSON at column 1: expected a value; send one whole JSON object");
    check(r#"{"type":"track","#, "not valid JSON at column 16: it ends early; send one whole JSON object");
    check("[1]", "expected an object, not a list; send one JSON object");
    check(event(json!({"distinct_id": 5})), "`distinct_id` must be a string, not a number");
    check(event(json!({"properties": [1]})), "`properties` must be an object, not a list");
    check(event(json!({"groups": {"company": 5}})), "`groups.company` must be a string, not a number");
    check(
        raw_event(r#""properties":{"n":1e999}"#),
        "`properties.n` (column 69) holds a number too large for a double; send it as a string",
    );
    check(
        raw_event(r#""properties":{"s":"\ud800"}"#),
        "`properties.s` (column 72) holds half of a surrogate pair; escape both halves, or write the character as it is",
    );
    check(
        r#"{"type":"identify","distinct_id":"u","set_once":{"a":null}}"#,
        "`set_once.a` is null; only `properties` may hold null, which removes the property",
    );
    check(r#"{"type":"identify","distinct_id":"u","add":{"a":"1"}}"#, "`add.a` must be a number, not a string");
}

#[test]
fn cohorts_that_name_what_is_not_there() {
    let cohort = |report: &str| format!(r#"{{"type":"cohort","name":"c","report":{report}}}"#);
    check(
        cohort(r#"{"report":"cohort","where":{"cohort":"nobody"}}"#),
        "cohort `c` is refused: it names the cohort `nobody`, which does not exist; save that one first",
    );
    check(
        cohort(r#"{"report":"cohort","where":{"cohort":"c"}}"#),
        "cohort `c` is refused: it refers to itself, directly or through others; break the circle",
    );
    check(
        cohort(r#"{"report":"cohort","count_by":{"group":"planet"},"where":{"did":"e"}}"#),
        "cohort `c` is refused: it names the group type `planet`, which is neither used nor declared yet",
    );
}

#[test]
fn undeclared_group_types_where_only_declared_ones_are_taken() {
    let place = Place::new();
    place.run("group-type declare company --name Companies").expect(0, "", "");
    place.run("group-type only-declared on").expect(0, "", "");
    let input = [
        event(json!({"groups": {"company": "a"}})),
        event(json!({"groups": {"compnay": "a"}})),
        r#"{"type":"group","group_type":"team","group_key":"t"}"#.to_owned(),
        event(json!({"event": "without"})),
    ];
    let reason = |group_type: &str| {
        format!(
            "group type `{group_type}` is not declared, and this workspace takes declared ones only; correct it, or \
             declare it with `trackcrumb group-type declare {group_type}`"
        )
    };
    let err = format!("line 2: {}\nline 3: {}\n{REFUSED_NOTE}", reason("compnay"), reason("team"));
    place.pipe("import -", input.join("\n")).expect_import(3, [2, 0, 2, 0], &err);
    assert_eq!(place.events(), 2);
    place.run("group-type only-declared off").expect(0, "", "");
    place.pipe("import -", &input[1]).expect_import(0, [1, 0, 0, 0], "");
    place.run("group-type list --format csv").expect(
        0,
        "type,name,declared,keys\r\ncompany,Companies,true,1\r\ncompnay,,false,1\r\n",
        "",
    );
}

#[test]
fn many_refused_lines_are_told_in_part() {
    let place = Place::new();
    let done = place.pipe("import -", "{}\n".repeat(130) + &track("u", "e"));
    assert_eq!(done.code, Some(3));
    let lines: Vec<&str> = done.err.lines().collect();
    assert_eq!(lines.len(), 102);
    assert!(lines[99].starts_with("line 100: `type` is missing"), "{}", lines[99]);
    assert_eq!(lines[100], "… and 30 more");
    assert_eq!(place.events(), 1);
}

#[test]
fn names_from_outside_do_not_steer_the_terminal() {
    let place = Place::new();
    let done = place.pipe("import -", "{\"type\":\"\\u001b[31m\\u202e\"}\n");
    assert!(done.err.starts_with("line 1: `type` is `\\u{1b}[31m"), "{}", done.err);
    assert!(!done.err.contains(['\u{1b}', '\u{202e}']));
}
