//! Errors in a file, with their place and what was probably meant.

use std::ops::Range;

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
        let mut hint = format!("{number} | {text}\n{margin} | {shift}{mark}");
        if !advice.is_empty() {
            hint = format!("{hint}\n{advice}");
        }
        CliError::usage(format!("{}:{line}:{column}: {message}", self.name)).hint(hint)
    }

    /// Makes an error of what the parser found wrong.
    pub(super) fn parse_error(&self, error: &toml::de::Error) -> CliError {
        let (message, advice) = explain(error.message());
        self.error(error.span().unwrap_or(0..0), &message, &advice)
    }
}

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
    (message, String::new())
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
}
