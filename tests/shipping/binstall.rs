//! What Cargo.toml tells cargo-binstall: the names that `make dist` and the action use.

use crate::floors::root;

#[test]
fn binstall_finds_what_dist_makes_and_the_action_downloads() {
    let read = |path| std::fs::read_to_string(root().join(path)).expect(path);
    let (manifest, dist, install) =
        (read("Cargo.toml"), read("scripts/dist.sh"), read("scripts/action/install.sh"));
    let told = |key: &str| {
        let value = manifest.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
        value.and_then(|value| value.strip_suffix('"')).expect(key)
    };
    assert!(manifest.contains("[package.metadata.binstall]\npkg-url"));
    assert_eq!(told("name"), "retry-command");
    let name = "{ name }-{ version }-{ target }";
    assert!(
        dist.contains("\nname=\"retry-command-$version-$platform\"\n"),
        "its tarball and the folder in it"
    );
    assert!(dist.contains("stage=\"$build/stage/$name\"") && dist.contains(">\"$dist/$name.tar.gz\""));
    assert_eq!(told("bin-dir"), format!("{name}/{{ bin }}"));
    let (place, file) = told("pkg-url").rsplit_once('/').expect("a URL");
    assert_eq!(file, format!("{name}.tar.gz"));
    let place = place.replace("{ repo }", "$repository").replace("{ version }", "$version");
    assert!(install.contains(&format!("/{place}/$asset\"")), "{place}");
}
