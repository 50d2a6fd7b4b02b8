//! Trees with volumes: what one does another sees, and nothing leads out.

use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use lambent_files::{ErrorCode as E, Image, Kind, OpenFlags, ReadOnly, Vfs, Volume};
use lambent_storage::Volumes;
use lambent_storage::memory::MemoryVolumes;

use crate::support::{MIB, READ, WRITE, names, open, package, scratch};

/// The volumes of some trees by their names, which may be given to others.
#[derive(Clone, Default)]
struct Cabinet {
    volumes: Arc<MemoryVolumes>,
    ids: Arc<Mutex<Vec<&'static str>>>,
}

impl Cabinet {
    fn new(ids: &[&'static str]) -> Self {
        Self { ids: Arc::new(Mutex::new(ids.to_vec())), ..Self::default() }
    }

    fn volume(&self, place: usize) -> Result<Arc<dyn Volume>, E> {
        let id = self.ids.lock().unwrap()[place];
        self.volumes.open(id, MIB).now_or_never().unwrap().map_err(|_| E::Gone)
    }

    fn delete(&self, id: &str) {
        self.volumes.remove(id).now_or_never().unwrap().unwrap();
    }

    /// A tree that has the first at `mnt/data` and the second, read-only, at `mnt/a/b`.
    fn vfs(&self) -> Vfs {
        let image = Image::new().with_volume("mnt/data").unwrap().with_volume("mnt/a/b").unwrap();
        let image = image.mount("var/task", &package(&[("index.py", "import json")])).unwrap();
        let cabinet = self.clone();
        let open = Box::new(move |place| {
            let volume = cabinet.volume(place)?;
            Ok(if place == 1 { ReadOnly::of(volume) } else { volume })
        });
        let mut vfs = Vfs::new(Arc::new(image), scratch(MIB)).with_volumes(open);
        vfs.set_may_wait(true);
        vfs
    }
}

#[test]
fn trees_share_what_is_in_a_volume() {
    let cabinet = Cabinet::new(&["one", "two"]);
    let (mut one, mut other) = (cabinet.vfs(), cabinet.vfs());
    let root = Vfs::root();
    one.create_directory(&root, "mnt/data/d").unwrap();
    let written = open(&mut one, "mnt/data/d/f", WRITE).unwrap();
    assert_eq!(one.write(&written, b"hello", None), Ok(5));
    let read = open(&mut other, "mnt/data/d/../d/./f", READ).unwrap();
    assert_eq!(other.read(&read, 9, 0, true).unwrap(), b"hello");
    assert_eq!(names(&mut other, "mnt"), ["a", "data"]);
    assert_eq!(names(&mut other, "mnt/data"), ["d"]);
    let exclusive = OpenFlags { exclusive: true, ..WRITE };
    assert_eq!(open(&mut other, "mnt/data/d/f", exclusive).unwrap_err(), E::Exist);
    one.rename(&root, "mnt/data/d/f", &root, "mnt/data/g").unwrap();
    assert_eq!(open(&mut other, "mnt/data/d/f", READ).unwrap_err(), E::NoEntry);
    // What is open goes on under its new name, and without one.
    one.remove(&root, "mnt/data/g", Kind::File).unwrap();
    assert_eq!(
        (other.stat(&read).unwrap().links, other.read(&read, 9, 0, true).unwrap().len()),
        (0, 5)
    );
    assert_ne!(read.inode(), root.inode());
}

#[test]
fn nothing_leads_from_one_mount_to_another() {
    let cabinet = Cabinet::new(&["one", "two"]);
    let mut vfs = cabinet.vfs();
    let root = Vfs::root();
    let file = open(&mut vfs, "mnt/data/f", WRITE).unwrap();
    vfs.write(&file, b"x", None).unwrap();
    open(&mut vfs, "tmp/t", WRITE).unwrap();
    cabinet.volume(1).unwrap().create(lambent_files::VOLUME_ROOT, "r", Kind::File).unwrap();
    let mut rename = |old: &str, new: &str| vfs.rename(&root, old, &root, new);
    for (old, new, error) in [
        ("mnt/data/f", "tmp/f", E::CrossDevice),
        ("tmp/t", "mnt/data/t", E::CrossDevice),
        ("mnt/data/f", "mnt/a/b/f", E::CrossDevice),
        ("mnt/a/b/r", "mnt/data/r", E::CrossDevice),
        ("mnt/a/b/r", "mnt/a/b/s", E::ReadOnly),
        ("mnt/data/f", "var/task/f", E::ReadOnly),
        ("var/task/index.py", "mnt/data/i", E::ReadOnly),
        ("mnt/data", "mnt/c", E::Busy),
        ("mnt/data", "tmp/c", E::Busy),
        ("tmp/t", "mnt/data", E::Busy),
        ("mnt/data/f", "mnt/a/b", E::Busy),
        ("mnt/a", "tmp/a", E::ReadOnly),
        ("mnt/data/f", "mnt/data/f/", E::NotDirectory),
        ("mnt/data/none", "tmp/x", E::NoEntry),
    ] {
        assert_eq!(rename(old, new), Err(error), "{old} to {new}");
    }
    for (path, kind, error) in [
        ("mnt/data", Kind::Directory, E::Busy),
        ("mnt/a/b/r", Kind::File, E::ReadOnly),
        ("mnt/a", Kind::Directory, E::ReadOnly),
    ] {
        assert_eq!(vfs.remove(&root, path, kind), Err(error), "{path}");
    }
    // `..` leads to what contains the mount, and not beyond where the path was begun.
    let data = open(&mut vfs, "mnt/data", OpenFlags { directory: true, ..READ }).unwrap();
    assert_eq!(vfs.lookup(&data, "../a").unwrap_err(), E::NotPermitted);
    let mnt = open(&mut vfs, "mnt", OpenFlags { directory: true, ..READ }).unwrap();
    assert_eq!(vfs.lookup(&mnt, "data/../a/b/r").unwrap().kind(), Kind::File);
    assert_eq!(vfs.lookup(&root, "mnt/a/b/../../data/f").unwrap().kind(), Kind::File);
    // Neither is written or made, whatever else is asked for.
    for flags in [WRITE, OpenFlags { truncate: true, ..READ }, OpenFlags { write: true, ..READ }] {
        assert_eq!(open(&mut vfs, "mnt/a/b/r", flags).err(), Some(E::ReadOnly), "{flags:?}");
    }
    assert_eq!(open(&mut vfs, "mnt/a/b/new", WRITE).unwrap_err(), E::ReadOnly);
    assert_eq!(open(&mut vfs, "mnt/new", WRITE).unwrap_err(), E::ReadOnly);
    let read = open(&mut vfs, "mnt/a/b/r", READ).unwrap();
    assert_eq!(
        (vfs.write(&read, b"x", None), vfs.set_size(&read, 0)),
        (Err(E::ReadOnly), Err(E::ReadOnly))
    );
    assert_eq!(vfs.set_times(&read, None, None), Err(E::ReadOnly));
}

#[test]
fn a_deleted_volume_is_gone_and_another_of_its_name_is_found() {
    let cabinet = Cabinet::new(&["one", "two"]);
    let mut vfs = cabinet.vfs();
    let root = Vfs::root();
    let file = open(&mut vfs, "mnt/data/f", WRITE).unwrap();
    let data = open(&mut vfs, "mnt/data", OpenFlags { directory: true, ..READ }).unwrap();
    cabinet.delete("one");
    assert_eq!(open(&mut vfs, "mnt/data/f", WRITE).unwrap_err(), E::Gone);
    assert_eq!((vfs.stat(&file), vfs.write(&file, b"x", None)), (Err(E::Gone), Err(E::Gone)));
    assert_eq!(vfs.lookup(&data, "f").unwrap_err(), E::Gone);
    // The directory that it is in can be looked at, and so can its place.
    assert_eq!(names(&mut vfs, "mnt"), ["a", "data"]);
    let place = vfs.lookup(&root, "mnt/data").map(|place| place.kind());
    cabinet.ids.lock().unwrap()[0] = "one";
    assert_eq!(place, Ok(Kind::Directory));
    let place = vfs.lookup(&root, "mnt/data").unwrap();
    assert_eq!(
        (vfs.entries(&place, None, 1).err(), vfs.lookup(&place, "f").err()),
        (Some(E::Gone), Some(E::Gone))
    );
    assert_eq!(vfs.create_directory(&root, "mnt/data/d"), Err(E::Gone));
    assert_eq!(vfs.rename(&root, "mnt/a/b", &root, "mnt/data/d").err(), Some(E::Gone));
    cabinet.ids.lock().unwrap()[0] = "three";
    assert_eq!(open(&mut vfs, "mnt/data/f", READ).unwrap_err(), E::NoEntry);
    let new = open(&mut vfs, "mnt/data/f", WRITE).unwrap();
    assert_eq!(vfs.write(&new, b"new", None), Ok(3));
    // What was open before does not lead there.
    assert_eq!(
        (vfs.read(&file, 9, 0, true), vfs.lookup(&data, "f").err()),
        (Err(E::Gone), Some(E::Gone))
    );
    assert_eq!(vfs.rename(&data, "f", &root, "mnt/data/g"), Err(E::Gone));
    assert_ne!(new.inode(), file.inode());
}

#[test]
fn what_would_wait_says_so_and_has_done_nothing() {
    let cabinet = Cabinet::new(&["one", "two"]);
    let mut vfs = cabinet.vfs();
    let root = Vfs::root();
    let file = open(&mut vfs, "mnt/data/f", WRITE).unwrap();
    open(&mut vfs, "tmp/t", WRITE).unwrap();
    vfs.take_work();
    vfs.set_may_wait(false);
    let blocked = Some(E::WouldBlock);
    assert_eq!(open(&mut vfs, "mnt/data/new", WRITE).err(), blocked);
    assert_eq!(vfs.create_directory(&root, "mnt/data/d").err(), blocked);
    assert_eq!(vfs.remove(&root, "mnt/data/f", Kind::File).err(), blocked);
    assert_eq!(vfs.rename(&root, "tmp/t", &root, "mnt/data/t").err(), blocked);
    assert_eq!(vfs.set_size(&file, 0).err(), blocked);
    assert_eq!(vfs.write(&file, b"x", None).err(), blocked);
    // What is no volume's is done.
    open(&mut vfs, "tmp/u", WRITE).unwrap();
    assert_eq!(names(&mut vfs, "mnt"), ["a", "data"]);
    vfs.set_may_wait(true);
    assert_eq!(names(&mut vfs, "mnt/data"), ["f"]);
    assert_eq!(names(&mut vfs, "tmp"), ["t", "u"]);
    assert!(vfs.take_work() > 100, "calls of a volume are charged");
}
