//! The evidence in an attempt's output: its normalised streams, and the HTTP statuses and waits found in them. Everything
//! is computed on first use, once per attempt.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use super::attempt::AttemptResult;
use super::channel::Channel;
use super::normalise::Text;
use super::profile::Captures;
use super::retry_after::{forbidden, is_too_far_ahead, retry_after};
use super::{http, lines};

/// The evidence of one attempt. Profiles see the streams that they read; rules of the policy see every captured stream.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// Both streams, if they were merged.
    stderr: Option<Captured<'a>>,
    stdout: Option<Captured<'a>>,
    merged: bool,
    /// When the attempt ended, in seconds since the Unix epoch.
    ended_at: i64,
    forbidden: OnceCell<bool>,
    retry_after: OnceCell<Option<Duration>>,
}

/// A captured stream.
#[derive(Debug)]
struct Captured<'a> {
    raw: &'a [u8],
    /// Profiles read it.
    is_read: bool,
    text: OnceCell<Text>,
    http_status: OnceCell<Option<u16>>,
}

/// The phase of judgement in which a condition on either stream is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Any,
    Stderr,
    Stdout,
}

impl<'a> Evidence<'a> {
    /// Evidence in which profiles read every stream.
    pub fn of(attempt: &'a AttemptResult) -> Self {
        Self::read(attempt, Captures { stdout: true, stderr: true })
    }

    /// Evidence in which profiles read these streams. A merged stream is read for either.
    pub(super) fn read(attempt: &'a AttemptResult, read: Captures) -> Self {
        let captured = &attempt.output().text;
        let merged = captured.merged;
        let stream = |bytes: &'a Option<Rc<[u8]>>, is_read: bool| {
            let raw = bytes.as_deref()?;
            Some(Captured { raw, is_read, text: OnceCell::new(), http_status: OnceCell::new() })
        };
        let (stderr, stdout) = if merged {
            (stream(&captured.stdout, read.stderr || read.stdout), None)
        } else {
            (stream(&captured.stderr, read.stderr), stream(&captured.stdout, read.stdout))
        };
        Self {
            stderr,
            stdout,
            merged,
            ended_at: attempt.ended_at,
            forbidden: OnceCell::new(),
            retry_after: OnceCell::new(),
        }
    }

    /// The streams that profiles read, the more reliable one first.
    fn read_streams(&self) -> impl Iterator<Item = &Captured<'a>> {
        self.stderr.iter().chain(&self.stdout).filter(|stream| stream.is_read)
    }

    /// The texts that profiles read, the more reliable one first.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Text> {
        self.read_streams().map(Captured::text)
    }

    /// The texts that a condition of a profile is checked against.
    pub(super) fn texts_of(&self, channel: Channel, scope: Scope) -> impl Iterator<Item = &Text> {
        let stderr = channel != Channel::Stdout || self.merged;
        let stdout = channel != Channel::Stderr;
        // A rule that names its stream is checked when its phase first comes up.
        let (stderr, stdout) = match scope {
            Scope::Stderr if channel == Channel::Both => (stderr, false),
            Scope::Stdout => (false, stdout),
            _ => (stderr, stdout),
        };
        let streams =
            self.stderr.iter().filter(move |_| stderr).chain(self.stdout.iter().filter(move |_| stdout));
        streams.filter(|stream| stream.is_read).map(Captured::text)
    }

    /// Whether the texts that profiles read may be only the end of the output.
    pub(super) fn is_cut(&self) -> bool {
        self.read_streams().any(|stream| Text::is_cut(stream.raw))
    }

    /// The last HTTP status in the streams that profiles read.
    pub(super) fn http_status(&self) -> Option<u16> {
        self.read_streams().find_map(Captured::http_status)
    }

    /// The last HTTP status in all captured output.
    pub(super) fn any_http_status(&self) -> Option<u16> {
        self.stderr.iter().chain(&self.stdout).find_map(Captured::http_status)
    }

    /// The wait that the server asked for, in the streams that profiles read.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let find = || retry_after(&self.texts().collect::<Vec<_>>(), self.ended_at);
        *self.retry_after.get_or_init(find)
    }

    /// Whether the server asked for a wait that is ignored, in the streams that profiles read.
    pub(super) fn ignores_a_wait(&self) -> bool {
        self.retry_after().is_none() && is_too_far_ahead(&self.texts().collect::<Vec<_>>(), self.ended_at)
    }

    /// Whether the server forbids retries, in the streams that profiles read.
    pub(super) fn forbidden(&self) -> bool {
        *self.forbidden.get_or_init(|| forbidden(&self.texts().collect::<Vec<_>>()))
    }
}

