//! Runs an import: a thread reads and parses, the caller's thread appends, a third one syncs, and a fourth one gathers rows
//! for the segment that the log becomes.

use super::chunks::{Chunk, Chunks};
use super::held::HeldLines;
use super::known::{self, Known};
use super::syncing::{Appended, Gather, Syncing, gather_aside};
use super::{ImportCause, ImportError, ImportNotice, ImportOptions, ImportSource, Imported, STRICT_BYTES_MAX};
use crate::input::{ParsedLines, Unpacked};
use crate::log::ImportRecord;
use crate::store::draft::WrittenLines;
use crate::store::engine::Ticket;
use crate::store::{LineRefusal, Store, StoreError};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Chunks that wait to be committed while the next is parsed.
const CHUNKS_WAITING: usize = 4;

/// Chunks that are made durable while the next is appended.
const CHUNKS_SYNCING: usize = 4;

/// How often a request to stop is looked for while there is nothing to commit.
const STOP_INTERVAL: Duration = Duration::from_millis(50);

type Parsed = io::Result<Chunk>;

/// Imports input lines: packed or plain, from the beginning or from where an earlier import of the same bytes ended.
///
/// `notice` hears of progress and of every refused line, in order. What was stored before an error stays stored.
///
/// # Errors
/// When the input cannot be read to its end, when the store takes no more, or when a line of a strict import is
/// refused; see [`ImportError`].
pub fn import(
    store: &Store,
    source: impl ImportSource + 'static,
    options: &ImportOptions,
    notice: &mut dyn FnMut(ImportNotice<'_>),
) -> Result<Imported, ImportError> {
    let mut source: Box<dyn ImportSource> = Box::new(source);
    let known = compare(store, &mut *source, notice);
    if known.is_all && !options.again {
        let done_before = known.longest().map_or(0, |record| record.lines);
        return Ok(Imported { done_before, ..Imported::default() });
    }
    let done = known.longest().filter(|_| !options.again);
    let (spare, stored) = channel();
    let (chunks, parser) = parse_aside(source, done, *options, stored).map_err(not_begun)?;
    let mut run = Run { store, notice, done: Imported::default(), anew: None, stop: options.stop, spare };
    let result = if options.strict {
        run.commit_strictly(&chunks, done)
    } else {
        run.anew = options.again.then_some(known.records);
        run.commit(&chunks)
    };
    match result {
        Ok(()) => {
            // The channel also ends when the parser panics, which must not pass for the end of the input.
            parser.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok(run.done)
        }
        Err(cause) => Err(ImportError { cause, done: run.done }),
    }
}

fn not_begun(error: io::Error) -> ImportError {
    ImportError { cause: ImportCause::of_reading(error), done: Imported::default() }
}

/// What earlier imports have done of the input.
fn compare(store: &Store, source: &mut dyn ImportSource, notice: &mut dyn FnMut(ImportNotice<'_>)) -> Known {
    let records = store.imports();
    if records.is_empty() {
        return Known::default();
    }
    let Ok(mut input) = source.look().and_then(Unpacked::new) else {
        // Reading proper meets the same error, or goes on where this one stopped.
        return Known::default();
    };
    known::compare(&mut input, &records, |input| {
        notice(ImportNotice::Compared { input_bytes: input.packed_bytes() });
    })
}

/// Reads and parses on a thread of its own. The thread ends with the input, or when nobody takes its chunks any more;
/// then it is not waited for, as it may be waiting for input that never comes.
fn parse_aside(
    source: Box<dyn ImportSource>,
    done: Option<ImportRecord>,
    options: ImportOptions,
    spare: Receiver<ParsedLines>,
) -> io::Result<(Receiver<Parsed>, JoinHandle<()>)> {
    let (sender, receiver) = sync_channel(CHUNKS_WAITING);
    let parse = move || {
        let opened = source.read().and_then(|input| Chunks::new(input, done, &options, spare));
        let mut chunks = match opened {
            Ok(chunks) => chunks,
            Err(error) => {
                // Nobody listens if this fails, so nobody misses it.
                let _ = sender.send(Err(error));
                return;
            }
        };
        while let Some(chunk) = chunks.next() {
            if sender.send(chunk).is_err() {
                return;
            }
        }
    };
    let parser = thread::Builder::new().name("import".to_owned()).spawn(parse)?;
    Ok((receiver, parser))
}

/// An import under way.
struct Run<'a> {
    store: &'a Store,
    notice: &'a mut dyn FnMut(ImportNotice<'_>),
    done: Imported,
    /// Records to be forgotten before the first chunk is stored, as the input is imported anew.
    anew: Option<Vec<ImportRecord>>,
    stop: Option<&'static AtomicBool>,
    /// Where lines go that are stored.
    spare: Sender<ParsedLines>,
}

