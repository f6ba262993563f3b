//! Letters written and read back, and what is not one.

use std::os::unix::ffi::OsStringExt as _;

use super::*;
use crate::policy::layer::{Layer, Origin};
use crate::policy::{Request, resolve};

fn header() -> Header {
    let mut header = Header { retry_letter: VERSION, ..Header::default() };
    header.set_argv(&["cat".into()]);
    header
}

#[test]
fn any_words_and_paths_come_back() {
    let odd = OsString::from_vec(b"a\xff\nb".to_vec());
    let words = [OsString::from("printf"), OsString::new(), odd.clone(), "ä ö\u{1b}".into()];
    let mut header = header();
    header.set_argv(&words);
    header.set_cwd(&odd);
    header.set_variable("ODD", &odd);
    header.set_variable("PLAIN", OsStr::new("x"));
    header.stdin = Stdin::file(&odd, 1, 2, 3, 4);
    let line = header.line().expect("a line");
    assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
    let read = parse(&line[..line.len() - 1]).expect("a letter");
    assert_eq!(read, header);
    assert_eq!(read.command().expect("words"), words);
    assert_eq!(read.directory().expect("a directory"), odd);
    assert_eq!(
        read.variables().expect("variables"),
        [("ODD".to_owned(), odd.clone()), ("PLAIN".to_owned(), "x".into())]
    );
    assert_eq!(read.stdin.path().expect("a path"), Some(odd));
}

