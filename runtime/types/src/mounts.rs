//! Which volumes a function has, and where.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::grants::Access;
use crate::limits::bounds;
use crate::volume::VolumeName;

/// What all paths of volumes begin with.
const ROOT: &str = "/mnt/";

/// A volume that a function has at a path, and by which it is granted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// The volume, of the function's own namespace.
    #[schema(value_type = String)]
    pub volume: VolumeName,
    /// Where its files are: a path below `/mnt/`, such as `/mnt/data`.
    pub path: String,
    /// `read` or `read-write`.
    #[serde(default = "read_write")]
    pub access: Access,
}

const fn read_write() -> Access {
    Access::ReadWrite
}

impl Mount {
    /// What is wrong with it, if anything is.
    fn fault(&self) -> Option<String> {
        let Self { volume, path, access } = self;
        let shown: String = path.chars().take(bounds::MOUNT_PATH_CHARS_MAX).collect();
        let told = |what: String| Some(format!("mount of volume \"{volume}\": {what}"));
        if *access == Access::Write {
            return told("access is write; give read or read-write".into());
        }
        let Some(rest) = path.strip_prefix(ROOT).filter(|rest| !rest.is_empty()) else {
            return told(format!("path {shown:?} is not below /mnt/; give one such as /mnt/data"));
        };
        if path.len() > bounds::MOUNT_PATH_CHARS_MAX {
            let (chars, most) = (path.chars().count(), bounds::MOUNT_PATH_CHARS_MAX);
            return told(format!("path {shown:?}… has {chars} characters; the most is {most}"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_name = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(allowed);
        if rest.split('/').all(is_name) {
            return None;
        }
        told(format!(
            "path {shown:?} needs names of A-Z a-z 0-9 - _ . with one / between them, and no \
             . or .. for a name"
        ))
    }
}

/// As it is given on a command line: `data:/mnt/data`, or `data:/mnt/data:read`.
impl FromStr for Mount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shown: String = text.chars().take(80).collect();
        let mut parts = text.splitn(3, ':');
        let (volume, path, access) = (parts.next(), parts.next(), parts.next());
        let volume = volume.unwrap_or_default().parse();
        let volume = volume.map_err(|error| format!("{shown:?} names no volume: {error}"))?;
        let path = path.ok_or_else(|| format!("{shown:?} has no path, as in data:/mnt/data"))?;
        let access = match access {
            None | Some("read-write") => Access::ReadWrite,
            Some("read") => Access::Read,
            Some(_) => return Err(format!("{shown:?} ends neither in :read nor in :read-write")),
        };
        Ok(Self { volume, path: path.to_owned(), access })
    }
}

impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.volume, self.path, self.access.as_str())
    }
}

/// The volumes of a function.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Mounts(pub Vec<Mount>);

impl Mounts {
    /// What a function with these may do with the files of a volume.
    #[must_use]
    pub fn granted(&self, volume: &VolumeName) -> Option<Access> {
        let key = volume.key();
        self.0.iter().find(|mount| mount.volume.key() == key).map(|mount| mount.access)
    }

    /// What is wrong with them, if anything is: too many, a path that is none, paths one in the
    /// other, or a volume twice.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        if self.0.len() > bounds::MOUNTS_MAX {
            let (count, most) = (self.0.len(), bounds::MOUNTS_MAX);
            return Some(format!("there are {count} mounts; the most is {most}"));
        }
        if let Some(fault) = self.0.iter().find_map(Mount::fault) {
            return Some(fault);
        }
        let mut before = self.0.iter().enumerate().map(|(at, mount)| (mount, &self.0[..at]));
        before.find_map(|(mount, others)| others.iter().find_map(|other| clash(other, mount)))
    }
}

/// Why two mounts cannot be together.
fn clash(one: &Mount, other: &Mount) -> Option<String> {
    if one.volume.key() == other.volume.key() {
        return Some(format!("volume \"{}\" is mounted twice; mount it once", other.volume));
    }
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    (within(&one.path, &other.path) || within(&other.path, &one.path)).then(|| {
        format!(
            "volumes \"{}\" and \"{}\" are mounted at {} and {}; no mount may be at or in another",
            one.volume, other.volume, one.path, other.path
        )
    })
}

impl FromStr for Mounts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let mounts = Self(parts.map(str::parse).collect::<Result<_, _>>()?);
        mounts.fault().map_or(Ok(mounts), Err)
    }
}

impl fmt::Display for Mounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mount) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{mount}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_as_they_are_shown() {
        let mounts: Mounts = "data:/mnt/data, models:/mnt/a/b.c:read".parse().unwrap();
        assert_eq!(mounts.to_string(), "data:/mnt/data:read-write,models:/mnt/a/b.c:read");
        assert_eq!(mounts.to_string().parse(), Ok(mounts.clone()));
        let json = r#"[{"volume":"data","path":"/mnt/data"},
                       {"volume":"models","path":"/mnt/a/b.c","access":"read"}]"#;
        assert_eq!(serde_json::from_str::<Mounts>(json).unwrap(), mounts);
        assert_eq!(mounts.granted(&"Models".parse().unwrap()), Some(Access::Read));
        assert_eq!(mounts.granted(&"other".parse().unwrap()), None);
        assert_eq!("".parse(), Ok(Mounts::default()));
    }

    #[test]
    fn what_is_wrong_with_mounts_is_said() {
        let long = format!("a:/mnt/{}", "x".repeat(200));
        for (text, told) in [
            ("a", "has no path, as in data:/mnt/data"),
            ("a b:/mnt/a", "volume name has the character ' '"),
            ("a:/mnt/a:write", "ends neither in :read nor in :read-write"),
            ("a:/tmp/a", "mount of volume \"a\": path \"/tmp/a\" is not below /mnt/"),
            ("a:/mnt/", "is not below /mnt/"),
            ("a:mnt/a", "is not below /mnt/"),
            ("a:/mnt/../etc", "no . or .. for a name"),
            ("a:/mnt/a//b", "with one / between them"),
            ("a:/mnt/a/", "with one / between them"),
            ("a:/mnt/é", "needs names of A-Z"),
            (&long, "has 205 characters; the most is 160"),
            ("a:/mnt/a,b:/mnt/a", "mounted at /mnt/a and /mnt/a; no mount may be at or in"),
            ("a:/mnt/a/b,b:/mnt/a", "mounted at /mnt/a/b and /mnt/a"),
            ("a:/mnt/a,A:/mnt/b", "volume \"A\" is mounted twice"),
            ("a:/mnt/a,b:/mnt/b,c:/mnt/c,d:/mnt/d,e:/mnt/e,f:/mnt/f", "there are 6 mounts"),
        ] {
            let error = text.parse::<Mounts>().unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        "a:/mnt/a,b:/mnt/ab".parse::<Mounts>().unwrap();
        let json = r#"[{"volume":"a","path":"/mnt/a","access":"write"}]"#;
        let fault = serde_json::from_str::<Mounts>(json).unwrap().fault().unwrap();
        assert!(fault.ends_with("access is write; give read or read-write"), "{fault}");
    }
}
