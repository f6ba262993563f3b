//! `--from-log`: reads the logs whose runs and attempts are played back.

use std::sync::Arc;

use crate::base::duration::exact;
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::cli::Invocation;
use crate::commands::report::reading;
use crate::commands::warn;
use crate::report::{Analysis, Options};
use crate::simulate::read::{AFTERMATH, MAX_HORIZON};
use crate::simulate::replay::Replay;
use crate::sys::logs::{Log, in_order};

/// The traffic to play back, if any; or how to exit, if Ctrl-C came before it was read.
pub(super) fn replay(invocation: &Invocation) -> Result<Result<Option<Arc<Replay>>, Exit>, Error> {
    let mut logs = Vec::new();
    for path in invocation.values("from-log") {
        logs.push(Log::find(&path).map_err(|why| reading::cannot_read(&path, &why))?);
    }
    if logs.is_empty() {
        return Ok(Ok(None));
    }
    let mut analysis = Analysis::new(&Options { traffic: true, ..Options::default() });
    reading::read(in_order(logs), &mut analysis, "retry simulate --from-log -")?;
    let outcome = analysis.finish();
    if outcome.input.interrupted {
        return Ok(Err(Exit::Signal(libc::SIGINT)));
    }
    let longest = MAX_HORIZON.saturating_sub(AFTERMATH);
    let replay = Replay::new(&outcome.traffic.unwrap_or_default(), longest)
        .map_err(|why| Error::usage(format!("--from-log: {why}")))?;
    if replay.left_out > 0 {
        warn(&format!(
            "--from-log: the last {} are simulated; {} older runs are left out",
            exact(longest),
            replay.left_out
        ));
    }
    Ok(Ok(Some(Arc::new(replay))))
}
