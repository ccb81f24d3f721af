//! Saved reports and dashboards over HTTP.

use super::site::{Asked, Site};
use serde_json::{Value, json};

const REPORT: &str = r#"{"report":"trends","from":"-7d","to":"now","series":[{"event":"opened"}]}"#;

fn saved(site: &Site, name: &str) -> String {
    let answer = site.post("/api/saved", format!(r#"{{"name":"{name}","report":{REPORT},"view":"chart=bars"}}"#));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_report_is_kept_renamed_shown_and_deleted() {
    let mut site = Site::new();
    assert_eq!(site.get("/api/saved").json(), json!({"reports": []}));
    let (first, second) = (saved(&site, "First"), saved(&site, "Second"));
    let changed = site.post(&format!("/api/saved/{first}"), r#"{"name":"Renamed"}"#).json();
    assert_eq!((&changed["name"], &changed["view"]), (&json!("Renamed"), &json!("chart=bars")));
    let shown = site.get(&format!("/api/saved/{first}")).json();
    assert_eq!(
        (&shown, shown["report"].to_string()),
        (&changed, serde_json::from_str::<Value>(REPORT).unwrap().to_string())
    );
    let tiles = json!({"name": "Monday", "tiles": [
        {"report": first, "width": "half"}, {"report": second, "width": "full"}, {"report": first, "width": "third"}]});
    let dashboard = site.post("/api/dashboards", tiles.to_string()).json();
    let at = format!("/api/dashboards/{}", dashboard["id"].as_str().unwrap());
    assert_eq!(site.get(&at).json(), dashboard);
    assert_eq!(site.post(&format!("/api/saved/{first}/delete"), "").json()["name"], "Renamed");
    assert_eq!(site.get(&at).json()["tiles"], json!([{"report": second, "width": "full"}]));
    let changed = site.post(&at, r#"{"name":"Tuesday","tiles":[]}"#).json();
    assert_eq!((&changed["name"], &changed["tiles"]), (&json!("Tuesday"), &json!([])));
    assert_eq!(site.get("/api/dashboards").json()["dashboards"], json!([changed]));
    assert_eq!(site.post(&format!("{at}/delete"), "").status, 200);
    assert_eq!(site.get(&at).status, 404);
    site.stop();
}

#[test]
fn what_cannot_be_saved_is_refused_in_a_sentence() {
    let mut site = Site::new();
    let id = saved(&site, "a");
    for (target, body, status, sentence) in [
        ("/api/saved/nothing", "{}".to_owned(), 404, "there is no saved report `nothing`; it may have been deleted"),
        (
            "/api/saved/nothing/delete",
            String::new(),
            404,
            "there is no saved report `nothing`; it may have been deleted",
        ),
        (
            "/api/saved",
            format!(r#"{{"name":" ","report":{REPORT}}}"#),
            400,
            "the name is blank; give it 1 to 200 bytes",
        ),
        (
            "/api/saved",
            r#"{"name":"a","report":{"report":"trend"}}"#.to_owned(),
            400,
            "the report cannot be saved: unknown word `trend` in `report`",
        ),
        ("/api/saved", r#"{"name":"a"}"#.to_owned(), 400, "the body cannot be used: missing field `report`"),
        (
            "/api/dashboards",
            r#"{"name":"a","tiles":[{"report":"x","width":"half"}]}"#.to_owned(),
            404,
            "there is no saved report `x`",
        ),
        (
            "/api/dashboards",
            r#"{"name":"a","color":"red"}"#.to_owned(),
            400,
            "the body cannot be used: unknown field `color`",
        ),
    ] {
        let answer = site.post(target, &body);
        let said = answer.json()["error"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, status, "{said}");
        assert!(
            said.starts_with(sentence) || target == "/api/saved" && said.starts_with("the report cannot be saved: "),
            "{said}"
        );
    }
    assert_eq!(site.get("/api/saved").json()["reports"].as_array().unwrap().len(), 1);
    assert_eq!(site.get(&format!("/api/saved/{id}?x=1")).status, 400);
    site.stop();
}
