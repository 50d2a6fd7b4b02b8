use crate::error::EntryFault;
use crate::limits::Limits;

/// A name that an archive gives an entry, as a path in a package.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EntryPath<'a> {
    /// Names with `/` between them; empty for the package's root.
    pub(crate) path: &'a str,
    /// Whether the name says that it is a directory.
    pub(crate) directory: bool,
}

/// Reads a name; `./` in front of it, as tar puts it there, is taken off.
pub(crate) fn read<'a>(name: &'a [u8], limits: &Limits) -> Result<EntryPath<'a>, EntryFault> {
    if name.contains(&0) {
        return Err(EntryFault::Nul);
    }
    let text = std::str::from_utf8(name).map_err(|_| EntryFault::NotUtf8)?;
    if text.contains('\\') {
        return Err(EntryFault::Backslash);
    }
    if is_absolute(text) {
        return Err(EntryFault::Absolute);
    }
    let mut rest = text;
    while let Some(after) = rest.strip_prefix("./") {
        rest = after;
    }
    let root = rest == "." || (rest.is_empty() && !text.is_empty());
    if root {
        return Ok(EntryPath { path: "", directory: true });
    }
    let path = rest.strip_suffix('/').unwrap_or(rest);
    check(path, limits)?;
    Ok(EntryPath { path, directory: path.len() < rest.len() })
}

/// Checks a path without `/` at its end.
pub(crate) fn check(path: &str, limits: &Limits) -> Result<(), EntryFault> {
    if path.len() > limits.path_bytes {
        return Err(EntryFault::PathTooLong { max: limits.path_bytes });
    }
    for (depth, name) in path.split('/').enumerate() {
        match name {
            "" => return Err(EntryFault::EmptyName),
            "." => return Err(EntryFault::Dot),
            ".." => return Err(EntryFault::Parent),
            _ if name.len() > limits.name_bytes => {
                return Err(EntryFault::NameTooLong { max: limits.name_bytes });
            }
            _ if depth >= limits.depth => return Err(EntryFault::TooDeep { max: limits.depth }),
            _ => {}
        }
    }
    Ok(())
}

fn is_absolute(text: &str) -> bool {
    match text.as_bytes() {
        [b'/', ..] => true,
        [drive, b':', rest @ ..] => drive.is_ascii_alphabetic() && matches!(rest, [] | [b'/', ..]),
        _ => false,
    }
}

/// What programs for macOS add to archives of their own accord, and no function reads.
pub(crate) fn is_litter(path: &str) -> bool {
    path == "__MACOSX"
        || path.starts_with("__MACOSX/")
        || path.rsplit('/').next() == Some(".DS_Store")
}
