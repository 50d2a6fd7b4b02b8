//! Backups: what was acknowledged before one began is in it, whatever goes on meanwhile, and
//! nothing else than a whole backup is restored.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use lambent_storage::contract::{self, samples};
use lambent_storage::{
    Change, Condition, Expect, NewMessage, PutObject, QueueAttributes, SetOptions, Stores,
    Visibility,
};
use lambent_storage_embedded::backup::{self, BackupError, backup, restore};
use lambent_storage_embedded::{DataDir, OpenError, Options, layout};
use lambent_types::{BucketName, KeyspaceName, Namespace, Origin, QueueName, SystemClock};
use tempfile::TempDir;

pub(crate) fn open(path: &Path) -> Stores {
    let data = DataDir::open(path).unwrap();
    lambent_storage_embedded::open(&data, Options::default(), Arc::new(SystemClock)).unwrap()
}

pub(crate) fn silent() -> impl FnMut(&str, u64) {
    |_, _| {}
}

/// What writers write to, in namespaces of different shards.
#[derive(Clone)]
struct Place {
    namespace: Namespace,
    bucket: BucketName,
    keyspace: KeyspaceName,
    queue: QueueName,
}

impl Place {
    async fn new(stores: &Stores, namespace: &str) -> Self {
        let place = Self {
            namespace: samples::namespace(namespace),
            bucket: "data".parse().unwrap(),
            keyspace: "data".parse().unwrap(),
            queue: "data".parse().unwrap(),
        };
        stores.objects.create_bucket(&place.namespace, &place.bucket).await.unwrap();
        stores.keyvalue.create_keyspace(&place.namespace, &place.keyspace).await.unwrap();
        let attributes = QueueAttributes::default();
        stores.queues.put_queue(&place.namespace, &place.queue, attributes).await.unwrap();
        place
    }

    async fn set(&self, stores: &Stores, number: usize) {
        let (key, value) = (number.to_string(), number.to_string().into());
        let options = SetOptions { expect: Expect::Any, ttl: None };
        let change = vec![Change::Set { key, value, options }];
        let keyvalue = &stores.keyvalue;
        keyvalue.apply(&self.namespace, &self.keyspace, change, &Origin::default()).await.unwrap();
    }

    fn bytes(number: usize) -> Bytes {
        number.to_string().repeat(100).into()
    }

    async fn put(&self, stores: &Stores, number: usize) {
        let bytes = futures::stream::once(async move { Ok(Self::bytes(number)) }).boxed();
        let (key, put) = (number.to_string(), PutObject::default());
        let objects = &stores.objects;
        let origin = Origin::default();
        objects.put(&self.namespace, &self.bucket, &key, put, bytes, &origin).await.unwrap();
    }

    async fn send(&self, stores: &Stores, number: usize) {
        let message = NewMessage { body: number.to_string().into(), ..NewMessage::default() };
        let queues = &stores.queues;
        queues.send(&self.namespace, &self.queue, vec![message], &Origin::default()).await.unwrap();
    }

