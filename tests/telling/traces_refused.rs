//! Collectors that are not there, do not answer, or answer nonsense: the run is as it would have been.

use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::receiver::{Receiver, Reply};
use super::traces::ENDPOINT;
use crate::cli::harness::Ran;
use crate::support::{Sandbox, fixture, wait_for};

/// An export takes 1 s at most, and who is silent is so for a minute; between them is what a busy machine may take.
const MOST: Duration = Duration::from_secs(10);

/// A run that fails with 7 after it printed a line.
#[track_caller]
fn fails(endpoint: &str, environment: &[(&str, &str)], said: Option<&str>) -> Duration {
    let sandbox = Sandbox::new();
    let environment = [&[(ENDPOINT, endpoint)], environment].concat();
    let line = ["-v", "--max", "1", "--log", "log", "--", "sh", "-c", "echo out; exit 7"];
    let began = Instant::now();
    let ran = sandbox.run_in(&environment, line).exits(7).prints("out\n");
    let took = began.elapsed();
    assert!(took < MOST, "{took:?} for {endpoint}");
    let last = ran.stderr.lines().last().unwrap_or_default().to_owned();
    match said {
        Some(said) => assert!(last.contains(said), "{last:?} for {endpoint}: {said:?}"),
        None => assert!(last.starts_with("retry: gave up on sh"), "{last:?} for {endpoint}"),
    }
    // Without -v nobody is told.
    let quiet: Ran = sandbox.run_in(&environment, ["--max", "1", "--", "true"]);
    quiet.exits(0).prints("").says(&[]);
    assert_eq!(sandbox.log("log").last().expect("a line")["outcome"], "exhausted");
    took
}

#[test]
fn an_answer_that_is_no_yes_is_a_line_for_the_curious() {
    for (status, tries) in [(200, 1), (202, 1), (400, 1), (413, 1), (500, 1), (307, 1), (503, 2), (429, 2)] {
        let receiver = Receiver::start(move |_, _| Reply::Status(status));
        let said = format!("traces not exported: 127.0.0.1:{}: HTTP {status}", receiver.port);
        fails(&receiver.url(""), &[], (status >= 300).then_some(&said));
        // Two runs.
        assert_eq!(receiver.requests().len(), 2 * tries, "{status}");
    }
}

#[test]
fn a_second_try_may_help() {
    let receiver = Receiver::start(|before, _| match before % 2 {
        0 => Reply::Cut,
        _ => Reply::Status(200),
    });
    fails(&receiver.url(""), &[], None);
    assert_eq!(receiver.requests().len(), 4);
    let busy = b"HTTP/1.1 503 X\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n";
    let receiver = Receiver::start(|_, _| Reply::Raw(busy.to_vec()));
    fails(&receiver.url(""), &[], Some("HTTP 503"));
    assert_eq!(receiver.requests().len(), 2, "an hour does not fit");
}

#[test]
fn garbage_is_no_answer() {
    for (bytes, said) in [
        (&b"\x00\xff\x16\x03 what\r\n\r\n"[..], "the response is not HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the response is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nshort", ""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ""),
    ] {
        let receiver = Receiver::start(move |_, _| Reply::Raw(bytes.to_vec()));
        fails(&receiver.url(""), &[], Some(said).filter(|said| !said.is_empty()));
    }
}

#[test]
fn spans_that_a_collector_rejects_are_told_of() {
    let body = "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"too old\"}}";
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let receiver = Receiver::start(move |_, _| Reply::Raw(answer.clone().into_bytes()));
    let json = [("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")];
    fails(&receiver.url(""), &json, Some("the collector rejected 2 spans: too old"));
}

#[test]
fn who_never_answers_is_waited_for_briefly() {
    let silent = Receiver::start(|_, _| Reply::Silence);
    let took = fails(&silent.url(""), &[], Some("no response within 1s"));
    assert!(took >= Duration::from_secs(1), "{took:?}");
    let timeout = [("OTEL_EXPORTER_OTLP_TIMEOUT", "150")];
    fails(&silent.url(""), &timeout, Some("no response within 150ms"));
}

