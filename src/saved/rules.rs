//! What may be saved and changed, and how much of it.

use super::{Dashboard, DashboardChange, NewDashboard, NewReport, ReportChange, Saved, SavedError, SavedReport, Tile};
use crate::language::Report;
use crate::model::Timestamp;

/// Most saved reports of a workspace.
pub const REPORTS_MAX: usize = 1_000;
/// Most dashboards of a workspace.
pub const DASHBOARDS_MAX: usize = 200;
/// Most tiles of a dashboard.
pub const TILES_MAX: usize = 50;
/// Most bytes of a name.
pub const NAME_BYTES_MAX: usize = 200;
/// Most bytes of a view.
pub const VIEW_BYTES_MAX: usize = 2 << 10;
/// Most bytes of a report's document in its canonical form.
pub const REPORT_BYTES_MAX: usize = 32 << 10;

fn check_name(name: &str) -> Result<(), SavedError> {
    let refused = |problem| Err(SavedError::Text { what: "the name", problem, max: NAME_BYTES_MAX });
    match name {
        name if name.chars().all(char::is_whitespace) => refused("is blank"),
        name if name.len() > NAME_BYTES_MAX => refused("is too long"),
        _ => Ok(()),
    }
}

fn check_view(view: &str) -> Result<(), SavedError> {
    if view.len() <= VIEW_BYTES_MAX {
        return Ok(());
    }
    Err(SavedError::Text { what: "the view", problem: "is too long", max: VIEW_BYTES_MAX })
}

/// The canonical form of a document that obeys the language.
fn canonical(json: &str) -> Result<String, SavedError> {
    let report = Report::parse(json).map_err(|error| SavedError::Document(Box::new(error)))?.to_json();
    if report.len() <= REPORT_BYTES_MAX {
        return Ok(report);
    }
    Err(SavedError::Text { what: "the report", problem: "is too long", max: REPORT_BYTES_MAX })
}

fn check_room<T>(kept: &[T], kind: &'static str, max: usize) -> Result<(), SavedError> {
    if kept.len() < max { Ok(()) } else { Err(SavedError::Full { kind, max }) }
}

impl Saved {
    /// The reports, in the order in which they were saved.
    pub fn reports(&self) -> &[SavedReport] {
        &self.reports
    }

    /// The dashboards, in the order in which they were made.
    pub fn dashboards(&self) -> &[Dashboard] {
        &self.dashboards
    }

    /// A report by its id.
    ///
    /// # Errors
    /// [`SavedError::Unknown`] when there is none.
    pub fn report(&self, id: &str) -> Result<&SavedReport, SavedError> {
        self.reports.iter().find(|report| report.id == id).ok_or_else(|| unknown("saved report", id))
    }

    /// A dashboard by its id.
    ///
    /// # Errors
    /// [`SavedError::Unknown`] when there is none.
    pub fn dashboard(&self, id: &str) -> Result<&Dashboard, SavedError> {
        self.dashboards.iter().find(|dashboard| dashboard.id == id).ok_or_else(|| unknown("dashboard", id))
    }

    /// Whether anything has this id.
    pub fn has(&self, id: &str) -> bool {
        self.report(id).is_ok() || self.dashboard(id).is_ok()
    }

    /// Saves a report under an id that nothing has.
    ///
    /// # Errors
    /// When what it says is refused, or there are [`REPORTS_MAX`]; as for all changes nothing is changed then.
    pub fn add_report(&mut self, id: &str, now: Timestamp, new: NewReport) -> Result<SavedReport, SavedError> {
        check_room(&self.reports, "saved reports", REPORTS_MAX)?;
        check_name(&new.name)?;
        check_view(&new.view)?;
        let report = SavedReport {
            id: id.to_owned(),
            name: new.name,
            report: canonical(new.report.get())?,
            view: new.view,
            created: now.to_string(),
            changed: now.to_string(),
        };
        self.reports.push(report.clone());
        Ok(report)
    }

    /// Changes a report.
    ///
    /// # Errors
    /// When there is none of this id, or what it should say is refused.
    pub fn change_report(&mut self, id: &str, now: Timestamp, change: ReportChange) -> Result<SavedReport, SavedError> {
        let mut report = self.report(id)?.clone();
        if let Some(name) = change.name {
            check_name(&name)?;
            report.name = name;
        }
        if let Some(json) = change.report {
            report.report = canonical(json.get())?;
        }
        if let Some(view) = change.view {
            check_view(&view)?;
            report.view = view;
        }
        report.changed = now.to_string();
        self.reports.iter_mut().filter(|kept| kept.id == id).for_each(|kept| kept.clone_from(&report));
        Ok(report)
    }

