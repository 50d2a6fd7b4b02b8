//! Names of artifacts in registries, as the OCI distribution specification has them.

use std::fmt;
use std::str::FromStr;

use lambent_types::Digest;
use url::Url;

use crate::error::FetchError;
use crate::http::is_loopback;

/// What references to artifacts begin with where they stand among URLs.
const SCHEME: &str = "oci://";
/// What a reference looks like, for errors.
const FORM: &str = "write oci://registry/repository:tag or oci://registry/repository@sha256:…";

/// An artifact in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The registry as it was written, with a port if it has one.
    pub(crate) registry: String,
    /// The repository in it.
    pub(crate) repository: String,
    /// Its tag, if one was given.
    tag: Option<String>,
    /// The digest of its manifest, if one was given.
    pub(crate) digest: Option<Digest>,
}

impl Reference {
    /// The registry as it was written, in lower case, with a port if it has one.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The last part of the repository.
    #[must_use]
    pub fn last(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or_default()
    }

    /// What the manifest is asked for by: the digest before the tag.
    pub(crate) fn manifest(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => format!("sha256:{digest}"),
            (None, tag) => tag.clone().unwrap_or_default(),
        }
    }

    /// The reference with the digest of the manifest that it stands for.
    pub(crate) fn pinned(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// The registry, the repository and the digest of the manifest, as images are written that never change.
    #[must_use]
    pub fn resolved(&self) -> String {
        let plain = Self { tag: None, ..self.clone() }.to_string();
        plain.strip_prefix(SCHEME).map_or(plain.clone(), str::to_owned)
    }

    /// The URL of the registry's API.
    pub(crate) fn base(&self) -> Result<Url, FetchError> {
        // The registry that Docker calls so answers at another name.
        let host =
            if self.registry == "docker.io" { "registry-1.docker.io" } else { &self.registry };
        let url = |scheme| {
            Url::parse(&format!("{scheme}://{host}/")).map_err(|error| {
                FetchError::new(format!("{:?} is no registry: {error}", self.registry))
            })
        };
        let plain = url("http")?;
        if is_loopback(&plain) { Ok(plain) } else { url("https") }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@sha256:{digest}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Reference {
    type Err = FetchError;

    /// Reads `registry/repository`, with a tag or a digest of the manifest or both.
    fn from_str(text: &str) -> Result<Self, FetchError> {
        let wrong = |why: &str| FetchError::new(format!("oci://{text} {why}; {FORM}"));
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => {
                let digits = digest.strip_prefix("sha256:");
                let digest = digits.and_then(|digits| digits.parse().ok());
                (name, Some(digest.ok_or_else(|| wrong("has no digest after the @"))?))
            }
            None => (text, None),
        };
        let (registry, path) = name.split_once('/').ok_or_else(|| wrong("has no repository"))?;
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) if is_tag(tag) => (repository, Some(tag.to_owned())),
            Some(_) => return Err(wrong("has no tag after the colon")),
            None => (path, None),
        };
        if !repository.split('/').all(is_part) {
            return Err(wrong("has a repository that cannot be: a-z 0-9 . _ - between slashes"));
        }
        if tag.is_none() && digest.is_none() {
            return Err(wrong("does not say which of the repository's artifacts"));
        }
        let reference = Self {
            registry: registry.to_lowercase(),
            repository: repository.to_owned(),
            tag,
            digest,
        };
        let base = reference.base()?;
        if base.path() != "/" || !base.username().is_empty() || base.query().is_some() {
            return Err(wrong("has no registry"));
        }
        Ok(reference)
    }
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=128).contains(&text.len())
        && text.starts_with(word)
        && text.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

fn is_part(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(plain)
        && text.ends_with(plain)
        && text.chars().all(|c| plain(c) || matches!(c, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn read(text: &str) -> Reference {
        text.parse().unwrap()
    }

    #[test]
    fn references_are_read_as_other_clients_read_them() {
        let tagged = read("ghcr.io/lambent-dev/python3.14:1.0");
        assert_eq!((tagged.registry.as_str(), tagged.last()), ("ghcr.io", "python3.14"));
        assert_eq!(tagged.manifest(), "1.0");
        assert_eq!(tagged.base().unwrap().as_str(), "https://ghcr.io/");
        let both = read(&format!("127.0.0.1:5000/a/b:t@sha256:{HEX}"));
        assert_eq!(both.manifest(), format!("sha256:{HEX}"));
        assert_eq!(both.base().unwrap().as_str(), "http://127.0.0.1:5000/");
        assert_eq!(both.to_string(), format!("oci://127.0.0.1:5000/a/b:t@sha256:{HEX}"));
        assert_eq!(read("[::1]:5000/a:t").base().unwrap().scheme(), "http");
        assert_eq!(
            read("docker.io/a/b:t").base().unwrap().host_str(),
            Some("registry-1.docker.io")
        );
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_form() {
        for wrong in [
            "",
            "ghcr.io",
            "ghcr.io/",
            "ghcr.io/a",
            "ghcr.io/A:1",
            "ghcr.io/a/../b:1",
            "ghcr.io/a:",
            "ghcr.io/a:b:c/d",
            "ghcr.io/a@sha256:1",
            "ghcr.io/a@md5:1",
            "/a:1",
            "u@ghcr.io/a:1",
            "gh cr/a:1",
            "ghcr.io/a:b?c",
            "u:p@ghcr.io/a:1",
            "ghcr.io:99999/a:1",
            "ghcr.io?/a:1",
        ] {
            let error = wrong.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains("regist"), "{wrong}: {error}");
        }
    }
}
