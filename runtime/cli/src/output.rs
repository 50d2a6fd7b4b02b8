//! How results are shown: tables and words for people, JSON for programs.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use comfy_table::presets::{NOTHING, UTF8_BORDERS_ONLY};
use comfy_table::{ContentArrangement, Table};
use lambent_api::client::Answer;
use serde_json::Value;

use crate::error::CliError;
use crate::printable::{self, printable, printable_lines};
use crate::secrets;

/// Where results go and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Print the API's JSON.
    pub(crate) json: bool,
    /// Standard output is a terminal.
    pub(crate) terminal: bool,
}

impl Output {
    /// Output in the form asked for.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, terminal: io::stdout().is_terminal() }
    }

    /// Prints JSON: indented on a terminal, in one line otherwise.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn json(self, value: &Value) -> io::Result<()> {
        let text = if self.terminal { format!("{value:#}") } else { value.to_string() };
        writeln!(io::stdout().lock(), "{}", printable::json(&text))
    }

    /// Prints an answer as the server sent it, but for the values of environment variables.
    ///
    /// # Errors
    /// Standard output cannot be written to, or the answer is not JSON.
    pub(crate) fn answer<T>(self, answer: &Answer<T>) -> Result<(), CliError> {
        let mut answer = answer.json()?;
        secrets::hide(&mut answer);
        Ok(self.json(&answer)?)
    }

    /// Prints text: on a terminal without what would rewrite it.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn line(self, text: &str) -> io::Result<()> {
        if self.terminal {
            return self.painted(&printable_lines(text));
        }
        self.painted(text)
    }

    /// Prints text as it is, colours included: what others wrote in it must have
    /// been made [`printable()`] before.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn painted(self, text: &str) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{text}")
    }

    /// Prints rows under a header: framed on a terminal, aligned otherwise.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn table(self, header: &[&str], rows: Vec<Vec<String>>) -> io::Result<()> {
        let mut table = Table::new();
        if self.terminal {
            table.load_style(UTF8_BORDERS_ONLY);
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table.load_style(NOTHING);
        }
        table.set_header(header.iter().map(|title| title.to_uppercase()));
        for row in rows {
            table.add_row(row.into_iter().map(|cell| printable(&cell)));
        }
        if !self.terminal {
            table.column_iter_mut().for_each(|column| {
                column.set_padding((0, 2));
            });
        }
        for line in table.lines() {
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// Prints names and values, one pair a line; further lines of a value
    /// stand below its first.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn fields(self, fields: &[(&str, String)]) -> io::Result<()> {
        let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in fields {
            let mut name = *name;
            for line in value.lines() {
                self.line(&format!("{name:width$}  {}", printable(line)))?;
                name = "";
            }
        }
        Ok(())
    }
}

/// Says on standard error what is being done.
pub(crate) fn status(text: &str) {
    // Nobody reads it, if that fails.
    let _ = writeln!(io::stderr(), "{}", printable(text));
}

/// Prints a warning to standard error; as JSON where results are.
pub(crate) fn warn(json: bool, text: &str) {
    if json {
        let warning = serde_json::json!({ "warning": text }).to_string();
        return eprintln!("{}", printable::json(&warning));
    }
    let label = paint(colour(&io::stderr()), Colour::Yellow, "warning:");
    eprintln!("{label} {}", printable(text));
}

/// Returns whether output to this stream is coloured: only on a terminal, and not if
/// `NO_COLOR` is set.
pub(crate) fn colour(stream: &impl IsTerminal) -> bool {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    stream.is_terminal()
        && set("NO_COLOR").is_none()
        && set("TERM").is_none_or(|terminal| terminal != "dumb")
}

/// The colours in use.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Colour {
    /// For failures.
    Red,
    /// For successes.
    Green,
    /// For things to look at.
    Yellow,
    /// For things that matter less.
    Dim,
    /// For things that matter more.
    Bold,
    /// For one of several.
    Cyan,
    /// For one of several.
    Magenta,
    /// For one of several.
    Blue,
}

/// Colours text if `on`.
pub(crate) fn paint(on: bool, colour: Colour, text: &str) -> String {
    if !on {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Red => 31,
        Colour::Green => 32,
        Colour::Yellow => 33,
        Colour::Dim => 2,
        Colour::Bold => 1,
        Colour::Cyan => 36,
        Colour::Magenta => 35,
        Colour::Blue => 34,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// A duration in the unit that suits it, to three digits.
pub(crate) fn duration(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    let digits = |value: f64| match value {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        _ => 2,
    };
    let (value, unit) = match micros {
        micros if micros < 999.5 => return format!("{micros:.0} µs"),
        micros if micros < 999_500.0 => (micros / 1e3, "ms"),
        _ => (micros / 1e6, "s"),
    };
    format!("{value:.0$} {unit}", digits(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_pick_their_unit() {
        let text = |micros| duration(Duration::from_micros(micros));
        assert_eq!(text(35), "35 µs");
        assert_eq!(text(999), "999 µs");
        assert_eq!(text(1_234), "1.23 ms");
        assert_eq!(text(12_340), "12.3 ms");
        assert_eq!(text(345_678), "346 ms");
        assert_eq!(text(3_000_000), "3.00 s");
        assert_eq!(text(900_000_000), "900 s");
    }

    #[test]
    fn colour_is_off_unless_asked_for() {
        assert_eq!(paint(false, Colour::Red, "x"), "x");
        assert_eq!(paint(true, Colour::Red, "x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
