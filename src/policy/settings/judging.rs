//! What counts as a failure, and which failures are retried: rows as `settings.rs` describes them.

rows! { $ Judging
    /// Error-knowledge profile: auto, none, generic, or a tool name; repeatable
    ///
    /// `auto` knows a tool by its program's name, also behind sudo, env, timeout and their like; of a command that
    /// it does not know only the exit status counts. `retry profiles` lists what is known. A profile may have a
    /// stream captured, and only the streams that its rules read.
    profile / "profile": ProfileNames = ProfileNames::default(),
    { "PROFILE" short 'p' env "RETRY_OPT_PROFILE" }

    /// Retry only on these exit codes/signals: 1, 5-9, SIGKILL, signal, timeout, not-found, !2
    ///
    /// Comma lists and repetition add up; `!2` is everything but 2. What no option names then ends the run, unless
    /// --otherwise says retry. 137 is also a command that died of SIGKILL.
    retry_on / "retry-on": ExitSpecs = ExitSpecs::default(),
    { "SPEC"; basic }

    /// Never retry on these exit codes/signals (overrides --retry-on)
    permanent_on / "permanent-on": ExitSpecs = ExitSpecs::default(),
    { "SPEC" }

    /// Exit codes that count as success; the code itself is still passed on
    success_on / "success-on": ExitCodes = ExitCodes::default(),
    { "SPEC" }

    /// Retry if a stderr line matches (repeatable; stdout:RE, both:RE)
    ///
    /// `stdout:RE` and `both:RE` choose another stream; only the streams that a pattern needs are looked at. Patterns
    /// are over bytes, a line at a time; classes are ASCII. What no option names then ends the run, unless
    /// --otherwise says retry.
    retry_match / "retry-match": Patterns = Patterns::default(),
    { "REGEX"; basic }

    /// Regex that means another attempt is pointless; repeatable
    permanent_match / "permanent-match": Patterns = Patterns::default(),
    { "REGEX" }

    /// Regex that means rate-limited; repeatable
    throttle_match / "throttle-match": Patterns = Patterns::default(),
    { "REGEX" }

    /// Regex that must appear for success, on stdout or stderr; repeatable
    ///
    /// `stdout:RE` and `stderr:RE` look at one stream only. An attempt that exits 0 without it is tried again; when no attempt is left the status is 1.
    success_match / "success-match": DemandedPatterns = DemandedPatterns::default(),
    { "REGEX" }

    /// Explicit rules, in files alone: [[policy.NAME.rule]]
    rule / "rule": PolicyRules = PolicyRules::default(),
    { "" }

    /// What to do when no rule matches: retry or stop
    ///
    /// The default is stop as soon as --retry-on or --retry-match is given, else as judged by what is known of the
    /// failure.
    otherwise / "otherwise": Option<Otherwise> = None,
    { "WHAT" }

    /// Retry only failures where the request cannot have taken effect
    ///
    /// That is: it could not connect, the name was not resolved, it was refused before any work, it was throttled.
    /// Any other failure ends the run, since doing it twice may do harm; so does any failure of a command that runs
    /// others, such as make or a script, since an earlier step may have been applied.
    non_idempotent / "non-idempotent": bool = false,
    { "" }
}
