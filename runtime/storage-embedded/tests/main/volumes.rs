//! Volumes over time: what a restart, a crash and a power cut leave, and how many are open.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use lambent_files::{ErrorCode, Kind, VOLUME_ROOT as ROOT, Volume, VolumeNode};
use lambent_storage::contract::{self, samples};
use lambent_storage::{Stores, VOLUME_BLOCK_BYTES as BLOCK};
use lambent_storage_embedded::{DataDir, Options, layout};
use lambent_types::SystemClock;
use rusqlite::Connection;

const MIB: u64 = 1 << 20;

fn open(path: &Path) -> Stores {
    let data = DataDir::open(path).unwrap();
    lambent_storage_embedded::open(&data, Options::default(), Arc::new(SystemClock)).unwrap()
}

async fn volume(stores: &Stores, id: &str) -> Arc<dyn Volume> {
    stores.volumes.open(id, 16 * MIB).await.unwrap()
}

fn file(volume: &dyn Volume, name: &str) -> Arc<dyn VolumeNode> {
    let number = match volume.child(ROOT, name).unwrap() {
        Some((number, _)) => number,
        None => volume.create(ROOT, name, Kind::File).unwrap(),
    };
    volume.hold(number).unwrap()
}

fn text(volume: &dyn Volume, name: &str) -> String {
    let bytes = file(volume, name).read_some(usize::MAX, 0, true).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn names(volume: &dyn Volume) -> Vec<String> {
    volume.entries(ROOT, None, 1000).unwrap().into_iter().map(|(name, _)| name).collect()
}

/// Copies a data directory as it is while it is used: what the end of a process leaves.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn bytes_on_disk(home: &Path, id: &str) -> Vec<String> {
    let files = home.join(layout::VOLUMES_DIR).join(id).join("files");
    let entries = fs::read_dir(files).unwrap().map(Result::unwrap);
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_is_kept() {
    let home = tempfile::tempdir().unwrap();
    contract::check_volumes(&open(home.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_there_after_a_restart_and_after_a_crash() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let one = volume(&stores, "one").await;
    file(&*one, "kept").write(b"kept", None).unwrap();
    let directory = one.create(ROOT, "d", Kind::Directory).unwrap();
    one.create(directory, "empty", Kind::File).unwrap();
    file(&*one, "old").write(b"old", None).unwrap();
    file(&*one, "new").write(b"new", None).unwrap();
    one.rename((ROOT, "new"), (ROOT, "old")).unwrap();
    let open_one = file(&*one, "removed");
    open_one.write(b"removed while it was open", None).unwrap();
    one.remove(ROOT, "removed", Kind::File).unwrap();
    let used = stores.volumes.usage("one").await.unwrap();

    let crashed = tempfile::tempdir().unwrap();
    copy(home.path(), crashed.path());
    drop((open_one, one, stores));
    for path in [home.path(), crashed.path()] {
        let stores = open(path);
        let one = volume(&stores, "one").await;
        assert_eq!(names(&*one), ["d", "kept", "old"]);
        assert_eq!((text(&*one, "kept"), text(&*one, "old")), ("kept".into(), "new".into()));
        let (directory, _) = one.child(ROOT, "d").unwrap().unwrap();
        assert_eq!(one.entries(directory, None, 9).unwrap(), [("empty".into(), Kind::File)]);
        // What was removed is, and counts no longer.
        let now = stores.volumes.usage("one").await.unwrap();
        assert_eq!((now.files, now.bytes), (used.files - 1, used.bytes - 2 * BLOCK));
        assert_eq!(bytes_on_disk(path, "one").len(), 2);
        // A number is not given to another file.
        let number = one.create(ROOT, "another", Kind::File).unwrap();
        assert!(number > 7, "{number}");
        assert_eq!(text(&*one, "another"), "");
    }
}

/// What a power cut may leave where nothing was synced: names without bytes, bytes without names.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_power_cut_leaves_is_understood() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let one = volume(&stores, "one").await;
    let number = one.create(ROOT, "a", Kind::File).unwrap();
    one.hold(number).unwrap().write(&[7; 9000], None).unwrap();
    file(&*one, "b").write(b"b", None).unwrap();
    drop((one, stores));
    let directory = home.path().join(layout::VOLUMES_DIR).join("one");
    fs::remove_file(directory.join("files").join(number.to_string())).unwrap();
    fs::write(directory.join("files/77"), "of nobody").unwrap();
    fs::write(directory.join("files/no number"), "of nobody").unwrap();
    let stores = open(home.path());
    let one = volume(&stores, "one").await;
    assert_eq!((text(&*one, "a"), text(&*one, "b")), (String::new(), "b".into()));
    assert!(!directory.join("files/77").exists());
    assert_eq!(stores.volumes.usage("one").await.unwrap().bytes, 3 * BLOCK);
    file(&*one, "a").write(b"again", None).unwrap();
    assert_eq!(text(&*one, "a"), "again");
}

/// The bytes of what lost its name go only once that is durable.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_go_after_their_name_for_good() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    // What there is before the first is of nobody.
    stores.sweep().await;
    let one = volume(&stores, "one").await;
    let syncs = || {
        let path = home.path().join(layout::VOLUMES_DIR).join("one/names.db");
        let names = Connection::open(path).unwrap();
        names.query_row("SELECT times FROM synced", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let node = file(&*one, "a");
    node.write(b"a", None).unwrap();
    let before = syncs();
    node.sync().unwrap();
    assert_eq!(syncs(), before + 1);
    node.sync().unwrap();
    assert_eq!(syncs(), before + 1, "nothing was changed meanwhile");
    one.remove(ROOT, "a", Kind::File).unwrap();
    drop(node);
    assert_eq!(bytes_on_disk(home.path(), "one").len(), 1);
    stores.sweep().await;
    assert_eq!((bytes_on_disk(home.path(), "one").len(), syncs()), (0, before + 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_belong_to_no_volume_are_removed_and_no_others() {
    let home = tempfile::tempdir().unwrap();
    let ns = samples::namespace("ns");
    let stores = open(home.path());
    let known = lambent_types::Volume {
        name: "known".parse().unwrap(),
        max_bytes: MIB,
        id: "0a".into(),
        created: jiff::Timestamp::UNIX_EPOCH,
    };
    stores.resources.of().put(&ns, &known, None).await.unwrap();
    for id in ["0a", "0b"] {
        file(&*volume(&stores, id).await, "f").write(b"f", None).unwrap();
    }
    drop(stores);
    let shard = layout::SHARD_DBS.iter().map(|name| home.path().join(name));
    let damaged = "UPDATE resource SET checksum = x'00' WHERE kind = 'volume'";
    let changed: usize = shard
        .filter(|path| path.exists())
        .map(|path| Connection::open(path).unwrap().execute(damaged, []).unwrap())
        .sum();
    assert_eq!(changed, 1);
    let stores = open(home.path());
    stores.sweep().await;
    let directory = home.path().join(layout::VOLUMES_DIR);
    assert!(directory.join("0a").exists(), "its row is damaged, and it is somebody's");
    assert!(!directory.join("0b").exists());
    // From here on those that come are not looked at.
    file(&*volume(&stores, "0c").await, "f").write(b"f", None).unwrap();
    stores.sweep().await;
    assert!(directory.join("0c").exists());
    // No id leads anywhere else.
    for id in ["", "..", "a/b", "../volumes"] {
        assert!(stores.volumes.open(id, MIB).await.is_err(), "{id:?}");
        assert!(stores.volumes.remove(id).await.is_err(), "{id:?}");
    }
}

/// However many files guests have open, the node has a few.
#[tokio::test(flavor = "multi_thread")]
async fn open_files_are_bounded() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let one = volume(&stores, "one").await;
    let nodes: Vec<_> = (0..1000).map(|number| file(&*one, &number.to_string())).collect();
    for (number, node) in nodes.iter().enumerate() {
        node.write(number.to_string().as_bytes(), None).unwrap();
    }
    let directory = home.path().join(layout::VOLUMES_DIR).canonicalize().unwrap();
    let of_volumes = fs::read_dir("/proc/self/fd").unwrap().flatten().filter(|entry| {
        fs::read_link(entry.path()).is_ok_and(|target| target.starts_with(&directory))
    });
    let count = of_volumes.count();
    assert!((300..=530).contains(&count), "{count}");
    for (number, node) in nodes.iter().enumerate() {
        // What is not open is read where it may wait.
        let read = match node.read_some(9, 0, false) {
            Err(ErrorCode::WouldBlock) => node.read_some(9, 0, true),
            read => read,
        };
        assert_eq!(read.unwrap(), number.to_string().as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_volume_is_an_error_and_no_other_is_touched() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    for id in ["one", "two"] {
        file(&*volume(&stores, id).await, "f").write(b"f", None).unwrap();
    }
    drop(stores);
    let names = home.path().join(layout::VOLUMES_DIR).join("one/names.db");
    fs::write(names, "this is no database, and never was one: it has a wrong head").unwrap();
    let stores = open(home.path());
    assert!(stores.volumes.open("one", MIB).await.is_err());
    assert_eq!(text(&*volume(&stores, "two").await, "f"), "f");
    // It can be deleted.
    stores.volumes.remove("one").await.unwrap();
}

/// What nobody uses is closed after a while, and what was removed forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_used_is_closed() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    stores.sweep().await;
    let (used, unused) = (volume(&stores, "used").await, volume(&stores, "unused").await);
    let node = file(&*used, "f");
    file(&*unused, "f").write(b"f", None).unwrap();
    drop((used, unused));
    volume(&stores, "removed").await;
    stores.volumes.remove("removed").await.unwrap();
    let is_open = |id: &str| {
        let path = home.path().join(layout::VOLUMES_DIR).join(id).join("names.db");
        let path = path.canonicalize().unwrap();
        let mut all = fs::read_dir("/proc/self/fd").unwrap().flatten();
        all.any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == path))
    };
    assert!(is_open("used") && is_open("unused"));
    assert!(stores.volumes.open("removed", MIB).await.is_err());
    for _ in 0..70 {
        stores.sweep().await;
    }
    assert!(is_open("used") && !is_open("unused"));
    node.write(b"still", None).unwrap();
    assert_eq!(text(&*volume(&stores, "unused").await, "f"), "f");
}
