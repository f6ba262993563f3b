//! Selects the profiles that judge a command line, and the streams that must be captured for them. Cheap: no profile's
//! rules are read.

use std::ffi::OsString;
use std::rc::Rc;

use super::builtin::{self, GENERIC};
use super::claims::Claims;
use super::wrappers::{base_name, under_lock, unwrapped};
use super::{Channel, Profile, Rule};

/// The profile of the command, if there is one.
pub const AUTO: &str = "auto";
/// No profile, whatever the command.
pub const NONE: &str = "none";

/// The streams that at least one rule reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    pub stdout: bool,
    pub stderr: bool,
}

/// The profiles of a run.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The names of the profiles, in the order in which they are consulted; `generic` always follows.
    pub names: Vec<String>,
    /// The streams that have to be captured for them.
    pub captures: Captures,
    /// `auto` chose an interactive tool: nothing is captured while stdin is a terminal.
    pub interactive: bool,
    /// At least one rule judges successes.
    pub judges_success: bool,
    /// How the command was matched to a profile.
    pub tool_match: ToolMatch,
    /// The rules that are believed when they claim that a failed attempt never took effect.
    pub claims: Claims,
    /// The words behind the tool's name.
    pub arguments: Vec<OsString>,
}

/// How a command was matched to a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolMatch {
    /// By its tool, or because the user named a profile.
    #[default]
    Known,
    /// `auto` found a program that only relays the output of other programs: a shell.
    Runner,
    /// `auto` found no profile.
    Unknown,
}

impl Selection {
    /// Selects the profiles for a command line. `users` are the profiles of the configuration, in ascending precedence.
    pub fn choose(asked: &[String], argv: &[OsString], users: &[Rc<Profile>]) -> Self {
        let mut selection = Selection::default();
        let mut named = false;
        let tool = Tool::find(argv, users);
        let locked = tool.as_ref().and_then(|tool| tool.under_lock(users));
        for name in asked {
            match name.as_str() {
                NONE => {}
                AUTO => match &tool {
                    Some(tool) => {
                        let tools = std::iter::once(tool).chain(&locked);
                        tools.for_each(|tool| selection.add(&tool.profile, users, true));
                    }
                    None => selection.tool_match = ToolMatch::Unknown,
                },
                name => {
                    selection.add(name, users, false);
                    named = true;
                }
            }
        }
        // Profiles that the user names are added to those that were found.
        if named {
            selection.tool_match = ToolMatch::Known;
        }
        let (tool, words) = (locked.as_ref().or(tool.as_ref()), unwrapped(argv));
        selection.claims = Claims::of(tool, words, &selection.names, users);
        selection.arguments =
            tool.map_or_else(|| words.get(1..).unwrap_or_default(), |tool| tool.arguments).to_vec();
        selection
    }

    /// Whether there is no profile at all.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.tool_match == ToolMatch::Known
    }

    fn add(&mut self, name: &str, users: &[Rc<Profile>], auto: bool) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        let (mut captures, mut interactive, mut passive) = (Captures::default(), false, false);
        if let Some(file) = builtin::find(name) {
            // Commands that use `generic` report failures on stderr.
            captures = Captures { stdout: file.stdout && !(auto && name == GENERIC), stderr: true };
            interactive = file.interactive;
            passive = file.passive;
            self.judges_success |= file.exit_zero;
        }
        for profile in named(name, users) {
            let reads = |channel| {
                let mut texts = profile.rules.iter().flat_map(|rule| &rule.texts);
                texts.any(|text| text.channel == channel || text.channel == Channel::Both)
            };
            captures.stdout |= reads(Channel::Stdout);
            captures.stderr |= reads(Channel::Stderr) || !profile.alone || needs_http(profile);
            interactive |= profile.interactive;
            passive |= profile.passive;
            self.judges_success |= profile.rules.iter().any(Rule::names_exit_zero);
        }
        if !passive {
            self.captures.stdout |= captures.stdout;
            self.captures.stderr |= captures.stderr;
        }
        self.interactive |= interactive && auto;
        if passive && auto {
            self.tool_match = ToolMatch::Runner;
        }
    }
}

fn needs_http(profile: &Profile) -> bool {
    profile.rules.iter().any(|rule| rule.http.is_some() || rule.hint)
}

/// The user's profiles of this name, in descending precedence.
pub(super) fn named<'u>(name: &str, users: &'u [Rc<Profile>]) -> impl Iterator<Item = &'u Rc<Profile>> {
    users.iter().rev().filter(move |profile| &*profile.name == name)
}

