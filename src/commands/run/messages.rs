//! Messages of a run that the session does not word itself: hints after a failure, and notes on output.

use super::streams::Leftover;
use super::{Driver, hints};
use crate::base::exit_code::Exit;
use crate::event::{Event, Level, Outcome};
use crate::sys::supervise::stop_signals;

const IN_FILE: &str = "note: this failed attempt already wrote to stdout (a file); later output is appended. \
                       Use -O to write only the successful attempt's output";
const IN_PIPE: &str = "note: this failed attempt already wrote to stdout (a pipe); its reader gets the output of every \
                       attempt. Use -O to pass on only the successful attempt's output";

impl Driver<'_> {
    /// Sends an event to the sinks, with its hints.
    pub(super) fn emit(&mut self, event: &Event) {
        if let Event::RunStop(stop) = event
            && !matches!(stop.outcome, Outcome::Succeeded | Outcome::Interrupted)
        {
            self.hint(hints::misplaced(&self.command.argv));
        }
        self.telling.take(event, &self.command.argv[0].to_string_lossy());
        self.sinks.enter_span(self.telling.span_id(event));
        let told = stop_signals();
        self.sinks.emit(event);
        self.stopped_telling |= matches!(event, Event::RunStop(_)) && stop_signals() != told;
        match event {
            Event::AttemptFailed(failure) if failure.not_started && failure.reason == "command not found" => {
                self.hint(hints::not_found(&self.command.argv));
            }
            Event::AttemptRetry { .. } => match self.streams.leftover() {
                Some(Leftover::InFile) => self.sinks.note(Level::Warn, IN_FILE),
                Some(Leftover::InPipe) if self.sinks.advises() => self.sinks.note(Level::Warn, IN_PIPE),
                _ => {}
            },
            _ => {}
        }
        self.explain_hint(event);
        self.advise(event);
        self.keep_messages();
    }

    /// The signal to die of, if one interrupted the reporting of the run's end.
    pub(super) fn stopped_while_telling(&mut self) -> Option<Exit> {
        let signal = self.stopped_telling.then(|| self.supervisor.signal_now());
        signal.flatten().map(Exit::Signal)
    }

    /// Says once what was not understood of `$RETRY_HINT`.
    fn explain_hint(&mut self, event: &Event) {
        if matches!(event, Event::AttemptRetry { .. } | Event::AttemptFailed(_))
            && !self.has_explained_hint
            && let Some(wrong) = self.misread.take()
        {
            self.has_explained_hint = true;
            self.sinks.note(Level::Warn, &format!("$RETRY_HINT: invalid {wrong}"));
        }
    }

    /// Gives advice on the command's tool after an attempt, so that it appears below the tool's output. Without `-v`, only
    /// advice that matters now: on a terminal that the tool hides how long the server asks to wait, or that it exits 0 whether
    /// or not it succeeded; elsewhere the former alone, and only once the run has failed, since a log is read when it has.
    fn advise(&mut self, event: &Event) {
        let (succeeded, failure) = match event {
            Event::AttemptSuccess(success) => (success.exit_code == 0, None),
            Event::AttemptRetry { failure, .. } | Event::AttemptFailed(failure) => (false, Some(failure)),
            _ => return,
        };
        let throttled = failure.is_some_and(|failure| {
            matches!(failure.http_status, Some(429 | 503)) && failure.retry_after_ms.is_none()
        });
        let is_due = throttled && matches!(event, Event::AttemptFailed(_));
        if !(self.sinks.advises() || is_due) {
            return;
        }
        let says_more = self.sinks.says_more();
        let advice = self.advice.take().unwrap_or_else(|| self.knowledge.advice());
        let (now, later): (Vec<_>, _) = advice.into_iter().partition(|advice| {
            says_more
                || throttled && hints::is_about_a_hidden_wait(advice)
                || succeeded && hints::is_about_success(advice)
        });
        self.advice = Some(later);
        for advice in now.iter().filter(|advice| hints::applies(advice, &self.command.about)) {
            self.sinks.note(Level::Info, &format!("hint: {advice}"));
        }
    }

    /// A message that is not an event.
    pub(super) fn tell(&mut self, level: Level, text: &str) {
        self.sinks.note(level, text);
        self.keep_messages();
    }

    fn hint(&mut self, hint: Option<String>) {
        if let Some(hint) = hint {
            self.sinks.note(Level::Warn, &format!("hint: {hint}"));
        }
    }

    /// Under `--chronic`, messages are held with the output.
    pub(super) fn keep_messages(&mut self) {
        if self.streams.keeps_all() {
            let said = self.sinks.take_kept();
            self.supervisor.held().say(said);
        }
    }
}
