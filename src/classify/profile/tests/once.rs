//! `--non-idempotent`: what may have been applied is not repeated, whatever one of its lines says.

use super::*;

/// A command, its status, and its stderr.
type Run = (&'static str, u8, &'static str);

const REFUSED: &str = "curl: (7) Failed to connect to b port 80 after 0 ms: Connection refused";

/// Nothing was sent.
#[rustfmt::skip]
const NEVER: &[Run] = &[
    ("curl -d x http://b", 7, REFUSED),
    ("curl -d x http://b", 7, ""),
    ("curl -vd x http://b", 7, "* connect to ::1 port 80 failed: Connection refused\n* connect to 10.0.0.2 port 80 failed: Connection refused\ncurl: (7) Failed to connect to b"),
    ("sudo curl -d x http://b", 6, "sudo: unable to resolve host ci-1: Name or service not known\ncurl: (6) Could not resolve host: b"),
    ("curl -vd x https://b", 56, "* Connected to proxy (10.0.0.1) port 3128\n> CONNECT b:443 HTTP/1.1\ncurl: (56) CONNECT tunnel failed, response 502"),
    ("curl -vd x https://b", 35, "* Connected to b (10.0.0.2) port 443\ncurl: (35) TLS connect error: error:00000000:lib(0)::reason(0)"),
    ("wget --post-data=x http://b", 4, "Connecting to b (b)|10.0.0.2|:80... failed: Connection refused."),
    ("kubectl apply -f x", 1, "The connection to the server 127.0.0.1:9001 was refused - did you specify the right host or port?"),
    ("ssh x deploy", 255, "ssh: connect to host x port 22: Connection refused"),
    ("ssh x deploy", 255, "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 10.0.0.2 port 22"),
    ("psql -c x", 2, "psql: error: connection to server at \"b\" (10.0.0.2), port 5432 failed: Connection refused"),
    ("terraform apply", 1, "Error: Error acquiring the state lock\n\nError message: state blob is already locked"),
    ("flock l curl -d x http://b", 7, REFUSED),
    ("flock -w 5 -E 9 l sudo curl -d x http://b", 7, REFUSED),
    ("timeout 5 env A=b nice curl -d x http://b", 7, REFUSED),
    ("sshpass -p x ssh x deploy", 255, "ssh: connect to host x port 22: Connection refused"),
    ("aws sqs send-message --queue-url x", 255, "Could not connect to the endpoint URL: \"https://sqs.b/\""),
    ("docker push b/x", 1, "Get \"https://b/v2/\": dial tcp 10.0.0.2:443: connect: connection refused"),
    ("git push", 128, "fatal: unable to access 'https://b/': Failed to connect to b port 443: Connection refused"),
    ("npm publish", 1, "npm error code ECONNREFUSED"),
    ("apt-get install x", 100, "E: Could not get lock /var/lib/dpkg/lock-frontend"),
];

