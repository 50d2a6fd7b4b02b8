//! The canonical form.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use lambent_package::{ArchiveFault, Blob, Builder, EntryFault, Index, Limits, PackageError};

use crate::support::{Files, Member, contents, files, gzip, package, tar, tar_entry, zip};

fn write(files: &Files) -> Vec<u8> {
    let mut builder = Builder::new(Limits::LAMBDA);
    for (path, bytes) in files {
        builder.add_bytes(path, bytes.as_slice()).unwrap();
    }
    let mut out = Vec::new();
    builder.write(&mut out).unwrap();
    out
}

/// The digest is the package's name: a release that changes it loses packages.
#[test]
fn its_bytes_stay_as_they_are() {
    let few = write(&files([("lib/grün.py", b"X = 1\n"), ("a.py", b""), ("b", b"\0\xff")]));
    let digest = lambent_types::Digest::of(&few).to_string();
    assert_eq!(few.len(), 292);
    assert_eq!(digest, "4a8fbf28e8033cb820d76e58a0d1e93bafe88077c58e01f377c13719848b157b");
    let many: Files = (0..65_535).map(|at| (format!("{at}"), Vec::new())).collect();
    let many = write(&many);
    assert_eq!(package(&many, Limits::LAMBDA).unwrap(), many);
    let digest = lambent_types::Digest::of(&many).to_string();
    assert_eq!(digest, "15bf9d8106381f540b48c199d2c8a4e7398ca74cba919f4c235600ee5eec0699");
}

#[test]
fn every_upload_of_the_same_files_is_the_same_package() {
    let expected = write(&files([("lib/a.py", b"1"), ("b.py", b"22")]));
    let stored = [Member::stored("lib/a.py", b"1"), Member::stored("b.py", b"22")];
    let deflated =
        [Member::deflated("b.py", b"22").mode(0o100_755), Member::deflated("lib/a.py", b"1")];
    let directory = Member::stored("lib/", b"").mode(0o040_755);
    let entries = tar(&[tar_entry("lib/a.py", b'0', b"1"), tar_entry("./b.py", b'0', b"22")]);
    let uploads = [
        zip(stored.clone()),
        zip(deflated.map(|member| member.streamed(true, false))),
        zip([&[directory][..], &stored].concat()),
        gzip(&entries),
        entries,
        expected.clone(),
    ];
    for upload in uploads {
        assert_eq!(package(&upload, Limits::LAMBDA).unwrap(), expected);
    }
}

#[test]
fn a_single_file_has_the_name_that_is_given() {
    let source = b"def handler(event, context): pass".to_vec();
    let scratch = tempfile::tempfile().unwrap();
    let mut builder = Builder::new(Limits::LAMBDA);
    let bytes = source.len() as u64;
    builder.add_upload(&source, bytes, Some("lambda_function.py"), &scratch, 0).unwrap();
    let mut out = Vec::new();
    let written = builder.write(&mut out).unwrap();
    assert_eq!(contents(&out), files([("lambda_function.py", &source)]));
    assert_eq!(&written.heads, &[*b"def hand"]);
    // An archive is one whatever name came with it.
    let upload = zip([Member::stored("a.py", b"1")]);
    let mut builder = Builder::new(Limits::LAMBDA);
    builder.add_upload(&upload, upload.len() as u64, Some("b.zip"), &scratch, 0).unwrap();
    assert_eq!(builder.paths().collect::<Vec<_>>(), ["a.py"]);
}

#[test]
fn files_are_added_to_a_package_that_is_there() {
    let old = write(&files([("a.py", b"1"), ("b.py", b"2"), ("c.py", b"3")]));
    let index = Index::open(&old, old.len() as u64).unwrap();
    let mut builder = Builder::new(Limits::LAMBDA);
    builder.add_package(&old, &index).unwrap();
    builder.add_bytes("__pycache__/a.pyc", b"code".as_slice()).unwrap();
    builder.replace_bytes("b.py", b"two".as_slice()).unwrap();
    builder.replace_bytes("d.py", b"4".as_slice()).unwrap();
    let mut out = Vec::new();
    builder.write(&mut out).unwrap();
    let expected = files([
        ("__pycache__/a.pyc", b"code"),
        ("a.py", b"1"),
        ("b.py", b"two"),
        ("c.py", b"3"),
        ("d.py", b"4"),
    ]);
    assert_eq!(out, write(&expected));

    let mut builder = Builder::new(Limits::LAMBDA);
    builder.add_package(&old, &index).unwrap();
    let error = builder.add_bytes("a.py", b"".as_slice()).unwrap_err();
    assert!(matches!(error, PackageError::Entry { fault: EntryFault::Duplicate, .. }));
}

