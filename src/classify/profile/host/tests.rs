//! Command lines and the hosts that they are about.

use std::ffi::OsString;
use std::rc::Rc;

use proptest::prelude::*;

use super::super::{AUTO, Knowledge, Profile, Selection, read};
use crate::base::problem::Source;

fn host_of(argv: &[OsString], asked: &str, users: Vec<Rc<Profile>>) -> Option<String> {
    let selection = Selection::choose(&[asked.to_owned()], argv, &users);
    let hash = |credentials: &[u8]| format!("{:016x}", crate::base::fnv::hash64(credentials.iter().copied()));
    Knowledge::new(selection, users).host(argv, &hash)
}

/// Words split at spaces; `_` stands for a space inside of a word.
fn words(line: &str) -> Vec<OsString> {
    line.split(' ').map(|word| word.replace('_', " ").into()).collect()
}

fn host(line: &str) -> String {
    host_of(&words(line), AUTO, Vec::new()).unwrap_or_default()
}

/// Without the hash that ends it.
fn bare(host: &str) -> &str {
    host.split_once('#').map_or(host, |(host, _)| host)
}

/// The host that is found, without the hash; an empty text: none.
const LINES: &[(&str, &str)] = &[
    // URLs, whatever the tool does with them.
    ("curl -fsS https://API.Example.com/v1?x=http://other", "api.example.com"),
    ("curl -o out -H Accept:x -d @body https://a.test:8443/x", "a.test:8443"),
    ("curl https://a.test:443/ http://b.test/", "a.test"),
    ("curl -x http://proxy:3128 -e http://referer/ https://a.test", "a.test"),
    ("curl --proxy=http://proxy:3128 --url https://a.test", "a.test"),
    ("curl -fsSLo out a.test/x", "a.test"),
    ("curl -sSd {\"u\":\"http://b.test\"} localhost:8080/x", "localhost:8080"),
    ("curl http://[::1]:9000/", "[::1]:9000"),
    ("curl http://a.test./", "a.test"),
    ("curl https://a%2Etes%74/", "a.test"),
    ("curl https://u:p@exa%6Dple.com:8443/", "example.com:8443"),
    ("curl https://B\u{fc}cher.test/", "xn--bcher-kva.test"),
    ("curl http://0x7f.1/", "127.0.0.1"),
    ("curl $URL", ""),
    ("sudo -u x timeout -k 3 5 env A=b nice curl -f https://a.test", "a.test"),
    ("HTTPS_PROXY=http://proxy:1 curl https://a.test", "a.test"),
    ("wget -qO- http://a.test/x", "a.test"),
    ("wget -O out a.test:8080/x", "a.test:8080"),
    ("wget --tries=1 -P dir ftp://a.test/x", "a.test"),
    ("http POST :8080/x a=b", "localhost:8080"),
    ("http a.test/x", "a.test"),
    ("https -a u:p PUT a.test/x", "a.test"),
    ("aria2c -x 4 -d dir https://a.test/x https://b.test/x", "a.test"),
    ("svn checkout -r 5 svn://a.test/repo", "a.test"),
    ("hg clone https://a.test/repo", "a.test"),
    // git and ssh.
    ("git clone https://github.com/o/r.git", "github.com"),
    ("git clone --depth 1 -b main git@github.com:o/r.git dir", "github.com"),
    ("git clone build:repo", "build"),
    ("git push ssh://git@a.test:2222/r main", "a.test:2222"),
    ("git fetch git://a.test:9418/r", "a.test"),
    ("git remote add up git@a.test:r", "a.test"),
    ("git -C dir push origin HEAD:refs/heads/x", ""),
    ("git commit -m see_http://a.test", ""),
    ("ssh a.test ls -h /", "a.test"),
    ("ssh -p 2222 -i key -o BatchMode=yes user@A.test nc -p 80 x", "a.test:2222"),
    ("ssh -p22 a.test", "a.test"),
    ("ssh -J jump user@a.test", "a.test"),
    ("ssh ssh://user@a.test:2200", "a.test:2200"),
    ("autossh -M 0 -N a.test", "a.test"),
    ("scp -P 2222 -r dir user@a.test:/x", "a.test:2222"),
    ("scp -p file a.test:", "a.test"),
    ("scp -3 a.test:x b.test:y", "a.test"),
    ("sftp -b batch user@a.test", "a.test"),
    ("rsync -az --delete dir/ user@a.test:/x/", "a.test"),
    ("rsync -e ssh_-p_22 a.test::module/x .", "a.test"),
    ("rsync --port=8873 rsync://a.test/m .", "a.test:8873"),
    ("rsync -a from/ to/", ""),
    // Registries of packages.
    ("pip install x", "pypi"),
    ("pip3 install -i https://mirror.test/simple x", "mirror.test"),
    ("pip install --index-url=https://mirror.test:8443/simple x", "mirror.test:8443"),
    ("python3 -m pip install git+https://a.test/x.git", "a.test"),
    ("pip install -r requirements.txt --proxy http://proxy:1", "pypi"),
    ("uv pip install --default-index https://mirror.test x", "mirror.test"),
    ("uv publish", "pypi-upload"),
    ("twine upload dist/x", "pypi-upload"),
    ("npm ci", "npm-registry"),
    ("npm --registry http://127.0.0.1:4873/ install x", "127.0.0.1:4873"),
    ("npm publish --registry=https://npm.a.test/", "npm.a.test"),
    ("npm install https://a.test/x.tgz", "a.test"),
    ("pnpm add x", "npm-registry"),
    ("yarn install", "npm-registry"),
    ("cargo build --release", "crates"),
    ("cargo install --git https://a.test/x", "a.test"),
    ("go mod download", "go-proxy"),
    ("mvn -B package", "maven-central"),
    ("composer install", "packagist"),
    ("bundle install", "rubygems"),
    ("gem install -s https://gems.a.test x", "gems.a.test"),
    // Images.
    ("docker pull alpine:3", "docker.io"),
    ("docker pull ghcr.io/o/i:tag", "ghcr.io"),
    ("docker push localhost:5000/i", "localhost:5000"),
    ("docker run --rm -it -v a:b -p 80:80 registry.a.test/i:1 curl http://b.test", "registry.a.test"),
    ("docker -H tcp://build.test:2376 pull alpine", "build.test:2376"),
    ("docker --context Remote ps", "remote"),
    ("docker -H unix:///var/run/docker.sock ps", "localhost"),
    ("docker login ghcr.io -u x", "ghcr.io"),
    ("docker build -t x .", "localhost"),
    ("podman pull quay.io/o/i", "quay.io"),
    ("skopeo copy docker://quay.io/o/i dir:x", "quay.io"),
    // Clusters and clouds.
    ("kubectl --context Prod-EU get pods", "prod-eu"),
    ("kubectl -s https://k.test:6443 apply -f https://a.test/x.yaml", "k.test:6443"),
    ("kubectl apply -f https://a.test/x.yaml", ""),
    ("helm pull oci://a.test/charts/x", "a.test"),
    ("helm install r x --repo https://charts.a.test", "charts.a.test"),
    ("aws s3 cp a s3://bucket/a", "s3.amazonaws.com"),
    ("aws --region eu-west-1 ec2 describe-instances", "ec2.eu-west-1.amazonaws.com"),
    ("aws --endpoint-url http://localhost:9000 s3 ls", "localhost:9000"),
    ("gcloud compute instances list", "compute.googleapis.com"),
    ("gsutil cp a gs://b/", "storage.googleapis.com"),
    ("az vm list", "management.azure.com"),
    ("gh pr list", "api.github.com"),
    ("gh api --hostname git.a.test user", "git.a.test"),
    ("terraform init", "registry.terraform.io"),
    ("terraform apply", ""),
    ("pulumi up", "api.pulumi.com"),
    ("ansible-galaxy install x", "galaxy.ansible.com"),
    ("ansible all -m ping", ""),
    // Databases.
    ("psql -c select_1", "localhost"),
    ("psql -h DB.test -p 5432 -c select_1", "db.test"),
    ("psql --host=db.test --port=6432", "db.test:6432"),
    ("psql -h /var/run/postgresql", "localhost"),
    ("psql host=db.test_port=5433_dbname=x", "db.test:5433"),
    ("pg_dump -d postgresql://db.test/x -n public", "db.test"),
    ("pgbench -n -h db.test x", "db.test"),
    ("mysql -h db.test -P 3307 -e select_1", "db.test:3307"),
    ("mysqldump x", "localhost"),
    ("redis-cli PING", "localhost"),
    ("redis-cli -h r.test -p 6380 GET -h", "r.test:6380"),
    ("redis-cli -s /tmp/redis.sock PING", "localhost"),
    ("redis-cli -u redis://r.test:6379/0 PING", "r.test"),
    ("restic -r rest:https://b.test:8000/ backup x", "b.test:8000"),
    ("restic -r sftp:user@b.test:/x backup x", "b.test"),
    ("borg create user@b.test:repo::a x", "b.test"),
    ("rclone copy dir Remote:bucket", "remote"),
    // The network itself.
    ("ping -c 1 -W 2 a.test", "a.test"),
    ("dig +short @9.9.9.9 a.test", "9.9.9.9"),
    ("host a.test ns.test", "ns.test"),
    ("dig a.test", ""),
    ("nc -z -w 2 a.test 8080", "a.test:8080"),
    ("systemctl restart x", "localhost"),
    // Nothing is known of these.
    ("frobnicate --from=https://a.test:8443/x", "a.test:8443"),
    ("frobnicate jdbc:postgresql://db.test:5432/x", "db.test"),
    ("frobnicate a.test:80", ""),
    ("sh -c cd_/x;_curl_'https://a.test/y'", "a.test"),
    ("java -Durl=http://a.test/ x", "a.test"),
    ("curl", ""),
    ("sudo", ""),
];

