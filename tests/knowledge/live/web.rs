//! Tools that speak HTTP: curl, wget, git, pip, npm.

use super::faults::{Fault, Place};
use super::{Case, Run, all_are_judged};
use crate::support::Sandbox;

fn not_found() -> Fault {
    Fault::http("404 Not Found", &[])
}

fn too_many() -> Fault {
    Fault::http("429 Too Many Requests", &["Retry-After: 1"])
}

fn unavailable() -> Fault {
    Fault::http("503 Service Unavailable", &[])
}

#[test]
fn curl_is_judged_by_what_the_server_did() {
    let plain = "curl -sS -f -m 10 {url}/x";
    let verbose = "curl -sS -f -v -m 10 {url}/x";
    let body = "curl -sS --fail-with-body -m 10 {url}/x";
    // By the server's clock, whatever ours says.
    let dated = ["Date: Sat, 21 Nov 2026 21:33:09 GMT", "Retry-After: Sat, 21 Nov 2026 21:33:10 GMT"];
    let hint = "curl -sS -f -m 10 -w %{stderr}Retry-After:%header{retry-after} {url}/x";
    all_are_judged(&[
        Case::new(plain, &[], ["transient", "refused", "curl"]),
        Case::new(plain, &[not_found()], ["permanent", "not-found", "curl"]),
        Case::new(plain, &[Fault::http("401 Unauthorized", &[])], ["permanent", "auth", "curl"]),
        Case::new(plain, &[too_many()], ["throttled", "throttle", "curl"]),
        Case::new(verbose, &[too_many()], ["throttled", "throttle", "curl"]).asks(1000.0),
        Case::new(verbose, &[Fault::http("503 Service Unavailable", &dated)], ["transient", "http", "curl"])
            .asks(1000.0),
        Case::new(hint, &[too_many()], ["throttled", "throttle", "curl"]).asks(1000.0),
        Case::new(body, &[not_found()], ["permanent", "not-found", "curl"]),
        Case::new(body, &[unavailable()], ["transient", "http", "curl"]),
        Case::new(plain, &[unavailable()], ["transient", "http", "curl"]),
        Case::new(plain, &[Fault::http("501 Not Implemented", &[])], ["permanent", "http", "curl"]),
        Case::new(plain, &[Fault::Reset], ["transient", "reset", "curl"]),
        Case::new(plain, &[Fault::Silence], ["transient", "reset", "curl"]),
        Case::new(plain, &[Fault::truncated(&[])], ["transient", "truncated", "curl"]),
    ]);
}

#[test]
fn wget_is_judged_by_what_the_server_did() {
    let plain = "wget --tries=1 --timeout=10 -nv -O out {url}/x";
    let loud = "wget --tries=1 --timeout=10 -O out {url}/x";
    let headers = "wget --tries=1 --timeout=10 -S -O out {url}/x";
    all_are_judged(&[
        Case::new(plain, &[], ["transient", "refused", "wget"]),
        Case::new(plain, &[not_found()], ["permanent", "not-found", "wget"]),
        Case::new(plain, &[too_many()], ["throttled", "throttle", "wget"]),
        Case::new(headers, &[too_many()], ["throttled", "throttle", "wget"]).asks(1000.0),
        Case::new(plain, &[unavailable()], ["transient", "http", "wget"]),
        Case::new(plain, &[Fault::Reset], ["transient", "reset", "wget"]),
        Case::new(plain, &[Fault::Silence], ["transient", "reset", "wget"]),
        Case::new(loud, &[Fault::truncated(&[])], ["transient", "truncated", "wget"]),
        // It says nothing then.
        Case::new(plain, &[Fault::truncated(&[])], ["transient", "network", "wget"]),
    ]);
}

#[test]
fn git_is_judged_by_what_its_remote_did() {
    let clone = "git clone -q {url}/x.git clone";
    let daemon = "git ls-remote git://127.0.0.1:{port}/x.git";
    let shell = "git ls-remote ssh://127.0.0.1:{port}/x.git";
    let list = "git ls-remote {url}/x.git";
    let refs = "Content-Type: application/x-git-upload-pack-advertisement";
    all_are_judged(&[
        Case::new(clone, &[], ["transient", "refused", "git"]),
        Case::new(clone, &[not_found()], ["permanent", "not-found", "git"]),
        Case::new(
            clone,
            &[Fault::http("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"x\""])],
            ["permanent", "auth", "git"],
        ),
        Case::new(clone, &[Fault::http("403 Forbidden", &[])], ["permanent", "forbidden", "git"]),
        Case::new(clone, &[too_many()], ["throttled", "throttle", "git"]),
        Case::new(clone, &[unavailable()], ["transient", "http", "git"]),
        Case::new(clone, &[Fault::Reset], ["transient", "reset", "git"]),
        Case::new(clone, &[Fault::Silence], ["transient", "reset", "git"]),
        Case::new(clone, &[Fault::truncated(&[refs])], ["transient", "truncated", "git"]),
        Case::new(list, &[], ["transient", "refused", "git"]),
        Case::new(list, &[unavailable()], ["transient", "http", "git"]),
        Case::new(daemon, &[], ["transient", "refused", "git"]),
        Case::new(daemon, &[Fault::Silence], ["transient", "network", "git"]),
        Case::new(
            daemon,
            &[Fault::raw(b"0028ERR access denied or no such: /x.git")],
            ["permanent", "forbidden", "git"],
        ),
        Case::new(shell, &[], ["transient", "refused", "git"]),
        Case::new(shell, &[Fault::Silence], ["transient", "reset", "git"]),
    ]);
}