#[test]
fn a_package_that_is_damaged_is_not_written_anew() {
    let mut old = write(&files([("a.py", b"some text")]));
    let index = Index::open(&old, old.len() as u64).unwrap();
    old[34] ^= 1;
    let mut builder = Builder::new(Limits::LAMBDA);
    builder.add_package(&old, &index).unwrap();
    let error = builder.write(&mut Vec::new()).unwrap_err();
    assert!(matches!(error, PackageError::Entry { fault: EntryFault::Checksum, .. }));
}

#[test]
fn first_bytes_tell_what_files_are() {
    let mut builder = Builder::new(Limits::LAMBDA);
    builder.add_bytes("b.wasm", b"\0asm\x0d\0\x01\0and more".as_slice()).unwrap();
    builder.add_bytes("a", b"12".as_slice()).unwrap();
    let written = builder.write(&mut Vec::new()).unwrap();
    assert_eq!(written.heads, [*b"12\0\0\0\0\0\0", *b"\0asm\x0d\0\x01\0"]);
}

#[test]
fn no_files_are_no_package() {
    let error = Builder::new(Limits::LAMBDA).write(&mut Vec::new()).unwrap_err();
    assert!(matches!(error, PackageError::Archive(ArchiveFault::Empty)));
}

/// Any bit of the directory and the end is seen; those of the files are the digest's.
#[test]
fn another_form_is_not_opened() {
    let whole = write(&files([("a.py", b"1"), ("b/c.py", b"22"), ("d", b"")]));
    let directory = whole.len() - 22 - 3 * 46 - 11;
    for at in directory..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[at] ^= 1 << bit;
            match Index::open(&changed, changed.len() as u64) {
                Err(PackageError::Archive(ArchiveFault::NotCanonical(_))) => {}
                // A path or a checksum that could be another file's.
                Ok(index) => assert_ne!(index, Index::open(&whole, whole.len() as u64).unwrap()),
                other => panic!("{other:?}"),
            }
        }
    }
    for length in 0..whole.len() {
        let cut = whole[..length].to_vec();
        assert!(Index::open(&cut, length as u64).is_err(), "{length}");
        assert!(Index::open(&cut, whole.len() as u64).is_err(), "{length}");
    }
    let others = [
        zip([Member::stored("a.py", b"1")]),
        zip([Member::deflated("a.py", b"1")]),
        [b"x".to_vec(), whole.clone()].concat(),
        [whole, b"x".to_vec()].concat(),
    ];
    for other in others {
        assert!(Index::open(&other, other.len() as u64).is_err());
    }
}

#[test]
fn an_index_finds_files_by_path() {
    let package = write(&files([("a.py", b"1"), ("lib/b.py", b"22")]));
    let index = Index::open(&package, package.len() as u64).unwrap();
    let entry = index.get("lib/b.py").unwrap();
    let mut bytes = [0; 2];
    package.read_at(&mut bytes, entry.offset).unwrap();
    assert_eq!((entry.size, &bytes), (2, b"22"));
    assert_eq!(index.get("lib"), None);
    assert_eq!(index.get("c.py"), None);
}

/// Every program for zips reads it, also with as many files as need zip64.
#[test]
fn unzip_and_python_read_it() {
    let few = files([("a.py", b"print(1)"), ("lib/grün.py", b"22"), ("empty", b"")]);
    let many: Files = (0..65_536).map(|at| (format!("{at}"), Vec::new())).collect();
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("package.zip");
    std::fs::write(&at, write(&few)).unwrap();
    run("unzip", &["-tqq"], &at);
    run("python3", &["-m", "zipfile", "-t"], &at);
    for files in [few, many] {
        std::fs::write(&at, write(&files)).unwrap();
        let script =
            "import sys, zipfile\nprint(*zipfile.ZipFile(sys.argv[1]).namelist(), sep='\\n')";
        let Some(text) = run("python3", &["-X", "utf8", "-c", script], &at) else { continue };
        assert!(text.lines().eq(files.keys()), "{} files", files.len());
    }
}

/// What a program says of a file, if there is such a program.
fn run(program: &str, arguments: &[&str], at: &Path) -> Option<String> {
    match Command::new(program).args(arguments).arg(at).output() {
        Ok(output) => {
            assert!(output.status.success(), "{program}: {output:?}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => {
            eprintln!("skipped: {program} cannot be run ({error})");
            None
        }
    }
}

/// Tells what opening costs: `cargo test -p lambent-package opening -- --nocapture`.
#[test]
fn opening_reads_the_directory_alone() {
    for count in [10, 10_000] {
        let files: Files =
            (0..count).map(|at| (format!("lib/module{at}.py"), vec![1; 100])).collect();
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &write(&files)).unwrap();
        let bytes = file.metadata().unwrap().len();
        let least = (0..10).map(|_| {
            let began = Instant::now();
            assert_eq!(Index::open(&file, bytes).unwrap().entries().len(), count);
            began.elapsed()
        });
        eprintln!("{count} files: {:?}", least.min().unwrap());
    }
}
