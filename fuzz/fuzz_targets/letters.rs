//! Dead letters: a header is read, written and read as the same, and a script can be made of it; else it is told why not.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retry_command::letter::{Length, layer, parse, script, verify};

fuzz_target!(|line: &[u8]| {
    let header = match parse(line) {
        Ok(header) => header,
        Err(why) => return assert!(!why.to_string().is_empty()),
    };
    let written = header.line().expect("what was read is not too long");
    assert_eq!(written.iter().filter(|byte| **byte == b'\n').count(), 1, "one line");
    // A number of a setting may lose a digit when it is first read; what was written loses nothing.
    let again = parse(&written[..written.len() - 1]).expect("our own");
    assert_eq!(
        (&again.argv, &again.stdin, again.settings.len()),
        (&header.argv, &header.stdin, header.settings.len())
    );
    assert_eq!(again.line().as_ref(), Ok(&written));
    let length = Length { header: written.len() as u64, file: written.len() as u64 };
    assert_eq!(verify(&header, length).is_ok(), header.stdin.stored() == 0);
    let _settings = layer(&header.settings);
    let _script = script(&header, "letter".as_ref());
    let _missing =
        (header.command(), header.directory(), header.variables(), header.missing(), header.mask());
});
