//! Pages about people, groups and events, and the forms of the settings.

use super::exchange::Request;
use super::pages::{expect_led, expect_page, form, look};
use super::site::{Asked, Site, event};
use serde_json::json;

/// A company with three versions, its two users, and names that would rather be something else.
fn filled() -> Site {
    let site = Site::new();
    let group = |at: &str, properties: serde_json::Value| json!({ "type": "group", "group_type": "company", "group_key": "a/b<i>", "timestamp": at, "properties": properties });
    let lines = [
        group("2026-01-02T10:00:00Z", json!({ "plan": "team", "seats": 3 })),
        group("2026-02-03T10:00:00Z", json!({ "plan": "pro" })),
        json!({ "type": "group", "group_type": "company", "group_key": "other", "properties": { "plan": "pro", "seats": "3" } }),
        json!({ "type": "identify", "distinct_id": "ann", "properties": { "<b>": "<script>" } }),
        json!({ "type": "track", "distinct_id": "ann", "event": "a/b?", "groups": { "company": "a/b<i>" }, "properties": { "p": 1 } }),
        json!({ "type": "track", "distinct_id": "bob", "event": "a/b?", "properties": { "p": "x" } }),
    ];
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(site.post("/v1/batch", lines.join("\n")).accepted(), 6);
    site
}

#[test]
fn every_page_shows_names_as_text() {
    let mut site = filled();
    for (target, words) in [
        ("/", vec!["Events today", "Most active users", "/api/feed?limit=9", "/events/a%2Fb%3F"]),
        ("/?group=company", vec!["New companies, 7 days", "/groups/company/a%2Fb%3Ci%3E", "Groups: company"]),
        ("/groups/company", vec!["/groups/company/a%2Fb%3Ci%3E", "a/b&lt;i&gt;", "1–2 of 2"]),
        ("/groups/company/a%2Fb%3Ci%3E", vec!["a/b&lt;i&gt;", "2 versions", "/users/ann", "/trends?report="]),
        ("/users", vec!["2 people", "/users/ann", "&lt;script&gt;"]),
        ("/users/ann", vec!["a/b&lt;i&gt;", "&lt;b&gt;", "the latest 1"]),
        ("/events", vec!["1 name, 2 events", "50.0%", "several types: p"]),
        ("/events?group=", vec!["1 name, 2 events"]),
        ("/events/a%2Fb%3F", vec!["2 events", "number (1), string (1)"]),
        ("/settings", vec!["There are none", "company", "Europe/Berlin"]),
    ] {
        let page = expect_page(&site.ask(&look(target)), 200);
        for word in words {
            assert!(page.contains(word), "{target} has no {word}: {page}");
        }
        assert!(!page.contains("<i>a/b") && !page.contains("a/b<i>") && !page.contains("<script>"), "{page}");
    }
    for target in ["/groups/company/nobody", "/users/nobody", "/events/nothing", "/groups/company/a%2Fb%3Ci%3E/x"] {
        expect_page(&site.ask(&look(target)), 404);
    }
    site.stop();
}

#[test]
fn a_profile_says_what_its_properties_were() {
    let mut site = filled();
    let at = |day: &str| expect_page(&site.ask(&look(&format!("/groups/company/a%2Fb%3Ci%3E?as_of={day}"))), 200);
    assert!(at("2026-01-01").contains("None yet then"));
    let january = at("2026-01-31");
    assert!(
        january.contains("Sat 31 Jan 2026") && january.contains(">team<") && !january.contains(">pro<"),
        "{january}"
    );
    assert!(at("2026-02-03").contains("2 versions") && at("").contains("2 versions"));
    assert_eq!(site.ask(&look("/groups/company/a%2Fb%3Ci%3E?as_of=soon")).status, 400);
    site.stop();
}

#[test]
fn a_filter_that_is_written_becomes_part_of_the_address() {
    let mut site = filled();
    let answer = site.ask(&look("/groups/company?sort=name&property=seats&op=is&value=3&search=o"));
    let expected = "/groups/company?search=o&filter=%7B%22op%22:%22is%22,%22property%22:%22seats%22,%22value%22:\
                    %5B3,%223%22%5D%7D&sort=name";
    expect_led(&answer, expected);
    let page = expect_page(&site.ask(&look(expected)), 200);
    assert!(page.contains("1–2 of 2") && page.contains("Remove the filter seats is 3"), "{page}");
    let more = site.ask(&look(&format!("{expected}&property=plan&op=not_set&value=")));
    let more = more.header("location").unwrap().to_owned();
    let page = expect_page(&site.ask(&look(&more)), 200);
    assert!(page.contains("No companies match") && page.contains("Remove the filter plan is not set"), "{page}");
    for wrong in ["property=p&op=like&value=x", "property=p&op=matches&value=(", "filter=1"] {
        assert_eq!(site.ask(&look(&format!("/users?{wrong}"))).status, 400, "{wrong}");
    }
    site.stop();
}

