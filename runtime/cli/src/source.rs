//! Where a component is installed from: a file, a URL, or a registry of OCI artifacts. What is
//! not a file is fetched here and not by the server, which would reach for whoever asks it to
//! what they cannot reach themselves.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use lambent_fetch::{Http, Patience, Reference, is_loopback, pull, shown};
use lambent_types::bounds::CODE_BYTES_MAX;
use lambent_types::{Digest, RuntimeName};
use url::Url;

use crate::code;
use crate::error::CliError;
use crate::global::Global;
use crate::progress::Progress;

/// How long a server may take: 250 MiB at 150 KiB a second.
const PATIENCE: Patience =
    Patience { stalled: Duration::from_secs(30), whole: Duration::from_secs(30 * 60) };
/// What a digest looks like, for errors.
const DIGEST: &str = "sha256:… with 64 hexadecimal digits";

/// Where a component is installed from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A file, or standard input for `-`.
    File(PathBuf),
    /// A file on a web server, with the digest that it has to have.
    Url(Url, Digest),
    /// An artifact in a registry, with the digest that its component has to have, if one was
    /// given.
    Registry(Reference, Option<Digest>),
}

/// A component that was fetched.
pub(crate) struct Fetched {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Where it came from, in a form that is the same for everyone; none of a file.
    pub(crate) from: Option<String>,
}

impl Source {
    /// Reads what the command line says: the source, and a digest beside it.
    ///
    /// # Errors
    /// Usage: it is of an unknown scheme, without a digest where there has to be one, or
    /// written wrongly.
    pub(crate) fn parse(text: &OsStr, digest: Option<Digest>) -> Result<Self, CliError> {
        let Some((scheme, rest)) = text.to_str().and_then(|text| text.split_once("://")) else {
            return match digest {
                None => Ok(Self::File(text.into())),
                Some(_) => Err(CliError::usage(
                    "--digest is for what is fetched; a file is on this machine already",
                )
                .hint("compare it first: sha256sum --check SHA256SUMS --ignore-missing")),
            };
        };
        match scheme {
            "https" | "http" => web(&format!("{scheme}://{rest}"), digest),
            "oci" => {
                let (rest, fragment) = match rest.split_once('#') {
                    Some((rest, fragment)) => (rest, Some(fragment)),
                    None => (rest, None),
                };
                let digest = wanted(fragment, digest)?;
                let reference = rest.parse::<Reference>();
                let reference = reference.map_err(|error| CliError::from(error).into_usage())?;
                Ok(Self::Registry(reference, digest))
            }
            _ => Err(CliError::usage(format!("nothing is fetched from {scheme}://"))
                .hint("give a file, https://… with #sha256=…, or oci://registry/repository:tag")),
        }
    }

    /// The name that its last part has, if that is one of a runtime.
    pub(crate) fn name(&self) -> Option<RuntimeName> {
        let last = match self {
            Self::File(path) => path.file_name()?.to_str()?.to_owned(),
            Self::Url(url, _) => url.path_segments()?.next_back()?.to_owned(),
            Self::Registry(reference, _) => reference.last().to_owned(),
        };
        last.strip_suffix(".wasm").unwrap_or(&last).parse().ok()
    }

    /// Fetches the component.
    ///
    /// # Errors
    /// Usage: the file is missing or no component. Failed: it did not come, is too large, or is
    /// another than was asked for.
    pub(crate) fn fetch(&self, global: &Global) -> Result<Fetched, CliError> {
        let (bytes, from) = match self {
            Self::File(path) => {
                return Ok(Fetched { bytes: code::read_component(path)?, from: None });
            }
            Self::Url(url, digest) => {
                let progress = bar(global);
                let bytes = http(global)?.fetch(url, CODE_BYTES_MAX, &progress)?;
                check(&bytes, *digest, &shown(url))?;
                (bytes, shown(url))
            }
            Self::Registry(reference, digest) => {
                let progress = bar(global);
                let pulled = pull(&http(global)?, reference, &progress)?;
                if let Some(digest) = digest {
                    check(&pulled.bytes, *digest, &reference.to_string())?;
                }
                (pulled.bytes, pulled.from.to_string())
            }
        };
        code::check_component(&from, &bytes).map_err(CliError::into_failed)?;
        Ok(Fetched { bytes, from: Some(from) })
    }
}

/// A client that trusts the public authorities, or those of `--ca` in their place.
fn http(global: &Global) -> Result<Http, CliError> {
    let authorities = global.authorities()?;
    Http::new(PATIENCE, authorities.as_ref()).map_err(|error| CliError::from(error).into_usage())
}

/// What shows how far a download is.
fn bar(global: &Global) -> Progress {
    if global.json { Progress::hidden() } else { Progress::unknown("downloading") }
}

