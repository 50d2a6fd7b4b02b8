use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lambent_files::{ErrorCode as E, Kind, ReadOnly, VOLUME_ROOT as ROOT, Volume, VolumeNode};
use lambent_types::{Namespace, Quota};

use super::samples::namespace;
use crate::quota::QuotaExceeded;
use crate::resources::ResourceError;
use crate::stores::Stores;
use crate::volumes::{VOLUME_BLOCK_BYTES as BLOCK, VolumeError, Volumes};

const MIB: u64 = 1 << 20;

async fn opened(volumes: &dyn Volumes, id: &str, max_bytes: u64) -> Arc<dyn Volume> {
    volumes.open(id, max_bytes).await.unwrap()
}

fn file(volume: &dyn Volume, name: &str) -> Arc<dyn VolumeNode> {
    let number = match volume.create(ROOT, name, Kind::File) {
        Err(E::Exist) => volume.child(ROOT, name).unwrap().unwrap().0,
        created => created.unwrap(),
    };
    volume.hold(number).unwrap()
}

fn text(node: &dyn VolumeNode) -> String {
    String::from_utf8(node.read_some(usize::MAX, 0, true).unwrap()).unwrap()
}

fn names(volume: &dyn Volume, directory: u64) -> Vec<String> {
    let all = volume.entries(directory, None, usize::MAX).unwrap();
    all.into_iter().map(|(name, _)| name).collect()
}

pub(super) async fn files_are_shared_by_whoever_opens_a_volume(volumes: &dyn Volumes) {
    let (one, other) = (opened(volumes, "shared", MIB).await, opened(volumes, "shared", MIB).await);
    let written = file(&*one, "a");
    assert_eq!(written.write(b"hello", None), Ok(5));
    let read = file(&*other, "a");
    assert_eq!(text(&*read), "hello");
    assert_eq!(read.write(b"J", Some(0)), Ok(1));
    assert_eq!(written.write(b"!", None), Ok(1));
    assert_eq!((text(&*written), read.stat(true).unwrap().size), ("Jello!".into(), 6));
    // Beyond the end there is nothing, and in a hole there are zeroes.
    assert_eq!(read.read_some(5, 6, true), Ok(vec![]));
    assert_eq!(read.read_some(5, u64::MAX, true), Ok(vec![]));
    assert_eq!(read.write(b"x", Some(10)), Ok(1));
    assert_eq!(written.read_some(9, 5, true).unwrap(), b"!\0\0\0\0x");
    written.set_size(2).unwrap();
    assert_eq!(text(&*read), "Je");
    written.set_size(4).unwrap();
    assert_eq!(read.read_some(9, 0, true).unwrap(), b"Je\0\0");
    written.sync().unwrap();
    // Another volume has other files.
    let third = opened(volumes, "third", MIB).await;
    assert_eq!((names(&*third, ROOT).len(), third.child(ROOT, "a")), (0, Ok(None)));
}

pub(super) async fn names_are_made_moved_and_removed(volumes: &dyn Volumes) {
    let volume = opened(volumes, "names", MIB).await;
    let directory = volume.create(ROOT, "d", Kind::Directory).unwrap();
    let inner = volume.create(directory, "f", Kind::File).unwrap();
    assert_eq!(volume.create(directory, "f", Kind::Directory), Err(E::Exist));
    assert_eq!(volume.child(directory, "f"), Ok(Some((inner, Kind::File))));
    assert_eq!((volume.parent(inner), volume.parent(directory)), (Ok(directory), Ok(ROOT)));
    assert_eq!(volume.remove(ROOT, "d", Kind::Directory), Err(E::NotEmpty));
    assert_eq!(volume.remove(ROOT, "d", Kind::File), Err(E::IsDirectory));
    assert_eq!(volume.remove(directory, "f", Kind::Directory), Err(E::NotDirectory));
    assert_eq!(volume.remove(ROOT, "x", Kind::File), Err(E::NoEntry));
    assert_eq!(volume.rename((ROOT, "x"), (ROOT, "y")), Err(E::NoEntry));
    assert_eq!(volume.rename((ROOT, "d"), (directory, "in")), Err(E::Invalid));
    volume.create(ROOT, "e", Kind::Directory).unwrap();
    assert_eq!(volume.rename((directory, "f"), (ROOT, "e")), Err(E::IsDirectory));
    assert_eq!(volume.rename((ROOT, "e"), (directory, "f")), Err(E::NotDirectory));
    assert_eq!(volume.rename((ROOT, "e"), (ROOT, "d")), Err(E::NotEmpty));
    // To itself it changes nothing; over an empty directory it takes its place.
    volume.rename((ROOT, "d"), (ROOT, "d")).unwrap();
    volume.rename((ROOT, "d"), (ROOT, "e")).unwrap();
    assert_eq!(
        (names(&*volume, ROOT), names(&*volume, directory)),
        (vec!["e".into()], vec!["f".into()])
    );
    volume.rename((directory, "f"), (ROOT, "Ä")).unwrap();
    assert_eq!(names(&*volume, ROOT), ["e", "Ä"]);
    let directory = volume.child(ROOT, "e").unwrap().unwrap().0;
    let held = volume.hold(directory).unwrap();
    volume.remove(ROOT, "e", Kind::Directory).unwrap();
    assert_eq!(volume.create(directory, "late", Kind::File), Err(E::NoEntry));
    assert_eq!(volume.rename((ROOT, "Ä"), (directory, "late")), Err(E::NoEntry));
    assert_eq!(held.stat(true).unwrap().links, 0);
    assert_eq!(
        (held.write(b"x", None), held.read_some(1, 0, true)),
        (Err(E::IsDirectory), Err(E::IsDirectory))
    );
    drop(held);
    assert_eq!(volume.hold(directory).err(), Some(E::NoEntry));
}

