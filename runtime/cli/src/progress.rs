//! Shows progress, on a terminal only: scripts and logs see none of it.

use std::io::{self, Read};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lambent_types::format_bytes;

/// A line on standard error that changes while something takes its time.
/// Indicatif hides it where standard error is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A spinner with a text.
    pub(crate) fn spinner(text: impl Into<String>) -> Self {
        let bar = ProgressBar::new_spinner();
        spin(&bar, text.into());
        Self { bar }
    }

    /// A bar for an upload of this many bytes.
    pub(crate) fn upload(bytes: u64) -> Self {
        Self::bar(bytes, "uploading {wide_bar} {binary_bytes}/{binary_total_bytes}")
    }

    /// A bar for so many things of a kind.
    pub(crate) fn count_of(count: u64, what: &str) -> Self {
        Self::bar(count, &format!("uploading {{wide_bar}} {{pos}}/{{len}} {what}"))
    }

    /// A bar for a download of this many bytes.
    pub(crate) fn download(bytes: u64) -> Self {
        Self::bar(bytes, "downloading {wide_bar} {binary_bytes}/{binary_total_bytes}")
    }

    /// A count of bytes of which nobody knows how many will come.
    pub(crate) fn unknown(text: &'static str) -> Self {
        let progress = Self::spinner(text);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {binary_bytes}") {
            progress.bar.set_style(style);
        }
        progress
    }

    /// A spinner that tells of files one by one; nothing where results are JSON.
    pub(crate) fn files(json: bool, text: &'static str) -> Self {
        if json { Self::hidden() } else { Self::spinner(text) }
    }

    /// Tells of a file, and of the bytes until then.
    pub(crate) fn tell(&self, name: &str, bytes: u64) {
        self.bar.set_message(format!("{name}, {}", format_bytes(bytes)));
    }

    /// Makes one that shows nothing.
    pub(crate) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    fn bar(bytes: u64, template: &str) -> Self {
        let bar = ProgressBar::new(bytes);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Moves the bar.
    pub(crate) fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// A reader that moves the bar.
    pub(crate) fn count<R: Read>(&self, reader: R) -> impl Read + use<R> {
        self.bar.wrap_read(reader)
    }

    /// Changes the text.
    pub(crate) fn say(&self, text: impl Into<String>) {
        self.bar.set_message(text.into());
    }

    /// A reader that moves the bar, and turns it into a spinner saying `then`
    /// once everything is sent.
    pub(crate) fn follow<R: Read>(&self, reader: R, bytes: u64, then: String) -> impl Read {
        Follow { reader, left: bytes, bar: self.bar.clone(), then }
    }
}

impl lambent_fetch::Progress for Progress {
    /// Makes a count a bar.
    fn expect(&self, bytes: u64) {
        let template = "{spinner} {msg} {wide_bar} {binary_bytes}/{binary_total_bytes}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_length(bytes);
    }

    fn advance(&self, bytes: u64) {
        Self::advance(self, bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn spin(bar: &ProgressBar, text: String) {
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.set_message(text);
    bar.enable_steady_tick(Duration::from_millis(100));
}

struct Follow<R> {
    reader: R,
    left: u64,
    bar: ProgressBar,
    then: String,
}

impl<R: Read> Read for Follow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        if self.left > 0 {
            self.bar.inc(count as u64);
            self.left = self.left.saturating_sub(count as u64);
            if self.left == 0 {
                self.bar.reset_elapsed();
                spin(&self.bar, std::mem::take(&mut self.then));
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn following_changes_nothing() {
        let progress = Progress::upload(5);
        let mut text = String::new();
        progress.follow(&b"hello"[..], 5, "compiling".into()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    }
}
