//! The environment: our options in it, and what a `retry` around us says there.

use std::ffi::OsString;
use std::sync::OnceLock;
use std::time::Duration;

use super::{clock, supervise};
use crate::trace::{ENDPOINTS, TraceContext};

/// The prefix of our own variables.
const OURS: &str = "RETRY_";

/// A variable's value; an empty one is unset.
pub(crate) fn get(name: &str) -> Option<OsString> {
    if name.starts_with(OURS) && !has_ours() {
        return None;
    }
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Is there any variable of ours? Mostly there is none, and to look for each by its name takes as many passes.
fn has_ours() -> bool {
    has()[0]
}

/// Is there any variable that speaks of an export of traces?
pub(crate) fn has_endpoints() -> bool {
    has()[1]
}

fn has() -> [bool; 2] {
    static HAS: OnceLock<[bool; 2]> = OnceLock::new();
    *HAS.get_or_init(|| supervise::environment_has([OURS, ENDPOINTS]))
}

/// The names of the variables that begin like this and are not empty.
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

/// A variable's value, if it is text; an empty one is unset.
pub(crate) fn text(name: &str) -> Option<String> {
    get(name)?.into_string().ok()
}

/// Is `retry` to stand aside?
pub(crate) fn is_disabled() -> bool {
    get("RETRY_DISABLE").is_some_and(|value| value == "1")
}

/// Does stdin stand on a terminal? Then a person may be talking to the command.
pub(crate) fn stdin_is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdin())
}

/// The variable that says what an attempt holds of shared limits.
pub(crate) const PERMITS: &str = "RETRY_PERMITS";

/// The `retry` around this one, as its environment tells of it.
#[derive(Debug, Default)]
pub(crate) struct Outer {
    /// How many `retry` stand above: 0 when none does.
    pub(crate) depth: u32,
    /// The id of the outer run.
    pub(crate) run: Option<String>,
    /// The time left until its deadline; zero when it is over.
    pub(crate) time_left: Option<Duration>,
    /// The permits of shared limits that its attempt holds, in its own words.
    pub(crate) permits: Vec<String>,
}

impl Outer {
    /// Reads the variables that the outer run set. They outlive it in a daemon that it started, so they count
    /// only while it is still our ancestor.
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

/// The variable that says the outer run's deadline once more, on a clock that nobody sets: `WALL:ELAPSED`, where `WALL`
/// is what `RETRY_DEADLINE_AT_MS` says.
pub(crate) const DEADLINE_CLOCK: &str = "RETRY_DEADLINE_CLOCK";

fn time_left() -> Option<Duration> {
    let wall = text("RETRY_DEADLINE_AT_MS")?;
    let at: u64 = wall.parse().ok()?;
    let left = at.saturating_sub(clock::unix_millis());
    let steady = text(DEADLINE_CLOCK).and_then(|clock| steady_left(&clock, &wall));
    Some(Duration::from_millis(steady.unwrap_or(left)))
}

/// The time left on the clock that nobody sets, if it speaks of the same deadline.
fn steady_left(clock: &str, wall: &str) -> Option<u64> {
    let (of, at) = clock.split_once(':')?;
    let now = u64::try_from(clock::now().elapsed.as_millis()).ok()?;
    at.parse::<u64>().ok().filter(|_| of == wall).map(|at| at.saturating_sub(now))
}

/// Does `$RETRY_HINT`, whose path holds the outer run's process id, belong to a process that is not above us?
fn is_stale() -> bool {
    let owner = text("RETRY_HINT").and_then(|path| super::exchange::owner(&path));
    owner.is_some_and(|owner| !supervise::is_ancestor(owner))
}

/// The trace that this run was started in, if `TRACEPARENT` names one.
pub(crate) fn trace() -> Option<TraceContext> {
    TraceContext::parse(&text("TRACEPARENT")?)
}
