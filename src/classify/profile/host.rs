//! The host that a command line is about, for `--key auto`: how a tool's arguments name it is data of its profile.
//! Nothing is resolved and nothing is looked up; what the arguments do not say, and the tool's own files would, is not
//! known.

mod arguments;
mod authority;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::rc::Rc;

use self::arguments::{Arguments, Grammar};
pub(super) use self::authority::HostForm;
use self::authority::{Authority, host_and_port, within};
use super::select::{Tool, named};
use super::wrappers::unwrapped;
use super::{Profile, builtin};

/// How a tool's arguments name the host that it talks to: `[[key]]` of a profile.
#[derive(Debug, Default)]
pub struct HostFinder {
    /// For the tool under these of its names; for all when there is none.
    pub commands: Vec<String>,
    /// In the order of asking; the first that finds something has found it.
    pub lookups: Vec<Lookup>,
    /// Options with a value that says nothing of the host. One that ends in `=` takes its value in the same word only.
    pub valued: Vec<String>,
    /// Options whose value identifies the client.
    pub credentials: Vec<String>,
    /// Options whose value is a header line; some say who asks.
    pub headers: Vec<String>,
    /// Options whose value is the host's port.
    pub port: Vec<String>,
    /// The port that is not worth mentioning.
    pub default_port: Option<u16>,
    /// No options follow the first operand of the tool's own.
    pub options_first: bool,
}

/// A place where a host may stand.
#[derive(Debug)]
pub struct Lookup {
    /// Behind one of these; operands are counted from there on.
    pub after: Vec<String>,
    pub place: HostSource,
}

#[derive(Debug)]
pub enum HostSource {
    /// The value of an option.
    Option(Vec<String>, HostForm),
    Operand {
        /// Which one, from 1; `None`: the first that will do.
        number: Option<usize>,
        form: HostForm,
        /// The operand that is the port.
        port: Option<usize>,
    },
    /// Always the same; `{1}` and `{--region}` stand for an operand and an option's value, which must be there.
    Fixed(String),
}

/// Header lines that say who asks, by how their names end.
const TELLING_HEADERS: &[&str] = &["authorization", "api-key", "apikey", "-token", "cookie"];

/// Makes a short name of credentials, from which nobody can have them back.
pub(super) type Hash<'a> = &'a dyn Fn(&[u8]) -> String;

/// The host that this command line is about, `host[:port][#hash]`; the hash is of the credentials that stand in it.
/// `names` are profiles for a command that none is known of.
pub(super) fn find(
    argv: &[OsString],
    names: &[String],
    users: &[Rc<Profile>],
    hash: Hash<'_>,
) -> Option<String> {
    let words = unwrapped(argv);
    let arguments = words.get(1..)?;
    let tool = Tool::find(argv, users).or_else(|| {
        let (profile, command) = (names.first()?.clone(), String::new());
        Some(Tool { profile, command, arguments })
    });
    let profiles = tool.iter().flat_map(|tool| {
        named(&tool.profile, users)
            .cloned()
            .chain(builtin::load(&tool.profile))
            .map(move |profile| (tool, profile))
    });
    for (tool, profile) in profiles {
        if let Some(finder) = profile.keys.iter().find(|finder| finder.is_for(&tool.command)) {
            return finder.find(tool.arguments, hash);
        }
    }
    arguments.iter().find_map(|word| within(&word.to_string_lossy())).map(|found| written(&found, &[], hash))
}

impl HostFinder {
    fn is_for(&self, command: &str) -> bool {
        self.commands.is_empty() || self.commands.iter().any(|known| known == command)
    }

    fn find(&self, words: &[OsString], hash: Hash<'_>) -> Option<String> {
        let words: Vec<Cow<'_, str>> = words.iter().map(|word| word.to_string_lossy()).collect();
        let arguments = Arguments::read(&words, &self.grammar());
        let mut found = self.lookups.iter().find_map(|lookup| lookup.find(&arguments))?;
        if found.port.is_none() {
            found.port = arguments.value(&self.port).and_then(|port| port.parse().ok());
        }
        found.port = found.port.filter(|port| Some(*port) != self.default_port);
        let who = arguments.options.iter().filter_map(|(name, value)| self.who_asks(name, value));
        Some(written(&found, &who.collect::<Vec<_>>(), hash))
    }