    /// Checks that everything up to a number is there, and that all that is there is whole.
    async fn check(&self, stores: &Stores, kept: std::ops::Range<usize>) {
        let messages = stores
            .queues
            .receive(&self.namespace, &self.queue, 1000, Visibility::Queue, Duration::ZERO)
            .await
            .unwrap();
        let bodies: Vec<_> = messages.iter().map(|one| one.body.clone()).collect();
        for number in kept {
            let key = number.to_string();
            let value = stores.keyvalue.get(&self.namespace, &self.keyspace, &key).await.unwrap();
            assert_eq!(value.unwrap().value, key, "key {key}");
            assert!(bodies.contains(&Bytes::from(key.clone())), "message {key}");
        }
        // Objects are deleted as others are written: those that there are have their bytes.
        let list = lambent_storage::ListObjects { limit: 1000, ..Default::default() };
        let page = stores.objects.list(&self.namespace, &self.bucket, list).await.unwrap();
        assert!(!page.objects.is_empty());
        for object in page.objects {
            let key = object.key;
            let read = stores.objects.get(&self.namespace, &self.bucket, &key, None).await;
            let pieces: Vec<_> = read.unwrap().1.collect().await;
            let read: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.unwrap()).collect();
            assert_eq!(read, Self::bytes(key.parse().unwrap()), "object {key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_before_is_there_while_others_write() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let places = [
        Place::new(&stores, "ns1").await,
        Place::new(&stores, "ns2").await,
        Place::new(&stores, "ns3").await,
    ];
    let stop = Arc::new(AtomicBool::new(false));
    let written: Arc<[AtomicUsize; 3]> = Arc::default();
    let least_written = || written.iter().map(|count| count.load(Ordering::Relaxed)).min().unwrap();
    let mut writers = Vec::new();
    for (index, place) in places.clone().into_iter().enumerate() {
        let (stores, stop, written) = (stores.clone(), stop.clone(), written.clone());
        writers.push(tokio::spawn(async move {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) && number < 400 {
                place.set(&stores, number).await;
                place.put(&stores, number).await;
                place.send(&stores, number).await;
                if let Some(old) = number.checked_sub(5) {
                    let (objects, key) = (&stores.objects, old.to_string());
                    let (ns, bucket) = (&place.namespace, &place.bucket);
                    let origin = Origin::default();
                    objects.delete(ns, bucket, &key, Condition::None, &origin).await.unwrap();
                }
                number += 1;
                written[index].store(number, Ordering::Relaxed);
            }
            number
        }));
    }
    while least_written() < 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Each of the three has written these at least, when the first backup begins.
    let first = least_written();
    let out = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let (data, to) = (home.path().to_owned(), out.path().join(format!("{round}.backup")));
        let made = tokio::task::spawn_blocking(move || backup(&data, &to, &mut silent())).await;
        let manifest = made.unwrap().unwrap();
        assert!(manifest.files > 4, "{manifest:?}");
    }
    stop.store(true, Ordering::Relaxed);
    let mut least = usize::MAX;
    for writer in writers {
        least = least.min(writer.await.unwrap());
    }
    assert!(least > 0);
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| entry.file_name() != "backup"), "{left:?}");
    let whole = out.path().join("whole.backup");
    backup(home.path(), &whole, &mut silent()).unwrap();
    for (file, kept) in [(out.path().join("0.backup"), 0..first), (whole, 0..least)] {
        let restored = out.path().join("restored");
        restore(&file, &restored, &mut silent()).unwrap();
        let stores = open(&restored);
        for place in &places {
            place.check(&stores, kept.clone()).await;
        }
        // It is a data directory like any other.
        contract::check_keyvalue(stores.keyvalue.clone()).await;
        contract::check_queues(stores.queues.clone()).await;
        contract::check_objects(stores.objects.clone()).await;
        drop(stores);
        fs::remove_dir_all(&restored).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_a_backup_may_name_are_deleted_after_it() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let place = Place::new(&stores, "ns1").await;
    let blobs = || {
        let directories = fs::read_dir(home.path().join("objects")).unwrap().flatten();
        let is_of_blobs = |entry: &fs::DirEntry| entry.file_name() != layout::INCOMING_DIR;
        let names = directories.filter(is_of_blobs).flat_map(|entry| names(&entry.path()));
        names.count()
    };
    place.put(&stores, 0).await;
    let lock = fs::File::create(home.path().join(layout::BACKUP_LOCK_FILE)).unwrap();
    lock.lock().unwrap();
    place.put(&stores, 0).await;
    for _ in 0..3 {
        stores.sweep().await;
    }
    assert_eq!(blobs(), 2, "what was replaced may be named by a copy");
    drop(lock);
    stores.sweep().await;
    assert_eq!(blobs(), 1);
}

/// A backup of a few things in `ns1`.
pub(crate) async fn small(home: &TempDir) -> PathBuf {
    let stores = open(home.path());
    let place = Place::new(&stores, "ns1").await;
    for number in 0..3 {
        place.set(&stores, number).await;
        place.put(&stores, number).await;
        place.send(&stores, number).await;
    }
    let to = home.path().with_extension("backup");
    backup(home.path(), &to, &mut silent()).unwrap();
    to
}

/// Checks what [`small`] has made.
async fn check_small(data: &Path) {
    let stores = open(data);
    let (namespace, name) = (samples::namespace("ns1"), "data");
    let (bucket, keyspace, queue) =
        (name.parse().unwrap(), name.parse().unwrap(), name.parse().unwrap());
    Place { namespace, bucket, keyspace, queue }.check(&stores, 0..3).await;
}

