//! The golden file of saved reports and dashboards: built anew it has the same bytes, read it has what went in.

use super::directory;
use std::fs;
use std::sync::Arc;
use trackcrumb::files::sim::SimDisk;
use trackcrumb::model::Timestamp;
use trackcrumb::saved::{DashboardChange, ReportChange, SAVED, read_saved};
use trackcrumb::store::{FixedEnvironment, Options, Store};

/// Two reports, the second of which was renamed, and a dashboard of both.
fn build() -> SimDisk {
    let disk = SimDisk::new();
    let environment = FixedEnvironment::new(Timestamp::parse("2026-01-05T09:30:00Z").unwrap());
    let store = Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), Options::default()).unwrap();
    let add = |json: &str| {
        let report = serde_json::from_str(json).unwrap();
        store.change_saved(|saved, id, now| saved.add_report(id, now, report)).unwrap().id
    };
    let first = add(
        r#"{"name":"Größe ✓ \"A\"","report":{"report":"trends","from":"-30d","to":"now","count_by":{"group":"company"},
            "series":[{"event":"feature_used"}],"filter":{"property":"ms","op":"gt","value":1.5e3}},"view":"chart=bars&hide=2"}"#,
    );
    let second =
        add(r#"{"name":"draft","report":{"report":"funnel","from":"2026-01-01","to":"2026-02-01","steps":["a","b"]}}"#);
    let change = ReportChange { name: Some("Signup to paid".to_owned()), ..ReportChange::default() };
    store.change_saved(|saved, _, now| saved.change_report(&second, now, change)).unwrap();
    let dashboard = serde_json::from_str(r#"{"name":"Monday"}"#).unwrap();
    let dashboard = store.change_saved(|saved, id, now| saved.add_dashboard(id, now, dashboard)).unwrap().id;
    let tiles = format!(
        r#"{{"tiles":[{{"report":"{second}","width":"full"}},{{"report":"{first}","width":"third"}},{{"report":"{first}","width":"half"}}]}}"#
    );
    let change: DashboardChange = serde_json::from_str(&tiles).unwrap();
    store.change_saved(|saved, _, now| saved.change_dashboard(&dashboard, now, change)).unwrap();
    disk
}

#[test]
fn what_is_saved_has_the_golden_bytes_and_reads_back() {
    let (built, path) = (build(), directory().join(SAVED));
    let bytes = built.contents(SAVED).unwrap();
    if std::env::var_os("TRACKCRUMB_WRITE_GOLDEN").is_some() {
        fs::write(&path, &bytes).unwrap();
    }
    let golden = fs::read(&path).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&golden));
    let disk = SimDisk::new();
    disk.put(SAVED, golden);
    let saved = read_saved(&disk).unwrap();
    assert_eq!(saved, read_saved(&built).unwrap());
    let names: Vec<&str> = saved.reports().iter().map(|report| report.name.as_str()).collect();
    assert_eq!((names, saved.dashboards()[0].tiles.len()), (vec!["Größe ✓ \"A\"", "Signup to paid"], 3));
}
