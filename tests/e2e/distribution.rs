//! What a release hands out beside the binary: a package, an image and a bill of materials, each the
//! same bytes whenever it is made of the same.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::read::GzDecoder;
use lambent_test_support::root;
use lambent_types::Digest;
use serde_json::Value;
use tempfile::TempDir;

/// Stands for the binary, of which nothing is asked but to be packed.
const BINARY: &[u8] = b"#!/bin/sh\necho packed\n";
/// 2023-11-14.
const TIME: &str = "1700000000";

/// A directory with the binary in it.
fn stage() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let binary = directory.path().join("binary");
    fs::write(&binary, BINARY).unwrap();
    (directory, binary)
}

fn script(name: &str, arguments: &[&Path]) {
    let mut command = Command::new(root().join(".ci/packages").join(name));
    command.args(arguments).env("SOURCE_DATE_EPOCH", TIME).env("DEB_COMPRESSION", "none");
    let done = command.output().unwrap();
    assert!(done.status.success(), "{name}: {done:?}");
}

/// Whether a program is here that a test needs; if not, the test says so.
fn has(program: &str) -> bool {
    let here =
        Command::new(program).arg("--version").output().is_ok_and(|done| done.status.success());
    if !here {
        eprintln!("skipped: {program} is not here");
    }
    here
}

/// The regular files of a tar, by their names.
fn files(tar: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut rest = tar;
    let text = |field: &[u8]| {
        String::from_utf8(field.split(|byte| *byte == 0).next().unwrap().to_vec()).unwrap()
    };
    while rest.len() >= 512 && rest[0] != 0 {
        let (head, body) = rest.split_at(512);
        let size = usize::from_str_radix(text(&head[124..136]).trim(), 8).unwrap();
        if head[156] == b'0' {
            files.insert(text(&head[..100]), body[..size].to_vec());
        }
        rest = &body[size.next_multiple_of(512)..];
    }
    files
}

