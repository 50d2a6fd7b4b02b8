use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Digest;

/// What a version runs: a component, and optionally a package of files that the component runs
/// on. Both are kept by their digests, and as long as a version has them.
///
/// Its members have the names under which rows have always had them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The component's SHA-256, or that of the module that it is adapted from: of what is kept.
    #[serde(rename = "digest")]
    pub component: Digest,
    /// The size of the same in bytes.
    #[serde(rename = "code_bytes")]
    pub bytes: u64,
    /// What the component is adapted from, if a component is not what was deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapted_from: Option<AdaptedFrom>,
    /// Whether there was no runtime for the package when it was deployed. `component` is the package itself
    /// then, which stands for what there is not and never runs. What runs is the runtime that the
    /// configuration names, once there is one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits_runtime: bool,
    /// The files, if the component runs on any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<Package>,
    /// What the runtime has added to the files when they were deployed, such as byte code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Package>,
    /// The files of its layers, in the order of the layers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Package>,
    /// What was uploaded, where that is an archive: its digest is the one that whoever uploaded it
    /// knows. It is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Package>,
    /// The image that it was fetched from, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// The memory that fresh instances of a published version start from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
}

/// What a node makes a component of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum AdaptedFrom {
    /// A core module of WASI preview 1.
    #[serde(rename = "wasi_snapshot_preview1")]
    Preview1,
}

impl fmt::Display for AdaptedFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preview1 => f.write_str("a core module of WASI preview 1"),
        }
    }
}

/// A component in a registry of OCI artifacts, from where a node fetched it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Image {
    /// The reference that it was asked for by, such as `registry.example.com/shop/orders:7`.
    pub uri: String,
    /// The registry, the repository and the digest of the manifest that the reference led to, which always
    /// lead to the same.
    pub resolved: String,
}

/// A package of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Package {
    /// Its SHA-256.
    pub digest: Digest,
    /// Its size in bytes.
    pub bytes: u64,
}

/// The memory of an initialized instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its SHA-256.
    pub digest: Digest,
    /// Its size in bytes.
    pub bytes: u64,
    /// The component that it is of. Instances of another cannot start from it.
    pub component: Digest,
}

impl Code {
    /// A component that runs on no files.
    #[must_use]
    pub const fn component(component: Digest, bytes: u64) -> Self {
        Self {
            component,
            bytes,
            adapted_from: None,
            awaits_runtime: false,
            package: None,
            added: None,
            layers: Vec::new(),
            upload: None,
            image: None,
            snapshot: None,
        }
    }

    /// All that is kept for it: the digest and the size of each part, once if it has it twice.
    pub fn parts(&self) -> impl Iterator<Item = (Digest, u64)> {
        let mut parts = vec![(self.component, self.bytes)];
        let snapshot = self.snapshot.map(|snapshot| (snapshot.digest, snapshot.bytes));
        let files = self.packages().map(|package| (package.digest, package.bytes));
        for part in files.chain(snapshot) {
            if parts.iter().all(|(digest, _)| *digest != part.0) {
                parts.push(part);
            }
        }
        parts.into_iter()
    }

    /// The packages of files that it runs on.
    pub fn packages(&self) -> impl Iterator<Item = Package> + '_ {
        let own = self.package.into_iter().chain(self.added);
        own.chain(self.layers.iter().copied())
    }

    /// The digests of all that is kept for it.
    pub fn digests(&self) -> impl Iterator<Item = Digest> {
        self.parts().map(|(digest, _)| digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_without_a_package_is_written_and_read_as_it_always_was() {
        let digest = Digest::of(b"code");
        let text = format!(r#"{{"digest":"{digest}","code_bytes":4}}"#);
        let code: Code = serde_json::from_str(&text).unwrap();
        assert_eq!(code, Code::component(digest, 4));
        assert_eq!(serde_json::to_string(&code).unwrap(), text);
        let package = Some(Package { digest: Digest::of(b"files"), bytes: 5 });
        let both = Code { package, ..code.clone() };
        let again = serde_json::from_str(&serde_json::to_string(&both).unwrap()).unwrap();
        assert_eq!(both, again);
        assert_eq!(again.parts().count(), 2);
        let added = Some(Package { digest: Digest::of(b"byte code"), bytes: 6 });
        let all = Code { added, ..again };
        let again: Code = serde_json::from_str(&serde_json::to_string(&all).unwrap()).unwrap();
        assert_eq!(all, again);
        let module = Code { adapted_from: Some(AdaptedFrom::Preview1), ..code };
        let text = serde_json::to_string(&module).unwrap();
        assert!(text.contains(r#""adapted_from":"wasi_snapshot_preview1""#), "{text}");
        assert_eq!(serde_json::from_str::<Code>(&text).unwrap(), module);
        assert_eq!(again.parts().map(|(_, bytes)| bytes).sum::<u64>(), 15);
        // Of what it has twice there is one.
        let layer = Package { digest: Digest::of(b"layer"), bytes: 7 };
        let layers = vec![layer, again.package.unwrap(), layer];
        let layered = Code { layers, ..again };
        assert_eq!(layered.packages().count(), 5);
        assert_eq!(layered.parts().map(|(_, bytes)| bytes).sum::<u64>(), 22);
        let digest = Digest::of(b"memory");
        let snapshot = Some(Snapshot { digest, bytes: 8, component: layered.component });
        let frozen = Code { snapshot, ..layered };
        let again: Code = serde_json::from_str(&serde_json::to_string(&frozen).unwrap()).unwrap();
        assert_eq!(frozen, again);
        assert!(frozen.digests().any(|part| part == digest));
        assert_eq!(frozen.parts().map(|(_, bytes)| bytes).sum::<u64>(), 30);
    }
}
