//! Metrics files: what is ours is written as something that is read as the same; anything else is refused and so kept.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retry_command::metrics::Metrics;

fuzz_target!(|bytes: &[u8]| {
    match Metrics::read(bytes) {
        Ok(metrics) => {
            let text = metrics.render();
            let again = Metrics::read(text.as_bytes()).unwrap_or_else(|why| panic!("{why}: {text}"));
            assert_eq!(again.render(), text);
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
});
