//! The files of a site, from a folder into a bucket.
//!
//! What a folder holds is written under a prefix that follows from it, `<site>/<digest>/`. So a
//! site changes from all of the old files to all of the new at once, when its route names the
//! new prefix.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use lambent_api::client::{Client, PutObject, found};
use lambent_api::kinds;
use lambent_api::{ListObjects, ObjectView, Objects};
use lambent_package::Limits;
use lambent_types::{BucketName, Digest, RouteTarget, Site, SiteName};

use crate::error::CliError;
use crate::media_type;
use crate::progress::Progress;
use crate::uploading::{Show, upload};

/// Hexadecimal digits in a prefix.
const DIGITS: usize = 16;

/// Files that are written at once. Each waits for the disk, and the node syncs those together that
/// come together.
const AT_ONCE: usize = 8;

/// How much older than the newest file of a site those are that are deleted. Younger ones may be of
/// whoever puts the same site just now, and has not come to name them.
const OLD: Duration = Duration::from_secs(15 * 60);

/// A folder that is given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    /// The bucket that its files are put into.
    pub(crate) bucket: BucketName,
    /// What their keys begin with there.
    pub(crate) prefix: String,
    files: Vec<SiteFile>,
}

/// A file as it was when its folder was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SiteFile {
    /// Its path in the folder.
    name: String,
    from: PathBuf,
    bytes: u64,
    digest: Digest,
}

/// The bucket for the files of a site that names none; none if that cannot be a bucket's name.
pub(crate) fn bucket_of(site: &SiteName) -> Option<BucketName> {
    format!("site-{}", site.key().replace('_', "-")).parse().ok()
}

impl Folder {
    /// Looks at the files of a folder.
    ///
    /// # Errors
    /// Says what cannot be read, or cannot be given out.
    pub(crate) fn read(site: &SiteName, path: &Path, bucket: BucketName) -> Result<Self, String> {
        let shown = path.display();
        let found = lambent_package::files(path, &Limits::default());
        let found = found.map_err(|error| format!("{shown}: {error}"))?;
        if found.is_empty() {
            return Err(format!("{shown} has no files"));
        }
        let read = |(name, from): (String, PathBuf)| {
            let mut file = File::open(&from)?;
            let (bytes, digest) = (file.metadata()?.len(), Digest::of_reader(&mut file)?);
            Ok(SiteFile { name, from, bytes, digest })
        };
        let files: Vec<_> = found
            .into_iter()
            .map(|file| read(file.clone()).map_err(|error| (file.1, error)))
            .collect::<Result<_, (PathBuf, std::io::Error)>>()
            .map_err(|(from, error)| format!("{}: {error}", from.display()))?;
        let list: String =
            files.iter().map(|file| format!("{} {}\n", file.digest, file.name)).collect();
        let digest = Digest::of(list.as_bytes()).to_string();
        let prefix = format!("{}/{}/", site.key(), &digest[..DIGITS]);
        Ok(Self { bucket, prefix, files })
    }

    /// The files that are not in the bucket.
    fn missing(&self, client: &Client) -> Result<Vec<&SiteFile>, CliError> {
        let below = ListObjects { prefix: Some(self.prefix.clone()), ..ListObjects::default() };
        let there = pages(client, &self.bucket, below, |page| page.objects)?.into_iter();
        let there: BTreeMap<_, _> = there.map(|object| (object.key, object.size)).collect();
        let is_there = |file: &&SiteFile| there.get(&self.key(file)) == Some(&file.bytes);
        Ok(self.files.iter().filter(|file| !is_there(file)).collect())
    }

    /// How many of the files are not in the bucket.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn count_missing(&self, client: &Client) -> Result<usize, CliError> {
        Ok(self.missing(client)?.len())
    }

    fn key(&self, file: &SiteFile) -> String {
        format!("{}{}", self.prefix, file.name)
    }

    /// Writes the files that are not in the bucket.
    ///
    /// # Errors
    /// One cannot be read or written, or is another than when the folder was read.
    pub(crate) fn upload(&self, client: &Client) -> Result<(), CliError> {
        let files = self.missing(client)?;
        let progress = Progress::count_of(files.len() as u64, "files");
        let next = AtomicUsize::new(0);
        let work = || -> Result<(), CliError> {
            while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.write(client, file).inspect_err(|_| {
                    // The others need not go on.
                    next.store(files.len(), Ordering::Relaxed);
                })?;
                progress.advance(1);
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
            let ended = threads.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|_| Err(CliError::failed("writing the files failed")))
            });
            // Waits for all of them, whatever the first says.
            ended.collect::<Vec<_>>().into_iter().collect()
        })
    }

    fn write(&self, client: &Client, file: &SiteFile) -> Result<(), CliError> {
        let SiteFile { name, from, digest, .. } = file;
        let attached = PutObject { content_type: media_type::of(name), ..PutObject::default() };
        upload(client, &self.bucket, &self.key(file), from, &attached, Show::Nothing)?;
        let now = File::open(from).and_then(|mut file| Digest::of_reader(&mut file));
        if now.is_ok_and(|now| now == *digest) {
            return Ok(());
        }
        // What was written is not what the prefix says.
        client.delete_object(&self.bucket, &self.key(file))?;
        Err(CliError::failed(format!("{} was changed while it was written", from.display()))
            .hint("repeat it"))
    }
}

