//! The quick way through the command line of a run. Nearly every line is right and plain, and to make clap's options
//! takes longer than all else that happens before the command starts.
//!
//! Only what is plainly right is read here, and as clap would read it; anything else (help, clusters of letters, values
//! that look like options, mistakes) is left to clap, which can explain it. Pure.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::Verb;
use super::options::{FOR, HELD, SHELL};
use crate::policy::layer::{Layer, Origin, RETRIES};
use crate::policy::settings::SETTINGS;
use crate::policy::value::TomlForm;

/// A line that is plainly right.
#[derive(Debug, Default)]
pub(super) struct Plain {
    options: Vec<Typed>,
    command: Vec<OsString>,
}

/// An option as it stood there.
#[derive(Debug)]
struct Typed {
    option: Known,
    text: OsString,
}

/// One that is known.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: &'static str,
    takes: Takes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// A value, in the same word or the next.
    Text,
    Nothing,
    /// Nothing, and it counts how often it is there.
    Counted,
    /// A value behind a `=`, or this one.
    TextOr(&'static str),
}

/// Options that are no settings of their own name.
const OTHERS: &[Known] = &[
    Known { id: RETRIES, takes: Takes::Text },
    Known { id: "no-retry", takes: Takes::Nothing },
    Known { id: "policy", takes: Takes::Text },
    Known { id: "config", takes: Takes::Text },
    Known { id: "no-config", takes: Takes::Nothing },
];
/// `retry until` alone has it.
const FOR_FLAG: Known = Known { id: FOR, takes: Takes::Text };
/// It has no long name.
const HELD_FLAG: Known = Known { id: HELD, takes: Takes::TextOr("success") };

/// Reads the words behind the verb; `None` where clap has to.
pub(super) fn read(verb: Verb, words: &[OsString]) -> Option<(Plain, Layer)> {
    let is_until = match verb {
        Verb::Run => false,
        Verb::Until => true,
        _ => return None,
    };
    let mut plain = Plain::default();
    let mut rest = words;
    while let Some((word, behind)) = rest.split_first() {
        let bytes = word.as_bytes();
        match bytes {
            b"--" => {
                rest = behind;
                break;
            }
            [b'-', b'-', long @ ..] => {
                let name = long.split(|byte| *byte == b'=').next().unwrap_or(long);
                let value = long.get(name.len() + 1..);
                let option = of_name(name, is_until)?;
                rest = plain.take(option, value, behind)?;
            }
            [b'-', letter] => rest = plain.take(of_letter(*letter)?, None, behind)?,
            [b'-', _, b'=', ..] => return None,
            [b'-', letter, value @ ..] => {
                let option = of_letter(*letter).filter(|option| option.takes == Takes::Text)?;
                rest = plain.take(option, Some(value), behind)?;
            }
            b"-" => return None,
            _ => break,
        }
    }
    plain.command = rest.to_vec();
    let layer = plain.layer()?;
    Some((plain, layer))
}

fn of_name(name: &[u8], is_until: bool) -> Option<Known> {
    let is = |known: &str| known.as_bytes() == name;
    let setting = SETTINGS.iter().find(|setting| is(setting.key) || setting.alias.is_some_and(is));
    match setting {
        Some(setting) if setting.is_flag() => Some(of_setting(setting)),
        Some(_) => None,
        None if is_until && is(FOR) => Some(FOR_FLAG),
        None => OTHERS.iter().find(|option| is(option.id)).copied(),
    }
}

fn of_letter(letter: u8) -> Option<Known> {
    match letter {
        b'O' => Some(HELD_FLAG),
        _ => SETTINGS.iter().find(|setting| setting.short == Some(letter.into())).map(of_setting),
    }
}

fn of_setting(setting: &crate::policy::settings::Setting) -> Known {
    let takes = match (setting.form, setting.value_name) {
        (TomlForm::Switch, _) => Takes::Nothing,
        (_, "") => Takes::Counted,
        _ if setting.key == SHELL => Takes::TextOr("sh"),
        _ => Takes::Text,
    };
    Known { id: setting.key, takes }
}

impl Plain {
    /// Takes an option in, its value from its own word or from those behind it, and says what is left of these.
    fn take<'w>(
        &mut self,
        option: Known,
        value: Option<&[u8]>,
        behind: &'w [OsString],
    ) -> Option<&'w [OsString]> {
        let is_value = |word: &[u8]| word.first().is_some_and(|first| *first != b'-');
        let (text, rest) = match (option.takes, value) {
            (Takes::Text, None) => {
                let (text, rest) = behind.split_first()?;
                if !is_value(text.as_bytes()) {
                    return None;
                }
                (text.clone(), rest)
            }
            (Takes::Text | Takes::TextOr(_), Some(value)) if !value.is_empty() => {
                (OsStr::from_bytes(value).to_owned(), behind)
            }
            (Takes::TextOr(text), None) => (text.into(), behind),
            (Takes::Nothing | Takes::Counted, None) => (OsString::new(), behind),
            _ => return None,
        };
        self.options.push(Typed { option, text });
        Some(rest)
    }

    /// The settings among the options; `None` if there is something to be said of any.
    fn layer(&self) -> Option<Layer> {
        let mut layer = Layer::default();
        for (at, Typed { option, text }) in self.options.iter().enumerate() {
            // All of its values are taken at once.
            if self.options[..at].iter().any(|earlier| earlier.option.id == option.id) {
                continue;
            }
            let last = self.value(option.id).unwrap_or(text);
            let written = || match option.takes {
                Takes::Text | Takes::TextOr(_) => format!("--{} {}", option.id, last.display()),
                _ => format!("--{}", option.id),
            };
            let (key, texts, written) = match (option.id, option.takes) {
                ("no-retry", _) => ("enabled", vec!["false".into()], written()),
                (HELD, _) => ("stdout", vec![last.clone()], "-O".to_owned()),
                (FOR, _) => ("deadline", vec![last.clone()], written()),
                ("policy" | "config" | "no-config", _) => continue,
                (key, Takes::Nothing) => (key, vec!["true".into()], written()),
                (key, Takes::Counted) => (key, vec![self.of(key).count().to_string().into()], written()),
                (key, _) => (key, self.of(key).cloned().collect(), written()),
            };
            layer.add(key, texts, Origin::Flag, written).ok()?;
        }
        Some(layer)
    }

    fn of(&self, id: &str) -> impl DoubleEndedIterator<Item = &OsString> {
        self.options.iter().filter(move |typed| typed.option.id == id).map(|typed| &typed.text)
    }

    /// The command's words.
    pub(super) fn command(&self) -> &[OsString] {
        &self.command
    }

    /// The last value of an option.
    pub(super) fn value(&self, id: &str) -> Option<&OsString> {
        self.of(id).next_back()
    }

    pub(super) fn is_set(&self, id: &str) -> bool {
        self.of(id).next().is_some()
    }
}
