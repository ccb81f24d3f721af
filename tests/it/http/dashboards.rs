//! Dashboards and saved reports as pages: their forms, their addresses, and what is refused.

use super::pages::{expect_led, expect_page, form, look};
use super::site::{Asked, Site, event};
use serde_json::{Value, json};

const TRENDS: &str = r#"{"report":"trends","from":"-7d","to":"now","series":[{"event":"a<b>"}]}"#;

/// Two users, one of which did it, and another event.
fn filled() -> Site {
    let site = Site::new();
    for (user, name) in [("ann", "a<b>"), ("ann", "a<b>"), ("bob", "other")] {
        assert_eq!(site.post("/v1/track", event(user, name)).accepted(), 1);
    }
    site
}

pub(super) fn encoded(fields: &[(&str, &str)]) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    fields.iter().for_each(|(name, value)| _ = out.append_pair(name, value));
    out.finish()
}

impl Site {
    #[track_caller]
    pub(super) fn send(&self, target: &str, fields: &[(&str, &str)]) -> super::exchange::Answer {
        self.ask(&form(target, &encoded(fields)))
    }

    #[track_caller]
    pub(super) fn page(&self, target: &str) -> String {
        expect_page(&self.ask(&look(target)), 200)
    }

    /// Saves the report through the form above it, and answers its id.
    #[track_caller]
    fn save(&self, name: &str, document: &str) -> String {
        expect_led(&self.send("/saved", &[("name", name), ("report", document), ("view", "chart=bars")]), "/saved");
        let reports = self.get("/api/saved").json()["reports"].clone();
        let last = reports.as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["name"], name);
        last["id"].as_str().unwrap().to_owned()
    }

    /// The reports and widths of a dashboard's tiles.
    #[track_caller]
    fn tiles(&self, dashboard: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let tiles = self.get(&format!("/api{dashboard}")).json()["tiles"].clone();
        tiles.as_array().unwrap().iter().map(|tile| (text(&tile["report"]), text(&tile["width"]))).collect()
    }
}

