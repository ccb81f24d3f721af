//! Hosts under which a page of elsewhere might reach a server of this machine.

use super::{Case, Stays, case};

fn asked(target: &str, headers: &[u8]) -> Vec<u8> {
    [b"GET ", target.as_bytes(), b" HTTP/1.1\r\n", headers, b"\r\n"].concat()
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for host in [
        "localhost",
        "LOCALHOST",
        "LocalHost:8080",
        "localhost:",
        "localhost:0",
        "localhost:65535",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:80",
    ] {
        // As written, and not as the server listens: it may be behind a port that was mapped.
        cases.push(case(
            format!("host {host}"),
            asked("/healthz?own", format!("Host: {host}\r\n").as_bytes()),
            Stays(200),
        ));
    }
    for host in [
        "",
        "evil.example",
        "localhost.evil.example",
        "evil.example:localhost",
        "localhost:65536",
        "localhost:-1",
        "localhost:+80",
        "localhost::",
        "localhost:80:80",
        "localhost:abc",
        "localhost.",
        "localhost@evil.example",
        "evil.example@localhost",
        "@localhost",
        "localhost evil.example",
        "localhost,evil.example",
        "localhost/evil",
        "localhost#evil",
        "localhost?evil",
        "localhost\\evil",
        "localhost\tevil",
        "local%68ost",
        "localhost%00",
        "127.1",
        "127.0.0.01",
        "127.0.0.2",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "127.0.0.1.example",
        "::1",
        "[::1",
        "[::1]x",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:0:0:1]",
        "[localhost]",
        "\u{ff4c}ocalhost",
        "*",
        "null",
    ] {
        let bytes = asked("/healthz", format!("Host: {host}\r\n").as_bytes());
        cases.push(case(format!("host {host:?}"), bytes, Stays(403)));
    }
    // Refused before anything is looked for, so that a page learns nothing.
    for target in ["/", "/nothing", "/v1/track", "/api/events", "/metrics", "/tracker.js", "/api/users/ann"] {
        let bytes = asked(target, b"Host: evil.example\r\n");
        cases.push(case(format!("evil.example{target}"), bytes, Stays(403)));
    }
    cases.push(case("a host that is not UTF-8", asked("/healthz", b"Host: \xff\r\n"), Stays(403)));
    for (name, headers) in [
        ("no host", ""),
        ("two hosts, ours first", "Host: localhost\r\nHost: evil.example\r\n"),
        ("two hosts, ours last", "Host: evil.example\r\nHost: localhost\r\n"),
        ("the same host twice", "Host: localhost\r\nHost: localhost\r\n"),
    ] {
        cases.push(case(name, asked("/healthz", headers.as_bytes()), Stays(400)));
    }
    cases.push(case("no host in HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", super::Ends(400)));
    cases
}
