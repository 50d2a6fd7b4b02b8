//! The words of a statement.

use super::error::malformed;
use crate::error::Invalid;

/// Most characters of a statement; DynamoDB's.
pub(crate) const STATEMENT_CHARS_MAX: usize = 8192;

/// A word of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A name or a keyword, as it is written.
    Word(&'a str),
    /// A name in double quotes, without them.
    Quoted(String),
    /// A text in single quotes, without them.
    Text(String),
    /// A number without its sign.
    Number(&'a str),
    /// An operator, a bracket, a comma, a dot or a question mark.
    Sign(&'static str),
    /// Nothing more.
    End,
}

/// Longer signs before those that they begin with.
const SIGNS: [&str; 23] = [
    "<<", ">>", "<=", ">=", "<>", "!=", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ".", ":",
    "?", "*", "+", "-", ";",
];

impl Token<'_> {
    /// Whether it is this keyword, in whatever case, or this sign.
    pub(crate) fn is(&self, text: &str) -> bool {
        match self {
            Self::Word(word) => word.eq_ignore_ascii_case(text),
            Self::Sign(sign) => *sign == text,
            _ => false,
        }
    }

    /// The word as an error shows it, which is not all of a long one.
    pub(crate) fn shown(&self) -> String {
        let shown = match self {
            Self::Word(text) | Self::Number(text) => (*text).to_owned(),
            Self::Quoted(text) => format!("\"{text}\""),
            Self::Text(text) => format!("'{text}'"),
            Self::Sign(sign) => (*sign).to_owned(),
            Self::End => "the end".to_owned(),
        };
        shown.chars().take(100).collect()
    }
}

/// Splits a statement into its words; the last is [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Invalid> {
    if text.chars().count() > STATEMENT_CHARS_MAX {
        return Err(malformed(format_args!("it has more than {STATEMENT_CHARS_MAX} characters")));
    }
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = token(rest, first)?;
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    tokens.push(Token::End);
    Ok(tokens)
}

/// The first word of a text that begins with this character, and how many bytes it takes.
fn token(rest: &str, first: char) -> Result<(Token<'_>, usize), Invalid> {
    let run = |of: fn(char) -> bool| rest.find(|c: char| !of(c)).unwrap_or(rest.len());
    match first {
        '\'' => quoted(rest, first).map(|(text, length)| (Token::Text(text), length)),
        '"' => quoted(rest, first).map(|(text, length)| (Token::Quoted(text), length)),
        '0'..='9' => {
            let length = number(rest);
            Ok((Token::Number(&rest[..length]), length))
        }
        c if c.is_ascii_alphabetic() || c == '_' => {
            let length = run(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
            Ok((Token::Word(&rest[..length]), length))
        }
        other => match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            Some(sign) => Ok((Token::Sign(sign), sign.len())),
            None => Err(malformed(format_args!("unexpected character {other:?}"))),
        },
    }
}

/// What is between two quotes, of which two stand for one that is in it.
fn quoted(rest: &str, quote: char) -> Result<(String, usize), Invalid> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((_, c)) = chars.next() {
        if c != quote {
            text.push(c);
        } else if let Some((_, _)) = chars.next_if(|(_, next)| *next == quote) {
            text.push(quote);
        } else {
            let end = chars.peek().map_or(rest.len(), |(place, _)| *place);
            return Ok((text, end));
        }
    }
    Err(malformed(format_args!("a {quote} is not closed")))
}

/// How many bytes a number takes: digits, a fraction and an exponent.
fn number(rest: &str) -> usize {
    let digits = |from: usize| {
        rest[from..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |length| from + length)
    };
    let mut end = digits(0);
    if rest[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if rest[end..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}
