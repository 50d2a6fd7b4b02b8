//! `package.json` of packages.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::rc::Rc;

use serde_json::Value;

thread_local! {
    /// What was read, since a package does not change while an instance lives.
    static READ: RefCell<HashMap<String, Option<Rc<Value>>>> = RefCell::default();
}

/// The `package.json` of a directory, if there is one that is an object.
pub(crate) fn of(directory: &str) -> Option<Rc<Value>> {
    if let Some(known) = READ.with_borrow(|read| read.get(directory).cloned()) {
        return known;
    }
    let path = join(directory, "package.json");
    let found = fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let found = found.filter(Value::is_object).map(Rc::new);
    READ.with_borrow_mut(|read| read.insert(directory.to_owned(), found.clone()));
    found
}

/// The nearest `package.json` at or above a directory, and the directory that has it.
pub(crate) fn nearest(directory: &str) -> Option<(String, Rc<Value>)> {
    for ancestor in ancestors(directory) {
        if let Some(found) = of(ancestor) {
            return Some((ancestor.to_owned(), found));
        }
        // Packages end where they are installed.
        if ancestor.ends_with("/node_modules") {
            return None;
        }
    }
    None
}

/// A directory and all those that contain it, from the inside out.
pub(crate) fn ancestors(directory: &str) -> impl Iterator<Item = &str> {
    let mut next = Some(directory);
    std::iter::from_fn(move || {
        let this = next?;
        next = (this != "/").then(|| parent(this));
        Some(this)
    })
}

/// The directory that a path is in.
pub(crate) fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

/// A path relative to a directory, without `.`, `..` and empty parts.
pub(crate) fn join(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let all = directory.split('/').filter(|_| !path.starts_with('/')).chain(path.split('/'));
    for part in all {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