#[test]
fn an_image_is_a_layout_whose_digests_and_sizes_are_true() {
    let (directory, binary) = stage();
    let (one, two) = (directory.path().join("1.tar"), directory.path().join("2.tar"));
    script("image", &[&binary, &one]);
    // Made of a file that is newer, it is the same.
    fs::write(&binary, BINARY).unwrap();
    script("image", &[&binary, &two]);
    let tar = fs::read(&one).unwrap();
    assert!(tar == fs::read(&two).unwrap(), "two runs differ");

    let files = files(&tar);
    let json = |name: &str| serde_json::from_slice::<Value>(&files[name]).unwrap();
    assert_eq!(json("oci-layout")["imageLayoutVersion"], "1.0.0");
    let blob = |described: &Value| {
        let digest = described["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
        let bytes = &files[&format!("blobs/sha256/{digest}")];
        assert_eq!(Digest::of(bytes).to_string(), digest);
        assert_eq!(described["size"], bytes.len());
        bytes.clone()
    };
    let index = json("index.json");
    let manifest: Value = serde_json::from_slice(&blob(&index["manifests"][0])).unwrap();
    let config: Value = serde_json::from_slice(&blob(&manifest["config"])).unwrap();
    let mut layer = Vec::new();
    GzDecoder::new(&blob(&manifest["layers"][0])[..]).read_to_end(&mut layer).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", Digest::of(&layer)));
    assert_eq!(files.len(), 5, "nothing else is in it: {:?}", files.keys());
    assert_eq!(self::files(&layer), BTreeMap::from([("usr/bin/lambent".into(), BINARY.to_vec())]));
    // Not root's.
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["Entrypoint"][0], "/usr/bin/lambent");

    if has("skopeo") {
        let copy = directory.path().join("copy");
        let mut skopeo = Command::new("skopeo");
        skopeo.arg("--insecure-policy").arg("copy").arg(format!("oci-archive:{}", one.display()));
        let done = skopeo.arg(format!("dir:{}", copy.display())).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
}

#[test]
fn a_bill_of_materials_names_every_crate_with_its_digest_and_licence() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (directory.path().join("1.json"), directory.path().join("2.json"));
    script("sbom", &[&one]);
    script("sbom", &[&two]);
    let text = fs::read_to_string(&one).unwrap();
    assert_eq!(text, fs::read_to_string(&two).unwrap(), "two runs differ");
    let bom: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&bom["bomFormat"], &bom["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    assert_eq!(bom["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
    assert_eq!(bom["metadata"]["component"]["name"], "lambent");
    let components = bom["components"].as_array().unwrap();
    let named = |name: &str| components.iter().filter(|it| it["name"] == name).count();
    assert!(named("wasmtime") == 1 && named("rusqlite") == 1 && named("lambent-server") == 1);
    // What only tests and builds is not in the binary.
    assert_eq!((named("wat"), named("proptest"), named("lambent-test-support")), (0, 0, 0));
    for component in components {
        assert!(component["licenses"][0]["expression"].is_string(), "{component}");
        let own = component["name"].as_str().unwrap().starts_with("lambent-");
        let digest = component["hashes"][0]["content"].as_str().map_or(0, str::len);
        assert_eq!(digest, if own { 0 } else { 64 }, "{component}");
    }
    let known: Vec<_> = components.iter().map(|it| &it["bom-ref"]).collect();
    for dependency in bom["dependencies"].as_array().unwrap() {
        for needed in dependency["dependsOn"].as_array().unwrap() {
            assert!(known.contains(&needed), "{needed}");
        }
    }
}

/// Runs dpkg on a root of its own, where scripts are told by `DPKG_ROOT` that nothing runs.
fn dpkg(into: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("dpkg");
    command.arg(format!("--root={}", into.display())).arg(format!("--log={}/log", into.display()));
    command.args(["--force-not-root", "--force-script-chrootless", "--force-bad-path"]);
    command.args(arguments).output().unwrap()
}

#[test]
fn a_package_installs_upgrades_and_keeps_data_until_it_is_purged() {
    if !has("dpkg-deb") || !has("dpkg") {
        return;
    }
    let (directory, binary) = stage();
    let mut packages = Vec::new();
    for name in ["1", "2"] {
        let out = directory.path().join(name);
        fs::create_dir(&out).unwrap();
        script("deb", &[&binary, &out]);
        packages.push(fs::read_dir(&out).unwrap().next().unwrap().unwrap().path());
    }
    let [one, two] = [&packages[0], &packages[1]].map(|path| fs::read(path).unwrap());
    assert!(one == two, "two runs differ");

    let into = directory.path().join("root");
    for made in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"] {
        fs::create_dir_all(into.join(made)).unwrap();
    }
    for made in ["status", "available"] {
        fs::write(into.join("var/lib/dpkg").join(made), "").unwrap();
    }
    let package = packages[0].to_str().unwrap();
    for _ in 0..2 {
        // The second is an upgrade.
        let done = dpkg(&into, &["--install", package]);
        assert!(done.status.success(), "{done:?}");
    }
    assert_eq!(fs::read(into.join("usr/bin/lambent")).unwrap(), BINARY);
    let unit = fs::read_to_string(into.join("usr/lib/systemd/system/lambent.service")).unwrap();
    assert!(unit.contains("\nExecStart=/usr/bin/lambent serve "), "{unit}");
    assert!(!unit.contains("/usr/local"), "{unit}");
    assert!(into.join("usr/lib/systemd/system/lambent.socket").is_file());

    let data = into.join("var/lib/private/lambent");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("control.db"), "functions").unwrap();
    std::os::unix::fs::symlink("private/lambent", into.join("var/lib/lambent")).unwrap();
    let done = dpkg(&into, &["--remove", "lambent"]);
    assert!(done.status.success(), "{done:?}");
    assert!(!into.join("usr/bin/lambent").exists() && data.join("control.db").exists());
    let done = dpkg(&into, &["--purge", "lambent"]);
    assert!(done.status.success(), "{done:?}");
    assert!(!data.exists() && fs::symlink_metadata(into.join("var/lib/lambent")).is_err());
    assert!(into.join("var/lib/private").exists(), "what is not the package's stays");
}
