use std::sync::Arc;

use lambent_storage_embedded::{DataDir, OpenError, layout, write_file};
use lambent_types::SystemClock;

#[test]
fn a_second_user_is_told_who_holds_it() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a/b");
    let first = DataDir::open(&path).unwrap();
    let clone = first.clone();
    drop(first);
    let error = DataDir::open(&path).unwrap_err();
    assert!(
        matches!(error, OpenError::Locked { pid, .. } if pid == Some(std::process::id())),
        "{error}"
    );
    assert!(error.to_string().contains(&format!("process {}", std::process::id())));
    drop(clone);
    DataDir::open(&path).unwrap();
}

#[test]
fn a_newer_or_damaged_format_is_refused() {
    let home = tempfile::tempdir().unwrap();
    drop(DataDir::open(home.path()).unwrap());
    std::fs::write(home.path().join(layout::FORMAT_FILE), "7\n").unwrap();
    let error = DataDir::open(home.path()).unwrap_err();
    assert!(matches!(error, OpenError::NewerFormat { found: 7, supported: 1, .. }), "{error}");
    std::fs::write(home.path().join(layout::FORMAT_FILE), "").unwrap();
    let error = DataDir::open(home.path()).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn everything_is_private_to_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = tempfile::tempdir().unwrap();
    let data = DataDir::open(home.path().join("data")).unwrap();
    let artifacts = data.subdir(layout::ARTIFACTS_DIR).unwrap();
    write_file(&artifacts, "x", b"1").unwrap();
    write_file(data.dir(), layout::ROOT_KEY_FILE, b"{}").unwrap();
    let _stores =
        lambent_storage_embedded::open(&data, Default::default(), Arc::new(SystemClock)).unwrap();
    let mode = |name: &str| {
        let path = data.path().join(name);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    assert_eq!(mode("artifacts"), 0o700);
    for file in ["artifacts/x", "root-key.json", "format", "lock", "control.db", "logs.db"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
    assert_eq!(mode("control.db-wal"), 0o600);
}

#[test]
fn files_are_replaced_whole() {
    let home = tempfile::tempdir().unwrap();
    let data = DataDir::open(home.path()).unwrap();
    write_file(data.dir(), "key", b"a long first value").unwrap();
    write_file(data.dir(), "key", b"short").unwrap();
    assert_eq!(data.dir().read("key").unwrap(), b"short");
}

#[test]
fn no_name_leads_out_of_it() {
    let home = tempfile::tempdir().unwrap();
    let data = DataDir::open(home.path().join("data")).unwrap();
    assert!(data.subdir("../outside").is_err());
    assert!(write_file(data.dir(), "../outside", b"x").is_err());
}
