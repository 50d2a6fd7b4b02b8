//! What is in a backup: all that is lost for good with a data directory; and what is restored of
//! files that are no backups, whoever made them: nothing.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use lambent_files::{Kind, VOLUME_ROOT};
use lambent_storage::contract::samples;
use lambent_storage::{Disk, LogQuery};
use lambent_storage_embedded::backup::{self, BACKUP_FORMAT, BackupError, backup, restore};
use lambent_storage_embedded::{DataDir, OpenError, layout};
use lambent_types::Digest;
use tar::EntryType::{self, Block, Char, Directory, Fifo, Link, Regular, Symlink};
use tempfile::TempDir;

use crate::backup::{names, open, silent, small};

const MANIFEST: &str = "lambent-backup.json";
const MIB: u64 = 1 << 20;

/// An entry of an archive, and what is in it or what it links to.
struct Entry(&'static str, EntryType, String);

fn file(name: &'static str) -> Entry {
    Entry(name, Regular, "1\n".into())
}

fn manifest() -> Entry {
    manifest_of(BACKUP_FORMAT, layout::FORMAT)
}

fn manifest_of(backup_format: u64, data_format: u64) -> Entry {
    let text = format!(
        r#"{{"backup_format": {backup_format}, "data_format": {data_format}, "release": "0.1.0",
            "begun": "2026-11-30T00:00:00Z", "files": 1, "bytes": 2}}"#
    );
    Entry(MANIFEST, Regular, text)
}

/// An archive with a trailer that is right. Names are written as they are: the library refuses
/// some that others write.
fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for Entry(name, kind, contents) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o600);
        let contents = if *kind == Regular {
            contents.as_bytes()
        } else {
            header.as_old_mut().linkname[..contents.len()].copy_from_slice(contents.as_bytes());
            &[]
        };
        header.set_size(contents.len() as u64);
        header.set_cksum();
        builder.append(&header, contents).unwrap();
    }
    let mut bytes = builder.into_inner().unwrap();
    let trailer = format!("lambent-backup sha256 {}\n", Digest::of(&bytes));
    bytes.extend(trailer.as_bytes());
    bytes
}

/// Where archives are restored into `data`, beside which is nothing else.
struct Home {
    dir: TempDir,
    file: PathBuf,
    data: PathBuf,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (file, data) = (dir.path().join("file"), dir.path().join("data"));
        Self { dir, file, data }
    }

    /// Why an archive is not restored. Whether there was a directory or not, nothing is left.
    fn refused(&self, entries: &[Entry]) -> BackupError {
        fs::write(&self.file, archive(entries)).unwrap();
        fs::create_dir_all(self.data.join("lost+found")).unwrap();
        restore(&self.file, &self.data, &mut silent()).unwrap_err();
        assert_eq!(names(&self.data), ["lost+found"]);
        fs::remove_dir_all(&self.data).unwrap();
        let error = restore(&self.file, &self.data, &mut silent()).unwrap_err();
        assert_eq!(names(self.dir.path()), ["file"]);
        error
    }
}

#[test]
fn what_no_data_directory_has_is_not_restored() {
    let home = Home::new();
    let outside = home.dir.path().join("outside").to_str().unwrap().to_owned();
    let absolute: &'static str = outside.leak();
    let names = [
        absolute,
        "..",
        "../outside",
        "code/../../outside",
        "code/ab/..",
        "code/ab/../../../outside",
        "objects/ab",
        "objects/ab/c/d",
        "volumes/one",
        "volumes/one/files/1/2",
        "artifacts/ab/c",
        "scratch/a",
        "backup/a",
        "format.new",
        "lock",
        layout::ARTIFACT_KEY_FILE,
        layout::BACKUP_LOCK_FILE,
        layout::RESTORING_FILE,
        "control.db-wal",
        "shard-8.db",
    ];
    // Behind one that is written.
    for name in names {
        let error = home.refused(&[manifest(), file("format"), file(name)]);
        assert!(matches!(&error, BackupError::Odd { .. }), "{name}: {error}");
    }
    for kind in [Symlink, Link, Char, Block, Fifo, Directory, EntryType::new(b'S')] {
        for (name, to) in [("root-key.json", absolute), ("code/ab/c", "/etc/passwd"), ("code", "/")]
        {
            let entry = Entry(name, kind, to.into());
            let error = home.refused(&[manifest(), file("format"), entry]);
            assert!(matches!(&error, BackupError::Odd { .. }), "{kind:?} {name}: {error}");
        }
    }
    // One that is there already is not written again.
    let error = home.refused(&[manifest(), file("format"), file("format")]);
    assert!(matches!(&error, BackupError::Io { action: "create", .. }), "{error}");
    // Else this test proves nothing.
    let objects = file("objects/ab/c");
    fs::write(&home.file, archive(&[manifest(), file("format"), objects])).unwrap();
    restore(&home.file, &home.data, &mut silent()).unwrap();
    assert_eq!(names_below(&home.data), ["format", "objects/ab/c"]);
}

