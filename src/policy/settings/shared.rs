//! Limits that processes share, and where their state is kept: rows as `settings.rs` describes them.

rows! { $ Shared
    /// Name for limits shared by all processes using the same --state
    ///
    /// When a server asks one process to wait (Retry-After), no process with the same key starts an attempt before then. The
    /// limits below apply to all of them together. `auto` is the host in the command's arguments, with a hash of any
    /// credentials in them. At most 255 bytes.
    key / "key": Option<Key> = None,
    { "KEY"; basic }

    /// Maximum number of attempts with this key that run at the same time
    ///
    /// A permit is held while the command runs, and released even if retry is killed.
    concurrency / "concurrency": Option<Permits> = None,
    { "N" }

    /// Rate limit for attempts with this key: 100/1m lets 100 start at once, then 100 per minute
    ///
    /// After the burst, attempts are spread evenly (the generic cell rate algorithm, GCRA).
    rate / "rate": Option<Rate> = None,
    { "N/DURATION" }

    /// Circuit breaker: 5/30s opens for 30s after 5 failures in a row, then tries one attempt at a time
    ///
    /// While the breaker is open, no attempt starts. Then one trial attempt at a time is let through: if it succeeds, the
    /// breaker closes; if it fails, the breaker opens again. 50%/30s opens when half of at least ten results within 30s were
    /// failures. Transient and throttled results are failures; permanent ones do not count.
    breaker / "breaker": Option<Breaker> = None,
    { "N/DURATION" }

    /// Limit retries to a share of the first attempts: 20% or 0.2
    ///
    /// Each first attempt deposits that share, and each retry withdraws 1; in addition, 10 retries are free in any minute. If
    /// the budget is empty, no retry is made, so that an outage does not multiply the load.
    budget / "budget": Option<Share> = None,
    { "SHARE" }

    /// Hold attempts back as the success rate falls
    ///
    /// An attempt waits with probability (requests - 2·accepts)/(requests + 1) over the last two minutes, as described
    /// in Google's SRE book.
    adaptive / "adaptive": bool = false,
    { "" }

    /// How long to wait for a limit to allow the attempt (0 = don't wait) [default: the deadline]
    ///
    /// An attempt that would have to wait longer ends the run, with exit status 75 if no attempt was made, else
    /// that of the last one.
    gate_wait / "gate-wait": GateWait = GateWait(None),
    { "DURATION" needs "key" }

    /// Where shared state is kept: a directory, or redis://, rediss:// or redis+unix:// for many hosts
    ///
    /// The default is ${XDG_STATE_HOME:-$HOME/.local/state}/retry, else /var/tmp/retry-UID. A directory that you name may be
    /// shared by a group. A server's URL may contain a user, a password and a database; ?password-file=FILE at its end reads
    /// the password from a file, since other users can see the command line. If the state is merely busy, retry waits for it.
    /// Limits are not a security control.
    state / "state": Option<StatePlace> = None,
    { "PLACE" env "RETRY_OPT_STATE" }

    /// If shared state is unreachable: proceed without limits, or fail with exit 75
    on_state_error / "on-state-error": OnStateError = OnStateError::Proceed,
    { "WHAT" needs "key" }
}