/// A name that is taken exclusively is a lock.
pub(super) async fn of_many_who_create_a_name_one_does(volumes: &dyn Volumes) {
    let made = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (volume, made) = (opened(volumes, "locks", MIB).await, Arc::clone(&made));
        tasks.push(tokio::task::spawn_blocking(move || {
            for round in 0..20 {
                match volume.create(ROOT, &format!("lock-{round}"), Kind::File) {
                    Ok(_) => made.fetch_add(1, Ordering::Relaxed),
                    Err(error) => {
                        assert_eq!(error, E::Exist);
                        0
                    }
                };
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(made.load(Ordering::Relaxed), 20);
}

/// Each of many appends is in the file, whole, and a reader of a name that is replaced finds one
/// of the files that had it.
pub(super) async fn appends_and_renames_are_seen_whole(volumes: &dyn Volumes) {
    const LINE: usize = 3000;
    let volume = opened(volumes, "whole", 16 * MIB).await;
    file(&*volume, "current").write(b"0", None).unwrap();
    let mut tasks = Vec::new();
    for writer in 0..4_u8 {
        let volume = opened(volumes, "whole", 16 * MIB).await;
        tasks.push(tokio::task::spawn_blocking(move || {
            let log = file(&*volume, "log");
            for round in 0..20 {
                assert_eq!(log.write(&[b'a' + writer; LINE], None), Ok(LINE));
                let name = format!("new-{writer}-{round}");
                file(&*volume, &name).write(b"1", None).unwrap();
                volume.rename((ROOT, &name), (ROOT, "current")).unwrap();
                let (number, _) = volume.child(ROOT, "current").unwrap().unwrap();
                if let Ok(current) = volume.hold(number) {
                    assert_eq!(text(&*current).len(), 1);
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(names(&*volume, ROOT), ["current", "log"]);
    let log = file(&*volume, "log");
    let mut lines = [0; 4];
    for line in 0..80 {
        let bytes = log.read_some(LINE, line * LINE as u64, true).unwrap();
        assert!(bytes.len() == LINE && bytes.iter().all(|byte| *byte == bytes[0]), "line {line}");
        lines[usize::from(bytes[0] - b'a')] += 1;
    }
    assert_eq!((lines, log.stat(true).unwrap().size), ([20; 4], 80 * LINE as u64));
}

pub(super) async fn a_listing_goes_on_while_others_change(volumes: &dyn Volumes) {
    let volume = opened(volumes, "listing", 16 * MIB).await;
    for number in 0..50 {
        volume.create(ROOT, &format!("stays-{number:02}"), Kind::File).unwrap();
    }
    let (mut found, mut last) = (Vec::new(), None::<String>);
    for round in 0.. {
        let page = volume.entries(ROOT, last.as_deref(), 7).unwrap();
        let Some((name, _)) = page.last() else { break };
        last = Some(name.clone());
        found.extend(page.into_iter().map(|(name, _)| name));
        // Before and behind where it is.
        volume.create(ROOT, &format!("new-{round}"), Kind::File).unwrap();
        volume.create(ROOT, &format!("zz-{round}"), Kind::File).unwrap();
        if round % 2 == 1 {
            volume.remove(ROOT, &format!("zz-{round}"), Kind::File).unwrap();
        }
        assert!(round < 1000);
        if round > 20 {
            break;
        }
    }
    let stays: Vec<_> = found.iter().filter(|name| name.starts_with("stays")).collect();
    let expected: Vec<_> = (0..50).map(|number| format!("stays-{number:02}")).collect();
    assert_eq!(stays, expected.iter().collect::<Vec<_>>());
}

pub(super) async fn the_size_holds(volumes: &dyn Volumes) {
    let id = "full";
    let usage = async || volumes.usage(id).await.unwrap();
    assert_eq!(usage().await.bytes, 0);
    let volume = opened(volumes, id, 10 * BLOCK).await;
    let node = file(&*volume, "a");
    // The file itself counts as one.
    assert_eq!(node.write(&vec![1; 8 * BLOCK as usize], None), Ok(8 * BLOCK as usize));
    assert_eq!(node.write(&vec![1; 3 * BLOCK as usize], None), Ok(BLOCK as usize));
    assert_eq!(node.write(b"x", None), Err(E::InsufficientSpace));
    assert_eq!(volume.create(ROOT, "b", Kind::File), Err(E::InsufficientSpace));
    assert_eq!(node.set_size(1 << 30), Err(E::InsufficientSpace));
    assert_eq!(
        (node.set_size(u64::MAX), node.write(b"x", Some(u64::MAX))),
        (Err(E::FileTooLarge), Err(E::FileTooLarge))
    );
    assert_eq!((usage().await.bytes, usage().await.files), (10 * BLOCK, 1));
    assert_eq!(node.stat(true).unwrap().size, 9 * BLOCK);
    // What it has may be written over, and a removed file counts until it is closed.
    assert_eq!(node.write(b"y", Some(0)), Ok(1));
    volume.remove(ROOT, "a", Kind::File).unwrap();
    assert_eq!(volume.create(ROOT, "b", Kind::File), Err(E::InsufficientSpace));
    assert_eq!(node.read_some(1, 0, true).unwrap(), b"y");
    drop(node);
    let node = file(&*volume, "b");
    assert_eq!(usage().await.bytes, BLOCK);
    // A hole counts as if it was written.
    assert_eq!(node.write(b"x", Some(100 * BLOCK)), Err(E::InsufficientSpace));
    assert_eq!(node.write(b"x", Some(5 * BLOCK)), Ok(1));
    assert_eq!(usage().await.bytes, 7 * BLOCK);
    node.set_size(1).unwrap();
    assert_eq!(usage().await.bytes, 2 * BLOCK);
    // It can be made smaller than what it holds, and larger for who has it open.
    volumes.resize(id, 2 * BLOCK).await;
    assert_eq!(node.write(&[1; BLOCK as usize], Some(0)), Ok(BLOCK as usize));
    assert_eq!(node.write(b"x", None), Err(E::InsufficientSpace));
    volumes.resize(id, 3 * BLOCK).await;
    assert_eq!(node.write(b"x", None), Ok(1));
}

pub(super) async fn the_size_holds_for_many_who_write_at_once(volumes: &dyn Volumes) {
    let (id, max_bytes) = ("crowd", 100 * BLOCK);
    let mut nodes = Vec::new();
    for writer in 0..8 {
        let node = file(&*opened(volumes, id, max_bytes).await, &format!("file-{writer}"));
        nodes.push(node);
    }
    let mut tasks = Vec::new();
    for node in nodes {
        tasks.push(tokio::task::spawn_blocking(move || {
            let mut written = 0;
            loop {
                match node.write(&[1; 5000], None) {
                    Ok(count) => written += count as u64,
                    Err(error) => {
                        assert_eq!(error, E::InsufficientSpace);
                        return written;
                    }
                }
            }
        }));
    }
    let mut written = 0;
    for task in tasks {
        written += task.await.unwrap();
    }
    let used = volumes.usage(id).await.unwrap();
    assert_eq!((used.bytes, used.files), (max_bytes, 8));
    assert_eq!(written, 92 * BLOCK, "all but what the files count themselves");
}

pub(super) async fn what_is_removed_is_gone_for_all(volumes: &dyn Volumes) {
    let id = "removed";
    let volume = opened(volumes, id, MIB).await;
    let read_only = ReadOnly::of(opened(volumes, id, MIB).await);
    let node = file(&*volume, "a");
    node.write(b"secret", None).unwrap();
    assert!(!volume.is_gone());
    volumes.remove(id).await.unwrap();
    assert!(volume.is_gone() && read_only.is_gone());
    assert_eq!(volume.child(ROOT, "a"), Err(E::Gone));
    assert_eq!(
        (volume.hold(ROOT).err(), volume.entries(ROOT, None, 1)),
        (Some(E::Gone), Err(E::Gone))
    );
    assert_eq!(volume.create(ROOT, "b", Kind::File), Err(E::Gone));
    assert_eq!(
        (volume.remove(ROOT, "a", Kind::File), volume.rename((ROOT, "a"), (ROOT, "b"))),
        (Err(E::Gone), Err(E::Gone))
    );
    assert_eq!((node.read_some(9, 0, true), node.write(b"x", None)), (Err(E::Gone), Err(E::Gone)));
    assert_eq!(
        (node.stat(true), node.sync(), node.set_size(0)),
        (Err(E::Gone), Err(E::Gone), Err(E::Gone))
    );
    assert_eq!(node.set_times(None, None), Err(E::Gone));
    assert!(matches!(volumes.open(id, MIB).await, Err(VolumeError::Gone)));
    assert!(matches!(volumes.usage(id).await, Err(VolumeError::Gone)));
    // Once more is no failure, and one that was never opened can be removed.
    volumes.remove(id).await.unwrap();
    volumes.remove("never").await.unwrap();
    drop(node);
}

pub(super) async fn nothing_changes_by_what_is_read_only(volumes: &dyn Volumes) {
    let volume = opened(volumes, "frozen", MIB).await;
    file(&*volume, "a").write(b"as it was", None).unwrap();
    let frozen = ReadOnly::of(opened(volumes, "frozen", MIB).await);
    let (number, _) = frozen.child(ROOT, "a").unwrap().unwrap();
    let node = frozen.hold(number).unwrap();
    let now = Some(std::time::SystemTime::UNIX_EPOCH);
    let before = node.stat(true).unwrap();
    assert_eq!(frozen.create(ROOT, "b", Kind::File), Err(E::ReadOnly));
    assert_eq!(frozen.remove(ROOT, "a", Kind::File), Err(E::ReadOnly));
    assert_eq!(frozen.rename((ROOT, "a"), (ROOT, "b")), Err(E::ReadOnly));
    assert_eq!(
        (node.write(b"x", None), node.write(b"x", Some(0))),
        (Err(E::ReadOnly), Err(E::ReadOnly))
    );
    assert_eq!((node.set_size(0), node.set_times(now, now)), (Err(E::ReadOnly), Err(E::ReadOnly)));
    assert_eq!((text(&*node), names(&*frozen, ROOT)), ("as it was".into(), vec!["a".into()]));
    assert_eq!(node.stat(true).unwrap(), before);
}

pub(super) async fn times_are_kept(volumes: &dyn Volumes) {
    let volume = opened(volumes, "times", MIB).await;
    let at = |seconds| std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    let directory = volume.create(ROOT, "d", Kind::Directory).unwrap();
    let (empty, written) = (file(&*volume, "empty"), file(&*volume, "written"));
    written.write(b"x", None).unwrap();
    for node in [volume.hold(directory).unwrap(), empty, written] {
        node.set_times(Some(at(1)), Some(at(2))).unwrap();
        node.set_times(Some(at(3)), None).unwrap();
        let found = node.stat(true).unwrap();
        assert_eq!((found.accessed, found.modified), (at(3), at(2)));
        // Times that nobody has had or will have.
        node.set_times(Some(at(u64::MAX >> 2)), Some(at(0))).unwrap();
        node.stat(true).unwrap();
    }
}

/// What volumes may hold is set aside of the quota of their namespace.
pub(super) async fn sizes_are_set_aside(stores: &Stores) {
    let ns = namespace("contract-volumes");
    let held = async || {
        let held = stores.holdings(&ns).await.unwrap();
        let of = |quota| held.iter().find(|one| one.quota == quota).map_or(0, |one| one.used);
        (of(Quota::Volumes), of(Quota::VolumeBytes))
    };
    let own = |limit| crate::OwnQuotas([(Quota::VolumeBytes, Some(limit))].into());
    stores.quotas.set(&ns, own(100));
    let volume = |name: &str, max_bytes| lambent_types::Volume {
        name: name.parse().unwrap(),
        max_bytes,
        id: name.into(),
        created: jiff::Timestamp::UNIX_EPOCH,
    };
    let put = async |ns: &Namespace, name: &str, max_bytes| {
        stores.resources.of().put(ns, &volume(name, max_bytes), None).await
    };
    put(&ns, "a", 60).await.unwrap();
    put(&ns, "b", 40).await.unwrap();
    assert_eq!(held().await, (2, 100));
    let refused = put(&ns, "c", 1).await.unwrap_err();
    assert!(
        matches!(&refused, ResourceError::Quota(QuotaExceeded { wanted: 101, .. })),
        "{refused}"
    );
    put(&ns, "A", 20).await.unwrap();
    assert_eq!(held().await, (2, 60));
    assert!(matches!(put(&ns, "b", 81).await, Err(ResourceError::Quota(_))));
    assert_eq!(held().await, (2, 60));
    // One that is refused for another reason has set nothing aside.
    stores.quotas.set(&ns, crate::OwnQuotas([(Quota::Volumes, Some(2))].into()));
    assert!(matches!(put(&ns, "c", 1).await, Err(ResourceError::Quota(_))));
    assert_eq!(held().await, (2, 60));
    for name in ["a", "b"] {
        let volumes = stores.resources.of::<lambent_types::Volume>();
        volumes.delete(&ns, &name.parse().unwrap()).await.unwrap();
    }
    assert_eq!(held().await, (0, 0));
    stores.quotas.set(&ns, crate::OwnQuotas::default());
}
