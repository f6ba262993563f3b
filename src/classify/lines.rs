//! Lines that mean the same whichever tool prints them: `lines.toml`. Harmless ones are dropped before anything is judged;
//! others show that a request was sent.

use toml::de::{DeTable, DeValue};

use super::normalise::Text;
use super::profile_regex::ProfileRegex;

const DATA: &str = include_str!("lines.toml");

/// Lines of one kind.
#[derive(Debug, Default)]
struct Sort {
    patterns: Vec<ProfileRegex>,
    /// Matches only after a line that says that there was no connection.
    later: bool,
    /// Lines of this kind, for tests.
    #[cfg(test)]
    examples: Vec<String>,
    /// Lines that look like it, for tests.
    #[cfg(test)]
    not: Vec<String>,
}

#[derive(Debug, Default)]
struct Sorts {
    harmless: Vec<Sort>,
    reached: Vec<Sort>,
}

thread_local! {
    static SORTS: Sorts = read(DATA);
}

/// The text without the lines that say nothing of how the command ended.
pub(super) fn without_harmless(text: Text) -> Text {
    SORTS.with(|sorts| {
        let patterns = sorts.harmless.iter().flat_map(|sort| &sort.patterns);
        let places: Vec<_> = patterns.flat_map(|pattern| pattern.spans(&text)).collect();
        text.without(&places)
    })
}

/// Where the text says that a connection stood, or that something was sent; and whether it says so only behind a line that
/// says otherwise.
pub(super) fn reached(text: &Text) -> impl Iterator<Item = (usize, bool)> {
    let found: Vec<_> = SORTS.with(|sorts| {
        let of_sort = |sort: &Sort| {
            let spans: Vec<_> = sort.patterns.iter().flat_map(|pattern| pattern.spans(text)).collect();
            spans.into_iter().map(|span| (span.start, sort.later)).collect::<Vec<_>>()
        };
        sorts.reached.iter().flat_map(of_sort).collect()
    });
    found.into_iter()
}

fn read(data: &str) -> Sorts {
    let (table, errors) = DeTable::parse_recoverable(data);
    debug_assert!(errors.is_empty(), "{errors:?}");
    let sorts = |key: &str| match table.get_ref().get(key).map(toml::Spanned::get_ref) {
        Some(DeValue::Array(items)) => items.iter().filter_map(|item| sort(item.get_ref())).collect(),
        _ => Vec::new(),
    };
    Sorts { harmless: sorts("harmless"), reached: sorts("reached") }
}

fn sort(value: &DeValue<'_>) -> Option<Sort> {
    let DeValue::Table(table) = value else { return None };
    let texts = |key: &str| match table.get(key).map(toml::Spanned::get_ref) {
        Some(DeValue::Array(items)) => {
            items.iter().filter_map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
        }
        Some(DeValue::String(text)) => vec![text.to_string()],
        _ => Vec::new(),
    };
    Some(Sort {
        patterns: texts("line").iter().map(|text| ProfileRegex::of_lines(text)).collect(),
        later: matches!(table.get("later").map(toml::Spanned::get_ref), Some(DeValue::Boolean(true))),
        #[cfg(test)]
        examples: texts("example"),
        #[cfg(test)]
        not: texts("not"),
    })
}

/// The patterns of all sorts, as they are written.
#[cfg(test)]
pub(super) fn patterns() -> Vec<String> {
    SORTS.with(|sorts| {
        let sorts = sorts.harmless.iter().chain(&sorts.reached);
        sorts.flat_map(|sort| &sort.patterns).map(|pattern| pattern.as_str().to_owned()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_of(sort: &Sort, line: &str) -> bool {
        let text = Text::new(line.as_bytes());
        sort.patterns.iter().any(|pattern| !pattern.spans(&text).is_empty())
    }

    #[test]
    fn every_sort_of_line_knows_its_examples_from_what_only_looks_like_them() {
        SORTS.with(|sorts| {
            assert!(sorts.harmless.len() > 5 && sorts.reached.len() > 2);
            for sort in sorts.harmless.iter().chain(&sorts.reached) {
                assert!(!sort.examples.is_empty() && !sort.not.is_empty(), "{sort:?}");
                sort.patterns.iter().for_each(|pattern| pattern.check().unwrap());
                for line in &sort.examples {
                    assert!(is_of(sort, line), "{line}");
                }
                for line in &sort.not {
                    assert!(!is_of(sort, line), "{line}");
                }
            }
        });
    }

    #[test]
    fn what_is_left_is_what_went_wrong() {
        let left =
            |text: &str| String::from_utf8(without_harmless(Text::new(text.as_bytes())).plain).unwrap();
        assert_eq!(
            left("sudo: unable to resolve host ci-1: Name or service not known\ncurl: (28) timed out"),
            "curl: (28) timed out"
        );
        assert_eq!(left("a\nperl: warning: Setting locale failed.\nb"), "a\nb");
        assert_eq!(left("Warning: Permanently added 'x' (ED25519) to the list of known hosts."), "");
        assert_eq!(left(""), "");
    }
}
