//! Input, output, the log, pings and messages: rows as `settings.rs` describes them.

rows! { $ Surroundings
    /// COMMAND is one string for sh -c, or for another shell; remaining arguments become $1, $2, …
    ///
    /// With bash, the string stops at the first error, also within a pipeline: `bash -eo pipefail -c`. The profile is that of
    /// the first command in the string.
    shell / "shell": Option<Shell> = None,
    { "SHELL" short 'c'; basic }

    /// What the command reads on stdin: auto, inherit, replay or null
    ///
    /// `auto` gives every attempt the same input: a file is read again from the same offset; a pipe or socket is replayed byte
    /// for byte, and no more is taken from it than the command reads. The same goes for pipes and files that an argument names
    /// as /dev/fd/N. Terminals and devices are inherited, and so is everything if there can be only one attempt. `inherit`
    /// never replays; `null` is /dev/null.
    stdin / "stdin": StdinMode = StdinMode::Auto,
    { "MODE" }

    /// Max stdin kept for replay; no retry beyond that
    ///
    /// Input beyond 1MiB is kept in an unlinked temporary file in $TMPDIR or /tmp, or in memory if that is impossible.
    stdin_max / "stdin-max": Size = Size(1 << 30),
    { "SIZE" }

    /// Exit with this code if the command succeeded only after a retry
    fail_if_flaky / "fail-if-flaky": Option<ExitStatus> = None,
    { "CODE" }

    /// Exit with this code if attempts run out
    exhausted_code / "exhausted-code": Option<ExitStatus> = None,
    { "CODE" }

    /// How to handle the command's stdout: stream, success or null
    ///
    /// `success` holds stdout back and writes only that of the successful attempt, or nothing if the run fails; -O is short for
    /// it. `null` discards stdout.
    stdout / "stdout": StdoutMode = StdoutMode::Stream,
    { "MODE" }

    /// How to handle the command's stderr: stream, last or null
    ///
    /// `last` shows only the stderr of the last attempt. `null` discards stderr.
    stderr / "stderr": StderrMode = StderrMode::Stream,
    { "MODE" }

    /// Print nothing unless the run finally fails; then print the output of all attempts
    ///
    /// For cron: each attempt's output goes to the streams it came from, in order, with the messages of retry in between.
    chronic / "chronic": bool = false,
    { "" }

    /// Append a JSON line for each event; - is stderr
    ///
    /// If the log is renamed (logrotate), the next event creates a new one. In a directory where anyone may create files, such
    /// as /tmp, a symbolic link is refused, and so is another user's file unless the directory belongs to that user.
    log / "log": Option<FilePath> = None,
    { "FILE" env "RETRY_OPT_LOG"; basic }

    /// Put the whole command line into the log
    log_argv / "log-argv": bool = false,
    { "" }

    /// How much of the end of each captured stream to log for a failed attempt: 4k, 1MiB
    ///
    /// This option captures nothing by itself: there is a tail only if something else needs the stream captured, such as a
    /// profile.
    log_tail / "log-tail": Size = Size(0),
    { "SIZE" needs "log" }

    /// Ping this URL when the run begins and when it ends (healthchecks.io, Sentry, Cronitor)
    ///
    /// The URL is a secret: no message, log or explanation shows it. The command never waits for a ping, and a ping that
    /// fails only causes a warning. A run inside another retry pings only if --ping is on its own command line.
    ping / "ping": Option<PingUrl> = None,
    { "URL" env "RETRY_OPT_PING" }

    /// Format of pings: auto, healthchecks, sentry or cronitor
    ///
    /// `auto` recognises Sentry and Cronitor by the URL's host; any other host gets pings in the format of healthchecks.io.
    ping_kind / "ping-kind": PingKind = PingKind::Auto,
    { "KIND" needs "ping" }

    /// Send the end of the command's stderr with the last ping
    ///
    /// At most 10 kB, and only for --ping-kind healthchecks. The command's stderr is captured for this.
    ping_body / "ping-body": bool = false,
    { "" needs "ping" }

    /// Time limit for the last ping, all three tries together
    ping_timeout / "ping-timeout": Duration = Duration::from_secs(5),
    { "DURATION" needs "ping" }

    /// Export OpenTelemetry traces: auto or off
    ///
    /// `auto` exports a span for the run and one for each attempt if $OTEL_EXPORTER_OTLP_ENDPOINT or
    /// $OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set. The export happens after the run and takes at most 1s.
    traces / "traces": Traces = Traces::Auto,
    { "WHEN" env "RETRY_OPT_TRACES" }

    /// Count the run in a metrics file for Prometheus (node_exporter's textfile collector)
    ///
    /// Counters continue from run to run, and any number of processes may share a file; it is replaced as a whole. A file that
    /// another program wrote is left alone. Metrics that can't be written cause a warning and never change the result.
    metrics_file / "metrics-file": Option<MetricsFile> = None,
    { "FILE" }

    /// Also add this key of --label as a label of the metrics; repeatable
    ///
    /// Every value creates a separate series: choose labels with few values.
    metrics_label / "metrics-label": MetricsLabels = MetricsLabels::default(),
    { "KEY" needs "metrics-file" }

    /// The operation's name in messages and the log [default: the program's]
    name / "name": Option<Name> = None,
    { "NAME" env "RETRY_OPT_NAME" }

    /// A free label for the log; repeatable
    label / "label": Labels = Labels::default(),
    { "KEY=VALUE" }

    /// Format of messages: text, json (an object per line), auto, or that of a CI system
    ///
    /// `github`, `gitlab`, `buildkite`, `teamcity` and `azure` are text with that system's commands: each attempt is a group
    /// (--ci-groups), and a run that was rescued or failed is one annotation. `auto` is the CI system detected from the
    /// environment, or text. TeamCity and Azure read commands only on stdout (--messages-to).
    message_format / "message-format": MessageFormat = MessageFormat::Text,
    { "FORMAT" env "RETRY_OPT_MESSAGE_FORMAT" }

    /// Where messages go: stderr, stdout, a descriptor's number, or a file to append to
    ///
    /// For a file whose name is a number use ./3. stdout cannot be combined with -O, which reserves it for the command's
    /// output.
    messages_to / "messages-to": MessagesTo = MessagesTo::Stderr,
    { "WHERE" env "RETRY_OPT_MESSAGES_TO" }

    /// Whether each attempt is a group in the log of a CI system: auto, always or never
    ///
    /// `auto`: if messages and output are certain to stay in order, because stdout and stderr are the same file or messages go
    /// to stdout.
    ci_groups / "ci-groups": CiGroups = CiGroups::Auto,
    { "WHEN" env "RETRY_OPT_CI_GROUPS" needs "message-format" }

    /// Keep GitHub from acting on workflow commands in the output of the attempts
    ///
    /// This also disables ::add-mask:: in that output. If retry is killed by SIGKILL, commands in the rest of the step are
    /// ignored as well.
    ci_stop_commands / "ci-stop-commands": bool = false,
    { "" needs "message-format" }

    /// Whether to add a row to $GITHUB_STEP_SUMMARY: auto, always or never
    ///
    /// `auto`: if the run was rescued or failed. Only with --message-format github or auto, and only for the outermost run.
    summary / "summary": Summary = Summary::Auto,
    { "WHEN" env "RETRY_OPT_SUMMARY" needs "message-format" }

    /// Write attempts, outcome and so on to $GITHUB_OUTPUT or a dotenv FILE, for later steps of a CI job
    ///
    /// With --message-format azure and --messages-to stdout, --outputs without FILE sets pipeline variables such as
    /// `retry.attempts`.
    outputs / "outputs": Option<OutputsTo> = None,
    { "FILE" env "RETRY_OPT_OUTPUTS" }

    /// Whether messages are coloured: auto, always or never
    ///
    /// `auto` colours on a terminal, and respects NO_COLOR and CLICOLOR_FORCE.
    color / "color": Color = Color::Auto,
    { "WHEN" }

    /// Suppress messages
    ///
    /// Only the exit status then shows why a command was not run: 75 if a shared limit refused it, 127 if it was not found.
    /// Mistakes in the options are still reported, and so is a run that continues without its limits.
    quiet / "quiet": bool = false,
    { "" short 'q'; basic }

    /// More messages (-vv for every step)
    verbose / "verbose": u64 = 0,
    { "" short 'v'; basic }

    /// Run the command in its own process group
    ///
    /// A `kill 0` by the command then spares retry and its caller. Ctrl-C reaches the command only through retry, and the
    /// command cannot read from the terminal.
    new_group / "new-group": bool = false,
    { "" }
}
