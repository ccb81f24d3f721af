//! Connections that are slow, break off, or send more than one thing at a time.

use super::super::exchange::{Client, Request};
use super::super::site::{Asked, Site, count_document, event};
use super::{expect_right, get, site_with_events};
use std::time::{Duration, Instant};

/// A head must be there within ten seconds.
const HEAD_SECONDS: std::ops::RangeInclusive<u64> = 9..=20;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const NO_SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

#[test]
fn t12_what_breaks_off_is_not_stored() {
    let mut site = site_with_events();
    let before = site.post("/api/report", count_document("kept"));
    let whole = Request::post("/v1/track", event("u", "cut")).bytes();
    let in_chunks = [
        b"POST /v1/track HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(),
        format!("{:x}\r\n{}\r\n0\r\n\r\n", event("u", "cut").len(), event("u", "cut")).as_bytes(),
    ]
    .concat();
    for request in [&whole, &in_chunks] {
        for end in (0..request.len()).step_by(3) {
            let mut client = site.connect();
            client.send(&request[..end]);
            // Some say that they are done, some just go.
            if end % 2 == 0 {
                client.finish_sending();
                let answer = client.try_answer();
                assert!(answer.is_none_or(|answer| answer.status == 400), "cut at {end}");
                assert!(client.is_closed());
            }
        }
    }
    // Nobody reads the answers to these.
    for _ in 0..50 {
        site.connect().send(Request::post("/api/report", count_document("kept")).bytes());
        site.connect().send(Request::post("/v1/batch", "x".repeat(100_000)).bytes());
    }
    expect_right(&site, &before);
    assert_eq!(site.count("cut"), 0);
    site.stop();
}

#[test]
fn requests_sent_ahead_are_answered_in_their_order() {
    let mut site = Site::new();
    let mut client = site.connect();
    let rounds = 40;
    let mut bytes = Vec::new();
    for round in 0..rounds {
        bytes.extend(Request::post("/v1/track", event(&format!("u{round}"), "ahead")).bytes());
        bytes.extend(Request::post("/api/report", count_document("ahead")).bytes());
        bytes.extend(get("/nothing", ""));
        bytes.extend(Request::get("/healthz").body("GET / HTTP/1.1\r\n\r\n").bytes());
    }
    client.send(&bytes);
    for round in 0..rounds {
        assert_eq!(client.answer().accepted(), 1);
        // What was acknowledged is in the very next report.
        assert_eq!(client.answer().json()["series"][0]["total"], round + 1);
        assert_eq!(client.answer().status, 404);
        assert_eq!(client.answer().body, b"ok\n");
    }
    site.stop();
}

