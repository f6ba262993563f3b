//! `retry simulate`: the herd of clients, in virtual time.

use serde_json::Value as Json;

use super::harness::only;
use crate::support::{Sandbox, fixture};

#[track_caller]
fn simulated(options: &str) -> Json {
    let ran = Sandbox::new().run("simulate --format json".split(' ').chain(options.split_whitespace()));
    assert_eq!(ran.stderr, "");
    ran.exits(0).json()
}

/// What is answered of the run itself, not what was asked for.
#[test]
fn what_the_server_does_changes_what_happens() {
    let crowd = "--clients 1000 --max inf --timeout 2s --jitter none";
    for (base, option) in [
        (crowd, "--queue-order lifo"),
        (crowd, "--overload collapse:2"),
        (crowd, "--cancel on"),
        ("--model collapse", "--load ramp"),
    ] {
        let with = simulated(&format!("{base} {option}"));
        assert_ne!(simulated(base)["results"], with["results"], "{option} does nothing");
    }
}

/// The claim that all else rests on: what is simulated is what is run.
#[test]
fn the_first_client_waits_as_a_run_with_the_same_seed_does() {
    for options in [
        "--seed 7 --max 9 --delay 2ms",
        "--seed 7 --max 6 --delay 1ms --jitter full --factor 3",
        "--seed 8 --max 7 --delay 2ms --backoff decorrelated",
        "--seed 9 --max 5 --delay 3ms --backoff fixed --jitter 25%",
    ] {
        let sandbox = Sandbox::new();
        let words: Vec<_> = options.split(' ').collect();
        let run = [&words[..], &["-q", "--log", "log", "--", fixture(), "fail-until", "runs", "99", "75"]];
        sandbox.run(run.concat()).exits(75);
        let log = sandbox.log("log");
        let real: Vec<_> = only(&log, "attempt.retry")
            .iter()
            .map(|line| [&line["attempt"], &line["backoff_ms"], &line["delay_ms"]].map(Json::clone))
            .collect();
        let answer = simulated(&format!("--clients 1 {options}"));
        let waits = answer["results"][0]["waits"].as_array().expect("waits");
        let virtual_ones: Vec<_> = waits
            .iter()
            .map(|wait| [&wait["attempt"], &wait["backoff_ms"], &wait["delay_ms"]].map(Json::clone))
            .collect();
        assert!(real.len() >= 4, "{options}");
        assert_eq!(virtual_ones, real, "{options}");
    }
}

#[test]
fn the_same_seed_makes_the_same_bytes_on_any_number_of_threads() {
    let bytes = |more: &[&str]| {
        let options = ["simulate", "--clients", "60", "--runs", "6", "--max", "9", "--format", "json"];
        let ran = Sandbox::new().run([&options[..], more].concat()).exits(0);
        assert!(!ran.stdout.is_empty());
        ran.stdout
    };
    let one = bytes(&["--threads", "1"]);
    assert_eq!(one, bytes(&["--threads", "1"]));
    assert_eq!(one, bytes(&["--threads", "2"]));
    assert_eq!(one, bytes(&["--threads", "5"]));
    assert_ne!(one, bytes(&["--threads", "1", "--seed", "2"]));
}

