//! Where `--non-idempotent` hangs on it: is every tool as sure as the shared rules are that nothing took effect?

use super::*;
use crate::classify::evidence::Evidence;

/// The rule by which the profile of this name considers that a retryable failure may have taken effect.
fn fears(profile: &str, attempt: &AttemptResult) -> Option<Rc<str>> {
    let rules =
        Rules { knowledge: Rc::new(knowledge(profile, "x")), non_idempotent: true, ..Rules::default() };
    let verdict = rules.classify(attempt, None);
    verdict.may_have_been_applied.then(|| verdict.rule.id.as_ref().into())
}

#[test]
fn what_never_took_effect_by_a_shared_rule_never_did_for_any_tool() {
    let generic = builtin::load(GENERIC).expect("generic");
    let sure: Vec<_> = generic.rules.iter().filter(|rule| rule.not_reached).collect();
    assert!(sure.len() > 5, "there are examples to try");
    let mut wrong = Vec::new();
    for profile in all().filter(|profile| profile.one_step) {
        for rule in &sure {
            for example in &rule.examples {
                let attempt = example.attempt(rule);
                // What a command elsewhere says tells nothing of what it did before.
                if profile.own_exit.as_ref().is_some_and(|own| !own.matches(&attempt)) {
                    continue;
                }
                if let Some(id) = fears(&profile.name, &attempt) {
                    wrong.push(format!("{}/{id} hides generic/{} of {example:?}", profile.name, rule.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rules that know better than the shared ones, of the same words.
const LESS_SURE: &[(&str, &str)] = &[
    // Other statements of the script may have been committed before the one that waited for a lock.
    ("mysql", "lock"),
    // There was a connection, although it is told as a failure to connect.
    ("pip", "no-reply"),
    // Other objects of the file may have been applied before.
    ("kubectl", "object"),
    // It was killed while it waited, or a little later.
    ("cargo", "lock"),
];

#[test]
fn a_tools_own_rule_is_as_sure_that_nothing_took_effect_as_the_shared_rules_are() {
    let mut wrong = Vec::new();
    for profile in all().filter(|profile| profile.one_step) {
        for rule in &profile.rules {
            for example in &rule.examples {
                let attempt = example.attempt(rule);
                // With exit 0 the command did something.
                let excused = rule.names_exit_zero() || LESS_SURE.contains(&(&*profile.name, &*rule.id));
                let shared = knowledge(GENERIC, "curl").judge(&attempt, &Evidence::of(&attempt));
                let Some(shared) = shared.filter(|shared| shared.not_reached && !excused) else { continue };
                if let Some(id) = fears(&profile.name, &attempt) {
                    wrong.push(format!("{}/{id} hides generic/{} of {example:?}", profile.name, shared.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