/// Deletes what was written for a site, but for what it names now or did before it was put: pages
/// that are open still ask for that. What is young stays, too.
///
/// # Errors
/// The server's problem, or no answer.
pub(crate) fn clean(
    client: &Client,
    name: &SiteName,
    before: Option<Site>,
) -> Result<(), CliError> {
    let now = found(client.describe::<kinds::Site>(name))?.map(|answer| answer.value());
    let now = now.transpose()?.map(|view| view.site);
    let sites: Vec<_> = now.into_iter().chain(before).collect();
    let named: BTreeSet<_> = sites.iter().flat_map(|site| written(name, site)).collect();
    let buckets: BTreeSet<_> = named.iter().map(|(bucket, _)| *bucket).collect();
    for bucket in buckets {
        let all = all_written(client, name, bucket)?;
        let newest = all.values().flatten().map(|object| object.modified).max();
        for (prefix, objects) in &all {
            let age =
                |object: &ObjectView| newest.map(|newest| newest.duration_since(object.modified));
            let is_old = objects.iter().filter_map(age).all(|age| age.unsigned_abs() > OLD);
            if is_old && !named.contains(&(bucket, prefix.as_str())) {
                delete(client, bucket, objects)?;
            }
        }
    }
    Ok(())
}

/// Deletes all that was written for a site that is deleted.
///
/// # Errors
/// The server's problem, or no answer.
pub(crate) fn delete_all(client: &Client, name: &SiteName, site: &Site) -> Result<(), CliError> {
    let buckets: BTreeSet<_> = written(name, site).map(|(bucket, _)| bucket).collect();
    for bucket in buckets {
        for objects in all_written(client, name, bucket)?.values() {
            delete(client, bucket, objects)?;
        }
    }
    Ok(())
}

/// The buckets and prefixes that a site names and that folders were written to.
fn written<'s>(name: &SiteName, site: &'s Site) -> impl Iterator<Item = (&'s BucketName, &'s str)> {
    let below = format!("{}/", name.key());
    site.routes.values().filter_map(move |target| match target {
        RouteTarget::Files { bucket, prefix, .. } if is_of_folder(prefix, &below) => {
            Some((bucket, prefix.as_str()))
        }
        _ => None,
    })
}

/// What was written for a site into a bucket, by prefix.
fn all_written(
    client: &Client,
    name: &SiteName,
    bucket: &BucketName,
) -> Result<BTreeMap<String, Vec<ObjectView>>, CliError> {
    let below = format!("{}/", name.key());
    let delimiter = Some("/".into());
    let prefixes = ListObjects { prefix: Some(below.clone()), delimiter, ..ListObjects::default() };
    let mut all = BTreeMap::new();
    for prefix in pages(client, bucket, prefixes, |page| page.common_prefixes)? {
        if is_of_folder(&prefix, &below) {
            let list = ListObjects { prefix: Some(prefix.clone()), ..ListObjects::default() };
            all.insert(prefix, pages(client, bucket, list, |page| page.objects)?);
        }
    }
    Ok(all)
}

/// Whether a prefix is one that a folder was written under: what else is in the bucket is not ours.
fn is_of_folder(prefix: &str, below: &str) -> bool {
    let digits = prefix.strip_prefix(below).and_then(|rest| rest.strip_suffix('/'));
    digits.is_some_and(|digits| {
        let is_digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        digits.len() == DIGITS && digits.bytes().all(is_digit)
    })
}

fn delete(client: &Client, bucket: &BucketName, objects: &[ObjectView]) -> Result<(), CliError> {
    for object in objects {
        found(client.delete_object(bucket, &object.key))?;
    }
    Ok(())
}

/// What there is on all pages of a listing; nothing if there is no bucket.
fn pages<T>(
    client: &Client,
    bucket: &BucketName,
    mut list: ListObjects,
    of: impl Fn(Objects) -> Vec<T>,
) -> Result<Vec<T>, CliError> {
    let mut all = Vec::new();
    while let Some(page) = found(client.list_objects(bucket, &list))? {
        let page = page.value()?;
        list.after.clone_from(&page.next);
        all.extend(of(page));
        if list.after.is_none() {
            break;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_follows_from_the_site_and_names_and_bytes() {
        let prefix = |site: &str, files: &[(&str, &str)]| {
            let folder = tempfile::tempdir().unwrap();
            for (name, bytes) in files {
                let path = folder.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
            let bucket = "site-x".parse().unwrap();
            Folder::read(&site.parse().unwrap(), folder.path(), bucket).map(|folder| folder.prefix)
        };
        let one = prefix("X", &[("a", "1"), ("b/c", "2")]).unwrap();
        assert!(is_of_folder(&one, "x/"), "{one}");
        assert_eq!(prefix("x", &[("b/c", "2"), ("a", "1"), (".git/x", "3")]).unwrap(), one);
        for other in [[("a", "1"), ("b/d", "2")], [("a", "1"), ("b/c", "3")]] {
            assert_ne!(prefix("x", &other).unwrap(), one);
        }
        assert!(prefix("x", &[]).unwrap_err().contains("has no files"));
    }

    #[test]
    fn what_somebody_else_put_there_is_no_folder() {
        for other in [
            "x/photos/",
            "x/0123456789abcde/",
            "x/0123456789abcdeF/",
            "x/0123456789abcdef",
            "y/0123456789abcdef/",
            "",
        ] {
            assert!(!is_of_folder(other, "x/"), "{other}");
        }
    }

    #[test]
    fn a_site_has_a_bucket_by_its_name() {
        let bucket =
            |name: &str| bucket_of(&name.parse().unwrap()).map(|bucket| bucket.to_string());
        assert_eq!(bucket("My_Shop").as_deref(), Some("site-my-shop"));
        assert_eq!(bucket("trailing_"), None);
    }
}
