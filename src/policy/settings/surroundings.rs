//! Input, output, the log, pings and messages: rows as `settings.rs` describes them.

rows! { $ Surroundings
    /// COMMAND is one string for sh -c, or for another shell; remaining arguments become $1, $2, …
    ///
    /// bash is told to stop at the first error, also within a pipeline: `bash -eo pipefail -c`. What is known of tools is
    /// that of the string's first command.
    shell / "shell": Option<Shell> = None,
    { "SHELL" short 'c'; basic }

    /// What the command reads: auto, inherit, replay or null
    ///
    /// `auto` gives every attempt the same input: a file is read again from where it stood, a pipe or socket is
    /// replayed byte for byte, and the command takes no more from it than it reads. So are pipes and files that an
    /// argument names as /dev/fd/N. Terminals and devices are inherited, and so is everything when there can be one
    /// attempt only. `inherit` never replays; `null` is /dev/null.
    stdin / "stdin": StdinMode = StdinMode::Auto,
    { "MODE" }

    /// Max stdin kept for replay; no retry beyond that
    ///
    /// Beyond 1MiB it is kept in an unlinked temporary file, in $TMPDIR or /tmp, or in memory where there can be
    /// none.
    stdin_max / "stdin-max": Size = Size(1 << 30),
    { "SIZE" }

    /// Exit with this code if the command succeeded only after a retry
    fail_if_flaky / "fail-if-flaky": Option<ExitStatus> = None,
    { "CODE" }

    /// Exit with this status when the attempts ran out
    exhausted_code / "exhausted-code": Option<ExitStatus> = None,
    { "CODE" }

    /// What becomes of the command's stdout: stream, success or null
    ///
    /// `success` holds it back and writes only that of the successful attempt, once, and nothing after a final
    /// failure; -O is short for it. `null` throws it away.
    stdout / "stdout": StdoutMode = StdoutMode::Stream,
    { "MODE" }

    /// What becomes of the command's stderr: stream, last or null
    ///
    /// `last` shows only that of the last attempt. `null` throws it away.
    stderr / "stderr": StderrMode = StderrMode::Stream,
    { "MODE" }

    /// Print nothing unless the run finally fails, then the output of all attempts
    ///
    /// For cron: each attempt's output goes to the streams it came from, in order, our own messages in between.
    chronic / "chronic": bool = false,
    { "" }

    /// Append a JSON line for each event; - is stderr
    ///
    /// A log that somebody renames (logrotate) is made anew for the next event. In a directory where everybody may make
    /// files, such as /tmp, a symbolic link is refused, and so is another user's file unless the directory is theirs.
    log / "log": Option<FilePath> = None,
    { "FILE" env "RETRY_OPT_LOG"; basic }

    /// Put the whole command line into the log
    log_argv / "log-argv": bool = false,
    { "" }

    /// How much of the end of each captured stream the log shows of a failed attempt: 4k, 1MiB
    ///
    /// The log itself captures nothing: there is a tail where another option had the stream captured.
    log_tail / "log-tail": Size = Size(0),
    { "SIZE" }

    /// Ping this URL when the run begins and when it ends (healthchecks.io, Sentry, Cronitor)
    ///
    /// The URL is a secret: no message, log or explanation shows it. The command never waits for a ping, and a ping that
    /// fails is a warning. A run inside of another retry pings only if its own command line says so.
    ping / "ping": Option<PingUrl> = None,
    { "URL" env "RETRY_OPT_PING" }

    /// How pings are written: auto, healthchecks, sentry or cronitor
    ///
    /// `auto` knows Sentry and Cronitor by the URL's host; any other is pinged as healthchecks.io is.
    ping_kind / "ping-kind": PingKind = PingKind::Auto,
    { "KIND" }

    /// Send the end of the command's stderr with the last ping
    ///
    /// At most 10 kB, to services of the kind healthchecks. The command's stderr is captured for it.
    ping_body / "ping-body": bool = false,
    { "" }

    /// How long the last ping may take, its three tries together
    ping_timeout / "ping-timeout": Duration = Duration::from_secs(5),
    { "DURATION" }

    /// Export OpenTelemetry traces: auto or off
    ///
    /// `auto` exports a span for the run and one for each attempt if $OTEL_EXPORTER_OTLP_ENDPOINT or
    /// $OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, in at most 1s after the run.
    traces / "traces": Traces = Traces::Auto,
    { "WHEN" env "RETRY_OPT_TRACES" }

    /// Count the run in a file of metrics for Prometheus (node_exporter's textfile collector)
    ///
    /// Counters go on from run to run, and any number of processes may share a file; it is replaced as a whole. A file that
    /// something else wrote is left alone. Metrics that can't be written are a warning, and never another result.
    metrics_file / "metrics-file": Option<MetricsFile> = None,
    { "FILE" }

    /// Also give the metrics this label of --label; repeatable
    ///
    /// Each value of a label makes series of its own: choose labels that have few.
    metrics_label / "metrics-label": MetricsLabels = MetricsLabels::default(),
    { "KEY" }

    /// The operation's name in messages and the log [default: the program's]
    name / "name": Option<Name> = None,
    { "NAME" env "RETRY_OPT_NAME" }

    /// A free label for the log; repeatable
    label / "label": Labels = Labels::default(),
    { "KEY=VALUE" }

    /// How messages are written: text, json (an object a line), auto, or as a CI system reads them
    ///
    /// `github`, `gitlab`, `buildkite`, `teamcity` and `azure` are text, with that system's commands: each attempt is a group
    /// (--ci-groups), and a run that was rescued or failed is one annotation. `auto` is the system that the environment names,
    /// else text. TeamCity and Azure read commands on stdout alone (--messages-to).
    message_format / "message-format": MessageFormat = MessageFormat::Text,
    { "FORMAT" env "RETRY_OPT_MESSAGE_FORMAT" }

    /// Where messages go: stderr, stdout, the number of a descriptor, or a file, appended to
    ///
    /// A file whose name is a number is written ./3. stdout is refused where it is to hold nothing but the command's output
    /// (-O).
    messages_to / "messages-to": MessagesTo = MessagesTo::Stderr,
    { "WHERE" env "RETRY_OPT_MESSAGES_TO" }

    /// Make each attempt a group in the log of a CI system: auto, always or never
    ///
    /// `auto`: where messages and output certainly stay in order, since stdout and stderr are one file, or messages go to
    /// stdout.
    ci_groups / "ci-groups": CiGroups = CiGroups::Auto,
    { "WHEN" env "RETRY_OPT_CI_GROUPS" }

    /// Have GitHub obey no command in the output of the attempts
    ///
    /// Not even ::add-mask:: works then. If retry is killed by SIGKILL, the rest of the step is not obeyed either.
    ci_stop_commands / "ci-stop-commands": bool = false,
    { "" }

    /// Add a row to $GITHUB_STEP_SUMMARY: auto, always or never
    ///
    /// `auto`: if the run was rescued or failed. With --message-format github or auto, for the outermost run alone.
    summary / "summary": Summary = Summary::Auto,
    { "WHEN" env "RETRY_OPT_SUMMARY" }

    /// Give later steps of a CI job the attempts, the outcome and the rest, in $GITHUB_OUTPUT or a dotenv FILE
    ///
    /// With --message-format azure and --messages-to stdout: in variables such as `retry.attempts`.
    outputs / "outputs": Option<OutputsTo> = None,
    { "FILE" env "RETRY_OPT_OUTPUTS" }

    /// When messages are coloured: auto, always or never
    ///
    /// `auto` colours on a terminal, and respects NO_COLOR and CLICOLOR_FORCE.
    color / "color": Color = Color::Auto,
    { "WHEN" }

    /// Suppress messages
    ///
    /// Only the exit status tells then why a command was not run: 75 for a limit that others hold, 127 if it was not
    /// found. Mistakes in the options are still reported, and that limits are not in force.
    quiet / "quiet": bool = false,
    { "" short 'q'; basic }

    /// More messages (-vv for every step)
    verbose / "verbose": u64 = 0,
    { "" short 'v'; basic }

    /// Give the command a process group of its own
    ///
    /// A `kill 0` of the command's then spares what stands around it; Ctrl-C reaches it only through us, and it
    /// cannot read the terminal.
    new_group / "new-group": bool = false,
    { "" }
}
