//! Charts as inline SVG. Each has a title and a description, and distinguishes its parts by more than their hue: success is
//! solid, what has no end is empty, everything else is hatched.

mod curves;

pub use curves::{Curve, Scale, curves, map};

use std::fmt::{self, Write as _};

use crate::base::printable::is_unsafe;
use crate::report::figures::grouped;
use crate::report::story::Story;
use crate::report::text::paint::is_mark;

/// The width of every chart, in its own units.
const WIDTH: usize = 960;
const HEIGHT: usize = 180;
const ROW: usize = 20;
/// The bars' highest end; the scale stands above it.
const TOP: usize = 20;
/// The approximate width of a character.
const CHAR_WIDTH: f64 = 7.5;
/// The most attempts that are drawn for all runs together.
const MAX_BLOCKS: usize = 1_200;
/// The attempts of a run that are always drawn.
const MIN_BLOCKS_OF_RUN: usize = 4;
/// The most characters of a reason shown with its block.
const MAX_REASON_CHARS: usize = 60;
/// What is said of an attempt without an end.
pub const UNENDED: &str = "no end was logged";
/// Where the blocks of a row begin.
const LABEL_WIDTH: usize = 240;

/// The hatches that the style refers to; once in a document.
pub const HATCHES: &str = "<svg class=\"defs\" aria-hidden=\"true\"><defs>\
<pattern id=\"rescued\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
<rect width=\"4\" height=\"6\" style=\"fill:var(--rescued)\"/></pattern>\
<pattern id=\"failed\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(-45)\">\
<rect width=\"4\" height=\"6\" style=\"fill:var(--failed)\"/></pattern>\
<pattern id=\"throttled\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\">\
<rect width=\"4\" height=\"2\" style=\"fill:var(--throttled)\"/></pattern>\
</defs></svg>\n";

/// Foreign text, escaped for HTML text or an attribute's value. Control characters become their pictures.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\u{0}'..='\u{1f}' => {
                    f.write_char(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'))?;
                }
                '\u{7f}'..='\u{9f}' => f.write_char('\u{2421}')?,
                c if is_mark(c) || is_unsafe(c) => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A bar of three parts.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Counted from the left.
    pub place: usize,
    /// First try, rescued, failed.
    pub parts: [u64; 3],
    pub label: String,
    /// The label under the bar, if there is room.
    pub tick: String,
}

const CLASSES: [&str; 3] = ["good", "rescued", "failed"];

fn open(title: &str, about: &str, height: usize) -> String {
    format!(
        "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 {WIDTH} {height}\"><title>{}</title><desc>{}</desc>\n",
        Escaped(title),
        Escaped(about)
    )
}

/// Stacked bars.
#[expect(clippy::cast_precision_loss, reason = "a drawing")]
pub fn bars(title: &str, about: &str, bars: &[Bar]) -> String {
    let mut out = open(title, about, HEIGHT + ROW);
    let places = bars.iter().map(|bar| bar.place + 1).max().unwrap_or(1) as f64;
    let highest = bars.iter().map(|bar| bar.parts.iter().sum::<u64>()).max().unwrap_or(1).max(1);
    let step = (WIDTH as f64 / places).min(72.0);
    for bar in bars {
        let mut top = HEIGHT as f64;
        for (count, class) in bar.parts.iter().zip(CLASSES).filter(|(count, _)| **count > 0) {
            let height = (*count as f64 / highest as f64 * (HEIGHT - TOP) as f64).max(1.0);
            top -= height;
            let _infallible = writeln!(
                out,
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{}: {count}</title></rect>",
                bar.place as f64 * step,
                (step - 1.0).max(0.8),
                Escaped(&bar.label)
            );
        }
    }
    let _infallible = writeln!(
        out,
        "<line class=\"axis\" x1=\"0\" y1=\"{HEIGHT}\" x2=\"{WIDTH}\" y2=\"{HEIGHT}\"/>\n<text class=\"faint\" x=\"0\" y=\"12\">highest bar: {}</text>",
        grouped(highest)
    );
    out + &ticks(bars, step) + "</svg>\n"
}

/// The text under the bars, where there is room: in the middle of wide bars, from the start of narrow ones.
#[expect(clippy::cast_precision_loss, reason = "a drawing")]
fn ticks(bars: &[Bar], step: f64) -> String {
    let mut out = String::new();
    let mut free = 0.0;
    for bar in bars {
        let width = bar.tick.chars().count() as f64 * CHAR_WIDTH;
        let x = (bar.place as f64 * step + (step - 1.0 - width).max(0.0) / 2.0).max(0.0);
        if x >= free && x + width <= WIDTH as f64 {
            let y = HEIGHT + 15;
            let _infallible = writeln!(out, "<text x=\"{:.1}\" y=\"{y}\">{}</text>", x, Escaped(&bar.tick));
            free = x + width + 16.0;
        }
    }
    out
}

