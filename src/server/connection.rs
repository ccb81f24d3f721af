//! One connection: HTTP/1.1 or 2, told by its first bytes, and nobody may hold it without using it.

use super::limits::{
    ANSWER_IDLE_MAX, HEAD_TIME_MAX, HEADER_BYTES_MAX, HEADERS_MAX, LINGER_IDLE_MAX, LINGER_TIME_MAX, STREAMS_MAX,
    TARGET_BYTES_MAX,
};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep, sleep, timeout};

/// With so many bytes the version of HTTP is known, and its own limits of time take over.
const VERSION_BYTES: usize = 24;

/// How often a silent HTTP/2 client is asked whether it is there.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// What one connection too many is told.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\
    connection: close\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n";

/// How connections are served.
pub(super) fn builder() -> Builder<TokioExecutor> {
    // What is a little beyond the limits is read, so that it is refused in our words.
    let head_bytes = 2 * (HEADER_BYTES_MAX + TARGET_BYTES_MAX);
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(head_bytes)
        .max_headers(HEADERS_MAX + 28);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL);
    builder
}

/// Turns a connection away. Nobody is waited for, but so many as may linger.
pub(super) async fn turn_away(stream: TcpStream, lingering: &Arc<Semaphore>) {
    let mut stream = Guarded::new(stream);
    // An empty socket takes this at once, or it is no loss.
    let told = timeout(Duration::from_millis(10), stream.write_all(TOO_MANY)).await;
    if let (Ok(Ok(())), Ok(place)) = (told, Arc::clone(lingering).try_acquire_owned()) {
        tokio::spawn(async move {
            let _ = stream.shutdown().await;
            drop(place);
        });
    }
}

/// A socket that fails when the first bytes do not come, or when an answer is not taken. Its end is heard out: to close
/// it on somebody who still sends could take back the last answer.
#[derive(Debug)]
pub(super) struct Guarded {
    stream: TcpStream,
    /// Bytes read, as far as they matter.
    read: usize,
    first: Pin<Box<Sleep>>,
    /// When the write that waits must have got on.
    stuck: Option<Pin<Box<Sleep>>>,
    /// Once everything was sent: until when the client is heard out.
    end: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Guarded {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, read: 0, first: Box::pin(sleep(HEAD_TIME_MAX)), stuck: None, end: None }
    }

    /// Watches how long a write waits.
    fn watch<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(ANSWER_IDLE_MAX)));
        ready!(stuck.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.read < VERSION_BYTES {
            if result.is_pending() {
                ready!(self.first.as_mut().poll(context));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.read += buffer.filled().len() - before;
        }
        result
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, end, .. } = &mut *self;
        let (last, pause) = match end {
            Some(end) => end,
            None => {
                ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
                end.insert((Instant::now() + LINGER_TIME_MAX, Box::pin(sleep(LINGER_IDLE_MAX))))
            }
        };
        loop {
            let mut bytes = [MaybeUninit::uninit(); 8 << 10];
            let mut buffer = ReadBuf::uninit(&mut bytes);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    pause.as_mut().reset((*last).min(Instant::now() + LINGER_IDLE_MAX));
                }
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return pause.as_mut().poll(context).map(Ok),
            }
        }
    }
}
