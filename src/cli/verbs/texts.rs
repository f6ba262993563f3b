//! The texts around the options of each verb.

pub(super) const AFTER_SHORT: &str = "\
Exit status: the command's own; 75 refused by a shared limit, 124 timed out, 125 retry itself failed, 126 not executable, 127 not found.
--help shows every option.";

pub(super) const AFTER_LONG: &str = "\
Durations: 500ms, 1m 30s, 2h; a bare number is seconds.

Exit status:
  the command's own   it succeeded, or failed and was not retried
  128+n               the command died of signal n
  75                  a shared limit refused the run before any attempt
  124                 the last attempt timed out
  125                 retry itself failed: usage, configuration, processes that could not be killed
  126, 127            the command could not be executed, or was not found

Subcommands (must be the first argument; use -- to run a command of the same name):
  retry until COMMAND     readiness: any failure is retried, for up to five minutes
  retry wait N            the wait before retry N, for loops in scripts
  retry explain           the resolved policy: each value, where it came from, the waits
  retry classify          how a result would be classified, and by which rule
  retry profiles [NAME]   the tools with a profile, and the rules of one
  retry state list        the shared state of all keys; the other actions take a KEY
  retry replay DIR        replay dead letters: failed runs that were kept (--dead-letter)
  retry report LOG        summary of logs: rescued runs, lost time, whether retrying helped
  retry simulate          what many clients under the policy do to a server, in virtual time

Environment: RETRY_OPT_MAX and similar variables set options (see the man page); RETRY_DISABLE=1 runs the command \
once, as if retry were not there.";

pub(super) const AFTER_WAIT: &str = "\
Example: n=0; until deploy; do retry wait $((n += 1)) --max 5 || exit; done";

pub(super) const AFTER_STATE: &str = "\
Actions:
  list         every key that has state, and the limit that holds attempts back
  show KEY     one key in full; a key without state is open
  check KEY    exit 0 if an attempt would be admitted now, else 75; consumes no quota
  close KEY    --for DURATION: no attempt starts before then
  wait KEY     wait until an attempt would be admitted; exit 75 after --gate-wait; consumes no quota
  reset KEY    forget the state, as if the key were new

The limits of a key are those of a run with the same options: flags, [limits.\"KEY\"] and policies.
Example: retry state close api.example.com --for 5m";
