//! How `retry simulate` reads and tells values.

use super::harness::Ran;
use crate::support::Sandbox;

fn ran(options: &str) -> Ran {
    Sandbox::new().run(["simulate"].into_iter().chain(options.split_whitespace())).exits(0)
}

/// An option switches off what a file says, as any option does.
#[test]
fn a_limit_out_of_a_file_can_be_left_out() {
    let sandbox = Sandbox::new();
    sandbox.write("config.toml", "[policy.default]\nrate = \"10/1s\"\n");
    for (options, shared) in
        [(&[][..], "all"), (&["--shared", "off"], "off"), (&["--shared", "groups:2"], "groups:2")]
    {
        let words = ["simulate", "--config", "config.toml", "--clients", "9", "--format", "json"];
        let answer = sandbox.run([&words[..], options].concat()).exits(0).json();
        assert_eq!(answer["model_parameters"]["shared"], shared);
        assert_eq!(answer["results"][0]["limits"]["rate"].is_null(), shared == "off");
    }
}

#[test]
fn named_policies_are_compared() {
    let answer = ran("--clients 5 --compare policy=default,aggressive --format json").json();
    let results = answer["results"].as_array().expect("results");
    let seen: Vec<_> =
        results.iter().map(|one| (&one["variant"]["policy"], one["amplification"].as_f64())).collect();
    assert_eq!(seen, [(&"default".into(), Some(3.0)), (&"aggressive".into(), Some(5.0))]);
}

#[test]
fn few_and_none_are_told_as_such() {
    assert!(ran("--clients 1").text().starts_with("model server: 1 client arrives at once"));
    let nobody = ran("--arrive poisson:1e-9 --outage none").text();
    assert!(nobody.contains("0 operations, capacity 100/s: nobody came, none gave up"), "{nobody}");
    let list = ran("--clients 5 --runs 1 --sweep outage=0s..9s/2").text();
    assert!(list.lines().all(|line| !line.ends_with(' ')), "{list}");
    let found = ran("--clients 10 --runs 1 --find budget").text();
    assert!(found.contains("does not survive with any budget from 0.07813% to 100%"), "{found}");
}

/// JSON has the numbers themselves.
#[test]
fn numbers_have_the_digits_that_a_reader_needs() {
    for (options, told, parameter) in [
        ("--clients 3 --capacity 0.000002/s", "capacity 0.000002/s", ("capacity", "0.000002/s")),
        (
            "--clients 3 --capacity 713.266762/s",
            "capacity 713/s, service exp:1.4ms,",
            ("capacity", "713.266762/s"),
        ),
        (
            "--arrive poisson:100/3s --for 9s",
            "arrive poisson:33.3,",
            ("arrive", "poisson:33.333333333333336"),
        ),
        ("--clients 3 --outage 0s..9s:lose:7%", "outage 0s..9s:lose:7%", ("outage", "0s..9s:lose:7%")),
    ] {
        let text = ran(options).text().replace("\n  ", " ");
        assert!(text.contains(told) && !text.contains("0.0/s"), "{options}: {text}");
        let answer = ran(&format!("{options} --format json")).json();
        assert_eq!(answer["model_parameters"][parameter.0], parameter.1, "{options}");
    }
}

/// Every mark below the head of a wide map is the column of the value above it.
#[test]
fn a_map_too_wide_for_numbers_has_values_above_its_columns() {
    for (sweep, bands, first, last) in [("5s..60s/40", 1, "5s", "1m"), ("1s..90s/90", 2, "1s", "1m30s")] {
        let text = ran(&format!("--clients 5 --runs 1 --sweep outage={sweep} --sweep max=2,6")).text();
        assert!(text.contains("shades from 0 to 100: ' ' '"), "{text}");
        let heads: Vec<_> = text.lines().filter(|line| line.starts_with("max ")).collect();
        assert_eq!(heads.len(), bands, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(heads[0])[1], first);
        assert_eq!(words(heads[bands - 1]).last().map(String::as_str), Some(last));
    }
    let text = ran("--clients 5 --runs 1 --sweep outage=1s..90s/90 --sweep max=2,6").text();
    let lines: Vec<_> = text.lines().skip_while(|line| !line.starts_with("max ")).collect();
    for (at, mark) in lines[1].char_indices().filter(|(_, mark)| *mark == '|').take(5) {
        let second = at - "max ".len() + 1;
        assert!(lines[0][at..].starts_with(&format!("{second}s")), "{mark} {second}: {text}");
    }
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
