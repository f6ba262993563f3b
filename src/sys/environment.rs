//! The environment: options in variables, and the variables of an enclosing `retry`.

use std::ffi::OsString;
use std::sync::OnceLock;
use std::time::Duration;

use super::{clock, supervise};
use crate::policy::value::Value as _;
use crate::trace::{ENDPOINTS, TraceContext};

/// The prefix of our own variables.
const OURS: &str = "RETRY_";

/// A variable's value. An empty one counts as unset.
pub(crate) fn get(name: &str) -> Option<OsString> {
    if name.starts_with(OURS) && !has_ours() {
        return None;
    }
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether there is any variable of ours. Usually there is none, and looking each one up by name would take many passes.
fn has_ours() -> bool {
    has()[0]
}

/// Whether there is any variable about the export of traces.
pub(crate) fn has_endpoints() -> bool {
    has()[1]
}

fn has() -> [bool; 2] {
    static HAS: OnceLock<[bool; 2]> = OnceLock::new();
    *HAS.get_or_init(|| supervise::environment_has([OURS, ENDPOINTS]))
}

/// The names of the non-empty variables with this prefix.
pub(crate) fn names(prefix: &str) -> Vec<String> {
    if !has_ours() {
        return Vec::new();
    }
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    set.filter_map(|(name, _)| name.into_string().ok()).filter(|name| name.starts_with(prefix)).collect()
}

/// All variables.
pub(crate) fn all() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// A variable's value, if it is UTF-8. An empty one counts as unset.
pub(crate) fn text(name: &str) -> Option<String> {
    get(name)?.into_string().ok()
}

/// The variable that has `retry` run the command directly, if it is a word for yes: `1`, `true`, `yes` or `on`.
pub(crate) const DISABLE: &str = "RETRY_DISABLE";

/// Whether `retry` is to run the command directly; `None` if the variable's value is no word for yes or no.
pub(crate) fn is_disabled() -> Option<bool> {
    get(DISABLE).map_or(Some(false), |value| bool::parse(value.to_str()?).ok())
}

/// Whether stdin is a terminal, so that a person may be using the command interactively.
pub(crate) fn stdin_is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdin())
}

/// The variable with the leases of an attempt.
pub(crate) const PERMITS: &str = "RETRY_PERMITS";

/// The enclosing `retry`, according to its variables.
#[derive(Debug, Default)]
pub(crate) struct Outer {
    /// The number of enclosing runs of `retry`.
    pub(crate) depth: u32,
    /// The id of the outer run.
    pub(crate) run: Option<String>,
    /// The time left until its deadline; zero if that has passed.
    pub(crate) time_left: Option<Duration>,
    /// The leases of its attempt, as encoded by itself.
    pub(crate) permits: Vec<String>,
}

impl Outer {
    /// Reads the variables that the outer run has set. They outlive it in daemons that it started, so they only count while
    /// it is our ancestor.
    pub(crate) fn find() -> Self {
        let Some(depth) = text("RETRY_DEPTH").and_then(|depth| depth.parse().ok()) else {
            return Self { time_left: time_left(), ..Self::default() };
        };
        if is_stale() {
            return Self::default();
        }
        let permits =
            text(PERMITS).map(|all| all.split(',').map(str::to_owned).collect()).unwrap_or_default();
        Self { depth, run: text("RETRY_RUN_ID"), time_left: time_left(), permits }
    }
}

/// The variable with the outer run's deadline on a clock that cannot be set: `WALL:ELAPSED`, where `WALL` is the value of
/// `RETRY_DEADLINE_AT_MS`.
pub(crate) const DEADLINE_CLOCK: &str = "RETRY_DEADLINE_CLOCK";

fn time_left() -> Option<Duration> {
    let wall = text("RETRY_DEADLINE_AT_MS")?;
    let at: u64 = wall.parse().ok()?;
    let left = at.saturating_sub(clock::unix_millis());
    let steady = text(DEADLINE_CLOCK).and_then(|clock| steady_left(&clock, &wall));
    Some(Duration::from_millis(steady.unwrap_or(left)))
}

/// The time left on the clock that cannot be set, if the value is about the same deadline.
fn steady_left(clock: &str, wall: &str) -> Option<u64> {
    let (of, at) = clock.split_once(':')?;
    let now = u64::try_from(clock::now().elapsed.as_millis()).ok()?;
    at.parse::<u64>().ok().filter(|_| of == wall).map(|at| at.saturating_sub(now))
}

/// Whether `$RETRY_HINT`, whose path contains the outer run's process id, belongs to a process that is not our ancestor.
fn is_stale() -> bool {
    let owner = text("RETRY_HINT").and_then(|path| super::exchange::owner(&path));
    owner.is_some_and(|owner| !supervise::is_ancestor(owner))
}

/// The trace that this run was started in, if `TRACEPARENT` names one.
pub(crate) fn trace() -> Option<TraceContext> {
    TraceContext::parse(&text("TRACEPARENT")?)
}
