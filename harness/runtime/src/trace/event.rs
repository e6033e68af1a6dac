//! What an event says, and how it is written for others to read.

use std::fmt;

/// What a thread did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A process began.
    Start = 1,
    /// A process is about to leave, by itself.
    Exit = 2,
    /// Turning a value into bytes.
    Encode = 3,
    /// Turning bytes into a value.
    Decode = 4,
    /// Writing a frame, waiting for room included.
    Write = 5,
    /// Reading a frame whose first byte has come.
    Read = 6,
    /// Waiting for the first byte of a frame.
    Await = 7,
    /// Waiting for a lock between processes.
    LockWait = 8,
    /// The mapped function, on all items of a task.
    Work = 9,
    /// Putting an item on a queue, waiting for a slot included.
    Put = 10,
    /// Getting an item from a queue, waiting for it included.
    Get = 11,
    /// Whatever a caller wants to mark.
    Mark = 12,
}

/// Whether something began, ended, or has no length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Phase {
    /// It began.
    Begin = 1,
    /// It ended.
    End = 2,
    /// It has no length.
    Instant = 3,
}

impl Kind {
    const ALL: [Self; 12] = [
        Self::Start,
        Self::Exit,
        Self::Encode,
        Self::Decode,
        Self::Write,
        Self::Read,
        Self::Await,
        Self::LockWait,
        Self::Work,
        Self::Put,
        Self::Get,
        Self::Mark,
    ];

    /// The word for it in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Exit => "exit",
            Self::Encode => "encode",
            Self::Decode => "decode",
            Self::Write => "write",
            Self::Read => "read",
            Self::Await => "await",
            Self::LockWait => "lock_wait",
            Self::Work => "work",
            Self::Put => "put",
            Self::Get => "get",
            Self::Mark => "mark",
        }
    }
}

impl Phase {
    const ALL: [Self; 3] = [Self::Begin, Self::End, Self::Instant];

    /// The word for it in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::End => "end",
            Self::Instant => "instant",
        }
    }
}

/// Kind and phase, as one word of shared memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct What {
    pub(super) kind: Kind,
    pub(super) phase: Phase,
}

impl What {
    pub(super) fn word(self) -> u64 {
        u64::from(self.kind as u8) << 8 | u64::from(self.phase as u8)
    }

    /// None for a word that nothing of ours has written.
    pub(super) fn from_word(word: u64) -> Option<Self> {
        let kind = Kind::ALL.into_iter().find(|kind| u64::from(*kind as u8) == word >> 8)?;
        let phase = Phase::ALL.into_iter().find(|phase| u64::from(*phase as u8) == word & 0xff)?;
        Some(Self { kind, phase })
    }
}

/// Something that a thread of some process did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in nanoseconds on `CLOCK_MONOTONIC`, which all processes of a machine share.
    pub at_ns: u64,
    /// The process.
    pub pid: u32,
    /// The name of the thread, cut to 32 bytes.
    pub thread: String,
    /// What.
    pub kind: Kind,
    /// Whether it began or ended.
    pub phase: Phase,
    /// The job it was for, if that is known then: a reader learns it by decoding.
    pub job: Option<u64>,
    /// The index of the task within its job.
    pub task: Option<u64>,
    /// How many bytes it was about. An end of an [`Encode`](Kind::Encode), [`Decode`](Kind::Decode), [`Write`](Kind::Write) or
    /// [`Read`](Kind::Read) without them is a failure's.
    pub bytes: Option<u64>,
}

impl Event {
    /// The thread, among all processes' threads. Two threads of a process that have one name cannot be told apart.
    pub(super) fn thread(&self) -> (u32, &str) {
        (self.pid, &self.thread)
    }

    /// The event as one JSON object on one line.
    pub fn json(&self) -> String {
        let Self { at_ns, pid, kind, phase, .. } = self;
        let (thread, kind, phase) = (quoted(&self.thread), kind.name(), phase.name());
        let mut text = format!(r#"{{"at_ns":{at_ns},"pid":{pid},"thread":{thread},"kind":"{kind}","phase":"{phase}""#);
        for (name, number) in [("job", self.job), ("task", self.task), ("bytes", self.bytes)] {
            text += &number.map_or(String::new(), |number| format!(r#","{name}":{number}"#));
        }
        text + "}"
    }
}

/// A JSON string (RFC 8259, section 7): quotes, backslashes and control characters are escaped.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        '\0'..='\u{1f}' => format!("\\u{:04x}", u32::from(letter)),
        _ => letter.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:<16} {:<9} {:<7}", self.pid, self.thread, self.kind.name(), self.phase.name())?;
        for (name, number) in [("job", self.job), ("task", self.task), ("bytes", self.bytes)] {
            if let Some(number) = number {
                write!(f, "  {name} {number}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_phase_comes_back_from_its_word_and_strange_words_do_not() {
        for kind in Kind::ALL {
            for phase in Phase::ALL {
                let back = What::from_word(What { kind, phase }.word()).unwrap();
                assert_eq!((back.kind, back.phase), (kind, phase));
            }
        }
        assert!([0, 1, 0x100, 0x0104, 0x0d01, u64::MAX].into_iter().all(|word| What::from_word(word).is_none()));
    }

    #[test]
    fn an_event_is_one_line_of_json() {
        let mut event = Event {
            at_ns: 12,
            pid: 3,
            thread: "task-\"handler\"\n".to_owned(),
            kind: Kind::Encode,
            phase: Phase::End,
            job: Some(0),
            task: Some(7),
            bytes: Some(44),
        };
        let head = r#"{"at_ns":12,"pid":3,"thread":"task-\"handler\"\u000a","kind":"encode","phase":"end""#;
        assert_eq!(event.json(), format!(r#"{head},"job":0,"task":7,"bytes":44}}"#));
        (event.job, event.task, event.bytes) = (None, None, None);
        assert_eq!(event.json(), format!("{head}}}"));
    }
}
