//! Targets: paths and queries that lead nowhere, and must not lead anywhere else.

use super::{Case, Ends, Stays, case, get};

pub fn cases() -> Vec<Case> {
    [paths(), whole_addresses(), names(), parameters(), not_targets()].into_iter().flatten().collect()
}

fn paths() -> Vec<Case> {
    let nowhere = [
        "//",
        "/healthz/",
        "//healthz",
        "/./healthz",
        "/x/../healthz",
        "/HEALTHZ",
        "/healthz;x=y",
        "/healthz%00",
        "/healthz%20",
        "/%68ealthz",
        "/v1%2ftrack",
        "/%76%31/track",
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/track/",
        "/api/",
        "/api/nothing",
        "/api/report/",
        "/api/groups/",
        "/api/groups//",
        "/api/groups/a/b/c",
        "/api/user",
        "/api/users/",
        "/api/users/a/b",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%252e%252e/",
        "/..\\..\\MANIFEST",
        "/MANIFEST",
        "/keys.json",
        "/tracker.js/../keys.json",
        "/favicon.ico",
        "/{{{{{",
        "/healthz|",
    ];
    nowhere.into_iter().map(|path| case(format!("path {path}"), get(path, ""), Stays(404))).collect()
}

fn whole_addresses() -> Vec<Case> {
    [
        ("http://localhost/healthz", Stays(200)),
        ("http://LOCALHOST:80/healthz", Stays(200)),
        ("http://localhost", Stays(200)),
        ("http://localhost/http://localhost/healthz", Stays(404)),
        ("http://evil.example/healthz", Stays(403)),
        ("http://localhost@evil.example/healthz", Stays(403)),
        ("http://user:word@localhost/healthz", Stays(403)),
        ("http://localhost.evil.example/healthz", Stays(403)),
        ("//evil.example/healthz", Stays(404)),
        ("healthz", Stays(403)),
        ("http:///healthz", Ends(400)),
        ("file:///etc/passwd", Ends(400)),
        ("localhost/healthz", Ends(400)),
        ("?x", Ends(400)),
    ]
    .into_iter()
    .map(|(target, end)| case(format!("target {target}"), get(target, ""), end))
    .collect()
}

/// Names inside of paths.
fn names() -> Vec<Case> {
    let long = format!("/api/users/{}", "a".repeat(8_000));
    [
        ("/api/groups/company", 404),
        ("/api/groups/%00", 404),
        ("/api/groups/%25ff", 404),
        ("/api/groups/%", 404),
        ("/api/groups/%zz", 404),
        ("/api/groups/%ff", 400),
        ("/api/groups/company/%ff", 400),
        ("/api/groups/..%2f..%2f", 404),
        ("/api/groups/%F0%9F%92%A9/%2F", 404),
        ("/api/users/%2e%2e", 404),
        ("/api/users/%c0%ae", 400),
        ("/api/users/%ed%a0%80", 400),
        ("/api/users/a%0d%0aX:%20y", 404),
        ("/api/users/%3Cscript%3E", 404),
        ("/api/users/ann", 200),
        ("/api/users/%61nn", 200),
        ("/api/users/%2561nn", 404),
        (&long, 404),
    ]
    .into_iter()
    .map(|(target, status)| case(format!("name {}", &target[..target.len().min(40)]), get(target, ""), Stays(status)))
    .collect()
}

fn parameters() -> Vec<Case> {
    let many = format!("/api/events?{}", "workspace=default&".repeat(400));
    [
        ("/healthz?", 200),
        ("/healthz?workspace=../x", 200),
        ("/healthz?%00", 200),
        ("/api/events?name=kept", 200),
        ("/api/events?name=%6bept", 200),
        ("/api/events?name=", 404),
        ("/api/events?name=%", 404),
        ("/api/events?name=nothing", 404),
        ("/api/events?name=kept&name=kept", 400),
        ("/api/events?nothing=1", 400),
        ("/api/events?name[]=kept", 400),
        ("/api/groups?sort=up", 400),
        ("/api/groups/company/acme?sort=up", 400),
        ("/api/users/u?sort=up", 400),
        ("/api/groups/company?limit=0", 400),
        ("/api/groups/company?limit=10001", 400),
        ("/api/groups/company?limit=10000", 404),
        ("/api/groups/company?limit=-1", 400),
        ("/api/groups/company?limit=1e3", 400),
        ("/api/groups/company?limit=NaN", 400),
        ("/api/groups/company?limit=%31", 404),
        ("/api/groups/company?limit=", 400),
        ("/api/groups/company?limit=99999999999999999999", 400),
        ("/api/groups/company?limit=1&limit=2", 400),
        ("/api/groups?workspace=default", 200),
        ("/api/groups?workspace=", 400),
        ("/api/groups?workspace=../x", 400),
        ("/api/groups?workspace=..%2fx", 400),
        ("/api/groups?workspace=%64efault", 400),
        ("/api/groups?workspace=DEFAULT", 400),
        ("/api/groups?workspace=nothing", 404),
        ("/api/groups?workspace=default&workspace=default", 400),
        ("/api/groups?workspace=default&workspace=nothing", 400),
        ("/v1/track?workspace=../x", 400),
        ("/metrics?workspace=nothing", 404),
        (&many, 400),
    ]
    .into_iter()
    .map(|(target, status)| {
        // What is sent to is sent to; the rest is asked.
        let request = if target.starts_with("/v1/") {
            format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").into_bytes()
        } else {
            get(target, "")
        };
        case(format!("query {}", &target[..target.len().min(60)]), request, Stays(status))
    })
    .collect()
}

/// Bytes that are in no target.
fn not_targets() -> Vec<Case> {
    let bad: [&[u8]; 7] =
        [b"/api/groups/\xff", b"/api/events?name=\xff", b"/\"<>", b"/a\0b", b"/a\x7fb", b"/a\tb", b"/a b"];
    bad.into_iter()
        .map(|target| {
            let bytes = [b"GET ", target, b" HTTP/1.1\r\nHost: localhost\r\n\r\n"].concat();
            case(format!("target {:?}", String::from_utf8_lossy(target)), bytes, Ends(400))
        })
        .collect()
}
