//! What answers say beside their bodies: to browsers above all.

use super::exchange::{Answer, Request};
use super::site::{Asked, Site, count_document, event, make_key};
use std::io::Read;
use trackcrumb::server::KeyKind;

const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Checks what every answer has.
#[track_caller]
fn expect_usual(answer: &Answer, name: &str) {
    assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'; "), "{name}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{name}");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{name}");
    assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{name}");
    assert!(answer.header("cross-origin-resource-policy").is_some(), "{name}");
    assert!(answer.header("date").is_some(), "{name}");
    for none in ["access-control-allow-credentials", "set-cookie", "server", "x-powered-by"] {
        assert_eq!(answer.header(none), None, "{name}");
    }
}

#[test]
fn every_answer_has_its_headers() {
    let mut site = Site::new();
    make_key(site.directory.path(), KeyKind::Read);
    super::site::wait_until(|| site.get("/api/events").status == 401);
    let track = |body: &str| Request::post("/v1/track", body);
    for (status, request) in [
        (200, track(&event("u", "e"))),
        (400, track("{}")),
        (400, track("{}").header("transfer-encoding", "gzip, chunked")),
        (401, track("{}").key("tcw_0")),
        (401, track("{}").header("via", "1.1 proxy")),
        (403, track("{}").header("host", "evil.example")),
        (403, track("{}").header("origin", "https://evil.example")),
        (404, Request::post("/v1/nothing", "{}")),
        (404, Request::post("/v1/track?workspace=nothing", "{}")),
        (405, Request::get("/v1/track")),
        (413, Request::post("/v1/batch", vec![b'x'; 9 << 20])),
        (414, Request::get(&format!("/v1/track?{}", "x".repeat(9_000)))),
        (431, track("{}").header("x", "y".repeat(40_000))),
        (204, Request::new("OPTIONS", "/v1/track")),
    ] {
        let answer = site.ask(&request);
        assert_eq!(answer.status, status, "{}", answer.text());
        expect_usual(&answer, &format!("/v1 {status}"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{status}");
        assert_eq!(answer.header("access-control-expose-headers"), Some("date, retry-after"), "{status}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"), "{status}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{status}");
    }
    for (status, request) in [
        (200, Request::get("/healthz")),
        (200, Request::get("/api/openapi.json").header("origin", "https://evil.example")),
        (401, Request::get("/api/events")),
        (401, Request::post("/api/report", count_document("e"))),
        (401, Request::get("/metrics")),
        (401, Request::get("/nothing")),
        (403, Request::get("/api/events").header("host", "evil.example")),
        (403, Request::get("/nothing").header("host", "evil.example")),
        (405, Request::new("OPTIONS", "/healthz")),
        (403, Request::new("OPTIONS", "/api/report").header("origin", "https://evil.example")),
        (414, Request::get(&format!("/healthz?{}", "x".repeat(9_000)))),
    ] {
        let answer = site.ask(&request);
        assert_eq!(answer.status, status, "{}", answer.text());
        expect_usual(&answer, &format!("{status}"));
        for none in ["allow-origin", "allow-methods", "allow-headers", "expose-headers", "max-age"] {
            assert_eq!(answer.header(&format!("access-control-{none}")), None, "{status}");
        }
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{status}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{status}");
        if status != 200 {
            let json = answer.json();
            assert!(json["error"].is_string() && json.as_object().unwrap().len() == 1, "{json}");
        }
    }
    site.stop();
}

#[test]
fn any_page_may_ask_whether_it_may_send_and_none_whether_it_may_read() {
    let mut site = Site::new();
    let preflight = |target: &str| {
        let request = Request::new("OPTIONS", target).header("origin", "https://shop.example");
        let request = request.header("access-control-request-method", "POST");
        site.ask(&request.header("access-control-request-headers", "authorization, content-type"))
    };
    for target in ["/v1/track", "/v1/identify", "/v1/group", "/v1/alias", "/v1/batch", "/v1/batch?key=tcw_0"] {
        let answer = preflight(target);
        assert_eq!((answer.status, answer.text().as_str()), (204, ""), "{target}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
        let allowed = answer.header("access-control-allow-headers").unwrap();
        for name in ["authorization", "content-type", "content-encoding", "idempotency-key"] {
            assert!(allowed.split(", ").any(|other| other == name), "{name}");
        }
    }
    for target in ["/api/report", "/api/events", "/api/groups", "/metrics", "/healthz", "/tracker.js", "/nothing"] {
        let answer = preflight(target);
        assert!([403, 404, 405].contains(&answer.status), "{target}: {}", answer.status);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{target}");
        assert_eq!(answer.header("access-control-allow-methods"), None, "{target}");
    }
    site.stop();
}

#[test]
fn the_client_is_for_pages_of_every_site_and_is_kept_until_it_changes() {
    let mut site = Site::new();
    for (target, media) in
        [("/tracker.js", "text/javascript; charset=utf-8"), ("/tracker.d.ts", "text/plain; charset=utf-8")]
    {
        let answer = site.get(target);
        expect_usual(&answer, target);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(media)), "{target}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"), "{target}");
        assert!(answer.header("cache-control").unwrap().contains("max-age="), "{target}");
        let tag = answer.header("etag").unwrap();
        for (sent, status) in [(tag, 304), ("*", 304), (&format!("\"x\", {tag}"), 304), ("W/\"x\"", 200), ("", 200)] {
            let again = site.ask(&Request::get(target).header("if-none-match", sent));
            expect_usual(&again, target);
            assert_eq!((again.status, again.body.is_empty()), (status, status == 304), "{target} {sent}");
            assert_eq!(again.header("etag"), Some(tag), "{target} {sent}");
        }
    }
    assert!(site.get("/tracker.js").text().contains("tracker"));
    site.stop();
}

#[test]
fn the_description_loads_its_own_style_and_nothing_else() {
    let mut site = Site::new();
    let page = site.get("/api");
    expect_usual(&page, "/api");
    let policy = page.header("content-security-policy").unwrap();
    assert_eq!(policy, POLICY.replace("'none'; frame", "'none'; style-src 'self'; frame"));
    let text = page.text();
    assert_eq!(text.matches("<link ").count(), 1);
    assert!(text.contains(r#"<link rel="stylesheet" href="/api/reference.css">"#));
    for none in
        ["<script", "<style", " style=", " src=", "<img", "<form", " onclick=", "javascript:", "http://", "https://"]
    {
        assert!(!text.contains(none), "{none}");
    }
    let style = site.get("/api/reference.css");
    expect_usual(&style, "style");
    assert_eq!((style.status, style.header("content-type")), (200, Some("text/css; charset=utf-8")));
    assert_eq!(style.header("cross-origin-resource-policy"), Some("same-origin"));
    for none in ["url(", "@import"] {
        assert!(!style.text().contains(none), "{none}");
    }
    assert_eq!(site.get("/healthz").header("content-security-policy"), Some(POLICY));
    site.stop();
}

#[test]
fn answers_are_packed_for_who_can_unpack_them() {
    let mut site = Site::new();
    let plain = site.get("/api/openapi.json");
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("accept-encoding")));
    let packed = site.ask(&Request::get("/api/openapi.json").header("accept-encoding", "gzip"));
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == plain.body && packed.body.len() < plain.body.len());
    let packed = site.ask(&Request::get("/api/openapi.json").header("accept-encoding", "zstd"));
    assert!(zstd::decode_all(&packed.body[..]).unwrap() == plain.body);
    site.stop();
}
