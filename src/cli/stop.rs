//! SIGTERM and SIGINT, for commands that run long and can end cleanly in between.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From now on the first of these signals sets what this answers, and the next ends the process at once.
///
/// # Errors
/// When the system refuses.
pub fn on_signal() -> io::Result<&'static AtomicBool> {
    for signal in [SIGTERM, SIGINT] {
        // In this order: the first signal finds the flag unset, and only the second ends the process.
        flag::register_conditional_shutdown(signal, 1, Arc::clone(&STOP))?;
        flag::register(signal, Arc::clone(&STOP))?;
    }
    Ok(&STOP)
}
