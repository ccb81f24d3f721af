//! Changes of one tile of a dashboard: put on, moved, widened, taken off.

use super::{Dashboard, DashboardChange, Saved, SavedError, Tile, TileWidth};
use crate::model::Timestamp;

/// What is done to a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileChange {
    /// It changes places with the one before it; the first stays.
    Up,
    /// It changes places with the one after it; the last stays.
    Down,
    /// It takes another part of a row.
    Width(TileWidth),
    /// It is taken off.
    Remove,
}

impl Saved {
    /// Puts one more tile on a dashboard, as its last.
    ///
    /// # Errors
    /// When there is no such dashboard or report, or the dashboard has [`super::TILES_MAX`].
    pub fn add_tile(&mut self, id: &str, now: Timestamp, tile: Tile) -> Result<Dashboard, SavedError> {
        let mut tiles = self.dashboard(id)?.tiles.clone();
        tiles.push(tile);
        self.set_tiles(id, now, tiles)
    }

    /// Changes the tile at a place, counted from 0, if it shows this report: somebody else may have moved it. Answers
    /// where it is then, or the tile that came into its place.
    ///
    /// # Errors
    /// When there is no such dashboard, and [`SavedError::Moved`].
    pub fn change_tile(
        &mut self,
        id: &str,
        now: Timestamp,
        place: usize,
        report: &str,
        change: TileChange,
    ) -> Result<usize, SavedError> {
        let mut tiles = self.dashboard(id)?.tiles.clone();
        let Some(tile) = tiles.get_mut(place).filter(|tile| tile.report == report) else {
            return Err(SavedError::Moved);
        };
        let mut led = place;
        match change {
            TileChange::Width(width) => tile.width = width,
            TileChange::Up => led = place.saturating_sub(1),
            TileChange::Down => led = (place + 1).min(tiles.len() - 1),
            TileChange::Remove => {
                tiles.remove(place);
                led = place.min(tiles.len().saturating_sub(1));
            }
        }
        if matches!(change, TileChange::Up | TileChange::Down) {
            tiles.swap(place, led);
        }
        self.set_tiles(id, now, tiles)?;
        Ok(led)
    }

    fn set_tiles(&mut self, id: &str, now: Timestamp, tiles: Vec<Tile>) -> Result<Dashboard, SavedError> {
        self.change_dashboard(id, now, DashboardChange { name: None, tiles: Some(tiles) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NewDashboard, NewReport};
    use super::*;

    #[test]
    fn a_tile_goes_where_it_is_moved_and_no_further() {
        let mut saved = Saved::default();
        let now = Timestamp::clamped(0);
        for id in ["a", "b", "c"] {
            let new = r#"{"name":"n","report":{"report":"trends","from":"-7d","to":"now","series":[{"event":"e"}]}}"#;
            saved.add_report(id, now, serde_json::from_str::<NewReport>(new).unwrap()).unwrap();
        }
        saved.add_dashboard("d", now, NewDashboard { name: "D".to_owned(), tiles: Vec::new() }).unwrap();
        for id in ["a", "b", "c"] {
            saved.add_tile("d", now, Tile { report: id.to_owned(), width: TileWidth::Half }).unwrap();
        }
        let order = |saved: &Saved| -> String {
            saved.dashboard("d").unwrap().tiles.iter().map(|tile| tile.report.as_str()).collect()
        };
        for (place, report, change, led, expected) in [
            (0, "a", TileChange::Up, 0, "abc"),
            (0, "a", TileChange::Down, 1, "bac"),
            (2, "c", TileChange::Down, 2, "bac"),
            (2, "c", TileChange::Up, 1, "bca"),
            (1, "c", TileChange::Width(TileWidth::Full), 1, "bca"),
            (2, "a", TileChange::Remove, 1, "bc"),
            (0, "b", TileChange::Remove, 0, "c"),
            (0, "c", TileChange::Remove, 0, ""),
        ] {
            assert_eq!(saved.change_tile("d", now, place, report, change).unwrap(), led, "{change:?} in {expected}");
            assert_eq!(order(&saved), expected);
            if let TileChange::Width(width) = change {
                assert_eq!(saved.dashboard("d").unwrap().tiles[place].width, width);
            }
        }
        let refused = saved.change_tile("d", now, 0, "c", TileChange::Up);
        assert!(matches!(refused, Err(SavedError::Moved)), "{refused:?}");
    }
}
