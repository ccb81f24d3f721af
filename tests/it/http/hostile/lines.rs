//! JSON that is none, or is not what an address takes.

use super::super::exchange::Request;
use super::{Case, Stays, case};

pub fn cases() -> Vec<Case> {
    [objects(), nested(), batches(), documents()].into_iter().flatten().collect()
}

fn post(target: &str, name: &str, body: &[u8], status: u16) -> Case {
    case(format!("{target}: {name}"), Request::post(target, body).bytes(), Stays(status))
}

/// An event with one more field.
fn with(field: &str) -> String {
    format!(r#"{{{field},"distinct_id":"u","event":"e"}}"#)
}

fn objects() -> Vec<Case> {
    let mut cases = Vec::new();
    for target in ["/v1/track", "/v1/identify", "/v1/group", "/v1/alias", "/api/report"] {
        let bad: [(&str, &[u8]); 12] = [
            ("nothing", b""),
            ("blanks", b" \r\n\t"),
            ("null", b"null"),
            ("a number", b"1"),
            ("text", b"\"x\""),
            ("a list", b"[]"),
            ("no fields", b"{}"),
            ("an open brace", b"{"),
            ("a trailing comma", b"{\"distinct_id\":\"u\",}"),
            ("not UTF-8", b"{\"distinct_id\":\"\xff\"}"),
            ("an unknown field", b"{\"nothing\":1}"),
            ("a NUL", b"{}\0"),
        ];
        cases.extend(bad.iter().map(|(name, body)| post(target, name, body, 400)));
    }
    for field in [
        r#""type":"track""#,
        r#""event":"again""#,
        r#""DISTINCT_ID":"u""#,
        r#""properties":[]"#,
        r#""properties":{"a":1,"a":2}"#,
        r#""properties":{"a":NaN}"#,
        r#""properties":{"a":Infinity}"#,
        r#""properties":{"a":-Infinity}"#,
        r#""properties":{"a":1e999}"#,
        r#""properties":{"a":01}"#,
        r#""properties":{"a":+1}"#,
        r#""properties":{"a":.5}"#,
        r#""properties":{"a":0x10}"#,
        r#""properties":{"a":"\ud800"}"#,
        r#""properties":{"a":"\udc00\ud800"}"#,
        r#""properties":{"\ud800":1}"#,
        r#""properties":{"a":"\x41"}"#,
        r#""properties":{'a':1}"#,
        r#""groups":{"company":1}"#,
        r#""groups":{"company":""}"#,
        r#""groups":["company"]"#,
        r#""timestamp":"yesterday""#,
        r#""timestamp":1.5"#,
        r#""timestamp":true"#,
        r#""timestamp":99999999999999999999"#,
        r#""timestamp":"2026-01-03T10:00:00""#,
        r#""insert_id":"""#,
        r#""insert_id":7"#,
        "/* no */\"a\":1",
    ] {
        cases.push(post("/v1/track", field, with(field).as_bytes(), 400));
    }
    let good = r#"{"distinct_id":"u","event":"e"}"#;
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let long = "u".repeat(401);
    for (name, body) in [
        ("two objects", format!("{good}{good}").into_bytes()),
        ("two lines", format!("{good}\n{good}").into_bytes()),
        ("UTF-16", utf16),
        ("an empty id", br#"{"distinct_id":"","event":"e"}"#.to_vec()),
        ("a blank event", br#"{"distinct_id":"u","event":" "}"#.to_vec()),
        ("the event *", br#"{"distinct_id":"u","event":"*"}"#.to_vec()),
        ("an id of 401 bytes", format!(r#"{{"distinct_id":"{long}","event":"e"}}"#).into_bytes()),
        ("an id that is a number", br#"{"distinct_id":1,"event":"e"}"#.to_vec()),
    ] {
        cases.push(post("/v1/track", name, &body, 400));
    }
    for id in ["null", " Undefined ", "0", "[object Object]"] {
        let body = format!(r#"{{"distinct_id":"u","alias":"{id}"}}"#);
        cases.push(post("/v1/alias", id, body.as_bytes(), 400));
    }
    cases
}

fn nested() -> Vec<Case> {
    let objects = |depth: usize| {
        let (open, close) = ("{\"a\":".repeat(depth - 1), "}".repeat(depth - 1));
        with(&format!("\"properties\":{open}{{}}{close}"))
    };
    let lists =
        |depth: usize| with(&format!("\"properties\":{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1)));
    let filter = |depth: usize| {
        let (open, close) = (r#"{"not":"#.repeat(depth), "}".repeat(depth));
        format!(
            r#"{{"report":"trends","from":"2026-01-01","to":"2026-01-02","series":[{{"event":"e"}}],"filter":{open}{{"property":"p","op":"set"}}{close}}}"#
        )
    };
    vec![
        post("/v1/track", "objects 64 deep", objects(64).as_bytes(), 200),
        post("/v1/track", "objects 65 deep", objects(65).as_bytes(), 400),
        post("/v1/track", "lists 64 deep", lists(64).as_bytes(), 200),
        post("/v1/track", "lists 65 deep", lists(65).as_bytes(), 400),
        // The document and its innermost filter are levels too.
        post("/api/report", "filters 64 deep", filter(62).as_bytes(), 200),
        post("/api/report", "filters 65 deep", filter(63).as_bytes(), 400),
        post("/v1/track", "a million lists", "[".repeat(1_000_000).as_bytes(), 400),
        post("/v1/track", "a million objects", "{\"a\":".repeat(1_000_000).as_bytes(), 400),
        post("/v1/batch", "a million lists", "[".repeat(1_000_000).as_bytes(), 400),
        post(
            "/v1/batch",
            "a batch of a million lists",
            format!("{{\"batch\":{}", "[".repeat(1_000_000)).as_bytes(),
            400,
        ),
        post("/v1/batch", "a list of deep objects", format!("[{}", "{\"a\":".repeat(1_000_000)).as_bytes(), 400),
        post("/api/report", "a million lists", "[".repeat(1_000_000).as_bytes(), 400),
        post("/api/report", "a million filters", "{\"filter\":".repeat(500_000).as_bytes(), 400),
    ]
}

fn batches() -> Vec<Case> {
    let line = r#"{"type":"track","distinct_id":"u","event":"e"}"#;
    let cohort = r#"{"type":"cohort","name":"c","report":{"report":"cohort","where":{"did":"e"}}}"#;
    let mut cases = Vec::new();
    for (name, body, status) in [
        ("nothing", String::new(), 400),
        ("empty lines", "\n\r\n \n".to_owned(), 400),
        ("no items", "[]".to_owned(), 400),
        ("no items in a batch", "{\"batch\":[]}".to_owned(), 400),
        ("an empty object", "{}".to_owned(), 400),
        ("an object for a list", "{\"batch\":{}}".to_owned(), 400),
        ("an open list", format!("[{line}"), 400),
        ("a comma too many", format!("[{line},]"), 400),
        ("more behind the list", format!("[{line}] x"), 400),
        ("two lists", format!("[{line}][{line}]"), 400),
        ("a field beside the batch", format!("{{\"batch\":[{line}],\"x\":1}}"), 400),
        ("two batches", format!("{{\"batch\":[{line}],\"batch\":[]}}"), 400),
        ("a list in a list", format!("[[{line}]]"), 400),
        ("a cohort", cohort.to_owned(), 400),
        ("an unknown type", r#"{"type":"page","distinct_id":"u"}"#.to_owned(), 400),
        ("no type", r#"{"distinct_id":"u","event":"e"}"#.to_owned(), 400),
        ("one good line among bad ones", format!("x\n{line}\n{cohort}\n"), 200),
        ("one good item among bad ones", format!("[1,{line},null]"), 200),
    ] {
        cases.push(post("/v1/batch", name, body.as_bytes(), status));
    }
    cases.push(post("/v1/batch", "a line that is not UTF-8", &[line.as_bytes(), b"\n{\"\xff\"}"].concat(), 200));
    cases
}

fn documents() -> Vec<Case> {
    let trends = |more: &str| format!(r#"{{"report":"trends","from":"2026-01-01","to":"2026-01-02",{more}}}"#);
    let mut cases = Vec::new();
    for (name, body) in [
        ("another report", r#"{"report":"nothing"}"#.to_owned()),
        ("a report that is a number", r#"{"report":1}"#.to_owned()),
        ("NaN", r#"{"report":NaN}"#.to_owned()),
        ("a field twice", r#"{"report":"trends","report":"trends"}"#.to_owned()),
        ("no series", trends(r#""series":[]"#)),
        ("a bad zone", trends(r#""series":[{"event":"e"}],"timezone":"Mars/Olympus""#)),
        ("a path for a zone", trends(r#""series":[{"event":"e"}],"timezone":"../../etc/passwd""#)),
        (
            "a bad expression",
            trends(r#""series":[{"event":"e"}],"filter":{"property":"p","op":"matches","value":"("}"#),
        ),
        ("an unknown group type", trends(r#""series":[{"event":"e"}],"count_by":{"group":"nothing"}"#)),
        ("an unknown cohort", trends(r#""series":[{"event":"e"}],"filter":{"cohort":"nothing"}"#)),
        ("a lone surrogate", trends(r#""series":[{"event":"\ud800"}]"#)),
        (
            "too many buckets",
            r#"{"report":"trends","from":"0001-01-01","to":"9999-01-01","interval":"hour","series":[{"event":"e"}]}"#
                .to_owned(),
        ),
        (
            "from after to",
            r#"{"report":"trends","from":"2026-01-02","to":"2026-01-01","series":[{"event":"e"}]}"#.to_owned(),
        ),
        ("a cohort that names itself", r#"{"report":"cohort","where":{"cohort":"me"},"save_as":"me"}"#.to_owned()),
    ] {
        cases.push(post("/api/report", name, body.as_bytes(), 400));
    }
    cases
}