/// Something may have been.
#[rustfmt::skip]
const PERHAPS: &[Run] = &[
    ("terraform apply", 1, "Error: dial tcp 127.0.0.1:1: connect: connection refused"),
    ("terragrunt run-all apply", 1, "Error: Error acquiring the state lock"),
    ("kubectl apply -f x", 1, "error when creating \"x\": Post \"https://b\": dial tcp 10.0.0.2:6443: connect: connection refused"),
    ("git push", 1, "curl: (7) Failed to connect to b port 80: Connection refused\nerror: failed to push some refs to 'b'"),
    ("curl -d x http://a http://b", 7, REFUSED),
    ("curl -d x a --next -d y b", 7, REFUSED),
    ("ssh x deploy", 1, "ssh: connect to host db port 22: Connection refused"),
    ("ssh x deploy", 7, "curl: (7) Failed to connect to b port 80 after 0 ms: Connection refused"),
    ("sudo curl -d x http://b", 28, "sudo: unable to resolve host ci-1: Name or service not known\ncurl: (28) Operation timed out after 1000 milliseconds with 0 bytes received"),
    ("sudo curl -d x http://b", 28, "sudo: unable to resolve host ci-1: Name or service not known"),
    ("curl -vd x http://b", 28, "* connect to ::1 port 80 failed: Connection refused\n* Connected to b (10.0.0.2) port 80 (#0)\n> POST / HTTP/1.1\ncurl: (28) Operation timed out"),
    ("curl -vd x http://b", 52, "* connect to ::1 port 80 failed: Connection refused\ncurl: (52) x"),
    ("curl --retry 1 -d x http://b", 7, "Warning: Problem: timeout. Will retry in 1 second. 1 retry left.\ncurl: (7) Failed to connect to b: Connection refused"),
    ("wget --post-data=x http://b", 4, "Connecting to b (b)|::1|:80... failed: Connection refused.\nConnecting to b (b)|10.0.0.2|:80... connected."),
    ("wget --post-data=x http://b", 4, "Connecting to b (b)|::1|:80... failed: Connection refused.\nConnecting to b (b)|10.0.0.2|:80... connected.\nHTTP request sent, awaiting response... Read error (x) in headers."),
    ("wget --post-data=x http://b", 4, "HTTP request sent, awaiting response... No data received.\nRetrying.\nConnecting to b (b)|10.0.0.2|:80... failed: Connection refused."),
    ("wget --post-data=x http://b", 8, "Connecting to b (b)|::1|:80... failed: Connection refused."),
    ("wget --post-data=x http://b", 124, "Connecting to b (b)|::1|:80... failed: Connection refused."),
    ("wget --post-data=x http://b", 137, "Connecting to b (b)|::1|:80... failed: Connection refused."),
    ("kubectl apply -f x", 1, "E1121 21:47:25.123456    4711 memcache.go:265] \"Unhandled Error\" err=\"couldn't get current server API group list: Get https://b: dial tcp 10.0.0.2:443: connect: connection refused\"\nError from server (Timeout): the server was unable to return a response in the time allotted"),
    ("kubectl apply -f x", 1, "dial tcp 10.0.0.2:443: connect: connection refused\nunexpected error: net/http: request canceled (Client.Timeout exceeded while awaiting headers)"),
    ("terraform apply", 1, "sudo: dial tcp 127.0.0.1:1: connect: connection refused"),
    ("curl -vd x http://b", 22, "> POST / HTTP/1.1\n< HTTP/1.1 500 Internal Server Error\n< x-ratelimit-limit: 60\ncurl: (22) The requested URL returned error: 500"),
    ("curl -vd x http://b", 28, "< HTTP/1.1 429 Too Many Requests\ncurl: (28) Operation timed out"),
];

/// Commands that run others, one after the other perhaps.
const RUNNERS: &[&str] = &[
    "make deploy",
    "sudo make deploy",
    "npm run deploy",
    "npx deploy",
    "yarn deploy",
    "pnpm deploy",
    "python deploy.py",
    "python3.11 -m deploy",
    "node deploy.js",
    "ruby deploy.rb",
    "perl deploy.pl",
    "php deploy.php",
    "java -jar deploy.jar",
    "bash deploy.sh",
    "ansible-playbook deploy.yml",
    "gradle deploy",
    "mvn deploy",
    "sbt publish",
    "cargo run",
    "go run .",
    "bundle exec deploy",
    "rake deploy",
    "mix deploy",
    "vagrant ssh -c deploy",
    "docker exec x deploy",
    "docker run x deploy",
    "docker build .",
    "docker compose up",
    "podman run x deploy",
    "kubectl exec x -- deploy",
    "kubectl run x --image=y -- deploy",
    "flock l ./deploy",
    "flock l make deploy",
    "flock -n l bash deploy.sh",
    "flock l -c deploy",
    "sshpass -p x ssh x deploy",
    "ssh x deploy",
    "terraform apply",
    "pulumi up",
    "packer build x",
    "helm upgrade x",
    "serverless deploy",
    "cdk deploy",
    "firebase deploy",
    "aws s3 sync a b",
    "gcloud compute ssh x",
    "srun deploy",
    "pytest",
    "tox",
    "pre-commit run",
    "apt-get install x",
    "twine upload a b",
    "fab deploy",
    "act",
    "gitlab-runner exec shell x",
    "xvfb-run deploy",
];

fn once(command: &str) -> Rules {
    Rules { knowledge: Rc::new(knowledge(AUTO, command)), non_idempotent: true, ..Rules::default() }
}

#[test]
fn a_claim_holds_where_all_else_agrees() {
    for (runs, again) in [(NEVER, true), (PERHAPS, false)] {
        for (command, code, stderr) in runs {
            let verdict = once(command).classify(&attempt(*code, stderr, ""), None);
            assert_eq!(
                verdict.class.is_retryable(),
                again,
                "{command} ({code}) {stderr}: {}",
                verdict.rule.id
            );
            assert_eq!(verdict.may_have_been_applied, !again, "{command} ({code}) {stderr}");
        }
    }
}

