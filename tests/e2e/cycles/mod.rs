//! No two modules of a crate need each other.
//!
//! Modules side by side are compared, each together with all that is inside it. A module
//! and what is inside it may name each other: they are one thing in several files.

mod modules;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use lambent_test_support::root;
use serde_json::Value;

use self::modules::{Crate, Module};

/// A cycle: the paths of its modules, sorted, and the arrows between them.
type Cycle = (String, BTreeSet<String>);

fn cycles(of: &Crate) -> Vec<Cycle> {
    let mut levels = BTreeMap::<Module, BTreeMap<Module, BTreeSet<Module>>>::new();
    let mut reasons = Vec::new();
    for (from, to) in of.arrows() {
        let common = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
        // One of them is inside the other.
        if common == from.len() || common == to.len() {
            continue;
        }
        let (left, right) = (from[..=common].to_vec(), to[..=common].to_vec());
        let reason = format!("{} names {}", from.join("::"), to.join("::"));
        reasons.push((left.clone(), right.clone(), reason));
        let level = levels.entry(from[..common].to_vec()).or_default();
        level.entry(left).or_default().insert(right);
    }
    let mut found = Vec::new();
    for level in levels.values() {
        for members in components(level) {
            let between = reasons
                .iter()
                .filter(|(from, to, _)| members.contains(from) && members.contains(to));
            let between = between.map(|(_, _, reason)| reason.clone()).collect();
            let names: Vec<_> = members.iter().map(|member| member.join("::")).collect();
            found.push((names.join(" "), between));
        }
    }
    found
}

/// The sets of more than one module in which each reaches each.
fn components(arrows: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<BTreeSet<Module>> {
    let reachable: BTreeMap<_, _> =
        arrows.keys().map(|from| (from.clone(), reachable(arrows, from))).collect();
    let mut components = Vec::new();
    for (from, reached) in &reachable {
        let back = |to: &&Module| reachable.get(*to).is_some_and(|back| back.contains(from));
        let component: BTreeSet<_> = reached.iter().filter(back).cloned().collect();
        if component.len() > 1 && !components.contains(&component) {
            components.push(component);
        }
    }
    components
}

fn reachable(arrows: &BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    let mut left = vec![from];
    while let Some(module) = left.pop() {
        let next = arrows.get(module).into_iter().flatten();
        left.extend(next.filter(|module| found.insert((*module).clone())));
    }
    found
}

/// Every crate of the workspace, by its name and the root file of each of its targets.
fn crates() -> Vec<(String, PathBuf)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--no-deps"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut crates = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        for target in package["targets"].as_array().unwrap() {
            let (kind, path) = (&target["kind"][0], target["src_path"].as_str().unwrap());
            let name = match kind.as_str().unwrap() {
                "lib" | "proc-macro" | "cdylib" => name.to_owned(),
                kind => format!("{name}/{kind}/{}", target["name"].as_str().unwrap()),
            };
            crates.push((name, path.into()));
        }
    }
    crates
}

#[test]
fn no_two_modules_of_a_crate_need_each_other() {
    let mut found = BTreeMap::new();
    for (name, root) in crates() {
        for (modules, reasons) in cycles(&Crate::read(&root)) {
            found.insert((name.clone(), modules), reasons);
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn cycles_are_found_however_the_other_is_named() {
    let found = |text: &str| -> Vec<_> {
        cycles(&Crate::of_text(text)).into_iter().map(|(modules, _)| modules).collect()
    };
    let none: [&str; 0] = [];
    // By `use`, by a path in the code, through a re-export, and by way of a third.
    assert_eq!(
        found("mod a { use crate::b::{self, X as Y}; } mod b { fn f(_: super::a::T) {} }"),
        ["a b"]
    );
    assert_eq!(
        found("pub use a::A; mod a { use super::b; } mod b { fn f() -> crate::A {} }"),
        ["a b"]
    );
    assert_eq!(
        found(
            "mod a { use crate::b::B; } mod b { use crate::c::d::D; } mod c { mod d { use crate::a; } }"
        ),
        ["a b c"]
    );
    // Inside of a module.
    assert_eq!(
        found("mod m { mod a { use super::b::B; } mod b { use super::a::A; } }"),
        ["m::a m::b"]
    );
    // What is no cycle: a module and what is in it, one direction, tests, and text.
    assert_eq!(found("mod a { use self::b::B; mod b { use super::A; } }"), none);
    assert_eq!(
        found("mod a { use crate::b::B; } mod b { #[cfg(test)] mod tests { use crate::a; } }"),
        none
    );
    assert_eq!(
        found(
            "mod a { use crate::b::B; } mod b { /* crate::a::A */ fn f<'a>() { g(\"crate::a::A\", '\"') } }"
        ),
        none
    );
    assert_eq!(found("mod a { use crate::b::B; } mod b { use a::A; use std::a; }"), none);
    assert_eq!(
        found("mod a { use crate::b::B; } mod b { fn f<T>() -> impl I + use<'_, T> { a() } }"),
        none
    );
}
