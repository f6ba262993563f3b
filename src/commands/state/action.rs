//! The action of `retry state`: its key, and the options that it uses.

use std::ffi::OsString;
use std::time::Duration;

use crate::base::duration;
use crate::base::error::Error;
use crate::base::problem::nearest;
use crate::cli::{ACTIONS, Invocation};
use crate::policy::file::LIMITS;
use crate::policy::settings::find;
use crate::policy::value::Key;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    List,
    Of(String, Deed),
}

/// The actions on one key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Show,
    Check,
    Close(Duration),
    Wait,
    Reset,
}

const USAGE: &str =
    "usage: retry state list | show KEY | check KEY | close KEY --for DURATION | wait KEY | reset KEY";

impl Action {
    pub(super) fn read(invocation: &Invocation) -> Result<Self, Error> {
        let [typed, keys @ ..] = invocation.operands() else {
            return Err(Error::usage("missing action").hint(USAGE));
        };
        let Some(action) = ACTIONS.into_iter().find(|action| typed == action) else {
            let typed = typed.to_string_lossy();
            let hint = nearest(&typed, ACTIONS)
                .map_or_else(|| USAGE.to_owned(), |near| format!("did you mean {near}?"));
            return Err(Error::usage(format!("unknown action '{typed}'")).hint(hint));
        };
        refuse_idle_options(invocation, action)?;
        if action == "list" {
            return match keys.first() {
                None => Ok(Action::List),
                Some(key) => Err(Error::usage(format!("list takes no KEY ('{}')", key.display()))
                    .hint("for one key use retry state show KEY")),
            };
        }
        let key = key(action, keys)?;
        let deed = match action {
            "show" => Deed::Show,
            "check" => Deed::Check,
            "close" => Deed::Close(closing_time(invocation)?),
            "wait" => Deed::Wait,
            _ => Deed::Reset,
        };
        Ok(Action::Of(key, deed))
    }

    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Action::List => None,
            Action::Of(key, _) => Some(key),
        }
    }
}

fn key(action: &str, typed: &[OsString]) -> Result<String, Error> {
    let key = match typed {
        [key] => key,
        [] => {
            return Err(Error::usage("missing KEY")
                .hint(format!("usage: retry state {action} KEY (retry state list shows all keys)")));
        }
        more => {
            return Err(Error::usage(format!("{action} takes one KEY, not {}", more.len()))
                .hint("quote a key that contains spaces"));
        }
    };
    let Some(text) = key.to_str() else {
        return Err(Error::usage(format!("the key '{}' is not valid UTF-8", key.display())));
    };
    if text == "auto" {
        return Err(Error::usage("auto is not a key: it is derived from a command's arguments")
            .hint("use the key itself (retry state list shows all keys)"));
    }
    Key::named(text).map_err(Error::usage)
}

fn closing_time(invocation: &Invocation) -> Result<Duration, Error> {
    let typed = invocation.value("for").ok_or_else(|| {
        Error::usage("missing --for DURATION")
            .hint("usage: retry state close KEY --for DURATION, for example --for 5m")
    })?;
    let text = typed.to_string_lossy();
    duration::parse(&text).map_err(|why| Error::usage(format!("--for {text}: {why}")))
}

/// An option on the command line that has no effect is a mistake. In other layers it may be meant for runs.
fn refuse_idle_options(invocation: &Invocation, action: &str) -> Result<(), Error> {
    let is_flag = |key: &str| find(key).is_some_and(|setting| invocation.flags.get(setting).is_some());
    let given = [
        ("for", invocation.value("for").is_some()),
        ("format", invocation.value("format").is_some()),
        ("gate-wait", is_flag("gate-wait")),
    ];
    let limits = LIMITS.iter().map(|key| (*key, is_flag(key)));
    for (option, given) in given.into_iter().chain(limits) {
        let wanted_by: &[&str] = match option {
            "for" => &["close"],
            "gate-wait" => &["wait"],
            "format" => &["list", "show", "check", "close", "wait"],
            _ => &["list", "show", "check", "wait"],
        };
        if given && !wanted_by.contains(&action) {
            return Err(Error::usage(format!("--{option} does not apply to retry state {action}"))
                .hint(format!("it applies to {}", wanted_by.join(", "))));
        }
    }
    Ok(())
}
