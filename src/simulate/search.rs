//! The search for the value of one parameter at which a policy starts or stops recovering.

use schemars::JsonSchema;
use serde::Serialize;

use super::plan::Unit;
use super::scenario::Model;
use super::variant::Variant;
use super::verdict::counted;

/// The parameters that can be searched for.
pub const SEARCHED: [&str; 5] = ["capacity", "clients", "outage", "delay", "budget"];

/// The share of the runs that must recover.
const RECOVERING_SHARE: f64 = 0.95;
/// The most clients of the model `occ` that are tried: calls grow with almost the square of their number.
const MAX_RIVALS: f64 = 10_000.0;
/// The most values that are tried.
const MAX_VALUES_TRIED: usize = 20;
/// The most doublings, and halvings, before the search reports that there is no such value.
const MAX_DOUBLINGS: i32 = 8;
/// The relative distance of two values at which the search ends.
const CLOSE_RATIO: f64 = 1.01;

/// The search for one policy.
#[derive(Clone, Debug)]
pub struct Search {
    parameter: String,
    unit: Unit,
    start: f64,
    most: f64,
    /// The values tried, each with the share of the runs that recovered.
    tried: Vec<(f64, f64)>,
    /// The values that could not be simulated, each with the reason.
    refused: Vec<(f64, String)>,
}

/// The result of a search.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Found {
    /// The variant, as `name=value`; empty if nothing is compared.
    pub variant: String,
    pub parameter: String,
    /// The limit: a value with which at least 95 % of the runs recover, and their share; null if there is none.
    pub survives: Option<String>,
    pub survives_share: Option<f64>,
    /// The nearest value with which fewer runs recover.
    pub fails: Option<String>,
    pub fails_share: Option<f64>,
    /// The result in words; `so far: …` if the search was interrupted.
    pub told: String,
}

impl Search {
    /// A search that starts at the value of a variant; fails if the parameter cannot be searched for.
    pub fn new(parameter: &str, variant: &Variant) -> Result<Self, String> {
        let scenario = &variant.scenario;
        let seconds = |time: std::time::Duration| time.as_secs_f64();
        let outage = || scenario.outages.last().and_then(|outage| Some(seconds(outage.until? - outage.from)));
        let clients = f64::from(scenario.clients);
        let is_quadratic = matches!(scenario.model, Model::Occ);
        let (unit, start, most) = match parameter {
            "clients" if scenario.is_open() && matches!(scenario.model, Model::Server(_)) => {
                return Err("clients are those who arrive; use --arrive all, or --find capacity".to_owned());
            }
            "capacity" => (Unit::PerSecond, scenario.capacity(), 1e9),
            "clients" => {
                (Unit::Plain, Some(clients), if is_quadratic { MAX_RIVALS.max(clients) } else { 1e6 })
            }
            "outage" => (Unit::Seconds, outage(), 86_400.0),
            "delay" => (Unit::Seconds, Some(seconds(variant.policy.delay)), 86_400.0),
            "budget" => {
                (Unit::Percent, Some(variant.policy.budget.map_or(20.0, |share| share.0 * 100.0)), 100.0)
            }
            _ => return Err(format!("use {}", SEARCHED.join(", "))),
        };
        match start.filter(|start| *start > 0.0) {
            Some(start) => Ok(Self {
                parameter: parameter.to_owned(),
                unit,
                start,
                most,
                tried: Vec::new(),
                refused: Vec::new(),
            }),
            None => Err("it has no value to begin with".to_owned()),
        }
    }

    /// Whether no value has been tried.
    pub fn is_new(&self) -> bool {
        self.tried.is_empty()
    }

    /// The next value to try, as an option takes it; `None` once the answer is known.
    pub fn next(&self) -> Option<String> {
        let next = self.next_value()?;
        Some(self.written(next))
    }

    /// Records that this share of the runs recovered with the last value asked for.
    pub fn tell(&mut self, share: f64) {
        if let Some(next) = self.next_value() {
            self.tried.push((next, share));
        }
    }

    /// Records that the last value asked for cannot be simulated, and why. Values beyond it are not tried either.
    pub fn refuse(&mut self, why: String) {
        if let Some(next) = self.next_value() {
            self.refused.push((next, why));
        }
    }

    /// Whether a value cannot be simulated: itself, or one that is nearer to where the search began.
    fn is_refused(&self, value: f64) -> bool {
        let is_beyond = |refused: f64| if refused < self.start { value <= refused } else { value >= refused };
        self.refused.iter().any(|(refused, _)| is_beyond(*refused))
    }

