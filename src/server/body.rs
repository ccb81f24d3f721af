//! Reads a body into memory: within its limits of bytes and time, and within what all bodies together may take.

use super::limits::{BODY_BYTES_MAX, BODY_IDLE_MAX, BODY_TIME_MAX};
use super::problem::Problem;
use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use std::fmt::Display;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// Memory is counted in pieces of this many bytes.
const PIECE_BYTES: usize = 1024;

/// Memory that all bodies share.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    left: Arc<Semaphore>,
    pieces: usize,
}

impl Budget {
    /// So many bytes.
    pub fn new(bytes: usize) -> Self {
        let pieces = bytes / PIECE_BYTES;
        Self { left: Arc::new(Semaphore::new(pieces)), pieces }
    }

    /// Bytes that are in use now.
    pub fn used(&self) -> usize {
        (self.pieces - self.left.available_permits()) * PIECE_BYTES
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.left).try_acquire_many_owned(pieces(bytes)).map_err(|_| Problem::Busy)
    }

    /// Waits until there is so much, which must be no more than there is in all.
    ///
    /// # Errors
    /// Never, as the budget is not closed.
    pub async fn wait(&self, bytes: usize) -> Result<Memory, Problem> {
        Arc::clone(&self.left).acquire_many_owned(pieces(bytes)).await.map(Memory).map_err(|_| Problem::Busy)
    }
}

/// Memory of a budget, which goes back to it when this is dropped.
#[derive(Debug)]
pub(super) struct Memory(OwnedSemaphorePermit);

impl Memory {
    /// Gives back what is more than this.
    pub fn keep(&mut self, bytes: usize) {
        let more = self.0.num_permits().saturating_sub(pieces(bytes) as usize);
        drop(self.0.split(more));
    }
}

fn pieces(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE_BYTES)).unwrap_or(u32::MAX)
}

/// A body that was read. Gives its memory back when dropped.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// The bytes as they were sent.
    pub bytes: Vec<u8>,
    memory: Option<OwnedSemaphorePermit>,
}

impl Held {
    fn add(&mut self, chunk: &[u8], budget: &Budget) -> Result<(), Problem> {
        let before = self.bytes.len().div_ceil(PIECE_BYTES);
        let after = (self.bytes.len() + chunk.len()).div_ceil(PIECE_BYTES);
        let more = budget.take((after - before) * PIECE_BYTES)?;
        match &mut self.memory {
            Some(memory) => memory.merge(more),
            none => *none = Some(more),
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

fn too_large() -> Problem {
    Problem::TooLarge(format!("the body has more than the {BODY_BYTES_MAX} bytes that are allowed; send less at once"))
}

/// Reads a body.
///
/// # Errors
/// When it is too large, too slow, or there is no memory for it.
pub(super) async fn read<B>(body: B, budget: &Budget) -> Result<Held, Problem>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
{
    // What is a little too large is read to its end all the same: a client that still sends may not hear the answer.
    let read_max = 2 * BODY_BYTES_MAX;
    if body.size_hint().lower() > read_max as u64 {
        return Err(too_large());
    }
    let end = Instant::now() + BODY_TIME_MAX;
    let mut body = pin!(body);
    let mut held = Held::default();
    let mut length = 0;
    loop {
        let deadline = end.min(Instant::now() + BODY_IDLE_MAX);
        let Some(frame) = timeout_at(deadline, body.frame()).await.map_err(|_| Problem::Slow)? else { break };
        let frame = frame.map_err(|error| Problem::Request(format!("the body ends early: {error}")))?;
        // Trailers say nothing that is of use here.
        let Ok(chunk) = frame.into_data() else { continue };
        length += chunk.len();
        if length > read_max {
            break;
        } else if length > BODY_BYTES_MAX {
            held = Held::default();
        } else {
            held.add(&chunk, budget)?;
        }
    }
    if length > BODY_BYTES_MAX { Err(too_large()) } else { Ok(held) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};
    use std::convert::Infallible;
    use std::time::Duration;
    use tokio::time::sleep;

    fn budget() -> Budget {
        Budget::new(64 << 20)
    }

    /// A body of so many chunks, each after a pause.
    fn slow(chunks: usize, pause: Duration) -> impl Body<Data = Bytes, Error = Infallible> {
        let stream = futures_stream(chunks, pause);
        StreamBody::new(stream)
    }

    fn futures_stream(
        chunks: usize,
        pause: Duration,
    ) -> impl futures_core::Stream<Item = Result<Frame<Bytes>, Infallible>> {
        Chunks { left: chunks, pause, sleep: Box::pin(sleep(pause)) }
    }

    struct Chunks {
        left: usize,
        pause: Duration,
        sleep: std::pin::Pin<Box<tokio::time::Sleep>>,
    }

    impl futures_core::Stream for Chunks {
        type Item = Result<Frame<Bytes>, Infallible>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            if self.left == 0 {
                return std::task::Poll::Ready(None);
            }
            std::task::ready!(self.sleep.as_mut().poll(context));
            self.left -= 1;
            self.sleep = Box::pin(sleep(self.pause));
            std::task::Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    #[tokio::test]
    async fn as_much_as_is_allowed_is_read_and_one_byte_more_is_not() {
        for (length, fits) in [(0, true), (BODY_BYTES_MAX, true), (BODY_BYTES_MAX + 1, false)] {
            let result = read(Full::new(Bytes::from(vec![b'x'; length])), &budget()).await;
            match result {
                Ok(held) => assert!(fits && held.bytes.len() == length, "{length}"),
                Err(problem) => assert!(!fits && matches!(problem, Problem::TooLarge(_)), "{length}"),
            }
        }
    }

    #[tokio::test]
    async fn all_bodies_together_have_a_limit_and_give_it_back() {
        let budget = Budget::new(4 * PIECE_BYTES);
        let body = |bytes: usize| Full::new(Bytes::from(vec![b'x'; bytes]));
        let held = read(body(3 * PIECE_BYTES), &budget).await.unwrap();
        assert_eq!(budget.used(), 3 * PIECE_BYTES);
        assert!(matches!(read(body(PIECE_BYTES + 1), &budget).await, Err(Problem::Busy)));
        let other = read(body(PIECE_BYTES), &budget).await.unwrap();
        assert_eq!(budget.used(), 4 * PIECE_BYTES);
        drop((held, other));
        assert_eq!(budget.used(), 0);
        read(body(4 * PIECE_BYTES), &budget).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_pause_and_may_be_slow_up_to_a_limit() {
        let seconds = Duration::from_secs;
        let read_slow = |chunks, pause| async move { read(slow(chunks, pause), &budget()).await };
        assert_eq!(read_slow(4, BODY_IDLE_MAX - seconds(1)).await.unwrap().bytes.len(), 4);
        assert!(matches!(read_slow(1, BODY_IDLE_MAX + seconds(1)).await, Err(Problem::Slow)));
        assert_eq!(read_slow(119, seconds(1)).await.unwrap().bytes.len(), 119);
        assert!(matches!(read_slow(121, seconds(1)).await, Err(Problem::Slow)));
    }
}
