//! Whatever is done to a file or to names, the tree answers as a simple model does.

use std::collections::BTreeMap;

use lambent_files::{Kind, Vfs};
use proptest::prelude::*;

use crate::support::{MIB, WRITE, names, open, read_all, vfs};

#[derive(Debug, Clone)]
enum Change {
    Write(u8, usize, usize, u8),
    Append(u8, usize, u8),
    SetSize(u8, usize),
    Remove(u8),
    Rename(u8, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let file = 0..4_u8;
    prop_oneof![
        4 => (file.clone(), 0..40_000_usize, 1..20_000_usize, 1..=255_u8)
            .prop_map(|(file, at, count, byte)| Change::Write(file, at, count, byte)),
        2 => (file.clone(), 1..9_000_usize, 1..=255_u8)
            .prop_map(|(file, count, byte)| Change::Append(file, count, byte)),
        2 => (file.clone(), 0..60_000_usize).prop_map(|(file, size)| Change::SetSize(file, size)),
        1 => file.clone().prop_map(Change::Remove),
        1 => (file.clone(), file).prop_map(|(from, to)| Change::Rename(from, to)),
    ]
}

proptest! {
    #[test]
    fn files_are_what_a_model_says(changes in proptest::collection::vec(change(), 1..60)) {
        let mut vfs = vfs(16 * MIB);
        let root = Vfs::root();
        let mut model: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
        let path = |file: u8| format!("tmp/{file}");
        for change in changes {
            match change {
                Change::Write(file, at, count, byte) => {
                    let node = open(&mut vfs, &path(file), WRITE).unwrap();
                    prop_assert_eq!(vfs.write(&node, &vec![byte; count], Some(at as u64)), Ok(count));
                    let bytes = model.entry(file).or_default();
                    bytes.resize(bytes.len().max(at + count), 0);
                    bytes[at..at + count].fill(byte);
                }
                Change::Append(file, count, byte) => {
                    let node = open(&mut vfs, &path(file), WRITE).unwrap();
                    prop_assert_eq!(vfs.write(&node, &vec![byte; count], None), Ok(count));
                    model.entry(file).or_default().extend(vec![byte; count]);
                }
                Change::SetSize(file, size) => {
                    let node = open(&mut vfs, &path(file), WRITE).unwrap();
                    prop_assert_eq!(vfs.set_size(&node, size as u64), Ok(()));
                    model.entry(file).or_default().resize(size, 0);
                }
                Change::Remove(file) => {
                    let removed = vfs.remove(&root, &path(file), Kind::File).is_ok();
                    prop_assert_eq!(removed, model.remove(&file).is_some());
                }
                Change::Rename(from, to) => {
                    let renamed = vfs.rename(&root, &path(from), &root, &path(to)).is_ok();
                    prop_assert_eq!(renamed, model.contains_key(&from));
                    if let Some(bytes) = model.remove(&from) {
                        model.insert(to, bytes);
                    }
                }
            }
            let known: Vec<_> = model.keys().map(ToString::to_string).collect();
            prop_assert_eq!(names(&mut vfs, "tmp"), known);
            for (file, bytes) in &model {
                let node = open(&mut vfs, &path(*file), WRITE).unwrap();
                prop_assert!(read_all(&vfs, &node) == *bytes, "file {} differs", file);
            }
        }
        for file in model.keys() {
            vfs.remove(&root, &path(*file), Kind::File).unwrap();
        }
        prop_assert_eq!((vfs.used(), vfs.metadata()), (0, 0));
    }
}
