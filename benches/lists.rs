//! The lists of keys and users, and suggestions, at 100,000 of each: pages from the first to the last.

use crate::data::Random;
use criterion::Criterion;
use trackcrumb::language::{Condition, CountBy, Zone};
use trackcrumb::model::{Event, Line, Timestamp};
use trackcrumb::pages::{self, ListQuery, Look, Owner, Sort, ValuesQuery};
use trackcrumb::reports::{HomeQuery, Limits};
use trackcrumb::store::Snapshot;
use trackcrumb::{Store, input, reports};

const HOLDERS: u64 = 100_000;
const START_MICROS: i64 = 1_767_225_600_000_000;

fn lines(number: u64, random: &mut Random) -> Vec<Line> {
    let time = Timestamp::clamped(START_MICROS + number as i64 * 60_000_000);
    let parsed = |json: String| input::parse_line(json.as_bytes()).expect("the line is right");
    let plan = ["free", "pro", "enterprise"][random.below(3) as usize];
    let seats = random.below(1000);
    let properties = format!(r#"{{"name":"Company {number}","plan":"{plan}","seats":{seats},"industry":"logistics"}}"#);
    let group = format!(
        r#"{{"type":"group","distinct_id":"user-{number}","group_type":"company","group_key":"company-{number}","timestamp":"{time}","properties":{properties}}}"#
    );
    let identify = format!(
        r#"{{"type":"identify","distinct_id":"user-{number}","timestamp":"{time}","properties":{properties}}}"#
    );
    let path = format!("/page/{}", random.below(5000));
    let event = |user: u64, name: &str| -> Line {
        let event = Event::new(format!("user-{user}"), name).expect("a short name").at(time).property("plan", plan);
        let event = event.property("path", path.as_str());
        event.group("company", format!("company-{user}")).expect("a short name").into()
    };
    let other = number / 2;
    vec![parsed(group), parsed(identify), event(number, "opened"), event(other, "opened"), event(other, "shared")]
}

fn fill(store: &Store) {
    let mut random = Random::new();
    let mut waiting = Vec::new();
    for number in 0..HOLDERS {
        waiting.extend(lines(number, &mut random));
        if waiting.len() >= 5_000 {
            store.write(std::mem::take(&mut waiting)).expect("the store takes everything");
        }
    }
    store.write(waiting).expect("the store takes everything");
    store.seal().expect("sealed");
}

/// A cursor from which a page in the middle begins.
fn middle(snapshot: &Snapshot) -> Option<String> {
    let query = ListQuery { limit: 50_000, ..ListQuery::default() };
    pages::group_list(snapshot, "company", &query).expect("a page").next_cursor
}

pub fn bench(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(directory.path()).expect("a store");
    fill(&store);
    let snapshot = store.snapshot().expect("a snapshot");
    let filter = Condition::parse(r#"{"property":"plan","op":"is","value":"pro"}"#, &CountBy::Users);
    let page = ListQuery { limit: 20, ..ListQuery::default() };
    let queries = [
        ("first page", page.clone()),
        ("page in the middle", ListQuery { cursor: middle(&snapshot), ..page.clone() }),
        ("by name", ListQuery { sort: Sort::Name, ..page.clone() }),
        ("by property", ListQuery { sort: Sort::Property("seats".to_owned()), ..page.clone() }),
        ("filtered", ListQuery { filter: Some(filter.expect("a condition")), ..page.clone() }),
        ("searched", ListQuery { search: Some("company 77".to_owned()), ..page }),
    ];
    let mut group = criterion.benchmark_group("lists");
    for (name, query) in &queries {
        group.bench_function(format!("keys, {name}"), |bencher| {
            bencher.iter(|| pages::group_list(&snapshot, "company", query).expect("a page"));
        });
        if query.cursor.is_none() {
            group.bench_function(format!("users, {name}"), |bencher| {
                bencher.iter(|| pages::user_list(&snapshot, query).expect("a page"));
            });
        }
    }
    let owners = [
        ("an event", Owner::Events(Some("opened".to_owned()))),
        ("any event", Owner::Events(None)),
        ("users", Owner::Users),
        ("keys", Owner::Group("company".to_owned())),
    ];
    for (name, owner) in owners {
        group.bench_function(format!("properties of {name}"), |bencher| {
            bencher.iter(|| pages::properties(&snapshot, &owner, Look::Thorough).expect("an answer"));
        });
        let query = ValuesQuery { owner, property: "plan".to_owned(), search: None, limit: 20 };
        group.bench_function(format!("values of {name}"), |bencher| {
            bencher.iter(|| pages::values(&snapshot, &query).expect("an answer"));
        });
    }
    let now = Timestamp::clamped(START_MICROS + HOLDERS as i64 * 60_000_000);
    for (name, count_by) in [("users", CountBy::Users), ("keys", CountBy::group("company"))] {
        let query = HomeQuery { count_by, timezone: Zone::named("Europe/Berlin") };
        group.bench_function(format!("home by {name}"), |bencher| {
            bencher.iter(|| reports::home(&snapshot, &query, now, &Limits::default()).expect("the figures"));
        });
    }
    group.bench_function("feed", |bencher| bencher.iter(|| pages::feed(&snapshot, 0, 20).expect("the feed")));
    group.bench_function("events", |bencher| {
        bencher.iter(|| pages::event_uses(&snapshot, now, 30).expect("the events"))
    });
    group.finish();
}
