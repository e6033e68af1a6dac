//! SHA-256 in hexadecimal: the seal of a record, and the name of the program that measured.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Takes bytes as they come; a clone gives the hash so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn hex(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The SHA-256 of `bytes` in hexadecimal, as `sha256sum(1)` prints it.
///
/// ```
/// assert!(record::hash::of_bytes(b"abc").starts_with("ba7816bf8f01cfea"));
/// ```
pub fn of_bytes(bytes: &[u8]) -> String {
    let mut hasher = Hasher::default();
    hasher.add(bytes);
    hasher.hex()
}

/// The SHA-256 of a file's content in hexadecimal.
///
/// # Errors
/// If the file cannot be read.
///
/// ```
/// assert!(record::hash::of_file("/nowhere".as_ref()).is_err());
/// ```
pub fn of_file(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher) = (File::open(path)?, Hasher::default());
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hasher.hex()),
            Ok(read) => hasher.add(&piece[..read]),
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
}
