//! The summary of a run, and whether its system recovered.

use super::record::{Record, Second};
use super::scenario::Scenario;

/// A run in numbers. Times are in seconds from time 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub calls: u64,
    pub operations: u64,
    pub succeeded: u64,
    pub lost: u64,
    /// Still trying at the end.
    pub unfinished: u64,
    pub amplification: f64,
    /// The most requests that were sent in a second, after the end of the last outage where there is one.
    pub peak: u32,
    pub peak_at: u64,
    /// When the first and the last operation succeeded.
    pub first: Option<f64>,
    pub last: Option<f64>,
    /// Times within which 50, 95 and 99 % of the operations were done, in seconds; `None` if fewer were.
    pub quantiles: [Option<f64>; 3],
    /// The longest time that more was sent than the server can do.
    pub overload: u64,
    /// The time from which the server does what is asked of it, or all that it can.
    pub recovered_at: Option<u64>,
    /// Requests sent, and operations that succeeded, per second, in the last ten seconds.
    pub load_at_end: f64,
    pub goodput_at_end: f64,
    /// The simulated time that was reached.
    pub reached: f64,
}

/// Seconds that goodput is taken over.
const WINDOW_SECONDS: usize = 10;
/// The share of the demand that must be served.
const GOOD_SHARE: f64 = 0.9;

impl Summary {
    #[expect(clippy::cast_precision_loss, reason = "numbers for people")]
    pub fn new(record: &Record, scenario: &Scenario) -> Self {
        let seconds = |nanos: u64| nanos as f64 / 1e9;
        let ended = scenario.outages_end();
        let from = ended.map_or(0, |end| end.as_secs());
        let (peak, peak_at) = peak(&record.seconds, from);
        let capacity = scenario.capacity();
        let [load_at_end, goodput_at_end] = at_end(record, scenario);
        Self {
            calls: record.calls,
            operations: record.operations,
            succeeded: record.succeeded,
            lost: record.lost,
            unfinished: record.unfinished(),
            amplification: record.amplification(),
            peak,
            peak_at,
            first: record.first.map(seconds),
            last: record.last.map(seconds),
            quantiles: [0.5, 0.95, 0.99].map(|share| record.quantile(share).map(seconds)),
            overload: capacity.map_or(0, |capacity| overload(&record.seconds, capacity)),
            recovered_at: ended.and_then(|end| recovered_at(record, scenario, end.as_secs(), capacity)),
            load_at_end,
            goodput_at_end,
            reached: seconds(record.reached),
        }
    }

    /// The share of the operations that were given up.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub fn lost_share(&self) -> f64 {
        self.lost as f64 / self.operations.max(1) as f64
    }

    /// Whether the system recovered, and at most this share of the operations was given up.
    pub fn survived(&self, lost: f64) -> bool {
        self.recovered_at.is_some() && self.lost_share() <= lost
    }
}

/// The greatest load of a second, and when it was.
fn peak(seconds: &[Second], from: u64) -> (u32, u64) {
    let counted = seconds.iter().zip(0_u64..).skip(usize::try_from(from).unwrap_or(usize::MAX));
    counted.fold(
        (0, from),
        |most, (second, at)| if second.offered > most.0 { (second.offered, at) } else { most },
    )
}

