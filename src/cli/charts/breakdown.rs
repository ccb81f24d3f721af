//! Breakdown values in tables and rows.

use super::super::rows::{Column, Kind};
use crate::model::Value as Model;
use serde_json::Value;

/// The columns of tuples of so many values, and whether they are the rest; none without a breakdown.
pub fn breakdown_columns(levels: usize) -> Vec<Column> {
    let mut columns = match levels {
        0 => return Vec::new(),
        1 => vec![Column::new("breakdown", Kind::Text)],
        _ => (1..=levels).map(|level| Column::new(format!("breakdown_{level}"), Kind::Text)).collect(),
    };
    columns.push(Column::new("other", Kind::Text));
    columns
}

/// The cells of these columns.
pub fn breakdown_cells(breakdown: &[Model], other: bool, levels: usize) -> Vec<Value> {
    let values = (0..levels).map(|level| breakdown.get(level).map_or(Value::Null, Model::to_serde));
    values.chain((levels > 0).then_some(other.into())).collect()
}

/// What to call a tuple of breakdown values.
pub fn breakdown_name(breakdown: &[Model], other: bool) -> String {
    if other {
        return "(other)".to_owned();
    }
    breakdown.iter().map(value_name).collect::<Vec<_>>().join(", ")
}

fn value_name(value: &Model) -> String {
    match value {
        Model::Null => "(none)".to_owned(),
        Model::String(text) => text.clone(),
        other => other.to_json(),
    }
}
