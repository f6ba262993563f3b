//! Hooks, the fallback and dead letters: rows as `settings.rs` describes them.

rows! { $ Recovery
    /// Run this line with sh -c before each wait for another attempt; repeatable
    ///
    /// The variables RETRY_ATTEMPT, RETRY_EXIT, RETRY_CLASS, RETRY_REASON, RETRY_DELAY_MS and others describe the failure;
    /// stdin is the end of the attempt's stderr if it was captured (--hook-tail), and stdout goes to stderr. The hook's run
    /// time is part of the wait. A hook that fails causes a warning and changes nothing.
    on_retry / "on-retry": CommandLines = CommandLines::default(),
    { "COMMAND" }

    /// Run this line with sh -c after the run has succeeded; repeatable
    ///
    /// RETRY_RESCUED is 1 if an attempt failed before. See --on-retry.
    on_success / "on-success": CommandLines = CommandLines::default(),
    { "COMMAND" }

    /// Run this line with sh -c after the run has finally failed; repeatable
    ///
    /// RETRY_OUTCOME, RETRY_EXIT and RETRY_REASON say why. RETRY_REASON contains text from the command: quote it, and
    /// never pass it to eval. See --on-retry.
    on_failure / "on-failure": CommandLines = CommandLines::default(),
    { "COMMAND" }

    /// Time limit for a hook
    ///
    /// A hook that takes longer is stopped with all processes it started: SIGTERM, then SIGKILL a second later. 0 means none.
    hook_timeout / "hook-timeout": TimeLimit = TimeLimit(Some(Duration::from_secs(10))),
    { "DURATION" needs "on-retry" | "on-success" | "on-failure" }

    /// Capture stderr so that hooks can read the last 64 KiB of it from stdin
    hook_tail / "hook-tail": bool = false,
    { "" needs "on-retry" | "on-success" | "on-failure" | "dead-letter" | "log-tail" }

    /// Run this line with sh -c once the command has finally failed
    ///
    /// The fallback reads the same stdin from the start, and its exit status is that of the run. It does not run after a
    /// signal, or if the input cannot be replayed in full. With -O only its stdout is printed, and only if it exits 0.
    fallback / "fallback": Option<CommandLine> = None,
    { "COMMAND" }

    /// Time limit for the fallback [default: that of --timeout]
    ///
    /// The run's deadline does not apply to it.
    fallback_timeout / "fallback-timeout": TimeLimit = TimeLimit(None),
    { "DURATION" needs "fallback" }

    /// Save each run that finally fails to a file in DIR, for retry replay
    ///
    /// A dead letter holds the command, its working directory and umask, its input, and how it failed. It is written
    /// atomically, and only you can read it, since arguments and input may be secret. A pipe on stdin is read to its end for
    /// the letter: do not use --dead-letter where other commands read the rest. DIR is created if it does not exist.
    dead_letter / "dead-letter": Option<FilePath> = None,
    { "DIR" }

    /// Store the value of this variable in the dead letter: NAME or PREFIX*; repeatable
    ///
    /// The names of all variables are stored, but no other values: a replay uses its own environment, so that secrets are
    /// current.
    dead_letter_env / "dead-letter-env": EnvNames = EnvNames::default(),
    { "NAME" needs "dead-letter" }

    /// Copy a file on stdin into the dead letter if it is at most this large; else store only its name
    ///
    /// A letter that only names its file is not replayed if the file has changed since.
    dead_letter_copy / "dead-letter-copy": Size = Size(64 << 20),
    { "SIZE" needs "dead-letter" }

    /// Redact what matches in the output and the reason stored in a dead letter; repeatable
    ///
    /// The command's arguments and its input are never redacted, since a replay needs them.
    dead_letter_redact / "dead-letter-redact": DemandedPatterns = DemandedPatterns::default(),
    { "REGEX" needs "dead-letter" }

    /// Outcomes for which a dead letter is written
    ///
    /// One or more of exhausted, permanent, deadline, stalled, throttled, refused, interrupted and error.
    dead_letter_on / "dead-letter-on": LetterOutcomes = LetterOutcomes::default(),
    { "OUTCOMES" needs "dead-letter" }

    /// Refuse to start (exit 125) if a dead letter could not be written
    dead_letter_required / "dead-letter-required": bool = false,
    { "" needs "dead-letter" }

    /// Warn when DIR holds more dead letters than this; letters never expire
    dead_letter_warn / "dead-letter-warn": Count = Count(10_000),
    { "N" needs "dead-letter" }
}
