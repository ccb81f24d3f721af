//! Batches that are not sealed yet, in the form of segments in memory, so that readers need one form only.
//!
//! New batches become a small chunk; neighbouring chunks of about one size are built anew as one, so that a row is
//! built a logarithmic number of times before its log is sealed.

use super::seal::seal;
use crate::codec::text::Compression;
use crate::codec::{DecodeError, FileId};
use crate::log::Batch;
use crate::profiles::ProfilesPart;
use crate::segment::Segment;
use bytes::Bytes;
use std::sync::Arc;

/// The name that errors give to what is in memory.
const MEMORY: &str = "memory";

/// Batches as a segment and a profiles part.
#[derive(Clone, Debug)]
struct Chunk {
    payloads: Vec<Bytes>,
    bytes: usize,
    segment: Option<Arc<Segment>>,
    profiles: Option<Arc<ProfilesPart>>,
}

impl Chunk {
    fn build(payloads: Vec<Bytes>) -> Result<Self, DecodeError> {
        let sealed = seal(&payloads, [FileId([0; 16]); 2], Compression::None)?;
        let bytes = payloads.iter().map(Bytes::len).sum();
        Ok(Self {
            bytes,
            segment: sealed.segment.map(|bytes| Segment::open(bytes, MEMORY)).transpose()?.map(Arc::new),
            profiles: sealed.profiles.map(|bytes| ProfilesPart::open(bytes, MEMORY)).transpose()?.map(Arc::new),
            payloads,
        })
    }
}

/// The chunks of one log.
#[derive(Debug, Default)]
struct LogChunks {
    log: u64,
    batches: usize,
    chunks: Vec<Chunk>,
}

/// The chunks of all logs that are not sealed.
#[derive(Debug, Default)]
pub(crate) struct HotChunks {
    logs: Vec<LogChunks>,
}

/// Batches of a log that readers may see.
pub(crate) struct VisibleLog {
    pub number: u64,
    /// How many batches are visible in all.
    pub batches: usize,
    /// Those that [`HotChunks::seen`] did not count.
    pub new: Vec<Bytes>,
}

impl HotChunks {
    /// How many batches of a log are in chunks.
    pub fn seen(&self, log: u64) -> usize {
        self.logs.iter().find(|known| known.log == log).map_or(0, |known| known.batches)
    }

    /// Takes new batches in and forgets logs that are no longer there.
    pub fn update(&mut self, visible: Vec<VisibleLog>) -> Result<(), DecodeError> {
        let mut logs = Vec::with_capacity(visible.len());
        for log in visible {
            let known = self.logs.iter().position(|known| known.log == log.number);
            let mut chunks = known.map_or_else(LogChunks::default, |place| self.logs.swap_remove(place));
            chunks.log = log.number;
            chunks.batches = log.batches;
            if !log.new.is_empty() {
                chunks.add(log.new)?;
            }
            logs.push(chunks);
        }
        self.logs = logs;
        Ok(())
    }

    /// The segments and profiles parts, in order of arrival.
    pub fn parts(&self) -> (Vec<Arc<Segment>>, Vec<Arc<ProfilesPart>>) {
        let chunks = || self.logs.iter().flat_map(|log| &log.chunks);
        (
            chunks().filter_map(|chunk| chunk.segment.clone()).collect(),
            chunks().filter_map(|chunk| chunk.profiles.clone()).collect(),
        )
    }
}

impl LogChunks {
    fn add(&mut self, mut payloads: Vec<Bytes>) -> Result<(), DecodeError> {
        let mut bytes: usize = payloads.iter().map(Bytes::len).sum();
        while let Some(last) = self.chunks.pop_if(|last| last.bytes <= bytes * 2) {
            bytes += last.bytes;
            let newer = std::mem::replace(&mut payloads, last.payloads);
            payloads.extend(newer);
        }
        // Whether or not events are among them, the batches must be readable.
        debug_assert!(payloads.iter().all(|payload| Batch::open(payload).is_ok()));
        self.chunks.push(Chunk::build(payloads)?);
        Ok(())
    }
}
