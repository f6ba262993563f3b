//! The variants of a simulation: the cross product of a comparison, and the axes of a map.

use super::read::{is_parameter, parameters};
use crate::base::duration::{self, exact};
use crate::base::problem::{Problem, did_you_mean};
use crate::policy::settings::SETTINGS;
use std::time::Duration;

/// The most variants of a comparison.
const MAX_VARIANTS: usize = 64;
/// The most values of an axis.
const MAX_VALUES: usize = 1001;
/// The most cells of a map.
const MAX_CELLS: usize = 10_000;
/// The default number of values of an axis.
const DEFAULT_VALUES: u32 = 9;

/// The name of a named policy, which is neither a parameter nor a setting.
const POLICY: &str = "policy";

/// A name, and the value that a variant has for it.
pub type Varied = (String, String);

/// Values of one parameter or setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    pub name: String,
    pub values: Vec<String>,
}

/// The variants of a comparison: every combination of `KEY=V,V,…`. Values with commas are separated by semicolons.
pub fn compared(texts: &[String]) -> Result<Vec<Vec<Varied>>, Problem> {
    let mut variants: Vec<Vec<Varied>> = vec![Vec::new()];
    for text in texts {
        let axis = listed("compare", text)?;
        if variants[0].iter().any(|(name, _)| *name == axis.name) {
            return Err(Problem::new(format!("--compare {} is given twice", axis.name))
                .hint("list all of its values in one, such as jitter=none,full"));
        }
        let longer = |variant: &Vec<Varied>| {
            let with = |value: &String| {
                let mut longer = variant.clone();
                longer.push((axis.name.clone(), value.clone()));
                longer
            };
            axis.values.iter().map(with).collect::<Vec<_>>()
        };
        variants = variants.iter().flat_map(longer).collect();
        if variants.len() > MAX_VARIANTS {
            return Err(Problem::new(format!("--compare makes more than {MAX_VARIANTS} variants"))
                .hint("compare fewer values, or draw a map with --sweep"));
        }
    }
    Ok(variants)
}

/// The axes of a map: one or two of `X=a..b[/n]` or `X=v,v,…`.
pub fn axes(texts: &[String]) -> Result<Vec<Axis>, Problem> {
    let axes = texts.iter().map(|text| axis(text)).collect::<Result<Vec<_>, _>>()?;
    if let [one, other] = &axes[..]
        && one.name == other.name
    {
        return Err(
            Problem::new(format!("--sweep {} is given twice", one.name)).hint("sweep another parameter")
        );
    }
    if axes.len() > 2 {
        return Err(Problem::new("a map has two axes at most").hint("use --sweep once or twice"));
    }
    let cells: usize = axes.iter().map(|axis| axis.values.len()).product();
    if cells > MAX_CELLS {
        return Err(Problem::new(format!("the map has {cells} cells; at most {MAX_CELLS} are drawn"))
            .hint("use fewer values, such as 10s..60s/6"));
    }
    Ok(axes)
}

/// The values of a range `A..B[/N]`; `None` if it is none.
pub fn range(name: &str, value: &str) -> Option<Axis> {
    axis(&format!("{name}={value}")).ok().filter(|_| value.contains("..") && !value.contains(':'))
}

fn axis(text: &str) -> Result<Axis, Problem> {
    let wrong = |why: &str| {
        Problem::new(format!("--sweep {text}: {why}"))
            .hint("use a range such as outage=10s..60s/6, or values such as max=3,5,10")
    };
    let (name, values) = text.split_once('=').ok_or_else(|| wrong("no values"))?;
    let Some((from, rest)) = values.split_once("..").filter(|_| !values.contains(':')) else {
        return listed("sweep", text);
    };
    let name = known("sweep", name)?;
    let (to, count) = match rest.rsplit_once('/') {
        // A rate also has a slash.
        Some((to, count)) if !count.starts_with(char::is_alphabetic) => {
            let count = count.parse().ok().filter(|count| (2..=1001).contains(count));
            (to, count.ok_or_else(|| wrong("use 2 to 1001 values"))?)
        }
        _ => (rest, DEFAULT_VALUES),
    };
    let (unit, from) = number(from).ok_or_else(|| wrong("the range begins with no number"))?;
    let (other, to) = number(to).ok_or_else(|| wrong("the range ends with no number"))?;
    let unit = if unit == Unit::Plain { other } else { unit };
    let value = |step: u32| from + (to - from) * f64::from(step) / f64::from(count - 1);
    let mut values: Vec<String> = (0..count).map(|step| unit.written(&name, value(step))).collect();
    values.dedup();
    Ok(Axis { name, values })
}

