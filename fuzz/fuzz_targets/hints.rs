//! A command's hint file, and the server's words on when to come back: waits that are believed are finite and short enough.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use retry_command::classify::Hint;

fuzz_target!(|bytes: &[u8]| {
    let Some(hint) = Hint::parse(bytes) else { return };
    assert!(hint.class.is_some() || hint.retry_after.is_some() || hint.reason.is_some());
    assert!(hint.retry_after.is_none_or(|wait| !wait.is_zero() && wait <= Duration::from_secs(30 * 86_400)));
    assert!(hint.reason.is_none_or(|reason| reason.chars().count() <= 200 && !reason.contains('\n')));
});
