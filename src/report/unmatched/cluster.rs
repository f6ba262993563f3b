//! Combines masked texts into templates: texts of one program with the same length that differ in few words. The scheme is
//! that of Drain without its tree; texts are sorted, so that the order of the log does not matter.

use std::collections::BTreeMap;

/// The placeholder for words that differ.
pub(in crate::report) const ANY: &str = "<*>";
/// The percentage of words that must be equal.
const EQUAL_PERCENT: usize = 70;
/// Templates among which one is looked for.
const MAX_BUCKET_TEMPLATES: usize = 200;

/// A template that is being built.
#[derive(Debug)]
pub(in crate::report) struct Cluster {
    pub(in crate::report) words: Vec<String>,
    /// The numbers of its texts.
    pub(in crate::report) members: Vec<usize>,
}

/// Program, number of words, and the numbers that were kept.
type Bucket = (String, usize, Vec<String>);

/// Puts texts together; each is its program and its masked words, and known by its place.
pub(in crate::report) fn cluster(texts: &[(String, &str)]) -> Vec<Cluster> {
    let mut buckets: BTreeMap<Bucket, Vec<Cluster>> = BTreeMap::new();
    for (number, (program, masked)) in texts.iter().enumerate() {
        let words: Vec<&str> = masked.split(' ').collect();
        let bucket = buckets.entry((program.clone(), words.len(), kept(masked))).or_default();
        let equal = |cluster: &Cluster| cluster.words.iter().zip(&words).filter(|(a, b)| a == *b).count();
        let is_full = bucket.len() >= MAX_BUCKET_TEMPLATES;
        // The first of equals.
        let nearest = bucket.iter_mut().rev().max_by_key(|cluster| equal(cluster));
        let nearest = nearest.filter(|cluster| equal(cluster) * 100 >= words.len() * EQUAL_PERCENT);
        match nearest {
            Some(cluster) => {
                for (word, other) in cluster.words.iter_mut().zip(&words) {
                    if word != other {
                        ANY.clone_into(word);
                    }
                }
                cluster.members.push(number);
            }
            None if !is_full => {
                let words = words.into_iter().map(str::to_owned).collect();
                bucket.push(Cluster { words, members: vec![number] });
            }
            None => {}
        }
    }
    buckets.into_values().flatten().collect()
}

/// The numbers that masking has left.
fn kept(masked: &str) -> Vec<String> {
    let runs = masked.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    runs.map(str::to_owned).collect()
}
