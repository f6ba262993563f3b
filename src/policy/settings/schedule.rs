//! Attempts, time limits and waits: rows as `settings.rs` describes them.

rows! { $ Schedule
    /// Maximum number of attempts, including the first (inf = unlimited)
    ///
    /// Attempts are counted from 1: `--max 3` runs the command at most three times, and `--attempts 3` is the same.
    /// With a deadline and no number given, attempts are unlimited.
    max / "max": MaxAttempts = MaxAttempts::Times(3),
    { "N" short 'n' alias "attempts" env "RETRY_OPT_MAX"; basic }

    /// Total time limit (attempts and waits)
    ///
    /// An attempt that reaches it is stopped (exit 124); a wait that would pass it ends the run at once. 0 means none.
    deadline / "deadline": TimeLimit = TimeLimit(None),
    { "DURATION" env "RETRY_OPT_DEADLINE"; basic }

    /// Time limit per attempt
    ///
    /// An attempt that takes longer is stopped with its whole process tree. A timeout is a transient failure; after the last
    /// attempt the exit status is 124. 0 means none.
    timeout / "timeout": TimeLimit = TimeLimit(None),
    { "DURATION" env "RETRY_OPT_TIMEOUT"; basic }

    /// Stop an attempt that produces no output for this long
    ///
    /// An attempt that is silent for longer is stopped as by --timeout. Both streams are captured; on a terminal the command
    /// still sees a terminal. 0 means none.
    idle_timeout / "idle-timeout": TimeLimit = TimeLimit(None),
    { "DURATION" }

    /// Give up if no progress is seen for this long
    ///
    /// A line that matches --progress-match is progress, and so is touching the file named by $RETRY_PROGRESS. Each drawing of
    /// a progress bar counts as a line.
    /// A running attempt is stopped (exit 124). The default is 2h if neither attempts nor time are limited, otherwise none; 0
    /// means none.
    progress_timeout / "progress-timeout": TimeLimit = TimeLimit(None),
    { "DURATION" }

    /// Regex that marks progress; repeatable
    ///
    /// `stdout:RE` and `both:RE` choose a stream other than stderr.
    progress_match / "progress-match": Patterns = Patterns::default(),
    { "REGEX" }

    /// Signal sent first when an attempt times out
    signal / "signal": Signal = Signal(libc::SIGTERM),
    { "SIGNAL" }

    /// Grace period before SIGKILL
    ///
    /// If given, it also applies after a forwarded signal.
    kill_after / "kill-after": Duration = Duration::from_secs(10),
    { "DURATION" short 'k' }

    /// How the wait grows: fixed, linear, exponential, fibonacci, decorrelated, or a list 1s,2s,4s
    ///
    /// The wait before retry k, for a delay d and a factor f, is: fixed, d; linear, d·k; exponential, d·f^(k-1); fibonacci,
    /// d·F(k); a list, its k-th entry, and the last one from then on; decorrelated, a random value between d and three times
    /// the previous wait. `constant`, `exp` and `fib` are short for fixed, exponential and fibonacci.
    backoff / "backoff": Strategy = Strategy::Exponential,
    { "STRATEGY" short 'b' env "RETRY_OPT_BACKOFF"; basic }

    /// Initial delay
    delay / "delay": Duration = Duration::from_secs(1),
    { "DURATION" short 'd' env "RETRY_OPT_DELAY"; basic }

    /// Upper bound for the delay, jitter included
    ///
    /// The default is 60s, or the longest of --delay and the entries of a list if that is longer.
    max_delay / "max-delay": Duration = Duration::from_secs(60),
    { "DURATION" env "RETRY_OPT_MAX_DELAY" }

    /// Growth factor of the exponential backoff, 1 or more
    factor / "factor": Factor = Factor(2.0),
    { "FACTOR" }

    /// Randomisation of the delay: none, full, equal, additive, ±25%, or 0.5..1.5
    ///
    /// The delay is drawn uniformly. For a wait w of the backoff the range is: full, 0..w; equal, w/2..w; additive, w..2w; 25%,
    /// w±25%.
    jitter / "jitter": Jitter = Jitter::Equal,
    { "JITTER" short 'j' env "RETRY_OPT_JITTER"; basic }

    /// Longest wait that a server may ask for; give up if it asks for more
    max_retry_after / "max-retry-after": Duration = Duration::from_secs(300),
    { "DURATION" env "RETRY_OPT_MAX_RETRY_AFTER" }

    /// Restart the backoff after an attempt that ran at least this long
    reset_after / "reset-after": TimeLimit = TimeLimit(None),
    { "DURATION" }

    /// Number of successes in a row that the run needs to succeed
    ///
    /// A failure in between restarts the count; the wait between successes is --delay.
    successes / "successes": Count = Count(1),
    { "N" }

    /// Wait a random time of at most this long before the first attempt
    ///
    /// Spreads out jobs that start in the same minute (cron). This wait counts towards the deadline; it does not change the
    /// delays that --seed gives. 0 means none.
    splay / "splay": TimeLimit = TimeLimit(None),
    { "DURATION" }

    /// Seed for the random delays
    seed / "seed": Option<u64> = None,
    { "N" }

    /// Whether to retry at all; --no-retry on the command line sets false
    enabled / "enabled": bool = true,
    { "" }
}