#[test]
fn nobody_answers_where_nobody_is() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    fails(&format!("http://127.0.0.1:{port}"), &[], Some("connection refused"));
    fails("http://collector.invalid:4318", &[], Some("traces not exported: collector.invalid:4318: "));
    let tls = Receiver::willing();
    fails(&format!("https://127.0.0.1:{}", tls.port), &[], Some("traces not exported"));
    let file = [("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nonexistent.pem")];
    fails(&format!("https://127.0.0.1:{}", tls.port), &file, Some("cannot use /nonexistent.pem"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_listener_whose_backlog_is_full_is_waited_for_briefly() {
    use rustix::net::{AddressFamily, SocketType, bind, connect, listen, socket};
    let socket_of = || socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    let listener = socket_of();
    let any = "127.0.0.1:0".parse::<std::net::SocketAddrV4>().expect("an address");
    bind(&listener, &any).expect("a free port");
    listen(&listener, 0).expect("a listener");
    let bound = rustix::net::getsockname(&listener).expect("an address");
    let address = std::net::SocketAddr::try_from(bound).expect("an address of the internet");
    // Until the kernel takes no more: nobody accepts any.
    let mut held = Vec::new();
    loop {
        let one = socket_of();
        rustix::io::ioctl_fionbio(&one, true).expect("a descriptor");
        let _under_way = connect(&one, &address);
        let mut events = [rustix::event::PollFd::new(&one, rustix::event::PollFlags::OUT)];
        let patience = rustix::time::Timespec { tv_sec: 0, tv_nsec: 300_000_000 };
        let is_taken = rustix::event::poll(&mut events, Some(&patience)).expect("a poll") > 0;
        held.push(one);
        if !is_taken {
            break;
        }
        assert!(held.len() < 100, "the backlog has no end");
    }
    fails(&format!("http://{address}"), &[], Some("no response within 1s"));
}

#[test]
fn a_signal_ends_an_export_and_the_run_dies_of_it() {
    let (sandbox, silent) = (Sandbox::new(), Receiver::start(|_, _| Reply::Silence));
    let mut run = sandbox.spawnable(["--max", "1", "--log", "log", "--", fixture(), "env", "HOME"]);
    let mut run = run.env(ENDPOINT, silent.url("")).stdout(Stdio::null()).spawn().expect("it starts");
    silent.wait(1);
    let pid = Pid::from_raw(run.id().try_into().expect("a pid")).expect("a pid");
    kill_process(pid, Signal::TERM).expect("it is there");
    // At the end of the export's time it would exit with 0.
    assert_eq!(run.wait().expect("it ends").signal(), Some(15));
    assert_eq!(sandbox.log("log").last().expect("a line")["outcome"], "succeeded");
}

#[test]
fn a_run_that_a_signal_ended_is_not_exported() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
    let mut run = sandbox.spawnable(["-q", "--", "sh", "-c", "echo x >began; exec sleep 60"]);
    let mut run = run.env(ENDPOINT, receiver.url("")).spawn().expect("it starts");
    wait_for("the command", || sandbox.path("began").exists());
    let pid = Pid::from_raw(run.id().try_into().expect("a pid")).expect("a pid");
    kill_process(pid, Signal::TERM).expect("it is there");
    assert_eq!(run.wait().expect("it ends").signal(), Some(15));
    assert!(receiver.requests().is_empty());
}

#[test]
fn what_is_not_spoken_is_told_once_to_the_curious() {
    let sandbox = Sandbox::new();
    let grpc = [(ENDPOINT, "http://127.0.0.1:4317")];
    let line = ["--max", "2", "--delay", "1ms", "--", "false"];
    let told = "retry: traces not exported: OTLP over gRPC is not supported; \
                set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf (port 4318)";
    let ran = sandbox.run_in(&grpc, [&["-v"], &line[..]].concat()).exits(1);
    assert_eq!(ran.stderr.lines().filter(|line| *line == told).count(), 1, "{}", ran.stderr);
    assert!(!sandbox.run_in(&grpc, line).exits(1).stderr.contains("traces"));
}
