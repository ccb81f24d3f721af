//! A client of bytes: it sends whatever a test writes, and reads answers as strictly as they must be formed.

use serde_json::Value;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Nothing is waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request, `Host: localhost` unless told otherwise.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        let host = ("host".to_owned(), b"localhost".to_vec());
        Self { method: method.to_owned(), target: target.to_owned(), headers: vec![host], body: None }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub fn post(target: &str, body: impl AsRef<[u8]>) -> Self {
        Self::new("POST", target).body(body)
    }

    /// Sets a header, or adds it.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Leaves a header out.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    /// Changes the method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = method.to_owned();
        self
    }

    /// Sends a key.
    pub fn key(self, key: &str) -> Self {
        self.header("authorization", format!("Bearer {key}"))
    }

    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        if let Some(body) = &self.body {
            bytes.extend(format!("content-length: {}\r\n", body.len()).bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(self.body.iter().flatten());
        bytes
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The header of this name, of which there must not be two.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "`{name}` is there twice");
        value
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The number of lines that were taken, when nothing was wrong with any of them.
    #[track_caller]
    pub fn accepted(&self) -> u64 {
        let json = self.json();
        assert!(self.status == 200 && json["refused"] == Value::Array(Vec::new()), "{} {json}", self.status);
        json["accepted"].as_u64().unwrap()
    }
}

/// A connection.
pub struct Client {
    stream: TcpStream,
    /// Received, and not yet part of an answer.
    left: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, left: Vec::new() }
    }

    /// Sends; whether all of it was taken.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Says that nothing more will be sent.
    pub fn finish_sending(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Receives more; nothing at the end.
    fn receive(&mut self) -> Option<()> {
        let mut bytes = [0; 16 << 10];
        let count = match self.stream.read(&mut bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("nothing came in time: {error}"),
        };
        self.left.extend(&bytes[..count]);
        (count > 0).then_some(())
    }

    /// Everything up to and with this.
    fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(place) = self.left.windows(end.len()).position(|window| window == end) {
                return Some(self.left.drain(..place + end.len()).collect());
            }
            self.receive()?;
        }
    }

    /// So many bytes.
    pub fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.left.len() < count {
            self.receive()?;
        }
        Some(self.left.drain(..count).collect())
    }

    /// All that comes until the end.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.receive().is_some() {}
        std::mem::take(&mut self.left)
    }

    /// Whether the server closes this, without another byte.
    pub fn is_closed(&mut self) -> bool {
        self.rest().is_empty()
    }

    /// Waits until the server asks for the body.
    #[track_caller]
    pub fn expect_continue(&mut self) {
        assert_eq!(self.until(b"\r\n\r\n").unwrap(), b"HTTP/1.1 100 Continue\r\n\r\n");
    }

    /// The next answer; none when the connection ends before it.
    #[track_caller]
    pub fn try_answer(&mut self) -> Option<Answer> {
        let mut answer = self.try_answer_to_head()?;
        answer.body = if [204, 304].contains(&answer.status) {
            Vec::new()
        } else if answer.header("transfer-encoding") == Some("chunked") {
            self.chunks()?
        } else {
            let length = answer.header("content-length").expect("an answer says how long it is");
            self.exactly(length.parse().unwrap())?
        };
        Some(answer)
    }

    /// The next answer, to a request for a head alone.
    #[track_caller]
    pub fn try_answer_to_head(&mut self) -> Option<Answer> {
        let head = String::from_utf8(self.until(b"\r\n\r\n")?).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().unwrap();
        let status: u16 =
            line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{line}"));
        if status == 100 {
            return self.try_answer_to_head();
        }
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Some(Answer { status, headers: lines.map(header).collect(), body: Vec::new() })
    }

    fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = String::from_utf8(self.until(b"\r\n")?).unwrap();
            let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
            let chunk = self.exactly(size + 2)?;
            if size == 0 {
                return Some(body);
            }
            body.extend(&chunk[..size]);
        }
    }

    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        self.try_answer().expect("there is an answer")
    }

    #[track_caller]
    pub fn ask(&mut self, request: &Request) -> Answer {
        self.send(request.bytes());
        self.answer()
    }

    /// The same, unless the connection ends before the answer.
    #[track_caller]
    pub fn try_ask(&mut self, request: &Request) -> Option<Answer> {
        self.send(request.bytes());
        self.try_answer()
    }
}
