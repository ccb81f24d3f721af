//! Cohorts as pages: what their forms make of a document, what is saved, and what is refused.

use super::dashboards::encoded;
use super::exchange::Answer;
use super::pages::{expect_led, expect_page, look};
use super::site::{Asked, Site, event};
use serde_json::{Value, json};

const EVERYONE: &str = r#"{"report":"cohort","where":{"all":[]}}"#;

/// Two users, one of which did it.
fn filled() -> Site {
    let site = Site::new();
    for (user, name) in [("ann", "a<b>"), ("bob", "other")] {
        assert_eq!(site.post("/v1/track", event(user, name)).accepted(), 1);
    }
    site
}

/// Where an answer leads to, which begins so.
#[track_caller]
fn led(answer: &Answer, start: &str) -> String {
    let location = answer.header("location").unwrap_or_default();
    assert!(answer.status == 303 && location.starts_with(start), "{} {location}: {}", answer.status, answer.text());
    location.to_owned()
}

impl Site {
    /// Sends the form of a cohort, and answers the document that it leads to.
    #[track_caller]
    fn change(&self, target: &str, base: &str, fields: &[(&str, &str)]) -> Value {
        let fields = [&[("base", base)], fields].concat();
        let address = led(&self.send(target, &fields), target);
        let (_, query) = address.split_once('?').unwrap();
        let (name, document) = form_urlencoded::parse(query.as_bytes()).next().unwrap();
        assert_eq!(name, "report");
        serde_json::from_str(&document).unwrap()
    }
}

#[test]
fn the_form_makes_a_document_which_its_address_has_whole() {
    let mut site = filled();
    let did = site.change("/cohorts", EVERYONE, &[("/where/all/0/did.event", "a<b>")]);
    assert_eq!(did, json!({"report":"cohort","where":{"all":[{"did":"a<b>"}]}}));
    let page = site.page(&format!("/cohorts?{}", encoded(&[("report", &did.to_string())])));
    assert!(page.contains(r#"<span class="val">1</span>"#) && page.contains("50.0% of 2 users"), "{page}");
    assert!(page.contains("<b class=\"mono trunc\">a&lt;b&gt;</b>") && !page.contains("<b>\""), "{page}");
    assert!(page.contains(r#"<a href="/users/ann">ann</a>"#) && !page.contains("/users/bob"), "{page}");
    let times =
        site.change("/cohorts", &did.to_string(), &[("/where/all/0.t.0.op", "lt"), ("/where/all/0.t.0.n", "1")]);
    assert_eq!(times["where"]["all"][0]["times"], json!({"lt":1}));
    let refused = site
        .send("/cohorts", &[("base", &did.to_string()), ("/where/all/0.t.0.op", "lt"), ("/where/all/0.t.0.n", "x")]);
    assert!(expect_page(&refused, 400).contains("times.lt"), "{}", refused.text());
    assert_eq!(site.send("/cohorts", &[("base", "{}")]).status, 400);
    site.stop();
}

#[test]
fn a_cohort_is_saved_once_under_a_name_and_replaced_when_that_is_meant() {
    let mut site = filled();
    let other = r#"{"report":"cohort","where":{"did":"other"}}"#;
    let save = |name: &str, report: &str| site.send("/cohorts", &[("name", name), ("report", report)]);
    expect_led(&save("x/y?", EVERYONE), "/cohorts/x%2Fy%3F");
    let again = expect_page(&save("x/y?", other), 400);
    assert!(again.contains("There is a cohort `x/y?` already"), "{again}");
    assert!(site.page("/cohorts/x%2Fy%3F").contains(r#"<span class="val">2</span>"#));
    let changed = site.page(&format!("/cohorts/x%2Fy%3F?{}", encoded(&[("report", other)])));
    assert!(changed.contains("Changed, and not saved yet") && changed.contains("Update “x/y?”"), "{changed}");
    let base = site.change("/cohorts/x%2Fy%3F", other, &[]);
    assert_eq!(base["where"], json!({"all":[{"did":"other"}]}));
    expect_led(&site.send("/cohorts", &[("replace", "x/y?"), ("report", other)]), "/cohorts/x%2Fy%3F");
    let kept = site.page("/cohorts/x%2Fy%3F");
    assert!(kept.contains(r#"<span class="val">1</span>"#) && !kept.contains("Update “"), "{kept}");
    let trends = r#"{"report":"trends","from":"-7d","to":"now","series":[{"event":"other"}]}"#;
    assert_eq!(save("trends", trends).status, 400);
    assert_eq!(save(" ", other).status, 400);
    assert_eq!(save("itself", r#"{"report":"cohort","where":{"cohort":"itself"}}"#).status, 400);
    assert_eq!(site.ask(&look("/cohorts/unknown")).status, 404);
    site.stop();
}

#[test]
fn each_document_has_the_page_of_its_kind_and_a_saved_one_too() {
    let mut site = filled();
    let to = |path: &str, document: &str| format!("{path}?{}", encoded(&[("report", document)]));
    let trends = r#"{"from":"-7d","report":"trends","series":[{"event":"other"}],"to":"now"}"#;
    led(&site.ask(&look(&to("/cohorts", trends))), "/trends?report=");
    led(&site.ask(&look(&to("/trends", EVERYONE))), "/cohorts?report=");
    expect_led(&site.send("/saved", &[("name", "All"), ("report", EVERYONE)]), "/saved");
    let id = site.get("/api/saved").json()["reports"][0]["id"].as_str().unwrap().to_owned();
    assert!(site.page("/saved").contains("/cohorts?report="));
    assert!(site.page(&format!("/cohorts?saved={id}")).contains(r#"<span class="val">2</span>"#));
    let dashboard =
        led(&site.send("/saved", &[("name", "Too"), ("report", EVERYONE), ("new_dashboard", "D")]), "/dashboards/");
    assert!(site.page(dashboard.split('#').next().unwrap()).contains("users are in this cohort now"));
    site.stop();
}

#[test]
fn a_file_has_all_members_whatever_a_page_has() {
    let mut site = Site::new();
    let users: Vec<Value> =
        (0..130).map(|user| json!({"type":"track","distinct_id":format!("u{user}"),"event":"e"})).collect();
    assert_eq!(site.post("/v1/batch", json!(users).to_string()).accepted(), 130);
    let units = r#"{"report":"trends","from":"-1d","to":"now","series":[{"event":"e"}],"units":{"series":0}}"#;
    for document in [EVERYONE, units] {
        let file = site.get(&format!("/export/csv?{}", encoded(&[("report", document)])));
        assert_eq!(file.text().lines().count(), 1 + 130, "{document}");
    }
    site.stop();
}
