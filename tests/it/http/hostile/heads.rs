//! Request lines and headers that are not quite HTTP, and methods and versions that nobody uses.

use super::{Case, Ends, Stays, case, get, smuggled};

pub fn cases() -> Vec<Case> {
    [lines(), headers(), methods(), versions(), other_protocols()].into_iter().flatten().collect()
}

fn lines() -> Vec<Case> {
    let host = "Host: localhost\r\n\r\n";
    vec![
        case("line feeds alone", "GET /healthz HTTP/1.1\nHost: localhost\n\n", Stays(200)),
        case("empty lines first", format!("\r\n\r\nGET /healthz HTTP/1.1\r\n{host}"), Stays(200)),
        case(
            "a thousand empty lines first",
            format!("{}GET /healthz HTTP/1.1\r\n{host}", "\r\n".repeat(1000)),
            Stays(200),
        ),
        case("carriage returns alone", "GET /healthz HTTP/1.1\rHost: localhost\r\r", Ends(400)),
        case("tabs", format!("GET\t/healthz\tHTTP/1.1\r\n{host}"), Ends(400)),
        case("two blanks", format!("GET  /healthz HTTP/1.1\r\n{host}"), Ends(400)),
        case("a blank first", format!(" GET /healthz HTTP/1.1\r\n{host}"), Ends(400)),
        case("no version", format!("GET /healthz\r\n{host}"), Ends(400)),
        case("no target", format!("GET HTTP/1.1\r\n{host}"), Ends(400)),
        case("a fourth word", format!("GET /healthz HTTP/1.1 x\r\n{host}"), Ends(400)),
        case("a NUL first", format!("\0GET /healthz HTTP/1.1\r\n{host}"), Ends(400)),
        case("a blank before the first header", format!("GET /healthz HTTP/1.1\r\n {host}"), Ends(400)),
    ]
}

