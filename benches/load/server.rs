//! The server under load: the real binary, ended by SIGTERM.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// See the module. Ends with this process's own end at the latest.
pub struct Server {
    child: Child,
    address: String,
}

/// Memory in MiB.
pub struct Memory {
    /// What the process took for itself.
    pub own: u64,
    /// What it has of files, which the system may take back at any time.
    pub mapped: u64,
    /// The most of both so far.
    pub peak: u64,
}

impl Server {
    pub fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_trackcrumb"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("its address");
        let address = line.trim().strip_prefix("http://").expect("its address").to_owned();
        Self { child, address }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// What the system says of its memory; zeros where it does not tell.
    pub fn memory(&self) -> Memory {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let kibibytes: u64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
            kibibytes >> 10
        };
        Memory { own: field("RssAnon:"), mapped: field("RssFile:"), peak: field("VmHWM:") }
    }

    /// Ends it and sees that it ends well.
    pub fn stop(mut self) {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().expect("a signal");
        assert!(killed.success());
        let ended = self.child.wait().expect("its end");
        assert!(ended.success(), "the server ended with {ended}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