/// What somebody else puts into a data directory is not backed up, and nor does it spoil a backup.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_of_a_node_is_left_out() {
    let home = tempfile::tempdir().unwrap();
    let file = small(&home).await;
    let whole = backup::inspect(&file).unwrap();
    fs::remove_file(&file).unwrap();
    for directory in ["objects/ab/c", "volumes/one/of", "code/ab"] {
        fs::create_dir_all(home.path().join(directory)).unwrap();
    }
    let stray = ["code/stray", "objects/ab/c/d", "volumes/stray", "volumes/one/of/me", "me"];
    for name in stray {
        fs::write(home.path().join(name), "").unwrap();
    }
    let no_text = std::ffi::OsStr::from_bytes(b"code/ab/\xff");
    fs::write(home.path().join(no_text), "").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", home.path().join("code/ab/link")).unwrap();
    backup(home.path(), &file, &mut silent()).unwrap();
    assert_eq!(backup::inspect(&file).unwrap().files, whole.files);
    let restored = tempfile::tempdir().unwrap();
    restore(&file, restored.path(), &mut silent()).unwrap();
    assert_eq!(names_below(restored.path()).len() as u64, whole.files);
    fs::remove_file(&file).unwrap();
}

fn names_below(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for name in names(directory) {
        let path = directory.join(&name);
        if path.is_dir() {
            found.extend(names_below(&path).into_iter().map(|below| format!("{name}/{below}")));
        } else {
            found.push(name);
        }
    }
    found
}

#[test]
fn a_backup_has_one_manifest_which_is_its_first_entry() {
    let home = Home::new();
    let none = [
        vec![],
        vec![file("format")],
        vec![file("format"), manifest()],
        vec![manifest(), file("format"), manifest()],
        vec![manifest(), manifest(), file("format")],
        vec![Entry(MANIFEST, Regular, "{}".into()), file("format")],
        vec![Entry(MANIFEST, Symlink, "/etc/passwd".into()), file("format")],
    ];
    for (number, entries) in none.iter().enumerate() {
        let error = home.refused(entries);
        assert!(matches!(error, BackupError::Odd { .. }), "{number}: {error}");
    }
}

