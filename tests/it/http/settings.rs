//! What a workspace is told about itself over HTTP: settings, group types, keys, and what is to go.

use super::exchange::Request;
use super::site::{Asked, Site, event};
use serde_json::{Value, json};

#[test]
fn settings_change_one_by_one_and_types_get_names() {
    let mut site = Site::new();
    let before = site.get("/api/settings").json();
    let expected =
        json!({"workspace": "default", "timezone": "UTC", "keep_days": null, "types": [], "only_declared": false});
    assert_eq!(before, expected);
    let changed = site.post("/api/settings", r#"{"timezone":"europe/berlin","keep_days":400}"#).json();
    assert_eq!((&changed["timezone"], &changed["keep_days"]), (&json!("Europe/Berlin"), &json!(400)));
    let declared = site.post("/api/group-types", r#"{"type":"company","name":"Companies"}"#).json();
    assert_eq!(declared["types"], json!([{"type": "company", "name": "Companies", "declared": true, "keys": 0}]));
    let changed = site.post("/api/settings", r#"{"keep_days":null,"only_declared":true}"#).json();
    assert_eq!((&changed["keep_days"], &changed["only_declared"]), (&Value::Null, &json!(true)));
    assert_eq!(changed["timezone"], "Europe/Berlin");
    for (target, body, status) in [
        ("/api/settings", r#"{"timezone":"Europe/Berln","keep_days":1}"#, 404),
        ("/api/settings", r#"{"weeks":1}"#, 400),
        ("/api/group-types", r#"{"type":"company","name":" "}"#, 400),
        ("/api/group-types", r#"{"type":""}"#, 400),
    ] {
        assert_eq!(site.post(target, body).status, status, "{body}");
    }
    assert_eq!(site.get("/api/settings").json()["keep_days"], Value::Null, "what is refused changes nothing");
    site.stop();
}

#[test]
fn a_key_is_shown_once_works_at_once_and_is_taken_back_at_once() {
    let mut site = Site::new();
    let write = site.post("/api/keys", r#"{"kind":"write","name":"shop"}"#).json();
    let secret = write["key"].as_str().unwrap().to_owned();
    assert_eq!(site.post("/v1/track", event("ann", "opened")).status, 401, "from the first key on one is needed");
    assert_eq!(site.ask(&Request::post("/v1/track", event("ann", "opened")).key(&secret)).status, 200);
    let listed = site.get("/api/keys").json();
    let mut shown = write.clone();
    shown.as_object_mut().unwrap().remove("key");
    assert_eq!(listed, json!({"keys": [shown]}));
    assert!(!site.get("/api/keys").text().contains(&secret[4..]));
    let at = format!("/api/keys/{}/revoke", write["id"].as_str().unwrap());
    assert_eq!(site.post(&at, "").status, 200);
    assert_eq!(site.ask(&Request::post("/v1/track", event("ann", "opened")).key(&secret)).status, 401);
    assert_eq!(site.post(&at, "").status, 404);
    assert_eq!(site.post("/api/keys", r#"{"kind":"admin"}"#).status, 400);
    site.stop();
}

#[test]
fn what_would_go_is_said_first_and_a_write_key_deletes_nothing() {
    let mut site = Site::new();
    for user in ["ann", "bob", "bob"] {
        assert_eq!(site.post("/v1/track", event(user, "opened")).status, 200);
    }
    let preview = site.post("/api/delete/preview", r#"{"users":["bob"]}"#).json();
    assert_eq!((&preview["names"], &preview["events"]), (&json!(["bob"]), &json!(2)));
    assert_eq!(site.count("opened"), 3, "nothing went yet");
    let write = site.post("/api/keys", r#"{"kind":"write"}"#).json()["key"].as_str().unwrap().to_owned();
    assert_eq!(site.ask(&Request::post("/api/delete", r#"{"users":["bob"]}"#).key(&write)).status, 403);
    assert_eq!(site.post("/api/delete", r#"{"users":["bob"]}"#).json()["events"], 2);
    assert_eq!(site.count("opened"), 1);
    assert_eq!(site.post("/api/delete/preview", r#"{"days":1}"#).json()["events"], 0);
    for (body, status) in [
        (r#"{"users":["bob"]}"#, 404),
        (r#"{"users":[]}"#, 400),
        (r#"{"group":"company"}"#, 400),
        (r#"{"group":"company","keys":["acme"]}"#, 404),
    ] {
        assert_eq!(site.post("/api/delete/preview", body).status, status, "{body}");
    }
    site.stop();
}
