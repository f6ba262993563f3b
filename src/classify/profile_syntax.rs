//! The syntax of patterns in profiles. `build.rs` also includes this file.

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, HirKind};

/// Parses a pattern over the bytes of normalised text. The error is the reason, on one line.
pub(super) fn parse(text: &str) -> Result<Hir, String> {
    let parsed =
        regex_syntax::ParserBuilder::new().unicode(false).utf8(false).multi_line(true).build().parse(text);
    parsed.map(spaces_match_breaks).map_err(|why| {
        let why = why.to_string();
        why.lines().last().unwrap_or(&why).trim_start_matches("error: ").to_owned()
    })
}

/// A space in the pattern matches any white space in the text, which is a space or a line break.
fn spaces_match_breaks(hir: Hir) -> Hir {
    /// A larger class is taken to be a negated one.
    const MAX_CLASS_BYTES: usize = 128;
    let space = || ClassBytes::new([b' ', b'\n'].map(|byte| ClassBytesRange::new(byte, byte)));
    match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Literal(literal) => {
            let mut parts = Vec::new();
            for (at, piece) in literal.0.split(|byte| *byte == b' ').enumerate() {
                if at > 0 {
                    parts.push(Hir::class(Class::Bytes(space())));
                }
                parts.push(Hir::literal(piece));
            }
            Hir::concat(parts)
        }
        HirKind::Class(class) => match class {
            Class::Bytes(mut class) => {
                let holds_space =
                    class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&b' '));
                let size: usize =
                    class.ranges().iter().map(|range| usize::from(range.end() - range.start()) + 1).sum();
                if holds_space && size <= MAX_CLASS_BYTES {
                    class.union(&space());
                }
                Hir::class(Class::Bytes(class))
            }
            class @ Class::Unicode(_) => Hir::class(class),
        },
        HirKind::Repetition(mut repetition) => {
            *repetition.sub = spaces_match_breaks(*repetition.sub);
            Hir::repetition(repetition)
        }
        HirKind::Capture(mut capture) => {
            *capture.sub = spaces_match_breaks(*capture.sub);
            Hir::capture(capture)
        }
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(spaces_match_breaks).collect()),
        HirKind::Alternation(branches) => {
            Hir::alternation(branches.into_iter().map(spaces_match_breaks).collect())
        }
    }
}