    /// Deletes a report, and the tiles that show it.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn delete_report(&mut self, id: &str, now: Timestamp) -> Result<SavedReport, SavedError> {
        let report = self.report(id)?.clone();
        self.reports.retain(|kept| kept.id != id);
        for dashboard in
            self.dashboards.iter_mut().filter(|dashboard| dashboard.tiles.iter().any(|tile| tile.report == id))
        {
            dashboard.tiles.retain(|tile| tile.report != id);
            dashboard.changed = now.to_string();
        }
        Ok(report)
    }

    /// Makes a dashboard under an id that nothing has.
    ///
    /// # Errors
    /// When what it says is refused, or there are [`DASHBOARDS_MAX`].
    pub fn add_dashboard(&mut self, id: &str, now: Timestamp, new: NewDashboard) -> Result<Dashboard, SavedError> {
        check_room(&self.dashboards, "dashboards", DASHBOARDS_MAX)?;
        check_name(&new.name)?;
        self.check_tiles(&new.tiles)?;
        let dashboard = Dashboard {
            id: id.to_owned(),
            name: new.name,
            tiles: new.tiles,
            created: now.to_string(),
            changed: now.to_string(),
        };
        self.dashboards.push(dashboard.clone());
        Ok(dashboard)
    }

    /// Changes a dashboard.
    ///
    /// # Errors
    /// When there is none of this id, or what it should say is refused.
    pub fn change_dashboard(
        &mut self,
        id: &str,
        now: Timestamp,
        change: DashboardChange,
    ) -> Result<Dashboard, SavedError> {
        let mut dashboard = self.dashboard(id)?.clone();
        if let Some(name) = change.name {
            check_name(&name)?;
            dashboard.name = name;
        }
        if let Some(tiles) = change.tiles {
            self.check_tiles(&tiles)?;
            dashboard.tiles = tiles;
        }
        dashboard.changed = now.to_string();
        self.dashboards.iter_mut().filter(|kept| kept.id == id).for_each(|kept| kept.clone_from(&dashboard));
        Ok(dashboard)
    }

    /// Deletes a dashboard; its reports stay.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn delete_dashboard(&mut self, id: &str) -> Result<Dashboard, SavedError> {
        let dashboard = self.dashboard(id)?.clone();
        self.dashboards.retain(|kept| kept.id != id);
        Ok(dashboard)
    }

    fn check_tiles(&self, tiles: &[Tile]) -> Result<(), SavedError> {
        if tiles.len() > TILES_MAX {
            return Err(SavedError::Full { kind: "tiles on the dashboard", max: TILES_MAX });
        }
        tiles.iter().try_for_each(|tile| self.report(&tile.report).map(|_| ()))
    }
}

