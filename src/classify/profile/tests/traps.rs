//! Outputs that lead astray: what stands out in them is not what failed.

use super::*;

const TRAPS: &[Trap] = &[
    // apt-get update ends with 0 when it failed, and with 100 when it is told no.
    (
        "apt-get update",
        0,
        "W: Failed to fetch http://x/InRelease  503  Service Unavailable [IP: ::1 80]",
        "",
        Class::Transient,
    ),
    (
        "apt-get update",
        0,
        "W: Failed to fetch http://x/InRelease  429  Too Many Requests [IP: ::1 80]",
        "",
        Class::Throttled,
    ),
    (
        "apt-get update",
        0,
        "W: Fehlschlag beim Holen von http://x/InRelease 503  Service Unavailable",
        "",
        Class::Transient,
    ),
    ("apt-get update", 0, "", "Reading package lists...", Class::Success),
    (
        "apt-get update",
        100,
        "E: Failed to fetch http://x/InRelease  404  Not Found [IP: ::1 80]",
        "",
        Class::Permanent,
    ),
    ("apt-get install x", 100, "E: Unable to locate package x", "", Class::Permanent),
    // pip hides what the index said.
    (
        "pip install x",
        1,
        "ERROR: Could not find a version that satisfies the requirement x (from versions: none)",
        "",
        Class::Transient,
    ),
    (
        "pip install x",
        1,
        "ERROR: Could not find a version that satisfies the requirement x==9 (from versions: 1.0)",
        "",
        Class::Permanent,
    ),
    (
        "pip install -vv x",
        1,
        "ERROR: No matching distribution found for x",
        "Could not fetch URL http://x/: too many 503 error responses",
        Class::Transient,
    ),
    // curl: bodies are not looked at, -s hides the status, a refusing proxy looks like a reset.
    ("curl http://x", 0, "", "503 Service Unavailable", Class::Success),
    ("curl -sf http://x", 22, "", "", Class::Transient),
    ("curl -f http://x", 56, "curl: (56) CONNECT tunnel failed, response 407", "", Class::Permanent),
    ("curl -f http://x", 56, "curl: (56) CONNECT tunnel failed, response 502", "", Class::Transient),
    (
        "curl -o /dev/full http://x",
        23,
        "curl: (23) Failure writing output to destination",
        "",
        Class::Permanent,
    ),
    // wget has 504 among its own network failures; its words are translated, the phrases are not.
    ("wget http://x", 4, "ERROR 504: Gateway Timeout.", "", Class::Transient),
    ("wget http://x", 8, "FEHLER 404: Not Found.", "", Class::Permanent),
    (
        "wget https://x",
        4,
        "GnuTLS: An unexpected TLS packet was received.\nUnable to establish SSL connection.",
        "",
        Class::Permanent,
    ),
    ("wget -q http://x", 4, "", "", Class::Transient),
    // git: the last line misleads.
    (
        "git fetch",
        128,
        "ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.",
        "",
        Class::Transient,
    ),
    (
        "git push",
        1,
        "error: RPC failed; HTTP 503 curl 22 The requested URL returned error: 503\nEverything up-to-date",
        "",
        Class::Transient,
    ),
    ("git clone http://x/y", 128, "fatal: repository 'http://x/y/' not found", "", Class::Permanent),
    ("git add .", 128, "fatal: Unable to create '/x/.git/index.lock': File exists.", "", Class::Transient),
    // git: 1 is the answer to a question, behind options too; elsewhere it is a failure.
    ("git diff --quiet HEAD~1", 1, "", "", Class::Permanent),
    ("git -C x -c a=b merge-base --is-ancestor a b", 1, "", "", Class::Permanent),
    ("sudo git config --get no.such", 1, "", "", Class::Permanent),
    ("git show-ref -q x", 1, "", "", Class::Permanent),
    ("git rev-parse --verify -q x", 1, "", "", Class::Permanent),
    ("git grep -q x", 1, "", "", Class::Permanent),
    ("git check-ignore -q x", 1, "", "", Class::Permanent),
    ("git diff --exit-code", 1, "", "-a\n+b", Class::Permanent),
    ("git grep x", 128, "fatal: unable to read tree", "", Class::Transient),
    ("git push origin grep", 1, "", "", Class::Transient),
    ("git -C diff fetch", 1, "", "", Class::Transient),
    ("git my-alias", 1, "", "", Class::Transient),
    // ssh: 255 for everything.
    ("ssh -q x", 255, "", "", Class::Transient),
    ("ssh x", 255, "root@x: Permission denied (publickey).", "", Class::Permanent),
    ("ssh x", 255, "kex_exchange_identification: read: Connection reset by peer", "", Class::Transient),
    // rsync: 5 is a refused handshake, for good or for now.
    ("rsync a b::m", 5, "@ERROR: max connections (1) reached -- try again later", "", Class::Transient),
    ("rsync a b::m", 5, "@ERROR: auth failed on module m", "", Class::Permanent),
    (
        "rsync a b::m",
        11,
        "rsync: write failed on \"/x\": No space left on device (28)\nrsync: connection unexpectedly closed",
        "",
        Class::Permanent,
    ),
    // npm: an errno, negated, as status; a word that holds another.
    ("npm install", 152, "", "", Class::Transient),
    ("npm install", 228, "", "", Class::Permanent),
    (
        "aws dynamodb x",
        255,
        "An error occurred (ResourceNotFoundException) when calling the DescribeTable operation: not found",
        "",
        Class::Permanent,
    ),
    // yarn: said on success, too.
    ("yarn add x", 0, "warning You don't appear to have an internet connection.", "", Class::Success),
    (
        "yarn add x",
        1,
        "warning You don't appear to have an internet connection. Try the --offline flag\nerror Couldn't find package \"x\" on the \"npm\" registry.",
        "",
        Class::Permanent,
    ),
    // composer wraps inside of words.
    (
        "composer require x",
        255,
        "The \"http://x\" file could not be downloaded (HTTP/1.1 503 Service\n   Unavailable): Fai\n  led to open stream",
        "",
        Class::Transient,
    ),
    (
        "aws s3 ls",
        254,
        "An error occurred (Throttling) when calling the ListBuckets operation: Rate exceeded",
        "",
        Class::Throttled,
    ),
    ("aws s3 ls", 253, "Unable to locate credentials", "", Class::Permanent),
    (
        "gcloud compute instances list",
        0,
        "WARNING: Some requests did not succeed.\n - Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'",
        "",
        Class::Throttled,
    ),
    (
        "kubectl drain x",
        1,
        "error when evicting: Cannot evict pod as it would violate the pod's disruption budget.",
        "",
        Class::Transient,
    ),
    ("psql -f x", 2, "psql: error: FATAL:  the database system is starting up", "", Class::Transient),
    ("redis-cli -e get x", 1, "", "(error) LOADING Redis is loading the dataset in memory", Class::Transient),
    ("dig x", 0, "", ";; ->>HEADER<<- opcode: QUERY, status: SERVFAIL, id: 1", Class::Transient),
    ("dig x", 0, "", ";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1", Class::Success),
    ("mysql", 1, "ERROR 2002 (HY000): Can't connect to server on '127.0.0.1' (115)", "", Class::Transient),
    (
        "mvn package",
        1,
        "",
        "[ERROR] x was not found in http://x during a previous attempt. This failure was cached in the local repository",
        Class::Permanent,
    ),
    // Words and numbers that lie.
    (
        "conda install x",
        1,
        "HTTP 404 NOT FOUND for url <http://x>. A simple retry will get you on your way.",
        "",
        Class::Permanent,
    ),
    (
        "cargo fetch",
        101,
        "error: no matching package named `x` found\nyou may wish to retry without `--offline`.",
        "",
        Class::Permanent,
    ),
    ("make", 2, "parser.c:429: error: expected ;\nmake: *** [x] Error 1", "", Class::Permanent),
    (
        "make",
        2,
        "curl: (22) The requested URL returned error: 503\nmake: *** [M:2: all] Error 22",
        "",
        Class::Transient,
    ),
    // Quotas: for a while, or for good.
    (
        "python x.py",
        1,
        "Error code: 429 - {'error': {'message': 'You exceeded your current quota', 'code': 'insufficient_quota'}}",
        "",
        Class::Permanent,
    ),
    ("python x.py", 1, "429 You exceeded your current quota. 'retryDelay': '34s'", "", Class::Throttled),
    (
        "kubectl apply",
        1,
        "Error from server (Forbidden): pods \"x\" is forbidden: exceeded quota: q",
        "",
        Class::Permanent,
    ),
    ("vault read x", 2, "request path \"x\": rate limit quota exceeded", "", Class::Throttled),
    ("gcloud x", 1, "ERROR: Quota 'CPUS' exceeded.  Limit: 24.0 in region x.", "", Class::Permanent),
    // Words that hold others.
    (
        "docker pull x",
        1,
        "toomanyrequests: You have reached your unauthenticated pull rate limit.",
        "",
        Class::Throttled,
    ),
    ("bazel build x", 1, "UnrecoverableHttpException: GET returned 502 Bad Gateway", "", Class::Transient),
    (
        "helm repo add x",
        1,
        "Error: looks like \"x\" is not a valid chart repository: failed to fetch x : 503 Service Unavailable",
        "",
        Class::Transient,
    ),
    (
        "gradle build",
        1,
        "> Could not resolve com.example:x:1.0.\n> Could not find com.example:x:1.0.",
        "",
        Class::Permanent,
    ),
    // Ansible's 4 is unreachable for refused and for denied.
    (
        "ansible all",
        4,
        "",
        "x | UNREACHABLE! => { \"msg\": \"root@x: Permission denied (publickey).\" }",
        Class::Permanent,
    ),
    (
        "ansible all",
        4,
        "",
        "x | UNREACHABLE! => { \"msg\": \"ssh: connect to host x port 22: Connection refused\" }",
        Class::Transient,
    ),
    // Statuses that any program may have.
    ("bash x", 130, "", "", Class::Permanent),
    ("bash x", 127, "", "", Class::Permanent),
    ("bash x", 126, "bash: ./x: Text file busy", "", Class::Transient),
    ("bash x", 143, "", "", Class::Transient),
    ("flock x true", 75, "", "", Class::Transient),
    // What is recovered from on stdout is no failure.
    (
        "cargo build",
        101,
        "error: could not compile `x`",
        "warning: connection reset by peer, retrying",
        Class::Permanent,
    ),
];

#[test]
fn no_trap_is_stepped_into() {
    let mut wrong = Vec::new();
    for (command, code, stderr, stdout, class) in TRAPS {
        let knowledge = Rc::new(reading(command));
        let rules = Rules { knowledge, ..Rules::default() };
        let verdict = rules.classify(&attempt(*code, stderr, stdout), None);
        if verdict.class != *class {
            wrong.push(format!(
                "{command} ({code}) {stderr:?} {stdout:?}: {} by {}, not {}",
                verdict.class.name(),
                verdict.rule.id,
                class.name()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
