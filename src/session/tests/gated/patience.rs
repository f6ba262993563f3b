//! How long an attempt that is held back may wait, and how much of a wait is whose.

use super::*;

#[test]
fn no_wait_is_begun_that_would_be_too_long() {
    let mut run = gated(&patient(5000));
    held(&mut run, Limit::Breaker, 5001, 0);
    run.did("admit:First refused:Breaker refused exit75");
    let mut run = gated(&patient(5000));
    held(&mut run, Limit::Breaker, 5000, 0);
    assert_eq!(run.said[1], "held:Breaker:5000");
    // Time that was waited counts.
    run.wakes(5000);
    run.said.clear();
    held(&mut run, Limit::Window, 1, 0);
    run.did("refused:Window refused exit75");
    let mut run = gated(&Policy { deadline: TimeLimit(Some(ms(2000))), ..plain() });
    held(&mut run, Limit::Window, 2000, 0);
    run.did("admit:First refused:Window refused exit75");
}

#[test]
fn a_share_of_the_spread_is_waited_where_there_is_time_for_it() {
    for (patience, waits) in [(10_000, 1001..=1500), (1000, 1000..=1000)] {
        let mut run = gated(&patient(patience));
        held(&mut run, Limit::Window, 1000, 500);
        assert!(waits.contains(&wake(&run).saturating_sub(1)), "{patience}: {:?}", run.said);
    }
}

#[test]
fn what_hangs_on_others_is_waited_for_as_long_as_may_be() {
    for policy in [patient(250), Policy { deadline: TimeLimit(Some(ms(250))), ..plain() }] {
        let mut run = gated(&policy);
        let mut looks = 0;
        while !run.said.iter().any(|word| word == "exit75") {
            hangs(&mut run, Limit::Concurrency, 100);
            looks += 1;
            assert!(looks < 10, "{:?}", run.said);
            if run.session.state != State::Done {
                let wait = wake(&run);
                run.wakes(wait);
            }
        }
        // Pauses between 50 and 100 ms, the last one cut short, and the look that is too late.
        let waited = run.now.elapsed - START.elapsed;
        assert!(ms(250) <= waited && waited < ms(255), "{waited:?} {:?}", run.said);
    }
}

#[test]
fn nobody_waits_who_will_not_wait_at_all() {
    for known in [true, false] {
        let mut run = gated(&patient(0));
        if known {
            held(&mut run, Limit::Concurrency, 10, 0);
        } else {
            hangs(&mut run, Limit::Concurrency, 10);
        }
        run.did("admit:First refused:Concurrency refused exit75");
    }
}

#[test]
fn a_long_wait_is_looked_after_and_its_spread_is_no_reason_to_refuse() {
    let mut run = gated(&patient(10_000));
    held(&mut run, Limit::Window, 9000, 60_000);
    assert_eq!(run.said[1], "held:Window:9000");
    assert!((1000..=2001).contains(&wake(&run)), "{:?}", run.said);
    run.wakes(2000);
    run.said.clear();
    held(&mut run, Limit::Window, 7000, 900);
    assert!((1000..=2001).contains(&wake(&run)), "{:?}", run.said);
    run.wakes(2000);
    run.said.clear();
    // It was opened meanwhile.
    admitted(&mut run);
    run.did("spawn1");
    let mut run = gated(&Policy { deadline: TimeLimit(Some(ms(10_000))), ..plain() });
    held(&mut run, Limit::Window, 9000, 60_000);
    assert_eq!(run.said[1], "held:Window:9000");
}