/// The tool that a command line ultimately runs.
#[derive(Debug)]
pub(super) struct Tool<'w> {
    /// The name of its profile.
    pub(super) profile: String,
    /// The name of the tool's program, as listed in the profile.
    pub(super) command: String,
    pub(super) arguments: &'w [OsString],
}

impl<'w> Tool<'w> {
    pub(super) fn find(argv: &'w [OsString], users: &[Rc<Profile>]) -> Option<Self> {
        let words = unwrapped(argv);
        let (first, arguments) = words.split_first()?;
        let program = String::from_utf8_lossy(base_name(first));
        let module = (without_version(&program) == "python").then(|| python_module(arguments)).flatten();
        let module = module.and_then(|(name, arguments)| Self::named(name, arguments, users));
        module.or_else(|| Self::named(&program, arguments, users))
    }

    /// The tool that `flock` runs under its lock, if this tool is `flock`. `None` if that is a shell.
    fn under_lock(&self, users: &[Rc<Profile>]) -> Option<Self> {
        let inner = (self.command == "flock").then(|| Self::find(under_lock(self.arguments), users))?;
        inner.filter(|tool| !builtin::find(&tool.profile).is_some_and(|file| file.passive))
    }

    fn named(program: &str, arguments: &'w [OsString], users: &[Rc<Profile>]) -> Option<Self> {
        let spellings = [program, script(program), without_version(program)];
        let new = |at: usize| !spellings[..at].contains(&spellings[at]);
        (0..spellings.len()).filter(|at| new(*at)).map(|at| spellings[at]).find_map(|command| {
            let mut users = users.iter().rev();
            let users = users.find(|profile| profile.commands.iter().any(|known| known == command));
            let builtin = || builtin::of_command(command).map(|file| file.name.to_owned());
            let profile = users.map(|profile| profile.name.to_string()).or_else(builtin)?;
            Some(Self { profile, command: command.to_owned(), arguments })
        })
    }
}

/// `python -m pip …` is pip.
fn python_module(arguments: &[OsString]) -> Option<(&str, &[OsString])> {
    let at = arguments.iter().position(|word| word == "-m").filter(|at| *at < 3)?;
    Some((arguments.get(at + 1)?.to_str()?, &arguments[at + 2..]))
}

/// `yarn.js` is yarn, `npm.cmd` npm.
fn script(program: &str) -> &str {
    [".js", ".cjs", ".mjs", ".py", ".sh", ".phar", ".exe", ".cmd"]
        .iter()
        .find_map(|suffix| program.strip_suffix(suffix))
        .unwrap_or(program)
}

/// `python3.11` is python, `pip3` pip, `psql-15` psql.
fn without_version(program: &str) -> &str {
    let name = script(program).trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    if name.is_empty() { program } else { name }
}

/// Whether `--profile` accepts this name without any user-defined profile.
pub fn is_known(name: &str) -> bool {
    [AUTO, NONE, GENERIC].contains(&name) || builtin::find(name).is_some()
}

