use std::ops::Range;

/// What is wrong with an entry of a file.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    /// What to write instead; empty if that is plain.
    pub(super) advice: String,
    /// Where it is, if not anywhere in the entry.
    pub(super) span: Option<Range<usize>>,
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self { message, advice: String::new(), span: None }
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}
