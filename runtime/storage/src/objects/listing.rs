use std::collections::VecDeque;

use super::{ListObjects, Object, ObjectPage};

/// Objects read at once where many of them may share a prefix.
const SKIM: usize = 8;

/// Builds a page from `fetch`, which reads at most so many objects whose keys'
/// bytes are not below the given ones, ascending. What a common prefix stands
/// for is skipped and not read.
pub fn page<E>(
    list: &ListObjects,
    mut fetch: impl FnMut(&[u8], usize) -> Result<Vec<Object>, E>,
) -> Result<ObjectPage, E> {
    let limit = list.limit;
    let after = list.after.as_deref();
    let delimiter = list.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    let mut page = ObjectPage { objects: Vec::new(), common_prefixes: Vec::new(), next: None };
    let mut last: Option<String> = None;
    let mut from = Vec::from(list.prefix.as_bytes());
    if let Some(after) = after.filter(|after| *after >= list.prefix.as_str()) {
        from = following(after);
    }
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
        let Some(object) = buffer.pop_front() else { break };
        let Some(rest) = object.key.strip_prefix(&list.prefix) else { break };
        let end = delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
        let common = end.map(|end| object.key[..list.prefix.len() + end].to_owned());
        from = common.as_deref().map_or_else(|| following(&object.key), beyond);
        // Continuing after a prefix, or inside of one, is continuing after it all.
        if common.is_none() || common.as_deref() > after {
            if page.objects.len() + page.common_prefixes.len() == limit {
                page.next = Some(last.or_else(|| list.after.clone()).unwrap_or_default());
                break;
            }
            last = Some(common.as_ref().unwrap_or(&object.key).clone());
        }
        match common {
            None => page.objects.push(object),
            Some(common) => {
                let skipped = buffer.iter().take_while(|next| next.key.starts_with(&common));
                drop(buffer.drain(..skipped.count()));
                if buffer.is_empty() {
                    batch = SKIM;
                }
                if Some(common.as_str()) > after {
                    page.common_prefixes.push(common);
                }
            }
        }
    }
    Ok(page)
}

/// The least bytes above `key`.
fn following(key: &str) -> Vec<u8> {
    let mut bytes = Vec::from(key.as_bytes());
    bytes.push(0);
    bytes
}

/// The least bytes above everything that begins with `prefix`.
fn beyond(prefix: &str) -> Vec<u8> {
    let mut bytes = Vec::from(prefix.as_bytes());
    // No byte of UTF-8 is 255.
    if let Some(last) = bytes.last_mut() {
        *last += 1;
    }
    bytes
}