fn unknown(kind: &'static str, id: &str) -> SavedError {
    SavedError::Unknown { kind, id: id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"report":"trends","from":"-7d","to":"now","series":[{"event":"e"}]}"#;

    fn at(micros: i64) -> Timestamp {
        Timestamp::clamped(micros)
    }

    fn new_report(name: &str, document: &str) -> NewReport {
        serde_json::from_value(serde_json::json!({
            "name": name, "report": serde_json::from_str::<serde_json::Value>(document).unwrap(),
        }))
        .unwrap()
    }

    fn tiles(ids: &[&str]) -> Vec<Tile> {
        ids.iter().map(|id| Tile { report: (*id).to_owned(), width: super::super::TileWidth::Half }).collect()
    }

    #[test]
    fn a_report_goes_with_its_tiles() {
        let mut saved = Saved::default();
        for id in ["a", "b"] {
            saved.add_report(id, at(0), new_report(id, DOCUMENT)).unwrap();
        }
        let new = NewDashboard { name: "D".to_owned(), tiles: tiles(&["a", "b", "a"]) };
        saved.add_dashboard("d", at(1), new).unwrap();
        saved.delete_report("a", at(2)).unwrap();
        let dashboard = saved.dashboard("d").unwrap();
        assert_eq!(
            (dashboard.tiles.clone(), dashboard.changed.as_str()),
            (tiles(&["b"]), "1970-01-01T00:00:00.000002Z")
        );
        assert!(matches!(saved.delete_report("a", at(3)), Err(SavedError::Unknown { kind: "saved report", .. })));
        let change = DashboardChange { tiles: Some(tiles(&["a"])), name: None };
        assert!(matches!(saved.change_dashboard("d", at(3), change), Err(SavedError::Unknown { .. })));
        assert_eq!(saved.dashboard("d").unwrap().tiles, tiles(&["b"]), "what is refused changes nothing");
        saved.delete_dashboard("d").unwrap();
        assert!(saved.has("b") && !saved.has("d"));
    }

    #[test]
    fn changes_leave_what_they_do_not_name() {
        let mut saved = Saved::default();
        saved.add_report("a", at(0), new_report("first", DOCUMENT)).unwrap();
        let change = ReportChange { name: Some("second".to_owned()), ..ReportChange::default() };
        saved.change_report("a", at(5), change).unwrap();
        let report = saved.report("a").unwrap();
        assert_eq!((report.name.as_str(), &report.report), ("second", &canonical(DOCUMENT).unwrap()));
        assert_ne!(report.created, report.changed);
        let change = ReportChange { view: Some("chart=bars".to_owned()), ..ReportChange::default() };
        assert_eq!(saved.change_report("a", at(6), change).unwrap().name, "second");
    }

    #[test]
    fn every_limit_is_met_at_one_more() {
        let mut saved = Saved::default();
        let name = |bytes: usize| "n".repeat(bytes);
        saved.add_report("a", at(0), new_report(&name(NAME_BYTES_MAX), DOCUMENT)).unwrap();
        let long = saved.add_report("b", at(0), new_report(&name(NAME_BYTES_MAX + 1), DOCUMENT)).unwrap_err();
        assert_eq!(long.to_string(), "the name is too long; give it 1 to 200 bytes");
        assert!(saved.add_report("b", at(0), new_report(" \u{a0}", DOCUMENT)).is_err());
        let view = |bytes: usize| ReportChange { view: Some(name(bytes)), ..ReportChange::default() };
        assert!(saved.change_report("a", at(0), view(VIEW_BYTES_MAX)).is_ok());
        assert!(saved.change_report("a", at(0), view(VIEW_BYTES_MAX + 1)).is_err());
        // The canonical document with an event name of so many bytes; many names make it long.
        let document = |filler: usize| {
            let values: Vec<String> = (0..filler).map(|place| format!("{place:06}")).collect();
            let filter = serde_json::json!({"property": "p", "op": "is", "value": values});
            let document =
                serde_json::json!({"report":"trends","from":"-7d","to":"now","series":[{"event":"e"}],"filter":filter});
            document.to_string()
        };
        let fits = (REPORT_BYTES_MAX - canonical(&document(2)).unwrap().len()) / 9 + 2;
        assert!(saved.add_report("b", at(0), new_report("b", &document(fits))).is_ok());
        assert!(saved.add_report("c", at(0), new_report("c", &document(fits + 1))).is_err());
        let all = |count: usize| NewDashboard { name: "D".to_owned(), tiles: tiles(&vec!["a"; count]) };
        saved.add_dashboard("d", at(0), all(TILES_MAX)).unwrap();
        assert!(matches!(saved.add_dashboard("e", at(0), all(TILES_MAX + 1)), Err(SavedError::Full { .. })));
        for number in saved.dashboards().len()..DASHBOARDS_MAX {
            saved.add_dashboard(&number.to_string(), at(0), all(0)).unwrap();
        }
        assert!(matches!(saved.add_dashboard("x", at(0), all(0)), Err(SavedError::Full { kind: "dashboards", .. })));
        for number in saved.reports().len()..REPORTS_MAX {
            saved.add_report(&number.to_string(), at(0), new_report("r", DOCUMENT)).unwrap();
        }
        let full = saved.add_report("x", at(0), new_report("r", DOCUMENT)).unwrap_err();
        assert_eq!(
            full.to_string(),
            "there are 1000 saved reports already, and no more are kept; delete one that nobody needs"
        );
    }

    #[test]
    fn what_is_no_report_is_not_saved() {
        let mut saved = Saved::default();
        let refused = saved.add_report("a", at(0), new_report("n", r#"{"report":"trend"}"#)).unwrap_err();
        assert!(refused.to_string().starts_with("the report cannot be saved: "), "{refused}");
        assert_eq!(saved, Saved::default());
    }
}