    fn who_asks<'a>(&self, name: &str, value: &'a str) -> Option<&'a str> {
        let is_in = |options: &[String]| options.iter().any(|option| option.trim_end_matches('=') == name);
        let tells = || {
            let header = value.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
            TELLING_HEADERS.iter().any(|telling| header.ends_with(telling))
        };
        (is_in(&self.credentials) || is_in(&self.headers) && tells()).then_some(value)
    }

    /// Every option that takes a value.
    fn grammar(&self) -> Grammar<'_> {
        let lists = [&self.valued, &self.credentials, &self.headers, &self.port];
        let asked = self.lookups.iter().filter_map(|lookup| match &lookup.place {
            HostSource::Option(names, _) => Some(names),
            _ => None,
        });
        let options = lists.into_iter().chain(asked).flatten();
        Grammar { valued: options.map(String::as_str).collect(), options_first: self.options_first }
    }
}

impl Lookup {
    fn find(&self, arguments: &Arguments<'_>) -> Option<Authority> {
        let operands = self.operands(arguments)?;
        match &self.place {
            HostSource::Option(names, form) => arguments.values(names).find_map(|value| form.read(value)),
            HostSource::Operand { number: None, form, .. } => {
                operands.iter().find_map(|word| form.read(word))
            }
            HostSource::Operand { number: Some(number), form, port } => {
                let mut found = form.read(operands.get(number.checked_sub(1)?)?)?;
                let port = port.and_then(|at| operands.get(at.checked_sub(1)?)?.parse().ok());
                found.port = found.port.or(port);
                Some(found)
            }
            HostSource::Fixed(template) => host_and_port(&filled(template, operands, arguments)?),
        }
    }

    /// The operands behind the words that it wants to see first.
    fn operands<'a, 'w>(&self, arguments: &'a Arguments<'w>) -> Option<&'a [&'w str]> {
        let all = &arguments.operands[..];
        if self.after.is_empty() { Some(all) } else { behind(&self.after, all) }
    }
}

/// The operands behind one of these beginnings, of a word or several each.
pub(super) fn behind<'o, S: AsRef<str>>(after: &[String], operands: &'o [S]) -> Option<&'o [S]> {
    after.iter().find_map(|words| {
        let count = words.split(' ').count();
        let (first, rest) = operands.split_at_checked(count)?;
        words.split(' ').eq(first.iter().map(AsRef::as_ref)).then_some(rest)
    })
}

/// The operands of a tool, by what its profile knows of its options.
pub(super) fn operands(profile: &Profile, words: &[OsString]) -> Vec<String> {
    let words: Vec<Cow<'_, str>> = words.iter().map(|word| word.to_string_lossy()).collect();
    let grammar = profile.keys.first().map(HostFinder::grammar).unwrap_or_default();
    Arguments::read(&words, &grammar).operands.into_iter().map(str::to_owned).collect()
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            HostSource::Option(names, form) => {
                write!(f, "option {}{}", names.join(", "), form.suffix(HostForm::Host))?;
            }
            HostSource::Operand { number: None, form, .. } => {
                write!(f, "any operand{}", form.suffix(HostForm::Host))?;
            }
            HostSource::Operand { number: Some(number), form, port } => {
                write!(f, "operand {number}{}", form.suffix(HostForm::Host))?;
                if let Some(port) = port {
                    write!(f, ", its port operand {port}")?;
                }
            }
            HostSource::Fixed(host) => f.write_str(host)?,
        }
        if self.after.is_empty() { Ok(()) } else { write!(f, ", after {}", self.after.join(", ")) }
    }
}

/// The template, if there is something for each of its gaps.
fn filled(template: &str, operands: &[&str], arguments: &Arguments<'_>) -> Option<String> {
    let mut parts = template.split('{');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (gap, rest) = part.split_once('}')?;
        let value = match gap.parse::<usize>() {
            Ok(number) => operands.get(number.checked_sub(1)?).copied(),
            Err(_) => arguments.value(std::slice::from_ref(&gap)),
        };
        text.push_str(value?);
        text.push_str(rest);
    }
    Some(text)
}

fn written(found: &Authority, who: &[&str], hash: Hash<'_>) -> String {
    let mut text = found.host.clone();
    if let Some(port) = found.port {
        text.push_str(&format!(":{port}"));
    }
    let who: Vec<&str> = found.credentials.iter().map(String::as_str).chain(who.iter().copied()).collect();
    if !who.is_empty() {
        text.push_str(&format!("#{}", hash(who.join("\0").as_bytes())));
    }
    text
}
