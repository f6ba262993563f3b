//! The interface of observers of a command's output.

use std::collections::VecDeque;
use std::rc::Rc;

use super::normalise::MAX_TEXT_BYTES;
use super::text::Seen;

/// Where bytes came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
    /// Both, in the order in which they were written, if they lead to the same file.
    Merged,
}

/// An observer of captured output.
pub trait Tap {
    /// Receives the next bytes of a stream, in pieces of any size, after they were passed on.
    fn take(&mut self, stream: Stream, bytes: &[u8]);

    /// Learns that the next bytes were passed on unseen. Only called on a tap that observes just the end of a stream, while
    /// more is to come than it observes.
    fn skip(&mut self, _stream: Stream) {}
}

/// The part of captured output that a tap needs to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Observed {
    #[default]
    Nothing,
    /// At least this many of the last bytes of each stream.
    End(usize),
    Everything,
}

/// An attempt's output, as far as it was captured (`None`: it was not). Merged output counts as stdout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    pub bytes_out: Option<u64>,
    pub bytes_err: Option<u64>,
    /// The end of the output, if requested.
    pub stdout_tail: Option<String>,
    pub stderr_tail: Option<String>,
    /// The patterns of the policy that were seen in it.
    pub seen: Seen,
    /// The text that profiles read.
    pub text: CapturedText,
}

impl Output {
    /// Nothing was captured.
    pub(super) const NOTHING: Self = Self {
        bytes_out: None,
        bytes_err: None,
        stdout_tail: None,
        stderr_tail: None,
        seen: Seen::NOTHING,
        text: CapturedText { stdout: None, stderr: None, merged: false },
    };
}

/// The ends of the captured streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CapturedText {
    /// `None`: not captured.
    pub stdout: Option<Rc<[u8]>>,
    /// `None`: not captured by itself.
    pub stderr: Option<Rc<[u8]>>,
    /// Both streams lead to one file: `stdout` has them both, in their order.
    pub merged: bool,
}

/// The last bytes of each stream.
#[derive(Debug)]
pub struct Tails {
    longest: usize,
    stdout: VecDeque<u8>,
    stderr: VecDeque<u8>,
    /// If the streams are merged, stdout's is that of both.
    merged: bool,
}

impl Tails {
    /// Keeps at most `longest` bytes of each stream.
    pub fn new(longest: usize) -> Self {
        Self { longest, stdout: VecDeque::new(), stderr: VecDeque::new(), merged: false }
    }

    /// Keeps as much of each stream as [`CapturedText`] holds.
    pub fn of_text() -> Self {
        Self::new(MAX_TEXT_BYTES)
    }

    /// The number of bytes that are kept of each stream.
    pub fn longest(&self) -> usize {
        self.longest
    }

    pub fn stdout(&self) -> String {
        text(&self.stdout)
    }

    pub fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// The bytes of the streams that were captured.
    pub fn into_text(self, stdout: bool, stderr: bool) -> CapturedText {
        let bytes = |tail: VecDeque<u8>| Rc::<[u8]>::from(Vec::from(tail));
        CapturedText {
            stdout: (stdout || self.merged).then(|| bytes(self.stdout)),
            stderr: (stderr && !self.merged).then(|| bytes(self.stderr)),
            merged: self.merged,
        }
    }
}

impl Tap for Tails {
    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        self.merged |= stream == Stream::Merged;
        let tail = match stream {
            Stream::Stdout | Stream::Merged => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        let bytes = &bytes[bytes.len().saturating_sub(self.longest)..];
        let room = self.longest - bytes.len();
        tail.drain(..tail.len().saturating_sub(room));
        tail.extend(bytes);
    }

    fn skip(&mut self, stream: Stream) {
        // The bytes kept so far are no longer the end.
        match stream {
            Stream::Stdout | Stream::Merged => self.stdout.clear(),
            Stream::Stderr => self.stderr.clear(),
        }
    }
}

/// Lossy UTF-8, without the remains of a character that was cut off at the front.
fn text(tail: &VecDeque<u8>) -> String {
    let is_continuation = |byte: &u8| byte & 0xc0 == 0x80;
    let cut = tail.iter().take(3).take_while(|byte| is_continuation(byte)).count();
    let bytes: Vec<u8> = tail.iter().skip(cut).copied().collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_tail_is_the_end_however_the_bytes_come(
            pieces in prop::collection::vec(prop::collection::vec(b'a'..=b'z', 0..40), 0..20),
            longest in 0_usize..60,
        ) {
            let mut tails = Tails::new(longest);
            for piece in &pieces {
                tails.take(Stream::Stderr, piece);
            }
            let all = pieces.concat();
            let end = &all[all.len().saturating_sub(longest)..];
            let stderr = tails.stderr();
            prop_assert_eq!(stderr.as_bytes(), end);
            prop_assert_eq!(tails.stdout(), "");
        }
    }

    #[test]
    fn before_what_was_skipped_there_was_no_end() {
        let mut tails = Tails::new(4);
        tails.take(Stream::Stderr, b"old");
        tails.take(Stream::Stdout, b"out");
        tails.skip(Stream::Stderr);
        tails.take(Stream::Stderr, b"new");
        assert_eq!((&*tails.stdout(), &*tails.stderr()), ("out", "new"));
    }

    #[test]
    fn a_character_that_is_cut_is_no_part_of_the_tail() {
        let mut tails = Tails::new(4);
        tails.take(Stream::Merged, "xäöü".as_bytes());
        assert_eq!(tails.stdout(), "öü");
        tails.take(Stream::Merged, b"y");
        assert_eq!(tails.stdout(), "üy");
        tails.take(Stream::Merged, b"\xff");
        assert_eq!(tails.stdout(), "üy\u{fffd}");
    }

    #[test]
    fn the_tails_say_how_much_they_keep() {
        assert_eq!(Tails::new(4).longest(), 4);
    }
}
