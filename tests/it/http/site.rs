//! A server to test against: inside this process, or the real program in a process of its own.

use super::exchange::{Answer, Client, Request};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use trackcrumb::files::DiskStorage;
use trackcrumb::model::Timestamp;
use trackcrumb::server::{KeyEntry, KeyKind, ServeError, Server, Settings, Stopper, Workspaces, create_key};

/// The address of a free port of this machine.
pub const ANY_PORT: &str = "127.0.0.1:0";

/// What can be asked, wherever it runs.
pub trait Asked {
    fn address(&self) -> SocketAddr;

    fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    #[track_caller]
    fn ask(&self, request: &Request) -> Answer {
        self.connect().ask(request)
    }

    #[track_caller]
    fn get(&self, target: &str) -> Answer {
        self.ask(&Request::get(target))
    }

    #[track_caller]
    fn post(&self, target: &str, body: impl AsRef<[u8]>) -> Answer {
        self.ask(&Request::post(target, body))
    }

    /// How often an event happened.
    #[track_caller]
    fn count(&self, event: &str) -> u64 {
        self.connect().count(event)
    }
}

impl Client {
    /// How often an event happened.
    #[track_caller]
    pub fn count(&mut self, event: &str) -> u64 {
        let answer = self.ask(&Request::post("/api/report", count_document(event)));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["series"][0]["total"].as_u64().unwrap()
    }
}

/// Asks how often an event happened, ever.
pub fn count_document(event: &str) -> String {
    let series = json!([{ "event": event, "measure": "total" }]);
    json!({ "report": "trends", "from": "2020-01-01", "to": "2100-01-01", "interval": "month", "series": series })
        .to_string()
}

/// The body of `/v1/track`.
pub fn event(user: &str, event: &str) -> String {
    json!({ "distinct_id": user, "event": event }).to_string()
}

/// A line of `/v1/batch`, with an id that makes it one even if it is sent twice.
pub fn line(user: &str, event: &str, id: u64) -> String {
    let mut line = json!({ "type": "track", "distinct_id": user, "event": event, "timestamp": "2026-01-03T10:00:00Z" });
    line["insert_id"] = Value::from(format!("i{id}"));
    line.to_string() + "\n"
}

/// Makes a key of a store.
pub fn make_key(store: &Path, kind: KeyKind) -> (KeyEntry, String) {
    create_key(&DiskStorage::open(store).unwrap(), kind, "test", Timestamp::clamped(0)).unwrap()
}

/// Where a server that listens there is found on this machine.
fn reached(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip([127, 0, 0, 1].into());
    }
    address
}

/// A server inside this process.
pub struct Site {
    pub directory: TempDir,
    address: SocketAddr,
    stopper: Stopper,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Asked for Site {
    fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Site {
    /// One with everything as usual.
    pub fn new() -> Self {
        Self::set_up(|_| {}, |_| {})
    }

    /// One whose directory and settings are changed before it starts.
    pub fn set_up(directory: impl FnOnce(&Path), settings: impl FnOnce(&mut Settings)) -> Self {
        let place = tempfile::tempdir().unwrap();
        // The store comes first, as keys alone would make the directory look like somebody else's.
        trackcrumb::Store::open(place.path()).unwrap().close().unwrap();
        directory(place.path());
        let mut chosen = Settings::new(ANY_PORT.parse().unwrap());
        settings(&mut chosen);
        let server = Server::bind(Workspaces::open(place.path()).unwrap(), &chosen).unwrap();
        let (address, stopper) = (reached(server.address()), server.stopper());
        let thread = Some(spawn(move || server.run()));
        Self { directory: place, address, stopper, thread }
    }

    /// Stops it, and waits for its end.
    pub fn stop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The real program, on a directory that outlives it.
pub struct Process {
    child: Child,
    address: SocketAddr,
}

impl Asked for Process {
    fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The binary with these arguments.
pub fn command<'a>(arguments: impl IntoIterator<Item = &'a str>, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trackcrumb"));
    command.args(arguments).arg("--data").arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Process {
    /// Serves a data directory.
    pub fn serve(data: &Path, more: &[&str]) -> Self {
        Self::serve_at(ANY_PORT, data, more)
    }

    /// The same, listening there.
    pub fn serve_at(listen: &str, data: &Path, more: &[&str]) -> Self {
        let arguments = ["serve", "--listen", listen].into_iter().chain(more.iter().copied());
        let mut child = command(arguments, data).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address: SocketAddr =
            line.trim_end().strip_prefix("http://").expect("it tells where it is").parse().unwrap();
        Self { child, address: reached(address) }
    }

    pub fn send(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for its end: how it ended, and what it said on standard error.
    pub fn end(&mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A workspace beside `default`, by its directory.
pub fn make_workspace(data: &Path, name: &str) -> PathBuf {
    let name = name.parse().unwrap();
    trackcrumb::workspace::create(data, &name, |_| Ok(())).unwrap();
    name.directory(data)
}

/// Waits until something is so.
#[track_caller]
pub fn wait_until(what: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !what() {
        assert!(Instant::now() < deadline, "it takes too long");
        sleep(Duration::from_millis(20));
    }
}
