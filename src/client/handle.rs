//! The client as programs hold it.

use super::error::{FlushError, SendError, StartError};
use super::options::ClientOptions;
use super::post::{Http, Post};
use super::problem::Problem;
use super::shared::Shared;
use super::spool::{Spool, SpoolError};
use super::state::ClientStats;
use crate::codec::DecodeError;
use crate::files::DiskStorage;
use crate::input::{check_line, write_line};
use crate::model::{InsertId, Line, Timestamp};
use crate::store::{Environment, SystemEnvironment, random_hex};
use crate::tracker::{Destination, Tracker, TrackerError};
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Random bytes of an insert id.
const INSERT_ID_BYTES: usize = 16;

/// A client of a trackcrumb server. Clones share it; the last one closes it.
///
/// Calls are taken at once and sent in batches by a thread of the client's own; they never wait for the network. What
/// the server has not acknowledged is sent again under the same insert ids, so that each event is stored once. The calls
/// of one user are those of a [`Tracker`]:
///
/// ```
/// use std::time::Duration;
/// use trackcrumb::Tracker;
/// use trackcrumb::client::{Client, ClientOptions};
/// use trackcrumb::tracker::NO_PROPERTIES;
///
/// # #[cfg(feature = "server")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use trackcrumb::server::{Server, Settings, Workspaces};
/// # let directory = tempfile::tempdir()?;
/// # let settings = Settings::new("127.0.0.1:0".parse()?);
/// # let server = Server::bind(Workspaces::open(directory.path())?, &settings)?;
/// # let (url, write_key) = (format!("http://{}", server.address()), "");
/// # let stopper = server.stopper();
/// # let running = std::thread::spawn(move || server.run());
/// let client = Client::start(&url, write_key, ClientOptions::default())?;
///
/// let mut tracker = Tracker::anonymous(client.clone())?;
/// tracker.identify("user_42", NO_PROPERTIES)?;
/// tracker.group("company", "acme-corp", [("plan", "enterprise")])?;
/// tracker.track("feature_used", [("feature", "ai_chart")])?;
///
/// client.flush(Duration::from_secs(10))?; // all of it is durable now
/// # assert_eq!(client.stats().accepted, 4);
/// # client.close(Duration::from_secs(10))?;
/// # stopper.stop();
/// # running.join().unwrap()?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "server"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

/// Dropped with the last clone.
struct Handle {
    shared: Arc<Shared>,
    close_timeout: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({:?})", self.stats())
    }
}

impl Client {
    /// Starts a client of the server at this address, such as `https://stats.example.com`. An empty key is none, for a
    /// server on the same machine that needs none. The server need not be there yet.
    ///
    /// # Errors
    /// When the address, the key or an option is of no use, the spool cannot be opened, or the system gives no thread.
    pub fn start(url: &str, write_key: &str, options: ClientOptions) -> Result<Self, StartError> {
        options.check()?;
        let post = Http::new(url, write_key)?;
        let Some(directory) = &options.spool else { return Self::start_with(post, None, &options) };
        let storage = DiskStorage::create(directory).map_err(SpoolError::File)?;
        let opened = Spool::open(Arc::new(storage), Arc::new(SystemEnvironment), options.spool_bytes)?;
        Self::start_with(post, Some(opened), &options)
    }

    /// `opened` is a spool with what is damaged in it.
    pub(super) fn start_with(
        post: impl Post,
        opened: Option<(Spool, Vec<DecodeError>)>,
        options: &ClientOptions,
    ) -> Result<Self, StartError> {
        let (spool, damage) = opened.unzip();
        let shared = Arc::new(Shared::new(spool, options));
        shared.tell_damage(damage.unwrap_or_default());
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name("trackcrumb-client".to_owned());
        thread.spawn(move || of_thread.run(&post)).map_err(StartError::Thread)?;
        Ok(Self { handle: Arc::new(Handle { shared, close_timeout: options.close_timeout }) })
    }

    /// Takes lines, all or none. Each gets the time of this call where it has none, and events a random insert id. With
    /// a spool they are durable when this returns; threads that call at the same time share syncs.
    ///
    /// # Errors
    /// When the server would refuse a line, as much waits as may, the spool cannot be written, or the client is closed.
    pub fn send(&self, lines: impl IntoIterator<Item = Line>) -> Result<(), SendError> {
        let now = SystemEnvironment.now();
        let mut texts = Vec::new();
        for (index, mut line) in lines.into_iter().enumerate() {
            complete(&mut line, now)?;
            let checked = check_line(&line);
            checked.map_err(|refusal| SendError::Refused { index, refusal: refusal.into() })?;
            let mut text = String::new();
            write_line(&line, &mut text);
            texts.push(text);
        }
        self.handle.shared.take(texts)
    }

    /// Sends what was taken so far without waiting for more, and waits until the server has acknowledged it as durable.
    /// After failures it tries again at the pace of the first one, unless the server asked for more patience.
    ///
    /// # Errors
    /// When not everything is delivered within this time, or the server refused something while this waited.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.handle.shared.flush(timeout)
    }

    /// Takes nothing more through any handle, sends what waits for this time at most, and ends.
    ///
    /// # Errors
    /// As [`flush`](Self::flush). What still waits is lost, but for what a spool keeps.
    pub fn close(self, timeout: Duration) -> Result<(), FlushError> {
        self.handle.shared.close(timeout)
    }

    /// What it has done so far.
    pub fn stats(&self) -> ClientStats {
        self.handle.shared.stats()
    }
}

/// What it takes is sent later.
impl Destination for Client {
    type Error = SendError;

    fn take(&self, lines: Vec<Line>) -> Result<(), TrackerError<SendError>> {
        match self.send(lines) {
            Err(SendError::Refused { refusal, .. }) => Err(TrackerError::Refused(refusal)),
            sent => sent.map_err(TrackerError::Failed),
        }
    }
}

impl Tracker<Client> {
    /// As [`Client::flush`]: everything that any tracker of the client sent.
    ///
    /// # Errors
    /// As [`Client::flush`].
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.destination().flush(timeout)
    }
}

/// Gives a line what makes its repetition harmless: a time and, to an event, an insert id.
fn complete(line: &mut Line, now: Timestamp) -> Result<(), SendError> {
    match line {
        Line::Track(event) => {
            event.time.get_or_insert(now);
            if event.insert_id.is_none() {
                // Digits are always a name.
                event.insert_id = InsertId::new(random_hex::<INSERT_ID_BYTES>()?).ok();
            }
        }
        Line::Identify(call) => {
            call.time.get_or_insert(now);
        }
        Line::Group(call) => {
            call.time.get_or_insert(now);
        }
        Line::Alias(call) => {
            call.time.get_or_insert(now);
        }
        Line::Cohort(_) => {}
    }
    Ok(())
}

impl Drop for Handle {
    fn drop(&mut self) {
        let shared = &self.shared;
        if shared.is_closing() {
            return;
        }
        // What a spool keeps is not lost.
        if let Err(FlushError::Waiting { lines, reason }) = shared.close(self.close_timeout)
            && !shared.has_spool()
        {
            let reason = reason.unwrap_or_else(|| "there was no time".to_owned());
            shared.tell(&[Problem::Lost { lines, reason }]);
        }
    }
}
