//! THE list of settings. One row makes a field of [`Policy`], a flag, a TOML key, an environment variable, its
//! default, its help, its place in the man page and the completions, and its line in `retry explain`.
//!
//! A row: the doc comment is the help (its first line alone is `-h`'s); then the name, its type, its default; then
//! in braces what the flag is like: its group, its value's name, and any of `short`, `alias`, `env`, `basic`
//! (shown by `-h`).

use std::ffi::OsString;
use std::time::Duration;

use serde_json::Value as Json;

use super::rule::PolicyRules;
use super::value::{
    CiGroups, Color, CommandLine, CommandLines, Count, DemandedPatterns, EnvNames, ExitCodes, ExitStatus,
    Factor, FilePath, GateWait, Key, Labels, LetterOutcomes, MaxAttempts, MessageFormat, MessagesTo,
    MetricsFile, MetricsLabels, Name, OnStateError, OutputsTo, Patterns, Permits, PingKind, PingUrl,
    ProfileNames, Share, Shell, Signal, Size, StatePlace, StderrMode, StdinMode, StdoutMode, Summary,
    TimeLimit, TomlForm, Traces, Value,
};
use crate::backoff::{Backoff, Jitter, Strategy};
use crate::classify::{Class, ExitSpecs, Otherwise, PolicyRule, RETRY_MATCH, Rules};
use crate::gate::{self, Breaker, Rate};

/// The headings of `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Schedule,
    Judging,
    Surroundings,
    Recovery,
    Shared,
}

impl Group {
    pub const ALL: [Group; 5] =
        [Group::Schedule, Group::Judging, Group::Surroundings, Group::Recovery, Group::Shared];

    pub fn heading(self) -> &'static str {
        match self {
            Group::Schedule => "Attempts and timing",
            Group::Judging => "What counts as failure",
            Group::Surroundings => "Input, output and logging",
            Group::Recovery => "Hooks and what follows a failure",
            Group::Shared => "Shared limits",
        }
    }
}

/// One setting: everything about it but its value.
pub struct Setting {
    /// The name, as flag (with `--`) and TOML key.
    pub key: &'static str,
    pub short: Option<char>,
    /// A second name of the flag and the key.
    pub alias: Option<&'static str>,
    /// The environment variable, where there is one.
    pub env: Option<&'static str>,
    pub group: Group,
    /// The name of the value in help; empty for a switch.
    pub value_name: &'static str,
    /// Shown by `-h`.
    pub basic: bool,
    /// Help, a line an entry.
    pub help: &'static [&'static str],
    pub form: TomlForm,
    /// Its value is never shown.
    pub is_secret: bool,
    /// What it may be in TOML: JSON Schema, draft-07.
    pub schema: fn() -> Json,
    /// The words that it may be.
    pub words: fn() -> Vec<&'static str>,
    /// Reads the texts that one layer gives; else why they are refused.
    pub parse: fn(&[OsString]) -> Result<SettingValue, String>,
    /// The value as TOML would have it.
    pub show: fn(&Policy) -> Json,
}

impl Setting {
    /// Is it an option of its own name? Switching retries off is `--no-retry`, and tables stand in files.
    pub fn is_flag(&self) -> bool {
        self.key != "enabled" && self.form != TomlForm::Rules
    }

    /// The help's first line.
    pub fn summary(&self) -> &'static str {
        self.help.first().map_or("", |line| line.trim())
    }

    /// Its value where nobody gives one, as help shows it; `None` for switches, and where there is none. `defaults` is
    /// the policy that the verb begins with.
    pub fn default(&self, defaults: &Policy) -> Option<String> {
        let has_value = !self.value_name.is_empty() && self.key != "max-delay";
        let shown = has_value.then(|| plain(&(self.show)(defaults)));
        shown.filter(|text| text != NOTHING)
    }
}

/// How no value is shown.
pub const NOTHING: &str = "-";

