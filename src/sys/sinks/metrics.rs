//! The sink that counts a finished run in a file of metrics. A failure to write the file is reported once.

use std::ffi::OsString;

use super::Sink;
use crate::classify::signal;
use crate::event::{Event, Level, Outcome, Record, RunStop, micros};
use crate::metrics::{Ended, MAX_SETS, exported};
use crate::policy::Policy;
use crate::sys::{clock, metrics_file};

pub(super) struct Counter {
    path: OsString,
    /// The exported labels.
    labels: Vec<(String, String)>,
    /// Attempts by class: success, transient, throttled, permanent.
    classes: [u64; 4],
}

impl Counter {
    /// Opens the policy's file of metrics, if it names one.
    pub(super) fn new(policy: &Policy) -> Option<Self> {
        let path = policy.metrics_file.as_ref()?.0.clone();
        let labels = exported(&policy.metrics_label.0, &policy.label.0);
        Some(Self { path, labels, classes: [0; 4] })
    }

    fn attempt(&mut self, class: &str) {
        let [success, transient, throttled, permanent] = &mut self.classes;
        *match class {
            "success" => success,
            "throttled" => throttled,
            "permanent" => permanent,
            _ => transient,
        } += 1;
    }

    fn stop(&self, record: &Record<'_>, stop: &RunStop) -> Result<(), String> {
        let ended = Ended {
            operation: &record.run.name,
            policy: record.run.policy.as_deref().unwrap_or("default"),
            labels: &self.labels,
            outcome: stop.outcome,
            rescued: stop.outcome == Outcome::Succeeded && stop.rescued,
            classes: self.classes,
            attempts: stop.attempts,
            waited: micros(stop.slept_ms),
            elapsed: micros(stop.elapsed_ms),
            status: stop.exit_code.or_else(|| signal::status(stop.signal.as_ref()?)).unwrap_or(0),
            at: i64::try_from(clock::unix_micros()).unwrap_or(i64::MAX),
        };
        let name = self.path.to_string_lossy();
        let is_other = metrics_file::update(&self.path, |metrics| metrics.add_latest(&ended))
            .map_err(|why| format!("metrics not written: {name} {why}"))?;
        if is_other {
            return Err(format!(
                "{name} has metrics of {MAX_SETS} operations: this run is counted under (other); \
                 --name and --metrics-label should have few values"
            ));
        }
        Ok(())
    }
}

impl Sink for Counter {
    fn least_level(&self) -> Level {
        Level::Info
    }

    fn wants(&self, event: &Event) -> bool {
        match event {
            Event::AttemptSuccess(_)
            | Event::AttemptRetry { .. }
            | Event::AttemptFailed(_)
            | Event::RunStop(_) => true,
            Event::RunStart(_)
            | Event::AttemptStart(_)
            | Event::GateWait(_)
            | Event::GateRefused(_)
            | Event::GateBypassed(_)
            | Event::Hook(_) => false,
        }
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), String> {
        match record.event {
            Event::AttemptSuccess(_) => self.attempt("success"),
            Event::AttemptRetry { failure, .. } | Event::AttemptFailed(failure) => {
                self.attempt(&failure.class);
            }
            Event::RunStop(stop) => return self.stop(record, stop),
            _ => {}
        }
        Ok(())
    }
}
