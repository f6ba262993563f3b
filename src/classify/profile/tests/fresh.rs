//! Real runs against faults on loopback that were once misjudged, shortened to the lines that tell. What each is was
//! judged by the fault that it met.

use super::*;

/// A command, its status, its stderr and stdout, and what that is.
type Run = (&'static str, u8, &'static str, &'static str, Class, &'static str);

use Class::{Permanent, Throttled, Transient};

const APPLY: &str = "kubectl apply -f x.yaml";
const NOT_LISTED: &str = "NOTICE: Config file \"/x/rclone.conf\" not found - using defaults\n";

#[rustfmt::skip]
const RUNS: &[Run] = &[
    // kubectl asks the server for its schema before it validates.
    (APPLY, 1, "error: error validating \"x.yaml\": error validating data: failed to download openapi: Get \"http://x/openapi/v2?timeout=3s\": dial tcp: lookup x on 127.0.0.53:53: no such host; if you choose to ignore these errors, turn validation off with --validate=false", "", Transient, "dns"),
    (APPLY, 1, "error: error validating \"x.yaml\": error validating data: failed to download openapi: Get \"http://127.0.0.1:9001/openapi/v2\": dial tcp 127.0.0.1:9001: connect: connection refused; if you choose to ignore", "", Transient, "refused"),
    (APPLY, 1, "error: error validating \"x.yaml\": error validating data: failed to download openapi: the server has received too many requests and has asked us to try again later; if you choose", "", Throttled, "throttle"),
    (APPLY, 1, "error: error validating \"x.yaml\": error validating data: failed to download openapi: an error on the server (\"Bad Gateway\") has prevented the request from succeeding; if you choose", "", Transient, "starting"),
    (APPLY, 1, "error: error validating \"x.yaml\": error validating data: failed to download openapi: unexpected error when reading response body. Please retry. Original error: unexpected EOF; if you choose", "", Transient, "truncated"),
    (APPLY, 1, "error: error validating \"x.yaml\": error validating data: failed to download openapi: the server could not find the requested resource; if you choose", "", Permanent, "usage"),
    ("kubectl get pods", 1, "error: client rate limiter Wait returned an error: context deadline exceeded - error from a previous attempt: EOF", "", Transient, "reset"),
    ("kubectl get pods", 1, "Error from server (InternalError): an error on the server (\"Not Implemented\") has prevented the request from succeeding", "", Permanent, "http"),
    // Mail and FTP count the other way round.
    ("swaks --to a@b.test", 24, "", "<** 550 5.1.1 User unknown\n -> QUIT\n<-  221 bye\n=== Connection closed with remote host.", Permanent, "protocol"),
    ("swaks --to a@b.test", 23, "", "<** 450 4.2.1 mailbox busy, try again later\n -> QUIT", Transient, "starting"),
    ("curl smtp://x", 55, "curl: (55) RCPT failed: 550", "", Permanent, "protocol"),
    ("curl smtp://x", 8, "curl: (8) Got unexpected smtp-server response: 421", "", Transient, "starting"),
    ("msmtp a@b.test", 69, "msmtp: the server did not accept the mail\nmsmtp: server message: 552 5.2.2 Mailbox full", "", Permanent, "protocol"),
    ("python3 x.py", 1, "smtplib.SMTPRecipientsRefused: {'a@b.test': (550, b'5.1.1 User unknown')}", "", Permanent, "protocol"),
    ("aria2c ftp://x/f", 21, "", "-> [FtpNegotiationCommand.cc:222] errorCode=21 The response status is not successful. status=530", Permanent, "not-found"),
    // A status by its context, or by no number at all.
    ("apt-get update", 100, "E: Failed to fetch http://x/Packages  520  Unknown Error [IP: 127.0.0.1 8080]", "", Transient, "http"),
    ("python3 x.py", 1, "aiohttp.client_exceptions.ClientResponseError: 400, message='Bad Request', url='http://x/f'", "", Permanent, "http"),
    ("node x.js", 1, "AxiosError: connect ECONNREFUSED 127.0.0.1:9001\n STATUS_CODES: {\n  '402': 'Payment Required',\n  '418': \"I'm a Teapot\",\n  '511': 'Network Authentication Required'\n }", "", Transient, "refused"),
    ("aria2c -q http://x/s500", 22, "", "", Transient, "http"),
    ("aws sts get-caller-identity", 255, "Unable to parse response (syntax error: line 1, column 0), invalid XML received. Further retries may succeed:\nb'Bad Gateway\\n'", "", Transient, "http"),
    ("svn export http://x/r", 1, "svn: E170013: Unable to connect to a repository at URL 'http://x/r'\nsvn: E175015: The HTTP method 'OPTIONS' is not allowed on '/r'", "", Permanent, "http"),
    ("wget https://x.test/", 4, "Proxy tunneling failed: ForbiddenUnable to establish SSL connection.", "", Permanent, "forbidden"),
    // The end of it is not what went wrong.
    ("mvn -B dependency:get", 1, "", "[WARNING] x/maven-metadata.xmlfailed to transfer from http://x/m2 during a previous attempt. This failure was cached in the local repository. Original error: Could not transfer metadata x from/to lab (http://x/m2): transfer failed for http://x/m2/x, status: 500 Internal Server Error\n[ERROR] No plugin found for prefix 'dependency' in the current project", Transient, "http"),
    ("rclone copyurl http://x/f y", 5, "ERROR : Attempt 1/1 failed with 1 errors and: Get \"http://x/f\": net/http: timeout awaiting response headers", "", Transient, "timeout"),
    ("zypper install x", 104, "Valid metadata not found at specified URL\n - Location 'http://x/r/content' is temporarily unaccessible.\nNo provider of 'x' found.", "", Transient, "starting"),
    ("smbclient //servfail.test/s", 1, "do_connect: Connection to servfail.test failed (Error NT_STATUS_UNSUCCESSFUL)", "", Transient, "refused"),
    ("rsync -e ssh x:/nosuch .", 23, "rsync: [sender] link_stat \"/nosuch\" failed: No such file or directory (2)\nrsync error: some files/attrs were not transferred (code 23)\nrsync: [Receiver] write error: Broken pipe (32)", "", Permanent, "not-found"),
    ("ansible all -m ping", 4, "", "127.0.0.1 | UNREACHABLE! => {\n \"msg\": \"Failed to connect to the host via ssh: ssh: connect to host 127.0.0.1 port 9001: Connection refused\"", Transient, "refused"),
    ("git ls-remote http://10.9.9.1/r", 128, "fatal: unable to access 'http://10.9.9.1/r/': Failed to connect to 10.9.9.1 port 80 after 0 ms: No route to host", "", Transient, "unreachable"),
    ("redis-cli ping", 1, "Could not connect to Redis at servfail.test:6379: Temporary failure in name resolution", "", Transient, "dns"),
    ("bash x.sh", 1, "ERROR: Could not find a version that satisfies the requirement x (from versions: none)\nERROR: No matching distribution found for x", "", Transient, "http"),
    ("bash x.sh", 128, "fatal: Unable to create '/x/.git/index.lock': File exists.", "", Transient, "lock"),
    // Exit 0, and nothing was fetched.
    ("gem fetch x", 0, "ERROR:  Could not find a valid gem 'x' (>= 0), here is why:\n          Unable to download data from http://127.0.0.1:9001/ - Errno::ECONNREFUSED: Failed to open TCP connection", "", Transient, "refused"),
    ("gem fetch x", 0, "ERROR:  Could not find a valid gem 'x' (>= 0), here is why:\n          Unable to download data from http://x/ - bad response Not Found 404 (http://x/specs.4.8.gz)", "", Permanent, "not-found"),
    // Somebody has to do something first.
    ("pip install http://x/x.whl", 2, "    return input(message)\n           ^^^^^^^^^^^^^^\nEOFError: EOF when reading a line", "User for 127.0.0.1:8080: ", Permanent, "usage"),
    ("hg clone http://x/r", 255, "abort: http authorization required for http://x/r", "", Permanent, "auth"),
    ("bundle install", 17, "Could not verify the SSL certificate for https://x:8444/.\nThere is a chance you are experiencing a man-in-the-middle attack", "", Permanent, "certificate"),
    ("cargo install x", 101, "error: authenticated registries require a credential-provider to be configured", "", Permanent, "auth"),
    ("git push", 128, "fatal: The current branch master has no upstream branch.", "", Permanent, "usage"),
    ("dpkg -i x.deb", 2, "dpkg: error: dpkg frontend lock was locked by another process with pid 15873", "", Transient, "lock"),
    // A help text is full of networks and times.
    ("ping -Z", 2, "ping: invalid option -- 'Z'\n\nUsage\n  ping [options] <destination>\n\n  <destination>      dns name or ip address\n  -n                 no reverse dns name resolution", "", Permanent, "usage"),
    ("borg frob", 2, "usage: borg [-h] [--upload-ratelimit RATE]\nborg: error: argument <command>: invalid choice: 'frob' (choose from 'benchmark')", "", Permanent, "usage"),
    ("ruby x.rb", 1, "kernel_require.rb:85:in `require': cannot load such file -- nosuch (LoadError)", "", Permanent, "usage"),
    ("make", 2, "make: *** No targets specified and no makefile found.  Stop.", "", Permanent, "usage"),
    ("chmod 999 x", 1, "chmod: invalid mode: ‘999’\nTry 'chmod --help' for more information.", "", Permanent, "usage"),
];

#[test]
fn what_was_once_misjudged_is_judged_right() {
    let mut wrong = Vec::new();
    for (command, code, stderr, stdout, class, kind) in RUNS {
        // A tool that is not known is asked of as if somebody had it captured.
        let rules = Rules { knowledge: Rc::new(reading(command)), ..Rules::default() };
        let verdict = rules.classify(&attempt(*code, stderr, stdout), None);
        let said = verdict.kind.as_deref().unwrap_or_default();
        if verdict.class != *class || said != *kind {
            wrong.push(format!("{command} ({code}) {stderr:?} {stdout:?}: {} {said}", verdict.class.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_rclone_notes_at_its_start_is_not_what_failed() {
    let rules = Rules { knowledge: Rc::new(reading("rclone ls x:")), ..Rules::default() };
    for (code, failure, class) in [
        (5, "ERROR : error listing: something new\nFailed to lsf: something new", Transient),
        (5, "Failed to lsf: Get \"http://x\": dial tcp: connection refused", Transient),
        (3, "Failed to lsf: directory not found", Permanent),
    ] {
        let verdict = rules.classify(&attempt(code, &format!("{NOT_LISTED}{failure}"), ""), None);
        assert_eq!(verdict.class, class, "{failure}");
    }
}
