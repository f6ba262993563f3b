//! The built-in profiles: `build.rs` lists `src/profiles/`. Only what must be known before the first attempt is listed
//! here; a profile's text is read when it is needed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::{Profile, read};
use crate::base::problem::Source;

/// The profile whose rules apply to any output.
pub const GENERIC: &str = "generic";

/// A profile's file.
#[expect(clippy::struct_excessive_bools, reason = "facts that are independent of each other")]
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: &'static str,
    /// The base names of the programs that it covers, separated by spaces.
    pub(super) commands: &'static str,
    pub(super) interactive: bool,
    pub(super) passive: bool,
    pub(super) one_step: bool,
    /// The programs and words with which the tool runs other commands, separated by spaces.
    pub(super) runs_others: &'static str,
    /// At least one of its own rules reads stdout.
    pub(super) stdout: bool,
    /// At least one of its own rules names exit status 0.
    pub(super) exit_zero: bool,
    pub(super) text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/profiles.rs"));

/// The names of all built-in profiles, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|file| file.name)
}

/// The programs that a profile covers.
pub fn commands(name: &str) -> impl Iterator<Item = &'static str> {
    find(name).into_iter().flat_map(|file| file.commands.split_ascii_whitespace())
}

pub(super) fn find(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

/// The file of the profile that covers a program of this base name.
pub(super) fn of_command(command: &str) -> Option<&'static File> {
    let text =
        |start: u16, length: u8| COMMANDS.get(usize::from(start)..usize::from(start) + usize::from(length));
    let found = INDEX.binary_search_by(|(start, length, _)| text(*start, *length).cmp(&Some(command)));
    found.ok().and_then(|at| FILES.get(usize::from(INDEX[at].2)))
}

thread_local! {
    static READ: RefCell<HashMap<&'static str, Rc<Profile>>> = RefCell::default();
}

/// A profile, read when it is first asked for.
pub(super) fn load(name: &str) -> Option<Rc<Profile>> {
    let file = find(name)?;
    Some(
        READ.with_borrow_mut(|read| Rc::clone(read.entry(file.name).or_insert_with(|| Rc::new(parse(file))))),
    )
}

/// The patterns of a built-in profile, as written in its file.
#[cfg(test)]
pub fn built_in_patterns(name: &str) -> Vec<String> {
    let profile = load(name);
    let rules = profile.iter().flat_map(|profile| &profile.rules);
    let texts = rules.flat_map(|rule| &rule.texts).flat_map(|text| &text.patterns);
    texts.map(|pattern| pattern.as_str().to_owned()).collect()
}

fn parse(file: &File) -> Profile {
    let source = Rc::new(Source { path: format!("{}.toml", file.name), text: file.text.to_owned() });
    let (profile, problems) = read::builtin(file.name, &source);
    debug_assert!(problems.is_empty(), "{problems:?}");
    profile
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::profile::Channel;

    #[test]
    fn every_file_is_right_and_the_list_says_of_it_what_it_says_itself() {
        for file in FILES {
            let source = Rc::new(Source { path: format!("{}.toml", file.name), text: file.text.to_owned() });
            let (profile, problems) = read::builtin(file.name, &source);
            let told: Vec<_> = problems.iter().flat_map(crate::base::problem::Problem::lines).collect();
            assert!(problems.is_empty(), "{}", told.join("\n"));
            assert_eq!(profile.commands.join(" "), file.commands, "{}", file.name);
            for command in &profile.commands {
                assert_eq!(of_command(command).map(|file| file.name), Some(file.name), "{command}");
            }
            assert_eq!(profile.interactive, file.interactive, "{}", file.name);
            assert_eq!(profile.passive, file.passive, "{}", file.name);
            assert_eq!(profile.one_step, file.one_step, "{}", file.name);
            assert_eq!(profile.runs_others.join(" "), file.runs_others, "{}", file.name);
            assert_eq!(
                profile.rules.iter().any(super::super::Rule::names_exit_zero),
                file.exit_zero,
                "{}",
                file.name
            );
            let texts = || profile.rules.iter().flat_map(|rule| &rule.texts);
            assert_eq!(texts().any(|text| text.channel != Channel::Stderr), file.stdout, "{}", file.name);
        }
    }

    #[test]
    fn a_command_has_one_profile() {
        let mut seen = std::collections::HashSet::new();
        for command in FILES.iter().flat_map(|file| commands(file.name)) {
            assert!(seen.insert(command), "{command}");
        }
    }
}
