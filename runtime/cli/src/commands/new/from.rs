//! Templates from elsewhere: a folder, a zip, or a repository of git.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use ignore::WalkBuilder;
use lambent_package::{Blob as _, Builder, Format, Index, Limits, PackageError};

use super::project::Project;
use crate::commands::apply::MANIFEST;
use crate::error::CliError;
use crate::left::LEFT;

/// Reads the files of a template.
///
/// # Errors
/// Usage: there is none, or what is in the way. Failed: git failed, or a file cannot be read.
pub(super) fn read(source: &str) -> Result<Project, CliError> {
    let path = Path::new(source);
    if path.is_dir() {
        return folder(path);
    }
    if path.is_file() {
        return zip(path);
    }
    let (url, below) = source.split_once('#').unwrap_or((source, ""));
    let is_url = url.contains("://") || url.ends_with(".git") || url.contains('@');
    if !is_url && !Path::new(url).is_dir() {
        return Err(CliError::usage(format!("{source} is no folder, no zip and no URL"))
            .hint("give a folder, a zip, or a repository such as https://example.com/repository.git#folder"));
    }
    git(url, below)
}

/// The files of a folder.
fn folder(folder: &Path) -> Result<Project, CliError> {
    let limits = Limits::LAMBDA;
    let (mut files, mut bytes) = (Vec::new(), 0);
    let mut walk = WalkBuilder::new(folder);
    walk.standard_filters(false)
        .filter_entry(|entry| entry.depth() == 0 || !is_left(entry.file_name()));
    for entry in walk.build() {
        let entry = entry.map_err(|error| CliError::failed(format!("cannot read {error}")))?;
        let path = entry.path();
        let shown = path.display();
        let kind = entry.file_type();
        if kind.is_none_or(|kind| kind.is_dir()) {
            continue;
        }
        if !kind.is_some_and(|kind| kind.is_file()) {
            return Err(CliError::usage(format!(
                "{shown} is a link or no file; a template has files only"
            )));
        }
        let content = fs::read(path)
            .map_err(|error| CliError::failed(format!("cannot read {shown}: {error}")))?;
        bytes += content.len() as u64;
        if files.len() >= limits.entries || bytes > limits.unpacked_bytes {
            return Err(CliError::usage(format!(
                "{} is too large for a template",
                folder.display()
            ))
            .hint(format!("it may have {} files", limits.entries)));
        }
        files.push((path.strip_prefix(folder).unwrap_or(path).to_owned(), content));
    }
    Ok(Project { files })
}

fn is_left(name: &OsStr) -> bool {
    LEFT.iter().any(|left| name == *left)
}

/// The files of a zip, within the limits of a package: no paths outside of it, no links, no more
/// than can be unpacked.
fn zip(path: &Path) -> Result<Project, CliError> {
    let shown = path.display();
    let wrong = |error: PackageError| CliError::usage(format!("{shown} is no template: {error}"));
    let length = fs::metadata(path).map(|metadata| metadata.len());
    if length.is_ok_and(|length| length > Limits::LAMBDA.uploaded_bytes) {
        return Err(CliError::usage(format!("{shown} is too large for a template")));
    }
    let bytes = fs::read(path)
        .map_err(|error| CliError::failed(format!("cannot read {shown}: {error}")))?;
    if Format::of(&bytes).is_none() {
        return Err(CliError::usage(format!("{shown} is no zip")));
    }
    let mut files = unpack(&bytes).map_err(wrong)?;
    files.retain(|(path, _)| path.components().all(|part| !is_left(part.as_os_str())));
    Ok(Project { files: without_folder(files) })
}

fn unpack(bytes: &[u8]) -> Result<Vec<(PathBuf, Vec<u8>)>, PackageError> {
    let bytes = bytes.to_vec();
    let scratch = tempfile::tempfile().map_err(PackageError::Io)?;
    let mut builder = Builder::new(Limits::LAMBDA);
    builder.add_upload(&bytes, bytes.len() as u64, None, &scratch, 0)?;
    let mut canonical = Vec::new();
    let written = builder.write(&mut canonical)?;
    let index = Index::open(&canonical, written.package.bytes)?;
    let files = index.entries().iter().map(|entry| {
        let mut content = vec![0; usize::try_from(entry.size).unwrap_or_default()];
        canonical.read_at(&mut content, entry.offset).map_err(PackageError::Io)?;
        Ok((PathBuf::from(&entry.path), content))
    });
    files.collect()
}

/// The files without the one folder that all are in, as zips of repositories have it.
fn without_folder(files: Vec<(PathBuf, Vec<u8>)>) -> Vec<(PathBuf, Vec<u8>)> {
    let top = |path: &Path| path.components().next().map(|top| top.as_os_str().to_owned());
    let first = files.first().and_then(|(path, _)| top(path));
    let nested = files.iter().all(|(path, _)| top(path) == first && path.components().count() > 1);
    if !nested || files.iter().any(|(path, _)| path.as_os_str() == MANIFEST) {
        return files;
    }
    let below = |path: &Path| path.components().skip(1).collect();
    files.into_iter().map(|(path, content)| (below(&path), content)).collect()
}

