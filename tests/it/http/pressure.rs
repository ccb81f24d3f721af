//! Too much at once: what is not taken is told so, and nothing is lost or stored twice.

use super::exchange::{Client, Request};
use super::site::{Asked, Site, count_document, event};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::scope;
use trackcrumb::server::limits::BODY_BYTES_MAX;

/// Memory for bodies holds so many of the longest.
const LONGEST_BODIES: usize = 32;

#[test]
fn each_request_is_stored_and_acknowledged_or_neither() {
    let mut site = Site::set_up(|_| {}, |settings| settings.connections_max = 4);
    let (stored, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    scope(|scope| {
        for client in 0..12 {
            let (site, stored, refused) = (&site, &stored, &refused);
            scope.spawn(move || {
                for _ in 0..10 {
                    let answer = site.ask(&Request::post("/v1/track", event(&format!("u{client}"), "pressed")));
                    match answer.status {
                        200 => stored.fetch_add(answer.accepted(), Ordering::SeqCst),
                        503 => {
                            assert_eq!(answer.header("retry-after"), Some("1"));
                            refused.fetch_add(1, Ordering::SeqCst)
                        }
                        other => panic!("{other}: {}", answer.text()),
                    };
                }
            });
        }
    });
    let (stored, refused) = (stored.into_inner(), refused.into_inner());
    assert_eq!(stored + refused, 120);
    assert!(stored > 0);
    // The first that finds a place again.
    let health = Request::get("/healthz");
    let mut tried = std::iter::repeat_with(|| site.connect());
    let mut client = tried.find_map(|mut client| (client.ask(&health).status == 200).then_some(client)).unwrap();
    assert_eq!(client.count("pressed"), stored);
    drop(client);
    site.stop();
}

#[test]
fn reports_that_all_come_at_once_are_answered_or_told_to_wait() {
    let mut site = Site::new();
    assert_eq!(site.post("/v1/track", event("u", "e")).accepted(), 1);
    let request = Request::post("/api/report", count_document("e")).bytes();
    let mut clients: Vec<Client> = (0..250).map(|_| site.connect()).collect();
    for client in &mut clients {
        client.send(&request);
    }
    let mut answered = 0;
    for client in &mut clients {
        let answer = client.answer();
        match answer.status {
            200 => {
                assert_eq!(answer.json()["series"][0]["total"], 1);
                answered += 1;
            }
            503 => assert_eq!(answer.header("retry-after"), Some("1")),
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert!(answered > 0);
    assert_eq!(site.count("e"), 1);
    site.stop();
}

#[test]
fn all_bodies_together_have_a_limit_and_none_that_was_taken_is_lost() {
    let mut site = Site::new();
    let body = |user: usize| {
        let mut body = format!(r#"{{"type":"track","distinct_id":"u{user}","event":"long"}}"#).into_bytes();
        body.resize(BODY_BYTES_MAX, b'\n');
        Request::post("/v1/batch", body).bytes()
    };
    // All but the last byte, so that each is held.
    let held: Vec<Client> = (0..LONGEST_BODIES)
        .map(|user| {
            let mut client = site.connect();
            let bytes = body(user);
            assert!(client.send(&bytes[..bytes.len() - 1]));
            client
        })
        .collect();
    // Nothing else is sent before all of them are there: it could take what the last of them needs.
    let full = format!("trackcrumb_body_bytes {}\n", LONGEST_BODIES * BODY_BYTES_MAX);
    super::site::wait_until(|| site.get("/metrics").text().contains(&full));
    let more = || site.post("/v1/track", event("more", "long"));
    let refused = more();
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    // What needs no body is not held up by them.
    assert_eq!(site.get("/api/events").status, 200);
    for mut client in held {
        client.send(b"\n");
        assert_eq!(client.answer().accepted(), 1);
    }
    assert_eq!(site.count("long"), LONGEST_BODIES as u64);
    assert_eq!(more().accepted(), 1);
    site.stop();
}
