//! Delivery when the server is away, slow, full or refuses: once each, in order, and nothing in silence.

use super::server::TestServer;
use super::wire::{Act, Wire};
use super::{LONG, quick};
use std::sync::mpsc;
use std::thread::{scope, sleep, spawn};
use std::time::{Duration, Instant};
use trackcrumb::Tracker;
use trackcrumb::client::{Client, ClientOptions, FlushError, SendError};
use trackcrumb::model::{IdentifyCall, Number, Properties};
use trackcrumb::store::Store;
use trackcrumb::tracker::{NO_PROPERTIES, TrackerError};

/// Sends events numbered so.
pub fn track(client: &Client, numbers: std::ops::Range<u64>) {
    let tracker = Tracker::new(client.clone(), "ann").unwrap();
    numbers.for_each(|number| tracker.track("e", [("n", number as i64)]).unwrap());
}

/// The numbers from 0 on.
pub fn up_to(end: u64) -> Vec<u64> {
    (0..end).collect()
}

#[test]
fn events_are_stored_once_and_in_order_over_restarts_of_the_server() {
    let mut server = TestServer::start();
    let (options, _) = quick();
    let client = Client::start(&server.url(), "", ClientOptions { batch_lines: 7, ..options }).unwrap();
    let (progress, rounds) = mpsc::channel();
    let sending = {
        let client = client.clone();
        spawn(move || {
            for round in 0..60 {
                track(&client, round * 10..round * 10 + 10);
                progress.send(()).unwrap();
                sleep(Duration::from_millis(5));
            }
        })
    };
    for _ in 0..3 {
        rounds.iter().take(15).for_each(drop);
        server.stop();
        sleep(Duration::from_millis(60));
        server.run();
    }
    sending.join().unwrap();
    client.flush(LONG).unwrap();
    assert_eq!(server.numbers(), up_to(600));
}

#[test]
fn an_answer_that_is_lost_makes_no_event_twice() {
    let server = TestServer::start();
    let wire = Wire::to(server.address(), &[Act::LoseAnswer, Act::Lose, Act::LoseAnswer]);
    let (options, told) = quick();
    let client = Client::start(&wire.url(), "", options).unwrap();
    track(&client, 0..50);
    let mut call = IdentifyCall::new("ann", Properties::new()).unwrap();
    call.ops.add.insert("visits".to_owned(), Number::Integer(1));
    client.send([call.into()]).unwrap();
    client.flush(LONG).unwrap();
    assert_eq!(server.numbers(), up_to(50));
    assert_eq!(server.stored().len(), 51, "what adds is added once");
    let seen = wire.seen();
    assert!(seen.len() >= 4);
    assert!(seen[..4].iter().all(|request| request.lines == seen[0].lines), "a batch is sent again as it was");
    let key = seen[0].header("idempotency-key").unwrap();
    assert!(seen[..4].iter().all(|request| request.header("idempotency-key") == Some(key)));
    assert!(seen[0].header("content-encoding") == Some("zstd"));
    let told = told.lock().unwrap();
    assert!(!told.is_empty() && told.iter().all(|problem| problem.contains("cannot be reached")), "{told:?}");
}

#[test]
fn retry_after_is_honoured_also_by_a_flush() {
    let server = TestServer::start();
    let busy = Act::Answer("503 Service Unavailable\r\nretry-after: 1", "{\"error\":\"busy\"}");
    let wire = Wire::to(server.address(), &[busy]);
    let (options, told) = quick();
    let client = Client::start(&wire.url(), "", options).unwrap();
    track(&client, 0..1);
    client.flush(LONG).unwrap();
    let seen = wire.seen();
    let waited = seen[1].at - seen[0].at;
    assert!(seen.len() == 2 && waited >= Duration::from_secs(1) && waited < Duration::from_secs(5), "{waited:?}");
    assert_eq!(*told.lock().unwrap(), ["1 lines wait to be sent: the server answers 503: busy"]);
}

#[test]
fn waits_grow_while_the_server_fails() {
    let server = TestServer::start();
    let wire = Wire::to(server.address(), &[Act::Answer("500 Internal Server Error", ""); 6]);
    let (options, told) = quick();
    let client = Client::start(&wire.url(), "", options).unwrap();
    track(&client, 0..1);
    let start = Instant::now();
    while client.stats().waiting > 0 && start.elapsed() < LONG {
        sleep(Duration::from_millis(5));
    }
    let times: Vec<Instant> = wire.seen().iter().map(|request| request.at).collect();
    let waits: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits.len(), 6);
    // The least that each may be: half of 20, 40, 80, 160, 200 and 200 ms.
    for (wait, least) in waits.iter().zip([10, 20, 40, 80, 100, 100]) {
        assert!(*wait >= Duration::from_millis(least), "{waits:?}");
    }
    assert_eq!(told.lock().unwrap().len(), 1, "the same reason is told once");
}

#[test]
fn refused_lines_are_told_and_hold_up_nothing() {
    let mut server = TestServer::start();
    server.stop();
    Store::open(server.data()).unwrap().set_only_declared(true).unwrap();
    server.run();
    let (options, told) = quick();
    let client = Client::start(&server.url(), "", options).unwrap();
    track(&client, 0..3);
    let mut tracker = Tracker::new(client.clone(), "ann").unwrap();
    tracker.group("compnay", "acme", NO_PROPERTIES).unwrap();
    tracker.leave("compnay");
    track(&client, 3..6);
    assert_eq!(client.flush(LONG), Err(FlushError::Refused { lines: 1 }));
    assert_eq!(server.numbers(), up_to(6));
    // A batch of which nothing can be used is refused as a whole, by 400, and holds up nothing either.
    tracker.group("compnay", "acme", NO_PROPERTIES).unwrap();
    assert_eq!(client.flush(LONG), Err(FlushError::Refused { lines: 1 }));
    track(&client, 6..8);
    client.flush(LONG).unwrap();
    assert_eq!(server.numbers(), up_to(8));
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|problem| problem.contains("`compnay` is not declared")), "{told:?}");
    assert_eq!((client.stats().accepted, client.stats().refused), (8, 2));
}

