//! Where settings come from: files, environment and flags, in their order of strength.

use serde_json::{Value as Json, json};

use crate::support::Sandbox;

/// Where a user's file is by default.
const USER_FILE: &str = ".config/retry/config.toml";

/// A sandbox whose user has this configuration.
fn with_user_file(text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(USER_FILE, text);
    sandbox
}

/// The value of `max`, and where it came from.
#[track_caller]
fn max(sandbox: &Sandbox, environment: &[(&str, &str)], args: &[&str]) -> (Json, String) {
    let line = [&["explain", "--format", "json"], args].concat();
    let explained = super::harness::Explained(sandbox.run_in(environment, line).exits(0).json());
    (explained.value("max").clone(), explained.source("max").to_owned())
}

#[test]
fn each_layer_is_stronger_than_the_one_before() {
    let sandbox = with_user_file("[policy.default]\nmax = 11\n[policy.weak]\nmax = 12\n");
    let user = sandbox.path(USER_FILE).display().to_string();
    let nothing = Sandbox::new();
    assert_eq!(max(&nothing, &[], &[]), (json!(3), "default".to_owned()));
    assert_eq!(max(&nothing, &[], &["--policy", "aggressive"]), (json!(5), "builtin:aggressive".to_owned()));
    assert_eq!(max(&sandbox, &[], &[]), (json!(11), format!("file:{user}:2")));

    sandbox.write(
        "c.toml",
        "[policy.default]\nmax = 13\n[policy.base]\nmax = 14\n[policy.api]\ninherits = \"base\"\n\
         [policy.web]\ninherits = \"api\"\nmax = 15\n",
    );
    let named = &["--config", "c.toml"][..];
    assert_eq!(max(&sandbox, &[], named), (json!(13), "file:c.toml:2".to_owned()), "over the user's file");
    let policy = |name: &'static str| [named, &["--policy", name]].concat();
    assert_eq!(
        max(&sandbox, &[], &policy("weak")),
        (json!(12), format!("file:{user}:4")),
        "over any default"
    );
    assert_eq!(max(&sandbox, &[], &policy("api")), (json!(14), "file:c.toml:4".to_owned()), "the parent's");
    assert_eq!(max(&sandbox, &[], &policy("web")), (json!(15), "file:c.toml:9".to_owned()), "its own");

    let environment = &[("RETRY_OPT_MAX", "16")][..];
    assert_eq!(max(&sandbox, environment, &policy("web")), (json!(16), "env:RETRY_OPT_MAX".to_owned()));
    let flag = [&policy("web")[..], &["--max", "17"]].concat();
    assert_eq!(max(&sandbox, environment, &flag), (json!(17), "flag".to_owned()));
}

#[test]
fn the_environment_may_name_the_policy_and_the_file_and_flags_beat_it() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", "[policy.default]\nmax = 21\n[policy.p]\nmax = 22\n");
    sandbox.write("b.toml", "[policy.default]\nmax = 31\n[policy.p]\nmax = 32\n[policy.q]\nmax = 33\n");
    let a = ("RETRY_OPT_CONFIG", "a.toml");
    let p = ("RETRY_OPT_POLICY", "p");
    assert_eq!(max(&sandbox, &[a], &[]).0, 21);
    assert_eq!(max(&sandbox, &[a, p], &[]), (json!(22), "file:a.toml:4".to_owned()));
    assert_eq!(max(&sandbox, &[a, p], &["--config", "b.toml"]), (json!(32), "file:b.toml:4".to_owned()));
    assert_eq!(max(&sandbox, &[p], &["--config", "b.toml", "--policy", "q"]).0, 33);
}

#[test]
fn an_empty_variable_is_unset() {
    let sandbox = with_user_file("[policy.default]\nmax = 11\n");
    let empty =
        [("RETRY_OPT_MAX", ""), ("RETRY_OPT_CONFIG", ""), ("RETRY_OPT_POLICY", ""), ("XDG_CONFIG_HOME", "")];
    assert_eq!(max(&sandbox, &empty, &[]).0, 11);
}