    fn written(&self, value: f64) -> String {
        self.unit.written(&self.parameter, value)
    }

    fn next_value(&self) -> Option<f64> {
        if self.is_new() {
            return (!self.is_refused(self.start)).then_some(self.start);
        }
        if let Some([(one, _), (other, _)]) = self.bracket() {
            let is_known =
                other / one <= CLOSE_RATIO || self.written((one * other).sqrt()) == self.written(one);
            let between = (one * other).sqrt();
            return (!is_known
                && !self.is_refused(between)
                && self.written(between) != self.written(other)
                && self.tried.len() < MAX_VALUES_TRIED)
                .then_some(between);
        }
        let steps = (1..=MAX_DOUBLINGS).flat_map(|step| [step, -step]);
        let mut values = steps.map(|step| (self.start * 2_f64.powi(step)).min(self.most));
        values.find(|value| {
            let written = self.written(*value);
            let is_zero = self.unit == Unit::Plain && *value < 1.0;
            !is_zero
                && !self.is_refused(*value)
                && !self.tried.iter().any(|(tried, _)| self.written(*tried) == written)
        })
    }

    /// Two neighbouring values, of which one recovers and the other does not.
    fn bracket(&self) -> Option<[(f64, f64); 2]> {
        let mut tried = self.tried.clone();
        tried.sort_by(|one, other| one.0.total_cmp(&other.0));
        tried.windows(2).find_map(|pair| {
            let [one, other] = pair else { return None };
            ((one.1 >= RECOVERING_SHARE) != (other.1 >= RECOVERING_SHARE)).then_some([*one, *other])
        })
    }

    /// Any value of the parameter, as the object of `survives`.
    fn noun(&self) -> String {
        match self.parameter.as_str() {
            "outage" => "any outage".to_owned(),
            "clients" => "with any number of clients".to_owned(),
            parameter => format!("with any {parameter}"),
        }
    }

    /// The values of a range, as the object of `survives`.
    fn range(&self, least: f64, most: f64) -> String {
        let (first, last) = (self.written(least), self.written(most));
        match self.parameter.as_str() {
            _ if first != last => format!("{} from {first} to {last}", self.noun()),
            "outage" => format!("an outage of {first}"),
            "clients" => format!("with {}", counted(least, "client")),
            parameter => format!("with a {parameter} of {first}"),
        }
    }

    /// The result of a search that was interrupted; `None` if nothing is known yet.
    pub fn found_so_far(&self, variant: String, runs: u32) -> Option<Found> {
        let found = (!self.is_new()).then(|| self.found(variant, runs))?;
        Some(Found { told: format!("so far: {}", found.told), ..found })
    }

