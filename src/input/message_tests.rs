//! Every refusal of a line by its exact sentence, and every limit at its last allowed and first refused value.

use super::parsed::tests::check_same;
use super::*;
use crate::model::{Line, Number, Timestamp, Value};

/// The line with single quotes for double ones.
fn json(line: &str) -> Vec<u8> {
    line.replace('\'', "\"").into_bytes()
}

#[track_caller]
fn parsed(line: &str) -> Line {
    check_same(&json(line));
    parse_line(&json(line)).unwrap_or_else(|refusal| panic!("{refusal}\n{line:.200}"))
}

/// The line is refused in these words.
#[track_caller]
fn check(line: &str, sentence: &str) {
    check_bytes(&json(line), sentence);
}

#[track_caller]
fn check_bytes(line: &[u8], sentence: &str) {
    check_same(line);
    match parse_line(line) {
        Ok(line) => panic!("accepted: {line:?}"),
        Err(refusal) => assert_eq!(refusal.to_string(), sentence),
    }
}

/// A track line with these further fields.
fn track(fields: &str) -> String {
    format!("{{'type':'track','distinct_id':'u','event':'e'{fields}}}")
}

fn identify(fields: &str) -> String {
    format!("{{'type':'identify','distinct_id':'u'{fields}}}")
}

#[test]
fn what_is_no_json_object() {
    check("", "there is nothing here; send one JSON object");
    check(" \t\r ", "there is nothing here; send one JSON object");
    check("[]", "expected an object, not a list; send one JSON object");
    check("null", "expected an object, not null; send one JSON object");
    check("'track'", "expected an object, not a string; send one JSON object");
    check("1.5", "expected an object, not a number; send one JSON object");
    check("true", "expected an object, not a boolean; send one JSON object");
    check_bytes(b"{\"type\":\"tr\xffck\"}", "the byte at offset 11 is not UTF-8; write the text as UTF-8");
    // An encoded surrogate is no UTF-8 either.
    check_bytes(b"{\"\xed\xa0\x80\":1}", "the byte at offset 2 is not UTF-8; write the text as UTF-8");
}

/// Holds every error text of the parser to the fault that it stands for.
#[test]
fn malformed_json() {
    let check_fault = |line: &str, column: usize, fault: &str| {
        check(line, &format!("not valid JSON at column {column}: {fault}; send one whole JSON object"));
    };
    check_fault("{", 1, "it ends early");
    check_fault("{'type", 6, "it ends early");
    check_fault("{'type':", 8, "it ends early");
    check_fault("{'type':'track','properties':{'a':[1", 36, "it ends early");
    check_fault("{'type':tru", 11, "it ends early");
    check_fault("{'type':trux}", 12, "expected `true`, `false` or `null`");
    check_fault("{'type':NaN}", 9, "expected a value");
    check_fault("{'type':'track','x':}", 21, "expected a value");
    check_fault("{'type' 'track'}", 9, "expected `:`");
    check_fault("{'type':'track' 'x':1}", 17, "expected `,` or `}`");
    check_fault("{'type':'track','properties':{'a':[1 2]}}", 38, "expected `,` or `]`");
    check_fault("{'type':'track',}", 17, "a comma stands last in a list or an object");
    check_fault("{'properties':{'a':[1,]}}", 23, "a comma stands last in a list or an object");
    check_fault("{type:'track'}", 2, "expected a key in double quotes");
    check_fault("{'type':'tr\\xck'}", 13, "a backslash begins no escape that JSON knows");
    check_fault("{'type':'\\u12g4'}", 15, "a backslash begins no escape that JSON knows");
    check_fault("{'type':'tr\tck'}", 12, "a control character stands unescaped in a string");
    check_fault("{'timestamp':01}", 15, "a number is malformed");
    check_fault("{'timestamp':1.}", 16, "a number is malformed");
    check_fault("{'timestamp':-}", 15, "a number is malformed");
    check_fault("{'type':'track'} {}", 18, "more text follows the object");
    check_fault("{'é':'é' 'x'}", 10, "expected `,` or `}`");
    check_fault("x", 1, "expected a value");
    check("{\n\n'type' 'track'}", "not valid JSON at line 3, column 8: expected `:`; send one whole JSON object");
}