fn overload(seconds: &[Second], capacity: f64) -> u64 {
    let (mut longest, mut current) = (0, 0);
    for second in seconds {
        current = if f64::from(second.offered) > capacity { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    longest
}

/// Load and goodput per second, in the last ten seconds before the horizon. A run that was over earlier has none.
#[expect(clippy::cast_precision_loss, reason = "ten")]
fn at_end(record: &Record, scenario: &Scenario) -> [f64; 2] {
    let end = usize::try_from(scenario.horizon.as_secs()).unwrap_or(usize::MAX);
    let last = record
        .seconds
        .get(end.saturating_sub(WINDOW_SECONDS).min(record.seconds.len())..)
        .unwrap_or_default();
    let last = &last[..last.len().min(WINDOW_SECONDS)];
    let sum = |of: fn(&Second) -> u32| last.iter().map(|second| f64::from(of(second))).sum::<f64>();
    [sum(|second| second.offered), sum(|second| second.succeeded)].map(|sum| sum / WINDOW_SECONDS as f64)
}

/// The first second after `from` from which on every window of ten seconds is well; `None` if the last one is not.
///
/// A window is well if as many operations succeed as 90 % of what is asked of the server, or of what it can do; or if
/// nothing has piled up: less is unfinished at its end than succeeded in it, or than the server does in a second, and no more
/// than a tenth of what ended was given up.
#[expect(clippy::cast_precision_loss, reason = "ten")]
fn recovered_at(record: &Record, scenario: &Scenario, from: u64, capacity: Option<f64>) -> Option<u64> {
    let horizon = usize::try_from(scenario.horizon.as_secs()).unwrap_or(usize::MAX);
    let seconds = &record.seconds[..record.seconds.len().min(horizon)];
    let mut unfinished = vec![0_i64];
    for second in seconds {
        let last = unfinished.last().copied().unwrap_or_default();
        unfinished
            .push(last + i64::from(second.begun) - i64::from(second.succeeded) - i64::from(second.lost));
    }
    let start = usize::try_from(from).unwrap_or(usize::MAX);
    let mut well_from = None;
    for at in start..seconds.len().max(start) {
        let end = (at + WINDOW_SECONDS).min(seconds.len());
        if end - at < WINDOW_SECONDS && at > start && unfinished[end] > 0 {
            break;
        }
        let sum =
            |of: fn(&Second) -> u32| seconds[at..end].iter().map(|second| f64::from(of(second))).sum::<f64>();
        let goodput = sum(|second| second.succeeded);
        let lost = sum(|second| second.lost);
        let asked = unfinished[at] as f64 + sum(|second| second.begun);
        let bound = capacity.map_or(f64::INFINITY, |capacity| capacity * (end - at) as f64);
        let is_backlog = unfinished[end] as f64 > goodput.max(capacity.unwrap_or(1.0)).max(1.0);
        let idle = !is_backlog && lost <= 0.1 * (goodput + lost);
        if goodput >= GOOD_SHARE * asked.min(bound) || idle {
            well_from.get_or_insert(at as u64);
        } else {
            well_from = None;
        }
    }
    // Once all operations have ended, nothing is asked of the server any more.
    let is_over = seconds.len() < horizon && unfinished.last() == Some(&0);
    well_from.or(is_over.then_some(from.max(seconds.len() as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::read::Parameters;

    fn scenario(parameters: &[(&str, &str)]) -> Scenario {
        let mut given = Parameters::default();
        for (name, value) in parameters {
            given.set(name, (*value).to_owned());
        }
        given.scenario("server").unwrap()
    }

    /// A record of seconds: offered, begun, succeeded, lost.
    fn record(seconds: &[[u32; 4]]) -> Record {
        let mut record = Record::default();
        for [offered, begun, succeeded, lost] in seconds {
            record.operations += u64::from(*begun);
            record.succeeded += u64::from(*succeeded);
            record.lost += u64::from(*lost);
            record.seconds.push(Second {
                offered: *offered,
                begun: *begun,
                succeeded: *succeeded,
                lost: *lost,
                ..Second::default()
            });
        }
        record
    }

    #[test]
    fn a_system_has_recovered_once_it_does_what_it_is_asked() {
        let open = scenario(&[("arrive", "poisson:50"), ("outage", "0s..5s:refuse"), ("horizon", "40s")]);
        let down = [[50, 50, 0, 50]; 5];
        let well = [[50, 50, 50, 0]; 35];
        let good = Summary::new(&record(&[&down[..], &well[..]].concat()), &open);
        assert_eq!(good.recovered_at, Some(5));
        // Retries fill the server, and nobody gets an answer in time.
        let storm = [[300, 50, 1, 49]; 35];
        let bad = Summary::new(&record(&[&down[..], &storm[..]].concat()), &open);
        assert_eq!((bad.recovered_at, bad.load_at_end, bad.goodput_at_end), (None, 300.0, 1.0));
        assert_eq!((bad.peak, bad.overload), (300, 35));
        let late = Summary::new(&record(&[&down[..], &storm[..10], &well[..25]].concat()), &open);
        assert_eq!(late.recovered_at, Some(14), "nine tenths of a window are well");
        assert!(late.survived(0.5) && !late.survived(0.1));
    }

    #[test]
    fn a_peak_counts_after_the_outage() {
        let once = scenario(&[("outage", "0s..2s:refuse")]);
        let seen =
            Summary::new(&record(&[[1000, 1000, 0, 0], [900, 0, 0, 0], [7, 0, 7, 0], [9, 0, 9, 0]]), &once);
        assert_eq!((seen.peak, seen.peak_at), (9, 3));
    }
}