#[test]
fn a_line_that_was_edited_by_hand_needs_little() {
    let read = parse(br#"{"retry_letter": 1, "argv": ["true"], "new_field": {}}"#).expect("a letter");
    assert_eq!(read.command().expect("words"), ["true"]);
    assert_eq!((read.mask(), read.stdin), (None, Stdin::None));
}

#[test]
fn what_is_no_letter_is_told() {
    for (line, why) in [
        (&b"hello"[..], "not JSON"),
        (b"\x00\xff", "not JSON"),
        (b"{}", "no retry_letter"),
        (br#"{"retry_letter":2,"argv":["x"]}"#, "newer retry"),
        (br#"{"retry_letter":0,"argv":["x"]}"#, "unknown version"),
        (br#"{"retry_letter":"1","argv":["x"]}"#, "unknown version"),
        (br#"{"retry_letter":1}"#, "argv"),
    ] {
        let told = parse(line).expect_err("no letter").to_string();
        assert!(told.contains(why), "{told}");
    }
    let empty = parse(br#"{"retry_letter":1,"argv":[]}"#).expect("a header");
    assert!(empty.command().is_err());
    let wrong = parse(br#"{"retry_letter":1,"argv":["x"],"argv_bytes":["?"]}"#).expect("a header");
    assert_eq!(wrong.command(), Err(Mistake("argv_bytes is not base64".to_owned())));
}

#[test]
fn a_letter_is_as_long_as_it_says() {
    let whole = Header { stdin: Stdin::Bytes { bytes: 10, crc32: None }, ..header() };
    let check = |file| verify(&whole, Length { header: 100, file });
    assert_eq!(check(110), Ok(()));
    assert_eq!(check(98).expect_err("cut").to_string(), "12 bytes short: it was cut");
    assert_eq!(check(111).expect_err("grown").to_string(), "1 byte too long: something was added");
    let header = Header { stdin: Stdin::Bytes { bytes: u64::MAX, crc32: None }, ..header() };
    assert!(verify(&header, Length { header: 100, file: 200 }).is_err());
}

fn resolved(options: &[(&str, &[&str])]) -> crate::policy::Resolved {
    let mut flags = Layer::default();
    for (key, texts) in options {
        let texts = texts.iter().map(OsString::from).collect();
        flags.add(key, texts, Origin::Flag, (*key).to_owned()).expect("an option");
    }
    resolve(&Request { flags, ..Request::default() }).expect("a policy")
}

#[test]
fn settings_come_back_as_they_were() {
    let given = resolved(&[
        ("max", &["5"]),
        ("timeout", &["0"]),
        ("delay", &["250ms"]),
        ("retry-on", &["1,5-9", "!2"]),
        ("retry-match", &["a,b", "stdout:c"]),
        ("factor", &["1.5"]),
        ("non-idempotent", &["true"]),
        ("key", &["k"]),
        ("rate", &["100/1m"]),
        ("budget", &["20%"]),
        ("gate-wait", &["3s"]),
        ("stdin-max", &["5MiB"]),
        ("profile", &["curl", "generic"]),
        ("log", &["secret-place"]),
        ("on-failure", &["curl secret"]),
        ("chronic", &["true"]),
    ]);
    let stored = stored(&given);
    for key in ["log", "on-failure", "chronic"] {
        assert!(!stored.contains_key(key), "{key}");
    }
    let again = layer(&stored).expect("a layer");
    let again = resolve(&Request { flags: again, ..Request::default() }).expect("a policy");
    for (at, setting) in crate::policy::settings::SETTINGS.iter().enumerate() {
        if stored.contains_key(setting.key) {
            let show = setting.show;
            assert_eq!(show(&again.policy), show(&given.policy), "{}", setting.key);
            assert!(given.origins[at].is_given());
        }
    }
    assert_eq!(stored.len(), 13, "{stored:?}");
}

#[test]
fn rules_and_the_settings_of_a_built_in_policy_come_back_too() {
    let text = r#"
        [policy.p]
        inherits = "database"
        [[policy.p.rule]]
        class = "permanent"
        exit = "3-5"
        stderr = 'quota "x" \d+'
        http = 403
        reason = "line one\n\u007f"
        [[policy.p.rule]]
        class = "success"
        stdout = "done"
    "#;
    let source = std::rc::Rc::new(crate::base::problem::Source { path: "f".into(), text: text.into() });
    let (file, problems) = crate::policy::file::parse(&source);
    assert!(problems.is_empty(), "{problems:?}");
    let named = Some(("p".to_owned(), Origin::Flag));
    let given = resolve(&Request { named, files: vec![file], ..Request::default() }).expect("a policy");
    let again = resolve(&Request { letter: layer(&stored(&given)).expect("a layer"), ..Request::default() });
    let again = again.expect("a policy");
    assert_eq!(again.policy.rule, given.policy.rule);
    assert_eq!(again.policy.rule.0.len(), 2);
    assert_eq!(*again.origin("rule"), Origin::Letter);
    for setting in crate::policy::settings::SETTINGS {
        assert_eq!((setting.show)(&again.policy), (setting.show)(&given.policy), "{}", setting.key);
    }
    let until = resolve(&Request { verb: Some("until"), ..Request::default() }).expect("a policy");
    let again = resolve(&Request { letter: layer(&stored(&until)).expect("a layer"), ..Request::default() });
    assert_eq!(again.expect("a policy").policy.retry_on, until.policy.retry_on);
}

#[test]
fn no_letter_holds_a_password_or_sets_what_is_not_its_own() {
    let given = resolved(&[("key", &["k"]), ("state", &["redis://me:secret@host:1/2"])]);
    assert_eq!(stored(&given)["state"], "redis://host:1/2");
    for key in ["on-failure", "fallback", "log", "nonsense", "rule"] {
        let settings = [(key.to_owned(), Json::String("x".to_owned()))].into_iter().collect();
        assert!(layer(&settings).is_err(), "{key}");
    }
    for rule in
        [serde_json::json!([1]), serde_json::json!([{"class": "no"}]), serde_json::json!([{"x]\ny": 1}])]
    {
        let settings = [("rule".to_owned(), rule)].into_iter().collect();
        assert!(layer(&settings).is_err(), "{settings:?}");
    }
}

#[test]
fn a_script_quotes_whatever_there_is() {
    let mut header = Header {
        umask: "0022".to_owned(),
        shell: Some("bash".to_owned()),
        stdin: Stdin::Bytes { bytes: 3, crc32: None },
        ..header()
    };
    header.set_argv(&["echo it's \"x\"".into(), OsString::new()]);
    header.set_cwd(OsStr::new("/a b"));
    header.set_variable("A", OsStr::new("1 2"));
    header.settings.insert("max".to_owned(), Json::String("5".to_owned()));
    header.settings.insert("non-idempotent".to_owned(), Json::String("true".to_owned()));
    let script = script(&header, OsStr::new("/d/x.letter")).expect("a script");
    assert_eq!(
        String::from_utf8(script).expect("text"),
        "#!/bin/sh\ntail -n +2 /d/x.letter | (cd '/a b' && umask 0022 && env 'A=1 2' retry --shell=bash --max=5 \
         --non-idempotent -- 'echo it'\\''s \"x\"' '')\n"
    );
}