#[test]
fn the_users_file_is_under_xdg_config_home_or_else_under_home() {
    let sandbox = with_user_file("[policy.default]\nmax = 11\n");
    sandbox.write("xdg/retry/config.toml", "[policy.default]\nmax = 12\n");
    let xdg = sandbox.path("xdg").display().to_string();
    assert_eq!(max(&sandbox, &[], &[]).0, 11);
    assert_eq!(max(&sandbox, &[("XDG_CONFIG_HOME", &xdg)], &[]).0, 12, "instead of the one under HOME");
    let elsewhere = sandbox.path("empty").display().to_string();
    assert_eq!(max(&sandbox, &[("XDG_CONFIG_HOME", &elsewhere)], &[]).0, 3);
    assert_eq!(max(&sandbox, &[("HOME", &elsewhere)], &[]).0, 3);
}

#[test]
fn no_config_reads_no_file_at_all() {
    let sandbox = with_user_file("[policy.default]\nmax = 11\n");
    assert_eq!(max(&sandbox, &[], &["--no-config"]), (json!(3), "default".to_owned()));
    sandbox.write(USER_FILE, "this is no TOML");
    sandbox.run(["--no-config", "--", "true"]).exits(0).says(&[]);
}

#[test]
fn nothing_is_read_from_the_working_directory() {
    let sandbox = Sandbox::new();
    for name in ["config.toml", "retry.toml", ".retry.toml", "retry/config.toml", ".retry/config.toml"] {
        sandbox.write(name, "[policy.default]\nmax = 9\n");
    }
    assert_eq!(max(&sandbox, &[], &[]), (json!(3), "default".to_owned()));
}

#[test]
fn the_systems_file_is_weaker_than_the_users() {
    let sandbox = with_user_file("[policy.default]\nmax = 11\n");
    sandbox.write("etc/retry/config.toml", "[policy.default]\nmax = 41\nfactor = 5\n");
    // A mount namespace of its own gives the machine another /etc, where that is allowed.
    let script = "mount --bind etc /etc && exec \"$@\"";
    let wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", crate::support::RETRY];
    let in_namespace = |args: &[&str]| {
        let plain = sandbox.spawnable([""; 0]);
        let mut command = assert_cmd::Command::new(wrapper[0]);
        command.args(&wrapper[1..]).args(args).current_dir(sandbox.path("."));
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        super::harness::Ran::of(&mut command)
    };
    if in_namespace(&["--version"]).status != 0 {
        return;
    }
    let explained = in_namespace(&["explain", "--format", "json"]).exits(0).json();
    assert_eq!(explained["policy"]["max"]["value"], 11);
    assert_eq!(explained["policy"]["factor"], json!({"value": 5, "source": "file:/etc/retry/config.toml:3"}));
}

#[test]
fn a_file_may_extend_and_inherit_a_built_in_policy() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "c.toml",
        "[policy.aggressive]\ndelay = \"50ms\"\n[policy.mine]\ninherits = \"database\"\nmax = 7\n",
    );
    let explained = sandbox.explain(&["--config", "c.toml", "--policy", "aggressive"]);
    assert_eq!((explained.value("delay"), explained.source("delay")), (&json!("50ms"), "file:c.toml:2"));
    assert_eq!((explained.value("max"), explained.source("max")), (&json!(5), "builtin:aggressive"));
    let explained = sandbox.explain(&["--config", "c.toml", "--policy", "mine"]);
    assert_eq!((explained.value("max"), explained.source("max")), (&json!(7), "file:c.toml:5"));
    assert_eq!(
        (explained.value("max-delay"), explained.source("max-delay")),
        (&json!("5s"), "builtin:database")
    );
}

#[test]
fn the_built_in_policies_are_as_they_are_described() {
    for (name, settings) in [
        ("aggressive", &[("max", json!(5)), ("delay", json!("100ms")), ("factor", json!(3))][..]),
        ("interactive", &[("max", json!(3)), ("deadline", json!("30s"))]),
        ("background", &[("max", json!(8)), ("deadline", json!("2m"))]),
        (
            "sdk",
            &[
                ("max", json!("inf")),
                ("delay", json!("500ms")),
                ("max-delay", json!("10s")),
                ("jitter", json!("25%")),
            ],
        ),
        ("database", &[("max", json!(3)), ("delay", json!("500ms")), ("max-delay", json!("5s"))]),
        ("messaging", &[("max", json!(3)), ("delay", json!("1s")), ("max-delay", json!("10s"))]),
    ] {
        let explained = Sandbox::new().explain(&["--policy", name]);
        for (key, value) in settings {
            assert_eq!(explained.value(key), value, "{key} of {name}");
            assert_eq!(explained.source(key), format!("builtin:{name}"), "{key} of {name}");
        }
    }
}

