//! What counts as a failure, and which failures are retried: rows as `settings.rs` describes them.

rows! { $ Judging
    /// Error-knowledge profile: auto, none, generic, or a tool name; repeatable
    ///
    /// `auto` recognises a tool by its program's name, also behind sudo, env, timeout and similar wrappers; for an unknown
    /// command only the exit status counts. `retry profiles` lists the known tools. Only the streams that a profile's rules
    /// read are captured.
    profile / "profile": ProfileNames = ProfileNames::default(),
    { "PROFILE" short 'p' env "RETRY_OPT_PROFILE" }

    /// Retry only on these exit codes/signals: 1, 5-9, SIGKILL, signal, timeout, not-found, !2
    ///
    /// Lists and repeated options add up; `!2` is anything except 2. Any other failure then ends the run, unless --otherwise is
    /// retry. 137 also matches a command that was killed by SIGKILL.
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
    /// `stdout:RE` and `both:RE` choose another stream; only the streams that a pattern needs are captured. Patterns match
    /// bytes, one line at a time; character classes are ASCII. Any other failure then ends the run, unless --otherwise is
    /// retry.
    retry_match / "retry-match": Patterns = Patterns::default(),
    { "REGEX"; basic }

    /// Regex that marks a permanent error; repeatable
    permanent_match / "permanent-match": Patterns = Patterns::default(),
    { "REGEX" }

    /// Regex that means rate-limited; repeatable
    throttle_match / "throttle-match": Patterns = Patterns::default(),
    { "REGEX" }

    /// Regex that must appear for success, on stdout or stderr; repeatable
    ///
    /// `stdout:RE` and `stderr:RE` search one stream only. An attempt that exits 0 without a match is retried; if no
    /// attempts are left, the exit status is 1.
    success_match / "success-match": DemandedPatterns = DemandedPatterns::default(),
    { "REGEX" }

    /// Explicit rules, only in files: [[policy.NAME.rule]]
    rule / "rule": PolicyRules = PolicyRules::default(),
    { "" }

    /// What to do when no rule matches: retry or stop
    ///
    /// The default is stop if --retry-on or --retry-match is given; otherwise the tool's profile decides.
    otherwise / "otherwise": Option<Otherwise> = None,
    { "WHAT" }

    /// Retry only failures where the request cannot have taken effect
    ///
    /// Such failures are: could not connect, could not resolve the host, refused before any work was done, throttled. Any other
    /// failure ends the run, since repeating the request could do harm. So does any failure of a command that runs others, such
    /// as make or a script: an earlier step may have taken effect.
    non_idempotent / "non-idempotent": bool = false,
    { "" }
}
