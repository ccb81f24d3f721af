//! Who is let in: by key, and on this machine without one.

use super::exchange::Request;
use super::site::{Asked, Process, Site, command, count_document, event, make_key, make_workspace, wait_until};
use std::cell::RefCell;
use std::path::Path;
use trackcrumb::files::DiskStorage;
use trackcrumb::server::{KeyKind, revoke_key};

/// A server that listens on all addresses, with a key of each kind.
struct Open {
    site: Site,
    write: String,
    read: String,
}

fn open() -> Open {
    let keys = RefCell::new(Vec::new());
    let make = |store: &Path| {
        for kind in [KeyKind::Write, KeyKind::Read] {
            keys.borrow_mut().push(make_key(store, kind).1);
        }
    };
    let site = Site::set_up(make, |settings| settings.listen = "0.0.0.0:0".parse().unwrap());
    let mut keys = keys.into_inner();
    Open { site, read: keys.pop().unwrap(), write: keys.pop().unwrap() }
}

fn track() -> Request {
    Request::post("/v1/track", event("u", "e"))
}

fn report() -> Request {
    Request::post("/api/report", count_document("e"))
}

#[test]
fn each_kind_of_key_opens_its_own_addresses() {
    let Open { mut site, write, read } = open();
    let status = |request: Request| site.ask(&request).status;
    // Everybody may ask for these, and any name leads here: keys are what counts.
    for target in ["/healthz", "/tracker.js", "/tracker.d.ts", "/api", "/api/openapi.json", "/api/reference.css"] {
        assert_eq!(status(Request::get(target).header("host", "stats.example")), 200, "{target}");
    }
    for (target, body) in [("/v1/track", true), ("/v1/identify", true), ("/v1/group", true), ("/v1/alias", true)]
        .into_iter()
        .chain([("/v1/batch", true), ("/v1/nothing", true), ("/api/report", true), ("/api/nothing", true)])
        .chain([("/api/groups", false), ("/api/groups/a", false), ("/api/groups/a/b", false), ("/api/events", false)])
        .chain([("/api/users/u", false), ("/metrics", false), ("/nothing", false), ("/", false)])
    {
        let request = if body { Request::post(target, "{}") } else { Request::get(target) };
        let (good, other) = if target.starts_with("/v1/") { (&write, &read) } else { (&read, &write) };
        let answer = site.ask(&request);
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{target}");
        assert_eq!(status(request.clone().key("tcw_0123")), 401, "{target}");
        assert_eq!(status(request.clone().key(other)), 403, "{target}");
        let allowed = status(request.key(good));
        assert!(![401, 403].contains(&allowed), "{target}: {allowed}");
    }
    assert_eq!(site.ask(&track().key(&write)).accepted(), 1);
    assert_eq!(site.ask(&report().key(&read)).json()["series"][0]["total"], 1);
    site.stop();
}

#[test]
fn keys_come_in_a_header_or_to_send_in_the_query() {
    let Open { mut site, write, read } = open();
    let status = |request: Request| site.ask(&request).status;
    let track_at = |query: &str| Request::post(&format!("/v1/track?{query}"), event("u", "e"));
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "] {
        assert_eq!(status(track().header("authorization", format!("{scheme} {write}"))), 200, "{scheme}");
    }
    for value in [
        write.clone(),
        format!("Bearer{write}"),
        format!("Basic {write}"),
        format!("Bearer {write}x"),
        format!("Bearer {}", &write[..write.len() - 1]),
        format!("Bearer {}", write.to_uppercase()),
        format!("Bearer {write}, Bearer {write}"),
        format!("Bearer \"{write}\""),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
    ] {
        assert_eq!(status(track().header("authorization", &value)), 401, "{value}");
    }
    assert_eq!(status(track_at(&format!("key={write}"))), 200);
    assert_eq!(status(track_at(&format!("x=1&key={write}"))), 200);
    for (query, expected) in [
        (format!("key={read}"), 403),
        (format!("Key={write}"), 401),
        (format!("key={write}%20"), 401),
        (format!("xkey={write}"), 401),
        (format!("key={write}&key={read}"), 400),
        ("key=".to_owned(), 401),
        ("key".to_owned(), 401),
    ] {
        assert_eq!(status(track_at(&query)), expected, "{query}");
    }
    // The header wins, and what reads is never in an address, which others may see.
    assert_eq!(status(track_at(&format!("key={write}")).key("tcw_0")), 401);
    assert_eq!(status(Request::get(&format!("/api/events?key={read}"))), 401);
    assert_eq!(status(Request::get("/api/events").header("cookie", format!("key={read}"))), 401);
    site.stop();
}