#[test]
fn the_host_is_found_in_the_arguments_of_each_tool() {
    let wrong: Vec<String> = LINES
        .iter()
        .filter(|(line, expected)| bare(&host(line)) != *expected)
        .map(|(line, expected)| format!("{line}: {:?}, not {expected:?}", host(line)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn credentials_keep_accounts_apart_and_are_not_to_be_seen() {
    let same = |one: &str, other: &str| assert_eq!(host(one), host(other), "{one} / {other}");
    let differ = |one: &str, other: &str| {
        assert_ne!(host(one), host(other), "{one} / {other}");
        assert_eq!(bare(&host(one)), bare(&host(other)), "{one} / {other}");
    };
    for line in [
        "curl https://user:secret@a.test/",
        "curl https://token@a.test/",
        "curl -u user:secret https://a.test/",
        "curl -sSuuser:secret https://a.test/",
        "curl -H Authorization:_Bearer_secret https://a.test/",
        "curl -H X-Api-Key:secret https://a.test/",
        "wget --user=user --password=secret http://a.test/",
        "http -a user:secret a.test/",
        "psql -U user -h a.test",
        "psql postgresql://user:secret@a.test/x",
        "psql host=a.test_password=secret",
        "mysql -uuser -psecret -h a.test",
        "mysql --password=secret -h a.test",
        "redis-cli -h a.test -a secret PING",
        "redis-cli -u redis://:secret@a.test PING",
        "git clone https://user:secret@a.test/x",
        "frobnicate https://user:secret@a.test/x",
        "ssh user:secret@a.test",
    ] {
        let found = host(line);
        let (name, hash) = found.split_once('#').unwrap_or_else(|| panic!("{line}: {found}"));
        assert_eq!(name, "a.test", "{line}");
        assert!(hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{line}: {found}");
    }
    for line in [
        "ssh user@a.test",
        "git clone git@a.test:x",
        "git clone ssh://git@a.test/x",
        "scp x user@a.test:",
        "curl -H Accept:_x https://a.test/",
        "mysql -p -h a.test",
        "curl https://@a.test/",
    ] {
        assert_eq!(host(line), "a.test", "{line}");
    }
    differ("curl -u a:b https://a.test", "curl -u a:c https://a.test");
    differ("aws s3 ls", "aws --profile other s3 ls");
    same("curl -u a:b https://a.test", "curl https://a.test/x --user=a:b");
    same("curl -u a:b https://a.test", "curl https://a:b@a.test/y");
    same("psql -U a -h a.test", "psql postgresql://a@a.test/x");
    // By a definition that others may compute: FNV-1a of 64 bits, its first half.
    assert_eq!(host("curl -u foobar https://a.test"), "a.test#85944171f73967e8");
}

fn profile(text: &str) -> Rc<Profile> {
    let source = Rc::new(Source { path: "x".into(), text: text.to_owned() });
    let (profile, problems) = read::builtin("mine", &source);
    assert!(problems.is_empty());
    Rc::new(profile)
}

#[test]
fn a_users_profile_may_state_it() {
    let mine = profile(
        "command = \"deploy\"\n[[key]]\nplace = [{ after = \"to\", operand = 1 }, { option = \"--on\" }]\n\
         port = \"-p\"\ndefault-port = 7000\ncredentials = \"--as\"\n",
    );
    let find = |line: &str| host_of(&words(line), AUTO, vec![Rc::clone(&mine)]).unwrap_or_default();
    assert_eq!(find("deploy -p 7001 to a.test"), "a.test:7001");
    assert_eq!(find("deploy -p 7000 --on b.test x"), "b.test");
    assert_eq!(find("deploy x http://a.test"), "");
    assert!(find("deploy --as me to a.test").starts_with("a.test#"));
    // A command that nothing is known of, with a profile by name.
    let named = host_of(&words("./wrapped --on b.test"), "mine", vec![mine]);
    assert_eq!(named.as_deref(), Some("b.test"));
}

#[test]
fn every_option_and_every_place_of_the_profiles_is_well_formed() {
    for profile in super::super::names().filter_map(super::builtin::load) {
        for finder in &profile.keys {
            let unknown = finder.commands.iter().find(|command| !profile.commands.contains(command));
            assert!(unknown.is_none(), "{}: {unknown:?}", profile.name);
            let mut all = finder.grammar().valued;
            all.sort_unstable();
            let asked_twice = |option: &str| {
                finder.lookups.iter().filter(|lookup| matches!(&lookup.place, super::HostSource::Option(names, _) if names.iter().any(|name| name == option))).count() > 1
            };
            for pair in all.windows(2) {
                assert!(pair[0] != pair[1] || asked_twice(pair[0]), "{}: {} twice", profile.name, pair[0]);
            }
        }
    }
}

#[test]
fn a_form_that_is_not_the_usual_one_is_told() {
    use super::HostForm;
    assert_eq!(HostForm::Host.suffix(HostForm::Host), "");
    assert_eq!(HostForm::Image.suffix(HostForm::Host), " (image)");
}

#[test]
fn a_name_is_a_word_of_ascii() {
    use super::HostForm;
    let host = |text: &str| HostForm::Name.read(text).map(|authority| authority.host);
    let long = "x".repeat(1000);
    for (text, expected) in
        [("Db-1", Some("db-1")), ("", None), ("a b", None), ("a#b", None), ("é", None), (&*long, None)]
    {
        assert_eq!(host(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_remote_path_is_told_from_a_local_one() {
    use super::HostForm;
    let host = |text: &str| HostForm::Remote.read(text).map(|authority| authority.host);
    for (text, expected) in [
        ("b.test:x", Some("b.test")),
        ("me@b.test:x/y:z", Some("b.test")),
        ("dir/a:b", None),
        ("http://b.test/x", None),
        ("./a:b", None),
    ] {
        assert_eq!(host(text).as_deref(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_the_arguments_what_is_found_is_fit_for_a_key(
        tool in prop::sample::select(vec!["curl", "git", "ssh", "psql", "docker", "aws", "rsync", "frobnicate", "kubectl", "nc"]),
        arguments in prop::collection::vec("[-a-zA-Z0-9@:/.=\\[\\]{}#?,%+ é\n\"']{0,24}", 0..6),
    ) {
        let argv: Vec<OsString> = std::iter::once(tool.to_owned()).chain(arguments).map(OsString::from).collect();
        if let Some(found) = host_of(&argv, AUTO, Vec::new()) {
            prop_assert!(!found.is_empty() && found.len() <= 255);
            prop_assert!(!found.contains(|c: char| c.is_whitespace() || c.is_control()), "{}", found);
            prop_assert_eq!(found.to_lowercase(), found.clone());
            prop_assert_eq!(host_of(&argv, AUTO, Vec::new()), Some(found));
        }
    }
}