#[test]
fn characters_and_numbers_that_do_not_exist() {
    let surrogate = "holds half of a surrogate pair; escape both halves, or write the character as it is";
    check(&track(",'properties':{'a':['x','\\ud800']}"), &format!("`properties.a[1]` (column 77) {surrogate}"));
    check(&track(",'properties':{'a':'\\udc00'}"), &format!("`properties.a` (column 71) {surrogate}"));
    check(&track(",'properties':{'a':'\\ud800\\u0041'}"), &format!("`properties.a` (column 77) {surrogate}"));
    check(&track(",'properties':{'\\ud800':1}"), &format!("`properties` (column 68) {surrogate}"));
    check("{'type':'\\ud800'}", &format!("`type` (column 16) {surrogate}"));
    check("{'\\ud800':1}", &format!("column 9 {surrogate}"));
    check(&track(",'groups':{'t':'\\ud800'}"), &format!("`groups.t` (column 68) {surrogate}"));
    let number = "holds a number too large for a double; send it as a string";
    check(&track(",'properties':{'a':{'b':1e999}}"), &format!("`properties.a.b` (column 74) {number}"));
    check(&track(",'properties':{'a':-1e309}"), &format!("`properties.a` (column 70) {number}"));
    check(&track(",'timestamp':1e999"), &format!("`timestamp` (column 63) {number}"));
    check("{'type':'cohort','name':'c','report':{'a':1e999}}", &format!("`report.a` (column 47) {number}"));
    let Line::Track(event) =
        parsed(&track(",'properties':{'a':1.7976931348623157e308,'b':1e-999,'c':'\\ud83d\\ude00'}"))
    else {
        panic!()
    };
    assert_eq!(event.properties["a"], Value::Number(Number::Double(f64::MAX)));
    assert_eq!(event.properties["b"], Value::integer(0));
    assert_eq!(event.properties["c"], Value::string("\u{1f600}"));
}

#[test]
fn keys_that_stand_twice() {
    check("{'type':'track','type':'track'}", "the object holds the key `type` twice; send it once");
    check("{'type':'track','event':null,'event':'e'}", "the object holds the key `event` twice; send it once");
    check(&track(",'properties':{'a':1,'\\u0061':1}"), "`properties` holds the key `a` twice; send it once");
    check(
        &track(",'properties':{'a':[0,{'b':{'c':1,'d':2,'c':1}}]}"),
        "`properties.a[1].b` holds the key `c` twice; send it once",
    );
    check(&track(",'groups':{'t':'a','t':'b'}"), "`groups` holds the key `t` twice; send it once");
    check(&identify(",'add':{'n':1,'n':1}"), "`add` holds the key `n` twice; send it once");
    check(
        "{'type':'cohort','name':'c','report':{'where':{'b':1,'a':1,'b':1}}}",
        "`report.where` holds the key `b` twice; send it once",
    );
}

/// Objects and lists count alike, and the outermost object of the field is level 1.
#[test]
fn nesting_ends_at_64_levels() {
    for (open, close) in [("[", "]"), ("{'k':", "}")] {
        let nested = |levels: usize| format!("{{'k':{}0{}}}", open.repeat(levels - 1), close.repeat(levels - 1));
        for field in ["properties", "set_once", "append", "union"] {
            let Line::Identify(_) = parsed(&identify(&format!(",'{field}':{}", nested(64)))) else { panic!() };
            check(
                &identify(&format!(",'{field}':{}", nested(65))),
                &format!("`{field}` is nested deeper than 64 levels; send it flatter"),
            );
        }
        let cohort = |levels| format!("{{'type':'cohort','name':'c','report':{}}}", nested(levels));
        parsed(&cohort(64));
        check(&cohort(65), "`report` is nested deeper than 64 levels; send it flatter");
    }
}

/// No brackets, wherever they stand, overflow the stack.
#[test]
fn a_million_brackets() {
    let million = 1_000_000;
    for open in ["[", "{'a':"] {
        let brackets = open.repeat(million);
        for before in [
            "",
            "[",
            "{'x':",
            "{'type':",
            "{'timestamp':",
            "{'groups':",
            "{'groups':{'t':",
            "{'properties':",
            "{'properties':{'a':",
            "{'add':",
            "{'report':",
            "{'report':{'a':",
        ] {
            assert!(parse_line(&json(&format!("{before}{brackets}"))).is_err());
        }
    }
    let closed = format!("{{'type':'track','x':{}{}}}", "[".repeat(million), "]".repeat(million));
    check(
        &closed,
        "unknown field `x`; track() takes `type`, `distinct_id`, `event`, `timestamp`, `insert_id`, `groups` and \
         `properties`",
    );
}

