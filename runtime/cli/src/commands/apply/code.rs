//! What a function in a `lambent.toml` is made of, and how that comes to be.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// Where the code of a function is, relative to the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Code {
    /// A component or a package that is there.
    File(PathBuf),
    /// A folder with the source of the function.
    Source(Source),
}

impl Code {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Source(source) => &source.folder,
        }
    }
}

/// A folder with the source of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) folder: PathBuf,
    /// Which of several functions.
    pub(super) function: Option<String>,
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Forms)
    }
}

struct Forms;

impl<'de> Visitor<'de> for Forms {
    type Value = Source;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a folder in quotes, or { folder = \".\", function = \"./cmd/orders\" }")
    }

    fn visit_str<E: Error>(self, folder: &str) -> Result<Source, E> {
        Ok(Source { folder: folder.into(), function: None })
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Source, M::Error> {
        let (mut folder, mut function) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "folder" => folder = Some(map.next_value()?),
                "function" => function = Some(map.next_value()?),
                _ => return Err(M::Error::unknown_field(&key, &["folder", "function"])),
            }
        }
        let folder = folder.ok_or_else(|| M::Error::missing_field("folder"))?;
        Ok(Source { folder, function })
    }
}