#[test]
fn a_policy_may_name_the_shell_and_judge_by_the_status_of_http() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "c.toml",
        "[policy.default]\nshell = \"bash\"\n[[policy.default.rule]]\nclass = \"permanent\"\nhttp = \"500-599\"\n",
    );
    let line = ["--config", "c.toml", "--", "echo HTTP/1.1 503 x | cat; false | true; echo $1", "word"];
    // bash stops at the failing part of the pipeline, and the rule ends the run.
    sandbox.run(line).exits(1).prints("HTTP/1.1 503 x\n");
}

#[test]
fn a_list_of_nothing_replaces_that_of_a_parent() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "c.toml",
        "[policy.a]\nretry-on = [3]\npermanent-on = \"4\"\nretry-match = \"x\"\nrule = [{ class = \"permanent\", exit = 5 }]\n\
         [policy.b]\ninherits = \"a\"\nretry-on = []\npermanent-on = []\nretry-match = []\nrule = []\n",
    );
    let explained = sandbox.explain(&["--config", "c.toml", "--policy", "b"]);
    for key in ["retry-on", "permanent-on", "retry-match", "rule"] {
        assert_eq!(explained.value(key), &serde_json::json!([]), "{key}");
        assert!(explained.source(key).contains("c.toml"), "{key}");
    }
    sandbox.write("bad.toml", "[policy.default]\nbackoff = []\n");
    sandbox.run(["--config", "bad.toml", "--", "true"]).exits(125).mentions(&["bad.toml:2:11"]);
}

#[test]
fn a_delay_on_the_command_line_replaces_a_list_of_a_file_and_the_reverse() {
    let sandbox = Sandbox::new();
    sandbox.write("list.toml", "[policy.default]\nbackoff = \"1h,2h,4h\"\n");
    sandbox.write("delay.toml", "[policy.default]\ndelay = \"1h\"\n");
    let waits = |options: &[&str]| {
        let common = ["--jitter", "none", "-q", "--log", "log"];
        sandbox.fails_until(99, &[&common[..], options].concat()).exits(7);
        let waits = super::harness::waits(&sandbox.log("log"));
        std::fs::remove_file(sandbox.path("log")).expect("it is there");
        waits
    };
    assert_eq!(waits(&["--config", "list.toml", "--delay", "10ms"]), [10.0, 20.0]);
    assert_eq!(waits(&["--config", "delay.toml", "--backoff", "2ms,3ms"]), [2.0, 3.0]);
    let explained = sandbox.explain(&["--config", "list.toml", "--delay", "10ms"]);
    assert_eq!((explained.source("backoff"), explained.source("delay")), ("default", "flag"));
}

#[test]
fn a_policy_is_in_force_when_the_command_runs() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[policy.p]\nmax = 2\nbackoff = [\"1ms\"]\npermanent-on = \"9\"\n");
    sandbox.fails_until(99, &["-q", "--config", "c.toml", "--policy", "p"]).exits(7);
    assert_eq!(sandbox.runs(), 2);
}

#[test]
fn explain_all_lists_every_policy_and_its_files() {
    let sandbox = with_user_file("[policy.default]\nmax = 4\n[policy.sdk]\nmax = 5\n");
    sandbox.write("c.toml", "[policy.api]\ninherits = \"sdk\"\n[policy.sdk]\nmax = 6\n");
    let user = sandbox.path(USER_FILE).display().to_string();
    let text = sandbox.run(["explain", "--all", "--config", "c.toml"]).exits(0).says(&[]).text();
    let line = |name: &str| {
        let found: Vec<_> = text.lines().filter(|line| line.split(' ').next() == Some(name)).collect();
        assert_eq!(found.len(), 1, "{name} in\n{text}");
        found[0].to_owned()
    };
    for name in ["aggressive", "interactive", "background", "database", "messaging"] {
        assert!(line(name).contains("builtin"));
    }
    assert!(line("default").contains(&format!("file:{user}:1")));
    assert!(line("sdk").contains(&format!("builtin, file:{user}:3, file:c.toml:3")), "{}", line("sdk"));
    assert!(line("api").contains("inherits sdk") && line("api").contains("file:c.toml:1"));

    let line = ["explain", "--all", "--config", "c.toml", "--format", "json"];
    let json = sandbox.run(line).exits(0).json();
    let api = json["policies"].as_array().expect("a list").iter().find(|policy| policy["name"] == "api");
    assert_eq!(api.expect("api")["sources"], json!(["file:c.toml:1"]));
}
