//! Durations, sizes, distributions, moments, and the addresses of servers: what was read is shown as something that is read
//! as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retry_command::base::{duration, size};
use retry_command::ping::Target;
use retry_command::report::time;
use retry_command::simulate::distribution::Distribution;
use retry_command::store::Location;
use retry_command::trace::TraceContext;

fuzz_target!(|text: &str| {
    match duration::parse(text) {
        Ok(read) => {
            assert_eq!(duration::parse(&duration::exact(read)), Ok(read));
            duration::approximate(read);
        }
        Err(why) => assert!(!why.is_empty()),
    }
    if let Ok(bytes) = size::parse(text) {
        assert_eq!(size::parse(&size::exact(bytes)), Ok(bytes));
    }
    if let Some(context) = TraceContext::parse(text) {
        let again = TraceContext::parse(&context.to_string()).expect("our own");
        assert_eq!((again.trace, again.span), (context.trace, context.span));
    }
    if let Ok(at) = time::bound(text, 1_800_000_000_000_000) {
        assert!(!time::second(at).is_empty());
    }
    let _read =
        (Distribution::parse(text).is_ok(), Location::parse(text).is_ok(), Target::parse(text).is_ok());
});
