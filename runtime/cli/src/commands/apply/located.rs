//! Errors in a file, with their place and what was probably meant.

use std::ops::Range;

use super::secret;
use crate::error::CliError;

/// A file's name and text.
#[derive(Debug)]
pub(super) struct Source {
    /// The name to show.
    pub(super) name: String,
    /// The text of the file.
    pub(super) text: String,
}

impl Source {
    /// An error about a part of the file, showing its first line.
    pub(super) fn error(&self, span: Range<usize>, message: &str, advice: &str) -> CliError {
        let start = span.start.min(self.text.len());
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let text = self.text.lines().nth(line - 1).unwrap_or_default();
        let marked = self.text.get(start..span.end.max(start)).unwrap_or_default();
        let width = marked.lines().next().unwrap_or_default().chars().count().max(1);
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        // Tabs stay tabs, so that the mark is below what it marks.
        let shift = text.chars().take(column - 1).map(|c| if c == '\t' { c } else { ' ' });
        let (shift, mark) = (shift.collect::<String>(), "^".repeat(width));
        let shown = format!("{number} | {text}\n{margin} | {shift}{mark}");
        let shown = if secret::is_line(&self.text, line) { String::new() } else { shown };
        let hint = [shown.as_str(), advice].into_iter().filter(|part| !part.is_empty());
        let hint = hint.collect::<Vec<_>>().join("\n");
        let error = CliError::usage(format!("{}:{line}:{column}: {message}", self.name));
        if hint.is_empty() { error } else { error.hint(hint) }
    }

    /// Makes an error of what the parser found wrong.
    pub(super) fn parse_error(&self, error: &toml::de::Error) -> CliError {
        let span = error.span().unwrap_or(0..0);
        let before = self.text.get(..span.start).unwrap_or_default();
        let hides = secret::is_line(&self.text, before.matches('\n').count() + 1);
        let (message, advice) = if hides {
            explain(&secret::without_values(error.message()))
        } else {
            explain(error.message())
        };
        let message = match self.key_before(span.start) {
            Some(key) if message.starts_with(HAS_TO_BE) => format!("`{key}` {message}"),
            _ => message,
        };
        self.error(span, &message, &advice)
    }

    /// The key whose value begins here.
    fn key_before(&self, start: usize) -> Option<&str> {
        let before = self.text.get(..start)?.trim_end().strip_suffix('=')?.trim_end();
        let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let key = &before[before.trim_end_matches(is_key).len()..];
        (!key.is_empty()).then_some(key)
    }
}

/// How a message begins that lacks the key that it is about.
const HAS_TO_BE: &str = "has to be ";

/// The parser's message in the words of the file's author, and some advice.
fn explain(message: &str) -> (String, String) {
    let message = message.split('\n').collect::<Vec<_>>().join(", ");
    let quoted = |text: &str| -> Vec<String> {
        text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let (name, known) = rest.split_once(", ").unwrap_or((rest, ""));
        return (format!("unknown key {name}"), advice(name.trim_matches('`'), &quoted(known)));
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let (name, known) = rest.split_once(", ").unwrap_or((rest, ""));
        return (format!("{name} is not known"), advice(name.trim_matches('`'), &quoted(known)));
    }
    if let Some(name) = message.strip_prefix("missing field ") {
        return (format!("the key {name} is missing"), String::new());
    }
    let typed = ["invalid type: ", "invalid value: ", "invalid length "];
    let typed = typed.iter().find_map(|kind| message.strip_prefix(kind));
    match typed.and_then(|rest| rest.split_once(", expected ")) {
        Some((given, wanted)) => (mistyped(given, wanted), String::new()),
        None => (message, String::new()),
    }
}

/// What to say of a value that is of another type than it has to be.
fn mistyped(given: &str, wanted: &str) -> String {
    let wanted = match wanted {
        "a string" | "string" | "path string" => "text in quotes",
        "a boolean" => "true or false, without quotes",
        "a sequence" => "a list: [ … ]",
        "a map" => "a table: { … }",
        number if is_number(number) => "a whole number without quotes",
        told if told.starts_with("a duration is") || told.starts_with("a size is") => {
            return told.to_owned();
        }
        other if other.starts_with("struct ") || other.starts_with("enum ") => "a table: { … }",
        other => other,
    };
    let given = match given.split([' ', ',']).next().unwrap_or_default() {
        "string" => "this is text".to_owned(),
        "integer" | "floating" => match given.split('`').nth(1) {
            Some(number) => format!("this is the number {number}"),
            None => "this is a number".to_owned(),
        },
        "boolean" => "this is true or false".to_owned(),
        "sequence" => "this is a list".to_owned(),
        "map" => "this is a table".to_owned(),
        _ => "this is something else".to_owned(),
    };
    format!("{HAS_TO_BE}{wanted}; {given}")
}

/// Whether Rust calls a number so.
fn is_number(name: &str) -> bool {
    ["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize"].contains(&name)
        || name.starts_with("a nonzero")
}

fn advice(name: &str, known: &[String]) -> String {
    let near = known.iter().map(|known| (strsim::damerau_levenshtein(name, known), known));
    let near = near.filter(|(distance, known)| *distance <= known.len().max(3) / 3);
    match near.min() {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "nothing can be set here".into(),
        None => format!("known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_shown() {
        let source = Source { name: "l.toml".into(), text: "a = 1\n\tbé = 2\n".into() };
        let error = source.error(13..14, "is odd", "make it even");
        assert_eq!(
            error.to_string(),
            "l.toml:2:7: is odd\n  2 | \tbé = 2\n    | \t     ^\n  make it even"
        );
    }

    #[test]
    fn misspelt_keys_are_recognised() {
        let of = |message| explain(message);
        assert_eq!(
            of("unknown field `memroy`, expected one of `component`, `memory`"),
            ("unknown key `memroy`".into(), "did you mean `memory`?".into())
        );
        assert_eq!(of("unknown field `x`, expected `function`").1, "known here: function");
        assert_eq!(of("unknown field `x`, there are no fields").1, "nothing can be set here");
        assert_eq!(of("missing field `cron`").0, "the key `cron` is missing");
    }

    #[test]
    fn types_are_told_in_the_words_of_the_file() {
        let of = |message| explain(message).0;
        assert_eq!(
            of("invalid type: integer `7`, expected a string"),
            "has to be text in quotes; this is the number 7"
        );
        assert_eq!(
            of("invalid value: integer `-1`, expected u32"),
            "has to be a whole number without quotes; this is the number -1"
        );
        assert_eq!(
            of("invalid type: integer `7`, expected a duration is written with a unit: \"7s\""),
            "a duration is written with a unit: \"7s\""
        );
        let source = Source { name: "l.toml".into(), text: "a = { b-c = 7 }".into() };
        assert_eq!(source.key_before(12), Some("b-c"));
        assert_eq!(source.key_before(0), None);
    }
}