#[test]
fn keys_made_and_revoked_while_the_server_runs_are_noticed() {
    let mut site = Site::new();
    let status = |request: Request| site.ask(&request).status;
    assert_eq!((status(track()), status(report())), (200, 200));
    let store = site.directory.path();
    let (entry, write) = make_key(store, KeyKind::Write);
    // From now on it is needed to send; reading needs none until there is one to read.
    wait_until(|| status(track()) == 401);
    assert_eq!((status(track().key(&write)), status(report())), (200, 200));
    let (_, read) = make_key(store, KeyKind::Read);
    wait_until(|| status(report()) == 401);
    assert_eq!(status(report().key(&read)), 200);
    let (_, second) = make_key(store, KeyKind::Write);
    wait_until(|| status(track().key(&second)) == 200);
    let mut kept_open = site.connect();
    assert_eq!(kept_open.ask(&track().key(&write)).status, 200);
    revoke_key(&DiskStorage::open(store).unwrap(), &entry.id).unwrap();
    let start = std::time::Instant::now();
    wait_until(|| status(track().key(&write)) == 401);
    assert!(start.elapsed().as_secs() < 5);
    // Also on connections that were there before.
    assert_eq!(kept_open.ask(&track().key(&write)).status, 401);
    assert_eq!(status(track().key(&second)), 200);
    site.stop();
}

#[test]
fn keys_that_cannot_be_read_let_nobody_in() {
    let mut site = Site::new();
    let status = |request: Request| site.ask(&request).status;
    let (_, write) = make_key(site.directory.path(), KeyKind::Write);
    wait_until(|| status(track()) == 401);
    std::fs::write(site.directory.path().join("keys.json"), "{}").unwrap();
    wait_until(|| status(track().key(&write)) == 401);
    assert_eq!((status(track()), status(report()), status(Request::get("/healthz"))), (500, 500, 200));
    site.stop();
}

#[test]
fn each_workspace_has_its_keys_and_its_data() {
    let mut site = Site::new();
    let data = site.directory.path();
    let status = |request: &Request| site.ask(request).status;
    // Made while the server runs.
    let acme = make_workspace(data, "acme");
    let to = |target: &str, workspace: &str| format!("{target}?workspace={workspace}");
    let track_in = |workspace: &str| Request::post(&to("/v1/track", workspace), event("ann", "e"));
    let count_in = |workspace: &str| {
        let answer = site.ask(&Request::post(&to("/api/report", workspace), count_document("e")));
        answer.json()["series"][0]["total"].as_u64()
    };
    wait_until(|| status(&Request::get(&to("/api/events", "acme"))) == 200);
    assert_eq!(site.ask(&track_in("acme")).accepted(), 1);
    assert_eq!((count_in("acme"), count_in("default"), site.count("e")), (Some(1), Some(0), 0));
    assert_eq!(status(&Request::get(&to("/api/users/ann", "acme"))), 200);
    assert_eq!(status(&Request::get("/api/users/ann")), 404);
    assert_eq!(status(&track_in("nothing")), 404);

    let (_, write) = make_key(&acme, KeyKind::Write);
    let (_, read) = make_key(&acme, KeyKind::Read);
    let nothing_in = |workspace: &str| Request::post(&to("/v1/track", workspace), "{}");
    wait_until(|| status(&nothing_in("acme")) == 401 && status(&Request::get(&to("/api/events", "acme"))) == 401);
    // The key alone says which workspace is meant, and no other may be named with it.
    assert_eq!(site.ask(&track().key(&write)).accepted(), 1);
    assert_eq!(site.ask(&track_in("acme").key(&write)).accepted(), 1);
    assert_eq!(status(&track_in("default").key(&write)), 403);
    assert_eq!(status(&track_in("nothing").key(&write)), 403);
    let counted = site.ask(&report().key(&read)).json();
    assert_eq!(counted["series"][0]["total"], 3);
    assert_eq!(site.count("e"), 0);
    // What is about all workspaces is for who may read `default`.
    assert_eq!(status(&Request::get("/metrics").key(&read)), 403);
    assert_eq!(status(&Request::get(&to("/metrics", "acme"))), 401);
    let metrics = site.get("/metrics").text();
    assert!(metrics.contains("trackcrumb_store_events{workspace=\"acme\"} 3\n"), "{metrics}");
    assert!(!metrics.contains("ann") && !metrics.contains(&read[4..]));
    site.stop();
}

