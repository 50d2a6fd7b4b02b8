//! Filter patterns of CloudWatch Logs, as far as they are of words: all that stand alone or in quotes have
//! to be in a line, of those after `?` one, and of those after `-` none.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>.

use super::error::invalid;
use crate::fault::Fault;

/// Most characters of a pattern; CloudWatch's.
const CHARS_MAX: usize = 1024;

/// Which lines are meant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Reads a pattern.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        if text.chars().count() > CHARS_MAX {
            return Err(invalid(format!(
                "filterPattern has more than {CHARS_MAX} characters, which is the most"
            )));
        }
        let mut pattern = Self::default();
        let mut rest = text.trim();
        if rest.starts_with(['{', '[', '%']) {
            return Err(invalid(
                "Invalid filter pattern: this node matches words, \"phrases\", ?alternatives and \
                 -exclusions; patterns of JSON, of columns and regular expressions it does not",
            ));
        }
        while !rest.is_empty() {
            let (list, after) = match rest.chars().next() {
                Some('?') => (&mut pattern.any, &rest[1..]),
                Some('-') => (&mut pattern.none, &rest[1..]),
                _ => (&mut pattern.all, rest),
            };
            let (term, after) = term(after)?;
            if !term.is_empty() {
                list.push(term);
            }
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    /// Whether a line is meant.
    pub(super) fn fits(&self, line: &str) -> bool {
        let has = |term: &String| line.contains(term.as_str());
        self.all.iter().all(has)
            && (self.any.is_empty() || self.any.iter().any(has))
            && !self.none.iter().any(has)
    }
}

/// The first term of a text, and what follows it.
fn term(text: &str) -> Result<(String, &str), Fault> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return Ok((text[..end].to_owned(), &text[end..]));
    };
    let mut term = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((term, &quoted[at + 1..])),
            '\\' => term.extend(chars.next().map(|(_, c)| c)),
            c => term.push(c),
        }
    }
    Err(invalid("Invalid filter pattern: a quote is not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_by_their_words() {
        for (pattern, line, expected) in [
            ("", "anything", true),
            ("ERROR", "an ERROR", true),
            ("ERROR", "an error", false),
            ("ERROR 404", "404 ERROR", true),
            ("ERROR 404", "ERROR", false),
            ("?ERROR ?WARN", "WARN", true),
            ("?ERROR ?WARN", "INFO", false),
            ("ERROR -404", "ERROR 404", false),
            ("\"not found\"", "it is not found", true),
            ("\"not found\"", "not here, found", false),
            ("\"say \\\"hi\\\"\"", "say \"hi\"", true),
            ("-\"a b\" x", "x", true),
        ] {
            assert_eq!(Pattern::read(pattern).unwrap().fits(line), expected, "{pattern} {line}");
        }
        assert!(Pattern::read(&"x".repeat(CHARS_MAX)).is_ok());
        assert!(Pattern::read(&"x".repeat(CHARS_MAX + 1)).is_err());
        for pattern in ["{ $.level = \"x\" }", "[a, b]", "%x%", "\"open"] {
            assert!(Pattern::read(pattern).is_err(), "{pattern}");
        }
    }
}