impl Run<'_> {
    /// The next chunk; `None` at the end of the input. While there is nothing to read, a request to stop is heard, and
    /// `idle` is called now and then.
    fn next(
        &mut self,
        chunks: &Receiver<Parsed>,
        mut idle: impl FnMut(&mut Self) -> Result<(), ImportCause>,
    ) -> Result<Option<Chunk>, ImportCause> {
        loop {
            if self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(ImportCause::Interrupted);
            }
            match chunks.recv_timeout(STOP_INTERVAL) {
                Ok(chunk) => return chunk.map(Some).map_err(ImportCause::of_reading),
                Err(RecvTimeoutError::Timeout) => idle(self)?,
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }

    /// Commits chunk by chunk. Where maintenance has threads of its own, some are made durable while the next is appended;
    /// without, the same input makes the same calls of the store, one after the other.
    fn commit(&mut self, chunks: &Receiver<Parsed>) -> Result<(), ImportCause> {
        let store = self.store;
        thread::scope(|scope| {
            let mut syncing = Syncing::begin(scope, store).map_err(ImportCause::of_reading)?;
            let gather = store.has_threads().then(|| gather_aside(scope, store)).transpose();
            let gather = gather.map_err(ImportCause::of_reading)?;
            let most = if store.has_threads() { CHUNKS_SYNCING } else { 0 };
            let mut result = self.append_all(chunks, &mut syncing, most, gather.as_ref());
            // Whatever ended it, what was appended before is stored. Where it is not, that is what ended it.
            if let Err(cause) = self.finish_synced(&mut syncing, 0) {
                result = Err(cause);
            }
            result
        })
    }

    fn append_all(
        &mut self,
        chunks: &Receiver<Parsed>,
        syncing: &mut Syncing,
        most: usize,
        gather: Option<&Sender<Gather>>,
    ) -> Result<(), ImportCause> {
        while let Some(mut chunk) = self.next(chunks, |run| run.finish_synced(syncing, usize::MAX))? {
            if let Some(record) = &mut chunk.record
                && let Some(records) = self.anew.take()
            {
                record.continues = self.forget(&records).map_err(ImportCause::Store)?;
            }
            let (chunk, ticket) = self.append(chunk).map_err(ImportCause::Store)?;
            syncing.push(chunk, ticket);
            // It listens until this ends, unless it panicked, which the end of the scope tells.
            if let Some(gather) = gather {
                let _ = gather.send(Gather);
            }
            self.finish_synced(syncing, most)?;
        }
        Ok(())
    }

    /// Finishes the chunks that are durable by now, and waits for all but `most`.
    fn finish_synced(&mut self, syncing: &mut Syncing<'_>, most: usize) -> Result<(), ImportCause> {
        while let Some(chunk) = syncing.take(most) {
            self.finish(&chunk.map_err(ImportCause::Store)?);
        }
        Ok(())
    }

    /// Puts a chunk into the log.
    fn append(&mut self, chunk: Chunk) -> Result<(Appended, Ticket), StoreError> {
        let mut refused: Vec<(u64, LineRefusal)> =
            chunk.refused.into_iter().map(|(number, refusal)| (number, refusal.into())).collect();
        let (written, ticket) = match chunk.record.is_some() || !chunk.lines.is_empty() {
            true => self.store.append_parsed(&chunk.lines, chunk.record)?,
            // Nothing is to be stored, and nothing of the store is asked.
            false => (WrittenLines::default(), self.store.ticket()),
        };
        refused.extend(written.refused.into_iter().map(|(place, refusal)| (chunk.numbers[place], refusal)));
        refused.sort_by_key(|(number, _)| *number);
        // Nobody takes them when the input has ended.
        let _ = self.spare.send(chunk.lines);
        let appended = Appended {
            accepted: written.accepted,
            duplicate: written.duplicate,
            done_before: chunk.done_before,
            refused,
            input_bytes: chunk.input_bytes,
            lines: chunk.lines_passed,
        };
        Ok((appended, ticket))
    }

    /// Counts a chunk that is durable, and tells of it.
    fn finish(&mut self, chunk: &Appended) {
        self.done.accepted += chunk.accepted;
        self.done.duplicate += chunk.duplicate;
        self.done.done_before += chunk.done_before;
        self.refuse(&chunk.refused);
        (self.notice)(ImportNotice::Progress { input_bytes: chunk.input_bytes, lines: chunk.lines });
    }

    fn refuse(&mut self, refused: &[(u64, LineRefusal)]) {
        self.done.refused += refused.len() as u64;
        for (line, refusal) in refused {
            (self.notice)(ImportNotice::Refused { line: *line, refusal });
        }
    }

    /// Takes the records back, each by one that says that nothing is done; returns the digest by which the first new
    /// record takes the place of the last of those. A crash in between leaves an import that is begun anew.
    fn forget(&self, records: &[ImportRecord]) -> Result<[u8; 32], StoreError> {
        let nothing = *blake3::hash(b"").as_bytes();
        for record in records {
            let continues = record.digest;
            let begun = ImportRecord { head_bytes: 0, head: nothing, bytes: 0, lines: 0, digest: nothing, continues };
            self.store.write_import([], Some(begun), false)?;
        }
        Ok(if records.is_empty() { [0; 32] } else { nothing })
    }

    /// Commits everything at once, or nothing. The record takes the place of none: if it is of an input that is
    /// imported anew, it is the one that is there.
    fn commit_strictly(&mut self, chunks: &Receiver<Parsed>, done: Option<ImportRecord>) -> Result<(), ImportCause> {
        let start = done.map_or(0, |done| done.bytes);
        let mut held = HeldLines::default();
        let mut record = None;
        let mut refused = 0;
        let (mut input_bytes, mut lines) = (0, 0);
        while let Some(chunk) = self.next(chunks, |_| Ok(())).map_err(|cause| self.give_up(cause))? {
            (input_bytes, lines) = (chunk.input_bytes, chunk.lines_passed);
            self.done.done_before += chunk.done_before;
            let problems: Vec<_> =
                chunk.refused.into_iter().map(|(number, problem)| (number, problem.into())).collect();
            refused += problems.len() as u64;
            self.refuse(&problems);
            if refused > 0 {
                // Only the other refusals are of interest now.
                held.clear();
                continue;
            }
            record = chunk.record.or(record);
            if record.is_some_and(|record| record.bytes - start > STRICT_BYTES_MAX) {
                return Err(self.give_up(ImportCause::TooLarge));
            }
            chunk.numbers.iter().zip(chunk.lines.iter()).for_each(|(number, line)| held.push(*number, line));
        }
        if refused > 0 {
            return Err(ImportCause::Refused { refused });
        }
        if record.is_none() && held.is_empty() {
            return Ok(());
        }
        let record = record.map(|record| ImportRecord { continues: [0; 32], ..record });
        match self.store.write_import(held.lines(), record, true) {
            Ok(written) => {
                self.done.accepted = written.accepted;
                self.done.duplicate = written.duplicate;
                (self.notice)(ImportNotice::Progress { input_bytes, lines });
                Ok(())
            }
            Err(StoreError::Refused { index, refusal }) => {
                self.refuse(&[(held.number(index), refusal)]);
                Err(ImportCause::Refused { refused: 1 })
            }
            Err(other) => Err(self.give_up(ImportCause::Store(other))),
        }
    }

    /// Nothing is stored, whatever was read.
    fn give_up(&mut self, cause: ImportCause) -> ImportCause {
        self.done = Imported::default();
        cause
    }
}