/// `KEY=V,V,…`.
fn listed(option: &str, text: &str) -> Result<Axis, Problem> {
    let wrong = || {
        Problem::new(format!("--{option} {text}: no values"))
            .hint("use a name and its values, such as max=3,5,10")
    };
    let (name, values) = text.split_once('=').ok_or_else(wrong)?;
    let name = known(option, name)?;
    let parting = if values.contains(';') { ';' } else { ',' };
    let values: Vec<String> = values.split(parting).map(|value| value.trim().to_owned()).collect();
    if values.iter().any(String::is_empty) {
        return Err(wrong());
    }
    if values.len() > MAX_VALUES {
        return Err(Problem::new(format!("--{option} {name}: {} values", values.len()))
            .hint(format!("use {MAX_VALUES} at most")));
    }
    Ok(Axis { name, values })
}

/// The name of a parameter or of a setting that a simulation has.
fn known(option: &str, name: &str) -> Result<String, Problem> {
    let name = name.trim().trim_start_matches("--");
    let settings = || SETTINGS.iter().filter(|setting| setting.is_simulated() && setting.key != "seed");
    let found = settings().find(|setting| setting.key == name || setting.alias == Some(name));
    if let Some(setting) = found {
        return Ok(setting.key.to_owned());
    }
    if is_parameter(name) || name == POLICY {
        return Ok(name.to_owned());
    }
    let all = [POLICY].into_iter().chain(settings().map(|setting| setting.key)).chain(parameters());
    let all: Vec<_> = all.collect();
    let near = did_you_mean(name, &all);
    let problem = Problem::new(format!("--{option}: unknown parameter '{name}'{near}"));
    Err(if near.is_empty() { problem.hint(format!("use one of {}", all.join(", "))) } else { problem })
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Plain,
    Percent,
    Seconds,
    PerSecond,
}

impl Unit {
    /// The value as it would be written in an option.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float is cut at the ends")]
    pub(super) fn written(self, name: &str, value: f64) -> String {
        const WHOLE: [&str; 6] = ["clients", "max", "workers", "queue", "concurrency", "successes"];
        let value = if WHOLE.contains(&name) { value.round() } else { value };
        let short = |number: f64| {
            let text = format!("{:.6}", (number * four_digits(number)).round() / four_digits(number));
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        match self {
            Unit::Plain => short(value),
            Unit::Percent => format!("{}%", short(value)),
            Unit::PerSecond => format!("{}/s", short(value)),
            Unit::Seconds => {
                let millis = (value * four_digits(value)).round() / four_digits(value) * 1000.0;
                exact(Duration::from_millis(millis.round() as u64)).replace(' ', "")
            }
        }
    }
}

/// The factor that makes a number's first four digits whole; a greater one stays whole anyway.
fn four_digits(number: f64) -> f64 {
    match number {
        _ if number >= 1000.0 => 1.0,
        _ if number >= 100.0 => 10.0,
        _ if number >= 10.0 => 100.0,
        _ if number >= 1.0 => 1000.0,
        _ if number >= 0.1 => 1e4,
        _ if number >= 0.01 => 1e5,
        _ => 1e6,
    }
}

/// A number and its unit.
fn number(text: &str) -> Option<(Unit, f64)> {
    let text = text.trim();
    let plain = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    if let Some(percent) = text.strip_suffix('%') {
        return plain(percent).map(|number| (Unit::Percent, number));
    }
    if let Some(rate) = text.strip_suffix("/s") {
        return plain(rate).map(|number| (Unit::PerSecond, number));
    }
    let plain = plain(text).map(|number| (Unit::Plain, number));
    plain.or_else(|| Some((Unit::Seconds, duration::parse(text).ok()?.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_are_values() {
        for (text, name, values) in [
            ("outage=10s..60s/6", "outage", "10s 20s 30s 40s 50s 1m"),
            ("failure=0..1/3", "failure", "0 0.5 1"),
            ("budget=10%..20%/2", "budget", "10% 20%"),
            ("capacity=50/s..100/s/2", "capacity", "50/s 100/s"),
            ("max=1..3/9", "max", "1 2 3"),
            ("attempts=3,5,10", "max", "3 5 10"),
            ("load=40..80/3", "load", "40 60 80"),
            ("backoff=1s,2s;exp", "backoff", "1s,2s exp"),
        ] {
            let axis = axis(text).unwrap();
            assert_eq!((axis.name.as_str(), axis.values.join(" ").as_str()), (name, values), "{text}");
        }
        for text in [
            "outage",
            "outage=",
            "otage=1s",
            "max=1,,2",
            "max=1..x",
            "max=1..9/1",
            "retry-on=1,2",
            "seed=1,2",
        ] {
            assert!(axis(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_comparison_is_every_combination() {
        let texts = ["jitter=none,full".to_owned(), "max=3,5,9".to_owned()];
        let variants = compared(&texts).unwrap();
        assert_eq!(variants.len(), 6);
        assert_eq!(
            variants[1],
            [("jitter".to_owned(), "none".to_owned()), ("max".to_owned(), "5".to_owned())]
        );
        let many = (1..=65).map(|number: u32| number.to_string()).collect::<Vec<_>>().join(",");
        assert!(compared(&[format!("max={many}")]).is_err());
        assert!(compared(&["max=1".to_owned(), "max=2".to_owned()]).is_err());
    }
}
