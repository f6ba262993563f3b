//! How `retry simulate` reads and tells values.

use super::harness::Ran;
use crate::support::Sandbox;

fn ran(options: &str) -> Ran {
    Sandbox::new().run(["simulate"].into_iter().chain(options.split_whitespace())).exits(0)
}

#[test]
fn sharing_alone_is_one_key_for_all() {
    for (options, shared) in [
        ("--shared", "all"),
        ("--shared --breaker 50%/30s", "all"),
        ("--shared all", "all"),
        ("--shared=all --max 3", "all"),
        ("--shared off", "off"),
        ("--shared=off", "off"),
        ("--shared groups:3 --max 3", "groups:3"),
        ("--shared=groups:2", "groups:2"),
        ("--shared off --shared", "all"),
    ] {
        let answer = ran(&format!("--clients 5 --outage none --format json {options}")).json();
        assert_eq!(answer["model_parameters"]["shared"], shared, "{options}");
    }
    let wrong = Sandbox::new().run(["simulate", "--shared", "some"]).exits(125);
    assert!(wrong.stderr.contains("--shared some: use all, off or groups:10"), "{}", wrong.stderr);
    assert!(ran("--help").text().contains("--shared [<WHO>]"));
    let page = Sandbox::new().run(["generate", "man"]).exits(0).text();
    assert!(page.contains("\\fB\\-\\-shared\\fR [\\fIWHO\\fR]"));
}
