//! Pages as browsers meet them: signing in, what pages may load, and who may send to them.

use super::exchange::{Answer, Client, Request};
use super::site::{Asked, Site, count_document, make_key, make_workspace, wait_until};
use serde_json::json;
use std::cell::RefCell;
use std::io::Read;
use trackcrumb::server::{KeyKind, Settings};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A request as a browser sends it for a page.
pub(super) fn look(target: &str) -> Request {
    Request::get(target).header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
}

/// A form as a browser sends it.
pub(super) fn form(target: &str, body: &str) -> Request {
    let request = look(target).body(body).method("POST").header("origin", "http://localhost");
    request.header("content-type", "application/x-www-form-urlencoded")
}

/// A server with keys of both kinds: to write, to read.
fn with_keys(settings: impl FnOnce(&mut Settings)) -> (Site, String, String) {
    let keys = RefCell::new(Vec::new());
    let make = |store: &std::path::Path| {
        for kind in [KeyKind::Write, KeyKind::Read] {
            keys.borrow_mut().push(make_key(store, kind).1);
        }
    };
    let site = Site::set_up(make, settings);
    let mut keys = keys.into_inner();
    let read = keys.pop().unwrap();
    (site, keys.pop().unwrap(), read)
}

fn send_groups(site: &Site, keys: &[&str]) {
    let line = |key: &&str| json!({ "type": "group", "group_type": "company", "group_key": key, "properties": { "plan": "pro" } });
    let lines: Vec<String> = keys.iter().map(|key| line(key).to_string()).collect();
    assert_eq!(site.post("/v1/batch", lines.join("\n")).accepted(), keys.len() as u64);
}

/// Checks what the answer with a page has.
#[track_caller]
pub(super) fn expect_page(answer: &Answer, status: u16) -> String {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("content-security-policy"), Some(POLICY));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
    for none in ["<style", " style=", " onclick=", " onload=", "javascript:", "<base", "http://", "https://"] {
        assert!(!without_pre(&text).contains(none), "{none}: {text}");
    }
    for script in text.split("<script").skip(1) {
        let (attributes, rest) = script.split_once('>').unwrap();
        let is_loaded = attributes.contains(" src=\"/assets/") && rest.starts_with("</script>");
        assert!(
            is_loaded || attributes.starts_with(r#" type="application/json""#),
            "a script that would run: {script}"
        );
    }
    text
}

/// A page without what it quotes.
fn without_pre(page: &str) -> String {
    page.split("<pre").map(|part| part.split_once("</pre>").map_or(part, |(_, rest)| rest)).collect()
}

#[track_caller]
pub(super) fn expect_led(answer: &Answer, location: &str) {
    assert_eq!((answer.status, answer.header("location")), (303, Some(location)), "{}", answer.text());
}

fn cookie(request: Request, key: &str) -> Request {
    request.header("cookie", format!("other=1; trackcrumb_key={key}; more=\"x\""))
}

