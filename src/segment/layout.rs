//! What the footer of a segment says: which blob holds which column.

use crate::codec::BlobIndex;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Content {
    pub rows: u64,
    /// What the rows' arrivals are relative to: at most the least of them.
    pub first_arrival: u64,
    /// The greatest arrival of a row.
    pub last_arrival: u64,
    pub min_time: i64,
    pub max_time: i64,
    /// Present where the arrivals of a table are paced.
    pub pace: Option<PaceLayout>,
    /// By event id, ascending.
    pub tables: Vec<TableLayout>,
    /// By group type id, ascending.
    pub key_rows: Vec<(u32, BlobIndex)>,
    /// Unit bitmaps of any event: of users, and of keys by group type id, ascending.
    pub user_days: BlobIndex,
    pub key_days: Vec<(u32, BlobIndex)>,
    /// The newest rows, the last first, by their numbers through the segment.
    pub newest_rows: BlobIndex,
    pub insert_ids: Option<InsertIndexLayout>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TableLayout {
    pub event: u32,
    /// The number of the table's first row, counted through the segment.
    pub first_row: u32,
    pub rows: u32,
    pub min_time: i64,
    pub max_time: i64,
    /// Runs of rows of one user: the user, and the first row.
    pub run_users: BlobIndex,
    pub run_starts: BlobIndex,
    pub times: BlobIndex,
    pub arrivals: ArrivalLayout,
    /// By group type id, ascending.
    pub groups: Vec<(u32, GroupLayout)>,
    /// By property id, ascending.
    pub properties: Vec<(u32, PropertyLayout)>,
    pub insert_ids: Option<InsertIdLayout>,
    /// Unit bitmaps of users.
    pub user_days: BlobIndex,
    /// Unit bitmaps of keys, by group type id, ascending.
    pub key_days: Vec<(u32, BlobIndex)>,
}

/// Where arrivals are expected: at the beginning of each slice of time, and at the end of the last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PaceLayout {
    pub first_time: i64,
    /// A slice takes two to the power of this, in microseconds.
    pub slice_bits: u32,
    pub arrivals: BlobIndex,
}

/// Arrivals are relative to the segment's first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum ArrivalLayout {
    /// The arrival of each row.
    Each(BlobIndex),
    /// How far the arrival of each row is from where it is expected: 0 where it is listed, else 1 + the distance in
    /// zigzag.
    Paced { codes: BlobIndex, late: Option<LateLayout> },
}

/// Rows whose arrival is listed, ascending.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct LateLayout {
    pub rows: BlobIndex,
    pub arrivals: BlobIndex,
}

impl ArrivalLayout {
    /// Every blob of a table's arrivals.
    pub fn blobs(&self) -> Vec<BlobIndex> {
        match self {
            Self::Each(arrivals) => vec![*arrivals],
            Self::Paced { codes, late } => {
                [*codes].into_iter().chain(late.iter().flat_map(|late| [late.rows, late.arrivals])).collect()
            }
        }
    }
}

/// Runs of rows with one key: the key plus 1 (0 for none), and the first row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct GroupLayout {
    pub run_keys: BlobIndex,
    pub run_starts: BlobIndex,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum PropertyLayout {
    /// A code for each row, 0 for absent, else 1 + the place in the sorted list of values. `days` has the rows of each
    /// value and day, where these are few.
    Dictionary { codes: CodeLayout, values: BlobIndex, days: Option<BlobIndex> },
    /// An integer for each row; `present` has 1 or 0 for each row and is left out when all are 1.
    Integers { present: Option<BlobIndex>, values: BlobIndex },
    /// Eight bytes for each row; `present` as above.
    Doubles { present: Option<BlobIndex>, values: BlobIndex },
}

/// Where codes are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum CodeLayout {
    /// A code for each row.
    Each(BlobIndex),
    /// A code for each run of rows.
    Runs(CodeRunsLayout),
}

/// Runs of rows with one code; no run is in two blocks of rows.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct CodeRunsLayout {
    /// A bit for each row: whether a run begins with it.
    pub begins: BlobIndex,
    pub codes: BlobIndex,
    /// The first run of each block of rows, and how many there are.
    pub firsts: BlobIndex,
}

impl CodeLayout {
    /// Every blob of the codes.
    pub fn blobs(&self) -> Vec<BlobIndex> {
        match self {
            Self::Each(codes) => vec![*codes],
            Self::Runs(CodeRunsLayout { begins, codes, firsts }) => vec![*begins, *codes, *firsts],
        }
    }
}

/// The sender's own ids: 1 + the place in the list for each row, 0 for none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InsertIdLayout {
    pub places: BlobIndex,
    pub texts: BlobIndex,
}

/// All insert ids of the segment by hash: ascending hashes, and the row of each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InsertIndexLayout {
    pub hashes: BlobIndex,
    pub rows: BlobIndex,
}

impl TableLayout {
    /// Every blob of the table.
    pub fn blobs(&self) -> Vec<BlobIndex> {
        let mut blobs = vec![self.run_users, self.run_starts, self.times, self.user_days];
        blobs.extend(self.arrivals.blobs());
        blobs.extend(self.groups.iter().flat_map(|(_, group)| [group.run_keys, group.run_starts]));
        blobs.extend(self.key_days.iter().map(|(_, days)| *days));
        blobs.extend(self.insert_ids.iter().flat_map(|ids| [ids.places, ids.texts]));
        for (_, property) in &self.properties {
            match property {
                PropertyLayout::Dictionary { codes, values, days } => {
                    blobs.extend(codes.blobs());
                    blobs.push(*values);
                    blobs.extend(days);
                }
                PropertyLayout::Integers { present, values } | PropertyLayout::Doubles { present, values } => {
                    blobs.extend(present);
                    blobs.push(*values);
                }
            }
        }
        blobs
    }
}
