//! Values of settings for delays.

use serde_json::{Value as Json, json};

use super::{TomlForm, Value};
use crate::backoff::{Jitter, Shape, Strategy};
use crate::base::duration;
use crate::base::problem::did_you_mean;
use crate::policy::pattern;

/// A number without a sign or an exponent.
pub(super) fn decimal(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.').then(|| text.parse().ok())?
}

/// Growth per retry, at least 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor(pub f64);

impl Value for Factor {
    const FORM: TomlForm = TomlForm::Number;

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().parse::<f64>() {
            Ok(factor) if factor.is_finite() && factor >= 1.0 => Ok(Factor(factor)),
            Ok(factor) if factor < 1.0 => Err(format!(
                "'{text}' would shrink the delays; use 1 or more (1 keeps them constant, 2 doubles them)"
            )),
            _ => Err(format!("invalid factor '{text}': use a number, 1 or more")),
        }
    }

    fn schema() -> Json {
        json!({"type": "number", "minimum": 1})
    }

    fn show(&self) -> Json {
        #[expect(clippy::cast_possible_truncation, reason = "whole and small, or it is shown as it is")]
        let whole = self.0 as i64;
        if self.0.fract() == 0.0 && self.0 < 1e15 { json!(whole) } else { json!(self.0) }
    }
}

impl Value for Strategy {
    const FORM: TomlForm = TomlForm::List;

    fn schema() -> Json {
        pattern::strategy()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_ascii();
        if let Some((_, shape)) = Shape::NAMES.iter().find(|(name, _)| *name == text) {
            return Ok((*shape).into());
        }
        if !text.contains(',') && duration::parse(text).is_err() {
            let names: Vec<_> = Shape::NAMES.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "invalid backoff '{text}'{} ({}, or a list of delays such as 1s,2s,4s)",
                did_you_mean(text, &names),
                names.join(", ")
            ));
        }
        let waits = text.split(',').map(|entry| match entry.trim_ascii() {
            "" => Err(format!("the list '{text}' has an empty entry; use a list of delays such as 1s,2s,4s")),
            entry => duration::parse(entry),
        });
        waits.collect::<Result<_, _>>().map(Strategy::List)
    }

    fn show(&self) -> Json {
        match self {
            Strategy::List(waits) => {
                json!(waits.iter().map(|wait| duration::exact(*wait)).collect::<Vec<_>>())
            }
            shape => {
                let known = Shape::NAMES.iter().find(|(_, known)| Strategy::from(*known) == *shape);
                json!(known.map_or("", |(name, _)| name))
            }
        }
    }

    fn words() -> Vec<&'static str> {
        Shape::NAMES.iter().map(|(name, _)| *name).collect()
    }
}

impl Value for Jitter {
    const FORM: TomlForm = TomlForm::Text;

    fn schema() -> Json {
        pattern::jitter()
    }

    fn words() -> Vec<&'static str> {
        Jitter::NAMES.iter().map(|(name, _)| *name).collect()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_ascii();
        if let Some((_, jitter)) = Jitter::NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(*jitter);
        }
        if let Some(percent) = text.strip_suffix('%') {
            return match decimal(percent) {
                Some(percent) if (0.0..=100.0).contains(&percent) => Ok(Jitter::Share(percent / 100.0)),
                _ => Err(format!(
                    "invalid share '{text}': use 0% to 100%; for more, multipliers such as 0.5..3"
                )),
            };
        }
        if let Some((low, high)) = text.split_once("..") {
            let multipliers = (decimal(low), decimal(high));
            return match multipliers {
                (Some(low), Some(high)) if low <= high && high.is_finite() => {
                    Ok(Jitter::Multipliers(low, high))
                }
                _ => {
                    Err(format!("invalid multipliers '{text}': use two numbers, low..high, such as 0.5..1.5"))
                }
            };
        }
        let percent = text.parse::<f64>().ok().filter(|share| (0.0..=100.0).contains(share));
        if let Some(share) = percent {
            let percent = if share <= 1.0 { share * 100.0 } else { share };
            return Err(format!("invalid jitter '{text}': use {percent}% for a share"));
        }
        Err(format!(
            "invalid jitter '{text}'{} ({}, a share such as 25%, or multipliers such as 0.5..1.5)",
            did_you_mean(text, &Self::words()),
            Self::words().join(", ")
        ))
    }

    fn show(&self) -> Json {
        match self {
            Jitter::Share(share) => json!(format!("{}%", share * 100.0)),
            Jitter::Multipliers(low, high) => json!(format!("{low}..{high}")),
            named => {
                let known = Jitter::NAMES.iter().find(|(_, jitter)| jitter == named);
                json!(known.map_or("", |(name, _)| name))
            }
        }
    }
}
