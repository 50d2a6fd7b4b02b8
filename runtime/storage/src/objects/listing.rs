use std::collections::VecDeque;

use lambent_types::VersionId;

use super::{ListObjects, ListVersions, ListedVersion, Object, ObjectPage, VersionPage};

/// Entries read at once where many of them may share a prefix.
const SKIM: usize = 8;

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Only keys whose bytes are not below these.
    pub key: Vec<u8>,
    /// Of exactly this key, only what has a lower sequence number.
    pub below: Option<u64>,
}

impl Cursor {
    /// The first entry of keys that are not below these bytes.
    fn at(key: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into(), below: None }
    }

    /// The first entry of the keys after this one.
    fn after(key: &str) -> Self {
        let mut bytes = Vec::from(key.as_bytes());
        bytes.push(0);
        Self::at(bytes)
    }

    /// The first entry after everything that begins with `prefix`.
    fn beyond(prefix: &str) -> Self {
        let mut bytes = Vec::from(prefix.as_bytes());
        // No byte of UTF-8 is 255.
        if let Some(last) = bytes.last_mut() {
            *last += 1;
        }
        Self::at(bytes)
    }

    /// Whether an entry of this key and number comes at it, or after it.
    pub fn reaches(&self, key: &str, sequence: u64) -> bool {
        match key.as_bytes().cmp(&self.key) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => self.below.is_none_or(|below| sequence < below),
            std::cmp::Ordering::Greater => true,
        }
    }
}

/// What lists are made of.
trait Entry {
    fn key(&self) -> &str;
    /// Where the list goes on after it.
    fn following(&self) -> Cursor;
}

impl Entry for Object {
    fn key(&self) -> &str {
        &self.key
    }

    fn following(&self) -> Cursor {
        Cursor::after(&self.key)
    }
}

impl Entry for ListedVersion {
    fn key(&self) -> &str {
        self.version.key()
    }

    fn following(&self) -> Cursor {
        Cursor { below: Some(self.version.sequence()), ..Cursor::at(self.key()) }
    }
}

/// What is asked of a list.
struct Asked<'l> {
    prefix: &'l str,
    delimiter: Option<&'l str>,
    after: Option<&'l str>,
    limit: usize,
    /// Where to begin, if not with the first key that has the prefix.
    start: Option<Cursor>,
}

struct Filled<T> {
    entries: Vec<T>,
    common_prefixes: Vec<String>,
    /// The key or the prefix that came last, if there are more.
    next: Option<String>,
}

/// Builds a page from `fetch`, which reads at most so many objects from the cursor on, ascending.
/// What a common prefix stands for is skipped and not read.
pub fn page<E>(
    list: &ListObjects,
    fetch: impl FnMut(&Cursor, usize) -> Result<Vec<Object>, E>,
) -> Result<ObjectPage, E> {
    let after = list.after.as_deref();
    let asked = Asked {
        prefix: &list.prefix,
        delimiter: list.delimiter.as_deref(),
        after,
        limit: list.limit,
        start: after.map(Cursor::after),
    };
    let Filled { entries, common_prefixes, next } = fill(asked, fetch)?;
    Ok(ObjectPage { objects: entries, common_prefixes, next })
}

/// Builds a page of versions. `below` is the number of the version that the list goes on after, if
/// it is still there.
pub fn version_page<E>(
    list: &ListVersions,
    below: Option<u64>,
    fetch: impl FnMut(&Cursor, usize) -> Result<Vec<ListedVersion>, E>,
) -> Result<VersionPage, E> {
    let after = list.after.as_deref();
    let start = after.map(|after| match list.after_version {
        None => Cursor::after(after),
        Some(_) => Cursor { below, ..Cursor::at(after) },
    });
    let asked = Asked {
        prefix: &list.prefix,
        delimiter: list.delimiter.as_deref(),
        after,
        limit: list.limit,
        start,
    };
    let Filled { entries, common_prefixes, next } = fill(asked, fetch)?;
    let next = next.map(|key| {
        let last = entries.last().filter(|last| last.key() == key);
        let version = last.map(|last| last.version.id().unwrap_or(VersionId::Null));
        (key, version)
    });
    Ok(VersionPage { versions: entries, common_prefixes, next })
}

fn fill<T: Entry, E>(
    asked: Asked<'_>,
    mut fetch: impl FnMut(&Cursor, usize) -> Result<Vec<T>, E>,
) -> Result<Filled<T>, E> {
    let Asked { prefix, delimiter, after, limit, start } = asked;
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty());
    let mut filled = Filled { entries: Vec::new(), common_prefixes: Vec::new(), next: None };
    let mut last: Option<String> = None;
    let mut from = start.filter(|_| after >= Some(prefix)).unwrap_or_else(|| Cursor::at(prefix));
    let mut batch = if delimiter.is_some() { SKIM } else { limit + 1 };
    let mut buffer = VecDeque::new();
    let mut exhausted = false;
    loop {
        if buffer.is_empty() && !exhausted {
            let fetched = fetch(&from, batch)?;
            exhausted = fetched.len() < batch;
            buffer = VecDeque::from(fetched);
            batch = (batch * 2).min(limit + 1).max(SKIM);
        }
        let Some(entry): Option<T> = buffer.pop_front() else { break };
        let Some(rest) = entry.key().strip_prefix(prefix) else { break };
        let end = delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
        let common = end.map(|end| entry.key()[..prefix.len() + end].to_owned());
        from = common.as_deref().map_or_else(|| entry.following(), Cursor::beyond);
        // Continuing after a prefix, or inside of one, is continuing after it all.
        if common.is_none() || common.as_deref() > after {
            if filled.entries.len() + filled.common_prefixes.len() == limit {
                filled.next = Some(last.or_else(|| after.map(str::to_owned)).unwrap_or_default());
                break;
            }
            last = Some(common.as_deref().unwrap_or_else(|| entry.key()).to_owned());
        }
        match common {
            None => filled.entries.push(entry),
            Some(common) => {
                let skipped = buffer.iter().take_while(|next| next.key().starts_with(&common));
                drop(buffer.drain(..skipped.count()));
                if buffer.is_empty() {
                    batch = SKIM;
                }
                if Some(common.as_str()) > after {
                    filled.common_prefixes.push(common);
                }
            }
        }
    }
    Ok(filled)
}
