//! The work of a shop, of which each result tells where it was done.

use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::OnceLock;

use bincode::{Decode, Encode};

/// How long a title is in a catalogue, in bytes; shorter ones are filled up with spaces.
const TITLE_BYTES: usize = 16;

/// A result, and where it was made. Only the work of this module makes one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Stamped<T> {
    value: T,
    process: u32,
    execution: u64,
}

impl<T> Stamped<T> {
    fn now(value: T) -> Self {
        Self { value, process: std::process::id(), execution: execution() }
    }

    /// The result.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The process that made it.
    pub fn process(&self) -> u32 {
        self.process
    }

    /// The number of the [`execution`] in which it was made.
    pub fn execution(&self) -> u64 {
        self.execution
    }
}

/// A number that is drawn when it is first asked for. A process that was forked after that has the same one, as it has everything else;
/// a program that was executed again draws another.
pub fn execution() -> u64 {
    static DRAWN: OnceLock<u64> = OnceLock::new();
    *DRAWN.get_or_init(|| RandomState::new().build_hasher().finish())
}

/// A price in cents, with 19 % of tax.
///
/// ```
/// assert_eq!(*exercises::shop::with_tax(200).value(), 238);
/// ```
pub fn with_tax(cents: u64) -> Stamped<u64> {
    Stamped::now(cents + cents * 19 / 100)
}

/// A price in another currency, of which 1,000 cents are `rate`.
///
/// ```
/// assert_eq!(*exercises::shop::converted(2_000, 1_163).value(), 2_326);
/// ```
pub fn converted(cents: u64, rate: u64) -> Stamped<u64> {
    Stamped::now(cents * rate / 1_000)
}

/// An open file of titles.
///
/// ```
/// use exercises::shop::Catalogue;
///
/// # let folder = std::env::temp_dir().join(format!("catalogue-{}", std::process::id()));
/// # std::fs::create_dir(&folder).unwrap();
/// # let path = folder.join("catalogue");
/// Catalogue::create(&path, &["Emma", "Ulysses"]).unwrap();
/// assert_eq!(Catalogue::open(&path).unwrap().title(1).value(), "Ulysses");
/// # std::fs::remove_dir_all(&folder).unwrap();
/// ```
#[derive(Debug)]
pub struct Catalogue(File);

impl Catalogue {
    /// Makes a file of titles of at most 16 bytes.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(path: &Path, titles: &[impl AsRef<str>]) -> io::Result<()> {
        let width = TITLE_BYTES;
        fs::write(path, titles.iter().map(|title| format!("{:<width$}", title.as_ref())).collect::<String>())
    }

    /// Opens it.
    ///
    /// # Errors
    /// If it is not there.
    pub fn open(path: &Path) -> io::Result<Self> {
        File::open(path).map(Self)
    }

    /// The title of a number, counted from 0.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn title(&self, number: u64) -> Stamped<String> {
        let mut title = [0; TITLE_BYTES];
        self.0.read_exact_at(&mut title, number * TITLE_BYTES as u64).expect("a catalogue has a title of this number");
        Stamped::now(String::from_utf8_lossy(&title).trim_end().to_owned())
    }
}
