//! The client against real servers: everything once, whatever happens on the way.

mod delivery;
mod server;
mod spool;
mod verbs;
mod wire;

use std::sync::{Arc, Mutex};
use std::time::Duration;
use trackcrumb::client::ClientOptions;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

/// Problems as they were told.
type Told = Arc<Mutex<Vec<String>>>;

/// Options that make tests quick, and where problems go.
fn quick() -> (ClientOptions, Told) {
    let told = Told::default();
    let into = Arc::clone(&told);
    let options = ClientOptions {
        interval: Duration::from_millis(20),
        retry_first: Duration::from_millis(20),
        retry_most: Duration::from_millis(200),
        ..ClientOptions::default()
    };
    (options.on_problem(move |problem| into.lock().unwrap().push(problem.to_string())), told)
}