/// A value as a person reads it.
pub fn plain(value: &Json) -> String {
    match value {
        Json::Null => NOTHING.to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) if items.is_empty() => NOTHING.to_owned(),
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Json::Object(fields) if fields.is_empty() => NOTHING.to_owned(),
        Json::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
            fields.join(",")
        }
        other => other.to_string(),
    }
}

/// The place of a setting in [`SETTINGS`].
pub type Index = usize;

/// Finds a setting by its key or alias.
pub fn find(key: &str) -> Option<Index> {
    SETTINGS.iter().position(|setting| setting.key == key || setting.alias == Some(key))
}

/// The one item, if there is one.
const fn only<T: Copy>(items: &[T]) -> Option<T> {
    match items {
        [item] => Some(*item),
        _ => None,
    }
}

macro_rules! settings {
    ($(
        $(#[doc = $help:literal])+
        $field:ident / $key:literal: $type:ty = $default:expr,
        { $group:ident $value_name:literal $(short $short:literal)? $(alias $alias:literal)? $(env $env:literal)? $(; $basic:ident)? }
    )+) => {
        /// Everything that was asked, resolved.
        #[derive(Clone, Debug)]
        pub struct Policy { $( $(#[doc = $help])+ pub $field: $type, )+ }

        impl Default for Policy {
            fn default() -> Self {
                Policy { $( $field: $default, )+ }
            }
        }

        /// The value of one setting, as one layer gives it.
        #[expect(non_camel_case_types, reason = "the variants are the fields of the policy")]
        #[derive(Clone, Debug)]
        pub enum SettingValue { $( $field($type), )+ }

        impl SettingValue {
            /// Puts the value into the policy.
            pub fn apply(&self, policy: &mut Policy) {
                match self {
                    $( SettingValue::$field(value) => policy.$field = value.clone(), )+
                }
            }
        }

        /// Every setting, in the order of `--help` and `retry explain`.
        pub static SETTINGS: &[Setting] = &[$(Setting {
            key: $key,
            short: only(&[$($short)?]),
            alias: only(&[$($alias)?]),
            env: only(&[$($env)?]),
            group: Group::$group,
            value_name: $value_name,
            basic: false $(|| !stringify!($basic).is_empty())?,
            help: &[$($help),+],
            form: <$type as Value>::FORM,
            is_secret: <$type as Value>::IS_SECRET,
            schema: <$type as Value>::schema,
            words: <$type as Value>::words,
            parse: |texts| <$type as Value>::read(texts).map(SettingValue::$field),
            show: |policy| Value::show(&policy.$field),
        }),+];
    };
}

settings! {
    /// Maximum number of attempts, including the first (inf = unlimited)
    ///
    /// Attempts are counted from 1: `--max 3` runs the command at most three times, and `--attempts 3` is the same.
    /// With a deadline and no number given anywhere there is no limit.
    max / "max": MaxAttempts = MaxAttempts::Times(3),
    { Schedule "N" short 'n' alias "attempts" env "RETRY_OPT_MAX"; basic }

    /// Total time limit (attempts and waits)
    ///
    /// An attempt is cut at it (exit 124); a wait that would pass it ends the run at once. 0 means none.
    deadline / "deadline": TimeLimit = TimeLimit(None),
    { Schedule "DURATION" env "RETRY_OPT_DEADLINE"; basic }

    /// Time limit per attempt
    ///
    /// An attempt that takes longer is stopped with its whole process tree; that is a transient failure, and
    /// exit 124 when it was the last. 0 means none.
    timeout / "timeout": TimeLimit = TimeLimit(None),
    { Schedule "DURATION" env "RETRY_OPT_TIMEOUT"; basic }

    /// Stop an attempt that produces no output for this long
    ///
    /// An attempt that is silent for longer is stopped like one that takes too long. Both of its streams are captured
    /// for it; on a terminal they stay terminals. 0 means none.
    idle_timeout / "idle-timeout": TimeLimit = TimeLimit(None),
    { Schedule "DURATION" }

    /// Give up if no progress is seen for this long
    ///
    /// Progress is a line that matches --progress-match, or the command touching the file named by $RETRY_PROGRESS.
    /// An attempt that runs then is stopped (exit 124). The default is 2h when neither the attempts nor the time of
    /// the run are limited, else none; 0 means none.
    progress_timeout / "progress-timeout": TimeLimit = TimeLimit(None),
    { Schedule "DURATION" }

    /// Regex that marks progress; repeatable
    ///
    /// `stdout:RE` and `both:RE` choose another stream than stderr.
    progress_match / "progress-match": Patterns = Patterns::default(),
    { Schedule "REGEX" }

    /// Signal sent first when an attempt times out
    signal / "signal": Signal = Signal(libc::SIGTERM),
    { Schedule "SIGNAL" }

    /// Grace period before SIGKILL
    ///
    /// Given explicitly, it also holds after a signal that was passed on to the command.
    kill_after / "kill-after": Duration = Duration::from_secs(10),
    { Schedule "DURATION" short 'k' }

    /// How the wait grows: fixed, linear, exponential, fibonacci, decorrelated, or a list 1s,2s,4s
    ///
    /// The wait before retry k, for a delay d and a factor f: fixed d; linear d·k; exponential d·f^(k-1);
    /// fibonacci d·F(k); a list its k-th entry, the last one for ever; decorrelated a draw between d and three
    /// times the previous wait. `constant`, `exp` and `fib` are short for three of them.
    backoff / "backoff": Strategy = Strategy::Exponential,
    { Schedule "STRATEGY" short 'b' env "RETRY_OPT_BACKOFF"; basic }

    /// Initial delay
    delay / "delay": Duration = Duration::from_secs(1),
    { Schedule "DURATION" short 'd' env "RETRY_OPT_DELAY"; basic }

    /// Upper bound for the delay, jitter included
    ///
    /// The default is 60s, or the longest of --delay and the list's entries where that is longer.
    max_delay / "max-delay": Duration = Duration::from_secs(60),
    { Schedule "DURATION" env "RETRY_OPT_MAX_DELAY" }

    /// Growth per retry of the exponential backoff, 1 or more
    factor / "factor": Factor = Factor(2.0),
    { Schedule "FACTOR" }

    /// Randomisation of the delay: none, full, equal, additive, ±25%, or 0.5..1.5
    ///
    /// A uniform draw around the backoff's wait w: full 0..w, equal w/2..w, additive w..2w, 25% w±25%.
    jitter / "jitter": Jitter = Jitter::Equal,
    { Schedule "JITTER" short 'j' env "RETRY_OPT_JITTER"; basic }

    /// Longest wait that a server may ask for; give up if it asks for more
    max_retry_after / "max-retry-after": Duration = Duration::from_secs(300),
    { Schedule "DURATION" env "RETRY_OPT_MAX_RETRY_AFTER" }

    /// Restart the backoff after an attempt that ran at least this long
    reset_after / "reset-after": TimeLimit = TimeLimit(None),
    { Schedule "DURATION" }

    /// Number of successes in a row that are needed
    ///
    /// A failure in between starts the count again; the wait between successes is --delay.
    successes / "successes": Count = Count(1),
    { Schedule "N" }

    /// A random wait of at most this long before the first attempt
    ///
    /// Spreads out jobs that start in the same minute (cron). The deadline counts this wait; the waits between attempts
    /// that --seed gives are the same with and without it. 0 means none.
    splay / "splay": TimeLimit = TimeLimit(None),
    { Schedule "DURATION" }

    /// Seed for the random delays
    seed / "seed": Option<u64> = None,
    { Schedule "N" }

    /// One attempt or as many as allowed; --no-retry on the command line says false
    enabled / "enabled": bool = true,
    { Schedule "" }

    /// Error-knowledge profile: auto, none, generic, or a tool name; repeatable
    ///
    /// `auto` knows a tool by its program's name, also behind sudo, env, timeout and their like; of a command that
    /// it does not know only the exit status counts. `retry profiles` lists what is known. A profile may have a
    /// stream captured, and only the streams that its rules read.
    profile / "profile": ProfileNames = ProfileNames::default(),
    { Judging "PROFILE" short 'p' env "RETRY_OPT_PROFILE" }

    /// Retry only on these exit codes/signals: 1, 5-9, SIGKILL, signal, timeout, not-found, !2
    ///
    /// Comma lists and repetition add up; `!2` is everything but 2. What no option names then ends the run, unless
    /// --otherwise says retry. 137 is also a command that died of SIGKILL.
    retry_on / "retry-on": ExitSpecs = ExitSpecs::default(),
    { Judging "SPEC"; basic }

    /// Never retry on these exit codes/signals (overrides --retry-on)
    permanent_on / "permanent-on": ExitSpecs = ExitSpecs::default(),
    { Judging "SPEC" }

    /// Exit codes that count as success; the code itself is still passed on
    success_on / "success-on": ExitCodes = ExitCodes::default(),
    { Judging "SPEC" }

    /// Retry if a stderr line matches (repeatable; stdout:RE, both:RE)
    ///
    /// `stdout:RE` and `both:RE` choose another stream; only the streams that a pattern needs are looked at. Patterns
    /// are over bytes, a line at a time; classes are ASCII. What no option names then ends the run, unless
    /// --otherwise says retry.
    retry_match / "retry-match": Patterns = Patterns::default(),
    { Judging "REGEX" ; basic }

    /// Regex that means another attempt is pointless; repeatable
    permanent_match / "permanent-match": Patterns = Patterns::default(),
    { Judging "REGEX" }

    /// Regex that means rate-limited; repeatable
    throttle_match / "throttle-match": Patterns = Patterns::default(),
    { Judging "REGEX" }

    /// Regex that must appear for success, on stdout or stderr; repeatable
    ///
    /// `stdout:RE` and `stderr:RE` look at one stream only. An attempt that exits 0 without it is tried again; when no attempt is left the status is 1.
    success_match / "success-match": DemandedPatterns = DemandedPatterns::default(),
    { Judging "REGEX" }

    /// Explicit rules, in files alone: [[policy.NAME.rule]]
    rule / "rule": PolicyRules = PolicyRules::default(),
    { Judging "" }

    /// What to do when no rule matches: retry or stop
    ///
    /// The default is stop as soon as --retry-on or --retry-match is given, else as judged by what is known of the
    /// failure.
    otherwise / "otherwise": Option<Otherwise> = None,
    { Judging "WHAT" }

    /// Retry only failures where the request cannot have taken effect
    ///
    /// That is: it could not connect, the name was not resolved, it was refused before any work, it was throttled.
    /// Any other failure ends the run, since doing it twice may do harm; so does any failure of a command that runs
    /// others, such as make or a script, since an earlier step may have been applied.
    non_idempotent / "non-idempotent": bool = false,
    { Judging "" }

    /// COMMAND is one string for sh -c, or for another shell; remaining arguments become $1, $2, …
    ///
    /// bash is told to stop at the first error, also within a pipeline: `bash -eo pipefail -c`. What is known of tools is
    /// that of the string's first command.
    shell / "shell": Option<Shell> = None,
    { Surroundings "SHELL" short 'c'; basic }

    /// What the command reads: auto, inherit, replay or null
    ///
    /// `auto` gives every attempt the same input: a file is read again from where it stood, a pipe or socket is
    /// replayed byte for byte, and the command takes no more from it than it reads. So are pipes and files that an
    /// argument names as /dev/fd/N. Terminals and devices are inherited, and so is everything when there can be one
    /// attempt only. `inherit` never replays; `null` is /dev/null.
    stdin / "stdin": StdinMode = StdinMode::Auto,
    { Surroundings "MODE" }

    /// Max stdin kept for replay; no retry beyond that
    ///
    /// Beyond 1MiB it is kept in an unlinked temporary file, in $TMPDIR or /tmp, or in memory where there can be
    /// none.
    stdin_max / "stdin-max": Size = Size(1 << 30),
    { Surroundings "SIZE" }

    /// Exit with this code if the command succeeded only after a retry
    fail_if_flaky / "fail-if-flaky": Option<ExitStatus> = None,
    { Surroundings "CODE" }

    /// Exit with this status when the attempts ran out
    exhausted_code / "exhausted-code": Option<ExitStatus> = None,
    { Surroundings "CODE" }

    /// What becomes of the command's stdout: stream, success or null
    ///
    /// `success` holds it back and writes only that of the successful attempt, once, and nothing after a final
    /// failure; -O is short for it. `null` throws it away.
    stdout / "stdout": StdoutMode = StdoutMode::Stream,
    { Surroundings "MODE" }

    /// What becomes of the command's stderr: stream, last or null
    ///
    /// `last` shows only that of the last attempt. `null` throws it away.
    stderr / "stderr": StderrMode = StderrMode::Stream,
    { Surroundings "MODE" }

    /// Print nothing unless the run finally fails, then the output of all attempts
    ///
    /// For cron: each attempt's output goes to the streams it came from, in order, our own messages in between.
    chronic / "chronic": bool = false,
    { Surroundings "" }

    /// Append a JSON line for each event; - is stderr
    ///
    /// A log that somebody renames (logrotate) is made anew for the next event. In a directory where everybody may make
    /// files, such as /tmp, a symbolic link is refused, and so is another user's file unless the directory is theirs.
    log / "log": Option<FilePath> = None,
    { Surroundings "FILE" env "RETRY_OPT_LOG"; basic }

    /// Put the whole command line into the log
    log_argv / "log-argv": bool = false,
    { Surroundings "" }

    /// How much of the end of each captured stream the log shows of a failed attempt: 4k, 1MiB
    ///
    /// The log itself captures nothing: there is a tail where another option had the stream captured.
    log_tail / "log-tail": Size = Size(0),
    { Surroundings "SIZE" }

    /// Ping this URL when the run begins and when it ends (healthchecks.io, Sentry, Cronitor)
    ///
    /// The URL is a secret: no message, log or explanation shows it. The command never waits for a ping, and a ping that
    /// fails is a warning. A run inside of another retry pings only if its own command line says so.
    ping / "ping": Option<PingUrl> = None,
    { Surroundings "URL" env "RETRY_OPT_PING" }

    /// How pings are written: auto, healthchecks, sentry or cronitor
    ///
    /// `auto` knows Sentry and Cronitor by the URL's host; any other is pinged as healthchecks.io is.
    ping_kind / "ping-kind": PingKind = PingKind::Auto,
    { Surroundings "KIND" }

    /// Send the end of the command's stderr with the last ping
    ///
    /// At most 10 kB, to services of the kind healthchecks. The command's stderr is captured for it.
    ping_body / "ping-body": bool = false,
    { Surroundings "" }

    /// How long the last ping may take, its three tries together
    ping_timeout / "ping-timeout": Duration = Duration::from_secs(5),
    { Surroundings "DURATION" }

    /// Export OpenTelemetry traces: auto or off
    ///
    /// `auto` exports a span for the run and one for each attempt if $OTEL_EXPORTER_OTLP_ENDPOINT or
    /// $OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, in at most 1s after the run.
    traces / "traces": Traces = Traces::Auto,
    { Surroundings "WHEN" env "RETRY_OPT_TRACES" }

    /// Count the run in a file of metrics for Prometheus (node_exporter's textfile collector)
    ///
    /// Counters go on from run to run, and any number of processes may share a file; it is replaced as a whole. A file that
    /// something else wrote is left alone. Metrics that can't be written are a warning, and never another result.
    metrics_file / "metrics-file": Option<MetricsFile> = None,
    { Surroundings "FILE" }

    /// Also give the metrics this label of --label; repeatable
    ///
    /// Each value of a label makes series of its own: choose labels that have few.
    metrics_label / "metrics-label": MetricsLabels = MetricsLabels::default(),
    { Surroundings "KEY" }

    /// The operation's name in messages and the log [default: the program's]
    name / "name": Option<Name> = None,
    { Surroundings "NAME" env "RETRY_OPT_NAME" }

    /// A free label for the log; repeatable
    label / "label": Labels = Labels::default(),
    { Surroundings "KEY=VALUE" }

    /// How messages are written: text, json (an object a line), auto, or as a CI system reads them
    ///
    /// `github`, `gitlab`, `buildkite`, `teamcity` and `azure` are text, with that system's commands: each attempt is a group
    /// (--ci-groups), and a run that was rescued or failed is one annotation. `auto` is the system that the environment names,
    /// else text. TeamCity and Azure read commands on stdout alone (--messages-to).
    message_format / "message-format": MessageFormat = MessageFormat::Text,
    { Surroundings "FORMAT" env "RETRY_OPT_MESSAGE_FORMAT" }

    /// Where messages go: stderr, stdout, the number of a descriptor, or a file, appended to
    ///
    /// A file whose name is a number is written ./3. stdout is refused where it is to hold nothing but the command's output
    /// (-O).
    messages_to / "messages-to": MessagesTo = MessagesTo::Stderr,
    { Surroundings "WHERE" env "RETRY_OPT_MESSAGES_TO" }

    /// Make each attempt a group in the log of a CI system: auto, always or never
    ///
    /// `auto`: where messages and output certainly stay in order, since stdout and stderr are one file, or messages go to
    /// stdout.
    ci_groups / "ci-groups": CiGroups = CiGroups::Auto,
    { Surroundings "WHEN" env "RETRY_OPT_CI_GROUPS" }

    /// Have GitHub obey no command in the output of the attempts
    ///
    /// Not even ::add-mask:: works then. If retry is killed by SIGKILL, the rest of the step is not obeyed either.
    ci_stop_commands / "ci-stop-commands": bool = false,
    { Surroundings "" }

    /// Add a row to $GITHUB_STEP_SUMMARY: auto, always or never
    ///
    /// `auto`: if the run was rescued or failed. With --message-format github or auto, for the outermost run alone.
    summary / "summary": Summary = Summary::Auto,
    { Surroundings "WHEN" env "RETRY_OPT_SUMMARY" }

    /// Give later steps of a CI job the attempts, the outcome and the rest, in $GITHUB_OUTPUT or a dotenv FILE
    outputs / "outputs": Option<OutputsTo> = None,
    { Surroundings "FILE" env "RETRY_OPT_OUTPUTS" }

    /// When messages are coloured: auto, always or never
    ///
    /// `auto` colours on a terminal, and respects NO_COLOR and CLICOLOR_FORCE.
    color / "color": Color = Color::Auto,
    { Surroundings "WHEN" }

    /// Suppress messages
    quiet / "quiet": bool = false,
    { Surroundings "" short 'q'; basic }

    /// More messages (-vv for every step)
    verbose / "verbose": u64 = 0,
    { Surroundings "" short 'v'; basic }

    /// Give the command a process group of its own
    ///
    /// A `kill 0` of the command's then spares what stands around it; Ctrl-C reaches it only through us, and it
    /// cannot read the terminal.
    new_group / "new-group": bool = false,
    { Surroundings "" }

    /// Run this line with sh -c before each wait for another attempt; repeatable
    ///
    /// The variables RETRY_ATTEMPT, RETRY_EXIT, RETRY_CLASS, RETRY_REASON, RETRY_DELAY_MS and others describe the failure;
    /// stdin is the end of the attempt's stderr if it was captured (--hook-tail), and stdout goes to stderr. The time that
    /// the hook takes counts as waiting. A hook that fails is a warning and changes nothing.
    on_retry / "on-retry": CommandLines = CommandLines::default(),
    { Recovery "COMMAND" }

    /// Run this line with sh -c after the run succeeded; repeatable
    ///
    /// RETRY_RESCUED is 1 if there were failures before. See --on-retry.
    on_success / "on-success": CommandLines = CommandLines::default(),
    { Recovery "COMMAND" }

    /// Run this line with sh -c after the run finally failed; repeatable
    ///
    /// RETRY_OUTCOME, RETRY_EXIT and RETRY_REASON say why. RETRY_REASON holds text of the command's: quote it, and never
    /// pass it to eval. See --on-retry.
    on_failure / "on-failure": CommandLines = CommandLines::default(),
    { Recovery "COMMAND" }

    /// Time limit for a hook
    ///
    /// A hook that takes longer is stopped with all that it started: TERM, and KILL a second later. 0 means none.
    hook_timeout / "hook-timeout": TimeLimit = TimeLimit(Some(Duration::from_secs(10))),
    { Recovery "DURATION" }

    /// Capture stderr so that hooks can read its end (64 KiB) from stdin
    hook_tail / "hook-tail": bool = false,
    { Recovery "" }

    /// Run this line with sh -c once the command has finally failed
    ///
    /// It reads the same stdin from the start, and its exit status is the result. It does not run after a signal, nor when
    /// the input cannot be given again as a whole. With -O only its stdout is printed, and only if it exits 0.
    fallback / "fallback": Option<CommandLine> = None,
    { Recovery "COMMAND" }

    /// Time limit for the fallback [default: that of --timeout]
    ///
    /// The deadline of the run does not count for it.
    fallback_timeout / "fallback-timeout": TimeLimit = TimeLimit(None),
    { Recovery "DURATION" }

    /// Keep what finally failed in DIR, a file a run, for retry replay
    ///
    /// A dead letter holds the command, its working directory and umask, its input, and how it failed. It is written as a
    /// whole or not at all, and only you can read it; arguments and input may be secret. A pipe on stdin is read to its end
    /// for it: with --dead-letter the input belongs to this command alone. DIR is made if it is not there.
    dead_letter / "dead-letter": Option<FilePath> = None,
    { Recovery "DIR" }

    /// Store the value of this variable in the dead letter: NAME or PREFIX*; repeatable
    ///
    /// The names of all variables are stored, and no value unless it is asked for: a replay has the environment of its own
    /// time, so that secrets are fresh.
    dead_letter_env / "dead-letter-env": EnvNames = EnvNames::default(),
    { Recovery "NAME" }

    /// Copy a file on stdin into the dead letter up to this size; a larger one is only named
    ///
    /// A replay of a letter that names a file refuses when the file has changed since.
    dead_letter_copy / "dead-letter-copy": Size = Size(64 << 20),
    { Recovery "SIZE" }

    /// Replace what matches in the output and the reason that a dead letter holds; repeatable
    ///
    /// The command's arguments and its input stay as they are: they have to run again.
    dead_letter_redact / "dead-letter-redact": DemandedPatterns = DemandedPatterns::default(),
    { Recovery "REGEX" }

    /// Outcomes of which a dead letter is written
    ///
    /// One or more of exhausted, permanent, deadline, stalled, throttled, refused, interrupted and error.
    dead_letter_on / "dead-letter-on": LetterOutcomes = LetterOutcomes::default(),
    { Recovery "OUTCOMES" }

    /// Refuse to start (exit 125) if the dead letter could not be written
    dead_letter_required / "dead-letter-required": bool = false,
    { Recovery "" }

    /// Warn when DIR holds more dead letters than this; none is ever removed by age
    dead_letter_warn / "dead-letter-warn": Count = Count(10_000),
    { Recovery "N" }

    /// Name for limits shared by all processes using the same --state
    ///
    /// A server's Retry-After seen by one closes the key for all until it is over, and the limits below hold for all
    /// of them together. `auto` is the host that the command's arguments name, with a hash of credentials that stand
    /// there. At most 255 bytes.
    key / "key": Option<Key> = None,
    { Shared "KEY" ; basic }

    /// Attempts of this key that may run at the same time
    ///
    /// A permit is held while the command runs, and is freed by the death of who holds it.
    concurrency / "concurrency": Option<Permits> = None,
    { Shared "N" }

    /// Attempts of this key per time: 100/1m lets 100 start at once, and 100 in every further minute
    ///
    /// That is the generic cell rate algorithm (GCRA), spread evenly once the first are gone.
    rate / "rate": Option<Rate> = None,
    { Shared "N/DURATION" }

    /// A circuit breaker: 5/30s opens after 5 failures in a row for 30s, then tries one attempt at a time
    ///
    /// While it is open no attempt starts; after that one probe at a time does: its success closes the breaker, its
    /// failure opens it again. 50%/30s opens when half of at least ten results within 30s were failures. Transient
    /// and throttled results are failures; permanent ones say nothing.
    breaker / "breaker": Option<Breaker> = None,
    { Shared "N/DURATION" }

    /// Retries, as a share of the first attempts: 20% or 0.2
    ///
    /// A first attempt deposits that share, a retry withdraws 1; besides, 10 retries may be made in any minute. A
    /// retry that cannot be paid for ends the run: an outage is not answered with a multiple of the usual load.
    budget / "budget": Option<Share> = None,
    { Shared "SHARE" }

    /// Hold attempts back as the success rate falls
    ///
    /// An attempt waits with probability (requests - 2·accepts)/(requests + 1) over the last two minutes, as Google's
    /// SRE book has it.
    adaptive / "adaptive": bool = false,
    { Shared "" }

    /// How long to wait for a limit to allow the attempt (0 = don't wait) [default: the deadline]
    ///
    /// An attempt that would have to wait longer ends the run: exit 75 before any attempt, later the status of the
    /// last one.
    gate_wait / "gate-wait": GateWait = GateWait(None),
    { Shared "DURATION" }

    /// Where shared state is kept: a directory, or redis://, rediss:// or redis+unix:// for many hosts
    ///
    /// The default is ${XDG_STATE_HOME:-$HOME/.local/state}/retry, else /var/tmp/retry-UID. A directory of your
    /// naming may be shared by a group. A server's URL may hold user, password and database; ?password-file=FILE at its
    /// end reads the password from a file, since others can read a command line. A state that is only busy is waited
    /// for. Limits are no security control.
    state / "state": Option<StatePlace> = None,
    { Shared "PLACE" env "RETRY_OPT_STATE" }

    /// If shared state is unreachable: proceed without limits, or fail with exit 75
    on_state_error / "on-state-error": OnStateError = OnStateError::Proceed,
    { Shared "WHAT" }
}

impl Policy {
    /// How many attempts there may be in all.
    pub fn attempts(&self) -> MaxAttempts {
        if self.enabled { self.max } else { MaxAttempts::Times(1) }
    }

    /// The limits of the key.
    pub fn limits(&self) -> gate::Limits {
        gate::Limits {
            concurrency: self.concurrency.map(|permits| permits.0),
            rate: self.rate,
            breaker: self.breaker,
            budget: self.budget.map(|share| share.0),
            adaptive: self.adaptive,
        }
    }

    /// How long to wait.
    pub fn schedule(&self) -> Backoff {
        Backoff {
            strategy: self.backoff.clone(),
            // With a list, the wait between successes is its first entry.
            delay: match &self.backoff {
                Strategy::List(waits) => waits.first().copied().unwrap_or(self.delay),
                _ => self.delay,
            },
            max_delay: self.max_delay,
            factor: self.factor.0,
            jitter: self.jitter,
        }
    }

    /// How to judge.
    pub fn rules(&self) -> Rules {
        Rules {
            success_on: self.success_on.0.clone(),
            permanent_on: self.permanent_on.clone(),
            retry_on: self.retry_on.clone(),
            texts: self.text_rules(),
            success_match: self.success_match.0.clone(),
            otherwise: self.otherwise,
            non_idempotent: self.non_idempotent,
            knowledge: std::rc::Rc::default(),
            quotes: false,
        }
    }

    /// The options' patterns, then the tables.
    fn text_rules(&self) -> Vec<PolicyRule> {
        let options = [
            (Class::Transient, RETRY_MATCH, &self.retry_match),
            (Class::Permanent, "permanent-match", &self.permanent_match),
            (Class::Throttled, "throttle-match", &self.throttle_match),
        ];
        let of_options = options.into_iter().flat_map(|(class, id, patterns)| {
            patterns.0.iter().map(move |pattern| PolicyRule {
                class,
                id,
                exit: None,
                patterns: vec![pattern.clone()],
                http: None,
                reason: None,
            })
        });
        of_options.chain(self.rule.0.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests;