#[test]
fn a_newer_backup_is_refused_with_what_it_needs() {
    let home = Home::new();
    // It may be of a form that this release knows nothing of but its number.
    let next = format!(r#"{{"backup_format": {}, "data_format": 1}}"#, BACKUP_FORMAT + 1);
    let newer = [
        (manifest_of(BACKUP_FORMAT + 1, layout::FORMAT), BACKUP_FORMAT),
        (manifest_of(BACKUP_FORMAT, layout::FORMAT + 1), layout::FORMAT),
        (Entry(MANIFEST, Regular, next), BACKUP_FORMAT),
    ];
    for (manifest, format) in newer {
        let error = home.refused(&[manifest, file("something/else")]);
        let BackupError::Newer { found, known, .. } = error else { panic!("{error}") };
        assert_eq!((found, known), (format + 1, format));
        let inspected = backup::inspect(&home.file).unwrap_err();
        assert!(matches!(inspected, BackupError::Newer { .. }), "{inspected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_nothing_is_written() {
    let home = tempfile::tempdir().unwrap();
    let file = small(&home).await;
    // A file with a hole takes no room, and its copy does.
    let free = Disk::of_path(home.path()).unwrap().free;
    fs::create_dir_all(home.path().join("objects/ab")).unwrap();
    let large = fs::File::create(home.path().join("objects/ab/large")).unwrap();
    large.set_len(free + MIB).unwrap();
    let out = tempfile::tempdir().unwrap();
    // Else it would write until the disk is full.
    let writes = &mut |_: &str, _| panic!("it is written");
    let error = backup(home.path(), &out.path().join("b"), writes).unwrap_err();
    let BackupError::Space { needed, .. } = error else { panic!("{error}") };
    assert!(needed > free, "{needed} of {free}");
    assert_eq!(names(out.path()), [""; 0]);
    assert!(!home.path().join("backup").exists());

    // An empty directory of a file system that never has room, and nobody writes to.
    let full = Path::new("/proc/tty/ldisc");
    if fs::read_dir(full).is_ok_and(|mut entries| entries.next().is_none()) {
        let error = restore(&file, full, &mut silent()).unwrap_err();
        assert!(matches!(error, BackupError::Space { free: 0, .. }), "{error}");
    } else {
        eprintln!("skipped: there is no {}", full.display());
    }
    fs::remove_file(file).unwrap();
}

/// Everything that is lost for good if it is deleted, and that no database is of itself.
#[tokio::test(flavor = "multi_thread")]
async fn keys_functions_logs_and_volumes_are_back_after_a_restore() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let keys = [layout::ROOT_KEY_FILE, layout::ACCESS_KEY_SEED_FILE, layout::SEED_DIGEST_FILE];
    for key in keys {
        fs::write(home.path().join(key), format!("of {key}")).unwrap();
    }
    let (namespace, function) = (samples::namespace("ns"), samples::name("f"));
    let code = Bytes::from_static(b"the code of f");
    stores.code.put(Digest::of(&code), code.clone()).await.unwrap();
    let head = samples::head(&namespace, &function, "the code of f");
    stores.registry.put(head, None).await.unwrap();
    assert!(stores.logs.append(samples::record(&namespace, &function, "a line")));
    stores.logs.flush().await;
    let volume = stores.volumes.open("one", 16 * MIB).await.unwrap();
    let number = volume.create(VOLUME_ROOT, "kept", Kind::File).unwrap();
    volume.hold(number).unwrap().write(b"in a volume", None).unwrap();

    let out = tempfile::tempdir().unwrap();
    let (file, data) = (out.path().join("backup"), out.path().join("data"));
    backup(home.path(), &file, &mut silent()).unwrap();
    drop((volume, stores, home));
    // No node opens the directory before everything is in it.
    let opens = &mut |_: &str, _| {
        let refused = DataDir::open(&data).unwrap_err();
        assert!(matches!(refused, OpenError::Restoring { .. }), "{refused}");
    };
    restore(&file, &data, opens).unwrap();
    // There are keys in both.
    for path in [&file, &data, &data.join("code"), &data.join(keys[0])] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o} {}", path.display());
    }

    for key in keys {
        assert_eq!(fs::read_to_string(data.join(key)).unwrap(), format!("of {key}"));
    }
    let stores = open(&data);
    assert!(stores.registry.function(&namespace, &function).await.unwrap().is_some());
    assert_eq!(stores.code.get(Digest::of(&code)).await.unwrap(), Some(code));
    let logs = stores.logs.query(LogQuery::new(namespace, function)).await.unwrap();
    assert_eq!(logs.records[0].1.logs.lines[0].text, "a line");
    let volume = stores.volumes.open("one", 16 * MIB).await.unwrap();
    let (number, _) = volume.child(VOLUME_ROOT, "kept").unwrap().unwrap();
    let bytes = volume.hold(number).unwrap().read_some(usize::MAX, 0, true).unwrap();
    assert_eq!(bytes, b"in a volume");
}
