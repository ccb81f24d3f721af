//! `import`: input lines from a file or standard input.

use super::super::data::{DataArg, close};
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::progress::{byte_bar, byte_spinner};
use super::super::rows::{Kind, Rows};
use super::super::stop::on_signal;
use super::super::text::{count, counted, list};
use crate::store::import::{ImportError, ImportNotice, ImportOptions, Imported, Seekable, Streamed, import};
use crate::store::{Options, Store};
use clap::Args;
use serde::Serialize;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Instant;

/// Most refused lines that are shown one by one.
const REFUSALS_SHOWN: u64 = 100;
/// Bytes of standard input kept in memory before a temporary file takes them.
const KEPT_IN_MEMORY: usize = 8 << 20;
/// Sizes of the store while nothing but the import writes to it: larger segments at once, so that fewer are merged later.
/// They take about 300 MiB until they are sealed.
const SIZES: Options =
    Options { log_bytes_max: 64 << 20, merge_width: 8, segment_rows_max: 1 << 24, compacted_rows_max: 1 << 27 };
/// After so many lines what is left in the log is sealed too, as readers would have to sort it each time.
const SEALED_FROM: u64 = 100_000;
/// The name that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Import input lines: NDJSON, plain or packed with gzip or zstd
///
/// Lines are stored in chunks. An import that was interrupted continues where it was when the same input is imported
/// again, and so does a file that has grown; nothing is stored twice. Refused lines are told by number and reason; the
/// rest is stored.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackcrumb import events.ndjson.gz
  zcat events/*.gz | trackcrumb import --data ./shop -
  echo '{\"type\":\"track\",\"distinct_id\":\"user_42\",\"event\":\"signed_up\"}' | trackcrumb import -")]
pub struct Arguments {
    /// The file to import, or `-` for standard input
    file: String,
    /// Import once more what was imported before, on purpose
    #[arg(long)]
    again: bool,
    /// Store nothing at all when any line is refused
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

/// An input that is open.
struct Input {
    file: File,
    /// As errors name it.
    name: String,
    /// Its length, when it is a file and can be read again.
    length: Option<u64>,
}

impl Input {
    fn open(file: &str) -> Result<Self, Failure> {
        let name = if file == STANDARD_INPUT { "standard input".to_owned() } else { format!("`{file}`") };
        let opened = if file == STANDARD_INPUT {
            io::stdin().as_fd().try_clone_to_owned().map(File::from)
        } else {
            File::open(Path::new(file))
        };
        let checked = opened.and_then(|file| {
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            Ok((metadata.is_file().then_some(metadata.len()), file))
        });
        match checked {
            Ok((length, file)) => Ok(Self { file, name, length }),
            Err(error) => Err(Failure::Input { input: name, error }),
        }
    }

    fn import(
        self,
        store: &Store,
        options: &ImportOptions,
        notice: &mut dyn FnMut(ImportNotice<'_>),
    ) -> Result<Imported, Failure> {
        let failed = |error: ImportError| Failure::Import { input: self.name.clone(), error: Box::new(error) };
        if self.length.is_some() {
            let again = Seekable::new(self.file);
            let source = again.map_err(|error| Failure::Input { input: self.name.clone(), error })?;
            import(store, source, options, notice).map_err(failed)
        } else {
            let kept = tempfile::spooled_tempfile(KEPT_IN_MEMORY);
            import(store, Streamed::new(self.file, kept), options, notice).map_err(failed)
        }
    }
}

/// What is printed in the end.
#[derive(Serialize)]
struct Summary {
    accepted: u64,
    duplicate: u64,
    refused: u64,
    done_before: u64,
    seconds: f64,
}

impl Show for Summary {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn to_rows(&self) -> Rows {
        let number = Kind::Number;
        let names = ["accepted", "duplicate", "refused", "done_before", "seconds"];
        let mut rows = Rows::new(names.map(|name| (name, number)));
        let counts = [self.accepted, self.duplicate, self.refused, self.done_before].map(Into::into);
        rows.push(counts.into_iter().chain([self.seconds.into()]));
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        let speed = self.accepted + self.duplicate + self.refused;
        let speed = speed as f64 / self.seconds.max(0.001);
        format!(
            "{} accepted, {} duplicate, {} refused in {:.1} s {}\n",
            canvas.bold(&count(self.accepted)),
            count(self.duplicate),
            count(self.refused),
            self.seconds,
            canvas.dim(&format!("({} lines/s)", count(speed as u64)))
        )
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    let input = Input::open(&arguments.file)?;
    let name = input.name.clone();
    let store = arguments.data.open_with(SIZES, output)?;
    // Without it a signal ends the process, and the next opening recovers.
    let stop = on_signal().ok();
    let options = ImportOptions { again: arguments.again, strict: arguments.strict, stop, ..ImportOptions::default() };
    let started = Instant::now();
    let bar = input.length.map_or_else(byte_spinner, byte_bar);
    output.set_bar(Some(bar.clone()));
    let mut refused = 0;
    let result = input.import(&store, &options, &mut |notice| match notice {
        ImportNotice::Compared { input_bytes } => {
            bar.set_message("compared with earlier imports");
            bar.set_position(input_bytes);
        }
        ImportNotice::Progress { input_bytes, lines } => {
            bar.set_message(counted(lines, "line"));
            bar.set_position(input_bytes);
        }
        ImportNotice::Refused { line, refusal } => {
            refused += 1;
            if refused <= REFUSALS_SHOWN {
                output.say(&format!("line {line}: {refusal}"));
            }
        }
    });
    bar.finish_and_clear();
    output.set_bar(None);
    if refused > REFUSALS_SHOWN {
        output.say(&format!("… and {} more", count(refused - REFUSALS_SHOWN)));
    }
    let done = match result {
        Ok(done) => done,
        Err(failure) => {
            // Nothing acknowledged is lost when this fails too; the first failure is what counts.
            let _ = close(store);
            return Err(failure);
        }
    };
    let mut segments = 0;
    if done.accepted >= SEALED_FROM {
        // All is durable. What cannot be sealed now is sealed when the log has grown; what is worse, closing tells.
        let _ = store.seal();
        segments = store.snapshot().map_or(0, |snapshot| snapshot.segments().len());
    }
    close(store)?;
    say_what_was_there(&done, &name, output);
    if segments > 1 {
        let compact = list(&["compact"]);
        let hint = format!("the store has {segments} segments; reports are faster after {compact}, which merges them");
        output.note(&hint);
    }
    let Imported { accepted, duplicate, refused, done_before } = done;
    let seconds = (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
    output.show(&Summary { accepted, duplicate, refused, done_before, seconds })?;
    Ok(if refused > 0 { Exit::SomeRefused } else { Exit::Done })
}

/// Explains numbers that may surprise.
fn say_what_was_there(done: &Imported, name: &str, output: &mut Output) {
    let new = done.accepted + done.duplicate + done.refused;
    match (done.done_before, new) {
        (0, 0) => output.note(&format!("{name} holds no lines, so there was nothing to import")),
        (0, _) => {}
        (before, 0) => output.note(&format!(
            "{} of {name} {} imported before and nothing is new; {} imports everything once more",
            counted(before, "line"),
            if before == 1 { "was" } else { "were" },
            list(&["--again"])
        )),
        (before, _) => output
            .note(&format!("continued after line {}, where an earlier import of the same input ended", count(before))),
    }
    if done.refused > 0 {
        output.note(
            "the refused lines are not stored; put them right in a file of their own and import that, \
             as a changed copy of this one counts as new from its first line",
        );
    }
}
