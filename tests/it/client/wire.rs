//! A wire between client and server on which things go wrong: one request a connection, each treated by a script.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::spawn;
use std::time::Instant;

/// What happens to a request.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// It goes to the server, and the answer back.
    Pass,
    /// It goes to the server, which takes it; the answer is lost.
    LoseAnswer,
    /// It is lost.
    Lose,
    /// It is answered here: status and headers, and the body.
    Answer(&'static str, &'static str),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Instant,
    /// In lower case.
    pub head: String,
    /// Unpacked.
    pub lines: Vec<String>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// See the module. Its thread ends with the process.
pub struct Wire {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Wire {
    /// A wire to this server. The script is for the first requests; those after it pass.
    pub fn to(server: SocketAddr, script: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wire = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (script, seen) = (Mutex::new(script.iter().copied().collect()), Arc::clone(&wire.seen));
        spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), server, &script, &seen);
            }
        });
        wire
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, server: SocketAddr, script: &Mutex<VecDeque<Act>>, seen: &Mutex<Vec<Seen>>) {
    let at = Instant::now();
    let mut reader = BufReader::new(&stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let text =
        if lower.contains("content-encoding: zstd") { zstd::decode_all(&body[..]).unwrap() } else { body.clone() };
    let lines = String::from_utf8(text).unwrap().lines().map(str::to_owned).collect();
    seen.lock().unwrap().push(Seen { at, head: lower, lines });
    let act = script.lock().unwrap().pop_front().unwrap_or(Act::Pass);
    match act {
        Act::Lose => {}
        Act::Answer(head, body) => {
            let answer =
                format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes());
        }
        Act::Pass | Act::LoseAnswer => {
            let Ok(answer) = forward(server, &head, &body) else { return };
            if matches!(act, Act::Pass) {
                let _ = stream.write_all(&answer);
            }
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// The server's whole answer.
fn forward(server: SocketAddr, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut upstream = TcpStream::connect(server)?;
    let head = head.trim_end();
    write!(upstream, "{head}\r\nconnection: close\r\n\r\n")?;
    upstream.write_all(body)?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    Ok(answer)
}
