//! Packages over and under each other.

use std::sync::Arc;

use lambent_files::{DiskBudget, Image, ScratchOptions, Vfs};

use crate::support::{MIB, READ, names, open, package, read_all};

fn tree(image: Image) -> Vfs {
    let (open, disk) = (Arc::new(tempfile::tempfile), Arc::new(DiskBudget::new(MIB)));
    let scratch = ScratchOptions { open, bytes_max: MIB, metadata_bytes_max: MIB, disk };
    Vfs::new(Arc::new(image), scratch)
}

fn text(vfs: &mut Vfs, path: &str) -> String {
    let node = open(vfs, path, READ).unwrap();
    String::from_utf8(read_all(vfs, &node)).unwrap()
}

#[test]
fn the_later_layer_is_seen() {
    let below = package(&[("same", "below"), ("only-below", "1"), ("a/b/c", ""), ("d", "file")]);
    let above = package(&[("same", "above"), ("a/b", "file"), ("d/e/f", "2"), ("a/x", "3")]);
    let image = Image::new().overlay("opt", &below).unwrap().overlay("opt", &above).unwrap();
    let mut vfs = tree(image);
    assert_eq!(names(&mut vfs, "opt"), ["a", "d", "only-below", "same"]);
    assert_eq!(
        (text(&mut vfs, "opt/same"), text(&mut vfs, "opt/a/b")),
        ("above".into(), "file".into())
    );
    assert_eq!(names(&mut vfs, "opt/a"), ["b", "x"]);
    assert_eq!(text(&mut vfs, "opt/d/e/f"), "2");
    // One package is still not both.
    for files in [[("a", "x"), ("a", "y")], [("a", "x"), ("a/b", "y")]] {
        let over = Image::new().overlay("opt", &below).unwrap().overlay("opt", &package(&files));
        assert!(over.is_err(), "{files:?}");
    }
}

#[test]
fn what_is_under_neither_hides_nor_replaces() {
    let own = package(&[("app.py", "own"), ("lib/x", "own")]);
    let added = package(&[
        ("var/task/app.py", "added"),
        ("var/task/app.py/inside", "added"),
        ("var/task/lib", "added"),
        ("var/task/lib/y", "added"),
        ("opt/z", "added"),
    ]);
    let image = Image::new().mount("var/task", &own).unwrap().underlay(&added).unwrap();
    let mut vfs = tree(image);
    assert_eq!(text(&mut vfs, "var/task/app.py"), "own");
    assert_eq!(names(&mut vfs, "var/task/lib"), ["x", "y"]);
    assert_eq!(
        (text(&mut vfs, "var/task/lib/x"), text(&mut vfs, "opt/z")),
        ("own".into(), "added".into())
    );
}
