//! Batches that are not sealed yet, in the form of segments in memory, so that readers need one form only.
//!
//! New batches become a small chunk; neighbouring chunks of about one size are built anew as one, so that a row is
//! built a logarithmic number of times before its log is sealed. Large chunks stay as they are: whoever takes a snapshot
//! waits for what is built, and a full log takes longer to build than most reports do.

use super::seal::Collected;
use crate::codec::text::Compression;
use crate::codec::{DecodeError, FileId};
use crate::log::Batch;
use crate::profiles::ProfilesPart;
use crate::segment::{Segment, SegmentRows, SegmentWriter};
use bytes::Bytes;
use std::sync::Arc;

/// The name that errors give to what is in memory.
const MEMORY: &str = "memory";

/// A chunk of this many bytes of batches is not built anew: some twenty thousand events, and some tens of chunks in the
/// largest logs.
const CHUNK_BYTES_MAX: usize = 1 << 20;

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
        let mut collected = Collected::new(SegmentRows::default());
        payloads.iter().try_for_each(|payload| collected.add(payload))?;
        let sealed = collected.finish([FileId([0; 16]); 2], Compression::None)?;
        let segment = sealed.segment.map(SegmentWriter::finish).transpose()?;
        let bytes = payloads.iter().map(Bytes::len).sum();
        Ok(Self {
            bytes,
            segment: segment.map(|bytes| Segment::open(bytes, MEMORY)).transpose()?.map(Arc::new),
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
        while let Some(last) = self.chunks.pop_if(|last| last.bytes <= bytes * 2 && last.bytes < CHUNK_BYTES_MAX) {
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

#[cfg(test)]
mod tests {
    use super::super::environment::SystemEnvironment;
    use super::super::handle::Store;
    use super::*;
    use crate::files::sim::SimDisk;
    use crate::model::Event;

    #[test]
    fn small_chunks_become_one_and_large_ones_stay() {
        let store = Store::open_storage(Arc::new(SimDisk::new()), Arc::new(SystemEnvironment), Default::default());
        let store = store.unwrap();
        // Some hundred bytes an event, so that a chunk is full after some thousands.
        let batch = |number: usize| {
            (0..500).map(move |row| {
                Event::new(format!("u{row}"), "e")
                    .unwrap()
                    .property("text", format!("{number}-{row}-{}", "x".repeat(180)))
                    .into()
            })
        };
        let mut built: Vec<Arc<Segment>> = Vec::new();
        for number in 0..100 {
            store.write(batch(number)).unwrap();
            let snapshot = store.snapshot().unwrap();
            let rows: u64 = snapshot.segments().iter().map(|segment| segment.rows()).sum();
            assert_eq!(rows, 500 * (number as u64 + 1));
            // What a snapshot has to build is bounded, however full the log is.
            let segments = snapshot.segments();
            let new = segments.iter().filter(|segment| !built.iter().any(|known| Arc::ptr_eq(known, segment)));
            assert!(new.map(|segment| segment.rows()).sum::<u64>() < 16_000);
            built = segments.to_vec();
        }
        assert!((5..30).contains(&built.len()), "{} chunks", built.len());
    }
}
