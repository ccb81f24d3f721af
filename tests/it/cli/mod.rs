//! The command line as its users meet it: the real binary, its exact words and its exit codes.

mod bad_lines;
mod export;
mod help;
mod imports;
mod maintenance;
mod places;
mod reports;
mod stops;

use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The note after refused lines.
const REFUSED_NOTE: &str = "note: the refused lines are not stored; put them right in a file of their own and import \
                            that, as a changed copy of this one counts as new from its first line\n";

/// A directory in which the binary runs; its store is the default one, `./trackcrumb-data`.
struct Place {
    directory: TempDir,
}

/// What a run of the binary left behind.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trackcrumb"));
        command.args(arguments).current_dir(self.directory.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the binary; arguments are parted by blanks.
    fn run(&self, arguments: &str) -> Done {
        Done::of(self.command(arguments.split_whitespace()).spawn().unwrap())
    }

    /// Runs the binary with this on its standard input.
    fn pipe(&self, arguments: &str, input: impl AsRef<[u8]>) -> Done {
        let mut child = self.command(arguments.split_whitespace()).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.as_ref().to_vec();
        // A thread of its own, as the binary may answer before it has read everything.
        let writer = std::thread::spawn(move || {
            // The binary may end without reading to the end.
            let _ = stdin.write_all(&input);
        });
        let done = Done::of(child);
        writer.join().unwrap();
        done
    }

    /// How often each event is stored.
    #[track_caller]
    fn event_counts(&self) -> Vec<(String, u64)> {
        let answer = self.run("events --format json").json(0);
        let count = |row: &Value| (row["event"].as_str().unwrap().to_owned(), row["count"].as_u64().unwrap());
        let mut counts: Vec<_> = answer["events"].as_array().unwrap().iter().map(count).collect();
        counts.sort();
        counts
    }

    /// How many events are stored.
    #[track_caller]
    fn events(&self) -> u64 {
        self.event_counts().iter().map(|(_, count)| count).sum()
    }
}

impl Done {
    fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    fn expect(&self, code: i32, out: &str, err: &str) {
        assert_eq!((self.code, self.out.as_str(), self.err.as_str()), (Some(code), out, err));
    }

    /// Checks that it failed for this reason, with nothing on standard output.
    #[track_caller]
    fn expect_error(&self, code: i32, sentence: &str) {
        self.expect(code, "", &format!("error: {sentence}\n"));
    }

    /// Checks the exit code and reads the answer.
    #[track_caller]
    fn json(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    /// Checks what an import counted: accepted, duplicate, refused, done before.
    #[track_caller]
    fn expect_import(&self, code: i32, counts: [u64; 4], err: &str) {
        let answer = self.json(code);
        let names = ["accepted", "duplicate", "refused", "done_before"];
        assert_eq!((names.map(|name| answer[name].as_u64().unwrap()), self.err.as_str()), (counts, err));
        assert!(answer["seconds"].is_number(), "{answer}");
    }
}

/// An input line with an event of this user.
fn track(user: &str, event: &str) -> String {
    format!("{{\"type\":\"track\",\"distinct_id\":\"{user}\",\"event\":\"{event}\"}}\n")
}
