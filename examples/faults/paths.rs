//! The ways through the program whose calls are made to fail.

/// What the program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stdin {
    Null,
    File,
    Pipe,
}

/// What the program runs, and so what a run may end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A command that fails with 3 once, and succeeds from then on.
    Flaky,
    /// A command that fails with 3 always.
    Failing,
    /// A command that lasts longer than it may (124).
    Slow,
    /// No command: the same result each time.
    Verb,
}

/// One way through the program.
pub(crate) struct Path {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Split at blanks. `@X`, `@REDIS`, `@HTTP` and `@KEY` stand for what is known later, `@CMD` for the command.
    pub(crate) args: &'static str,
    pub(crate) environment: &'static [(&'static str, &'static str)],
    /// Runs that make the files that each run of the path finds.
    pub(crate) before: &'static [&'static str],
    pub(crate) stdin: Stdin,
    /// stdout is a pipe; else it is a file.
    pub(crate) piped: bool,
    /// Nothing is written of an attempt that fails.
    pub(crate) held: bool,
    /// Another run afterwards, without a fault, shall end as if there had been none.
    pub(crate) again: bool,
    /// A file, relative to the working directory, that must be there and whole if nothing was said of it; see `verdict`.
    pub(crate) leaves: Leaves,
}

/// What a run leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    Nothing,
    /// `log`, with events.
    Log,
    /// `metrics`, with counters.
    Metrics,
    /// `letters`, with one letter that holds the input.
    Letter,
    /// `letters`, without the letter, if its command succeeded.
    NoLetter,
    /// `report`, as a whole or not at all.
    Report,
}

const PLAIN: Path = Path {
    name: "plain",
    kind: Kind::Flaky,
    args: "--max 3 --delay 1ms -- @CMD flaky",
    environment: &[],
    before: &[],
    stdin: Stdin::Null,
    piped: false,
    held: false,
    again: false,
    leaves: Leaves::Nothing,
};

const LOCAL: &str = "--max 3 --delay 1ms --key @KEY --state state --concurrency 2 --rate 100/1s --breaker 9/1s --budget 50% -- @CMD flaky";