#[test]
fn who_signs_in_is_led_to_the_page_that_was_asked_for() {
    let (mut site, write, read) = with_keys(|_| {});
    for (target, login) in [
        ("/", "/login?next=/"),
        ("/groups", "/login?next=/groups"),
        ("/groups/company?search=a%26b&limit=50", "/login?next=/groups/company%3Fsearch%3Da%2526b%26limit%3D50"),
        ("/nothing", "/login?next=/nothing"),
    ] {
        expect_led(&site.ask(&look(target)), login);
        assert_eq!(site.ask(&Request::get(target)).status, 401, "programs are told so");
    }
    let page = expect_page(&site.ask(&look("/login?next=/groups/company%3Fsearch%3Da%2526b")), 200);
    assert!(page.contains(r#"<input type="hidden" name="next" value="/groups/company?search=a%26b">"#), "{page}");

    for (key, reason) in [("", "not known"), ("tcr_0", "not known"), (write.as_str(), "only sends")] {
        let answer = site.ask(&form("/login", &format!("key={key}&next=%2Fgroups")));
        let page = expect_page(&answer, 401);
        assert!(page.contains(reason) && answer.header("set-cookie").is_none(), "{page}");
        assert!(page.contains(r#"name="next" value="/groups""#) && (key.is_empty() || !page.contains(key)), "{page}");
    }

    let answer = site.ask(&form("/login", &format!("next=%2Fgroups%3Flimit%3D50&key=+{read}+")));
    expect_led(&answer, "/groups?limit=50");
    let expected = format!("trackcrumb_key={read}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax");
    assert_eq!(answer.header("set-cookie"), Some(expected.as_str()));

    let page = expect_page(&site.ask(&cookie(look("/groups"), &read)), 200);
    assert!(page.contains("Sign out") && !page.contains(&read), "{page}");
    assert_eq!(site.ask(&cookie(Request::get("/api/groups"), &read)).status, 200);
    assert_eq!(site.ask(&cookie(Request::get("/metrics"), &read)).status, 200);
    expect_led(&site.ask(&cookie(look("/login?next=/groups"), &read)), "/groups");
    // A cookie sends nothing, and a key that only sends shows nothing.
    assert_eq!(site.ask(&cookie(Request::post("/v1/track", "{}"), &write)).status, 401);
    expect_led(&site.ask(&cookie(look("/groups"), &write)), "/login?next=/groups");

    let answer = site.ask(&cookie(form("/logout", ""), &read));
    expect_led(&answer, "/login");
    assert_eq!(answer.header("set-cookie"), Some("trackcrumb_key=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"));
    site.stop();
}

#[test]
fn the_cookie_is_for_tls_alone_where_there_is_tls() {
    let (mut site, _, read) = with_keys(|settings| settings.hosts = vec!["stats.example".to_owned()]);
    // A proxy may keep the name under which it is asked, or ask under one of its own.
    for host in ["stats.example", "127.0.0.1:8080"] {
        let request = form("/login", &format!("key={read}")).header("origin", "https://stats.example");
        let answer = site.ask(&request.header("host", host).header("x-forwarded-for", "10.0.0.1"));
        expect_led(&answer, "/");
        assert!(answer.header("set-cookie").unwrap().ends_with("; HttpOnly; SameSite=Lax; Secure"), "{host}");
    }
    site.stop();
}

#[test]
fn only_pages_of_this_server_send_to_pages_or_with_a_cookie() {
    let (mut site, _, read) = with_keys(|settings| settings.hosts = vec!["stats.example".to_owned()]);
    let at = |request: Request, origin: Option<&str>| match origin {
        Some(origin) => request.header("host", "localhost:8080").header("origin", origin),
        None => request.header("host", "localhost:8080").without("origin"),
    };
    let report = || cookie(Request::post("/api/report", count_document("e")), &read);
    for origin in [
        None,
        Some(""),
        Some("null"),
        Some("http://evil.example"),
        Some("http://localhost"),
        Some("http://localhost:8081"),
        Some("http://127.0.0.1:8080"),
        Some("http://localhost:8080.evil.example"),
        Some("http://evil@localhost:8080"),
        Some("https://stats.example:8443"),
        Some("localhost:8080"),
    ] {
        for target in ["/login", "/logout"] {
            let answer = site.ask(&at(form(target, &format!("key={read}")), origin));
            expect_page(&answer, 403);
            assert_eq!(answer.header("set-cookie"), None, "{origin:?}");
        }
        assert_eq!(site.ask(&at(report(), origin)).status, 403, "{origin:?}");
        // Whoever has the key itself is no page that was tricked.
        assert_eq!(site.ask(&at(report().key(&read), origin)).status, 200, "{origin:?}");
    }
    for origin in ["http://localhost:8080", "https://LocalHost:8080", "https://stats.example"] {
        assert_eq!(site.ask(&at(report(), Some(origin))).status, 200, "{origin}");
        assert_eq!(site.ask(&at(form("/logout", ""), Some(origin))).status, 303, "{origin}");
    }
    site.stop();
}

#[test]
fn nobody_is_led_to_another_site() {
    let (mut site, _, read) = with_keys(|_| {});
    for next in ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "/%0d%0ax: y", "\r\n"]
    {
        let escaped: String = next.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer = site.ask(&form("/login", &format!("key={read}&next={escaped}")));
        expect_led(&answer, "/");
        expect_led(&site.ask(&cookie(look(&format!("/login?next={escaped}")), &read)), "/");
        let page = expect_page(&site.ask(&look(&format!("/login?next={escaped}"))), 200);
        assert!(!page.contains("evil"), "{page}");
    }
    // Asked for as a whole, as a proxy is, a page stays one of this server.
    let mut client = site.connect();
    client.send("GET http://localhost/groups HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\n\r\n");
    expect_led(&client.answer(), "/login?next=/groups");
    site.stop();
}

#[test]
fn a_cookie_of_another_server_shuts_nobody_out() {
    let mut site = Site::new();
    assert_eq!(site.ask(&cookie(look("/groups"), "tcr_0123")).status, 200);
    expect_led(&site.ask(&look("/login?next=/groups")), "/groups");
    site.stop();
}

#[test]
fn what_pages_load_is_kept_for_ever_and_needs_no_key() {
    let (mut site, ..) = with_keys(|_| {});
    let page = expect_page(&site.ask(&look("/licenses")), 200);
    assert!(page.contains("Apache ECharts") && page.contains("Copyright 2017-2024 The Apache Software Foundation"));
    let names = ["pages.css", "icon.svg", "theme.js", "pages.js"];
    let all: Vec<&str> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    for (name, media) in names.iter().zip(["text/css", "image/svg+xml", "text/javascript", "text/javascript"]) {
        let target = all.iter().find(|target| target.ends_with(name)).unwrap();
        let answer = site.get(target);
        assert!(answer.status == 200 && answer.header("content-type").unwrap().starts_with(media), "{name}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"), "{name}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{name}");
        assert_eq!(site.get(&target.replace("/assets/", "/assets/0")).status, 404, "{name}");
    }
    let charts = all[0].replace(all[0].rsplit('/').next().unwrap(), "echarts.js");
    let packed = site.ask(&Request::get(&charts).header("accept-encoding", "br, gzip;q=0.5"));
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), (Some("gzip"), Some("accept-encoding")));
    let mut script = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut script).unwrap();
    for refused in ["", "identity", "gzip;q=0"] {
        let plain = site.ask(&Request::get(&charts).header("accept-encoding", refused));
        assert!(plain.header("content-encoding").is_none() && plain.body == script, "{refused}");
    }
    assert!(script.starts_with(b"\n/*\n* Licensed to the Apache Software Foundation"));
    site.stop();
}