/// The files of a folder in a repository.
fn git(url: &str, below: &str) -> Result<Project, CliError> {
    let inside = Path::new(below);
    if !inside.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(CliError::usage(format!("#{below} is no folder in the repository")));
    }
    let place = tempfile::tempdir()
        .map_err(|error| CliError::failed(format!("cannot make a temporary folder: {error}")))?;
    let clone = place.path().join("clone");
    let mut git = Command::new("git");
    git.args(["clone", "--quiet", "--depth", "1", "--", url]).arg(&clone);
    git.stdin(Stdio::inherit()).stdout(io::stderr());
    let status = git.status().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CliError::failed("git is missing, which fetches repositories")
            .hint("install it, or give a folder or a zip of the repository"),
        _ => CliError::failed(format!("cannot run git: {error}")),
    })?;
    if !status.success() {
        return Err(CliError::failed(format!("git cannot clone {url}; what it said is above")));
    }
    // A link in the repository must not lead out of it.
    let root = clone.canonicalize().unwrap_or(clone);
    let wanted = root.join(inside).canonicalize().ok().filter(|path| path.starts_with(&root));
    match wanted.filter(|path| path.is_dir()) {
        Some(path) => folder(&path),
        None => Err(CliError::usage(format!("{url} has no folder {below:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(project: &Project) -> Vec<String> {
        let mut paths: Vec<_> =
            project.files.iter().map(|(path, _)| path.display().to_string()).collect();
        paths.sort();
        paths
    }

    #[test]
    fn a_folder_is_taken_without_what_was_built() {
        let place = tempfile::tempdir().unwrap();
        for path in [
            "lambent.toml",
            "src/a",
            ".git/config",
            "target/x",
            "node_modules/y",
            ".gitignore",
            "lambent.env",
            "lambent.env.example",
        ] {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let source = place.path().display().to_string();
        assert_eq!(
            paths(&read(&source).unwrap()),
            [".gitignore", "lambent.env.example", "lambent.toml", "src/a"]
        );
        std::os::unix::fs::symlink("/etc/passwd", place.path().join("link")).unwrap();
        let error = read(&source).err().unwrap().to_string();
        assert!(error.contains("is a link"), "{error}");
    }

    #[test]
    fn a_zip_is_taken_without_its_one_folder() {
        let place = tempfile::tempdir().unwrap();
        let inner = place.path().join("in/repository-main");
        fs::create_dir_all(inner.join("src")).unwrap();
        fs::write(inner.join("a.toml"), "").unwrap();
        fs::write(inner.join("src/a"), "1").unwrap();
        fs::create_dir(inner.join("target")).unwrap();
        fs::write(inner.join("target/x"), "1").unwrap();
        let mut zip = Vec::new();
        lambent_package::pack(&place.path().join("in"), &mut zip, &Limits::LAMBDA).unwrap();
        let path = place.path().join("x.zip");
        fs::write(&path, &zip).unwrap();
        assert_eq!(paths(&read(path.to_str().unwrap()).unwrap()), ["a.toml", "src/a"]);
        fs::write(&path, "hello").unwrap();
        let error = read(path.to_str().unwrap()).err().unwrap().to_string();
        assert!(error.contains("is no zip"), "{error}");
    }

    #[test]
    fn a_zip_with_paths_outside_of_it_is_refused() {
        // A zip of one empty file, whose name is written over with another of its length.
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("in")).unwrap();
        fs::write(place.path().join("in/aa_bb"), "").unwrap();
        let mut zip = Vec::new();
        lambent_package::pack(&place.path().join("in"), &mut zip, &Limits::LAMBDA).unwrap();
        let path = place.path().join("x.zip");
        for name in [b"../evil", b"/etc/ab", b"a\0b/cde"] {
            let mut zip = zip.clone();
            while let Some(at) = zip.windows(5).position(|window| window == b"aa_bb") {
                zip.splice(at..at + 5, name[..5].iter().copied());
            }
            fs::write(&path, &zip).unwrap();
            let error = read(path.to_str().unwrap()).err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|error| error.contains("no template")), "{error:?}");
        }
    }

    #[test]
    fn a_repository_is_cloned_and_a_folder_of_it_taken() {
        let place = tempfile::tempdir().unwrap();
        let repository = place.path().join("r.git");
        fs::create_dir_all(repository.join("sub")).unwrap();
        fs::write(repository.join("sub/lambent.toml"), "").unwrap();
        let run = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(arguments);
            git.current_dir(&repository).stdout(Stdio::null()).status()
        };
        if run(&["init", "--quiet"]).is_err() {
            println!("skipped: git does not run here");
            return;
        }
        run(&["add", "."]).unwrap();
        run(&["commit", "--quiet", "-m", "x"]).unwrap();
        let url = format!("file://{}", repository.display());
        assert_eq!(paths(&read(&format!("{url}#sub")).unwrap()), ["lambent.toml"]);
        for (below, told) in [("none", "has no folder"), ("../..", "is no folder in")] {
            let error = read(&format!("{url}#{below}")).err().unwrap().to_string();
            assert!(error.contains(told), "{error}");
        }
        let error = read("https://127.0.0.1:1/x.git").err().unwrap().to_string();
        assert!(error.contains("cannot clone"), "{error}");
    }

    #[test]
    fn what_is_nothing_is_told_what_there_could_be() {
        let error = read("no/such/folder").err().unwrap().to_string();
        assert!(error.contains("no folder, no zip and no URL"), "{error}");
    }
}
