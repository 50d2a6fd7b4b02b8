//! What a guest should not be able to do.

use std::sync::Arc;
use std::time::SystemTime;

use lambent_files::{
    BLOCK_BYTES, DiskBudget, ErrorCode as E, Image, ImageError, Kind, OpenFlags, Vfs,
};

use crate::support::{MIB, READ, WRITE, names, open, package, read_all, vfs, vfs_on};

#[test]
fn packages_are_read_and_never_changed() {
    let mut vfs = vfs(MIB);
    let root = Vfs::root();
    assert_eq!(names(&mut vfs, "."), ["tmp", "var"]);
    assert_eq!(names(&mut vfs, "var/task"), ["index.py", "lib"]);
    let file = open(&mut vfs, "var/task/lib/../index.py", READ).unwrap();
    assert_eq!(read_all(&vfs, &file), b"import json");
    assert_eq!(vfs.read(&file, 6, 7, false).unwrap(), b"json");
    for offset in [11, 12, u64::MAX] {
        assert_eq!(vfs.read(&file, usize::MAX, offset, false).unwrap(), b"");
    }
    assert_eq!(vfs.write(&file, b"x", Some(0)).unwrap_err(), E::ReadOnly);
    assert_eq!(vfs.set_size(&file, 0).unwrap_err(), E::ReadOnly);
    assert_eq!(vfs.set_times(&file, None, Some(SystemTime::now())).unwrap_err(), E::ReadOnly);
    assert_eq!(open(&mut vfs, "var/task/index.py", WRITE).unwrap_err(), E::ReadOnly);
    let truncate = OpenFlags { truncate: true, ..READ };
    assert_eq!(open(&mut vfs, "var/task/index.py", truncate).unwrap_err(), E::ReadOnly);
    assert_eq!(open(&mut vfs, "var/task/new", WRITE).unwrap_err(), E::ReadOnly);
    assert_eq!(open(&mut vfs, "new", WRITE).unwrap_err(), E::ReadOnly);
    assert_eq!(vfs.create_directory(&root, "var/task/d").unwrap_err(), E::ReadOnly);
    assert_eq!(vfs.remove(&root, "var/task/index.py", Kind::File).unwrap_err(), E::ReadOnly);
    assert_eq!(vfs.remove(&root, "var", Kind::Directory).unwrap_err(), E::ReadOnly);
    let (from, to) = ("var/task/index.py", "tmp/index.py");
    assert_eq!(vfs.rename(&root, from, &root, to).unwrap_err(), E::ReadOnly);
    open(&mut vfs, to, WRITE).unwrap();
    assert_eq!(vfs.rename(&root, to, &root, from).unwrap_err(), E::ReadOnly);
}

#[test]
fn no_path_leads_out_and_none_is_too_much() {
    let mut vfs = vfs(MIB);
    let task = open(&mut vfs, "var/task", READ).unwrap();
    let tmp = open(&mut vfs, "tmp", READ).unwrap();
    for (path, error) in [
        ("", E::NoEntry),
        ("/", E::NotPermitted),
        ("/etc/passwd", E::NotPermitted),
        ("..", E::NotPermitted),
        ("lib/../..", E::NotPermitted),
        ("lib/../../task/index.py", E::NotPermitted),
        ("nothing/../index.py", E::NoEntry),
        ("index.py/..", E::NotDirectory),
        ("index.py/", E::NotDirectory),
        ("index.py\0.txt", E::Invalid),
    ] {
        assert_eq!(vfs.open(&task, path, READ).unwrap_err(), error, "{path:?}");
        assert_ne!(vfs.open(&tmp, path, WRITE).unwrap_err(), E::Io, "{path:?}");
    }
    assert_eq!(vfs.open(&tmp, &"a".repeat(256), WRITE).unwrap_err(), E::NameTooLong);
    assert_eq!(vfs.open(&tmp, &"a".repeat(1 << 20), WRITE).unwrap_err(), E::NameTooLong);
    assert_eq!(vfs.open(&tmp, &"a/".repeat(1 << 19), WRITE).unwrap_err(), E::NameTooLong);
    vfs.open(&tmp, &"a".repeat(255), WRITE).unwrap();
}

