//! Command lines, words of any bytes between newlines: each is understood, or refused with a message.

#![no_main]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use libfuzzer_sys::fuzz_target;
use retry_command::cli::{Parsed, parse};
use retry_command::policy::{Request, resolve};

fuzz_target!(|bytes: &[u8]| {
    let words = bytes.split(|byte| *byte == b'\n').filter(|word| !word.contains(&0));
    let words = words.map(|word| OsString::from_vec(word.to_vec()));
    let args: Vec<_> = std::iter::once(OsString::from("retry")).chain(words).collect();
    match parse(&args) {
        Ok(Parsed::Invocation(invocation)) => {
            // A command is passed on as it was typed.
            assert!(args.ends_with(invocation.command()));
            let request = Request { flags: invocation.flags.clone(), ..Request::default() };
            if let Ok(resolved) = resolve(&request) {
                resolved.policy.schedule();
                resolved.policy.limits();
                resolved.policy.rules();
            }
        }
        Ok(Parsed::Text(text)) => assert!(!text.is_empty()),
        Err(error) => assert!(!format!("{error:?}").is_empty()),
    }
});