fn headers() -> Vec<Case> {
    let mut cases = Vec::new();
    let bad: [(&str, &[u8]); 14] = [
        ("folded", b"X: a\r\n b\r\n"),
        ("folded with a tab", b"X: a\r\n\tb\r\n"),
        ("a carriage return in a value", b"X: a\rb\r\n"),
        ("a NUL in a value", b"X: a\0b\r\n"),
        ("an escape in a value", b"X: a\x1b[2Jb\r\n"),
        ("a delete in a value", b"X: a\x7fb\r\n"),
        ("a NUL in a name", b"X\0: a\r\n"),
        ("a blank in a name", b"X Y: a\r\n"),
        ("a blank behind a name", b"X : a\r\n"),
        ("no colon", b"XYZ\r\n"),
        ("no name", b": a\r\n"),
        ("a name beyond ASCII", "ä: a\r\n".as_bytes()),
        ("a name in brackets", b"[X]: a\r\n"),
        ("a line feed, then another request", b"X: a\n GET /smuggled HTTP/1.1\r\n"),
    ];
    for (name, header) in bad {
        cases.push(case(name, [get("/healthz", header), smuggled()].concat(), Ends(400)));
    }
    let harmless: [(&str, &[u8]); 8] = [
        ("a value that is not UTF-8", b"X: \xff\xfe\r\n"),
        ("no value", b"X:\r\n"),
        (
            "an upgrade to HTTP/2",
            b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        ),
        ("an upgrade to web sockets", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"),
        ("an encoding that is none", b"Accept-Encoding: \xff, *;q=x\r\n"),
        ("a cookie", b"Cookie: key=tcr_0\r\n"),
        ("credentials of another kind", b"Authorization: Basic Zm9vOmJhcg==\r\n"),
        ("a range", b"Range: bytes=0-0,-1,99999999999999999999-\r\n"),
    ];
    for (name, header) in harmless {
        cases.push(case(name, get("/healthz", header), Stays(200)));
    }
    let close = "Connection: keep-alive\r\nConnection: close\r\nConnection: keep-alive\r\n";
    cases.push(case("close among others", [get("/healthz", close), smuggled()].concat(), Ends(200)));
    cases
}

fn methods() -> Vec<Case> {
    let ask = |method: &str, target: &str| format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let long = "A".repeat(5_000);
    let mut cases = Vec::new();
    for method in ["get", "OPTIONS", "DELETE", "PUT", "PATCH", "TRACE", "CONNECT", "FOO", "PRI", "POST", &long] {
        let name = &method[..method.len().min(10)];
        cases.push(case(format!("{name} /healthz"), ask(method, "/healthz"), Stays(405)));
    }
    for method in ["G@T", "G\0T", "\u{e4}", "(GET)", ""] {
        cases.push(case(format!("method {method:?}"), ask(method, "/healthz"), Ends(400)));
    }
    for target in ["/v1/track", "/v1/identify", "/v1/group", "/v1/alias", "/v1/batch", "/v1/nothing"] {
        cases.push(case(format!("OPTIONS {target}"), ask("OPTIONS", target), Stays(204)));
    }
    for target in ["/v1/track", "/v1/batch", "/api/report"] {
        cases.push(case(format!("HEAD {target}"), ask("HEAD", target), Stays(405)));
        cases.push(case(format!("GET {target}"), ask("GET", target), Stays(405)));
        cases.push(case(format!("DELETE {target}"), ask("DELETE", target), Stays(405)));
    }
    for target in ["/healthz", "/metrics", "/api", "/tracker.js", "/api/openapi.json", "/api/groups", "/api/events"] {
        cases.push(case(format!("HEAD {target}"), ask("HEAD", target), Stays(200)));
    }
    for target in ["/metrics", "/api", "/api/report", "/api/groups", "/api/users/u", "/tracker.js", "/api/openapi.json"]
    {
        cases.push(case(format!("OPTIONS {target}"), ask("OPTIONS", target), Stays(405)));
        cases.push(case(format!("PUT {target}"), ask("PUT", target), Stays(405)));
    }
    cases.push(case("HEAD of nothing", ask("HEAD", "/nothing"), Stays(404)));
    cases.push(case("OPTIONS of nothing", ask("OPTIONS", "/api/nothing"), Stays(404)));
    cases.push(case("OPTIONS *", ask("OPTIONS", "*"), Stays(404)));
    cases.push(case("GET *", ask("GET", "*"), Stays(404)));
    cases.push(case("CONNECT to a host", ask("CONNECT", "localhost:80"), Stays(404)));
    cases.push(case("CONNECT to another host", ask("CONNECT", "evil.example:443"), Stays(403)));
    cases
}

fn versions() -> Vec<Case> {
    let ask = |version: &str| format!("GET /healthz {version}\r\nHost: localhost\r\n\r\n");
    let mut cases = vec![case("HTTP/1.0", ask("HTTP/1.0"), Ends(200))];
    for version in [
        "HTTP/0.9",
        "HTTP/1.2",
        "HTTP/2.0",
        "HTTP/3.0",
        "HTTP/11",
        "HTTP/1.",
        "HTTP/1.10",
        "HTTP/1.1x",
        "HTTP/-1.1",
        "http/1.1",
        "ICY/1.1",
        "HTTPS/1.1",
        "HTTP",
        "HTTP/1.1\0",
    ] {
        cases.push(case(format!("version {version:?}"), [ask(version).into_bytes(), smuggled()].concat(), Ends(400)));
    }
    cases
}

fn other_protocols() -> Vec<Case> {
    let hello = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[0; 200]].concat();
    vec![
        case("TLS", hello, Ends(400)),
        case("SSH", "SSH-2.0-OpenSSH_9.9\r\n", Ends(400)),
        case("a PROXY line", [b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n".as_slice(), &smuggled()].concat(), Ends(400)),
        case("noise", (0..=255_u8).cycle().take(5_000).collect::<Vec<_>>(), Ends(400)),
        case("an endless word", "A".repeat(300_000), Ends(431)),
        case("half a preface of HTTP/2, then HTTP/1", "PRI * HTTP/2.0\r\n\r\nGET / HTTP/1.1\r\n\r\n", Ends(400)),
        case("lines without end", "\r\n".repeat(200_000), Ends(431)),
    ]
}
