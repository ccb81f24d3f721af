//! In which form rows are printed.

use clap::{Args, ValueEnum};

/// The forms of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// Rows with commas, for spreadsheets.
    Csv,
    /// One JSON object a row.
    Ndjson,
}

/// `--format`.
#[derive(Clone, Copy, Debug, Args)]
pub struct FormatArg {
    /// How to print: a table on a terminal, JSON otherwise
    #[arg(long, value_enum, value_name = "FORMAT", global = true)]
    pub format: Option<Format>,
}
