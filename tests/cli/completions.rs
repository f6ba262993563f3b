//! Completions, asked of the shells themselves: what each offers for a line whose last word is being typed.

use std::path::Path;

use super::harness::Ran;
use crate::support::{RETRY, Sandbox};

/// A shell, and how its completions are named where it looks for them.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// Parts the line into words as readline would, and prints what the function offers.
const BASH: &str = r#"
source /usr/share/bash-completion/bash_completion
source ./completions
read -ra COMP_WORDS <<<"${1//=/ = }"
[[ $1 == *[' '=] ]] && COMP_WORDS+=('')
COMP_LINE=$1 COMP_POINT=${#1} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_retry retry "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"
"#;

const FISH: &str = "source ./completions; complete -C \"$argv[1]\" | string replace -r '\\t.*' ''";

/// Typed before zsh reads keys by itself, Ctrl-D would be the end of its input: Ctrl-G is nothing to a terminal.
/// An interactive zsh on a terminal of its own types the line; instead of showing matches it prints them.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty z "TERM=dumb zsh -f -i"
zpty -w z "source ./rc.zsh"
zpty -r z out '*READY2*'
zpty -w -n z "$1"$'\x07'
zpty -r z out '*END2*'
print -r -- "$out" | tr -d '\r' | sed -n 's/^hit://p'
"#;

const ZSH_RC: &str = r#"
fpath=($PWD $fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  local -a hits
  builtin compadd -A hits "$@"
  print
  (( $#hits )) && print -rl -- "hit:"$^hits
}
offers() { _main_complete; print; print END$((1+1)); compstate[insert]=; compstate[list]= }
zle -C offers complete-word offers
bindkey '^G' offers
print READY$((1+1))
"#;

/// What the shell offers, sorted.
fn offers(shell: Shell, sandbox: &Sandbox, line: &str) -> Vec<String> {
    let (program, options, script, file) = match shell {
        Shell::Bash => ("bash", &["--norc", "-c"][..], BASH, "completions"),
        Shell::Zsh => ("zsh", &["-f", "-c"][..], ZSH, "_retry"),
        Shell::Fish => ("fish", &["-c"][..], FISH, "completions"),
    };
    let name = format!("{shell:?}").to_lowercase();
    sandbox.write(file, sandbox.run(["generate", &name]).exits(0).text());
    sandbox.write("rc.zsh", ZSH_RC);
    let mut command = assert_cmd::Command::new(program);
    command.args(options).arg(script);
    if shell != Shell::Fish {
        command.arg(program);
    }
    let folder = Path::new(RETRY).parent().expect("a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("a path"));
    command.arg(line).current_dir(sandbox.path(".")).env("PATH", path).env("HOME", sandbox.path("."));
    command.env("RETRY_OPT_STATE", sandbox.path("state")).env("XDG_CONFIG_HOME", sandbox.path("."));
    command.env("XDG_DATA_HOME", sandbox.path(".")).timeout(std::time::Duration::from_secs(120));
    let ran = Ran::of(&mut command);
    let mut offered: Vec<_> = ran.text().lines().map(|word| word.trim().to_owned()).collect();
    offered.retain(|word| !word.is_empty());
    offered.sort();
    offered.dedup();
    offered
}

/// For each shell, for each line: these are offered, and nothing that begins with one of those.
fn all_offer(sandbox: &Sandbox, cases: &[(&str, &[&str], &[&str])]) {
    for shell in SHELLS {
        for (line, wanted, unwanted) in cases {
            let offered = offers(shell, sandbox, line);
            for word in *wanted {
                // fish offers the whole word.
                let found = offered.iter().any(|offer| offer == word || offer.ends_with(&format!("={word}")));
                assert!(found, "{shell:?}: {word} is missing for '{line}': {offered:?}");
            }
            for word in *unwanted {
                let found = offered.iter().find(|offer| offer.starts_with(word));
                assert!(found.is_none(), "{shell:?}: {word} is offered for '{line}': {offered:?}");
            }
        }
    }
}

#[test]
fn options_and_verbs_complete_where_they_may_stand() {
    all_offer(
        &Sandbox::new(),
        &[
            ("retry --max-", &["--max-delay", "--max-retry-after"], &["--deadline"]),
            ("retry until --fo", &["--for"], &[]),
            ("retry unt", &["until"], &[]),
            ("retry --max 3 expl", &[], &["explain"]),
            ("retry state --fo", &["--for", "--format"], &[]),
            ("retry profiles --del", &[], &["--delay"]),
        ],
    );
}

#[test]
fn values_complete() {
    all_offer(
        &Sandbox::new(),
        &[
            ("retry --jitter ", &["none", "full", "equal", "additive"], &["--"]),
            ("retry --jitter=e", &["equal"], &[]),
            ("retry --policy ", &["default", "aggressive", "until"], &[]),
            ("retry --profile cur", &["curl"], &[]),
            ("retry simulate --shared ", &["all", "off"], &[]),
            ("retry simulate --shared o", &["off"], &["all"]),
            ("retry simulate --shared=", &["all", "off"], &[]),
            ("retry simulate --shared --cl", &["--clients"], &["all"]),
            ("retry simulate --shared off --hint ", &["on", "shared"], &["all"]),
            ("retry -p no", &["none", "node"], &[]),
            ("retry explain --format ", &["text", "json", "delays"], &[]),
            ("retry classify --format ", &["text", "json"], &["delays"]),
        ],
    );
}

#[test]
fn the_words_of_profiles_and_state_complete() {
    let sandbox = Sandbox::new();
    let state = sandbox.path("state").display().to_string();
    let other = sandbox.path("other").display().to_string();
    for (place, key) in [(&state, "one.example"), (&other, "two.example")] {
        sandbox.run(["state", "--state", place, "close", key, "--for", "1h"]).exits(0);
    }
    all_offer(
        &sandbox,
        &[
            ("retry profiles cur", &["curl"], &[]),
            ("retry profiles curl c", &[], &["curl"]),
            ("retry state ", &["list", "show", "check", "close", "wait", "reset"], &[]),
            ("retry state show ", &["one.example"], &["two.example"]),
            (&format!("retry state --state {other} reset "), &["two.example"], &["one.example"]),
            ("retry state list ", &[], &["one.example"]),
        ],
    );
}

#[test]
fn the_wrapped_command_completes_as_itself() {
    all_offer(
        &Sandbox::new(),
        &[
            ("retry -- git cherry", &["cherry-pick"], &[]),
            ("retry --max 3 --jitter full git cherry", &["cherry-pick"], &[]),
            ("retry until --for 1m -- git cherry", &["cherry-pick"], &[]),
            ("retry explain git cherry", &["cherry-pick"], &[]),
            ("retry git --max-", &[], &["--max-delay", "--max-retry-after"]),
            ("retry -- sleep --max-", &[], &["--max-delay"]),
            ("retry -- git-up", &["git-upload-pack"], &["until"]),
            ("retry -- expl", &[], &["explain"]),
        ],
    );
}
