//! Bounds on a report, so that a build can fail by exceeding them.

use super::figures::{counted, grouped, percent};
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
    /// A share is of all runs, those without an end included.
    pub unfinished: Option<(Most, String)>,
}

/// A line for each bound that the report exceeds.
pub fn exceeded(report: &Report, limits: &Limits) -> Vec<String> {
    let told = |[one, many, name]: [&str; 3], count: u64, of: u64, limit: &Option<(Most, String)>| {
        let (_, typed) = limit.as_ref().filter(|(most, _)| !most.allows(count, of))?;
        let share = percent(count, of).unwrap_or_default();
        let verb = if count == 1 { one } else { many };
        let (count, of) = (grouped(count), counted(of, "run"));
        Some(format!("{count} of {of} ({share}) {verb}, more than --max-{name} {typed}"))
    };
    let (ended, begun) = (report.runs, report.runs + report.unfinished);
    let lines = [
        told(["was rescued", "were rescued", "rescued"], report.rescued, ended, &limits.rescued),
        told(["failed", "failed", "failed"], report.failed, ended, &limits.failed),
        told(["has no end", "have no end", "unfinished"], report.unfinished, begun, &limits.unfinished),
    ];
    lines.into_iter().flatten().collect()
}