/// Every name that `--profile` accepts.
pub fn known_names<'u>(users: impl Iterator<Item = &'u str>) -> Vec<&'u str> {
    let mut names: Vec<&'u str> = vec![AUTO, NONE, GENERIC];
    for name in builtin::names().chain([GENERIC]) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in users {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(line: &str) -> Selection {
        let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        Selection::choose(&[AUTO.to_owned()], &argv, &[])
    }

    #[test]
    fn a_command_finds_its_profile_whatever_its_spelling() {
        for (line, expected) in [
            ("curl -f x", "curl"),
            ("sudo timeout 5 /usr/bin/curl x", "curl"),
            ("pip3 install x", "pip"),
            ("pip3.11 install x", "pip"),
            ("python3.11 x.py", "python"),
            ("python3 -m pip install x", "pip"),
            ("/x/node_modules/.bin/yarn.js add x", "yarn"),
            ("apt update", "apt-get"),
            ("env - A=b curl x", "curl"),
            ("env -u A -i curl x", "curl"),
            ("nice -n 5 curl x", "curl"),
        ] {
            assert_eq!(auto(line).names, [expected], "{line}");
        }
        assert_eq!(auto("frobnicate 7").tool_match, ToolMatch::Unknown);
        assert_eq!(auto("nice - curl x").tool_match, ToolMatch::Unknown);
        assert_eq!(auto("bash x").tool_match, ToolMatch::Runner);
        assert_eq!(auto("frobnicate 7").captures, Captures::default());
    }

    #[test]
    fn names_add_up_and_none_is_nothing() {
        let choose = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            Selection::choose(&names, &["curl".into()], &[])
        };
        assert_eq!(choose(&["auto", "generic", "curl"]).names, ["curl", "generic"]);
        assert!(choose(&["none"]).is_empty());
        assert!(choose(&["curl"]).captures.stderr);
    }

    #[test]
    fn what_is_named_adds_to_what_is_found() {
        let choose = |names: &[&str], command: &str| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            Selection::choose(&names, &[command.into()], &[])
        };
        let both = Captures { stdout: true, stderr: true };
        for command in ["brew", "bash", "frobnicate", "curl"] {
            for names in [["auto", "generic"], ["generic", "auto"]] {
                let selection = choose(&names, command);
                assert_eq!(selection.tool_match, ToolMatch::Known, "{command}");
                assert_eq!(selection.captures, both, "{command}");
                assert_eq!(selection.claims == Claims::Nobodys, command == "bash");
            }
        }
        assert!(!choose(&["auto"], "brew").captures.stdout);
    }

    #[test]
    fn the_users_profile_of_a_command_comes_before_ours() {
        let mine = Profile { name: "mine".into(), commands: vec!["curl".into()], ..Profile::default() };
        let selection = Selection::choose(&[AUTO.to_owned()], &["curl".into()], &[Rc::new(mine)]);
        assert_eq!(selection.names, ["mine"]);
    }

    #[test]
    fn what_a_tools_own_profile_reads_is_captured() {
        let mut seen = 0;
        for name in builtin::names().filter(|name| *name != GENERIC) {
            let file = builtin::find(name).unwrap();
            for command in file.commands.split_ascii_whitespace() {
                let selection = auto(command);
                if selection.names == [name] && !file.passive {
                    assert_eq!(selection.captures, Captures { stdout: file.stdout, stderr: true }, "{name}");
                    seen += usize::from(file.stdout);
                }
            }
        }
        assert!(seen > 0);
    }

    #[test]
    fn a_users_profile_has_captured_what_it_reads_and_what_others_read_unless_it_stands_alone() {
        let captures = |text: &str| {
            let text = format!("command = \"mine\"\n{text}");
            let source = Rc::new(crate::base::problem::Source { path: "x".into(), text });
            let (profile, problems) = super::super::read::builtin("mine", &source);
            assert_eq!(problems, []);
            let selection = Selection::choose(&[AUTO.to_owned()], &["mine".into()], &[Rc::new(profile)]);
            (selection.captures.stdout, selection.captures.stderr)
        };
        let rule = |condition: &str| format!("[[rule]]\nid = \"x\"\nclass = \"permanent\"\n{condition}\n");
        for (text, expected) in [
            (rule("stdout = \"x\""), (true, true)),
            (rule("stderr = \"x\""), (false, true)),
            (format!("alone = true\n{}", rule("stdout = \"x\"")), (true, false)),
            (format!("alone = true\n{}", rule("stderr = \"x\"")), (false, true)),
            (format!("alone = true\n{}", rule("both = \"x\"")), (true, true)),
            (format!("alone = true\n{}", rule("http = 404")), (false, true)),
            (format!("alone = true\n{}", rule("exit = 3")), (false, false)),
        ] {
            assert_eq!(captures(&text), expected, "{text}");
        }
    }

    #[test]
    fn the_names_that_profile_takes_are_listed_once() {
        let names = known_names(["mine", "curl", "mine"].into_iter());
        assert_eq!(names[..3], [AUTO, NONE, GENERIC]);
        for name in ["mine", "curl", "git", GENERIC] {
            assert_eq!(names.iter().filter(|known| **known == name).count(), 1, "{name}");
        }
        for (name, known) in [(AUTO, true), (NONE, true), ("curl", true), ("mine", false)] {
            assert_eq!(is_known(name), known, "{name}");
        }
    }

    #[test]
    fn a_tool_that_talks_to_a_person_does_so_unless_its_profile_was_asked_for() {
        let choose = |names: &[&str], command: &str| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            Selection::choose(&names, &[command.into()], &[]).interactive
        };
        let mut seen = 0;
        for file in builtin::names().filter_map(builtin::find) {
            for command in file.commands.split_ascii_whitespace() {
                if auto(command).names == [file.name] {
                    assert_eq!(choose(&[AUTO], command), file.interactive, "{command}");
                    assert!(!choose(&[file.name], command), "{command}");
                    seen += usize::from(file.interactive);
                }
            }
        }
        assert!(seen > 0);
    }
}
