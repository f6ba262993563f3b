//! The knowledge of a run: its profiles, read when the first failure has to be judged.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::rc::Rc;

use super::judge::{Evidence, Verdict, judge, opens_gate};
use super::select::{Selection, named};
use super::{Profile, builtin, host};
use crate::classify::attempt::AttemptResult;

/// What a run's failures are judged by.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    selection: Selection,
    users: Vec<Rc<Profile>>,
    profiles: OnceCell<Vec<Asked>>,
}

/// A profile in the order of asking, and under which name it speaks.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) name: Rc<str>,
    pub(crate) profile: Rc<Profile>,
}

impl Knowledge {
    pub(crate) fn new(selection: Selection, users: Vec<Rc<Profile>>) -> Self {
        Self { selection, users, profiles: OnceCell::new() }
    }

    pub(crate) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The profiles, the user's before ours, `generic` last.
    pub(crate) fn profiles(&self) -> &[Asked] {
        self.profiles.get_or_init(|| {
            let mut asked = Vec::new();
            let mut alone = !self.selection.names.is_empty();
            for name in &self.selection.names {
                let of_users = named(name, &self.users).cloned();
                for profile in of_users.chain(builtin::load(name)) {
                    alone &= profile.alone;
                    asked.push(Asked { name: name.as_str().into(), profile });
                }
            }
            let named_itself = self.selection.names.iter().any(|name| name == builtin::GENERIC);
            let generic = (!alone && !named_itself).then(|| builtin::load(builtin::GENERIC)).flatten();
            if let Some(profile) = generic {
                // In words to people the rules that all tools share speak for the tool.
                let name = self.selection.names.first().map_or(builtin::GENERIC, String::as_str);
                asked.push(Asked { name: name.into(), profile });
                asked.extend(
                    named(builtin::GENERIC, &self.users)
                        .map(|profile| Asked { name: builtin::GENERIC.into(), profile: Rc::clone(profile) }),
                );
            }
            asked
        })
    }

    /// The rule that holds for a failure, if one does.
    pub(crate) fn judge(&self, attempt: &AttemptResult, evidence: &Evidence) -> Option<Verdict> {
        if self.selection.is_empty() || (self.selection.unknown && !evidence.has_text()) {
            return None;
        }
        judge(self.profiles(), attempt, evidence, !self.selection.unknown)
    }

    /// Is an end with status 0 a failure all the same? The rule that says so, or that says what it is.
    pub(crate) fn judge_success(&self, attempt: &AttemptResult, evidence: &Evidence) -> Option<Verdict> {
        let gate = opens_gate(self.profiles(), attempt, evidence)?;
        Some(judge(self.profiles(), attempt, evidence, false).unwrap_or(gate))
    }

    /// May a success have to be looked at?
    pub(crate) fn judges_success(&self) -> bool {
        self.selection.judges_success
    }

    /// The host that a command line is about, as a key: `host[:port]`, in lower case, with `#` and a hash where
    /// credentials stand in it. Reads the tool's profile.
    pub(crate) fn host(&self, argv: &[OsString]) -> Option<String> {
        host::find(argv, &self.selection.names, &self.users)
    }

    /// Advice on the tools of this run.
    pub(crate) fn advice(&self) -> Vec<String> {
        let own = self.selection.names.iter().flat_map(|name| {
            named(name, &self.users).cloned().chain(builtin::load(name)).collect::<Vec<_>>()
        });
        own.flat_map(|profile| profile.advice.clone()).collect()
    }
}
