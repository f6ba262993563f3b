//! The options of `retry simulate`.

use super::rows::{Arity, Flag};

/// The options that are not settings.
pub(super) static SIMULATE_FLAGS: &[&Flag] = &[
    &Flag {
        words: &["server", "occ", "failures", "collapse"],
        ..Flag::value(
            "model",
            "MODEL",
            "Model that clients run against: server, occ, failures or collapse [default: server]",
        )
    },
    &Flag::value("clients", "N", "Number of clients [default: 1000; 100 for occ and failures]"),
    &Flag::value(
        "arrive",
        "HOW",
        "When clients start: all (at once), spread:10s, poisson:100 (per second, each a new client), cron:10s (each minute), log (as in --from-log) [default: all]",
    ),
    &Flag::value(
        "loop",
        "HOW",
        "What a client does afterwards: once (nothing), closed:1s (again after 1s), open [default: once]",
    ),
    &Flag::value("capacity", "N/s", "Requests per second that the server can serve [default: 100/s]"),
    &Flag::value("workers", "N", "Requests served at the same time [default: 1]"),
    &Flag::value(
        "service",
        "TIME",
        "Service time: exp:10ms, fixed:10ms, lognormal:10ms,1, pareto:10ms,1.5 or log (the attempts of --from-log); the time is the mean",
    ),
    &Flag::value("queue", "N", "Length of the server's queue; further requests are refused [default: 1000]"),
    &Flag {
        words: &["fifo", "lifo"],
        ..Flag::value(
            "queue-order",
            "ORDER",
            "Which waiting request is served next: fifo or lifo [default: fifo]",
        )
    },
    &Flag::value("latency", "TIME", "Network latency, each way [default: fixed:1ms]"),
    &Flag::value(
        "outage",
        "A..B:KIND",
        "Failure from A to B: refuse, hang, 503, 503:30s (Retry-After), slow:5, lose:20%, capacity:20% (what is left); none; repeatable [default: 0s..30s:refuse]",
    ),
    &Flag::value(
        "overload",
        "HOW",
        "How a full queue slows the server: none, or collapse:F for service time x (1 + F) [default: none]",
    ),
    &Flag {
        words: &["on", "off"],
        ..Flag::value("cancel", "ON|OFF", "Whether a client's timeout frees the server [default: off]")
    },
    &Flag::value("failure", "P%", "Share of calls that fail, with --model failures [default: 30%]"),
    &Flag {
        words: &["spike", "ramp"],
        ..Flag::value(
            "load",
            "LOAD",
            "Shape of the load, with --model collapse: spike or ramp [default: spike]",
        )
    },
    &Flag {
        is_file: true,
        ..Flag::value(
            "from-log",
            "LOG",
            "Play back a log written by --log: runs begin when they did, and each request behaves like one of its attempts, drawn at random; - is stdin; repeatable",
        )
    },
    &Flag::value("warm-up", "DURATION", "Time before moment 0, which is not counted [default: 0]"),
    &Flag::value("for", "DURATION", "How long clients keep coming [default: the horizon]"),
    &Flag::value("horizon", "DURATION", "When to stop [default: 10 minutes after the last outage]"),
    &Flag {
        arity: Arity::OptionalWord("all"),
        words: &["all", "off"],
        ..Flag::value(
            "shared",
            "WHO",
            "Which clients share limits: all, off or groups:N; without a value, all [default: all if a limit is given, else off]",
        )
    },
    &Flag {
        words: &["on", "off", "shared"],
        ..Flag::value(
            "hint",
            "WHO",
            "Whether clients respect Retry-After: on, off, or shared by all through a key [default: on]",
        )
    },
    &Flag::value(
        "compare",
        "KEY=V,V,…",
        "Compare values of a setting or parameter, such as jitter=none,full, or named policies with policy=A,B; repeatable for all combinations; off switches a limit off",
    ),
    &Flag::value(
        "sweep",
        "KEY=A..B/N",
        "Draw a map of the values that recover: a range in N steps, or a list KEY=V,V,…; twice for two axes",
    ),
    &Flag {
        words: &["capacity", "clients", "outage", "delay", "budget"],
        ..Flag::value(
            "find",
            "KEY",
            "Find the limit at which 95 % of the runs still recover: capacity, clients, outage, delay or budget",
        )
    },
    &Flag::value(
        "lost",
        "P%",
        "Share of operations that a recovery may give up, for --sweep and --find [default: 1%]",
    ),
    &Flag::value(
        "runs",
        "N",
        "Runs of each variant, with different random numbers [default: 1; 20 with --sweep and --find]",
    ),
    &Flag::value("threads", "N", "Number of threads [default: one per processor]"),
    &Flag::format(&["text", "json", "csv", "html"], "text, json, csv or html"),
    &Flag::switch("timeline", "With --format csv, load over time: t, variant, offered, served"),
];

/// The option of `retry explain`.
pub(super) static SIMULATE_FLAG: Flag = Flag::value(
    "simulate",
    "N[,K=V]…",
    "Only print what N clients would do to a server, such as 1000,outage=30s,capacity=100/s",
);

pub(super) const AFTER_SIMULATE: &str = "\
The clients are the program's own: the same waits, limits and random numbers as in a run. Failures of the server count \
as transient, hints as throttled; settings that judge a command's output do not apply.

Exit status: 0, whatever the verdict.

Example: retry simulate --clients 1000 --outage 0s..30s:refuse --capacity 100/s --max 10";