#[test]
fn properties_end_at_32768_bytes() {
    // {"a":"…"} has 8 bytes around the text; é is two of them, and the escape \u0001 six.
    let event = |length: usize| track(&format!(", 'properties' : {{ 'a' : '{}' }}", "x".repeat(length - 8)));
    parsed(&event(32_768));
    check(&event(32_769), "`properties` takes more than 32768 bytes as compact JSON; send less in it");
    let wide = |length: usize| track(&format!(",'properties':{{'a':'x\\u0001{}'}}", "é".repeat((length - 15) / 2)));
    parsed(&wide(32_767));
    check(&wide(32_769), "`properties` takes more than 32768 bytes as compact JSON; send less in it");

    let together = "`properties`, `set_once`, `add`, `append` and `union` together take more than 32768 bytes as \
                    compact JSON; spread them over several calls";
    let call = |length: usize| {
        identify(&format!(
            ",'properties':{{'a':'{}'}},'set_once':{{'b':1}},'add':{{'c':2}},'append':{{'d':3}},'union':{{'e':4}}",
            "x".repeat(length - 8 - 4 * 7)
        ))
    };
    parsed(&call(32_768));
    check(&call(32_769), together);
    check(&identify(&format!(",'properties':{{'a':'{}'}}", "x".repeat(32_761))), together);
}

/// Written short, such numbers are long as compact JSON: the line must not be waved through for its own length.
#[test]
fn numbers_that_grow_are_measured_as_compact_json() {
    // {"a":[…]} has 8 bytes around the list, and 10000000000000000000 with its comma 21.
    let event = |count: usize, rest: &str| track(&format!(",'properties':{{'a':[{}{rest}]}}", "1e19,".repeat(count)));
    parsed(&event(1559, "'1234567890123456789'")); // 8 + 1559 × 21 + 21 = 32,768
    check(
        &event(1559, "'12345678901234567890'"),
        "`properties` takes more than 32768 bytes as compact JSON; send less in it",
    );
}

/// More values than can fit are refused before they are kept.
#[test]
fn many_small_values() {
    let event = |count: usize| track(&format!(",'properties':{{'':[{}]}}", vec!["1"; count].join(",")));
    parsed(&event(16_381)); // 6 + 2 × 16,381 = 32,768
    for count in [16_382, 16_383, 16_384, 16_385, 1_000_000] {
        check(&event(count), "`properties` takes more than 32768 bytes as compact JSON; send less in it");
    }
    check(
        &identify(&format!(",'append':{{'a':[{}1]}}", "1,".repeat(20_000))),
        "`append` takes more than 32768 bytes as compact JSON; send less in it",
    );
}

#[test]
fn types_and_fields() {
    let types = "it must be track, identify, group, alias or cohort";
    check("{}", &format!("`type` is missing; {types}"));
    check("{'type':null}", &format!("`type` is missing; {types}"));
    check("{'type':'page','distinct_id':7}", &format!("`type` is `page`; {types}"));
    check("{'type':'Track'}", &format!("`type` is `Track`; {types}"));
    check("{'type':7}", "`type` must be a string, not a number");
    check(
        "{'foo':1,'type':'track','bar':2}",
        "unknown field `foo`; track() takes `type`, `distinct_id`, `event`, `timestamp`, `insert_id`, `groups` and \
         `properties`",
    );
    check(
        &identify(",'insert_id':null"),
        "unknown field `insert_id`; identify() takes `type`, `distinct_id`, `timestamp`, `properties`, `set_once`, \
         `add`, `append` and `union`",
    );
    check(
        "{'type':'group','group':'company'}",
        "unknown field `group`; group() takes `type`, `distinct_id`, `group_type`, `group_key`, `timestamp`, \
         `properties`, `set_once`, `add`, `append` and `union`",
    );
    check(
        "{'type':'alias','distinct_id':'a','alias':'b','properties':{}}",
        "unknown field `properties`; alias() takes `type`, `distinct_id`, `alias` and `timestamp`",
    );
    check(
        "{'type':'cohort','name':'c','report':{},'timestamp':1}",
        "unknown field `timestamp`; a cohort takes `type`, `name` and `report`",
    );
    check(
        "{'type':'alias','a\\u0007\\n':1}",
        "unknown field `a\\u{7}\\n`; alias() takes `type`, `distinct_id`, `alias` and `timestamp`",
    );
}