#[test]
fn without_keys_only_this_machine_itself_is_answered() {
    let mut site = Site::new();
    let status = |request: Request| site.ask(&request).status;
    for name in ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via"] {
        assert_eq!(status(track().header(name, "127.0.0.1")), 401, "{name}");
        assert_eq!(status(report().header(name, "")), 401, "{name}");
        assert_eq!(status(Request::get("/healthz").header(name, "10.0.0.1")), 200, "{name}");
    }
    for (origin, expected) in [
        ("http://localhost", 200),
        ("http://localhost:3000", 200),
        ("https://127.0.0.1:8443", 200),
        ("http://[::1]:1", 200),
        ("http://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("http://localhost@evil.example", 403),
        ("null", 403),
        ("", 403),
        ("localhost", 403),
        ("http://", 403),
    ] {
        assert_eq!(status(track().header("origin", origin)), expected, "{origin}");
        assert_eq!(status(report().header("origin", origin)), expected, "{origin}");
        // Reading changes nothing, and no page of elsewhere sees the answer.
        assert_eq!(status(Request::get("/api/events").header("origin", origin)), 200, "{origin}");
    }
    site.stop();
}

#[test]
fn names_that_a_server_was_told_are_its_own_but_need_keys() {
    let keys = RefCell::new(Vec::new());
    let mut site = Site::set_up(
        |store| keys.borrow_mut().push(make_key(store, KeyKind::Write).1),
        |settings| settings.hosts = vec!["stats.example".to_owned()],
    );
    let status = |request: Request| site.ask(&request).status;
    let at = |request: Request, host: &str| request.header("host", host);
    assert_eq!(status(at(Request::get("/healthz"), "Stats.Example:443")), 200);
    assert_eq!(status(at(Request::get("/healthz"), "other.example")), 403);
    assert_eq!(status(at(track().key(&keys.borrow()[0]), "stats.example")), 200);
    // There is no key to read, so only this machine under its own names may.
    assert_eq!(status(at(report(), "stats.example")), 401);
    assert_eq!(status(report()), 200);
    site.stop();
}

#[test]
fn an_address_that_others_reach_needs_keys() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    for address in ["0.0.0.0:0", "[::]:0"] {
        let output = command(["serve", "--listen", address], data).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let sentence = format!(
            "error: {address} can be reached from other machines and there are no keys; make them with `trackcrumb key \
             create --kind write` and `--kind read`, or listen on 127.0.0.1\n"
        );
        assert_eq!((output.status.code(), said), (Some(1), sentence));
        assert!(output.stdout.is_empty());
    }
    let made = command(["key", "create", "--kind", "write", "--format", "json"], data).output().unwrap();
    assert_eq!(made.status.code(), Some(0));
    let key: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let site = Site::set_up(|_| {}, |_| {});
    assert_eq!(site.ask(&track().key(key["key"].as_str().unwrap())).status, 401, "it is a key of another store");
    let process = Process::serve_at("0.0.0.0:0", data, &[]);
    assert_eq!(process.ask(&track().key(key["key"].as_str().unwrap())).status, 200);
}

#[test]
fn neither_keys_nor_what_is_sent_reach_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    trackcrumb::Store::open(data).unwrap().close().unwrap();
    let keys = [make_key(data, KeyKind::Write).1, make_key(data, KeyKind::Read).1];
    for format in ["text", "json"] {
        let mut process = Process::serve(data, &["--log", "debug", "--log-format", format]);
        for request in [
            Request::post("/v1/track", event("secret-user", "secret-event")).key(&keys[0]),
            Request::post(&format!("/v1/track?key={}", keys[0]), event("secret-user", "secret-event")),
            Request::post("/v1/batch", "secret-nonsense").key(&keys[0]).header("idempotency-key", "secret-batch"),
            Request::post("/v1/batch", "[secret-nonsense").key(&keys[0]),
            Request::post("/v1/track", "{}").key(&keys[1]),
            Request::post("/v1/track", "{}").key("tcw_secret-unknown"),
            Request::post("/v1/secret-path", "{}").key(&keys[0]),
            Request::post("/api/report", count_document("secret-event")).key(&keys[1]),
            Request::post("/api/report", "{\"secret-field\":1}").key(&keys[1]),
            Request::get("/api/users/secret-user").key(&keys[1]),
            Request::get("/api/groups/secret-type/secret-key?secret=parameter").key(&keys[1]),
            Request::get("/secret-path").key(&keys[1]),
            Request::get("/healthz").header("x-secret", "secret-header").header("host", "secret-host"),
        ] {
            process.ask(&request);
        }
        process.connect().send(b"GET /secret-path HTTP/1.1\r\nsecret header\r\n\r\n");
        process.send("-TERM");
        let (status, said) = process.end();
        assert_eq!(status.code(), Some(0), "{said}");
        assert!(said.contains("/v1/track") && said.contains("/api/users/{id}") && said.contains("listening"), "{said}");
        assert!(!said.contains("secret"), "{said}");
        for key in &keys {
            assert!(!said.contains(&key[4..]), "{said}");
        }
        assert!(said.lines().all(|line| !line.contains('\u{1b}')));
    }
}