#[test]
fn directories_cannot_be_tied_in_knots() {
    let mut vfs = vfs(MIB);
    let root = Vfs::root();
    vfs.create_directory(&root, "tmp/a").unwrap();
    vfs.create_directory(&root, "tmp/a/b").unwrap();
    assert_eq!(vfs.rename(&root, "tmp/a", &root, "tmp/a/b/c").unwrap_err(), E::Invalid);
    assert_eq!(vfs.rename(&root, "tmp/a", &root, "tmp/a/a").unwrap_err(), E::Invalid);
    assert_eq!(vfs.rename(&root, "tmp/a/b", &root, "tmp/a").unwrap_err(), E::NotEmpty);
    assert_eq!(vfs.rename(&root, "tmp", &root, "tmp/a/t").unwrap_err(), E::Busy);
    assert_eq!(vfs.rename(&root, "tmp/a", &root, "tmp").unwrap_err(), E::Busy);
    assert_eq!(vfs.rename(&root, "tmp/a/.", &root, "tmp/x").unwrap_err(), E::Busy);
    assert_eq!(vfs.remove(&root, "tmp", Kind::Directory).unwrap_err(), E::Busy);
    vfs.rename(&root, "tmp/a", &root, "tmp/a").unwrap();
    assert_eq!(vfs.remove(&root, "tmp/a", Kind::Directory).unwrap_err(), E::NotEmpty);
    // Nothing is made in a directory that was removed.
    let b = open(&mut vfs, "tmp/a/b", READ).unwrap();
    vfs.remove(&root, "tmp/a/b", Kind::Directory).unwrap();
    assert_eq!(vfs.open(&b, "x", WRITE).unwrap_err(), E::NoEntry);
    assert_eq!(vfs.create_directory(&b, "x").unwrap_err(), E::NoEntry);
    open(&mut vfs, "tmp/f", WRITE).unwrap();
    assert_eq!(vfs.rename(&root, "tmp/f", &b, "f").unwrap_err(), E::NoEntry);
    assert_eq!(vfs.stat(&b).unwrap().links, 0);
}

#[test]
fn a_removed_file_lives_as_long_as_it_is_held() {
    let mut vfs = vfs(MIB);
    let root = Vfs::root();
    let node = open(&mut vfs, "tmp/f", WRITE).unwrap();
    vfs.write(&node, b"still here", Some(0)).unwrap();
    vfs.remove(&root, "tmp/f", Kind::File).unwrap();
    assert_eq!(open(&mut vfs, "tmp/f", READ).unwrap_err(), E::NoEntry);
    assert_eq!(read_all(&vfs, &node), b"still here");
    vfs.write(&node, &[1; 4096], Some(0)).unwrap();
    assert_eq!(vfs.used(), BLOCK_BYTES);
    drop(node);
    // What was held is given back when its room is needed.
    let node = open(&mut vfs, "tmp/g", WRITE).unwrap();
    let written: usize =
        (0..16).map(|at| vfs.write(&node, &[2; 65536], Some(at * 65536)).unwrap()).sum();
    assert_eq!((written as u64, vfs.used()), (MIB, MIB));
}

