//! Values of settings for hooks, the fallback and dead letters.

use std::ffi::OsString;

use serde_json::{Value as Json, json};

use super::{TomlForm, Value, utf8};
use crate::base::problem::did_you_mean;

/// Command lines for a shell, in the order in which they are run; any bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLines(pub Vec<OsString>);

impl Value for CommandLines {
    const FORM: TomlForm = TomlForm::Texts;

    fn parse(text: &str) -> Result<Self, String> {
        Self::read(&[text.into()])
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        texts.iter().map(checked).collect::<Result<_, _>>().map(CommandLines)
    }

    fn show(&self) -> Json {
        json!(self.0.iter().map(|line| line.to_string_lossy()).collect::<Vec<_>>())
    }
}

/// A command line for a shell, any bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine(pub OsString);

impl Value for CommandLine {
    const FORM: TomlForm = TomlForm::Text;

    fn parse(text: &str) -> Result<Self, String> {
        Self::read(&[text.into()])
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        checked(texts.last().ok_or("a value is missing")?).map(CommandLine)
    }

    fn show(&self) -> Json {
        json!(self.0.to_string_lossy())
    }
}

fn checked(line: &OsString) -> Result<OsString, String> {
    if line.is_empty() {
        Err("the command is empty; use a line for sh -c".to_owned())
    } else {
        Ok(line.clone())
    }
}

/// Names of environment variables, or prefixes of names, which end in `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvNames(pub Vec<String>);

impl EnvNames {
    /// Whether this variable is included.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => known == name,
        })
    }
}

impl Value for EnvNames {
    const FORM: TomlForm = TomlForm::List;

    fn parse(text: &str) -> Result<Self, String> {
        let names = text.split(',').map(str::trim).map(|name| {
            let plain = name.strip_suffix('*').unwrap_or(name);
            let is_name = plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if name.is_empty() || !is_name {
                return Err(format!("invalid variable '{name}': use NAME or PREFIX*"));
            }
            Ok(name.to_owned())
        });
        names.collect::<Result<_, _>>().map(EnvNames)
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        texts.iter().try_fold(EnvNames::default(), |mut all, text| {
            all.0.extend(Self::parse(utf8(text)?)?.0);
            Ok(all)
        })
    }

    fn show(&self) -> Json {
        json!(self.0)
    }
}

/// The outcomes for which a dead letter is written, named as in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterOutcomes(pub Vec<&'static str>);

/// The outcomes for which a letter can be written. The last one is not a default.
const OUTCOMES: [&str; 8] =
    ["exhausted", "permanent", "deadline", "stalled", "throttled", "refused", "error", "interrupted"];

impl Default for LetterOutcomes {
    fn default() -> Self {
        LetterOutcomes(OUTCOMES[..7].to_vec())
    }
}

impl Value for LetterOutcomes {
    const FORM: TomlForm = TomlForm::List;

    fn parse(text: &str) -> Result<Self, String> {
        let words = text.split(',').map(str::trim).map(|word| {
            let found = OUTCOMES.into_iter().find(|known| *known == word);
            found.ok_or_else(|| {
                let near = did_you_mean(word, &OUTCOMES);
                format!("invalid outcome '{word}' ({}){near}", OUTCOMES.join(", "))
            })
        });
        words.collect::<Result<_, _>>().map(LetterOutcomes)
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        texts.iter().try_fold(LetterOutcomes(Vec::new()), |mut all, text| {
            all.0.extend(Self::parse(utf8(text)?)?.0);
            Ok(all)
        })
    }

    fn show(&self) -> Json {
        json!(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_named_in_full_or_by_their_beginning() {
        let names = EnvNames::read(&["A,AWS_*".into(), "B".into()]).expect("names");
        for (name, is_one) in
            [("A", true), ("AB", false), ("AWS_", true), ("AWS_KEY", true), ("B", true), ("", false)]
        {
            assert_eq!(names.has(name), is_one, "{name}");
        }
        for wrong in ["", "A=1", "A*B", "A,,B", "Ä"] {
            assert!(EnvNames::parse(wrong).is_err(), "{wrong}");
        }
        assert!(EnvNames::parse("*").expect("all").has("ANY"));
    }

    #[test]
    fn outcomes_are_those_of_a_failure() {
        assert_eq!(
            LetterOutcomes::parse("exhausted, interrupted").expect("two").0,
            ["exhausted", "interrupted"]
        );
        assert!(!LetterOutcomes::default().0.contains(&"interrupted"));
        assert!(LetterOutcomes::parse("succeeded").is_err());
        assert!(LetterOutcomes::parse("exhasted").expect_err("a slip").contains("exhausted?"));
    }
}
