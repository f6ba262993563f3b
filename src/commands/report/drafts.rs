//! `--draft-rules`: printed, or added to a configuration.

use std::ffi::OsStr;
use std::rc::Rc;

use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::base::problem::Source;
use crate::base::words::plural;
use crate::cli::Invocation;
use crate::commands::gather;
use crate::policy::{file, user_profiles};
use crate::report::{Outcome, draft};
use crate::sys::environment::Outer;
use crate::sys::{files, output};

/// Drafts rules for failures that matched no rule then and match none of the configuration now.
pub(super) fn draft_rules(invocation: &Invocation, target: &OsStr, outcome: &Outcome) -> Result<Exit, Error> {
    let (request, warnings) = gather(invocation, &Outer::default())?;
    for warning in warnings {
        crate::commands::warn(&warning);
    }
    let mut known = user_profiles(&request.files);
    if target == "-" {
        let drafts = draft::drafts(&outcome.templates, &known);
        if drafts.is_empty() {
            output::to_stderr(&format!("retry: no rules drafted: {}\n", why_none(outcome)));
        }
        let page = crate::base::printable::page(&draft::printed(&drafts), output::charset()).into_owned();
        return super::deliver(invocation, &page);
    }
    let path = target.to_string_lossy().into_owned();
    let before =
        files::read_text(target).map_err(|why| Error::system(&format!("cannot read {path}"), &why))?;
    let source = Rc::new(Source { path: path.clone(), text: before.unwrap_or_default() });
    let (file, problems) = file::parse(&source);
    if !problems.is_empty() {
        return Err(Error::problems(problems));
    }
    known.extend(file.profiles);
    let drafts = draft::drafts(&outcome.templates, &known);
    let usable = drafts.iter().filter(|draft| draft.is_usable).count();
    let rest = match drafts.len() - usable {
        0 => String::new(),
        count => format!(
            "; {} not usable yet; --draft-rules without a file shows why",
            plural(count as u64, "draft")
        ),
    };
    let say = |text: &str| output::to_stderr(&format!("retry: {}\n", output::printable(text)));
    match draft::merged(&source, &drafts).map_err(Error::problems)? {
        Some(text) => {
            let written = files::replace(target, text.as_bytes());
            written.map_err(|why| Error::system(&format!("cannot write {path}"), &why))?;
            say(&format!("{} added to {path}{rest}", plural(usable as u64, "rule")));
        }
        None if drafts.is_empty() => say(&format!("{path} unchanged: {}", why_none(outcome))),
        None => say(&format!("{path} unchanged{rest}")),
    }
    Ok(Exit::Status(0))
}

/// Why there is nothing to draft.
fn why_none(outcome: &Outcome) -> String {
    match outcome.report.unmatched_without_output {
        _ if outcome.templates.iter().any(draft::is_worth_a_rule) => {
            "the configuration has rules for every failure seen in at least three runs".to_owned()
        }
        0 => "no failure without a rule was seen in at least three runs".to_owned(),
        count => format!(
            "the log has no output of the {count} failed attempts that match no rule; use --log-tail 2k to log captured output, and --profile generic to capture stderr"
        ),
    }
}