#[test]
fn a_verdict_says_what_happened_and_the_status_is_0_whatever_it_is() {
    for (options, verdict) in [
        ("--clients 200 --max inf --outage 0s..5s:refuse", "all done "),
        ("--clients 200 --max 2 --outage 0s..5s:refuse", "all gave up"),
        (
            "--clients 50 --max inf --outage 0s..inf:refuse",
            "never ends: 50 of 50 still trying at the horizon (10m)",
        ),
        ("--arrive poisson:60 --timeout 1s --outage 10s..30s:hang --max 4 --horizon 2m", "metastable"),
        ("--clients 20 --outage none", "none gave up"),
    ] {
        let answer = simulated(options);
        let told = answer["results"][0]["verdict"].as_str().expect("a verdict");
        assert!(told.contains(verdict), "{options}: {told}");
        assert!(told.contains("gave up"), "{options}: {told}");
        let words: Vec<_> = ["simulate"].into_iter().chain(options.split(' ')).collect();
        let text = Sandbox::new().run(words).exits(0).text();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[test]
fn shared_limits_hold_for_all_clients_together() {
    let limited = simulated("--clients 100 --outage none --rate 10/1s --capacity 1000/s");
    let result = &limited["results"][0];
    assert_eq!(result["limits"]["rate"], "10/1s");
    assert_eq!(limited["model_parameters"]["shared"], "all");
    let completion = result["completion_ms"].as_f64().expect("a time");
    assert!((9000.0..10_000.0).contains(&completion), "{completion}");
    let alone = simulated("--clients 100 --outage none --capacity 1000/s --shared off");
    assert!(alone["results"][0]["completion_ms"].as_f64() < Some(1000.0));
}

#[test]
fn policies_are_compared_in_every_combination() {
    let answer = simulated("--clients 40 --max 9 --compare jitter=none,full --compare budget=off,20%");
    let results = answer["results"].as_array().expect("results");
    let seen: Vec<_> =
        results.iter().map(|result| [&result["variant"]["jitter"], &result["variant"]["budget"]]).collect();
    assert_eq!(seen, [["none", "off"], ["none", "20%"], ["full", "off"], ["full", "20%"]]);
    assert_eq!(results[0]["limits"], serde_json::json!({}));
    assert_eq!(results[1]["limits"]["budget"], "20%");
    assert!(results[1]["gave_up"].as_f64() > results[0]["gave_up"].as_f64());
    let csv =
        Sandbox::new().run("simulate --clients 9 --compare max=2,3 --format csv".split(' ')).exits(0).text();
    assert_eq!(csv.lines().count(), 3);
    assert!(csv.starts_with("variant,operations,calls,") && csv.contains("\r\nmax=3,9,27,3,"), "{csv}");
    let long = "simulate --clients 9 --compare max=2,3 --format csv --timeline";
    let long = Sandbox::new().run(long.split(' ')).exits(0).text();
    assert!(long.starts_with("t,variant,offered,served\r\n0,max=2,18,0\r\n"), "{long}");
}

#[test]
fn the_values_across_a_map_stand_apart_above_their_columns() {
    let words = "simulate --clients 5 --runs 1 --sweep outage=5s..60s/4 --sweep max=2,9";
    let text = Sandbox::new().run(words.split(' ')).exits(0).text();
    let lines: Vec<_> = text.lines().skip_while(|line| !line.starts_with("max ")).collect();
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["max", "5s", "23s330ms", "41s670ms", "1m"]);
    assert!(lines.iter().all(|line| line.chars().count() == lines[0].chars().count()), "{text}");
}

#[test]
fn a_wait_for_an_answer_without_end_is_named() {
    for (timeout, is_named) in [("0", true), ("1s", false)] {
        let options =
            format!("--clients 9 --outage 0s..10s:hang --horizon 20s --max inf --timeout {timeout}");
        let verdict = simulated(&options)["results"][0]["verdict"].to_string();
        assert_eq!(
            verdict.contains("still trying at the horizon (20s), without a --timeout"),
            is_named,
            "{verdict}"
        );
    }
}

#[test]
fn a_map_and_a_search_say_what_recovers() {
    let answer = simulated("--clients 30 --runs 4 --max 4 --sweep outage=1s..20s/2 --sweep max=2,9");
    let cells = answer["sweep"]["cells"].as_array().expect("cells");
    let recovered: Vec<_> = cells.iter().map(|cell| cell["recovered"].as_f64()).collect();
    assert_eq!(recovered, [Some(0.0), Some(0.0), Some(1.0), Some(1.0)]);
    assert_eq!(answer["runs"], 4);
    let answer = simulated("--clients 30 --runs 4 --max 5 --find outage");
    let found = &answer["found"][0];
    let told = found["told"].as_str().expect("words");
    assert!(told.starts_with("survives any outage up to "), "{told}");
    // Five attempts: waits of 0.5..1, 1..2, 2..4 and 4..8 seconds, so none comes after 15 s, and none before 7.5 s.
    let survives = found["survives"].as_str().expect("a value");
    assert!(
        survives.starts_with("7s") || survives.starts_with("8s") || survives.starts_with("9s"),
        "{survives}"
    );
}

#[test]
fn a_search_goes_on_without_a_value_that_cannot_be_simulated() {
    let answer = simulated("--clients 8 --runs 1 --shared groups:6 --find clients");
    let told = answer["found"][0]["told"].as_str().expect("words");
    let known = "does not survive with any number of clients from 8 to 2048; 4 was not tried: ";
    assert!(told.starts_with(known) && told.contains("groups"), "{told}");
}

#[test]
fn the_page_has_its_curves_and_escapes_what_is_foreign() {
    let page = "simulate --clients 30 --max 9 --compare jitter=none,full --format html";
    let page = Sandbox::new().run(page.split(' ')).exits(0).text();
    assert_eq!(page.matches("<polyline").count(), 4);
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(!page.contains("<script"));
    assert!(
        page.contains("<p><b>jitter=full</b>: 30 clients, ") && !page.contains("<th class=\"text\">"),
        "{page}"
    );
    assert_eq!(page.matches("<div class=\"scroll\">\n<svg").count(), 2);
    let map = "simulate --clients 9 --runs 1 --sweep outage=1s,20s --format html";
    let map = Sandbox::new().run(map.split(' ')).exits(0).text();
    assert!(map.contains("across: outage"), "{map}");
}

#[test]
fn an_answer_is_as_its_schema_says() {
    let schema = Sandbox::new().run(["generate", "simulate-schema"]).exits(0).json();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for options in [
        "--clients 20",
        "--model collapse --runs 2",
        "--clients 9 --runs 2 --sweep max=1..3",
        "--clients 9 --runs 2 --find delay",
    ] {
        let answer = simulated(options);
        let wrong: Vec<_> = validator.iter_errors(&answer).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{options}: {wrong:?}");
    }
}

#[test]
fn explain_gives_the_verdict_alone() {
    let words = "explain --simulate 100,outage=5s,capacity=50/s --max 9 --jitter full";
    let ran = Sandbox::new().run(words.split(' ')).exits(0);
    let text = ran.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("100 clients, 5s outage, capacity 50/s: peak "), "{text}");
    let words = "explain --simulate 9,outage=0s..1s,outage=2s..5s:hang --timeout 1s --max 9";
    let both = Sandbox::new().run(words.split(' ')).exits(0).text();
    assert!(both.starts_with("9 clients, 1s outage, 3s outage, "), "{both}");
    for (herd, told) in [
        ("x", "--simulate x: invalid number; use a whole one"),
        ("5,capacity=y", "--simulate 5,capacity=y: use a number per time"),
        ("5,outage", "has no value"),
        ("5,arrive=poisson:4", "use retry simulate --arrive poisson:4: each arrival is a new client"),
        (
            "5,max=3",
            "unknown parameter 'max'\nretry: hint: give a setting as an option of its own, such as --max 3",
        ),
    ] {
        let ran = Sandbox::new().run(["explain", "--simulate", herd]).exits(125);
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
    let json = Sandbox::new().run("explain --simulate 5 --format json".split(' ')).exits(125).prints("");
    assert!(json.stderr.contains("use retry simulate --format json"), "{}", json.stderr);
}

/// What is finished is printed, and then we die of the signal.
#[test]
fn an_interrupted_simulation_prints_what_it_has() {
    use std::io::Read as _;
    use std::os::unix::process::ExitStatusExt as _;

    let sandbox = Sandbox::new();
    let words = "simulate --threads 1 --clients 3000 --outage 0s..inf:refuse --compare max=1,inf --delay 1ms \
                 --max-delay 1ms --horizon 6d --format text";
    let mut command = sandbox.signallable(words.split_whitespace());
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
    let pid = i32::try_from(child.id()).expect("a pid");
    let busy = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let ticks = stat.rsplit(')').next().unwrap_or("").split_whitespace().nth(11);
        ticks.and_then(|ticks| ticks.parse::<u64>().ok()).is_some_and(|ticks| ticks > 60)
    };
    crate::support::wait_for("some work", busy);
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid).expect("a pid"),
        rustix::process::Signal::INT,
    )
    .expect("a signal");
    let mut text = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut text).expect("text");
    assert_eq!(child.wait().expect("an end").signal(), Some(2));
    assert!(text.contains("max=1: ") && text.contains("stopped at t = "), "{text}");
    assert!(!text.contains("max=inf"), "{text}");
}

