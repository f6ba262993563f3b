//! Which tools are believed when they print that nothing took effect. Such a line is about one command; a tool that runs
//! several may already have done something with another one.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::rc::Rc;

use super::builtin::{self, GENERIC};
use super::select::{Tool, named};
use super::{Profile, Rule};

/// The rules whose claim that nothing took effect holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claims {
    /// None: any line may be about one of several commands.
    #[default]
    Nobodys,
    /// The rules of the profile of this name, which is the tool's own: no other program prints what they match. Rules of
    /// the user's profiles are believed as well, since the user claimed it.
    Own(&'static str),
    /// The rules of `generic` as well: the tool makes one request and runs no other commands.
    All,
}

impl Claims {
    /// For a command line that was found to run this tool. What is not known is judged as what somebody named.
    pub(super) fn of(
        tool: Option<&Tool<'_>>,
        words: &[OsString],
        names: &[String],
        users: &[Rc<Profile>],
    ) -> Self {
        let by_command = tool.and_then(|tool| {
            let file = builtin::of_command(&tool.command)?;
            let others = file.runs_others.split_ascii_whitespace();
            let hands_over = file.passive || hands_over(others, &tool.command, tool.arguments);
            // How it ends is known to its own profile only.
            let one_step = file.one_step && names.iter().any(|name| name == file.name);
            Some(Self::from(hands_over, one_step, file.name))
        });
        let ours = by_command.or_else(|| {
            let named = names.iter().filter_map(|name| builtin::find(name));
            named.map(|file| Self::from(file.passive, file.one_step, file.name)).max()
        });
        let command = tool.map_or("", |tool| &tool.command);
        let theirs: Vec<_> = names
            .iter()
            .flat_map(|name| named(name, users))
            .map(|profile| {
                let others = profile.runs_others.iter().map(String::as_str);
                Self::from(profile.passive || hands_over(others, command, words), profile.one_step, "")
            })
            .collect();
        if theirs.contains(&Self::Nobodys) {
            return Self::Nobodys;
        }
        ours.or_else(|| theirs.into_iter().max()).unwrap_or_default()
    }

    fn from(hands_over: bool, one_step: bool, name: &'static str) -> Self {
        match (hands_over, one_step) {
            (true, _) => Self::Nobodys,
            (false, true) => Self::All,
            (false, false) => Self::Own(if name == GENERIC { "" } else { name }),
        }
    }

    /// Whether the claim of a profile's rule is believed.
    pub(super) fn hold(self, profile: &Profile, rule: &Rule) -> bool {
        match self {
            Self::Nobodys => false,
            Self::Own(name) => *profile.name == *name || rule.place.is_some(),
            Self::All => true,
        }
    }
}

/// Stands for tools that make a request for each URL on their command line.
const SEVERAL_URLS: &str = "URLs";

/// Whether the command line involves more than a single step of the tool itself.
fn hands_over<'o>(mut others: impl Iterator<Item = &'o str>, command: &str, words: &[OsString]) -> bool {
    others.any(|other| match other {
        SEVERAL_URLS => words.iter().filter(|word| is_url(word)).count() > 1,
        other => other == command || words.iter().any(|word| is_word(word.as_bytes(), other)),
    })
}

/// `--option` also matches `--option=value`.
fn is_word(word: &[u8], other: &str) -> bool {
    let rest = word.strip_prefix(other.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || other.starts_with("--") && rest.starts_with(b"="))
}

fn is_url(word: &OsStr) -> bool {
    ["http://", "https://", "ftp://"].iter().any(|scheme| word.as_bytes().starts_with(scheme.as_bytes()))
}
