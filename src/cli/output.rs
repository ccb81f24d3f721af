//! Standard output and standard error: the only place that writes to either.

use super::exit::Failure;
use super::format::Format;
use super::rows::Rows;
use super::text::shown;
use indicatif::ProgressBar;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

/// Bytes collected before they are written.
const BUFFER_BYTES: usize = 64 * 1024;
/// The width of a table that goes to no terminal, in characters.
const WIDTH_DEFAULT: usize = 120;

/// How text may be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    /// Characters in a line.
    pub width: usize,
    /// Whether colours may be used.
    pub colors: bool,
}

impl Canvas {
    /// The width, as tables want it.
    pub fn width_u16(&self) -> u16 {
        u16::try_from(self.width).unwrap_or(u16::MAX)
    }

    /// Text that stands out.
    pub fn bold(&self, text: &str) -> String {
        if self.colors { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Text of less weight.
    pub fn dim(&self, text: &str) -> String {
        if self.colors { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// An answer that can be printed in every form.
pub trait Show {
    /// The answer as one JSON document.
    fn to_json(&self) -> String;

    /// The answer as rows.
    fn to_rows(&self) -> Rows;

    /// Where the next page begins, when the rows are not all there is.
    fn next_cursor(&self) -> Option<&str> {
        None
    }

    /// The answer for people; ends with a line break.
    fn to_table(&self, canvas: &Canvas) -> String {
        self.to_rows().to_table(canvas)
    }
}

/// Where a command writes.
#[derive(Debug)]
pub struct Output {
    out: BufWriter<Stdout>,
    format: Option<Format>,
    is_terminal: bool,
    canvas: Canvas,
    bar: Option<ProgressBar>,
}

impl Output {
    /// The standard streams of the process.
    pub fn to_standard() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let width = if is_terminal { terminal_width() } else { WIDTH_DEFAULT };
        // See https://no-color.org: any value but an empty one.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            out: BufWriter::with_capacity(BUFFER_BYTES, io::stdout()),
            format: None,
            is_terminal,
            canvas: Canvas { width, colors: is_terminal && !plain },
            bar: None,
        }
    }

    /// Takes the form that was asked for.
    pub fn set_format(&mut self, format: Option<Format>) {
        self.format = format;
    }

    /// The form of answers: as asked for, else a table on a terminal and JSON elsewhere.
    pub fn format(&self) -> Format {
        self.format.unwrap_or(if self.is_terminal { Format::Table } else { Format::Json })
    }

    /// Whether somebody sees what is printed.
    #[cfg(feature = "server")]
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// How text may be drawn.
    pub fn canvas(&self) -> Canvas {
        self.canvas
    }

    /// Prints an answer in the form asked for.
    pub fn show(&mut self, answer: &impl Show) -> Result<(), Failure> {
        // JSON holds the cursor and tables tell of it; rows alone would pass for everything.
        if let (Format::Csv | Format::Ndjson, Some(cursor)) = (self.format(), answer.next_cursor()) {
            self.note(&format!("there is more; ask again with a larger limit, or with the cursor {cursor:?}"));
        }
        match self.format() {
            Format::Table => self.print(&answer.to_table(&self.canvas)),
            Format::Json => self.print(&(answer.to_json() + "\n")),
            Format::Csv => self.print(&answer.to_rows().to_csv()),
            Format::Ndjson => self.print(&answer.to_rows().to_ndjson()),
        }
    }

    /// Prints text as it is.
    pub fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).map_err(Failure::Output)
    }

    /// Writes out what was collected.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::Output)
    }

    /// Lets what is said to standard error stand above this bar.
    pub fn set_bar(&mut self, bar: Option<ProgressBar>) {
        self.bar = bar;
    }

    /// Says why the command failed.
    pub fn error(&mut self, failure: &impl Display) {
        self.say(&format!("error: {failure}"));
    }

    /// Says something beside the answer.
    pub fn note(&mut self, sentence: &str) {
        self.say(&format!("note: {sentence}"));
    }

    /// Asks on the terminal; `None` where there is nobody to ask. Anything but a yes is a no.
    pub fn ask(&mut self, question: &str) -> Option<bool> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        // What was printed so far belongs before the question.
        self.finish().ok()?;
        write!(io::stderr().lock(), "{question} [y/N] ").ok()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
    }

    /// Writes one line to standard error.
    pub fn say(&mut self, line: &str) {
        let line = shown(line);
        // When standard error is gone there is nobody to tell.
        let write = || {
            let _ = writeln!(io::stderr().lock(), "{line}");
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// The width of the terminal in characters.
fn terminal_width() -> usize {
    // A table measures the terminal that it would be printed to.
    comfy_table::Table::new().width().map_or(WIDTH_DEFAULT, usize::from).max(40)
}
