//! A server from its start to its end: listens, accepts, and stops when told, with everything under way answered.

use super::access::check;
use super::app::{App, Shared};
use super::connection::{Guarded, builder, turn_away};
use super::endpoint::Endpoint;
use super::limits::{
    CONNECTIONS_MAX_DEFAULT, REPORT_BYTES_MAX_DEFAULT, REPORT_TIME_MAX_DEFAULT, STOP_TIME_MAX, TURNED_AWAY_MAX,
};
use super::observe::observe;
use super::problem::Problem;
use super::site::{Page, for_people};
use super::workspaces::Workspaces;
use crate::store::StoreError;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tower_http::compression::CompressionLayer;

/// Pause after a connection could not be accepted, as when the process has no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers that are under way when a sync fails have this long to be sent.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How often keys and workspaces are looked for.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How a server runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens; port 0 is any free one.
    pub listen: SocketAddr,
    /// Names under which it may be asked while no keys are needed, beside `localhost`, `127.0.0.1` and `[::1]`.
    pub hosts: Vec<String>,
    /// Connections at a time.
    pub connections_max: usize,
    /// The longest time for a report or a page.
    pub report_time_max: Duration,
    /// The most memory for a report, in bytes.
    pub report_bytes_max: u64,
}

impl Settings {
    /// Listens there, and everything else as usual.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            hosts: Vec::new(),
            connections_max: CONNECTIONS_MAX_DEFAULT,
            report_time_max: REPORT_TIME_MAX_DEFAULT,
            report_bytes_max: REPORT_BYTES_MAX_DEFAULT,
        }
    }
}

/// Why a server does not start, or ended.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Others could reach it, and no key keeps them out.
    #[error(
        "{0} can be reached from other machines and there are no keys; make them with `trackcrumb key create --kind \
         write` and `--kind read`, or listen on 127.0.0.1"
    )]
    KeysMissing(SocketAddr),
    /// It cannot listen there.
    #[error("cannot listen on {address}: {error}; choose another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The system refuses what a server needs.
    #[error("the server cannot start: {0}; see what the system lacks, and start it again")]
    Start(io::Error),
    /// The store cannot be closed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sync failed.
    #[error(
        "the server ends, as what the disk holds is not known any more: {0}; everything acknowledged before is safe"
    )]
    SyncFailed(String),
}

/// Ends a server from another thread, as SIGTERM does.
#[derive(Clone, Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Ends it.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// A server that listens. Requests wait until [`Self::run`].
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    signals: [Signal; 2],
    app: App,
    connections_max: usize,
    stopper: Stopper,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// When the address cannot be listened on, or needs keys and there are none.
    pub fn bind(workspaces: Workspaces, settings: &Settings) -> Result<Self, ServeError> {
        if !settings.listen.ip().is_loopback() && !workspaces.have_keys() {
            return Err(ServeError::KeysMissing(settings.listen));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ServeError::Start)?;
        let (listener, signals) = runtime.block_on(async {
            let listening = TcpListener::bind(settings.listen).await;
            let listener = listening.map_err(|error| ServeError::Listen { address: settings.listen, error })?;
            let hear = |kind| signal(kind).map_err(ServeError::Start);
            Ok::<_, ServeError>((listener, [hear(SignalKind::terminate())?, hear(SignalKind::interrupt())?]))
        })?;
        let address = listener.local_addr().map_err(ServeError::Start)?;
        let app = Arc::new(Shared::new(Arc::new(workspaces), settings));
        let stopper = Stopper(watch::Sender::new(false));
        Ok(Self { runtime, listener, address, signals, app, connections_max: settings.connections_max, stopper })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What ends it from another thread.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Answers requests until SIGTERM or SIGINT; then closes the store.
    ///
    /// # Errors
    /// When a sync failed, or the store cannot be closed.
    pub fn run(self) -> Result<(), ServeError> {
        let Self { runtime, listener, address, signals, app, connections_max, stopper } = self;
        tracing::info!(%address, "listening");
        let looking = runtime.spawn(look(Arc::clone(&app.workspaces)));
        let ended = runtime.block_on(serve(listener, signals, Arc::clone(&app), connections_max, stopper));
        if let Err(error) = &ended {
            tracing::error!(error = ?error.to_string(), "stopped");
        } else {
            looking.abort();
            Arc::clone(&app.workspaces).close()?;
            tracing::info!("stopped; every store is closed");
        }
        // Reports that nobody waits for any more do not hold up the end.
        runtime.shutdown_background();
        ended
    }
}

/// The routes, and what stands around them.
fn router(app: &App) -> Router {
    Endpoint::router()
        .merge(Page::router(app))
        .fallback(|| async { Problem::Address })
        .method_not_allowed_fallback(|| async { Problem::Method })
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(Arc::clone(app), check))
        .layer(from_fn(for_people))
        .layer(from_fn_with_state(Arc::clone(app), observe))
        .with_state(Arc::clone(app))
}

async fn serve(
    listener: TcpListener,
    [mut terminate, mut interrupt]: [Signal; 2],
    app: App,
    connections_max: usize,
    stopper: Stopper,
) -> Result<(), ServeError> {
    let router = router(&app);
    let places = Arc::new(Semaphore::new(connections_max));
    let lingering = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
    let connections = GracefulShutdown::new();
    let (mut fatal, mut stop) = (app.fatal(), stopper.0.subscribe());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => match Arc::clone(&places).try_acquire_owned() {
                    Ok(place) => {
                        let app = Arc::clone(&app);
                        let watcher = connections.watcher();
                        let service = TowerToHyperService::new(router.clone());
                        tokio::spawn(async move {
                            let _held = (place, app.metrics.connect());
                            // Small answers are not to wait for more.
                            let _ = stream.set_nodelay(true);
                            let builder = builder();
                            let connection = builder.serve_connection(TokioIo::new(Guarded::new(stream)), service);
                            if let Err(error) = watcher.watch(connection.into_owned()).await {
                                tracing::debug!(error = ?error.to_string(), "a connection ended");
                            }
                        });
                    }
                    Err(_) => turn_away(stream, &lingering).await,
                },
                Err(error) => {
                    tracing::warn!(error = ?error.to_string(), "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            // Also when it was told before this listens.
            _ = stop.wait_for(|told| *told) => break,
            _ = fatal.changed() => {
                let cause = fatal.borrow().clone().unwrap_or_default();
                let _ = timeout(LAST_WORDS, connections.shutdown()).await;
                return Err(ServeError::SyncFailed(cause));
            }
        }
    }
    drop(listener);
    tracing::info!("stopping: answering what is under way");
    tokio::select! {
        () = connections.shutdown() => {}
        () = sleep(STOP_TIME_MAX) => tracing::warn!("some requests were not answered in time"),
        // Told twice, it does not wait.
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = fatal.changed() => {
            let cause = fatal.borrow().clone().unwrap_or_default();
            return Err(ServeError::SyncFailed(cause));
        }
    }
    Ok(())
}

/// Notices keys and workspaces that are made or taken back while the server runs.
async fn look(workspaces: Arc<Workspaces>) {
    loop {
        sleep(LOOK_INTERVAL).await;
        let workspaces = Arc::clone(&workspaces);
        let _ = spawn_blocking(move || workspaces.look()).await;
    }
}
