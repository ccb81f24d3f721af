//! Rows on their way out: one set of cells, four forms.

use super::output::Canvas;
use super::text::{count, duration, number, percent, shown};
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table, TableStyle};
use serde_json::{Map, Value};

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, or any JSON.
    Text,
    /// A number.
    Number,
    /// A share from 0 to 1.
    Share,
    /// A time span in seconds.
    Seconds,
    /// A bar, or another drawing that only tables have.
    Drawing,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name in CSV and NDJSON.
    pub name: String,
    /// Its title in a table.
    pub title: String,
    /// What it holds.
    pub kind: Kind,
}

impl Column {
    /// A column whose title is its name with spaces.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        let name = name.into();
        Self { title: name.replace('_', " "), name, kind }
    }
}

/// Rows of cells.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    columns: Vec<Column>,
    cells: Vec<Vec<Value>>,
}

/// The look of all tables: no frame, one line under the head.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

impl Rows {
    /// No rows of these columns.
    pub fn new(columns: impl IntoIterator<Item = (&'static str, Kind)>) -> Self {
        Self::with_columns(columns.into_iter().map(|(name, kind)| Column::new(name, kind)).collect())
    }

    /// No rows of these columns.
    pub fn with_columns(columns: Vec<Column>) -> Self {
        Self { columns, cells: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, cells: impl IntoIterator<Item = Value>) {
        self.cells.push(cells.into_iter().collect());
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// A table for people.
    pub fn to_table(&self, canvas: &Canvas) -> String {
        let mut table = Table::new();
        table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_width(canvas.width_u16());
        if canvas.colors {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let head = |column: &Column| Cell::new(shown(&column.title)).fg(Color::DarkGrey);
        table.set_header(self.columns.iter().map(head));
        for row in &self.cells {
            table.add_row(self.columns.iter().zip(row).map(|(column, value)| {
                let cell = Cell::new(cell_text(value, column.kind));
                if column.kind == Kind::Drawing { cell.fg(Color::Cyan) } else { cell }
            }));
        }
        for (column, shape) in self.columns.iter().zip(table.column_iter_mut()) {
            if !matches!(column.kind, Kind::Text | Kind::Drawing) {
                shape.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut out = String::new();
        for line in table.lines() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// Comma-separated values, as RFC 4180 has them; no cell is a formula to a spreadsheet.
    pub fn to_csv(&self) -> String {
        let names: Vec<String> = self.plain_columns().map(|(_, column)| csv_cell(&column.name)).collect();
        let mut out = names.join(",") + "\r\n";
        for row in &self.cells {
            let cells: Vec<String> =
                self.plain_columns().map(|(place, _)| row.get(place).map_or_else(String::new, csv_value)).collect();
            out.push_str(&cells.join(","));
            out.push_str("\r\n");
        }
        out
    }

    /// One JSON object a row.
    pub fn to_ndjson(&self) -> String {
        let mut out = String::new();
        for row in &self.cells {
            let fields: Map<String, Value> = self
                .plain_columns()
                .map(|(place, column)| (column.name.clone(), row.get(place).cloned().unwrap_or_default()))
                .collect();
            out.push_str(&Value::Object(fields).to_string());
            out.push('\n');
        }
        out
    }

    fn plain_columns(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.columns.iter().enumerate().filter(|(_, column)| column.kind != Kind::Drawing)
    }
}

/// A cell as people read it.
fn cell_text(value: &Value, kind: Kind) -> String {
    match (value, kind) {
        (Value::Null, _) => "–".to_owned(),
        (Value::Number(found), Kind::Share) => percent(found.as_f64().unwrap_or(0.0)),
        (Value::Number(found), Kind::Seconds) => duration(found.as_f64().unwrap_or(0.0)),
        (Value::Number(found), Kind::Number) => {
            found.as_u64().map_or_else(|| number(found.as_f64().unwrap_or(0.0)), count)
        }
        (Value::String(text), _) => shown(text),
        (other, _) => shown(&other.to_string()),
    }
}

fn csv_value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        // A number is never a formula, whatever its sign.
        Value::Number(number) => number.to_string(),
        Value::String(text) => csv_cell(text),
        other => csv_cell(&other.to_string()),
    }
}

/// Quotes what needs quotes; a text that a spreadsheet would take for a formula gets an apostrophe before it.
fn csv_cell(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows() -> Rows {
        let mut rows = Rows::new([
            ("name", Kind::Text),
            ("count", Kind::Number),
            ("share", Kind::Share),
            ("drawing", Kind::Drawing),
        ]);
        rows.push([json!("a\u{1b}[31m"), json!(12_406), json!(0.5), json!("██")]);
        rows.push([json!({"k": [1]}), json!(null), json!(-1.5), json!("")]);
        rows
    }

    #[test]
    fn tables_align_numbers_and_escape_text() {
        let canvas = Canvas { width: 80, colors: false };
        let expected = "
 name          count    share  drawing
───────────────────────────────────────
 a\\u{1b}[31m  12,406    50.0%  ██
 {\"k\":[1]}         –  -150.0%
";
        assert_eq!(format!("\n{}", rows().to_table(&canvas)), expected);
    }

    #[test]
    fn csv_and_ndjson_hold_plain_values_and_no_drawings() {
        assert_eq!(rows().to_csv(), "name,count,share\r\na\u{1b}[31m,12406,0.5\r\n\"{\"\"k\"\":[1]}\",,-1.5\r\n");
        let ndjson = "{\"count\":12406,\"name\":\"a\\u001b[31m\",\"share\":0.5}\n{\"count\":null,\"name\":{\"k\":[1]},\"share\":-1.5}\n";
        assert_eq!(rows().to_ndjson(), ndjson);
    }

    #[test]
    fn no_csv_cell_is_a_formula() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            (" =1", "' =1"),
            ("\t1", "'\t1"),
            ("a=1", "a=1"),
            ("=\"a\",1", "\"'=\"\"a\"\",1\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }
}
