//! The literals that the built-in patterns require, extracted by `build.rs`: a failure is judged without parsing patterns
//! that cannot match.

use crate::base::fnv::hash64;

#[expect(clippy::unreadable_literal, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/literals.rs"));
}
use generated::{LITERALS, NOTED};

/// The literals of a built-in pattern, each terminated by a NUL; empty if it requires none. `None` for a pattern that is
/// not built in.
pub(super) fn noted(pattern: &str) -> Option<impl Iterator<Item = &'static [u8]>> {
    let hash = hash64(pattern.bytes());
    let row = NOTED.binary_search_by_key(&hash, |(hash, _, _)| *hash).ok()?;
    let (_, start, length) = NOTED[row];
    let start = usize::try_from(start).ok()?;
    let literals = LITERALS.get(start..start + usize::from(length))?;
    Some(literals.split_inclusive(|byte| *byte == 0).map(|literal| &literal[..literal.len() - 1]))
}