impl Captured<'_> {
    /// The normalised text, without the lines that decide nothing.
    fn text(&self) -> &Text {
        self.text.get_or_init(|| lines::without_harmless(Text::new(self.raw)))
    }

    fn http_status(&self) -> Option<u16> {
        *self.http_status.get_or_init(|| http::last_status(self.text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Ending;

    fn wrote(stderr: Option<&str>, stdout: Option<&str>) -> AttemptResult {
        let mut attempt = AttemptResult::ended(Ending::Exited(1));
        attempt.output.get_or_insert_default().text.stderr = stderr.map(|text| text.as_bytes().into());
        attempt.output.get_or_insert_default().text.stdout = stdout.map(|text| text.as_bytes().into());
        attempt
    }

    #[test]
    fn profiles_see_the_streams_that_they_read_and_others_all_of_them() {
        let attempt = wrote(Some("failed"), Some("HTTP/1.1 503 x\nRetry-After: 7\nx-should-retry: false"));
        let all = Evidence::of(&attempt);
        assert_eq!((all.http_status(), all.any_http_status()), (Some(503), Some(503)));
        assert_eq!(all.retry_after(), Some(Duration::from_secs(7)));
        assert!(all.forbidden());
        let stderr = Evidence::read(&attempt, Captures { stdout: false, stderr: true });
        assert_eq!((stderr.http_status(), stderr.any_http_status()), (None, Some(503)));
        assert_eq!((stderr.retry_after(), stderr.forbidden()), (None, false));
        assert_eq!(stderr.texts_of(Channel::Both, Scope::Any).count(), 1);
    }

    #[test]
    fn merged_output_is_one_text_that_is_read_for_either_stream() {
        let mut attempt = wrote(None, Some("HTTP/1.1 503 x"));
        attempt.output.get_or_insert_default().text.merged = true;
        for read in [Captures { stdout: true, stderr: false }, Captures { stdout: false, stderr: true }] {
            let evidence = Evidence::read(&attempt, read);
            assert_eq!(evidence.texts().count(), 1);
            assert_eq!(evidence.http_status(), Some(503));
            assert_eq!(evidence.texts_of(Channel::Stdout, Scope::Any).count(), 1);
        }
        assert_eq!(Evidence::read(&attempt, Captures::default()).http_status(), None);
    }

    #[test]
    fn a_scope_leaves_out_the_stream_that_another_phase_looks_at() {
        let attempt = wrote(Some("one"), Some("other"));
        let all = Evidence::of(&attempt);
        let texts = |channel, scope| {
            let texts = all
                .texts_of(channel, scope)
                .map(|text| String::from_utf8_lossy(&text.plain).trim().to_owned());
            texts.collect::<Vec<_>>()
        };
        for (channel, scope, expected) in [
            (Channel::Both, Scope::Any, &["one", "other"][..]),
            (Channel::Stderr, Scope::Any, &["one"]),
            (Channel::Stdout, Scope::Any, &["other"]),
            (Channel::Both, Scope::Stderr, &["one"]),
            (Channel::Stderr, Scope::Stderr, &["one"]),
            (Channel::Stdout, Scope::Stderr, &["other"]),
            (Channel::Both, Scope::Stdout, &["other"]),
            (Channel::Stderr, Scope::Stdout, &[]),
        ] {
            assert_eq!(texts(channel, scope), expected, "{channel:?}");
        }
    }
}