#[test]
fn the_limit_is_what_was_written_and_no_byte_more() {
    let mut vfs = vfs(MIB);
    let node = open(&mut vfs, "tmp/f", WRITE).unwrap();
    for offset in [u64::MAX, u64::MAX - 1, 1 << 41, (1 << 40) - 1] {
        assert_eq!(vfs.write(&node, b"xx", Some(offset)).unwrap_err(), E::FileTooLarge);
    }
    assert_eq!(vfs.set_size(&node, u64::MAX).unwrap_err(), E::FileTooLarge);
    // A hole takes nothing, and is zeroes.
    vfs.set_size(&node, 1 << 40).unwrap();
    assert_eq!(vfs.read(&node, 3, 1 << 39, false).unwrap(), [0; 3]);
    assert_eq!(vfs.used(), 0);
    // A byte takes a block.
    for block in 0..256 {
        vfs.write(&node, b"x", Some(block * 1_000_000)).unwrap();
    }
    assert_eq!(vfs.used(), MIB);
    assert_eq!(vfs.write(&node, b"x", Some(500)).unwrap(), 1);
    assert_eq!(vfs.write(&node, b"x", Some(4096)).unwrap_err(), E::InsufficientSpace);
    vfs.set_size(&node, 0).unwrap();
    assert_eq!((vfs.used(), vfs.stat(&node).unwrap().size), (0, 0));
    // What others had written is not seen in what is taken again.
    vfs.write(&node, &[7; 8192], Some(0)).unwrap();
    vfs.set_size(&node, 0).unwrap();
    vfs.write(&node, b"y", Some(100)).unwrap();
    vfs.set_size(&node, 4096).unwrap();
    let all = read_all(&vfs, &node);
    assert_eq!((all[100], all.iter().filter(|byte| **byte != 0).count()), (b'y', 1));
}

#[test]
fn names_and_holes_are_bounded_too() {
    let mut vfs = vfs(1 << 40);
    let root = Vfs::root();
    let mut made = 0;
    while vfs.create_directory(&root, &format!("tmp/{made}")).is_ok() {
        made += 1;
        assert!(made < 1_000_000);
    }
    let full = vfs.metadata();
    assert!(full <= 4 * MIB && made > 5_000, "{made} directories, {full} bytes");
    assert_eq!(open(&mut vfs, "tmp/more", WRITE).unwrap_err(), E::InsufficientSpace);
    for number in 0..made {
        vfs.remove(&root, &format!("tmp/{number}"), Kind::Directory).unwrap();
    }
    assert_eq!(vfs.metadata(), 0);
    let node = open(&mut vfs, "tmp/holes", WRITE).unwrap();
    let mut runs = 0;
    while vfs.write(&node, b"x", Some(runs * 10_000)).is_ok() {
        runs += 1;
        assert!(runs < 1_000_000);
    }
    assert!(vfs.metadata() <= 4 * MIB && runs > 10_000, "{runs} runs");
}

#[test]
fn a_package_with_wrong_names_is_refused() {
    for path in ["", "/a", "a/../b", "./a", "a//b", "a/", "a\0", &"a".repeat(256)] {
        let made = Image::new().mount("var/task", &package(&[(path, "x")]));
        assert_eq!(made.err(), Some(ImageError::Path(path.to_owned())), "{path:?}");
    }
    for files in [[("a", "x"), ("a", "y")], [("a", "x"), ("a/b", "y")], [("a/b", "x"), ("a", "y")]]
    {
        let made = Image::new().mount("opt", &package(&files));
        assert!(matches!(made.err(), Some(ImageError::Twice(_))), "{files:?}");
    }
}

#[test]
fn those_who_write_do_not_fill_the_disk_for_others() {
    let disk = Arc::new(DiskBudget::new(10 * MIB));
    let mut trees: Vec<_> = (0..4).map(|_| vfs_on(4 * MIB, &disk)).collect();
    let written = |vfs: &mut Vfs| {
        let file = open(vfs, "tmp/a", WRITE).unwrap();
        let mut count = 0;
        while let Ok(more) = vfs.write(&file, &[7; 1 << 16], None) {
            count += more as u64;
        }
        count
    };
    let all: Vec<_> = trees.iter_mut().map(written).collect();
    assert_eq!(all, [4 * MIB, 4 * MIB, 2 * MIB, 0]);
    // What one removes, another can write; and what one leaves behind, when it is gone.
    let root = Vfs::root();
    trees[0].remove(&root, "tmp/a", Kind::File).unwrap();
    assert_eq!(written(&mut trees[3]), 4 * MIB);
    drop(trees);
    let since = std::time::Instant::now();
    while disk.left() < 10 * MIB {
        assert!(since.elapsed().as_secs() < 10, "{} are not given back", disk.left());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
