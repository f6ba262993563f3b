//! Numbers in the file. Times are counted in microseconds and written in seconds without loss, since sums accumulate for
//! years.

const MICROS: u64 = 1_000_000;
const DIGITS: usize = 6;

/// The unit of a number.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    Whole,
    /// Microseconds here, seconds in the file.
    Seconds,
}

impl Unit {
    pub(super) fn write(self, number: u64) -> String {
        let fraction = number % MICROS;
        match self {
            Unit::Whole => number.to_string(),
            Unit::Seconds if fraction == 0 => (number / MICROS).to_string(),
            Unit::Seconds => {
                let text = format!("{}.{fraction:06}", number / MICROS);
                text.trim_end_matches('0').to_owned()
            }
        }
    }

    /// Parses the output of [`Unit::write`]; `None` for anything else.
    pub(super) fn read(self, text: &str) -> Option<u64> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) || fraction.len() > DIGITS {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        match self {
            Unit::Whole if text.contains('.') => None,
            Unit::Whole => Some(whole),
            Unit::Seconds => whole.checked_mul(MICROS)?.checked_add(format!("{fraction:0<6}").parse().ok()?),
        }
    }
}
