use crate::error::ErrorCode;

/// Bytes of a path, as on Linux.
const PATH_BYTES_MAX: usize = 4096;
/// Bytes of a name, as on Linux.
pub const NAME_BYTES_MAX: usize = 255;

/// A path of a guest that is relative to a directory, in its parts.
#[derive(Debug)]
pub(crate) struct Path<'a> {
    text: &'a str,
    /// It ends in a slash, so that it names a directory.
    pub(crate) directory: bool,
}

impl<'a> Path<'a> {
    /// Reads a path; what of it is there is not looked at.
    pub(crate) fn new(text: &'a str) -> Result<Self, ErrorCode> {
        if text.is_empty() {
            return Err(ErrorCode::NoEntry);
        }
        if text.len() > PATH_BYTES_MAX {
            return Err(ErrorCode::NameTooLong);
        }
        if text.starts_with('/') {
            return Err(ErrorCode::NotPermitted);
        }
        if text.contains('\0') {
            return Err(ErrorCode::Invalid);
        }
        let path = Self { text, directory: text.ends_with('/') };
        if path.parts().any(|part| part.len() > NAME_BYTES_MAX) {
            return Err(ErrorCode::NameTooLong);
        }
        Ok(path)
    }

    /// The names, and `.` and `..`.
    pub(crate) fn parts(&self) -> impl DoubleEndedIterator<Item = &'a str> + use<'a> {
        self.text.split('/').filter(|part| !part.is_empty())
    }

    /// All but the last name, and that; the last is `None` if it is `.` or `..`.
    pub(crate) fn split(&self) -> (impl Iterator<Item = &'a str> + use<'a>, Option<&'a str>) {
        let mut parts = self.parts();
        let last = parts.next_back().filter(|last| *last != "." && *last != "..");
        (parts, last)
    }
}
