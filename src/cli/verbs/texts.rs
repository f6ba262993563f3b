//! The texts around the options of each verb.

pub(super) const AFTER_SHORT: &str = "\
Exit status: the command's own; 75 refused by a shared limit, 124 timed out, 125 retry itself failed, 126 not executable, 127 not found.
--help shows every option.";

pub(super) const AFTER_LONG: &str = "\
Durations are written 500ms, 1m 30s or 2h; a bare number is seconds.

Exit status:
  the command's own   it succeeded, or failed and was not retried
  128+n               the command died of signal n
  75                  a shared limit refused the run before any attempt
  124                 the last attempt timed out
  125                 retry itself failed: usage, configuration, processes that could not be killed
  126, 127            the command could not be executed, was not found

Subcommands (must be the first argument; use -- to run a command of the same name):
  retry until COMMAND     readiness: any failure is retried, for up to five minutes
  retry wait N            the wait before retry N, for loops in scripts
  retry explain           the resolved policy: each value, where it came from, the waits
  retry classify          how a result would be classified, and by which rule
  retry profiles [NAME]   the tools with a profile, and the rules of one
  retry state list        the shared state of all keys; other actions take a KEY
  retry replay DIR        run again what finally failed and was kept (--dead-letter)
  retry report LOG        what logs say: rescued runs, lost time, whether retrying helped

Environment: RETRY_OPT_MAX and similar variables set options (see the man page); RETRY_DISABLE=1 runs the command \
once, as if retry were not there.";

pub(super) const AFTER_WAIT: &str = "\
Example: n=0; until deploy; do retry wait $((n += 1)) --max 5 || exit; done";

pub(super) const AFTER_STATE: &str = "\
Actions:
  list         every key with a state, and what holds attempts back
  show KEY     one key in full; one without a state is open
  check KEY    exit 0 when an attempt would be admitted now, 75 when not; spends nothing
  close KEY    --for DURATION: no attempt starts before then
  wait KEY     wait until an attempt would be admitted; exit 75 after --gate-wait; spends nothing
  reset KEY    forget the state, as if the key were new

The limits of a key are those of a run with the same options: flags, [limits.\"KEY\"] and policies.
Example: retry state close api.example.com --for 5m";

pub(super) const AFTER_REPORT: &str = "\
Exit status: 0; 1 when --max-rescued or --max-failed is exceeded; 125 when a file cannot be read or holds no log.

Example: retry report --rotated --since 7d --name 'nightly-*' /var/log/retry.jsonl";

pub(super) const AFTER_REPLAY: &str = "\
The first letter runs alone; only after a success do the others follow. A letter that succeeded is removed; one that failed \
stays as it was, and DIR/replays.jsonl has a line for it. A kill between success and removal has a letter run twice: a \
server can tell by RETRY_IDEMPOTENCY_KEY, which is the same for every attempt and replay. Options of a run are stronger \
than the letter's settings. A letter is code: it is refused unless it is yours and nobody else may write to it.

Exit status: 0 all done; 1 some failed or were refused; 75 given up, since the trouble is not over; 125 no such file.

Example: retry replay --jobs 4 --rate 5/1s /var/spool/retry";
