//! The macro of libfuzzer-sys, as far as its use can be checked without running anything.

/// A fuzz target: what it does with an input of this type.
#[macro_export]
macro_rules! fuzz_target {
    (|$input:ident: $type:ty| $body:expr) => {
        pub fn target($input: $type) {
            $body
        }
    };
}