/// All paths.
pub(crate) const PATHS: &[Path] = &[
    PLAIN,
    Path { name: "fails", kind: Kind::Failing, args: "--max 2 --delay 1ms -- @CMD fails", ..PLAIN },
    Path {
        name: "captured",
        args: "--max 3 --delay 1ms --retry-match again --success-match stdout:second -- @CMD flaky",
        ..PLAIN
    },
    Path {
        name: "tail",
        args: "--max 3 --delay 1ms --log log --log-tail 4k --log-argv -- @CMD flaky",
        leaves: Leaves::Log,
        ..PLAIN
    },
    Path {
        name: "flood",
        args: "--max 3 --delay 1ms --retry-match both:again -- @CMD flaky loud",
        piped: true,
        ..PLAIN
    },
    Path {
        name: "held",
        args: "--max 3 --delay 1ms -O --stderr last -- @CMD flaky loud",
        held: true,
        ..PLAIN
    },
    Path {
        name: "logged",
        args: "--max 3 --delay 1ms --log log -- @CMD flaky",
        before: &["--max 1 --log log -- true"],
        leaves: Leaves::Log,
        ..PLAIN
    },
    Path { name: "limited", args: LOCAL, again: true, ..PLAIN },
    Path { name: "limited-kept", args: LOCAL, before: &[LOCAL], again: true, ..PLAIN },
    Path {
        name: "redis",
        args: "--max 3 --delay 1ms --key @KEY --state @REDIS --concurrency 2 --rate 100/1s --breaker 9/1s --budget 50% -- \
               @CMD flaky",
        again: true,
        ..PLAIN
    },
    Path { name: "stdin-file", args: "--max 3 --delay 1ms -- @CMD flaky reads", stdin: Stdin::File, ..PLAIN },
    Path {
        name: "stdin-pipe",
        args: "--max 3 --delay 1ms -- @CMD flaky reads",
        stdin: Stdin::Pipe,
        piped: true,
        ..PLAIN
    },
    Path {
        name: "stdin-captured",
        args: "--max 3 --delay 1ms --retry-match again -- @CMD flaky reads loud",
        stdin: Stdin::Pipe,
        piped: true,
        ..PLAIN
    },
    Path {
        name: "letter",
        kind: Kind::Failing,
        args: "--max 2 --delay 1ms --dead-letter letters --retry-match again -- @CMD fails reads",
        stdin: Stdin::Pipe,
        leaves: Leaves::Letter,
        ..PLAIN
    },
    Path {
        name: "letter-of-file",
        kind: Kind::Failing,
        args: "--max 2 --delay 1ms --dead-letter letters --dead-letter-copy 1MiB -- @CMD fails reads",
        before: &["--max 1 --dead-letter letters -- @CMD fails"],
        stdin: Stdin::File,
        leaves: Leaves::Letter,
        ..PLAIN
    },
    Path {
        name: "replay",
        args: "replay --max 3 --delay 1ms letters",
        before: &["--max 1 --dead-letter letters -- @CMD flaky reads"],
        leaves: Leaves::NoLetter,
        ..PLAIN
    },
    Path {
        name: "metrics",
        args: "--max 3 --delay 1ms --metrics-file metrics --label a=b --metrics-label a -- @CMD flaky",
        before: &["--max 1 --metrics-file metrics -- true"],
        again: true,
        leaves: Leaves::Metrics,
        ..PLAIN
    },
    Path {
        name: "ci",
        args: "--max 3 --delay 1ms --summary always --outputs=outputs --ci-groups always -- @CMD flaky",
        environment: &[("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", "summary")],
        ..PLAIN
    },
    Path {
        name: "told",
        args: "--max 3 --delay 1ms --ping @HTTP/ping --ping-body --traces auto -- @CMD flaky",
        environment: &[("OTEL_EXPORTER_OTLP_ENDPOINT", "@HTTP"), ("OTEL_TRACES_EXPORTER", "otlp")],
        ..PLAIN
    },
    Path {
        name: "hooks",
        args: "--max 3 --delay 1ms --hook-tail --on-retry true --on-success true -- @CMD flaky",
        ..PLAIN
    },
    Path {
        name: "fallback",
        kind: Kind::Failing,
        args: "--max 2 --delay 1ms --fallback exit${IFS}3 --on-failure true -- @CMD fails",
        ..PLAIN
    },
    Path {
        name: "slow",
        kind: Kind::Slow,
        args: "--max 2 --delay 1ms --timeout 60ms --kill-after 200ms -- @CMD slow",
        ..PLAIN
    },
    Path {
        name: "witness",
        kind: Kind::Slow,
        args: "--max 1 --deadline 350ms --kill-after 200ms -- @CMD slow",
        ..PLAIN
    },
    Path { name: "wait", kind: Kind::Verb, args: "wait 2 --delay 1ms", ..PLAIN },
    Path {
        name: "state",
        kind: Kind::Verb,
        args: "state check --state state --key kept kept",
        before: &["--max 1 --key kept --state state --rate 100/1s -- true"],
        ..PLAIN
    },
    Path {
        name: "report",
        kind: Kind::Verb,
        args: "report --format json log",
        before: &["--max 2 --delay 1ms --log log -- @CMD fails", "--max 1 --log log -- true"],
        ..PLAIN
    },
    Path {
        name: "report-to",
        kind: Kind::Verb,
        args: "report --format html -o report log",
        before: &["--max 2 --delay 1ms --log log -- @CMD fails"],
        leaves: Leaves::Report,
        ..PLAIN
    },
    Path {
        name: "report-piped",
        kind: Kind::Verb,
        args: "report",
        before: &["--max 2 --delay 1ms --log @X/input -- @CMD fails"],
        stdin: Stdin::Pipe,
        piped: true,
        ..PLAIN
    },
];
