//! Lists and suggestions over HTTP: what is asked for, what is refused, and that pages follow one another.

use super::exchange::Request;
use super::site::{Asked, Site};
use serde_json::{Value, json};

fn site() -> Site {
    let site = Site::new();
    let group = |key: &str, plan: &str| json!({"type": "group", "group_type": "company", "group_key": key, "timestamp": 0, "properties": {"plan": plan}});
    let track = |user: &str, country: &str| json!({"type": "track", "distinct_id": user, "event": "opened", "timestamp": 0, "properties": {"country": country}});
    let lines = [
        group("acme", "pro"),
        group("globex", "free"),
        group("initech", "pro"),
        track("ann", "DE"),
        track("bob", "DE"),
        track("cem", "US"),
    ];
    let body = lines.map(|line| line.to_string()).join("\n");
    assert_eq!(site.post("/v1/batch", body).accepted(), 6);
    site
}

fn names(page: &Value, field: &str) -> Vec<String> {
    page["rows"].as_array().unwrap().iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
}

#[test]
fn pages_of_a_list_follow_one_another_both_ways() {
    let mut site = site();
    let first = site.get("/api/groups/company?sort=-name&limit=2&count=true").json();
    assert_eq!(names(&first, "key"), ["initech", "globex"]);
    assert_eq!((&first["total"], &first["first"], &first["previous_cursor"]), (&json!(3), &json!(0), &Value::Null));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = site.get(&format!("/api/groups/company?sort=-name&limit=2&count=true&cursor={cursor}")).json();
    assert_eq!((names(&second, "key"), &second["first"]), (vec!["acme".to_owned()], &json!(2)));
    let cursor = second["previous_cursor"].as_str().unwrap();
    let back = site.get(&format!("/api/groups/company?sort=-name&limit=2&count=true&cursor={cursor}")).json();
    assert_eq!(back, first);
    let filter = "%7B%22property%22:%22plan%22,%22op%22:%22is%22,%22value%22:%22pro%22%7D";
    let filtered = site.get(&format!("/api/groups/company?sort=name&count=true&filter={filter}")).json();
    assert_eq!((names(&filtered, "key").join(" "), &filtered["all"]), ("acme initech".to_owned(), &json!(3)));
    let plain = site.get("/api/groups/company?limit=1").json();
    assert_eq!(plain.as_object().unwrap().keys().collect::<Vec<_>>(), ["next_cursor", "rows"]);
    let users = site.get("/api/users?sort=name&limit=2").json();
    assert_eq!((names(&users, "id").join(" "), &users["total"]), ("ann bob".to_owned(), &json!(3)));
    site.stop();
}

#[test]
fn suggestions_are_counted() {
    let mut site = site();
    let values = site.get("/api/values?event=opened&property=country&search=d").json();
    assert_eq!(
        values,
        json!({"values": [{"value": "DE", "count": 2}], "distinct": 1, "counted": 3, "of": 3, "since": null})
    );
    let values = site.get("/api/values?of=group&group=company&property=plan&limit=1").json();
    assert_eq!((&values["values"][0]["value"], &values["distinct"]), (&json!("pro"), &json!(2)));
    let listed = site.get("/api/properties?event=opened").json();
    let expected = json!([{"property": "country", "count": 3, "types": [{"type": "string", "count": 3}], "distinct": 2,
        "values": [{"value": "DE", "count": 2}, {"value": "US", "count": 1}]}]);
    assert_eq!(listed["properties"], expected);
    assert_eq!(site.get("/api/properties?of=user").json()["of"], 3);
    site.stop();
}

#[test]
fn what_makes_no_sense_is_refused_in_a_sentence() {
    let mut site = site();
    for (target, status, sentence) in [
        (
            "/api/users?sort=last",
            400,
            "`last` is no order; write `recent`, `name` or `property:NAME`, with a `-` before it to reverse it",
        ),
        ("/api/users?limit=0", 400, "`limit` must be a number from 1 to 10000"),
        ("/api/users?cursor=x", 400, "`x` is no cursor of this list; pass the `next_cursor` of the page before"),
        (
            "/api/users?filter=%7B%22did%22:%22opened%22%7D",
            400,
            "a list is filtered by properties and by `member_of` with keys; save a cohort for `did`",
        ),
        ("/api/values?event=opened", 400, "the property whose values are wanted is missing; name it in `property`"),
        ("/api/values?of=group&property=plan", 400, "`of=group` needs the group type in `group`"),
        ("/api/properties?of=user&event=opened", 400, "`event` goes with `of=event` only"),
        ("/api/properties?group=company", 400, "`group` goes with `of=group` only"),
        ("/api/properties?search=x", 400, "`property`, `search` and `limit` are for /api/values"),
        ("/api/properties?event=closed", 404, "there is no event `closed`; check its spelling"),
    ] {
        let answer = site.ask(&Request::get(target));
        assert_eq!((answer.status, answer.json()["error"].as_str().unwrap()), (status, sentence), "{target}");
    }
    assert_eq!(site.get("/api/users?filter=%7B%7D").status, 400);
    assert_eq!(site.get("/api/users?first=1").status, 400);
    site.stop();
}

#[test]
fn home_and_feed_are_answered() {
    let mut site = site();
    let home = site.get("/api/home").json();
    assert_eq!(
        (&home["events_today"], home["volume"]["buckets"].as_array().unwrap().len()),
        (&json!({"value": 0, "previous": 0}), 30)
    );
    assert_eq!(site.get("/api/home?group=company&timezone=Asia/Tokyo").status, 200);
    assert_eq!(site.get("/api/home?group=compny").status, 400);
    assert_eq!(site.get("/api/home?timezone=Mars").status, 400);
    let feed = site.get("/api/feed?limit=2").json();
    let users: Vec<&str> =
        feed["events"].as_array().unwrap().iter().map(|event| event["distinct_id"].as_str().unwrap()).collect();
    assert_eq!(users, ["cem", "bob"]);
    let next = feed["next"].as_u64().unwrap();
    assert_eq!(site.get(&format!("/api/feed?since={next}")).json()["events"], json!([]));
    assert_eq!(site.post("/v1/track", super::site::event("dee", "opened")).status, 200);
    let feed = site.get(&format!("/api/feed?since={next}")).json();
    assert_eq!((&feed["events"][0]["distinct_id"], &feed["next"]), (&json!("dee"), &json!(next + 1)));
    assert_eq!(site.get("/api/events?days=30").json()["events"][0]["event"], "opened");
    assert_eq!(site.get("/api/events?days=0").status, 400);
    assert_eq!(site.get("/api/events?days=1&name=opened").status, 400);
    site.stop();
}
