//! Parses a command line as its tool does: options with their values, and operands.

use std::borrow::{Borrow, Cow};

/// What has to be known of a tool's options to tell operands from option values.
#[derive(Default)]
pub(super) struct Grammar<'a> {
    /// The options that take a value, in the same word or the next; those that end in `=` only in the same word.
    pub(super) valued: Vec<&'a str>,
    /// There are no options after the first operand.
    pub(super) options_first: bool,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Arguments<'a> {
    /// The options that have a value.
    pub(super) options: Vec<(&'a str, &'a str)>,
    pub(super) operands: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    pub(super) fn read(words: &'a [Cow<'a, str>], grammar: &Grammar<'a>) -> Self {
        let mut arguments = Self::default();
        let mut words = words.iter().map(AsRef::as_ref).peekable();
        while let Some(word) = words.next() {
            if word == "--" {
                break;
            }
            if word.len() < 2 || !word.starts_with('-') {
                arguments.operands.push(word);
                if grammar.options_first {
                    break;
                }
                continue;
            }
            match grammar.option(word) {
                Meaning::Valued(name, value) => arguments.options.push((name, value)),
                Meaning::WantsValue(name) => {
                    // The same option may be a switch in one of a tool's programs and take a value in another.
                    let value = words.next_if(|next| !grammar.takes_value(next));
                    arguments.options.extend(value.map(|value| (name, value)));
                }
                Meaning::Switch => {}
            }
        }
        arguments.operands.extend(words);
        arguments
    }

    /// The values given for any of these options, in order.
    pub(super) fn values<S: Borrow<str>>(&self, names: &[S]) -> impl Iterator<Item = &'a str> {
        self.options
            .iter()
            .filter(|(name, _)| names.iter().any(|known| known.borrow().trim_end_matches('=') == *name))
            .map(|(_, value)| *value)
    }

    pub(super) fn value<S: Borrow<str>>(&self, names: &[S]) -> Option<&'a str> {
        self.values(names).next()
    }
}

/// The meaning of a word that begins with `-`.
enum Meaning<'a> {
    Valued(&'a str, &'a str),
    WantsValue(&'a str),
    Switch,
}

impl<'a> Grammar<'a> {
    fn takes_value(&self, name: &str) -> bool {
        self.valued.contains(&name)
    }

    /// Whether it takes a value only in the same word.
    fn takes_joined(&self, name: &str) -> bool {
        self.valued.iter().any(|known| known.strip_suffix('=') == Some(name))
    }

    fn option(&self, word: &'a str) -> Meaning<'a> {
        if let Some((name, value)) = word.split_once('=')
            && name.len() > 2
            && (word.starts_with("--") || self.takes_value(name) || self.takes_joined(name))
        {
            return Meaning::Valued(name, value);
        }
        if self.takes_value(word) {
            return Meaning::WantsValue(word);
        }
        if word.starts_with("--") { Meaning::Switch } else { self.letters(word) }
    }

    /// A cluster of short options: the first one that takes a value uses the rest of the word, if there is any.
    fn letters(&self, word: &'a str) -> Meaning<'a> {
        for (at, letter) in word.char_indices().skip(1) {
            let rest = &word[at + letter.len_utf8()..];
            let known = |named: &&str| {
                named.trim_end_matches('=').strip_prefix('-') == Some(&word[at..word.len() - rest.len()])
            };
            let Some(name) = self.valued.iter().copied().find(known) else { continue };
            return match (rest, name.strip_suffix('=')) {
                ("", Some(_)) => Meaning::Switch,
                ("", None) => Meaning::WantsValue(name),
                (rest, joined) => {
                    Meaning::Valued(joined.unwrap_or(name), rest.strip_prefix('=').unwrap_or(rest))
                }
            };
        }
        Meaning::Switch
    }
}
