//! Reports and pages over HTTP are, byte for byte, what the commands print.

use super::exchange::Request;
use super::site::{Asked, Site, command};
use serde_json::json;
use std::fmt::Write;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

const NAMES: [&str; 3] = ["opened", "shared", "paid"];

/// What users of three companies did in ten days.
fn history() -> String {
    let mut text = String::new();
    for number in 0..400 {
        let (user, day, hour) = (number * 7 % 23, 1 + number % 10, number % 24);
        let (company, plan) = (user % 3, ["free", "pro", "enterprise"][number % 3]);
        let line = match number % 9 {
            0 => json!({ "type": "identify", "distinct_id": format!("u{user}"), "properties": { "role": plan } }),
            1 => json!({ "type": "group", "distinct_id": format!("u{user}"), "group_type": "company",
                "group_key": format!("c{company}"), "properties": { "plan": plan, "näme": "<b>&amp;" } }),
            2 => json!({ "type": "alias", "distinct_id": format!("u{user}"), "alias": format!("visitor{user}") }),
            other => json!({ "type": "track", "distinct_id": format!("u{user}"),
                "event": NAMES[other % 3], "groups": { "company": format!("c{company}") },
                "properties": { "amount": number as f64 / 8.0, "plan": plan } }),
        };
        let mut line = line;
        line["timestamp"] = format!("2026-01-{day:02}T{hour:02}:00:00Z").into();
        writeln!(text, "{line}").unwrap();
    }
    text
}

const DOCUMENTS: [&str; 9] = [
    r#"{"report":"trends","from":"2026-01-01","to":"2026-01-11","series":[{"event":"opened"},{"event":"paid","measure":{"sum":"amount"}}],"breakdown":[{"property":"plan"}],"compare":"previous"}"#,
    r#"{"report":"trends","from":"2026-01-01","to":"2026-01-11","timezone":"Asia/Kolkata","interval":"week","count_by":{"group":"company"},"series":[{"event":"*","measure":"per_unit"}]}"#,
    r#"{"report":"funnel","from":"2026-01-01","to":"2026-01-11","steps":["opened","shared","paid"],"window":"3d","interval":"day"}"#,
    r#"{"report":"funnel","from":"2026-01-01","to":"2026-01-11","count_by":{"group":"company"},"steps":["opened","paid"],"units":{"step":2}}"#,
    r#"{"report":"retention","from":"2026-01-01","to":"2026-01-11","interval":"day","periods":5,"start":"opened","return":"*"}"#,
    r#"{"report":"cohort","where":{"did":"paid","times":{"gte":2}},"limit":5}"#,
    r#"{"report":"stickiness","from":"2026-01-01","to":"2026-01-11","interval":"day","event":"opened"}"#,
    r#"{"report":"lifecycle","from":"2026-01-01","to":"2026-01-11","interval":"day","event":"opened"}"#,
    r#"{"report":"paths","from":"2026-01-01","to":"2026-01-11","start":"opened","steps":3}"#,
];

/// What a command prints.
fn printed(arguments: &[&str], data: &Path, input: &str) -> (Option<i32>, String, String) {
    let mut child = command(arguments.iter().copied(), data).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn reports_and_pages_are_what_the_commands_print() {
    let mut site = Site::new();
    let lines = history();
    assert_eq!(site.post("/v1/batch", &lines).accepted(), lines.lines().count() as u64);
    let data = site.directory.path();
    for document in DOCUMENTS {
        let answer = site.post("/api/report", document);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{document}");
        assert_eq!(printed(&["report", "-"], data, document), (Some(0), answer.text(), String::new()), "{document}");
    }
    let cursor = site.get("/api/groups/company?limit=2").json()["next_cursor"].as_str().unwrap().to_owned();
    for (target, arguments) in [
        ("/api/groups".to_owned(), vec!["groups"]),
        ("/api/groups/company".to_owned(), vec!["groups", "company"]),
        ("/api/groups/company?limit=2".to_owned(), vec!["groups", "company", "--limit", "2"]),
        (
            format!("/api/groups/company?limit=2&cursor={cursor}"),
            vec!["groups", "company", "--limit", "2", "--cursor", &cursor],
        ),
        ("/api/groups/company?search=C1".to_owned(), vec!["groups", "company", "--search", "C1"]),
        ("/api/groups/company/c1".to_owned(), vec!["group", "company", "c1"]),
        ("/api/users/u3".to_owned(), vec!["user", "u3"]),
        ("/api/users/visitor3".to_owned(), vec!["user", "visitor3"]),
        ("/api/events".to_owned(), vec!["events"]),
        ("/api/events?name=paid".to_owned(), vec!["events", "--name", "paid"]),
    ] {
        let answer = site.get(&target);
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(printed(&arguments, data, ""), (Some(0), answer.text(), String::new()), "{target}");
    }
    site.stop();
}

#[test]
fn what_is_wrong_is_said_in_the_same_words() {
    let mut site = Site::new();
    assert_eq!(site.post("/v1/batch", history()).status, 200);
    let data = site.directory.path();
    for (request, status, arguments, input) in [
        (Request::get("/api/groups/compny"), 404, vec!["groups", "compny"], ""),
        (Request::get("/api/groups/company/c7"), 404, vec!["group", "company", "c7"], ""),
        (Request::get("/api/users/nobody"), 404, vec!["user", "nobody"], ""),
        (Request::get("/api/events?name=openned"), 404, vec!["events", "--name", "openned"], ""),
        (Request::get("/api/groups/company?cursor=x"), 400, vec!["groups", "company", "--cursor", "x"], ""),
        (Request::post("/api/report", "{}"), 400, vec!["report", "-"], "{}"),
        (Request::post("/api/report", r#"{"report":"trend"}"#), 400, vec!["report", "-"], r#"{"report":"trend"}"#),
    ] {
        let answer = site.ask(&request);
        assert_eq!(answer.status, status, "{arguments:?}");
        let sentence = answer.json()["error"].as_str().unwrap().to_owned();
        let (code, out, err) = printed(&arguments, data, input);
        assert_eq!((code, out.as_str(), err), (Some(1), "", format!("error: {sentence}\n")));
    }
    site.stop();
}
