//! A file that counts what is read of it.

use std::io::{Read, Result, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A file in memory, to read and to seek in. The counts stay with who asked for them, whatever becomes of the file.
///
/// ```
/// use std::io::{Read, Seek, SeekFrom};
/// let mut file = exercises::CountedFile::of(b"first\nsecond\n".to_vec());
/// let counts = file.counts();
/// file.seek(SeekFrom::Start(6)).unwrap();
/// let mut rest = String::new();
/// file.read_to_string(&mut rest).unwrap();
/// assert_eq!((rest.as_str(), counts.bytes()), ("second\n", 7));
/// ```
#[derive(Debug)]
pub struct CountedFile {
    content: std::io::Cursor<Vec<u8>>,
    counts: Arc<FileCounts>,
}

/// What was read of a file.
#[derive(Debug, Default)]
pub struct FileCounts {
    bytes: AtomicU64,
    calls: AtomicU64,
}

impl CountedFile {
    /// A file with this content, at its beginning.
    pub fn of(content: Vec<u8>) -> Self {
        Self { content: std::io::Cursor::new(content), counts: Arc::default() }
    }

    /// What is read of it, from its making on.
    pub fn counts(&self) -> Arc<FileCounts> {
        Arc::clone(&self.counts)
    }
}

impl FileCounts {
    /// Bytes that were read; those that were read twice count twice.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Calls of read; a real file would have asked the kernel that often.
    pub fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }
}

impl Read for CountedFile {
    fn read(&mut self, room: &mut [u8]) -> Result<usize> {
        let read = self.content.read(room)?;
        self.counts.bytes.fetch_add(read as u64, Relaxed);
        self.counts.calls.fetch_add(1, Relaxed);
        Ok(read)
    }
}

impl Seek for CountedFile {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.content.seek(to)
    }
}
