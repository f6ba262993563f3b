//! Hooks, the fallback and dead letters: rows as `settings.rs` describes them.

rows! { $ Recovery
    /// Run this line with sh -c before each wait for another attempt; repeatable
    ///
    /// The variables RETRY_ATTEMPT, RETRY_EXIT, RETRY_CLASS, RETRY_REASON, RETRY_DELAY_MS and others describe the failure;
    /// stdin is the end of the attempt's stderr if it was captured (--hook-tail), and stdout goes to stderr. The time that
    /// the hook takes counts as waiting. A hook that fails is a warning and changes nothing.
    on_retry / "on-retry": CommandLines = CommandLines::default(),
    { "COMMAND" }

    /// Run this line with sh -c after the run succeeded; repeatable
    ///
    /// RETRY_RESCUED is 1 if there were failures before. See --on-retry.
    on_success / "on-success": CommandLines = CommandLines::default(),
    { "COMMAND" }

    /// Run this line with sh -c after the run finally failed; repeatable
    ///
    /// RETRY_OUTCOME, RETRY_EXIT and RETRY_REASON say why. RETRY_REASON contains text from the command: quote it, and never pass it to eval. See --on-retry.
    on_failure / "on-failure": CommandLines = CommandLines::default(),
    { "COMMAND" }

    /// Time limit for a hook
    ///
    /// A hook that takes longer is stopped with all that it started: TERM, and KILL a second later. 0 means none.
    hook_timeout / "hook-timeout": TimeLimit = TimeLimit(Some(Duration::from_secs(10))),
    { "DURATION" }

    /// Capture stderr so that hooks can read its end (64 KiB) from stdin
    hook_tail / "hook-tail": bool = false,
    { "" }

    /// Run this line with sh -c once the command has finally failed
    ///
    /// It reads the same stdin from the start, and its exit status is the result. It does not run after a signal, or if the input
    /// cannot be replayed in full. With -O only its stdout is printed, and only if it exits 0.
    fallback / "fallback": Option<CommandLine> = None,
    { "COMMAND" }

    /// Time limit for the fallback [default: that of --timeout]
    ///
    /// The run's deadline does not apply to it.
    fallback_timeout / "fallback-timeout": TimeLimit = TimeLimit(None),
    { "DURATION" }

    /// Keep what finally failed in DIR, one file per run, for retry replay
    ///
    /// A dead letter holds the command, its working directory and umask, its input, and how it failed. It is written as a
    /// whole or not at all, and only you can read it; arguments and input may be secret. A pipe on stdin is read to its end
    /// for it: with --dead-letter the input belongs to this command alone. DIR is created if it does not exist.
    dead_letter / "dead-letter": Option<FilePath> = None,
    { "DIR" }

    /// Store the value of this variable in the dead letter: NAME or PREFIX*; repeatable
    ///
    /// The names of all variables are stored, but no value unless it is asked for: a replay uses its own environment, so that
    /// secrets are fresh.
    dead_letter_env / "dead-letter-env": EnvNames = EnvNames::default(),
    { "NAME" }

    /// Copy a file on stdin into the dead letter up to this size; a larger one is only named
    ///
    /// A letter that only names its file is not replayed if the file has changed since.
    dead_letter_copy / "dead-letter-copy": Size = Size(64 << 20),
    { "SIZE" }

    /// Replace what matches in the output and the reason that a dead letter holds; repeatable
    ///
    /// The command's arguments and its input stay as they are: they have to run again.
    dead_letter_redact / "dead-letter-redact": DemandedPatterns = DemandedPatterns::default(),
    { "REGEX" }

    /// Outcomes for which a dead letter is written
    ///
    /// One or more of exhausted, permanent, deadline, stalled, throttled, refused, interrupted and error.
    dead_letter_on / "dead-letter-on": LetterOutcomes = LetterOutcomes::default(),
    { "OUTCOMES" }

    /// Refuse to start (exit 125) if the dead letter could not be written
    dead_letter_required / "dead-letter-required": bool = false,
    { "" }

    /// Warn when DIR holds more dead letters than this; none is ever removed by age
    dead_letter_warn / "dead-letter-warn": Count = Count(10_000),
    { "N" }
}