#[test]
fn missing_fields() {
    check("{'type':'track'}", "`distinct_id` and `event` are missing; track() needs `distinct_id` and `event`");
    check("{'type':'track','distinct_id':'u'}", "`event` is missing; track() needs `distinct_id` and `event`");
    check("{'type':'identify'}", "`distinct_id` is missing; identify() needs `distinct_id`");
    check(
        "{'type':'group','distinct_id':'u'}",
        "`group_type` and `group_key` are missing; group() needs `group_type` and `group_key`",
    );
    check("{'type':'alias','alias':'a'}", "`distinct_id` is missing; alias() needs `distinct_id` and `alias`");
    check("{'type':'cohort'}", "`name` and `report` are missing; a cohort needs `name` and `report`");
}

#[test]
fn wrong_kinds_of_values() {
    check("{'type':'track','distinct_id':42,'event':'e'}", "`distinct_id` must be a string, not a number");
    check("{'type':'track','distinct_id':null,'event':'e'}", "`distinct_id` must be a string, not null");
    check("{'type':'track','distinct_id':'u','event':['e']}", "`event` must be a string, not a list");
    check(&track(",'insert_id':7"), "`insert_id` must be a string, not a number");
    check(&track(",'groups':['acme']"), "`groups` must be an object of group types and keys, not a list");
    check(&track(",'groups':{'company':null}"), "`groups.company` must be a string, not null");
    check(&track(",'groups':{'company':['a','b']}"), "`groups.company` must be a string, not a list");
    check(&track(",'properties':'x'"), "`properties` must be an object, not a string");
    check(&track(",'timestamp':true"), "`timestamp` must be RFC 3339 text or whole milliseconds, not a boolean");
    check(&track(",'timestamp':{}"), "`timestamp` must be RFC 3339 text or whole milliseconds, not an object");
    check(&identify(",'append':[1]"), "`append` must be an object, not a list");
    check(&identify(",'add':{'n':'1'}"), "`add.n` must be a number, not a string");
    check(&identify(",'add':{'n':null}"), "`add.n` must be a number, not null");
    check("{'type':'cohort','name':'c','report':'x'}", "`report` must be an object, not a string");
    check("{'type':'cohort','name':'c','report':null}", "`report` must be an object, not null");
    for field in ["set_once", "append", "union"] {
        check(
            &identify(&format!(",'{field}':{{'a':1,'p':null}}")),
            &format!("`{field}.p` is null; only `properties` may hold null, which removes the property"),
        );
    }
}

#[test]
fn names() {
    let long = "é".repeat(200) + "x";
    check("{'type':'track','distinct_id':'','event':'e'}", "`distinct_id` is blank; give it 1 to 400 bytes");
    check("{'type':'track','distinct_id':'u','event':' \u{2003} '}", "`event` is blank; give it 1 to 200 bytes");
    check(
        "{'type':'track','distinct_id':'u','event':'*'}",
        "`event` is `*`, which stands for any event in reports; choose another name",
    );
    check(
        &format!("{{'type':'track','distinct_id':'{long}','event':'e'}}"),
        "`distinct_id` has 401 bytes; at most 400 are allowed",
    );
    check(&track(",'insert_id':''"), "`insert_id` is blank; give it 1 to 400 bytes");
    parsed(&track(",'insert_id':' '"));
    check(&track(",'groups':{'company':' '}"), "`groups.company` is blank; give it 1 to 400 bytes");
    check(&track(",'groups':{' ':'a'}"), "a group type in `groups` is blank; give it 1 to 100 bytes");
    let group_type = |length: usize| track(&format!(",'groups':{{'{}':'a'}}", "t".repeat(length)));
    parsed(&group_type(100));
    check(&group_type(101), "a group type in `groups` has 101 bytes; at most 100 are allowed");
    check("{'type':'group','group_type':'t','group_key':'\\n'}", "`group_key` is blank; give it 1 to 400 bytes");
    let cohort = |name: &str| format!("{{'type':'cohort','name':'{name}','report':{{}}}}");
    parsed(&cohort(&"c".repeat(400)));
    check(&cohort(&"c".repeat(401)), "`name` has 401 bytes; at most 400 are allowed");
    check(&cohort("\u{a0}"), "`name` is blank; give it 1 to 400 bytes");
}

