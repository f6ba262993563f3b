//! Configurations: every mistake is told where it stands, and a file without any gives policies whose own log of themselves
//! can be read again.

#![no_main]

use std::rc::Rc;

use libfuzzer_sys::fuzz_target;
use retry_command::base::problem::Source;
use retry_command::policy::file::parse;
use retry_command::policy::layer::Origin;
use retry_command::policy::{Request, judging, policy_names, resolve, user_profiles};

fuzz_target!(|text: &str| {
    let source = Rc::new(Source { path: "config.toml".into(), text: text.into() });
    let (file, problems) = parse(&source);
    for problem in &problems {
        let place = problem.place.as_ref().expect("a place");
        assert!(place.start <= text.len() && place.end <= text.len(), "{problem:?}");
        assert!(problem.lines().iter().any(|line| !line.is_empty()));
    }
    if !problems.is_empty() {
        return;
    }
    let files = vec![file];
    user_profiles(&files);
    for name in policy_names(&files) {
        let named = Some((name.to_owned(), Origin::Default));
        let request = Request { named, files: files.clone(), ..Request::default() };
        match resolve(&request) {
            Ok(resolved) => {
                resolved.policy.schedule();
                resolved.policy.limits();
                let told = resolved.told();
                assert_eq!(resolved.digest(&told).len(), 16);
                judging(&told);
            }
            Err(problems) => assert!(problems.iter().all(|problem| !problem.lines().is_empty())),
        }
    }
});
