//! Exit specs: what was read is shown as something that is read as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retry_command::classify::{AttemptResult, Ending, ExitSpecs, signal};
use retry_command::policy::texts;
use retry_command::policy::value::Value as _;

fuzz_target!(|text: &str| {
    assert!(signal::parse(text).is_none_or(|number| (1..=64).contains(&number)));
    let Ok(specs) = ExitSpecs::parse(text) else { return };
    let shown = texts(&specs.show()).collect::<Vec<_>>().join(",");
    let again = ExitSpecs::parse(&shown).unwrap_or_else(|why| panic!("{shown}: {why}"));
    for ending in (0..=255).map(Ending::Exited).chain((1..=64).map(Ending::Signaled)) {
        let attempt = AttemptResult::ended(ending);
        assert_eq!(specs.matches(&attempt), again.matches(&attempt), "{shown}: {ending:?}");
    }
});
