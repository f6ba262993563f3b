//! Rules over the command's output: the patterns, their streams, and the conditions of a rule. The matching itself is in
//! `stream.rs`.

use super::attempt::AttemptResult;
use super::channel::Channel;
use super::classification::Class;
use super::evidence::Evidence;
use super::exit_spec::ExitSpecs;
use super::output::{Stream, Tap};
use super::profile::Statuses;
use super::stream::{self, Matcher};

/// A regular expression over the lines of one stream, or of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPattern {
    pub channel: Channel,
    pub regex: stream::LineRegex,
}

impl std::fmt::Display for StreamPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.channel {
            Channel::Stderr => f.write_str(self.regex.text()),
            channel => write!(f, "{}:{}", channel.name(), self.regex.text()),
        }
    }
}

/// An explicit rule of the policy: a `[[policy.NAME.rule]]` table or an option. All given conditions must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyRule {
    pub class: Class,
    /// The name of the rule: the option's, or `rule`.
    pub id: &'static str,
    pub exit: Option<ExitSpecs>,
    pub patterns: Vec<StreamPattern>,
    /// The HTTP status found in the output.
    pub http: Option<Statuses>,
    /// The reason to report. `None`: the reason names the pattern.
    pub reason: Option<String>,
}

impl PolicyRule {
    /// Whether all of its conditions hold.
    pub(super) fn holds(&self, attempt: &AttemptResult, evidence: &Evidence<'_>) -> bool {
        self.exit.as_ref().is_none_or(|exit| exit.matches(attempt))
            && self.patterns.iter().all(|pattern| attempt.output().seen.has(pattern))
            && self
                .http
                .as_ref()
                .is_none_or(|wanted| evidence.any_http_status().is_some_and(|status| wanted.contains(status)))
    }

    /// Whether the rule requires certain exit statuses.
    pub(super) fn names_exit(&self) -> bool {
        self.exit.is_some()
    }
}

/// The patterns that were seen in an attempt's output, each with the line in which it was first seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen(Vec<(StreamPattern, String)>);

impl Seen {
    pub(super) const NOTHING: Self = Self(Vec::new());

    pub fn has(&self, pattern: &StreamPattern) -> bool {
        self.line(pattern).is_some()
    }

    /// The line, fit for a terminal and shortened.
    pub fn line(&self, pattern: &StreamPattern) -> Option<&str> {
        self.0.iter().find(|(seen, _)| seen == pattern).map(|(_, line)| line.as_str())
    }

    pub fn add(&mut self, pattern: &StreamPattern, line: &str) {
        if !self.has(pattern) {
            self.0.push((pattern.clone(), line.to_owned()));
        }
    }
}

/// Matches patterns against the streams of an attempt as they pass by. A stream's patterns are compiled when its first
/// bytes arrive.
pub struct Watch {
    patterns: Vec<StreamPattern>,
    streams: Vec<WatchedStream>,
}

struct WatchedStream {
    stream: Stream,
    matcher: Matcher,
    /// The matcher's patterns, as they are numbered here.
    patterns: Vec<usize>,
}

impl Watch {
    pub fn new(patterns: Vec<StreamPattern>) -> Self {
        Self { patterns, streams: Vec::new() }
    }

    fn watched(&mut self, stream: Stream) -> &mut WatchedStream {
        let known = self.streams.iter().position(|watched| watched.stream == stream);
        let index = known.unwrap_or_else(|| {
            let numbered = self.patterns.iter().enumerate();
            let patterns: Vec<_> = numbered
                .filter(|(_, pattern)| pattern.channel.sees(stream))
                .map(|(number, _)| number)
                .collect();
            let regexes: Vec<_> =
                patterns.iter().map(|number| self.patterns[*number].regex.clone()).collect();
            self.streams.push(WatchedStream { stream, matcher: Matcher::new(&regexes), patterns });
            self.streams.len() - 1
        });
        &mut self.streams[index]
    }

    /// Whether any pattern was seen since the last call.
    pub fn take_any(&mut self) -> bool {
        let mut any = false;
        for watched in &mut self.streams {
            if watched.matcher.matched().next().is_some() {
                any = true;
                watched.matcher.rearm();
            }
        }
        any
    }

    /// The patterns that were seen, now that the streams have ended.
    pub fn finish(mut self) -> Seen {
        let mut seen = Seen::default();
        for watched in &mut self.streams {
            watched.matcher.finish();
            for number in watched.matcher.matched() {
                let line = watched.matcher.line(number).unwrap_or_default();
                seen.add(&self.patterns[watched.patterns[number]], line);
            }
        }
        seen
    }
}

impl Tap for Watch {
    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        self.watched(stream).matcher.feed(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(channel: Channel, regex: &str) -> StreamPattern {
        StreamPattern { channel, regex: stream::LineRegex::check(regex).unwrap() }
    }

    #[track_caller]
    fn seen(patterns: &[StreamPattern], streams: &[(Stream, &[u8])], expected: &[usize]) {
        let mut watch = Watch::new(patterns.to_vec());
        for (stream, bytes) in streams {
            watch.take(*stream, bytes);
        }
        let seen = watch.finish();
        let found: Vec<_> = (0..patterns.len()).filter(|number| seen.has(&patterns[*number])).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_pattern_looks_at_its_own_stream_and_all_look_at_merged_output() {
        let patterns = [
            pattern(Channel::Stdout, "busy"),
            pattern(Channel::Stderr, "busy"),
            pattern(Channel::Both, "busy"),
        ];
        seen(&patterns, &[(Stream::Stdout, b"busy\n")], &[0, 2]);
        seen(&patterns, &[(Stream::Stderr, b"bu"), (Stream::Stderr, b"sy")], &[1, 2]);
        seen(&patterns, &[(Stream::Merged, b"so busy")], &[0, 1, 2]);
        seen(&patterns, &[(Stream::Stdout, b"bu"), (Stream::Stderr, b"sy")], &[]);
        seen(&patterns, &[], &[]);
    }

    #[test]
    fn what_was_seen_can_be_asked_for_again_and_again() {
        let mut watch = Watch::new(vec![pattern(Channel::Stderr, "done")]);
        assert!(!watch.take_any());
        watch.take(Stream::Stderr, b"1 done\n");
        assert!(watch.take_any());
        assert!(!watch.take_any());
        watch.take(Stream::Stderr, b"2 done\n");
        assert!(watch.take_any());
    }

    #[test]
    fn a_pattern_is_written_as_an_option_takes_it() {
        for (channel, written) in
            [(Channel::Stderr, "busy"), (Channel::Stdout, "stdout:busy"), (Channel::Both, "both:busy")]
        {
            assert_eq!(pattern(channel, "busy").to_string(), written);
        }
    }
}
