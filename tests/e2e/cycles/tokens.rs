//! Source text as the tokens that tell modules and paths: identifiers, strings, `::`
//! and single characters of punctuation, without comments, lifetimes and other literals.

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// An identifier, a keyword or a number.
    Word(String),
    /// What a string holds, as it is written.
    Text(String),
    /// `::`.
    Separator,
    /// Any other character.
    Mark(char),
}

impl Token {
    /// The text of a word.
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }
}

/// All tokens of a file.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut rest = text;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let length = literal(rest, '"');
            tokens.push(Token::Text(rest[..length].trim_matches('"').to_owned()));
            rest = &rest[length..];
        } else if let Some(length) = skipped(rest) {
            rest = &rest[length..];
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        } else if rest.starts_with("::") {
            tokens.push(Token::Separator);
            rest = &rest[2..];
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Mark(first));
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    tokens
}

/// The length of the comment, literal or lifetime that the text begins with, and of
/// the prefix of a raw identifier.
fn skipped(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(block_comment(text));
    }
    let quoted = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - quoted.len();
    if prefix <= 1 && quoted.starts_with('r') {
        let hashes = quoted[1..].len() - quoted[1..].trim_start_matches('#').len();
        if quoted[1 + hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let content = &quoted[2 + hashes..];
            let length = content.find(&end).map_or(content.len(), |at| at + end.len());
            return Some(prefix + 2 + hashes + length);
        }
        if prefix == 0 && hashes == 1 {
            return Some(2);
        }
    }
    if prefix <= 1 && quoted.starts_with('"') {
        return Some(prefix + literal(quoted, '"'));
    }
    if prefix <= 1 && quoted.starts_with('\'') {
        let mut characters = quoted.chars().skip(1);
        let (first, second) = (characters.next()?, characters.next()?);
        // A lifetime has no second quote.
        let length = if first == '\\' || second == '\'' { literal(quoted, '\'') } else { 2 };
        return Some(prefix + length);
    }
    None
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of a literal that begins and ends with this quote.
fn literal(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
