//! What of a project is compiled for WASI, and by what it came.

use std::collections::{HashMap, VecDeque};

use cargo_metadata::{DependencyKind, Metadata, Package, PackageId};

use super::function::Function;
use crate::error::BuildError;

/// Crates that no compiler makes work on WASI, and what to take.
const REFUSED: [(&str, &str); 3] = [
    (
        "aws-lc-sys",
        "Choose the features of rustls that take ring; the AWS SDK compiles without its default \
         features, but has no client yet that works in such a function",
    ),
    ("openssl-sys", "Choose the feature of the crate that takes rustls with ring"),
    ("native-tls", "Choose the feature of the crate that takes rustls with ring"),
];

/// Crates that compile only as long as nothing of them is used, and what to take.
const DOUBTFUL: [(&str, &str); 2] = [
    ("wasm-bindgen", "takes all WebAssembly for that of a browser, and so does what it comes by"),
    ("signal-hook", "waits for signals, of which a function here gets none"),
];

/// The packages that are compiled for WASI.
pub(super) struct Graph<'m> {
    packages: HashMap<&'m PackageId, &'m Package>,
    /// By which package each came; the function itself by none.
    from: HashMap<&'m PackageId, Option<&'m PackageId>>,
    /// In the order of their distance.
    order: Vec<&'m PackageId>,
}

impl<'m> Graph<'m> {
    /// Follows the dependencies of a function.
    ///
    /// # Errors
    /// The function is not among the packages.
    pub(super) fn new(metadata: &'m Metadata, function: &Function) -> Result<Self, BuildError> {
        let missing = || BuildError::Project(format!("cargo does not list {}", function.package));
        let members = metadata.workspace_packages();
        let root = members.iter().find(|package| package.name.as_str() == function.package);
        let root = &root.ok_or_else(missing)?.id;
        let nodes = &metadata.resolve.as_ref().ok_or_else(missing)?.nodes;
        let nodes: HashMap<_, _> = nodes.iter().map(|node| (&node.id, node)).collect();
        let packages: HashMap<_, _> =
            metadata.packages.iter().map(|package| (&package.id, package)).collect();
        let mut from = HashMap::from([(root, None)]);
        let mut order = Vec::new();
        let mut next = VecDeque::from([root]);
        while let Some(id) = next.pop_front() {
            order.push(id);
            for dependency in nodes.get(id).into_iter().flat_map(|node| &node.deps) {
                let mut kinds = dependency.dep_kinds.iter();
                let is_linked = kinds.any(|kind| kind.kind == DependencyKind::Normal);
                let is_macro = packages.get(&dependency.pkg).is_some_and(|package| {
                    package.targets.iter().any(cargo_metadata::Target::is_proc_macro)
                });
                if is_linked && !is_macro && !from.contains_key(&dependency.pkg) {
                    from.insert(&dependency.pkg, Some(id));
                    next.push_back(&dependency.pkg);
                }
            }
        }
        Ok(Self { packages, from, order })
    }

    /// Checks that nothing is there that cannot be compiled.
    ///
    /// # Errors
    /// Something is.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        for package in self.packages() {
            let name = package.name.as_str();
            if let Some((_, instead)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
                return Err(BuildError::Project(format!(
                    "{name} does not compile for WASI; it comes by {}. {instead}",
                    self.way(package)
                )));
            }
        }
        Ok(())
    }

    /// Whether a package is compiled for the function.
    pub(super) fn has(&self, package: &Package) -> bool {
        self.from.contains_key(&package.id)
    }

    /// What may be the reason where a function does not compile.
    pub(super) fn doubts(&self) -> impl Iterator<Item = String> {
        DOUBTFUL.iter().filter_map(|(name, what)| {
            let package = self.packages().find(|package| package.name.as_str() == *name)?;
            Some(format!("note: {} ({}) {what}", name, self.way(package)))
        })
    }

    /// A package that has C in it, which is compiled for WASI too.
    pub(super) fn in_c(&self) -> Option<&'m Package> {
        self.packages().find(|package| is_in_c(package))
    }

    /// The packages from the function to one, such as `shop → sqlx → ring`.
    pub(super) fn way(&self, package: &Package) -> String {
        let mut names = vec![package.name.as_str()];
        let mut at = &package.id;
        while let Some(Some(before)) = self.from.get(at) {
            names.extend(self.packages.get(before).map(|package| package.name.as_str()));
            at = before;
        }
        names.reverse();
        names.join(" → ")
    }

    fn packages(&self) -> impl Iterator<Item = &'m Package> {
        self.order.iter().filter_map(|id| self.packages.get(id).copied())
    }
}

/// Whether a package has C in it, or what a compiler of C compiles too.
pub(super) fn is_in_c(package: &Package) -> bool {
    let mut dependencies = package.dependencies.iter();
    package.links.is_some()
        && dependencies
            .any(|dependency| dependency.kind == DependencyKind::Build && dependency.name == "cc")
}
