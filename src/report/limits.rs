//! Bounds on a report, so that a build can fail by exceeding them.

use super::figures::{grouped, percent};
use super::model::Report;

/// The most that is allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Most {
    Runs(u64),
    /// A share of all runs, in percent.
    Percent(f64),
}

impl Most {
    /// `2` or `5%`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.strip_suffix('%') {
            Some(share) => {
                let share: f64 = share.trim().parse().ok()?;
                (0.0..=100.0).contains(&share).then_some(Self::Percent(share))
            }
            None => text.parse().ok().map(Self::Runs),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn allows(self, count: u64, runs: u64) -> bool {
        match self {
            Self::Runs(most) => count <= most,
            Self::Percent(share) => count as f64 * 100.0 <= share * runs as f64,
        }
    }
}

/// The requested bounds, as typed.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    pub rescued: Option<(Most, String)>,
    pub failed: Option<(Most, String)>,
}

/// A line for each bound that the report exceeds.
pub fn exceeded(report: &Report, limits: &Limits) -> Vec<String> {
    let told = |what: &str, count: u64, limit: &Option<(Most, String)>| {
        let (_, typed) = limit.as_ref().filter(|(most, _)| !most.allows(count, report.runs))?;
        let share = percent(count, report.runs).unwrap_or_default();
        let (count, runs) = (grouped(count), grouped(report.runs));
        Some(format!("{count} of {runs} runs ({share}) {what}, more than --max-{} {typed}", name(what)))
    };
    let rescued = told("were rescued", report.rescued, &limits.rescued);
    rescued.into_iter().chain(told("failed", report.failed, &limits.failed)).collect()
}

fn name(what: &str) -> &str {
    what.rsplit(' ').next().unwrap_or(what)
}
