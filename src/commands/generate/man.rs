//! The man page. Options and usages come from the rows of the command line; the prose is in `head.roff`, `tail.roff` and,
//! for each verb, in `verbs/`.

use crate::base::capability::CAPABILITIES;
use crate::cli::{self, Arity, Line, Row, Section, Verb, verb_words};

/// The prose for each verb, in the order of the page.
const PROSE: &[(&str, &str)] = &[
    ("until", include_str!("verbs/until.roff")),
    ("wait", include_str!("verbs/wait.roff")),
    ("explain", include_str!("verbs/explain.roff")),
    ("classify", include_str!("verbs/classify.roff")),
    ("profiles", include_str!("verbs/profiles.roff")),
    ("state", include_str!("verbs/state.roff")),
    ("replay", include_str!("verbs/replay.roff")),
    ("report", include_str!("verbs/report.roff")),
    ("simulate", include_str!("verbs/simulate.roff")),
];

/// The whole page, in roff.
pub(super) fn page() -> String {
    // Not clap_mangen's title: it would omit an empty date, and the fields after it would move up. A date would change with
    // every build.
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(
        ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH RETRY 1 \"\" \"retry {version}\" \"User Commands\"\n"
    );
    text += &include_str!("head.roff")
        .replace("@SYNOPSIS@\n", &synopsis())
        .replace("@VERBS@", &verb_words().map(bold).collect::<Vec<_>>().join(", "));
    let mut options = Vec::new();
    let _infallible = clap_mangen::Man::new(cli::documented()).render_options_section(&mut options);
    text += &String::from_utf8_lossy(&options);
    text += ".SH VERBS\n";
    text.extend(verbs().map(verb));
    text + &include_str!("tail.roff")
        .replace("@VARIABLES@\n", &variables())
        .replace("@CONSEQUENCES@\n", &consequences_on("macos"))
}

fn verbs() -> impl Iterator<Item = &'static Line> {
    cli::documented_lines().filter(|line| line.verb != Verb::Run)
}

/// The usage of each verb, one line each.
fn synopsis() -> String {
    let run = "retry [OPTIONS] [--] COMMAND [ARG]...";
    std::iter::once(run)
        .chain(verbs().map(|line| line.usage))
        .map(|usage| marked(usage) + "\n.br\n")
        .collect()
}

/// The description of a verb, and the options that only it has.
fn verb(line: &'static Line) -> String {
    let prose = PROSE.iter().find(|(word, _)| *word == line.word).map_or("", |(_, prose)| *prose);
    let defaults = line.defaults();
    let own = line.rows().into_iter().filter(|row| row.section() == Section::Options);
    let options = own.map(|row| format!(".TP\n{}\n{}\n", option(row), escaped(&row.description(&defaults))));
    let options: String = options.collect();
    format!(".SS \"retry {}\"\n{prose}{options}", line.word)
}

/// An option with the name of its value.
fn option(row: Row) -> String {
    let short = row.short().map(|letter| bold(&format!("-{letter}")));
    let long = row.long().map(|long| bold(&format!("--{long}")));
    let names = short.into_iter().chain(long).collect::<Vec<_>>().join(", ");
    let value = format!("\\fI{}\\fR", escaped(row.value_name()));
    match row.arity() {
        Arity::Switch | Arity::Counter => names,
        Arity::Value => format!("{names} {value}"),
        Arity::Optional(_) => format!("{names}[={value}]"),
        Arity::OptionalWord(_) => format!("{names} [{value}]"),
    }
}

/// A usage with literal text in bold and placeholders in italics.
fn marked(usage: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mut text = String::new();
    let mut rest = usage;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|letter| is_word(letter) != is_word(first)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        text += &match first {
            _ if !is_word(first) => word.to_owned(),
            'A'..='Z' => format!("\\fI{}\\fR", escaped(word)),
            _ => bold(word),
        };
        rest = behind;
    }
    text
}

/// The environment variables that set options, one paragraph each.
fn variables() -> String {
    let entry =
        |variable: &str, option: &str| format!(".TP\n{}\n{}\n", bold(variable), bold(&format!("--{option}")));
    cli::RUN.rows().into_iter().filter_map(|row| Some(entry(row.env()?, row.long()?))).collect()
}

/// The consequences of missing capabilities. The page is the same on every system.
fn consequences_on(system: &str) -> String {
    let lacking = CAPABILITIES.iter().filter(|capability| !capability.is_on(system, "aarch64"));
    let items = lacking.filter_map(|capability| capability.consequence);
    items.map(|consequence| format!(".IP \\(bu 2\n{}\n", escaped(consequence))).collect()
}

fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

/// Text escaped for roff.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_prose_and_its_own_options() {
        let page = page();
        for line in verbs() {
            assert!(PROSE.iter().any(|(word, _)| *word == line.word), "{} has no prose", line.word);
            let section = page.split(&format!(".SS \"retry {}\"\n", line.word)).nth(1).expect("its section");
            let section = section.split("\n.S").next().unwrap_or_default();
            for row in line.rows().into_iter().filter(|row| row.section() == Section::Options) {
                assert!(section.contains(&format!(".TP\n{}\n", option(row))), "{row:?} of {}", line.word);
            }
        }
    }

    #[test]
    fn usages_are_marked_and_escaped() {
        for (usage, shown) in [
            ("retry wait N", "\\fBretry\\fR \\fBwait\\fR \\fIN\\fR"),
            ("[--exit CODE]...", "[\\fB\\-\\-exit\\fR \\fICODE\\fR]..."),
        ] {
            assert_eq!(marked(usage), shown);
        }
        assert_eq!(escaped(".x isn't C:\\x"), "\\&.x isn\\(aqt C:\\ex");
    }
}
