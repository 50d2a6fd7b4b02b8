//! Each limit, at its edge and beyond, whatever headers claim.

use lambent_package::{ArchiveFault, Builder, Limits, PackageError};

use crate::support::{Member, deflate, gzip, package, tar, tar_entry, zip};

fn small() -> Limits {
    Limits {
        uploaded_bytes: 4_000_000,
        unpacked_bytes: 1_000,
        entries: 10,
        paths_bytes: 100,
        ..Limits::LAMBDA
    }
}

fn refused(upload: &[u8]) -> ArchiveFault {
    match package(upload, small()) {
        Err(PackageError::Archive(fault)) => fault,
        other => panic!("not the archive's fault: {other:?}"),
    }
}

/// Files of these names and sizes, in each format.
fn uploads(files: &[(String, usize)]) -> [Vec<u8>; 4] {
    let bytes = |count| vec![7; count];
    let stored = files.iter().map(|(name, count)| Member::stored(name, &bytes(*count)));
    let deflated = files.iter().map(|(name, count)| Member::deflated(name, &bytes(*count)));
    let entries: Vec<_> =
        files.iter().map(|(name, count)| tar_entry(name, b'0', &bytes(*count))).collect();
    let tar = tar(&entries);
    [zip(stored.collect::<Vec<_>>()), zip(deflated.collect::<Vec<_>>()), gzip(&tar), tar]
}

#[test]
fn bytes_unpacked() {
    let max = 1_000;
    for upload in uploads(&[("a".into(), 400), ("b".into(), 600)]) {
        assert!(package(&upload, small()).is_ok());
    }
    for upload in uploads(&[("a".into(), 400), ("b".into(), 601)]) {
        assert_eq!(refused(&upload), ArchiveFault::UnpackedTooLarge { max });
    }
}

#[test]
fn entries_and_the_directories_that_they_imply() {
    let max = 10;
    let flat = |count| (0..count).map(|at| (format!("{at}"), 1)).collect::<Vec<_>>();
    let deep = |count| vec![(vec!["d"; count].join("/"), 1)];
    for upload in uploads(&flat(10)).into_iter().chain(uploads(&deep(10))) {
        assert!(package(&upload, small()).is_ok());
    }
    for upload in uploads(&flat(11)).into_iter().chain(uploads(&deep(11))) {
        assert_eq!(refused(&upload), ArchiveFault::TooManyEntries { max });
    }
    // Those that are skipped count as well.
    let litter: Vec<_> = (0..11).map(|at| (format!("__MACOSX/{at}"), 1)).collect();
    for upload in uploads(&litter) {
        assert_eq!(refused(&upload), ArchiveFault::TooManyEntries { max });
    }
}

#[test]
fn records_of_a_zip_that_repeat_a_directory() {
    let repeated = |count| {
        let directories = (0..count - 1).map(|_| Member::stored("lib/", b""));
        zip(directories.chain([Member::stored("a", b"1")]).collect::<Vec<_>>())
    };
    assert!(package(&repeated(10), small()).is_ok());
    assert_eq!(refused(&repeated(11)), ArchiveFault::TooManyEntries { max: 10 });
}

#[test]
fn bytes_of_paths() {
    let max = 100;
    let names = |length: usize| ["a", "b"].map(|letter| (letter.repeat(length), 1));
    for upload in uploads(&names(50)) {
        assert!(package(&upload, small()).is_ok());
    }
    for upload in uploads(&names(51)) {
        assert_eq!(refused(&upload), ArchiveFault::PathsTooLong { max });
    }
}

#[test]
fn bytes_uploaded() {
    let limits = || Limits { uploaded_bytes: 100, ..Limits::LAMBDA };
    let upload = uploads(&[("a".into(), 10)]).concat();
    let error = package(&upload, limits()).unwrap_err();
    assert!(matches!(error, PackageError::Archive(ArchiveFault::UploadTooLarge { max: 100 })));
    let single = vec![1; 101];
    let scratch = tempfile::tempfile().unwrap();
    let mut builder = Builder::new(limits());
    let error = builder.add_upload(&single, 101, Some("a.py"), &scratch, 0).unwrap_err();
    assert!(matches!(error, PackageError::Archive(ArchiveFault::UploadTooLarge { max: 100 })));
}

#[test]
fn a_bomb_is_not_decompressed_beyond_what_it_claims() {
    // Three megabytes of zeros that claim to be 500 bytes, or none.
    let bomb = deflate(&vec![0; 3_000_000]);
    for claimed in [500, 0] {
        let mut member = Member::deflated("bomb", &[0; 500]).with(|head| head.size = claimed);
        member.data.clone_from(&bomb);
        let compressed = u32::try_from(bomb.len()).unwrap();
        let upload = zip([member.with(|head| head.compressed = compressed)]);
        let scratch = tempfile::tempfile().unwrap();
        let mut builder = Builder::new(small());
        builder.add_upload(&upload, upload.len() as u64, None, &scratch, 0).unwrap();
        let mut out = Vec::new();
        assert!(builder.write(&mut out).is_err());
        assert!(out.len() <= 34 + 500, "{} bytes were written", out.len());
    }
}

#[test]
fn zeros_behind_a_tar_are_not_read_without_end() {
    // As much as a tar of a full package may have, and then more.
    let limit = 1_000 + 10 * 2_048 + 2 * 1_048_576;
    let tar = tar(&[tar_entry("a", b'0', b"1")]);
    let filled = |bytes: usize| gzip(&[tar.clone(), vec![0; bytes - tar.len()]].concat());
    assert!(package(&filled(limit), small()).is_ok());
    let max = 1_000;
    assert_eq!(refused(&filled(limit + 1)), ArchiveFault::UnpackedTooLarge { max });
}

#[test]
fn nothing_of_what_is_too_much_reaches_the_scratch_file() {
    let upload = tar(&[tar_entry("a", b'0', &[1; 900]), tar_entry("b", b'0', &[1; 101])]);
    let scratch = tempfile::tempfile().unwrap();
    let mut builder = Builder::new(small());
    assert!(builder.add_upload(&upload, upload.len() as u64, None, &scratch, 0).is_err());
    assert_eq!(scratch.metadata().unwrap().len(), 900);
}

#[test]
fn replacing_a_file_counts_the_difference() {
    let mut builder = Builder::new(small());
    builder.add_bytes("a", vec![1; 900]).unwrap();
    builder.replace_bytes("a", vec![1; 1_000]).unwrap();
    let error = builder.replace_bytes("a", vec![1; 1_001]).unwrap_err();
    assert!(matches!(error, PackageError::Archive(ArchiveFault::UnpackedTooLarge { .. })));
}