/// A log of runs that began at these moments, each with one attempt of a second that ended like that.
fn logged(sandbox: &Sandbox, runs: &[(u32, &str)]) {
    let mut text = String::new();
    for (second, ending) in runs {
        let line = |at: u32, event: &str, more: &str| {
            let ts = format!("2026-03-01T10:{:02}:{:02}.000Z", at / 60, at % 60);
            format!(
                "{{\"v\":1,\"ts\":\"{ts}\",\"event\":\"{event}\",\"message\":\"\",\"run\":\"r{second}\"{more}}}\n"
            )
        };
        let event = if ending.is_empty() { "attempt.success" } else { "attempt.failed" };
        let more = if ending.is_empty() { String::new() } else { format!(",{ending}") };
        text += &line(*second, "run.start", ",\"program\":\"x\"");
        text += &line(second + 1, event, &format!(",\"attempt\":1,\"duration_ms\":1000.0{more}"));
        text +=
            &line(second + 1, "run.stop", ",\"outcome\":\"succeeded\",\"attempts\":1,\"elapsed_ms\":1000.0");
    }
    std::fs::write(sandbox.path("log"), text).expect("a log");
}

/// Runs begin as they did, and requests are the attempts of the log: their times, and what came of them.
#[test]
fn a_log_is_played_back() {
    let played = |runs: &[(u32, &str)], options: &str| {
        let sandbox = Sandbox::new();
        logged(&sandbox, runs);
        let ran = sandbox.run("simulate --format json --from-log log".split(' ').chain(options.split(' ')));
        assert_eq!(ran.stderr, "");
        ran.exits(0).json()
    };
    let answer = played(&[(5, ""), (0, ""), (9, "")], "--max 1");
    let (result, parameters) = (&answer["results"][0], &answer["model_parameters"]);
    assert_eq!(result["completion_ms"], 10_000.0);
    assert_eq!([&result["calls"], &result["p50_ms"]], [3.0, 1000.0]);
    assert_eq!(parameters["from-log"], "3 runs in 9s, 3 attempts of 1s each, 0.0 % failed");
    assert_eq!([&parameters["outage"], &parameters["workers"]], ["none", "1"]);
    let offered: Vec<_> = answer["results"][0]["timeline"]
        .as_array()
        .expect("steps")
        .iter()
        .filter(|step| step["offered"] == 1.0)
        .map(|step| step["t"].as_u64())
        .collect();
    assert_eq!(offered, [Some(0), Some(5), Some(9)]);

    let permanent = played(&[(0, "\"class\":\"permanent\""), (3, "\"class\":\"permanent\"")], "--max 9");
    assert_eq!([&permanent["results"][0]["calls"], &permanent["results"][0]["gave_up"]], [2.0, 2.0]);
    let transient = played(&[(0, "\"class\":\"transient\"")], "--max 3 --delay 1s --jitter none");
    assert_eq!([&transient["results"][0]["calls"], &transient["results"][0]["gave_up"]], [3.0, 1.0]);
    let throttled = "\"class\":\"throttled\",\"retry_after_ms\":30000.0";
    let waits = |hint: &str| {
        let options = format!("--max 2 --delay 1s --jitter none --hint {hint}");
        let answer = played(&[(0, throttled)], &options);
        answer["results"][0]["waits"][0]["delay_ms"].as_f64().expect("a wait")
    };
    assert!((30_000.0..31_000.0).contains(&waits("on")), "{}", waits("on"));
    assert!((waits("off") - 1000.0).abs() < 0.001, "{}", waits("off"));
    // Only the arrivals are those of the log.
    let fast =
        played(&[(0, ""), (9, "")], "--max 1 --service fixed:10ms --latency 0s --outage 9s..10s:refuse");
    assert_eq!([&fast["results"][0]["succeeded"], &fast["results"][0]["gave_up"]], [1.0, 1.0]);
    // And only the attempts are.
    let all = played(&[(0, ""), (9, "")], "--max 1 --arrive all --clients 3 --workers 3");
    assert_eq!([&all["results"][0]["calls"], &all["results"][0]["completion_ms"]], [3.0, 1000.0]);
}

#[test]
fn what_cannot_be_played_back_is_refused() {
    let sandbox = Sandbox::new();
    logged(&sandbox, &[(0, "")]);
    std::fs::write(sandbox.path("empty"), "").expect("a file");
    std::fs::write(sandbox.path("other"), "not a log\n").expect("a file");
    for (options, told) in [
        ("--from-log none", "cannot read none"),
        ("--from-log empty", "no run with an attempt"),
        ("--from-log other", "not a log of retry"),
        ("--from-log log --clients 5", "the runs of the log are the clients"),
        ("--from-log log --model occ", "has no effect with --model occ"),
        ("--from-log log --loop closed:1s", "--arrive log and --loop closed conflict"),
        ("--from-log log --arrive all --capacity 5", "nothing of it is used"),
        ("--arrive log", "needs --from-log LOG"),
        ("--service log", "needs --from-log LOG"),
    ] {
        let ran = sandbox.run(["simulate"].into_iter().chain(options.split(' '))).exits(125).prints("");
        assert!(ran.stderr.contains(told), "{options}: {}", ran.stderr);
    }
}