/// A square of a class, for a legend.
pub fn swatch(class: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"14\" height=\"14\"/></svg>"
    )
}

/// One line each: a name, its share between 0 and 1, and the share in words.
#[expect(clippy::cast_precision_loss, reason = "a drawing")]
pub fn shares(title: &str, about: &str, lines: &[(String, f64, String)]) -> String {
    let mut out = open(title, about, lines.len().max(1) * ROW);
    for (at, (name, share, words)) in lines.iter().enumerate() {
        let y = at * ROW;
        let width = share.clamp(0.0, 1.0) * (WIDTH - LABEL_WIDTH - 80) as f64;
        let _infallible = writeln!(
            out,
            "<text x=\"0\" y=\"{}\">{}</text><rect class=\"rescued\" x=\"{LABEL_WIDTH}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\"/><text x=\"{:.1}\" y=\"{}\">{}</text>",
            y + 14,
            Escaped(&short(name)),
            y + 3,
            ROW - 6,
            LABEL_WIDTH as f64 + width + 6.0,
            y + 14,
            Escaped(words)
        );
    }
    out + "</svg>\n"
}

/// One row per run: its attempts as blocks, the waits as lines. Each row has its own scale. Of a run with very many
/// attempts, the first ones and the last one are drawn.
#[expect(clippy::cast_precision_loss, reason = "a drawing")]
pub fn runs(title: &str, about: &str, stories: &[&Story]) -> String {
    let mut out = open(title, about, stories.len().max(1) * ROW);
    let most = blocks(stories);
    for (at, story) in stories.iter().enumerate() {
        let y = at * ROW;
        let _infallible =
            writeln!(out, "<text x=\"0\" y=\"{}\">{}</text>", y + 14, Escaped(&short(&story.name)));
        let whole = (story.last - story.started).max(1) as f64;
        let scale = (WIDTH - LABEL_WIDTH) as f64 / whole;
        let last = story.attempts.len().saturating_sub(1);
        let drawn = story.attempts.iter().enumerate().filter(|(at, _)| at + 1 < most || *at == last);
        // A block, and where it ends.
        let block = |number: u64, began: i64, duration: u64, class: &str, words: &str| {
            let x = LABEL_WIDTH as f64 + (began - story.started).max(0) as f64 * scale;
            let x = x.min((WIDTH - 3) as f64);
            let width = (duration as f64 * scale).max(3.0).min(WIDTH as f64 - x);
            let block = format!(
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\"><title>attempt {number}: {}</title></rect>\n",
                y + 4,
                ROW - 8,
                Escaped(&cut(words, MAX_REASON_CHARS))
            );
            (block, x + width)
        };
        for (_, attempt) in drawn {
            let (class, words) = match &attempt.failure {
                None => ("good", "succeeded"),
                Some(failure) if failure.class == "throttled" => ("throttled", &*failure.reason),
                Some(failure) if failure.class == "permanent" => ("failed", &*failure.reason),
                Some(failure) => ("rescued", &*failure.reason),
            };
            let (drawn, end) = block(attempt.number, attempt.started, attempt.duration, class, words);
            out += &drawn;
            if attempt.wait > 0 {
                let middle = y + ROW / 2;
                let _infallible = writeln!(
                    out,
                    "<line class=\"wait\" x1=\"{:.1}\" y1=\"{middle}\" x2=\"{:.1}\" y2=\"{middle}\"/>",
                    end,
                    (end + attempt.wait as f64 * scale).min(WIDTH as f64)
                );
            }
        }
        if let Some(begun) = story.under_way() {
            let so_far = (story.last - begun.at).max(0).unsigned_abs();
            out += &block(begun.number, begun.at, so_far, "open", UNENDED).0;
        }
    }
    out + "</svg>\n"
}

/// The number of attempts of a run that are drawn, so that the total is limited.
fn blocks(stories: &[&Story]) -> usize {
    let all = |most: usize| stories.iter().map(|story| story.attempts.len().min(most)).sum::<usize>();
    let mut most = MIN_BLOCKS_OF_RUN;
    while most < MAX_BLOCKS && all(most + 1) <= MAX_BLOCKS {
        most += 1;
    }
    most
}

/// A name that fits before the blocks.
fn short(name: &str) -> String {
    cut(name, 31)
}

/// The start of a longer text.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        text.to_owned()
    } else {
        text.chars().take(most - 1).chain(['…']).collect()
    }
}