#[test]
fn settings_are_changed_by_forms_and_what_goes_is_asked_first() {
    let mut site = filled();
    let send = |target: &str, body: &str| site.ask(&form(target, body));
    expect_led(&send("/settings/timezone", "timezone=Europe%2FBerlin"), "/settings?done=timezone");
    expect_led(&send("/settings/types", "type=company&name=Customers"), "/settings?done=type");
    expect_led(&send("/settings/only-declared", "on=true"), "/settings?done=only-declared");
    let page = expect_page(&site.ask(&look("/settings?done=timezone")), 200);
    assert!(page.contains("The time zone is saved") && page.contains("value=\"Customers\""), "{page}");
    assert_eq!(site.get("/api/settings").json()["only_declared"], true);
    assert_eq!(site.ask(&Request::get("/settings/keys")).status, 405);
    expect_page(&send("/settings/timezone", "timezone=Europe%2FBerln"), 404);
    expect_page(&send("/settings/types", "name=x"), 400);
    let other = form("/settings/timezone", "timezone=UTC").header("origin", "http://evil.example");
    assert_eq!(site.ask(&other).status, 403, "a page of another site changes nothing");

    let page = expect_page(&site.ask(&look("/settings/keep?days=30")), 200);
    assert!(page.contains("Keep events for 30 days?") && page.contains("Nothing: it has no events"), "{page}");
    assert_eq!(site.get("/api/settings").json()["keep_days"], json!(null));
    expect_led(&send("/settings/keep", "days=30"), "/settings?done=keep");
    assert_eq!(site.get("/api/settings").json()["keep_days"], 30);
    expect_led(&send("/settings/keep", "days="), "/settings?done=keep");
    expect_page(&send("/settings/keep", "days=0"), 400);

    let page = expect_page(&site.ask(&look("/settings/delete?group=&name=bob")), 200);
    assert!(page.contains("Delete the user bob?") && page.contains("<b>1 event</b> go"), "{page}");
    assert_eq!(site.get("/api/users/bob").status, 200);
    expect_led(&send("/settings/delete", "group=&name=bob"), "/settings?done=deleted");
    assert_eq!(site.get("/api/users/bob").status, 404);
    expect_page(&site.ask(&look("/settings/delete?group=company&name=nobody")), 404);
    site.stop();
}

#[test]
fn a_key_made_on_a_page_is_shown_once_and_works() {
    let mut site = Site::new();
    let page = expect_page(&site.ask(&form("/settings/keys", "kind=write&name=%3Cb%3Eshop")), 200);
    let secret = |page: &str| {
        page.split("tc").find_map(|rest| {
            let secret = rest.split('<').next()?;
            (secret.starts_with("w_") || secret.starts_with("r_")).then(|| format!("tc{secret}"))
        })
    };
    let write = secret(&page).unwrap();
    assert!(page.contains("&lt;b&gt;shop") && page.contains("shown this once"), "{page}");
    assert_eq!(site.ask(&Request::post("/v1/track", event("ann", "opened")).key(&write)).status, 200);
    let page = expect_page(&site.ask(&look("/settings")), 200);
    assert!(secret(&page).is_none(), "{page}");
    let id = site.get("/api/keys").json()["keys"][0]["id"].as_str().unwrap().to_owned();
    let page = expect_page(&site.ask(&look(&format!("/settings/revoke?id={id}"))), 200);
    assert!(page.contains("Take back the write key") && page.contains("the last of its kind"), "{page}");
    expect_led(&site.ask(&form("/settings/revoke", &format!("id={id}"))), "/settings?done=revoked");
    assert_eq!(site.ask(&Request::post("/v1/track", event("ann", "opened")).key(&write)).status, 401);
    let page = expect_page(&site.ask(&form("/settings/keys", "kind=read&name=")), 200);
    assert!(page.contains("/login?next=/settings"), "{page}");
    expect_led(&site.ask(&look("/settings")), "/login?next=/settings");
    site.stop();
}