#[test]
fn the_list_of_groups_shows_four_columns_a_page_at_a_time() {
    let mut site = Site::new();
    let page = expect_page(&site.ask(&look("/groups")), 200);
    assert!(page.contains("No groups yet"), "{page}");
    let page = expect_page(&site.ask(&look("/")), 200);
    assert!(page.contains("Send your first event"), "{page}");
    let names: Vec<String> = (0..60).map(|n| format!("company {n:02}")).collect();
    send_groups(&site, &names.iter().map(String::as_str).collect::<Vec<_>>());
    expect_led(&site.ask(&look("/groups")), "/groups/company");
    let mut target = "/groups/company".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = expect_page(&site.ask(&look(&target)), 200);
        let columns: Vec<&str> = page.split("<th scope=\"col\"").skip(1).map(first_text).collect();
        assert_eq!(columns, ["Type", "Key", "Properties", "Last updated"]);
        seen.extend(page.split("<th scope=\"row\"").skip(1).map(|cell| first_text(cell).to_owned()));
        assert!(seen.len() != 20 || page.contains("1–20 of 60"), "{page}");
        let next = page.split("href=\"").find(|link| link.contains(">Next</a>"));
        let Some(next) = next else { break };
        target = next.split('"').next().unwrap().replace("&amp;", "&");
    }
    seen.sort_unstable();
    assert_eq!(seen, names);
    let page = expect_page(&site.ask(&look("/groups/company?search=PANY+07&limit=50")), 200);
    assert_eq!(page.matches("<th scope=\"row\"").count(), 1, "{page}");
    let page = expect_page(&site.ask(&look("/groups/company?search=%3Cb%3E")), 200);
    assert!(page.contains("&lt;b&gt;") && page.contains("Clear the search") && !page.contains("<b>&"), "{page}");
    site.stop();
}