#[test]
fn ids_that_alias_does_not_join() {
    let shared = "which many people share by accident, so alias() does not join it; send the person's own id";
    let alias = |user: &str, alias: &str| format!("{{'type':'alias','distinct_id':'{user}','alias':'{alias}'}}");
    check(&alias("u", " Null"), &format!("`alias` is ` Null`, {shared}"));
    check(&alias("[object Object]", "a"), &format!("`distinct_id` is `[object Object]`, {shared}"));
    check(&alias("0", "0"), &format!("`distinct_id` is `0`, {shared}"));
    check(&alias("u", ""), "`alias` is blank; give it 1 to 400 bytes");
    check(&alias("u", &"a".repeat(401)), "`alias` has 401 bytes; at most 400 are allowed");
    parsed(&alias("same", "same"));
    parsed("{'type':'track','distinct_id':'null','event':'e'}");
}

#[test]
fn timestamps() {
    let time = |written: &str| match parsed(&track(&format!(",'timestamp':{written}"))) {
        Line::Track(event) => event.time.map(Timestamp::micros),
        _ => panic!(),
    };
    assert_eq!(time("null"), None);
    assert_eq!(time("1500"), Some(1_500_000));
    assert_eq!(time("-1"), Some(-1000));
    assert_eq!(time("'2026-01-03T10:00:00.1234569+01:00'"), Some(1_767_430_800_123_456));
    assert_eq!(time("253402300799999"), Some(253_402_300_799_999_000));
    assert_eq!(time("-62135596800000"), Some(Timestamp::MIN.micros()));
    let check_time = |written: &str, reason: &str| {
        let remedy = "correct it, or leave it out to take the time of arrival";
        check(&track(&format!(",'timestamp':{written}")), &format!("`timestamp` {reason}; {remedy}"));
    };
    let range = "is outside 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z";
    for written in ["253402300800000", "-62135596800001", "9223372036854775808", "99999999999999999999", "-1e300"] {
        check_time(written, range);
    }
    check_time("'2026-01-03'", "is not RFC 3339 with an offset, such as 2026-01-03T10:00:00.123456Z");
    check_time("'2026-02-29T24:00:00Z'", "names a day or a time of day that does not exist");
    for written in ["1500.5", "1500.0", "15e2"] {
        check(
            &track(&format!(",'timestamp':{written}")),
            "`timestamp` is a number with a fraction or an exponent; send whole milliseconds, or RFC 3339 text",
        );
    }
}

/// A line with many faults is refused for the one that comes first in the order of checks, not of fields.
#[test]
fn the_order_of_checks() {
    let name = "`distinct_id` is blank; give it 1 to 400 bytes";
    check("{'timestamp':1.5,'event':'*','distinct_id':'','type':'track'}", name);
    check("{'event':'*','properties':[],'groups':7,'distinct_id':'','type':'track'}", name);
    check(
        "{'add':{'n':'x'},'type':'alias'}",
        "unknown field `add`; alias() takes `type`, `distinct_id`, `alias` and `timestamp`",
    );
}

#[test]
fn objects_without_a_type() {
    let line = parse_object(Kind::Alias, br#"{"distinct_id":"u","alias":"a"}"#);
    assert!(matches!(line, Ok(Line::Alias(_))));
    let refusal = parse_object(Kind::Alias, br#"{"type":"alias","distinct_id":"u","alias":"a"}"#).unwrap_err();
    assert_eq!(refusal.to_string(), "unknown field `type`; alias() takes `distinct_id`, `alias` and `timestamp`");
    let refusal = parse_object(Kind::Track, b"{}").unwrap_err();
    let missing = "`distinct_id` and `event` are missing; track() needs `distinct_id` and `event`";
    assert_eq!(refusal.to_string(), missing);
}
