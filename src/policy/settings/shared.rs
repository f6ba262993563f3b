//! Limits that processes share, and where their state is kept: rows as `settings.rs` describes them.

rows! { $ Shared
    /// Name for limits shared by all processes using the same --state
    ///
    /// When a server asks one process to wait (Retry-After), no process with the key starts an attempt before that. The limits
    /// below apply to all of them together. `auto` is the host in the command's arguments, with a hash of any credentials there.
    /// At most 255 bytes.
    key / "key": Option<Key> = None,
    { "KEY"; basic }

    /// Attempts of this key that may run at the same time
    ///
    /// A permit is held while the command runs, and released even if its holder is killed.
    concurrency / "concurrency": Option<Permits> = None,
    { "N" }

    /// Attempts of this key per time: 100/1m lets 100 start at once, then 100 per minute
    ///
    /// After the burst, attempts are spread evenly (the generic cell rate algorithm, GCRA).
    rate / "rate": Option<Rate> = None,
    { "N/DURATION" }

    /// A circuit breaker: 5/30s opens after 5 failures in a row for 30s, then tries one attempt at a time
    ///
    /// While it is open no attempt starts. Then one trial attempt at a time is let through: if it succeeds the breaker closes, if
    /// it fails the breaker opens again. 50%/30s opens when half of at least ten results within 30s were failures. Transient and
    /// throttled results are failures; permanent ones do not count.
    breaker / "breaker": Option<Breaker> = None,
    { "N/DURATION" }

    /// Retries, as a share of the first attempts: 20% or 0.2
    ///
    /// A first attempt deposits that share, a retry withdraws 1; in addition, 10 retries are free in any minute. If the budget is
    /// empty, no retry is made, so that an outage does not multiply the usual load.
    budget / "budget": Option<Share> = None,
    { "SHARE" }

    /// Hold attempts back as the success rate falls
    ///
    /// An attempt waits with probability (requests - 2·accepts)/(requests + 1) over the last two minutes, as Google's
    /// SRE book has it.
    adaptive / "adaptive": bool = false,
    { "" }

    /// How long to wait for a limit to allow the attempt (0 = don't wait) [default: the deadline]
    ///
    /// An attempt that would have to wait longer ends the run: exit 75 before any attempt, later the status of the
    /// last one.
    gate_wait / "gate-wait": GateWait = GateWait(None),
    { "DURATION" }

    /// Where shared state is kept: a directory, or redis://, rediss:// or redis+unix:// for many hosts
    ///
    /// The default is ${XDG_STATE_HOME:-$HOME/.local/state}/retry, else /var/tmp/retry-UID. A directory that you name may be shared by a group. A server's URL may contain user, password and database;
    /// ?password-file=FILE at its end reads the password from a file, since others can read a command line. State that is merely
    /// busy is waited for. Limits are not a security control.
    state / "state": Option<StatePlace> = None,
    { "PLACE" env "RETRY_OPT_STATE" }

    /// If shared state is unreachable: proceed without limits, or fail with exit 75
    on_state_error / "on-state-error": OnStateError = OnStateError::Proceed,
    { "WHAT" }
}