#[test]
fn refused_lines_are_told_also_when_the_first_answer_is_lost() {
    let mut server = TestServer::start();
    server.stop();
    Store::open(server.data()).unwrap().set_only_declared(true).unwrap();
    server.run();
    let wire = Wire::to(server.address(), &[Act::LoseAnswer]);
    let (options, told) = quick();
    let client = Client::start(&wire.url(), "", options).unwrap();
    let mut tracker = Tracker::new(client.clone(), "ann").unwrap();
    tracker.group("compnay", "acme", NO_PROPERTIES).unwrap();
    tracker.leave("compnay");
    track(&client, 0..3);
    assert_eq!(client.flush(LONG), Err(FlushError::Refused { lines: 1 }));
    assert_eq!((server.numbers(), wire.seen().len()), (up_to(3), 2));
    let told = told.lock().unwrap();
    assert!(told.len() == 2 && told[1].contains("`compnay` is not declared"), "{told:?}");
}

#[test]
fn what_is_too_large_for_a_proxy_goes_in_halves() {
    let server = TestServer::start();
    let wire = Wire::to(server.address(), &[Act::Answer("413 Payload Too Large", "<html>"); 2]);
    let (options, _) = quick();
    let options = ClientOptions { interval: Duration::from_secs(60), ..options };
    let client = Client::start(&wire.url(), "", options).unwrap();
    track(&client, 0..16);
    client.flush(LONG).unwrap();
    let sizes: Vec<usize> = wire.seen().iter().map(|request| request.lines.len()).collect();
    assert_eq!(sizes, [16, 8, 4, 8, 4]);
    assert_eq!(server.numbers(), up_to(16));
}

#[test]
fn a_full_queue_says_so_and_takes_calls_again_once_there_is_room() {
    let mut server = TestServer::start();
    server.stop();
    let (options, _) = quick();
    let client = Client::start(&server.url(), "", ClientOptions { queue_lines: 10, ..options }).unwrap();
    track(&client, 0..10);
    client.flush(Duration::from_millis(50)).unwrap_err();
    let tracker = Tracker::new(client.clone(), "ann").unwrap();
    let full = tracker.track("e", [("n", 99)]);
    match full {
        Err(TrackerError::Failed(SendError::Full { waiting: 10, reason: Some(reason) })) => {
            assert!(reason.contains("cannot be reached"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    match client.flush(Duration::from_millis(50)) {
        Err(FlushError::Waiting { lines: 10, reason: Some(_) }) => {}
        other => panic!("{other:?}"),
    }
    server.run();
    client.flush(LONG).unwrap();
    track(&client, 10..12);
    client.close(LONG).unwrap();
    assert_eq!(server.numbers(), up_to(12));
}

#[test]
fn threads_share_a_client() {
    let server = TestServer::start();
    let client = Client::start(&server.url(), "", quick().0).unwrap();
    scope(|threads| {
        for thread in 0..8 {
            let client = client.clone();
            threads.spawn(move || track(&client, thread * 250..thread * 250 + 250));
        }
    });
    client.flush(LONG).unwrap();
    let mut numbers = server.numbers();
    for thread in 0..8 {
        let own: Vec<u64> = numbers.iter().copied().filter(|number| number / 250 == thread).collect();
        assert!(own.is_sorted(), "each thread's calls keep their order");
    }
    numbers.sort_unstable();
    assert_eq!(numbers, up_to(2000));
}

#[test]
fn the_last_handle_sends_what_waits() {
    let server = TestServer::start();
    let options = ClientOptions { interval: Duration::from_secs(60), ..quick().0 };
    let client = Client::start(&server.url(), "", options).unwrap();
    track(&client, 0..5);
    drop(client);
    assert_eq!(server.numbers(), up_to(5));
}

#[test]
fn an_end_without_server_is_bounded_and_told() {
    let (options, told) = quick();
    let options = ClientOptions { close_timeout: Duration::from_millis(300), ..options };
    let client = Client::start("http://127.0.0.1:9", "", options.clone()).unwrap();
    track(&client, 0..5);
    let start = Instant::now();
    drop(client);
    assert!(start.elapsed() < Duration::from_secs(5));
    let last = told.lock().unwrap().pop().unwrap();
    assert!(last.starts_with("5 lines were not delivered before the client ended: "), "{last}");

    let client = Client::start("http://127.0.0.1:9", "", options).unwrap();
    track(&client, 0..2);
    let other = client.clone();
    match client.close(Duration::from_millis(100)) {
        Err(FlushError::Waiting { lines: 2, .. }) => {}
        closed => panic!("{closed:?}"),
    }
    assert!(matches!(other.send([]), Err(SendError::Closed)));
}

#[test]
fn an_application_that_panics_over_a_problem_does_not_end_the_sending() {
    let mut server = TestServer::start();
    server.stop();
    let options = quick().0.on_problem(|problem| panic!("{problem}"));
    let client = Client::start(&server.url(), "", options).unwrap();
    track(&client, 0..3);
    client.flush(Duration::from_millis(100)).unwrap_err();
    server.run();
    client.flush(LONG).unwrap();
    assert_eq!(server.numbers(), up_to(3));
}