/// The text up to the next tag, past those that begin at once.
fn first_text(html: &str) -> &str {
    let mut pieces = html.split('>').skip(1).map(|piece| piece.split('<').next().unwrap().trim());
    pieces.find(|text| !text.is_empty()).unwrap()
}

#[test]
fn what_is_wrong_is_told_to_people_as_a_page_and_to_programs_as_json() {
    let mut site = Site::new();
    send_groups(&site, &["acme"]);
    for (status, target, words) in [
        (404, "/nothing", "There is no page at this address"),
        (404, "/groups/compony", "There is no group type `compony`; did you mean `company`?"),
        (400, "/groups/company?limit=7", "`limit` must be one of [20, 50, 100]."),
        (400, "/groups/company?cursor=x", "`x` is no cursor of this list"),
        (400, "/groups/company?sorted=1", "unknown field `sorted`"),
        (404, "/groups/company?workspace=nothing", "There is no workspace `nothing`"),
        (405, "/logout", "This address does not take this method"),
        (414, &format!("/groups?{}", "x".repeat(9_000)), "The address is longer than"),
    ] {
        let page = expect_page(&site.ask(&look(target)), status);
        assert!(page.contains(words), "{target}: {page}");
        let answer = site.get(target);
        assert!(answer.status == status && answer.json()["error"].is_string(), "{target}");
    }
    assert!(site.ask(&look("/api/nothing")).json()["error"].is_string());
    let foreign = site.ask(&look("/groups").header("host", "evil.example"));
    assert!(expect_page(&foreign, 403).contains("does not answer to the host `evil.example`"));
    site.stop();
}

#[test]
fn links_stay_in_the_workspace_that_the_address_names() {
    let mut site = Site::new();
    make_workspace(site.directory.path(), "acme");
    let target = "/groups?workspace=acme";
    wait_until(|| site.ask(&look(target)).status == 200);
    let line = json!({ "group_type": "a/b", "group_key": "k" });
    assert_eq!(site.post("/v1/group?workspace=acme", line.to_string()).status, 200);
    expect_led(&site.ask(&look(target)), "/groups/a%2Fb?workspace=acme");
    let page = expect_page(&site.ask(&look("/groups/a%2Fb?workspace=acme")), 200);
    assert!(page.contains(r#"href="/groups?workspace=acme""#), "{page}");
    assert!(page.contains(r#"<input type="hidden" name="workspace" value="acme">"#), "{page}");
    site.stop();
}

#[test]
fn pages_are_packed_and_their_heads_can_be_had_alone() {
    let mut site = Site::new();
    let packed = site.ask(&look("/groups").header("accept-encoding", "gzip"));
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut client: Client = site.connect();
    client.send(look("/groups").method("HEAD").bytes());
    let head = client.try_answer_to_head().unwrap();
    assert_eq!((head.status, head.header("content-security-policy")), (200, Some(POLICY)));
    client.send(look("/nothing").method("HEAD").bytes());
    assert_eq!(client.try_answer_to_head().unwrap().status, 404);
    assert_eq!(client.ask(&look("/groups")).status, 200);
    site.stop();
}
