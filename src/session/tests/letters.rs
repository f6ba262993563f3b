//! The dead letter: of which runs one is written, and what comes of it.

use super::*;
use crate::policy::value::{CommandLine, CommandLines, FilePath, LetterOutcomes};

fn lettered() -> Policy {
    Policy { dead_letter: Some(FilePath("letters".into())), max: MaxAttempts::Times(1), ..plain() }
}

/// The facts of the letter that this input leads to, if one is written.
fn letter(run: &mut Run, input: Input) -> Option<LetterFacts> {
    run.session.step(run.now, input).into_iter().find_map(|action| match action {
        Action::KeepLetter(facts) => Some(*facts),
        _ => None,
    })
}

fn failed(code: u8) -> Input {
    ended(Ending::Exited(code), None, false)
}

#[test]
fn a_letter_is_written_before_the_end_is_reported() {
    let mut run = Run::new(&lettered()).begin();
    run.fails(0, 7);
    run.did("spawn1! started failed(no attempts left) letter");
    run.tell(Input::Kept(Kept { said: vec![(Level::Warn, "so".to_owned())], ..Kept::default() }));
    run.did("tell(so) exhausted exit7");
}

#[test]
fn a_letter_holds_how_the_run_ended() {
    let facts = letter(&mut Run::new(&lettered()).begin(), failed(7)).expect("a letter");
    assert_eq!((facts.outcome, facts.attempts, facts.exit), (Outcome::Exhausted, 1, Exit::Status(7)));
    assert_eq!(facts.last.map(|last| last.status), Some(7));
}

#[test]
fn a_letter_is_written_of_the_outcomes_that_were_asked_for() {
    let only =
        |words: &[&'static str]| Policy { dead_letter_on: LetterOutcomes(words.to_vec()), ..lettered() };
    for (policy, written) in [
        (lettered(), true),
        (plain(), false),
        (only(&["exhausted"]), true),
        (only(&["permanent", "deadline"]), false),
        (only(&[]), false),
    ] {
        let mut run = Run::new(&Policy { max: MaxAttempts::Times(1), ..policy }).begin();
        assert_eq!(letter(&mut run, failed(7)).is_some(), written, "{:?}", run.session.bounds.letters);
    }
    assert_eq!(letter(&mut Run::new(&lettered()).begin(), failed(0)), None, "it succeeded");
}

#[test]
fn a_run_that_fell_back_leaves_no_letter() {
    for (code, written) in [(0, false), (3, true)] {
        let mut run = Run::new(&Policy { fallback: Some(CommandLine("x".into())), ..lettered() }).begin();
        run.fails(0, 7);
        let facts = letter(&mut run, Input::HelperEnded(Ending::Exited(code)));
        assert_eq!(facts.is_some(), written, "the fallback ended with {code}");
    }
}

#[test]
fn a_second_signal_leaves_the_letter_out() {
    let policy = Policy { dead_letter_on: LetterOutcomes(vec!["interrupted"]), ..lettered() };
    for (signals, written) in [(1, true), (2, false)] {
        let mut run = Run::new(&policy).begin();
        for _ in 0..signals {
            run.tell(Input::Signal(libc::SIGTERM));
        }
        let facts = letter(&mut run, ended(Ending::Signaled(libc::SIGTERM), None, false));
        assert_eq!(facts.is_some(), written, "{signals} signals");
    }
}

#[test]
fn hooks_are_told_of_the_letter_and_a_signal_meanwhile_is_how_the_run_ends() {
    let hooked = Policy { on_failure: CommandLines(vec!["x".into()]), ..lettered() };
    let mut run = Run::new(&hooked).begin();
    run.fails(0, 7);
    let kept = Kept { path: Some("letters/1".into()), ..Kept::default() };
    let actions = run.session.step(run.now, Input::Kept(kept));
    let told = actions.into_iter().find_map(|action| match action {
        Action::RunHelper(helper) => helper.facts.letter,
        _ => None,
    });
    assert_eq!(told, Some("letters/1".into()));

    let mut run = Run::new(&lettered()).begin();
    run.fails(0, 7);
    run.said.clear();
    run.tell(Input::Kept(Kept { interrupted: Some(libc::SIGINT), ..Kept::default() }));
    run.did("exhausted die2");
}