#[test]
fn pip_is_judged_by_what_its_index_did() {
    let install = "pip install --isolated --no-input --disable-pip-version-check --no-cache-dir --no-deps --retries 0 --timeout 10 \
                   --target out --index-url {url}/simple x";
    let wordy = install.replace("install", "install -vv");
    let index = |file: &str| {
        Fault::page(
            "200 OK",
            &["Content-Type: text/html"],
            &format!("<!DOCTYPE html><html><body><a href=\"/{file}\">{file}</a></body></html>"),
        )
    };
    let wheel = || index("x-1.0-py3-none-any.whl");
    let download = |fault: Fault| [wheel(), fault];
    all_are_judged(&[
        // Not told apart: pip keeps to itself why there is nothing in the index.
        Case::new(install, &[], ["transient", "http", "pip"]),
        Case::new(install, &[not_found()], ["transient", "http", "pip"]),
        Case::new(install, &[unavailable()], ["transient", "http", "pip"]),
        Case::new(install, &[Fault::Reset], ["transient", "http", "pip"]),
        Case::new(&wordy, &[too_many()], ["throttled", "throttle", "pip"]),
        Case::new(install, &download(not_found()), ["permanent", "not-found", "pip"]),
        Case::new(install, &download(too_many()), ["throttled", "throttle", "pip"]),
        Case::new(install, &download(unavailable()), ["transient", "http", "pip"]),
        Case::new(install, &download(Fault::Reset), ["transient", "reset", "pip"]),
        Case::new(install, &download(Fault::truncated(&[])), ["transient", "truncated", "pip"]),
    ]);
}

#[test]
fn npm_is_judged_by_what_its_registry_did() {
    let npm = "npm --registry {url}/ --prefix . --cache cache --fetch-retries 0 --no-audit --no-fund --no-update-notifier";
    let install = &format!("{npm} install x");
    let view = &format!("{npm} view x version");
    all_are_judged(&[
        Case::new(install, &[], ["transient", "refused", "npm"]),
        Case::new(install, &[not_found()], ["permanent", "not-found", "npm"]),
        Case::new(install, &[Fault::http("401 Unauthorized", &[])], ["permanent", "auth", "npm"]),
        // npm does not show for how long it was asked to wait.
        Case::new(install, &[too_many()], ["throttled", "throttle", "npm"]),
        Case::new(install, &[unavailable()], ["transient", "http", "npm"]),
        Case::new(install, &[Fault::Reset], ["transient", "network", "npm"]),
        Case::new(install, &[Fault::Silence], ["transient", "network", "npm"]),
        Case::new(install, &[Fault::truncated(&[])], ["transient", "network", "npm"]),
        Case::new(view, &[unavailable()], ["transient", "http", "npm"]),
    ]);
}

#[test]
fn a_download_that_fails_once_is_there_after_the_second_attempt() {
    for words in [["curl", "-sS", "-f"], ["wget", "--tries=1", "-qO-"]] {
        let sandbox = Sandbox::new();
        let place = Place::of(vec![unavailable(), Fault::http("200 OK", &[])]);
        let url = format!("http://127.0.0.1:{}/x", place.port);
        let words: Vec<&str> = words.into_iter().chain([url.as_str()]).collect();
        let run = Run::new(&sandbox, place.port, &words);
        assert_eq!((run.exit_code, run.attempts), (Some(0), 2), "{}", run.told);
        assert_eq!((run.stdout.as_str(), run.text("/class")), ("a body\n", "transient"), "{}", run.told);
    }
}

#[test]
fn a_server_that_asks_for_too_long_a_wait_ends_the_run() {
    let sandbox = Sandbox::new();
    let place = Place::of(vec![Fault::http("429 Too Many Requests", &["Retry-After: 86400"])]);
    let url = format!("http://127.0.0.1:{}/x", place.port);
    let run = Run::new(&sandbox, place.port, &["curl", "-sS", "-f", "-v", &url]);
    assert_eq!(
        (run.exit_code, run.attempts, run.outcome.as_str()),
        (Some(22), 1, "throttled"),
        "{}",
        run.told
    );
    assert_eq!(run.failure["retry_after_ms"], 86_400_000.0, "{}", run.told);
}

#[test]
fn curl_without_fail_succeeds_whatever_the_status_is() {
    let sandbox = Sandbox::new();
    let place = Place::of(vec![not_found()]);
    let url = format!("http://127.0.0.1:{}/x", place.port);
    let run = Run::new(&sandbox, place.port, &["curl", "-sS", &url]);
    assert_eq!(
        (run.exit_code, run.attempts, run.outcome.as_str()),
        (Some(0), 1, "succeeded"),
        "{}",
        run.told
    );
    assert_eq!(run.stdout, "a body\n", "{}", run.told);
}
