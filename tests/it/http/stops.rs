//! P12, T16: a server that is told to stop answers what is under way, and leaves a closed store behind.

use super::exchange::{Client, Request};
use super::site::{Asked, Process, Site, command, event};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};
use trackcrumb::StoreReader;

/// How many times it is tried.
const ROUNDS: u64 = 20;
const CLIENTS: u64 = 3;

#[test]
fn p12_t16_a_server_that_is_told_to_stop_answers_what_is_under_way() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let (sent, acknowledged) = (AtomicU64::new(0), AtomicU64::new(0));
    for round in 0..ROUNDS {
        let mut process = Process::serve(data, &[]);
        let address = process.address();
        let mut idle = process.connect();
        assert_eq!(idle.ask(&Request::get("/healthz")).status, 200);
        // The server waits for the second half of this one's body when it is told.
        let mut slow = process.connect();
        let request = Request::post("/v1/track", event("slow", "e")).header("expect", "100-continue").bytes();
        let (first, second) = request.split_at(request.len() - 10);
        slow.send(first);
        slow.expect_continue();
        let start = scope(|scope| {
            for client in 0..CLIENTS {
                let (sent, acknowledged) = (&sent, &acknowledged);
                scope.spawn(move || {
                    let mut connection = Client::connect(address);
                    loop {
                        sent.fetch_add(1, Ordering::SeqCst);
                        match connection.try_ask(&Request::post("/v1/track", event(&format!("u{client}"), "e"))) {
                            Some(answer) => assert_eq!(answer.accepted(), 1),
                            None => break,
                        }
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            sleep(Duration::from_millis(15 + round * 3));
            process.send(if round % 2 == 0 { "-TERM" } else { "-INT" });
            Instant::now()
        });
        slow.send(second);
        sent.fetch_add(1, Ordering::SeqCst);
        let answer = slow.answer();
        assert_eq!((answer.accepted(), answer.header("connection")), (1, Some("close")), "round {round}");
        acknowledged.fetch_add(1, Ordering::SeqCst);
        assert!(slow.is_closed() && idle.is_closed());
        drop((slow, idle));
        let (status, said) = process.end();
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(status.code(), Some(0), "round {round}: {said}");
        assert!(said.contains("stopped; every store is closed"), "{said}");
        assert!(TcpStream::connect(address).is_err());
        let reader = StoreReader::open(data).unwrap();
        assert!(!reader.recovery().unclean, "round {round}");
        let stored = reader.snapshot().next_arrival().raw();
        let (least, most) = (acknowledged.load(Ordering::SeqCst), sent.load(Ordering::SeqCst));
        assert!((least..=most).contains(&stored), "round {round}: {stored} of {least} to {most}");
    }
    let verified = command(["verify"], data).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn a_client_that_never_ends_does_not_hold_up_the_stop() {
    let mut site = Site::new();
    let head = b"POST /v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{";
    let mut clients: Vec<_> = (0..3).map(|_| site.connect()).collect();
    for client in &mut clients {
        client.send(head);
    }
    assert_eq!(site.get("/healthz").status, 200);
    let start = Instant::now();
    site.stop();
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(!StoreReader::open(site.directory.path()).unwrap().recovery().unclean);
}

#[test]
fn a_server_that_is_told_twice_does_not_wait() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::serve(directory.path(), &[]);
    let mut client = process.connect();
    client.send(b"POST /v1/track HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n");
    client.expect_continue();
    let start = Instant::now();
    process.send("-TERM");
    super::site::wait_until(|| TcpStream::connect(process.address()).is_err());
    process.send("-TERM");
    assert_eq!(process.end().0.code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(!StoreReader::open(directory.path()).unwrap().recovery().unclean);
}

#[test]
fn two_servers_do_not_share_a_directory_or_an_address() {
    let site = Site::new();
    let second = command(["serve", "--listen", "127.0.0.1:0"], site.directory.path()).output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{said}");
    let holder = format!("error: another process (pid {}) is writing here and holds `", std::process::id());
    assert!(said.starts_with(&holder), "{said}");
    let directory = tempfile::tempdir().unwrap();
    let taken = site.address().to_string();
    let third = command(["serve", "--listen", &taken], directory.path()).output().unwrap();
    let said = String::from_utf8(third.stderr).unwrap();
    assert_eq!(third.status.code(), Some(1), "{said}");
    assert!(said.starts_with(&format!("error: cannot listen on {taken}: ")), "{said}");
    assert!(said.ends_with("; choose another address with --listen\n"), "{said}");
}
