//! The profiles of a run, read when the first failure has to be judged.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::rc::Rc;

use super::claims::Claims;
use super::judge::{Verdict, failure_despite_zero, judge};
use super::select::{Captures, Selection, ToolMatch, named};
use super::{Profile, applied, builtin, host, quoted};
use crate::classify::attempt::AttemptResult;
use crate::classify::classification::Class;
use crate::classify::evidence::Evidence;

/// The profiles that judge a run's failures.
#[derive(Debug, Default)]
pub struct Knowledge {
    selection: Selection,
    users: Vec<Rc<Profile>>,
    profiles: OnceCell<Vec<RankedProfile>>,
    /// Other commands run beside the one that the profiles are for: `a && b`.
    among_others: bool,
}

/// A profile in the order of consultation, and the name that it goes by in messages.
#[derive(Debug)]
pub struct RankedProfile {
    pub name: Rc<str>,
    pub profile: Rc<Profile>,
    /// The command line's operands, for rules about subcommands. None where other commands run beside it.
    pub operands: Vec<String>,
}

impl Knowledge {
    pub fn new(selection: Selection, users: Vec<Rc<Profile>>) -> Self {
        Self { selection, users, profiles: OnceCell::new(), among_others: false }
    }

    /// Marks the command as one of several: that it had no effect says nothing about the others.
    pub fn among_others(self, among_others: bool) -> Self {
        Self { among_others, ..self }
    }

    /// The streams whose text is judged. For an unknown command only the exit status counts: output that an option captures
    /// for another reason does not change the verdict.
    pub fn reads(&self) -> Captures {
        match self.selection.tool_match {
            ToolMatch::Known => self.selection.captures,
            ToolMatch::Runner | ToolMatch::Unknown => Captures::default(),
        }
    }

    /// The evidence of an attempt, with the streams that the profiles read. For an unknown command, all captured output
    /// counts where something else asks for it, as a throttled verdict does for its wait.
    pub fn evidence<'a>(&self, attempt: &'a AttemptResult) -> Evidence<'a> {
        match self.selection.tool_match {
            ToolMatch::Known => Evidence::read(attempt, self.reads()),
            ToolMatch::Runner | ToolMatch::Unknown => Evidence::of(attempt),
        }
    }

    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The profiles: the user's before the built-in ones, `generic` last.
    pub fn profiles(&self) -> &[RankedProfile] {
        self.profiles.get_or_init(|| {
            let mut asked = Vec::new();
            let arguments = if self.among_others { &[] } else { &self.selection.arguments[..] };
            let ranked = |name: &str, profile: Rc<Profile>| {
                let operands = host::operands(&profile, arguments);
                RankedProfile { name: name.into(), profile, operands }
            };
            let mut alone = !self.selection.names.is_empty();
            for name in &self.selection.names {
                let of_users = named(name, &self.users).cloned();
                for profile in of_users.chain(builtin::load(name)) {
                    alone &= profile.alone;
                    asked.push(ranked(name, profile));
                }
            }
            let named_itself = self.selection.names.iter().any(|name| name == builtin::GENERIC);
            let generic = (!alone && !named_itself).then(|| builtin::load(builtin::GENERIC)).flatten();
            if let Some(profile) = generic {
                // In messages, the rules shared by all tools go by the tool's name.
                let name = self.selection.names.first().map_or(builtin::GENERIC, String::as_str);
                asked.push(ranked(name, profile));
                let of_users = named(builtin::GENERIC, &self.users);
                asked.extend(of_users.map(|profile| ranked(builtin::GENERIC, Rc::clone(profile))));
            }
            asked
        })
    }

    /// The rule that matches a failure, if any.
    pub fn judge(&self, attempt: &AttemptResult, evidence: &Evidence<'_>) -> Option<Verdict> {
        match self.selection.tool_match {
            ToolMatch::Known if self.selection.is_empty() => None,
            ToolMatch::Unknown => None,
            ToolMatch::Runner => {
                let nothing = Evidence::read(attempt, Captures::default());
                judge(self.profiles(), attempt, &nothing, true)
            }
            ToolMatch::Known if evidence.forbidden() => Some(self.forbidden()),
            ToolMatch::Known => judge(self.profiles(), attempt, evidence, true),
        }
    }

    /// The line of output by which the rule of this verdict was recognised, at most 512 bytes.
    pub fn quote(&self, verdict: &Verdict, evidence: &Evidence<'_>) -> Option<String> {
        let (at, number) = verdict.place?;
        quoted::line(self.profiles().get(at)?.profile.rules.get(number)?, evidence)
    }

    /// Whether the server forbids another attempt.
    fn forbidden(&self) -> Verdict {
        Verdict {
            profile: self
                .profiles()
                .first()
                .map_or_else(|| builtin::GENERIC.into(), |asked| Rc::clone(&asked.name)),
            id: "no-retry".into(),
            class: Class::Permanent,
            kind: Some("protocol".into()),
            reason: Some("the server asks clients not to retry".to_owned()),
            not_reached: false,
            names_exit: false,
            place: None,
        }
    }

    /// Whether all the evidence agrees that the request behind this verdict certainly never took effect.
    pub fn never_applied(&self, attempt: &AttemptResult, evidence: &Evidence<'_>, verdict: &Verdict) -> bool {
        verdict.not_reached
            && self.believes(attempt, verdict)
            && applied::never(self.profiles(), attempt, evidence, verdict)
    }

    /// Whether the throttled request may have been only one of several, so that another one took effect. Depends on the
    /// exit status and on the tool that reports it.
    pub fn may_be_of_another_request(&self, attempt: &AttemptResult, verdict: Option<&Verdict>) -> bool {
        let whole = self.selection.claims == Claims::All;
        let believed =
            verdict.is_some_and(|verdict| (whole || verdict.not_reached) && self.believes(attempt, verdict));
        !believed || applied::ended_after_request(self.profiles(), attempt)
    }

    /// Whether the rule's claim covers everything that the command line did.
    fn believes(&self, attempt: &AttemptResult, verdict: &Verdict) -> bool {
        let rule = verdict.place.and_then(|(at, number)| {
            let profile = &self.profiles().get(at)?.profile;
            Some((profile, profile.rules.get(number)?))
        });
        !self.among_others
            && applied::is_own(self.profiles(), attempt)
            && rule.is_some_and(|(profile, rule)| self.selection.claims.hold(profile, rule))
    }

    /// The verdict on an attempt that failed although its exit status is 0: by the rule that says why, or else by the one
    /// that recognised the failure. `None` for a success.
    pub fn judge_success(&self, attempt: &AttemptResult, evidence: &Evidence<'_>) -> Option<Verdict> {
        let gate = failure_despite_zero(self.profiles(), attempt, evidence)?;
        Some(judge(self.profiles(), attempt, evidence, false).unwrap_or(gate))
    }

    /// Whether successes have to be judged as well.
    pub fn judges_success(&self) -> bool {
        self.selection.judges_success
    }

    /// The host that a command line is about, as a key: `host[:port]`, in lower case, followed by `#` and a hash if it
    /// contains credentials. Reads the tool's profile.
    pub fn host(&self, argv: &[OsString], hash: host::Hash<'_>) -> Option<String> {
        host::find(argv, &self.selection.names, &self.users, hash)
    }

    /// Advice on the tools of this run.
    pub fn advice(&self) -> Vec<String> {
        let own = self.selection.names.iter().flat_map(|name| {
            named(name, &self.users).cloned().chain(builtin::load(name)).collect::<Vec<_>>()
        });
        own.flat_map(|profile| profile.advice.clone()).collect()
    }
}
