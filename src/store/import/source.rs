//! Where an import's bytes come from. They are looked at twice: first to find out how much of them an earlier import
//! has done, then to read them.

use std::io::{self, Read, Seek, SeekFrom, Write};

/// An input, packed or plain.
pub trait ImportSource: Send {
    /// The bytes from the first on, to be looked at and given up anywhere. Asked for at most once.
    ///
    /// # Errors
    /// When the input cannot be read.
    fn look(&mut self) -> io::Result<Box<dyn Read + '_>>;

    /// The bytes from the first on, to their end.
    ///
    /// # Errors
    /// When the input cannot be read, or what was looked at could not be kept.
    fn read(self: Box<Self>) -> io::Result<Box<dyn Read + Send>>;
}

/// An input that can be read again, such as a file. It begins where it stands when it is handed over.
#[derive(Debug)]
pub struct Seekable<R> {
    input: R,
    start: u64,
}

impl<R: Read + Seek> Seekable<R> {
    /// Takes the input from its present position on.
    ///
    /// # Errors
    /// When it does not tell its position.
    pub fn new(mut input: R) -> io::Result<Self> {
        let start = input.stream_position()?;
        Ok(Self { input, start })
    }
}

impl<R: Read + Seek + Send + 'static> ImportSource for Seekable<R> {
    fn look(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(&mut self.input))
    }

    fn read(mut self: Box<Self>) -> io::Result<Box<dyn Read + Send>> {
        self.input.seek(SeekFrom::Start(self.start))?;
        Ok(Box::new(self.input))
    }
}

/// An input that passes by once, such as a pipe. What is looked at is kept aside, in `kept`, to be read again.
#[derive(Debug)]
pub struct Streamed<R, K> {
    input: R,
    kept: K,
    failure: Option<io::Error>,
}

impl<R, K> Streamed<R, K> {
    /// Keeps what is looked at in `kept`, which is empty; it should be able to hold as much as was ever imported.
    pub fn new(input: R, kept: K) -> Self {
        Self { input, kept, failure: None }
    }
}

impl<R, K> ImportSource for Streamed<R, K>
where
    R: Read + Send + 'static,
    K: Read + Write + Seek + Send + 'static,
{
    fn look(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Keeping(self)))
    }

    fn read(mut self: Box<Self>) -> io::Result<Box<dyn Read + Send>> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.kept.rewind()?;
        Ok(Box::new(self.kept.chain(self.input)))
    }
}

/// Reads and keeps what it read.
struct Keeping<'a, R, K>(&'a mut Streamed<R, K>);

impl<R: Read, K: Write> Read for Keeping<'_, R, K> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.input.read(buffer)?;
        if let Err(error) = self.0.kept.write_all(&buffer[..count]) {
            // These bytes are gone for good, so the input cannot be read any more.
            let (kind, text) =
                (error.kind(), format!("what was read of it cannot be kept in a temporary file: {error}"));
            self.0.failure = Some(io::Error::new(kind, text.clone()));
            return Err(io::Error::new(kind, text));
        }
        Ok(count)
    }
}
