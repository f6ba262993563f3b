//! Descriptors that the command's arguments name: what `<(…)` of a shell becomes.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use memchr::memmem;

/// The directories in which the system lists a process's own descriptors.
const DIRECTORIES: [&[u8]; 3] = [b"/dev", b"/proc/self", b"/proc/thread-self"];

/// `/dev/fd/3`: the search has a cost per word, which short words need not pay.
const MIN_WORD_BYTES: usize = 9;

/// The descriptors from 3 on of which a path is part of an argument (`/dev/fd/63`, `--file=/dev/fd/63`, `-c 'wc
/// </proc/self/fd/3'`), each once.
pub(super) fn descriptors(argv: &[OsString]) -> Vec<i32> {
    let mut found = Vec::new();
    let long_enough = |word: &&[u8]| word.len() >= MIN_WORD_BYTES;
    for word in argv.iter().map(|word| word.as_bytes()).filter(long_enough) {
        for at in memmem::find_iter(word, b"/fd/") {
            let (before, after) = (&word[..at], &word[at + 4..]);
            let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = std::str::from_utf8(&after[..digits]).ok().and_then(|digits| digits.parse().ok());
            if let Some(number @ 3..) = number
                && DIRECTORIES.iter().any(|directory| before.ends_with(directory))
                && !found.contains(&number)
            {
                found.push(number);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[&str], expected: &[i32]) {
        let argv: Vec<OsString> = words.iter().map(Into::into).collect();
        assert_eq!(descriptors(&argv), expected, "{words:?}");
    }

    #[test]
    fn paths_are_found_wherever_they_stand_in_an_argument() {
        check(&["cat", "/dev/fd/63"], &[63]);
        check(&["cat", "/proc/self/fd/11", "/dev/fd/12"], &[11, 12]);
        check(&["curl", "--data-binary", "@/dev/fd/63"], &[63]);
        check(&["psql", "--file=/dev/fd/3"], &[3]);
        check(&["tar", "-T/dev/fd/10"], &[10]);
        check(&["sh", "-c", "diff /dev/fd/4 - </proc/thread-self/fd/5;cat /dev/fd/6|wc"], &[4, 5, 6]);
        check(&["diff", "/dev/fd/63", "/dev/fd/62", "/dev/fd/63"], &[63, 62]);
    }

    #[test]
    fn what_names_no_descriptor_of_ours_is_passed_over() {
        check(&["cat"], &[]);
        check(&["cat", "/dev/fd/0", "/dev/fd/1", "/dev/fd/2", "/dev/stdin"], &[]);
        check(&["cat", "/proc/1/fd/3", "/tmp/fd/3", "/fd/3", "dev/fd/3x"], &[]);
        check(&["cat", "/dev/fd/", "/dev/fd/x", "/dev/fd/-1", "/dev/fd/99999999999999999999"], &[]);
    }
}