#[test]
fn a_report_is_saved_on_a_dashboard_that_is_there_or_made_for_it() {
    let mut site = filled();
    assert!(site.page("/dashboards").contains("No dashboards yet"));
    let page = site.page(&format!("/trends?{}", encoded(&[("report", TRENDS)])));
    assert!(page.contains(r#"name="new_dashboard""#) && !page.contains("Update “"), "{page}");

    let fields = [("name", "A<b>"), ("report", TRENDS), ("view", "chart=bars"), ("new_dashboard", "  D<i> ")];
    let answer = site.send("/saved", &fields);
    let place = answer.header("location").unwrap().to_owned();
    let (dashboard, tile) = place.split_once('#').unwrap();
    assert_eq!((answer.status, tile), (303, "tile-1"), "{place}");
    let page = site.page(dashboard);
    assert!(page.contains("D&lt;i&gt;") && page.contains("A&lt;b&gt;") && page.contains("Last 7 days"), "{page}");
    assert!(page.contains(r#"<span class="val">1</span>"#) && page.contains("&amp;chart=bars&amp;saved="), "{page}");
    assert!(!page.contains("D<i>") && !page.contains("A<b>") && !page.contains("a<b>"), "{page}");

    let id = dashboard.rsplit('/').next().unwrap();
    let fields = [("name", "Second"), ("report", TRENDS), ("dashboard", id), ("new_dashboard", " ")];
    expect_led(&site.send("/saved", &fields), &format!("{dashboard}#tile-2"));
    assert_eq!(site.tiles(dashboard).len(), 2);
    let page = site.page("/dashboards");
    assert!(page.contains("A&lt;b&gt;, Second") && page.contains(dashboard), "{page}");
    let page = site.page("/saved");
    assert!(page.contains(dashboard) && page.contains("Second"), "{page}");
    let home = site.page("/");
    assert!(home.contains("Dashboard · 2 reports") && home.contains("Trend · Last 7 days"), "{home}");

    // What refuses one of both leaves neither.
    let long = "n".repeat(201);
    for (name, dashboard) in [("Third", long.as_str()), (long.as_str(), "E"), (" ", "E")] {
        let fields = [("name", name), ("report", TRENDS), ("new_dashboard", dashboard)];
        expect_page(&site.send("/saved", &fields), 400);
    }
    expect_page(&site.send("/saved", &[("name", "Third"), ("report", TRENDS), ("dashboard", "nothing")]), 404);
    expect_page(&site.send("/saved", &[("name", "Third"), ("report", "{")]), 400);
    assert_eq!(site.get("/api/saved").json()["reports"].as_array().unwrap().len(), 2);
    assert_eq!(site.get("/api/dashboards").json()["dashboards"].as_array().unwrap().len(), 1);
    site.stop();
}

#[test]
fn tiles_are_changed_one_at_a_time_and_only_where_they_still_are() {
    let mut site = filled();
    let (first, second) = (site.save("First", TRENDS), site.save("Second", TRENDS));
    let made = site.send("/dashboards", &[("name", "Monday")]).header("location").unwrap().to_owned();
    let dashboard = made.strip_suffix("?edit=1").unwrap();
    assert!(site.page(&made).contains("One more report") && site.page(dashboard).contains("Nothing on it yet"));
    let send = |fields: &[(&str, &str)], to: &str| expect_led(&site.send(dashboard, fields), &format!("{made}{to}"));
    send(&[("do", "add"), ("report", &first)], "#tile-1");
    send(&[("do", "add"), ("report", &second)], "#tile-2");
    send(&[("do", "up"), ("tile", "2"), ("report", &second)], "#tile-1");
    send(&[("do", "up"), ("tile", "1"), ("report", &second)], "#tile-1");
    send(&[("do", "third"), ("tile", "1"), ("report", &second)], "#tile-1");
    let told = |report: &str, width: &str| (report.to_owned(), width.to_owned());
    assert_eq!(site.tiles(dashboard), [told(&second, "third"), told(&first, "half")]);
    send(&[("do", "down"), ("tile", "1"), ("report", &second)], "#tile-2");
    send(&[("do", "down"), ("tile", "2"), ("report", &second)], "#tile-2");
    send(&[("do", "rename"), ("name", "Tuesday")], "");
    assert_eq!(site.tiles(dashboard), [told(&first, "half"), told(&second, "third")]);

    for (fields, status) in [
        (vec![("do", "up"), ("tile", "1"), ("report", second.as_str())], 409), // it is not there any more
        (vec![("do", "up"), ("tile", "3"), ("report", &first)], 409),
        (vec![("do", "up"), ("tile", "0"), ("report", &first)], 400),
        (vec![("do", "up"), ("tile", "x"), ("report", &first)], 400),
        (vec![("do", "turn"), ("tile", "1"), ("report", &first)], 400),
        (vec![("do", "add"), ("report", "nothing")], 404),
        (vec![("do", "rename"), ("name", " ")], 400),
        (vec![("name", "x")], 400),
    ] {
        expect_page(&site.send(dashboard, &fields), status);
    }
    let foreign = form(dashboard, "do=rename&name=x").header("origin", "http://evil.example");
    assert_eq!(site.ask(&foreign).status, 403, "a page of another site changes nothing");
    assert_eq!(site.get(&format!("/api{dashboard}")).json()["name"], "Tuesday");
    send(&[("do", "remove"), ("tile", "1"), ("report", &first)], "#tile-1");
    send(&[("do", "remove"), ("tile", "1"), ("report", &second)], "#tile-1");

    let page = site.page(&format!("{dashboard}/delete"));
    assert!(page.contains("Delete the dashboard Tuesday?"), "{page}");
    expect_led(&site.send(&format!("{dashboard}/delete"), &[]), "/dashboards");
    expect_page(&site.ask(&look(dashboard)), 404);
    expect_page(&site.send(&format!("{dashboard}/delete"), &[]), 404);
    assert_eq!(site.get("/api/saved").json()["reports"].as_array().unwrap().len(), 2);
    site.stop();
}

#[test]
fn a_tile_has_a_page_and_one_without_an_answer_breaks_no_other() {
    let mut site = filled();
    let other = TRENDS.replace("\"from\"", r#""count_by":{"group":"compny"},"from""#);
    let units = r#"{"report":"trends","from":"-7d","to":"now","series":[{"event":"a<b>"}],"units":{"series":0}}"#;
    let tiles: Vec<Value> = [TRENDS, &other, units]
        .iter()
        .map(|document| json!({ "report": site.save("R", document), "width": "half" }))
        .collect();
    let made = site.post("/api/dashboards", json!({ "name": "D", "tiles": tiles }).to_string()).json();
    let at = format!("/dashboards/{}", made["id"].as_str().unwrap());
    let page = site.page(&at);
    assert!(
        page.contains(r#"<span class="val">1</span>"#) && page.contains("there is no group type `compny`"),
        "{page}"
    );
    assert!(page.contains("it lists units") && page.matches("could not be answered").count() == 2, "{page}");
    let page = site.page(&format!("{at}/1"));
    assert!(page.contains(r#"id="tile-1""#) && page.contains(r#"<span class="val">1</span>"#), "{page}");
    for nothing in ["/0", "/4", "/1/x"] {
        expect_page(&site.ask(&look(&format!("{at}{nothing}"))), 404);
    }
    expect_page(&site.ask(&look(&format!("{at}?from=-1d"))), 400);
    expect_page(&site.ask(&look("/dashboards/nothing")), 404);
    site.stop();
}

#[test]
fn a_saved_report_is_renamed_changed_and_deleted() {
    let mut site = filled();
    let id = site.save("First", TRENDS);
    let opened = format!("/trends?{}", encoded(&[("report", TRENDS), ("saved", &id)]));
    let page = site.page(&opened);
    assert!(page.contains("Update “First”") && page.contains(&format!(r#"name="saved" value="{id}""#)), "{page}");
    assert!(!site.page(&opened.replace(&id, "nothing")).contains("Update “"));
    // It stays the report that was opened, whatever is changed of it.
    let changed = site.send("/trends", &[("base", TRENDS), ("saved", &id), ("range", r#"{"from":"-30d","to":"now"}"#)]);
    assert!(changed.header("location").unwrap().ends_with(&format!("&saved={id}")), "{}", changed.text());

    let longer = TRENDS.replace("-7d", "-30d");
    let answer = site.send("/saved", &[("id", &id), ("report", &longer), ("view", "chart=total")]);
    let place = answer.header("location").unwrap();
    assert!(place.starts_with("/trends?report=") && place.ends_with(&format!("&chart=total&saved={id}")), "{place}");
    let page = site.page(&format!("/saved/{id}"));
    assert!(page.contains("Rename") && page.contains("Delete for good"), "{page}");
    expect_led(&site.send("/saved", &[("id", &id), ("name", " Second ")]), "/saved");
    let saved = site.get(&format!("/api/saved/{id}")).json();
    assert_eq!(
        (&saved["name"], &saved["view"], &saved["report"]["from"]),
        (&json!("Second"), &json!("chart=total"), &json!("-30d"))
    );
    expect_page(&site.send("/saved", &[("id", &id), ("name", " ")]), 400);
    expect_page(&site.send("/saved", &[("id", "nothing"), ("name", "x")]), 404);
    // A document that is too long for an address is found by its id.
    let filter = json!({ "property": "p", "op": "is_not", "value": "x".repeat(9_000) });
    let long = longer.replace("\"to\":", &format!("\"filter\":{filter},\"to\":"));
    expect_led(&site.send("/saved", &[("id", &id), ("report", &long)]), &format!("/trends?chart=total&saved={id}"));
    let page = site.page(&format!("/trends?chart=total&saved={id}"));
    assert!(page.contains(&"x".repeat(9_000)) && page.contains(r#"<span class="val">1</span>"#), "{page}");
    expect_led(&site.send("/saved", &[("delete", &id)]), "/saved");
    expect_page(&site.ask(&look(&format!("/saved/{id}"))), 404);
    assert!(site.page("/saved").contains("No saved reports yet"));
    site.stop();
}
