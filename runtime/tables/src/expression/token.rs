//! The words of an expression.

use crate::error::Invalid;

/// Most bytes of an expression.
pub(crate) const EXPRESSION_BYTES_MAX: usize = 4096;

/// A word of an expression, with where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'a str,
    start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name of an attribute or function, or a keyword.
    Word,
    /// `#name`.
    Name,
    /// `:value`.
    Value,
    /// The position of an element.
    Index,
    /// An operator, a bracket, a comma or a dot.
    Sign,
    /// Something that no expression has.
    Unknown,
    /// Nothing more.
    End,
}

impl<'a> Token<'a> {
    fn end(&self) -> usize {
        self.start + if self.kind == TokenKind::End { 0 } else { self.text.len() }
    }

    /// Whether it is this word, in whatever case, or this sign.
    pub(crate) fn is(&self, text: &str) -> bool {
        match self.kind {
            TokenKind::Word => self.text.eq_ignore_ascii_case(text),
            TokenKind::Sign => self.text == text,
            _ => false,
        }
    }

    /// Whether it is one of these.
    pub(crate) fn is_one_of(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.is(text))
    }
}

/// Splits an expression into its words; the last is [`TokenKind::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Invalid> {
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err(Invalid::new(format!(
            "Expression size has exceeded the maximum allowed size; expression size: {}",
            text.len()
        )));
    }
    if text.trim().is_empty() {
        return Err(Invalid::new("The expression can not be empty;"));
    }
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        if first.is_ascii_whitespace() {
            start += 1;
            continue;
        }
        let token = token(&text[start..], first, start);
        start = token.end();
        tokens.push(token);
    }
    tokens.push(Token { kind: TokenKind::End, text: "<EOF>", start: text.len() });
    Ok(tokens)
}

/// The first word of a text that begins with this character.
fn token(rest: &str, first: char, start: usize) -> Token<'_> {
    let of_a_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let run = |from: usize, of: fn(char) -> bool| {
        rest[from..].find(|c: char| !of(c)).map_or(rest.len(), |length| from + length)
    };
    let (kind, length) = match first {
        '#' => (TokenKind::Name, run(1, |c| c.is_ascii_alphanumeric() || c == '_')),
        ':' => (TokenKind::Value, run(1, |c| c.is_ascii_alphanumeric() || c == '_')),
        '0'..='9' => (TokenKind::Index, run(0, |c| c.is_ascii_digit())),
        c if of_a_word(c) => (TokenKind::Word, run(0, |c| c.is_ascii_alphanumeric() || c == '_')),
        '<' | '>' if rest[1..].starts_with('=') || rest.starts_with("<>") => (TokenKind::Sign, 2),
        '<' | '>' | '=' | '(' | ')' | '[' | ']' | ',' | '.' | '+' | '-' => (TokenKind::Sign, 1),
        other => (TokenKind::Unknown, other.len_utf8()),
    };
    let bare = length == 1 && matches!(kind, TokenKind::Name | TokenKind::Value);
    let kind = if bare { TokenKind::Unknown } else { kind };
    Token { kind, text: &rest[..length], start }
}

/// What is said of a word that cannot be where it is.
pub(crate) fn syntax_error(text: &str, tokens: &[Token<'_>], position: usize) -> Invalid {
    let token = &tokens[position.min(tokens.len() - 1)];
    let first = &tokens[position.saturating_sub(1).min(tokens.len() - 1)];
    let last = &tokens[(position + 1).min(tokens.len() - 1)];
    let near = &text[first.start..last.end()];
    Invalid::new(format!("Syntax error; token: \"{}\", near: \"{near}\"", token.text))
}
