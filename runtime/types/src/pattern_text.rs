//! Matchers of strings, made once when a pattern is read and compared without
//! allocating.

use crate::pattern_steps::{Steps, TooCostly};

/// The rule for a string.
#[derive(Debug, Clone)]
pub(crate) enum TextMatcher {
    Prefix(Box<str>),
    Suffix(Box<str>),
    /// The text is in lower case, and so are the next two.
    IgnoreCase(Box<str>),
    PrefixIgnoreCase(Box<str>),
    SuffixIgnoreCase(Box<str>),
    Wildcard(Wildcard),
}

/// A text with stars; each stands for any number of characters.
#[derive(Debug, Clone)]
pub(crate) struct Wildcard {
    /// The texts between the stars; there is one more of them than there are stars.
    parts: Box<[Box<str>]>,
}

/// Returns the text in lower case, the form in which case makes no difference.
pub(crate) fn lower(text: &str) -> Box<str> {
    text.chars().flat_map(char::to_lowercase).collect::<String>().into()
}

impl TextMatcher {
    pub(crate) fn matches(&self, text: &str, steps: &mut Steps) -> Result<bool, TooCostly> {
        steps.take(self.cost(text))?;
        Ok(match self {
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Suffix(suffix) => text.ends_with(&**suffix),
            Self::IgnoreCase(other) => {
                // Lower case has at most three times the bytes, and at least a third.
                text.len() / 3 <= other.len() && lowered(text).eq(other.chars())
            }
            Self::PrefixIgnoreCase(prefix) => {
                let mut text = lowered(text);
                prefix.chars().all(|wanted| text.next() == Some(wanted))
            }
            Self::SuffixIgnoreCase(suffix) => {
                let mut text = text.chars().rev().flat_map(|c| c.to_lowercase().rev());
                suffix.chars().rev().all(|wanted| text.next() == Some(wanted))
            }
            Self::Wildcard(wildcard) => wildcard.matches(text),
        })
    }

    /// The most steps that a comparison takes.
    fn cost(&self, text: &str) -> usize {
        match self {
            Self::Prefix(part) | Self::Suffix(part) => part.len() / 32,
            Self::IgnoreCase(part)
            | Self::PrefixIgnoreCase(part)
            | Self::SuffixIgnoreCase(part) => 4 + part.len().min(text.len()),
            Self::Wildcard(wildcard) => wildcard.parts.len() + text.len() / 8,
        }
    }
}

/// The characters of a text in lower case.
fn lowered(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

impl Wildcard {
    /// Reads a pattern. A backslash before a star or a backslash makes that character
    /// mean itself. The second result says what is wrong with the pattern, if
    /// anything is; it is then read as older releases did, which took a backslash as
    /// itself and several stars as one.
    pub(crate) fn parse(pattern: &str) -> (Self, Option<String>) {
        let (mut parts, mut part, mut wrong) = (Vec::new(), String::new(), None);
        let mut characters = pattern.chars().peekable();
        while let Some(character) = characters.next() {
            match (character, characters.peek()) {
                ('\\', Some(escaped @ ('*' | '\\'))) => {
                    part.push(*escaped);
                    characters.next();
                }
                ('\\', next) => {
                    let next = next.map_or_else(String::new, char::to_string);
                    wrong.get_or_insert_with(|| {
                        format!(
                            "\\{next} is no escape; write \\* for a star and \\\\ for a backslash"
                        )
                    });
                    part.push('\\');
                }
                ('*', next) => {
                    if next == Some(&'*') {
                        wrong
                            .get_or_insert_with(|| "two stars follow each other; write one".into());
                    }
                    parts.push(std::mem::take(&mut part).into());
                }
                (other, _) => part.push(other),
            }
        }
        parts.push(part.into());
        (Self { parts: parts.into() }, wrong)
    }

    /// Takes the leftmost place for each part and never goes back: each is one
    /// search, so the time is linear in the text.
    fn matches(&self, text: &str) -> bool {
        let [first, rest @ ..] = &*self.parts else { return text.is_empty() };
        let Some((last, middle)) = rest.split_last() else { return **first == *text };
        let Some(mut text) = text.strip_prefix(&**first) else { return false };
        for part in middle {
            let Some(at) = text.find(&**part) else { return false };
            text = &text[at + part.len()..];
        }
        text.ends_with(&**last)
    }
}