#[test]
fn a_line_of_one_step_says_nothing_of_the_steps_before() {
    const SAID: &[&str] = &[
        REFUSED,
        "Error: dial tcp 127.0.0.1:1: connect: connection refused",
        "psycopg.OperationalError: could not translate host name \"b\" to address: Name or service not known",
        "requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: http://b/",
    ];
    for command in RUNNERS {
        for (code, said) in [1, 7].into_iter().flat_map(|code| SAID.iter().map(move |said| (code, said))) {
            for asked in [vec![AUTO], vec![AUTO, GENERIC], vec![GENERIC], vec!["kubectl"]] {
                let asked: Vec<_> = asked.into_iter().map(str::to_owned).collect();
                let argv: Vec<_> = command.split(' ').map(OsString::from).collect();
                let selection = Selection::choose(&asked, &argv, &[]);
                let knowledge = Rc::new(Knowledge::new(selection, Vec::new()));
                let verdict = Rules { knowledge, ..once("x") }.classify(&attempt(code, said, said), None);
                assert!(
                    !verdict.class.is_retryable(),
                    "{asked:?} {command} ({code}) {said}: {}",
                    verdict.rule.id
                );
            }
        }
    }
}

#[test]
fn a_user_says_of_his_own_tool_whether_it_takes_one_step() {
    let said = attempt(7, REFUSED, "");
    for (one_step, runs_others, again) in
        [(false, vec![], false), (true, vec![], true), (true, vec!["all".to_owned()], false)]
    {
        let (name, commands) = ("mine".into(), vec!["deploy".to_owned()]);
        let mine = Rc::new(Profile { name, commands, one_step, runs_others, ..Profile::default() });
        let argv = ["deploy".into(), "all".into()];
        let selection = Selection::choose(&[AUTO.to_owned()], &argv, &[Rc::clone(&mine)]);
        let knowledge = Rc::new(Knowledge::new(selection, vec![mine]));
        let verdict = Rules { knowledge, ..once("x") }.classify(&said, None);
        assert_eq!(verdict.class.is_retryable(), again, "{one_step}: {}", verdict.rule.id);
    }
}

/// Commands of one request, unless they are told to wait for what it starts, or name several things.
#[test]
fn a_word_or_an_option_with_its_value_makes_more_steps_of_one() {
    let refused = attempt(1, "dial tcp 10.0.0.1:443: connect: connection refused", "");
    for (argv, again) in [
        ("doctl compute domain records create x", true),
        ("doctl compute droplet create x y", false),
        ("doctl databases create x --wait=true", false),
        ("linode-cli linodes reboot 1", true),
        ("linode-cli obj put x", false),
        ("oci compute instance action --action RESET", true),
        ("oci compute instance launch --wait-for-state RUNNING", false),
        ("oci compute instance launch --wait-for-state=RUNNING", false),
    ] {
        assert_eq!(once(argv).classify(&refused, None).class.is_retryable(), again, "{argv}");
    }
}

#[test]
fn what_was_stopped_or_is_told_only_in_part_may_have_been_applied() {
    let rules = once("wget --post-data=x http://b");
    let refused = "Connecting to b (b)|::1|:80... failed: Connection refused.";
    let stopped = AttemptResult { timed_out: true, ..attempt(4, refused, "") };
    assert!(rules.classify(&stopped, None).may_have_been_applied);
    let killed = AttemptResult { ending: Ending::Signaled(libc::SIGKILL), ..attempt(4, refused, "") };
    assert!(rules.classify(&killed, None).may_have_been_applied);
    let long = format!("{}{refused}", "x\n".repeat(40_000));
    assert!(rules.classify(&attempt(4, &long, ""), None).may_have_been_applied);
}

#[test]
fn a_line_of_one_command_says_nothing_of_those_beside_it() {
    let said = attempt(7, REFUSED, "");
    let beside = Rules { knowledge: Rc::new(knowledge(AUTO, "curl b").among_others(true)), ..once("curl b") };
    assert!(beside.classify(&said, None).may_have_been_applied);
    for asked in [vec![AUTO, GENERIC], vec![GENERIC]] {
        let asked: Vec<_> = asked.into_iter().map(str::to_owned).collect();
        let selection = Selection::choose(&asked, &["bash".into(), "x.sh".into()], &[]);
        let shell = Rules { knowledge: Rc::new(Knowledge::new(selection, Vec::new())), ..once("x") };
        assert!(shell.classify(&said, None).may_have_been_applied);
    }
}

#[test]
fn what_was_turned_away_is_sent_again() {
    let verdict =
        once("curl -d x http://b").classify(&attempt(22, "The requested URL returned error: 429", ""), None);
    assert_eq!((verdict.class, verdict.may_have_been_applied), (Class::Throttled, false));
}

#[test]
fn a_command_beside_others_is_judged_as_it_is_alone() {
    let beside =
        Rules { knowledge: Rc::new(knowledge(AUTO, "curl b").among_others(true)), ..Rules::default() };
    let verdict = beside.classify(&attempt(22, "The requested URL returned error: 404", ""), None);
    assert_eq!((verdict.class, verdict.http_status), (Class::Permanent, Some(404)));
}