#[test]
fn t12_heads_that_do_not_come_are_not_waited_for() {
    let mut site = site_with_events();
    let before = site.post("/api/report", count_document("kept"));
    let starts: [&[u8]; 6] = [
        b"",
        b"G",
        b"GET /healthz HTTP/1.1\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ];
    let waited = |mut client: Client, drip: bool| {
        let start = Instant::now();
        if drip {
            // A byte now and then does not help.
            while client.send(b"X") && start.elapsed() < Duration::from_secs(30) {
                std::thread::sleep(Duration::from_millis(700));
            }
        } else {
            let answer = client.try_answer();
            assert!(answer.is_none_or(|answer| [200, 408].contains(&answer.status)));
            client.rest();
        }
        start.elapsed().as_secs()
    };
    std::thread::scope(|scope| {
        let mut waits = Vec::new();
        for start in starts {
            let mut client = site.connect();
            client.send(start);
            waits.push((start, scope.spawn(move || waited(client, false))));
        }
        let mut client = site.connect();
        client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ");
        waits.push((b"drip", scope.spawn(move || waited(client, true))));
        expect_right(&site, &before);
        for (start, wait) in waits {
            let seconds = wait.join().unwrap();
            assert!(HEAD_SECONDS.contains(&seconds), "{:?}: {seconds} s", String::from_utf8_lossy(start));
        }
    });
    expect_right(&site, &before);
    site.stop();
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A request in HTTP/2 as a block of headers: GET, or else POST.
fn h2_block(is_get: bool, path: &str, host: &str) -> Vec<u8> {
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.push(u8::try_from(text.len()).unwrap());
        bytes.extend(text.bytes());
    };
    // `:method` and `:scheme` http by their places in the table, then `:path` and `:authority` in full.
    let mut block = vec![if is_get { 0x82 } else { 0x83 }, 0x86, 0x04];
    text(&mut block, path);
    block.push(0x01);
    text(&mut block, host);
    block
}

fn h2_get(host: &str) -> Vec<u8> {
    h2_block(true, "/healthz", host)
}

/// A connection in HTTP/2 on which this was sent.
fn h2_client(site: &Site, frames: &[u8]) -> Client {
    let mut client = site.connect();
    client.send([PREFACE, &NO_SETTINGS, frames].concat());
    client
}

/// The payload of the next frame of one of these kinds.
fn h2_next(client: &mut Client, kinds: &[u8]) -> Option<Vec<u8>> {
    loop {
        let head = client.exactly(9)?;
        let payload = client.exactly(u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize)?;
        if kinds.contains(&head[3]) {
            return Some(payload);
        }
    }
}

#[test]
fn t12_http_2_answers_and_survives_what_is_not_http_2() {
    let mut site = site_with_events();
    let before = site.post("/api/report", count_document("kept"));
    // The headers of an answer begin with one byte for status 200, or with another status.
    let is_answered = |host: &str| {
        let headers = h2_next(&mut h2_client(&site, &frame(1, 5, 1, &h2_get(host))), &[1]);
        headers.expect("there is an answer")[0] == 0x88
    };
    assert!(is_answered("localhost") && is_answered("127.0.0.1:80"));
    assert!(!is_answered("evil.example") && !is_answered("evil@localhost"));
    // More requests that wait for their bodies than are granted.
    let wait = |stream| frame(1, 4, stream, &h2_block(false, "/v1/track", "localhost"));
    let too_many: Vec<u8> = (0..33).flat_map(|number| wait(number * 2 + 1)).collect();
    let mut client = h2_client(&site, &too_many);
    assert_eq!(h2_next(&mut client, &[1, 3, 7]).unwrap(), [0, 0, 0, 7], "the last one is refused");
    drop(client);
    let request = |stream| frame(1, 5, stream, &h2_get("localhost"));
    let rapid_resets: Vec<u8> = (0..2000)
        .flat_map(|number| [request(number * 2 + 1), frame(3, 0, number * 2 + 1, &[0, 0, 0, 8])].concat())
        .collect();
    let continued: Vec<u8> = frame(1, 1, 1, &h2_get("localhost"))
        .into_iter()
        .chain((0..5000).flat_map(|_| frame(9, 0, 1, b"\x00\x01a\x01b")))
        .collect();
    let cases: [(&str, Vec<u8>); 16] = [
        ("noise", (0..=255).cycle().take(10_000).collect()),
        ("a frame too long", [&[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1], &[0; 100][..]].concat()),
        ("a frame that does not come", vec![0, 0x40, 0, 0, 0, 0, 0, 0, 1]),
        ("headers of stream 0", frame(1, 5, 0, &h2_get("localhost"))),
        ("headers of an even stream", frame(1, 5, 2, &h2_get("localhost"))),
        ("headers that refer to nothing", frame(1, 5, 1, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        ("headers without end", continued),
        ("headers for a megabyte", frame(1, 5, 1, &vec![0x82; 1 << 20])),
        ("a head without a path", frame(1, 5, 1, &[0x82, 0x86])),
        ("data before headers", frame(0, 1, 1, b"x")),
        ("a window of 0", frame(8, 0, 0, &[0; 4])),
        ("a window that is too large", frame(8, 0, 0, &[0x7f, 0xff, 0xff, 0xff]).repeat(3)),
        ("settings that are none", frame(4, 0, 0, &[1, 2, 3])),
        ("settings without end", frame(4, 0, 0, &[0, 3, 0, 0, 0, 1]).repeat(20_000)),
        ("pings without end", frame(6, 0, 0, &[0; 8]).repeat(20_000)),
        ("requests taken back at once", rapid_resets),
    ];
    for (name, frames) in cases {
        let mut client = h2_client(&site, &frames);
        client.finish_sending();
        // Whatever it says to that, it comes to an end.
        client.rest();
        assert_eq!(site.get("/healthz").status, 200, "{name}");
    }
    expect_right(&site, &before);
    site.stop();
}
