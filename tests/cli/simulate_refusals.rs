//! What `retry simulate` refuses, and what it names instead.

use crate::support::Sandbox;

#[test]
fn what_makes_no_sense_is_refused_with_what_to_use() {
    for (options, told) in [
        ("--clients 0", "use 1 to"),
        ("--clients -3", "use a whole one"),
        ("--capacity 0", "use --outage 0s..30s:refuse"),
        ("--horizon 20s", "use --horizon 10m 30s or more"),
        ("--arrive poisson:10 --loop closed:1s", "conflict"),
        ("--arrive poisson:0", "use more than 0"),
        ("--loop open", "needs --arrive poisson:RATE"),
        ("--model sever", "did you mean server?"),
        ("--model occ --outage none", "has no effect with --model occ"),
        ("--outage 5s..3s:refuse", "it ends before it begins"),
        ("--outage 0s..3s:explode", "use refuse, hang, 503"),
        ("--service pareto:1s,1", "use an exponent above 1"),
        ("--capacity 5 --service fixed:1s", "conflict"),
        ("--queue -1", "use a whole one"),
        ("--runs 0", "use 1 to"),
        ("--threads 0", "use 1 to"),
        ("--warm-up 5s", "use --arrive poisson"),
        ("--for 5s", "all clients come at once"),
        ("--shared groups:0", "use 1 to"),
        ("--clients 5 --shared groups:6", "use groups:5 or less"),
        ("--clients 99999999 --threads 1", "of memory"),
        ("--arrive poisson:1e9 --for 1d", "use fewer per second in --arrive"),
        ("--delay 0 --max inf --latency 0s", "time would stand still"),
        ("--latency 0s --loop closed:0s --for 1m", "time would stand still"),
        ("--model failures --failure 100% --max inf", "time would stand still"),
        ("--timeout 5x", "invalid duration"),
        ("--format xml", "invalid --format 'xml' (text, json, csv, html)"),
        ("--outage foo", "invalid outage 'foo': use A..B:KIND"),
        ("--compare jitter=none,foo", "--compare jitter=foo: invalid jitter"),
        ("--compare outage=5s,x", "--compare outage=x: invalid duration"),
        ("--sweep capacity=10,0", "--sweep capacity=0: it would never answer"),
        ("--sweep max=2,3 --format csv --timeline", "--timeline and --sweep conflict"),
        ("--find outage --format csv --timeline", "--timeline and --find conflict"),
        ("--find clients --arrive poisson:3", "use --arrive all"),
        ("--arrive poisson:3 --for 0", "nobody would come"),
        ("--arrive cron:5s --for 0", "nobody would come"),
        ("--sweep max=1..100/100 --sweep delay=1s..99s/99 --runs 1000000", "use a smaller --runs"),
        ("--clients 9 --arrive poisson:3", "--clients 9 has no effect with --arrive poisson"),
        ("--arrive poisson:3 --sweep clients=2,3", "use --arrive all, spread:10s or cron:10s"),
        ("--outage none --outage 0s..5s", "--outage none and --outage 0s..5s conflict"),
        ("--outage 5s --outage none", "drop one of them"),
        ("--shared off --rate 5/1s", "--rate and --shared off conflict"),
        ("--shared off --key k", "use --shared groups:N"),
        ("--shared off --compare budget=off,10%", "--budget and --shared off conflict"),
        ("--shared off --hint shared", "--hint shared and --shared off conflict"),
    ] {
        let words = ["simulate"].into_iter().chain(options.split(' '));
        let ran = Sandbox::new().run(words).exits(125).prints("");
        assert!(ran.stderr.contains(told), "{options}: {}", ran.stderr);
    }
}

#[test]
fn what_cannot_be_compared_or_mapped_is_refused() {
    for (options, told) in [
        ("--sweep outage", "no values"),
        ("--sweep otage=1s,2s", "did you mean outage?"),
        ("--sweep max=1..3 --compare max=1,2", "conflict"),
        ("--sweep max=1..3 --sweep delay=1,2 --sweep clients=1,2", "two axes"),
        ("--compare retry-on=1,2", "unknown parameter 'retry-on'"),
        ("--compare retry-on=1,2", "use one of policy, max,"),
        ("--compare idle-timeout=1,2", "unknown parameter 'idle-timeout'"),
        ("--compare policy=default,patience", "unknown policy 'patience'"),
        ("--compare max=0,1", "--compare max=0: 0 attempts"),
        ("--compare max=1..3", "for a range use --sweep max=1..3"),
        ("--compare outage=5s..50s/4", "for a range use --sweep outage=5s..50s/4"),
        ("--compare max=1,2,3,4,5,6,7,8,9 --compare delay=1,2,3,4,5,6,7,8", "more than 64"),
        ("--find foo", "use capacity, clients"),
        ("--find outage --outage none", "no value to begin with"),
        ("--lost 5%", "needs --sweep or --find"),
        ("--timeline", "needs --format csv"),
    ] {
        let ran =
            Sandbox::new().run(["simulate"].into_iter().chain(options.split(' '))).exits(125).prints("");
        assert!(ran.stderr.contains(told), "{options}: {}", ran.stderr);
    }
}
