//! Opening a spool: what the last life left, and what of it is damaged.

use super::{Contents, FILE_BYTES_MAX, LOCK, Payload, Spool, SpoolError, SpoolFile};
use crate::codec::DecodeError;
use crate::files::{Storage, is_temporary};
use crate::store::Environment;
use std::collections::VecDeque;
use std::sync::Arc;

/// The number in the name of a spool file.
fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("spool-").filter(|digits| digits.len() >= 8)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

impl Spool {
    /// Opens a spool, which may be empty. Answers what is damaged in it.
    ///
    /// # Errors
    /// When another process uses it, or the system refuses something.
    pub fn open(
        storage: Arc<dyn Storage>,
        environment: Arc<dyn Environment>,
        bytes_max: u64,
    ) -> Result<(Self, Vec<DecodeError>), SpoolError> {
        let lock = storage.lock(LOCK)?;
        lock.set_note(format!("{}\n", std::process::id()).as_bytes())?;
        let names = storage.list()?;
        for name in names.iter().filter(|name| is_temporary(name) && name.starts_with("spool-")) {
            storage.remove(name)?;
        }
        let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_of(name)).collect();
        numbers.sort_unstable();
        let mut spool = Self {
            storage,
            environment,
            _lock: lock,
            files: VecDeque::new(),
            active: None,
            next_number: numbers.last().map_or(1, |last| last.saturating_add(1)),
            bytes_max,
            appended: 0,
            durable: 0,
            settled: 0,
            poisoned: None,
        };
        let damage = spool.recover(&numbers)?;
        Ok((spool, damage))
    }

    fn recover(&mut self, numbers: &[u64]) -> Result<Vec<DecodeError>, SpoolError> {
        let mut damage = Vec::new();
        let mut newest = None;
        for number in numbers {
            let mut file = SpoolFile { number: *number, first: 0, end: 0, bytes: 0, is_damaged: false };
            file.bytes = self.storage.file_len(&file.name())?;
            let Some(mut contents) = self.contents_of(&file, &mut damage)? else { continue };
            (file.first, file.end) = (contents.first, contents.end);
            let is_newest = Some(number) == numbers.last();
            if is_newest && contents.may_be_torn {
                // What was being written was not acknowledged.
                contents.damage.pop();
            }
            self.settled = self.settled.max(contents.settled);
            if let Some(before) = self.files.back()
                && before.number + 1 == *number
                && before.end.max(self.settled) < contents.first
            {
                let problem = format!("lines {} to {} are missing", before.end, contents.first - 1);
                damage.push(DecodeError::new(problem, before.bytes).in_file(&before.name().into()));
            }
            file.is_damaged = !contents.damage.is_empty();
            damage.append(&mut contents.damage);
            newest = (is_newest && !file.is_damaged).then_some(contents);
            self.files.push_back(file);
        }
        self.appended = self.files.iter().map(|file| file.end).fold(self.settled, u64::max);
        self.durable = self.appended;
        if let Some(contents) = newest {
            self.write_anew(&contents)?;
        }
        let settled = self.settled;
        let (done, left): (VecDeque<_>, VecDeque<_>) = self.files.drain(..).partition(|file| file.end <= settled);
        self.files = left;
        for file in done {
            self.storage.remove(&file.name())?;
        }
        Ok(damage)
    }

    /// What a file holds; nothing where not even its header can be read. Such a file is left as it is.
    fn contents_of(&self, file: &SpoolFile, damage: &mut Vec<DecodeError>) -> Result<Option<Contents>, SpoolError> {
        let read = if file.bytes > FILE_BYTES_MAX {
            let problem = format!("a file of a spool has at most {FILE_BYTES_MAX} bytes, and this one more");
            Err(DecodeError::new(problem, FILE_BYTES_MAX).in_file(&file.name().into()))
        } else {
            Contents::read(self.storage.read(&file.name())?, &file.name())
        };
        match read {
            Ok(contents) => Ok(Some(contents)),
            Err(error) => {
                damage.push(error);
                Ok(None)
            }
        }
    }

    /// Puts a new file in the place of the newest, with what waits of it: what was read may not be on the disk yet.
    fn write_anew(&mut self, contents: &Contents) -> Result<(), SpoolError> {
        let Some(file) = self.files.back() else { return Ok(()) };
        if contents.end <= self.settled {
            return Ok(());
        }
        let first = contents.first.max(self.settled);
        let mut payloads = vec![Payload::encode_mark(self.settled, first)];
        for (payload, _) in &contents.calls {
            if let Ok(Payload::Lines { first, lines }) = Payload::decode(payload) {
                let waiting: Vec<(u64, &str)> =
                    (first..).zip(lines).filter(|(line, _)| *line >= self.settled).collect();
                if let Some((first, _)) = waiting.first() {
                    let lines: Vec<&str> = waiting.iter().map(|(_, text)| *text).collect();
                    payloads.push(Payload::encode(*first, &lines));
                }
            }
        }
        let (_, bytes) = self.publish(&file.name(), &payloads)?;
        if let Some(file) = self.files.back_mut() {
            file.bytes = bytes;
            file.first = first;
        }
        Ok(())
    }
}
