//! The values of parameters, as they are written.

use std::time::Duration;

use super::{MAX_CLIENTS, MAX_HORIZON};
use crate::base::duration::{self, exact};
use crate::simulate::scenario::{Arrivals, ClientLoop, HintUse, Load, Outage, Sharing, Trouble};

pub(super) fn clients_of(text: &str) -> Result<u32, String> {
    whole(text, MAX_CLIENTS)
}

pub(super) fn whole(text: &str, most: u32) -> Result<u32, String> {
    match whole_or_zero(text, most)? {
        0 => Err(format!("use 1 to {most}")),
        number => Ok(number),
    }
}

pub(super) fn whole_or_zero(text: &str, most: u32) -> Result<u32, String> {
    let text = text.replace([',', '_'], "");
    let number = text.parse().ok().filter(|number| *number <= most);
    number.ok_or_else(|| format!("invalid number; use a whole one up to {most}"))
}

pub(super) fn bounded(text: &str) -> Result<Duration, String> {
    let time = duration::parse(text)?;
    if time > MAX_HORIZON { Err(format!("use {} at most", exact(MAX_HORIZON))) } else { Ok(time) }
}

/// A word out of a list of two or three.
pub(super) fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    found.ok_or_else(|| format!("use {}", known.join(" or ")))
}

pub(super) fn on_or_off(text: &str) -> Result<bool, String> {
    word(text, &[("on", true), ("off", false)])
}

pub(super) fn hint_use(text: &str) -> Result<HintUse, String> {
    word(text, &[("on", HintUse::On), ("off", HintUse::Off), ("shared", HintUse::Shared)])
}

pub(super) fn load(text: &str) -> Result<Load, String> {
    word(text, &[("ramp", Load::Ramp), ("spike", Load::Spike)])
}

/// `30%` or `0.3`, from 0 to 1.
pub fn share(text: &str, example: &str) -> Result<f64, String> {
    let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let share = number.trim().parse::<f64>().map(|number| number / whole);
    share
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("use a share such as {example}"))
}

/// A number per second: `100/s`, `100`, `6000/1m`.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    let (number, per) = text.split_once('/').unwrap_or((text, "1s"));
    let unit = duration::units().any(|unit| unit == per.trim()).then(|| format!("1{}", per.trim()));
    let per = duration::parse(unit.as_deref().unwrap_or(per))?.as_secs_f64();
    let number = number.trim().replace([',', '_'], "").parse::<f64>().map(|number| number / per);
    number
        .ok()
        .filter(|rate| rate.is_finite() && (0.0..=1e9).contains(rate))
        .ok_or_else(|| "use a number per time, such as 100/s".to_owned())
}

pub(super) fn capacity(text: &str) -> Result<f64, String> {
    let capacity = rate(text)?;
    if capacity < 1e-6 {
        return Err("it would never answer; for a server that is down use --outage 0s..30s:refuse".to_owned());
    }
    Ok(capacity)
}

pub(super) fn arrivals(text: &str) -> Result<Arrivals, String> {
    match text.split_once(':') {
        None if text == "all" => Ok(Arrivals::All),
        None if text == "log" => Ok(Arrivals::Log),
        Some(("spread", time)) => bounded(time).map(Arrivals::Spread),
        Some(("cron", time)) => match bounded(time)? {
            time if time <= Duration::from_secs(60) => Ok(Arrivals::Cron(time)),
            _ => Err("the clients come every minute; use 60s or less".to_owned()),
        },
        Some(("poisson", number)) => match rate(number)? {
            rate if rate > 0.0 => Ok(Arrivals::Poisson(rate)),
            _ => Err("nobody would come; use more than 0 per second".to_owned()),
        },
        _ => Err("use all, spread:10s, poisson:100, cron:10s or log".to_owned()),
    }
}

pub(super) fn pattern(text: &str) -> Result<ClientLoop, String> {
    match text.split_once(':') {
        None if text == "once" => Ok(ClientLoop::Once),
        None if text == "open" => Ok(ClientLoop::Open),
        Some(("closed", time)) => bounded(time).map(ClientLoop::Closed),
        _ => Err("use once, closed:1s or open".to_owned()),
    }
}

pub(super) fn sharing(text: &str) -> Result<Sharing, String> {
    match text.split_once(':') {
        None if text == "off" => Ok(Sharing::Off),
        None if text == "all" => Ok(Sharing::All),
        Some(("groups", number)) => clients_of(number).map(Sharing::Groups),
        _ => Err("use all, off or groups:10".to_owned()),
    }
}

pub(super) fn overload(text: &str) -> Result<f64, String> {
    match text.split_once(':') {
        None if text == "none" => Ok(0.0),
        Some(("collapse", factor)) => factor_of(factor),
        _ => Err("use none or collapse:2".to_owned()),
    }
}

pub(super) fn factor_of(text: &str) -> Result<f64, String> {
    let number = text.trim_start_matches(['×', 'x']).parse::<f64>().ok();
    number.filter(|factor| (0.0..=1e6).contains(factor)).ok_or_else(|| "use a factor such as 2".to_owned())
}

pub(super) fn outage(text: &str) -> Result<Outage, String> {
    let Some((from, rest)) = text.split_once("..") else {
        let until = bounded(text)
            .map_err(|_| format!("invalid outage '{text}': use A..B:KIND, such as 0s..30s:refuse"))?;
        return Ok(Outage { from: Duration::ZERO, until: Some(until), kind: Trouble::Refuse });
    };
    let (until, kind) = rest.split_once(':').unwrap_or((rest, "refuse"));
    let from = bounded(from)?;
    let until = if until == "inf" { None } else { Some(bounded(until)?) };
    if until.is_some_and(|until| until <= from) {
        return Err("it ends before it begins; use A..B with a later B, such as 0s..30s".to_owned());
    }
    Ok(Outage { from, until, kind: trouble(kind)? })
}

pub(super) fn trouble(text: &str) -> Result<Trouble, String> {
    match text.split_once(':').unwrap_or((text, "")) {
        ("refuse", "") => Ok(Trouble::Refuse),
        ("hang", "") => Ok(Trouble::Hang),
        ("503", "") => Ok(Trouble::Unavailable(None)),
        ("503", time) => bounded(time).map(|time| Trouble::Unavailable(Some(time))),
        ("slow", factor) if !factor.is_empty() => factor_of(factor).map(Trouble::Slow),
        ("lose", part) => share(part, "lose:20%").map(Trouble::Lose),
        ("capacity", part) => match share(part, "capacity:20%")? {
            left if left > 0.0 => Ok(Trouble::Capacity(left)),
            _ => Err("no capacity is left; use hang or refuse".to_owned()),
        },
        _ => Err("use refuse, hang, 503, 503:30s, slow:5, lose:20% or capacity:20%".to_owned()),
    }
}