/// A file on a web server.
fn web(text: &str, digest: Option<Digest>) -> Result<Source, CliError> {
    let url = Url::parse(text)
        .map_err(|error| CliError::usage(format!("{text:?} is no URL: {error}")))?;
    let shown = lambent_fetch::shown(&url);
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CliError::usage(
            "a URL with a user and password is not taken: others see it in the list of processes",
        )
        .hint("download it by other means, and install the file"));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(CliError::usage(format!("{shown} is not encrypted; give https://"))
            .hint("http:// is for servers on this machine only"));
    }
    match wanted(url.fragment(), digest)? {
        Some(digest) => Ok(Source::Url(url, digest)),
        None => Err(CliError::usage(format!(
            "{shown} is without a digest, and a server may give out something else tomorrow"
        ))
        .hint(format!(
            "say what it must be: {shown}#sha256=…, or --digest sha256:…\n\
             a release lists the digests in its SHA256SUMS"
        ))),
    }
}

/// The digest of a fragment or of an option; of both, if they agree.
fn wanted(fragment: Option<&str>, option: Option<Digest>) -> Result<Option<Digest>, CliError> {
    let Some(fragment) = fragment else { return Ok(option) };
    let digest = fragment.strip_prefix("sha256=").and_then(|digits| digits.parse().ok());
    let Some(digest) = digest else {
        return Err(CliError::usage(format!("#{fragment} is no digest"))
            .hint("write #sha256=… with 64 hexadecimal digits"));
    };
    match option {
        Some(other) if other != digest => {
            Err(CliError::usage("--digest and the digest after # are not the same"))
        }
        _ => Ok(Some(digest)),
    }
}

/// Reads `sha256:…`, for the command line.
pub(crate) fn parse_digest(text: &str) -> Result<Digest, String> {
    let digits = text.strip_prefix("sha256:").ok_or(format!("write {DIGEST}"))?;
    digits.parse().map_err(|_| format!("write {DIGEST}"))
}

fn check(bytes: &[u8], wanted: Digest, from: &str) -> Result<(), CliError> {
    let came = Digest::of(bytes);
    if came == wanted {
        return Ok(());
    }
    Err(CliError::failed(format!(
        "what came from {from} is not what was asked for, and is not installed\n\
         asked for sha256:{wanted}\n\
         came      sha256:{came}"
    ))
    .hint("compare with what the publisher says; the file may be of another version, or tampered with"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn parse(text: &str) -> Result<Source, String> {
        Source::parse(OsStr::new(text), None).map_err(|error| error.to_string())
    }

    #[test]
    fn a_source_says_by_its_scheme_what_it_is() {
        assert!(matches!(parse("python3.14.wasm"), Ok(Source::File(_))));
        assert!(matches!(parse("-"), Ok(Source::File(_))));
        let url = format!("https://example.com/v1/python3.14.wasm#sha256={HEX}");
        let source = parse(&url).unwrap();
        assert!(matches!(source, Source::Url(..)));
        assert_eq!(source.name().unwrap().as_str(), "python3.14");
        let source = parse("oci://ghcr.io/lambent-dev/js:1.0").unwrap();
        assert_eq!(source.name().unwrap().as_str(), "js");
        assert!(parse("oci://127.0.0.1:5000/js@sha256:00").is_err());
        assert!(parse(&format!("http://127.0.0.1:80/js.wasm#sha256={HEX}")).is_ok());
        assert!(parse("dir/Python.wasm").unwrap().name().is_none());
    }

    #[test]
    fn what_is_wrong_with_a_source_is_said_with_the_remedy() {
        for (text, told) in [
            ("ftp://example.com/x.wasm".to_owned(), "nothing is fetched from ftp://"),
            ("https://example.com/x.wasm?token=secret".into(), "#sha256=…, or --digest"),
            ("https://example.com/x.wasm#sha256=12".into(), "64 hexadecimal digits"),
            (format!("https://example.com/x.wasm#md5={HEX}"), "#sha256=…"),
            (format!("http://example.com/x.wasm#sha256={HEX}"), "is not encrypted"),
            (format!("http://localhost.example.com/x#sha256={HEX}"), "is not encrypted"),
            (format!("https://a:b@example.com/x.wasm#sha256={HEX}"), "list of processes"),
            ("https://".into(), "is no URL"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn two_digests_have_to_agree() {
        let other = Digest::of(b"other");
        let text = format!("oci://ghcr.io/a/js:1#sha256={HEX}");
        assert!(Source::parse(OsStr::new(&text), Some(other)).is_err());
        assert!(Source::parse(OsStr::new(&text), HEX.parse().ok()).is_ok());
        assert!(Source::parse(OsStr::new("x.wasm"), Some(other)).is_err());
        assert_eq!(parse_digest(&format!("sha256:{HEX}")).unwrap(), HEX.parse().unwrap());
        assert!(parse_digest(HEX).is_err());
    }
}
