//! Replies of a Redis server: whatever it sends, and in whatever pieces, a reply is read once and as it was, and values and
//! moments come of it or trouble.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retry_command::store::redis_answer::{Found, of_scan, of_script, of_text, of_time};
use retry_command::store::resp::reply;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    while let Ok(Some((answer, length))) = reply(rest) {
        assert!(0 < length && length <= rest.len());
        // A server may send any part of a reply first: that is no reply yet, and no mistake.
        for cut in [length / 2, length - 1] {
            assert_eq!(reply(&rest[..cut]), Ok(None), "the first {cut} bytes of {length}");
        }
        let _seen = of_script(&answer);
        let _now = of_time(&answer);
        let _names = of_scan(answer.clone());
        let _text = of_text(answer.clone());
        let _value = Found::of_get(answer).name();
        rest = &rest[length..];
    }
});
