//! The verbs, as they arrive at a server.

use super::server::TestServer;
use super::{LONG, quick};
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};
use trackcrumb::Tracker;
use trackcrumb::client::UNPACKED_RATIO_MAX;
use trackcrumb::client::{BATCH_LINES_MAX, BODY_BYTES_MAX, Client, ClientOptions, SendError, StartError};
use trackcrumb::files::DiskStorage;
use trackcrumb::model::{Event, NameError, Timestamp};
use trackcrumb::server::{KeyKind, create_key, limits};
use trackcrumb::tracker::{NO_PROPERTIES, TrackerError};

#[test]
fn the_three_lines_arrive_as_they_are_meant() {
    let server = TestServer::start();
    let client = Client::start(&server.url(), "", ClientOptions::default()).unwrap();
    let mut tracker = Tracker::anonymous(client).unwrap();
    let anonymous = tracker.user().to_owned();
    tracker.identify("user_42", NO_PROPERTIES).unwrap();
    tracker.group("company", "acme-corp", [("plan", "enterprise")]).unwrap();
    tracker.track("feature_used", [("feature", "ai_chart")]).unwrap();
    tracker.flush(LONG).unwrap();

    let mut stored = server.stored();
    let insert_id = stored[3]["insert_id"].as_str().unwrap().to_owned();
    assert!(insert_id.len() == 32 && insert_id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{insert_id}");
    let time = |line: &Value| Timestamp::parse(line["timestamp"].as_str().unwrap()).unwrap();
    let times: Vec<Timestamp> = stored.iter().map(time).collect();
    assert!(times.is_sorted(), "{times:?}");
    stored.iter_mut().for_each(|line| {
        line.as_object_mut().unwrap().retain(|field, _| field != "timestamp" && field != "insert_id");
    });
    let expected = [
        json!({"type": "alias", "distinct_id": "user_42", "alias": anonymous}),
        json!({"type": "identify", "distinct_id": "user_42"}),
        json!({"type": "group", "distinct_id": "user_42", "group_type": "company", "group_key": "acme-corp",
            "properties": {"plan": "enterprise"}}),
        json!({"type": "track", "distinct_id": "user_42", "event": "feature_used",
            "groups": {"company": "acme-corp"}, "properties": {"feature": "ai_chart"}}),
    ];
    assert_eq!(stored, expected);
}

#[test]
fn what_the_caller_gave_is_kept() {
    let server = TestServer::start();
    let client = Client::start(&server.url(), "", quick().0).unwrap();
    let time = Timestamp::parse("2026-01-03T10:00:00Z").unwrap();
    let event = Event::new("ann", "paid").unwrap().at(time).insert_id("order-7").unwrap();
    client.send([event.clone().into(), event.into()]).unwrap();
    client.flush(LONG).unwrap();
    assert_eq!((client.stats().accepted, client.stats().duplicate, client.stats().waiting), (1, 1, 0));
    let stored = server.stored();
    assert_eq!((&stored[0]["insert_id"], &stored[0]["timestamp"]), (&json!("order-7"), &json!("2026-01-03T10:00:00Z")));
}

#[test]
fn a_key_goes_along_and_a_wrong_one_loses_nothing() {
    let server = TestServer::start();
    let storage = DiskStorage::open(server.data()).unwrap();
    let now = Timestamp::parse("2026-01-03T10:00:00Z").unwrap();
    let (options, told) = quick();
    let client = Client::start(&server.url(), "tcw_unknown", options.clone()).unwrap();
    Tracker::new(client.clone(), "ann").unwrap().track("early", NO_PROPERTIES).unwrap();
    client.flush(Duration::from_millis(100)).unwrap_err();
    assert_eq!(client.stats().waiting, 1);
    let told = told.lock().unwrap().clone();
    assert!(told.len() == 1 && told[0].contains("401") && told[0].contains("key"), "{told:?}");

    let (_, secret) = create_key(&storage, KeyKind::Write, "", now).unwrap();
    let client = Client::start(&server.url(), &secret, options).unwrap();
    Tracker::new(client.clone(), "ann").unwrap().track("late", NO_PROPERTIES).unwrap();
    client.flush(LONG).unwrap();
    assert!(!format!("{client:?}").contains(&secret));
}

#[test]
fn https_is_not_spoken_with_who_does_not_speak_it() {
    let server = TestServer::start();
    let (options, told) = quick();
    let client = Client::start(&server.url().replace("http:", "https:"), "", options).unwrap();
    Tracker::new(client.clone(), "ann").unwrap().track("e", NO_PROPERTIES).unwrap();
    let start = Instant::now();
    while told.lock().unwrap().is_empty() && start.elapsed() < LONG {
        sleep(Duration::from_millis(5));
    }
    assert!(told.lock().unwrap()[0].contains("cannot be reached"), "{told:?}");
    assert_eq!(client.stats().waiting, 1);
}

#[test]
fn calls_that_a_server_would_refuse_are_refused_at_once() {
    let client = Client::start("http://127.0.0.1:9", "", ClientOptions::default()).unwrap();
    let mut tracker = Tracker::new(client.clone(), "ann").unwrap();
    let too_large = tracker.track("e", [("text", "x".repeat(40_000))]);
    assert!(matches!(too_large, Err(TrackerError::Refused(_))), "{too_large:?}");
    assert!(matches!(tracker.track(" ", NO_PROPERTIES), Err(TrackerError::Name(NameError::Blank { .. }))));
    assert!(matches!(tracker.identify("null", NO_PROPERTIES), Err(TrackerError::Name(NameError::Shared { .. }))));
    let fine = Event::new("ann", "e").unwrap();
    let large = fine.clone().property("text", "x".repeat(40_000));
    let both = client.send([fine.into(), large.into()]);
    assert!(matches!(both, Err(SendError::Refused { index: 1, .. })), "{both:?}");
    assert_eq!(client.stats().waiting, 0);
    client.close(LONG).unwrap();
}

#[test]
fn options_out_of_range_are_refused() {
    for options in [
        ClientOptions { batch_lines: 0, ..ClientOptions::default() },
        ClientOptions { batch_lines: BATCH_LINES_MAX + 1, ..ClientOptions::default() },
        ClientOptions { batch_bytes: BODY_BYTES_MAX + 1, ..ClientOptions::default() },
        ClientOptions { queue_lines: 0, ..ClientOptions::default() },
        ClientOptions { retry_most: Duration::from_millis(1), ..ClientOptions::default() },
    ] {
        let started = Client::start("http://127.0.0.1:9", "", options);
        assert!(matches!(started, Err(StartError::Option { .. })), "{started:?}");
    }
}

#[test]
fn the_limits_are_the_servers() {
    let server = (limits::BATCH_LINES_MAX, limits::BODY_BYTES_MAX, limits::UNPACKED_RATIO_MAX);
    assert_eq!((BATCH_LINES_MAX, BODY_BYTES_MAX, UNPACKED_RATIO_MAX), server);
}
