//! A server in this process that can be stopped and started again at its address.

use crate::support::exported_json;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::thread::{JoinHandle, spawn};
use tempfile::TempDir;
use trackcrumb::StoreReader;
use trackcrumb::server::{ServeError, Server, Settings, Stopper, Workspaces};

/// See the module. Dropping it stops it.
pub struct TestServer {
    directory: TempDir,
    address: SocketAddr,
    running: Option<(Stopper, JoinHandle<Result<(), ServeError>>)>,
}

impl TestServer {
    /// Runs, with an empty store.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut server = Self { directory, address: "127.0.0.1:0".parse().unwrap(), running: None };
        server.run();
        server
    }

    /// Starts again after [`Self::stop`].
    pub fn run(&mut self) {
        let workspaces = Workspaces::open(self.directory.path()).unwrap();
        let server = Server::bind(workspaces, &Settings::new(self.address)).unwrap();
        self.address = server.address();
        self.running = Some((server.stopper(), spawn(move || server.run())));
    }

    pub fn stop(&mut self) {
        if let Some((stopper, thread)) = self.running.take() {
            stopper.stop();
            thread.join().unwrap().unwrap();
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn data(&self) -> &Path {
        self.directory.path()
    }

    /// Everything stored, in order of arrival.
    pub fn stored(&self) -> Vec<Value> {
        let reader = StoreReader::open(self.directory.path()).unwrap();
        exported_json(reader.snapshot())
    }

    /// The property `n` of every event, in order of arrival.
    pub fn numbers(&self) -> Vec<u64> {
        let stored = self.stored();
        stored.iter().filter_map(|line| line["properties"]["n"].as_u64()).collect()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some((stopper, thread)) = self.running.take() {
            stopper.stop();
            // A test that fails has said enough.
            let _ = thread.join();
        }
    }
}