/// The names in a directory.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_cut_off_or_changed_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let file = small(&home).await;
    let (whole, out) = (fs::read(&file).unwrap(), tempfile::tempdir().unwrap());
    let (spoilt, data) = (out.path().join("spoilt"), out.path().join("data"));
    let refused = |bytes: &[u8]| {
        fs::write(&spoilt, bytes).unwrap();
        let error = restore(&spoilt, &data, &mut silent()).unwrap_err();
        assert!(!data.exists(), "something was written");
        error
    };
    for length in [0, 1, 86, 87, whole.len() / 2, whole.len() - 1] {
        let error = refused(&whole[..length]);
        assert!(matches!(error, BackupError::CutOff(_)), "{length}: {error}");
    }
    // Every part of it, from the manifest to the trailer.
    for place in (0..whole.len()).step_by(whole.len() / 40).chain([whole.len() - 1]) {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        let error = refused(&changed);
        let found = matches!(error, BackupError::Damaged(_) | BackupError::CutOff(_));
        assert!(found, "{place}: {error}");
    }
    assert!(backup::inspect(&file).unwrap().files > 3);
    fs::remove_file(file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let file = small(&home).await;
    let again = backup(home.path(), &file, &mut silent()).unwrap_err();
    assert!(matches!(again, BackupError::Exists(_)), "{again}");
    let out = tempfile::tempdir().unwrap();
    let none = backup(out.path(), &out.path().join("b"), &mut silent()).unwrap_err();
    assert!(matches!(none, BackupError::NoData(_)), "{none}");
    let full = restore(&file, home.path(), &mut silent()).unwrap_err();
    assert!(matches!(full, BackupError::NotEmpty(_)), "{full}");
    // An empty directory, as systemd or a disk of its own has, is as good as none.
    restore(&file, out.path(), &mut silent()).unwrap();
    assert!(
        open(out.path()).keyvalue.keyspaces(&samples::namespace("ns1")).await.unwrap().len() == 1
    );
    fs::remove_file(file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_interrupted_is_not_taken_for_whole() {
    let home = tempfile::tempdir().unwrap();
    let file = small(&home).await;
    // A restore that was killed.
    let out = tempfile::tempdir().unwrap();
    fs::write(out.path().join("restoring"), "").unwrap();
    let refused = DataDir::open(out.path()).unwrap_err();
    assert!(matches!(refused, OpenError::Restoring { .. }), "{refused}");
    // A backup that was killed: what it held is let go by the next one, and by a node.
    let held = home.path().join("backup");
    for _ in 0..2 {
        fs::create_dir_all(held.join("objects")).unwrap();
        // The number of its process may be another's now.
        fs::write(home.path().join("backup.lock"), "1").unwrap();
        let next = home.path().with_extension("next");
        backup(home.path(), &next, &mut silent()).unwrap();
        assert!(!held.exists());
        fs::remove_file(next).unwrap();
    }
    fs::create_dir_all(held.join("objects")).unwrap();
    drop(open(home.path()));
    assert!(!held.exists());
    // One that goes on is waited for.
    fs::create_dir_all(&held).unwrap();
    fs::write(home.path().join("backup.lock"), "1").unwrap();
    let owner = fs::File::open(home.path().join("backup.lock")).unwrap();
    owner.lock().unwrap();
    let busy = backup(home.path(), &home.path().with_extension("busy"), &mut silent()).unwrap_err();
    assert!(matches!(busy, BackupError::Busy { pid: 1 }), "{busy}");
    drop(open(home.path()));
    assert!(held.exists(), "a node that starts lets go nothing that is held");
    drop(owner);
    fs::remove_file(file).unwrap();
}

/// Makes a backup, and tells when it has ended. While it is made it waits until another has ended:
/// if that is made too, neither does.
fn make(data: &Path, to: &Path, ended: Sender<()>, other: Receiver<()>) -> Outcome {
    let mut waited = false;
    let made = backup(data, to, &mut |_, _| {
        if !waited {
            waited = true;
            let ended = other.recv_timeout(Duration::from_secs(20));
            assert!(ended.is_ok(), "both are made at once");
        }
    });
    // Nobody listens if that one has ended.
    let _ = ended.send(());
    made
}

type Outcome = Result<backup::Manifest, BackupError>;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_backups_at_once_one_is_made_and_the_other_is_told() {
    let home = tempfile::tempdir().unwrap();
    fs::remove_file(small(&home).await).unwrap();
    let out = tempfile::tempdir().unwrap();
    let restored = out.path().join("restored");
    for round in 0..50 {
        // What a backup that was killed has left is let go by the one that is made.
        fs::create_dir_all(home.path().join("backup/objects")).unwrap();
        let files = ["one", "two"].map(|name| out.path().join(format!("{round}.{name}")));
        let start = Barrier::new(2);
        let ((one_ends, one_ended), (two_ends, two_ended)) = (channel(), channel());
        let made = std::thread::scope(|scope| {
            let (data, [to, other], start) = (home.path(), &files, &start);
            let one = scope.spawn(move || {
                start.wait();
                make(data, to, one_ends, two_ended)
            });
            start.wait();
            let two = make(data, other, two_ends, one_ended);
            [one.join().unwrap(), two]
        });
        let (file, busy) = match made {
            [Ok(_), Err(busy)] => (&files[0], busy),
            [Err(busy), Ok(_)] => (&files[1], busy),
            other => panic!("{round}: {other:?}"),
        };
        assert!(matches!(busy, BackupError::Busy { .. }), "{round}: {busy}");
        restore(file, &restored, &mut silent()).unwrap();
        check_small(&restored).await;
        fs::remove_dir_all(&restored).unwrap();
        fs::remove_file(file).unwrap();
        assert_eq!(names(out.path()), [""; 0]);
        assert!(!home.path().join("backup").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_that_root_makes_is_the_owners() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let home = tempfile::tempdir().unwrap();
    fs::remove_file(small(&home).await).unwrap();
    if chown(home.path(), Some(4711), Some(4712)).is_err() {
        eprintln!("skipped: only root gives files to others");
        return;
    }
    let (lock, to) = (home.path().join("backup.lock"), home.path().with_extension("backup"));
    let owner = || fs::metadata(&lock).map(|found| (found.uid(), found.gid())).unwrap();
    backup(home.path(), &to, &mut silent()).unwrap();
    assert_eq!(owner(), (4711, 4712));
    fs::remove_file(&to).unwrap();
    // Another name of a file that may be somebody else's is not given to anybody.
    fs::remove_file(&lock).unwrap();
    let others = tempfile::NamedTempFile::new_in(home.path()).unwrap();
    fs::hard_link(others.path(), &lock).unwrap();
    let before = owner();
    backup(home.path(), &to, &mut silent()).unwrap();
    assert_eq!(owner(), before);
    fs::remove_file(&to).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_appears_meanwhile_is_kept_and_nothing_is_left_beside_it() {
    let home = tempfile::tempdir().unwrap();
    fs::remove_file(small(&home).await).unwrap();
    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("backup");
    let appears = &mut |_: &str, _| fs::write(&to, "another's").unwrap();
    let error = backup(home.path(), &to, appears).unwrap_err();
    assert!(matches!(&error, BackupError::Exists(path) if *path == to), "{error}");
    assert_eq!(fs::read_to_string(&to).unwrap(), "another's");
    assert_eq!(names(out.path()), ["backup"]);
    // Nor is it there if a database cannot be copied.
    fs::remove_file(&to).unwrap();
    fs::write(home.path().join("logs.db"), "none").unwrap();
    let error = backup(home.path(), &to, &mut silent()).unwrap_err();
    assert!(matches!(error, BackupError::Database { .. }), "{error}");
    assert_eq!(names(out.path()), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_counts_what_is_in_the_file() {
    let home = tempfile::tempdir().unwrap();
    let file = small(&home).await;
    fs::remove_file(&file).unwrap();
    // Files of volumes change while they are copied.
    let files = home.path().join("volumes/one/files");
    fs::create_dir_all(&files).unwrap();
    let [grows, shrinks] = ["1", "2"].map(|name| files.join(name));
    fs::write(&grows, "a").unwrap();
    fs::write(&shrinks, "abc").unwrap();
    let changes = &mut |_: &str, _| {
        fs::write(&grows, "much more than it was").unwrap();
        fs::write(&shrinks, "d").unwrap();
    };
    backup(home.path(), &file, changes).unwrap();
    let mut archive = tar::Archive::new(fs::File::open(&file).unwrap());
    let entries = archive.entries().unwrap().map(Result::unwrap);
    let sizes: Vec<_> = entries.skip(1).map(|entry| entry.size()).collect();
    let manifest = backup::inspect(&file).unwrap();
    assert_eq!(manifest.files, sizes.len() as u64);
    assert_eq!(manifest.bytes, sizes.iter().sum::<u64>());
    let restored = tempfile::tempdir().unwrap();
    restore(&file, restored.path(), &mut silent()).unwrap();
    let files = restored.path().join("volumes/one/files");
    let read = |name| fs::read_to_string(files.join(name)).unwrap();
    assert_eq!((read("1"), read("2")), ("m".into(), "d\0\0".into()));
    fs::remove_file(file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_whole_is_not_backed_up() {
    let home = tempfile::tempdir().unwrap();
    let file = small(&home).await;
    fs::remove_file(file).unwrap();
    let objects = home.path().join("objects");
    let found = fs::read_dir(&objects).unwrap().flatten().map(|entry| entry.path());
    let found = found.filter(|path| path.is_dir() && !path.ends_with("incoming"));
    for directory in found {
        fs::remove_dir_all(directory).unwrap();
    }
    let to = home.path().with_extension("backup");
    let error = backup(home.path(), &to, &mut silent()).unwrap_err();
    assert!(matches!(error, BackupError::NotWhole { missing: 3, .. }), "{error}");
    assert!(!to.exists());
}
