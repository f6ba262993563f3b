//! The text format of Prometheus as strictly as its readers take it, and what is asked of names and histograms besides.

use std::collections::{BTreeMap, BTreeSet};

/// A file of metrics that has been read.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    /// By name and labels as they are written.
    pub(super) samples: BTreeMap<String, f64>,
    kinds: BTreeMap<String, String>,
}

impl Exposition {
    /// Reads a file; fails on whatever a strict reader objects to.
    #[track_caller]
    pub(super) fn read(text: &str) -> Self {
        assert!(text.ends_with('\n') && !text.contains('\r'), "every line has its end: {text:?}");
        let mut found = Self::default();
        let mut helped = BTreeSet::new();
        let mut current = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a help text");
                assert!(helped.insert(name.to_owned()), "{name} has one help text");
                assert!(help.ends_with('.') && !help.contains('\\'), "{help}");
                name.clone_into(&mut current);
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                assert_eq!(name, current, "its help stands before it");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
                for end in ["_count", "_sum", "_bucket", "_info", "_created"] {
                    assert!(!name.ends_with(end), "{name}");
                }
                for unit in ["_ms", "_milliseconds", "_minutes", "_duration"] {
                    assert!(!name.trim_end_matches("_total").ends_with(unit), "{name} has a base unit");
                }
                assert!(
                    found.kinds.insert(name.to_owned(), kind.to_owned()).is_none(),
                    "{name} is there once"
                );
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').expect("a value");
                let name = series.split('{').next().expect("a name");
                let ends: &[&str] = match found.kinds.get(&current).map(String::as_str) {
                    Some("histogram") => &["_bucket", "_sum", "_count"],
                    Some(_) => &[""],
                    None => panic!("{name} has no type"),
                };
                let end = name.strip_prefix(&current).unwrap_or_else(|| panic!("{name} stands in {current}"));
                assert!(ends.contains(&end), "{name} in {current}");
                check_labels(series);
                let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
                assert!(value.is_finite() && value >= 0.0, "{line}");
                assert!(found.samples.insert(series.to_owned(), value).is_none(), "{series} is there twice");
            }
        }
        found.check_histograms();
        found
    }

    /// Buckets grow with their bound, the last one is that of all, and all are as many as the count says.
    fn check_histograms(&self) {
        for (series, count) in self.samples.iter().filter(|(series, _)| series.contains("_count{")) {
            let (name, labels) = series.split_once("_count{").expect("labels");
            let begin = format!("{name}_bucket{{{}", labels.trim_end_matches('}'));
            let mut buckets: Vec<(f64, f64)> = Vec::new();
            for (series, value) in &self.samples {
                let Some(bound) = series.strip_prefix(&begin).and_then(|rest| rest.strip_prefix(",le=\""))
                else {
                    continue;
                };
                let bound = bound.trim_end_matches("\"}");
                let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().expect("a bound") };
                buckets.push((bound, *value));
            }
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(buckets.len() > 5 && buckets.is_sorted_by(|a, b| a.1 <= b.1), "{series}: {buckets:?}");
            let last = buckets.last().expect("a bucket");
            assert!(last.0.is_infinite() && (last.1 - count).abs() < 0.5, "{series}: {buckets:?}");
            assert!(self.samples.contains_key(&format!("{name}_sum{{{labels}")), "{series} has a sum");
        }
    }

    /// The sum over all series whose name and labels begin and hold these texts.
    pub(super) fn sum(&self, name: &str, label: &str) -> f64 {
        let fits = |series: &str| series.starts_with(&format!("{name}{{")) && series.contains(label);
        self.samples.iter().filter(|(series, _)| fits(series)).map(|(_, value)| value).sum()
    }

    /// Fails if a counter is less than it was.
    #[track_caller]
    pub(super) fn goes_on_from(&self, before: &Self) {
        for (series, value) in &before.samples {
            let is_gauge = series.starts_with("retry_last_");
            let now = self.samples.get(series).unwrap_or_else(|| panic!("{series} is gone"));
            assert!(is_gauge || now >= value, "{series} fell from {value} to {now}");
        }
    }
}

/// Labels are well formed, and none is there twice.
#[track_caller]
fn check_labels(series: &str) {
    let (_, mut rest) = series.split_once('{').expect("labels");
    let mut names = BTreeSet::new();
    while rest != "}" {
        let (name, value) = rest.split_once("=\"").unwrap_or_else(|| panic!("{series}"));
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{series}");
        assert!(names.insert(name), "{name} is there twice in {series}");
        let mut escaped = false;
        let end = value.find(|c| {
            let ends = c == '"' && !escaped;
            assert!(!escaped || ['\\', '"', 'n'].contains(&c), "{series}");
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.unwrap_or_else(|| panic!("{series}"));
        assert!(end <= 400, "{series}");
        rest = value[end + 1..].strip_prefix(',').unwrap_or(&value[end + 1..]);
    }
}
