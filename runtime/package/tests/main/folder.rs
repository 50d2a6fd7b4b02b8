//! Packing a folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use lambent_package::{ArchiveFault, EntryFault, Limits, PackageError, pack};
use tempfile::{TempDir, tempdir};

use crate::support::{Files, files, unpack};

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempdir().unwrap();
    for (path, bytes) in files {
        let at = folder.path().join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, bytes).unwrap();
    }
    folder
}

fn zipped(folder: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    let packed = pack(folder, &mut out, &Limits::LAMBDA).unwrap();
    assert_eq!(packed.bytes, out.len() as u64);
    out
}

fn packed(folder: &Path) -> Files {
    unpack(&zipped(folder)).unwrap()
}

fn fault(folder: &Path) -> (String, EntryFault) {
    match pack(folder, &mut Vec::new(), &Limits::LAMBDA) {
        Err(PackageError::Entry { entry, fault }) => (entry.as_str().to_owned(), fault),
        other => panic!("not an entry's fault: {other:?}"),
    }
}

#[test]
fn what_is_packed_and_what_is_not() {
    let folder = folder(&[
        ("lambda_function.py", b"1"),
        ("lib/a.py", &b"text ".repeat(1_000)),
        ("lib/__pycache__/a.pyc", b"2"),
        (".git/HEAD", b"3"),
        (".venv/bin/python", b"4"),
        ("node_modules/x/index.js", b"5"),
        ("node_modules/.cache/x", b"6"),
        (".cache/kept", b"7"),
        (".env", b"8"),
        (".DS_Store", b"9"),
        ("lambent.toml", b"10"),
        ("lambent.env", b"SECRET=11"),
        (".lambent/dev/root-key.json", b"12"),
    ]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    let expected = files([
        (".cache/kept", b"7"),
        (".env", b"8"),
        ("lambda_function.py", b"1"),
        ("lib/a.py", &b"text ".repeat(1_000)),
        ("node_modules/x/index.js", b"5"),
    ]);
    assert_eq!(packed(folder.path()), expected);
    let mut out = Vec::new();
    let told = pack(folder.path(), &mut out, &Limits::LAMBDA).unwrap();
    assert_eq!((told.files, told.unpacked_bytes), (5, 5_004));
    assert!(told.bytes < 1_000, "{told:?} is not compressed");
}

#[test]
fn the_zip_depends_on_the_files_alone() {
    let list: [(&str, &[u8]); 3] = [("b.py", b"1"), ("a/b.py", b"2"), ("a.py", b"3")];
    let one = folder(&list);
    let other = folder(&[list[2], list[0], list[1]]);
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::open(other.path().join("a.py")).unwrap().set_modified(old).unwrap();
    assert_eq!(zipped(one.path()), zipped(other.path()));
}

#[test]
fn what_ignore_files_name_is_left_out() {
    let folder = folder(&[
        (".lambentignore", b"*.md\n/tests/\n!README.md\n"),
        (".gitignore", b"*.py\n"),
        ("a.py", b"1"),
        ("NOTES.md", b"2"),
        ("README.md", b"3"),
        ("tests/a.py", b"4"),
        ("lib/tests/a.py", b"5"),
        ("lib/.lambentignore", b"secret\n"),
        ("lib/secret", b"6"),
    ]);
    let expected = files([
        (".gitignore", b"*.py\n"),
        ("README.md", b"3"),
        ("a.py", b"1"),
        ("lib/tests/a.py", b"5"),
    ]);
    assert_eq!(packed(folder.path()), expected);
    fs::write(folder.path().join(".lambentignore"), "[z-a].py\n").unwrap();
    let error = pack(folder.path(), &mut Vec::new(), &Limits::LAMBDA).unwrap_err();
    assert!(error.to_string().contains(".lambentignore"), "{error}");
}

#[test]
fn links_inside_are_followed_and_others_refused() {
    let outside = folder(&[("secret", b"1")]);
    let folder = folder(&[("lib/a.py", b"1")]);
    let at = |name: &str| folder.path().join(name);
    symlink("lib/a.py", at("file.py")).unwrap();
    symlink("lib", at("directory")).unwrap();
    symlink(at("file.py"), at("absolute.py")).unwrap();
    let expected = files([
        ("absolute.py", b"1"),
        ("directory/a.py", b"1"),
        ("file.py", b"1"),
        ("lib/a.py", b"1"),
    ]);
    assert_eq!(packed(folder.path()), expected);

    symlink(outside.path().join("secret"), at("lib/leak")).unwrap();
    // By whichever of its two paths it is found first.
    let (found, kind) = fault(folder.path());
    assert!(found == "lib/leak" || found == "directory/leak", "{found}");
    assert_eq!(kind, EntryFault::LinkOutside);
    fs::remove_file(at("lib/leak")).unwrap();

    symlink(outside.path(), at("out")).unwrap();
    assert_eq!(fault(folder.path()), ("out".into(), EntryFault::LinkOutside));
    fs::remove_file(at("out")).unwrap();

    symlink("nowhere", at("broken")).unwrap();
    assert_eq!(fault(folder.path()), ("broken".into(), EntryFault::BrokenLink));
    fs::remove_file(at("broken")).unwrap();

    fs::remove_file(at("directory")).unwrap();
    symlink("..", at("lib/loop")).unwrap();
    assert_eq!(fault(folder.path()), ("lib/loop".into(), EntryFault::LinkLoop));
}

#[test]
fn what_cannot_be_packed() {
    let empty = tempdir().unwrap();
    let error = pack(empty.path(), &mut Vec::new(), &Limits::LAMBDA).unwrap_err();
    assert!(matches!(error, PackageError::Archive(ArchiveFault::Empty)));
    let error = pack(&empty.path().join("missing"), &mut Vec::new(), &Limits::LAMBDA).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
    let socket = folder(&[("a.py", b"1")]);
    let _listener = std::os::unix::net::UnixListener::bind(socket.path().join("socket")).unwrap();
    assert_eq!(fault(socket.path()), ("socket".into(), EntryFault::Special));
    let backslash = folder(&[("a\\b.py", b"1")]);
    assert_eq!(fault(backslash.path()), ("a\\b.py".into(), EntryFault::Backslash));
    let clash = folder(&[("a.py", b"1"), ("A.py", b"1")]);
    assert!(matches!(fault(clash.path()).1, EntryFault::CaseClash { .. }));
}

#[test]
fn the_limits_are_those_of_uploads() {
    let folder = folder(&[("a", &[1; 600]), ("b", &[1; 400])]);
    let packed = |limits: Limits| pack(folder.path(), &mut Vec::new(), &limits);
    assert!(packed(Limits { unpacked_bytes: 1_000, ..Limits::LAMBDA }).is_ok());
    for (limits, fault) in [
        (
            Limits { unpacked_bytes: 999, ..Limits::LAMBDA },
            ArchiveFault::UnpackedTooLarge { max: 999 },
        ),
        (Limits { uploaded_bytes: 50, ..Limits::LAMBDA }, ArchiveFault::UploadTooLarge { max: 50 }),
        (Limits { entries: 1, ..Limits::LAMBDA }, ArchiveFault::TooManyEntries { max: 1 }),
    ] {
        match packed(limits) {
            Err(PackageError::Archive(found)) => assert_eq!(found, fault),
            other => panic!("{other:?}"),
        }
    }
}