    /// The result as far as it is known.
    pub fn found(&self, variant: String, runs: u32) -> Found {
        let parameter = self.parameter.clone();
        let in_runs = |share: f64| format!("{:.0} of {runs} runs", share * f64::from(runs));
        let Some([low, high]) = self.bracket() else {
            let all = || self.tried.iter().map(|(value, _)| *value);
            let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
            let good = self.tried.iter().all(|(_, share)| *share >= RECOVERING_SHARE) && !self.is_new();
            let mut told = match (&self.tried[..], good) {
                ([], _) => "nothing is known".to_owned(),
                (_, true) => format!("survives {}", self.range(least, most)),
                (_, false) => format!("does not survive {}", self.range(least, most)),
            };
            for (value, why) in &self.refused {
                told += &format!("; {} was not tried: {why}", self.written(*value));
            }
            return Found {
                variant,
                parameter,
                survives: good.then(|| self.written(most)),
                survives_share: good.then_some(1.0),
                fails: (!good && !self.is_new()).then(|| self.written(least)),
                fails_share: None,
                told,
            };
        };
        let ((good, good_share), (bad, bad_share)) =
            if low.1 >= RECOVERING_SHARE { (low, high) } else { (high, low) };
        let reach = if good < bad { "up to" } else { "from" };
        let told = format!(
            "survives {} {reach} {} ({}); with {} it does in {}",
            self.noun(),
            self.written(good),
            in_runs(good_share),
            self.written(bad),
            in_runs(bad_share)
        );
        Found {
            variant,
            parameter,
            survives: Some(self.written(good)),
            survives_share: Some(good_share),
            fails: Some(self.written(bad)),
            fails_share: Some(bad_share),
            told,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(start: f64, survives: impl Fn(f64) -> bool) -> Found {
        let mut search = Search {
            parameter: "outage".to_owned(),
            unit: Unit::Seconds,
            start,
            most: 86_400.0,
            tried: Vec::new(),
            refused: Vec::new(),
        };
        let mut steps = 0;
        while let Some(value) = search.next_value() {
            search.tell(if survives(value) { 1.0 } else { 0.2 });
            steps += 1;
            assert!(steps <= MAX_VALUES_TRIED);
        }
        search.found(String::new(), 20)
    }

    #[test]
    fn the_value_is_found_on_either_side_and_whichever_side_is_good() {
        for (start, edge) in [(30.0, 41.0), (30.0, 1.5), (30.0, 700.0)] {
            let below = searched(start, |value| value < edge);
            let above = searched(start, |value| value > edge);
            for found in [&below, &above] {
                for text in [&found.survives, &found.fails] {
                    let value = crate::base::duration::parse(text.as_ref().unwrap()).unwrap().as_secs_f64();
                    assert!((value / edge - 1.0).abs() < 0.02, "{found:?}");
                }
            }
            assert!(below.told.contains("up to") && above.told.contains("from"), "{below:?} {above:?}");
        }
    }

    #[test]
    fn where_nothing_changes_the_range_is_told() {
        assert!(searched(30.0, |_| true).told.starts_with("survives any outage from 117ms to "));
        assert!(searched(30.0, |_| false).told.starts_with("does not survive any outage from 117ms to "));
    }

    fn search(parameter: &str, unit: Unit) -> Search {
        let parameter = parameter.to_owned();
        Search { parameter, unit, start: 100.0, most: 1e6, tried: Vec::new(), refused: Vec::new() }
    }

    #[test]
    fn every_parameter_makes_a_sentence() {
        for (parameter, unit, one, range) in [
            (
                "capacity",
                Unit::PerSecond,
                "with a capacity of 100/s",
                "with any capacity from 100/s to 200/s",
            ),
            ("clients", Unit::Plain, "with 100 clients", "with any number of clients from 100 to 200"),
            ("outage", Unit::Seconds, "an outage of 1m40s", "any outage from 1m40s to 3m20s"),
            ("delay", Unit::Seconds, "with a delay of 1m40s", "with any delay from 1m40s to 3m20s"),
            ("budget", Unit::Percent, "with a budget of 100%", "with any budget from 100% to 200%"),
        ] {
            for (share, verb) in [(1.0, "survives"), (0.0, "does not survive")] {
                let mut search = search(parameter, unit);
                for expected in [one, range] {
                    search.tell(share);
                    let found = search.found_so_far(String::new(), 20).unwrap();
                    assert_eq!(found.told, format!("so far: {verb} {expected}"));
                }
            }
            let mut search = search(parameter, unit);
            search.tell(1.0);
            search.tell(0.1);
            let told = search.found(String::new(), 20).told;
            let any = range.split(" from ").next().unwrap();
            assert!(told.starts_with(&format!("survives {any} up to ")), "{told}");
        }
    }

    /// What is known is kept, and the search goes on with what is left.
    #[test]
    fn a_value_that_cannot_be_simulated_is_named_and_none_beyond_it_is_tried() {
        let searched = |edge: f64| {
            let mut search = search("clients", Unit::Plain);
            while let Some(value) = search.next_value() {
                if value > 300.0 {
                    search.refuse("too large".to_owned());
                } else {
                    search.tell(if value < edge { 1.0 } else { 0.0 });
                }
            }
            assert_eq!(search.refused, [(400.0, "too large".to_owned())][..search.refused.len()]);
            search.found(String::new(), 20)
        };
        let found = searched(1e9);
        assert_eq!(
            found.told,
            "survives with any number of clients from 2 to 200; 400 was not tried: too large"
        );
        assert_eq!(found.survives.as_deref(), Some("200"));
        let found = searched(70.0);
        assert!(found.told.starts_with("survives with any number of clients up to "), "{found:?}");
        let found = searched(0.0);
        assert!(
            found.told.starts_with("does not survive with any number of clients from 2 to 200; 400 was not")
        );

        let mut search = search("clients", Unit::Plain);
        search.refuse("too large".to_owned());
        assert_eq!(search.next(), None);
        let found = search.found(String::new(), 20);
        assert_eq!(found.told, "nothing is known; 100 was not tried: too large");
        assert_eq!((found.survives, found.fails), (None, None));
    }
}
