//! A place in a statement that is being read, and what statements are made of everywhere: names, paths and values.

use std::collections::{BTreeMap, BTreeSet};

use super::error::malformed;
use super::token::{Token, tokens};
use crate::error::Invalid;
use crate::expression::{Path, Step};
use crate::number::Number;
use crate::value::Value;

/// How deep brackets, negations, calls and values may be in each other: deeper than a value of an item may be, and far
/// less than the stack has room for.
const DEPTH_MAX: usize = 64;
/// Most comparisons, functions and changes of a statement, as of an expression.
const OPERATORS_MAX: usize = 300;
/// Most paths of a statement, of which some are compared with each other.
const PATHS_MAX: usize = 1000;

/// The words that are no names unless they are in quotes: those with which something else goes on or begins.
const KEYWORDS: [&str; 29] = [
    "ALL",
    "AND",
    "ASC",
    "BETWEEN",
    "BY",
    "DELETE",
    "DESC",
    "EXISTS",
    "FALSE",
    "FROM",
    "IN",
    "INSERT",
    "INTO",
    "IS",
    "LIKE",
    "MISSING",
    "NOT",
    "NULL",
    "OR",
    "ORDER",
    "REMOVE",
    "RETURNING",
    "SELECT",
    "SET",
    "TRUE",
    "UPDATE",
    "VALUE",
    "VALUES",
    "WHERE",
];

/// The words of a statement, the values of its `?`, and how much was read of both.
pub(crate) struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    position: usize,
    parameters: std::vec::IntoIter<Value>,
    depth: usize,
    operators: usize,
    paths: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, parameters: Vec<Value>) -> Result<Self, Invalid> {
        Ok(Self {
            tokens: tokens(text)?,
            position: 0,
            parameters: parameters.into_iter(),
            depth: 0,
            operators: 0,
            paths: 0,
        })
    }

    /// The next word.
    pub(crate) fn peek(&self) -> &Token<'a> {
        self.peek_after(0)
    }

    /// The word after so many others.
    pub(crate) fn peek_after(&self, count: usize) -> &Token<'a> {
        // The last is `End`, so that there is one.
        &self.tokens[(self.position + count).min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.peek().clone();
        self.position += 1;
        token
    }

    /// Takes the next word if it is this.
    pub(crate) fn take(&mut self, text: &str) -> bool {
        let found = self.peek().is(text);
        self.position += usize::from(found);
        found
    }

    /// Takes the next word, which must be this.
    pub(crate) fn expect(&mut self, text: &str) -> Result<(), Invalid> {
        if self.take(text) { Ok(()) } else { Err(self.expected(text)) }
    }

    /// Takes what may be behind a statement, and checks that nothing else is, and that every parameter was used.
    pub(crate) fn finish(&mut self) -> Result<(), Invalid> {
        self.take(";");
        if *self.peek() != Token::End {
            return Err(self.expected("the end of the statement"));
        }
        if self.parameters.len() > 0 { Err(wrong_count()) } else { Ok(()) }
    }

    /// What is said if something else is there than there has to be.
    pub(crate) fn expected(&self, what: &str) -> Invalid {
        malformed(format_args!("expected {what}, found {}", self.peek().shown()))
    }

    /// Counts a comparison, a function or a change.
    pub(crate) fn operator(&mut self) -> Result<(), Invalid> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            return Err(malformed(format_args!(
                "it has more than {OPERATORS_MAX} comparisons, functions and changes"
            )));
        }
        Ok(())
    }

    /// Reads something that may have the like in itself.
    pub(crate) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Invalid>,
    ) -> Result<T, Invalid> {
        if self.depth == DEPTH_MAX {
            return Err(malformed(format_args!("it is nested more than {DEPTH_MAX} levels deep")));
        }
        self.depth += 1;
        let read = read(self)?;
        self.depth -= 1;
        Ok(read)
    }

    /// Reads what is separated by commas and ends with a sign; nothing, if that comes at once.
    pub(crate) fn list<T>(
        &mut self,
        end: &str,
        mut read: impl FnMut(&mut Self) -> Result<T, Invalid>,
    ) -> Result<Vec<T>, Invalid> {
        let mut list = Vec::new();
        if self.take(end) {
            return Ok(list);
        }
        loop {
            list.push(read(self)?);
            if !self.take(",") {
                self.expect(end)?;
                return Ok(list);
            }
        }
    }

    /// Whether the next word is a name.
    pub(crate) fn is_name(&self) -> bool {
        match self.peek() {
            Token::Quoted(_) => true,
            Token::Word(word) => !KEYWORDS.iter().any(|one| word.eq_ignore_ascii_case(one)),
            _ => false,
        }
    }

    /// Reads a name.
    pub(crate) fn name(&mut self) -> Result<String, Invalid> {
        if !self.is_name() {
            return Err(self.expected("a name"));
        }
        match self.next() {
            Token::Quoted(name) if name.is_empty() => Err(malformed("a name is empty")),
            Token::Quoted(name) => Ok(name),
            Token::Word(name) => Ok(name.to_owned()),
            _ => Err(self.expected("a name")),
        }
    }

    /// Reads a path in an item.
    pub(crate) fn path(&mut self) -> Result<Path, Invalid> {
        self.paths += 1;
        if self.paths > PATHS_MAX {
            return Err(malformed(format_args!("it has more than {PATHS_MAX} paths")));
        }
        let attribute = self.name()?;
        let mut steps = Vec::new();
        loop {
            if self.take(".") {
                steps.push(Step::Name(self.name()?));
            } else if self.take("[") {
                let step = match self.next() {
                    Token::Number(digits) => Step::Index(digits.parse().map_err(|_| {
                        malformed(format_args!("{digits} is no position in a list"))
                    })?),
                    Token::Text(name) => Step::Name(name),
                    _ => return Err(malformed("expected a position or a name in brackets")),
                };
                self.expect("]")?;
                steps.push(step);
            } else {
                return Ok(Path::new(attribute, steps));
            }
        }
    }

    /// Whether a value is next.
    pub(crate) fn is_value(&self) -> bool {
        match self.peek() {
            Token::Text(_) | Token::Number(_) => true,
            Token::Sign(sign) => ["?", "[", "{", "<<", "-", "+"].contains(sign),
            token => ["TRUE", "FALSE", "NULL"].iter().any(|word| token.is(word)),
        }
    }

    /// Reads a value: one that is written there, or the next parameter.
    pub(crate) fn value(&mut self) -> Result<Value, Invalid> {
        let expected = self.expected("a value");
        match self.next() {
            Token::Text(text) => Ok(Value::S(text)),
            Token::Number(digits) => Ok(Value::N(digits.parse::<Number>()?)),
            Token::Sign(sign @ ("-" | "+")) => match self.next() {
                Token::Number(digits) => Ok(Value::N(format!("{sign}{digits}").parse::<Number>()?)),
                _ => Err(expected),
            },
            Token::Sign("?") => self.parameters.next().ok_or_else(wrong_count),
            Token::Sign("[") => {
                let list = self.nested(|parser| parser.list("]", Self::value))?;
                Ok(Value::L(list))
            }
            Token::Sign("{") => self.nested(Self::map).map(Value::M),
            Token::Sign("<<") => {
                let elements = self.nested(|parser| parser.list(">>", Self::value))?;
                set(elements)
            }
            word if word.is("TRUE") => Ok(Value::Bool(true)),
            word if word.is("FALSE") => Ok(Value::Bool(false)),
            word if word.is("NULL") => Ok(Value::Null),
            _ => Err(expected),
        }
    }

    /// Reads what is behind the bracket of a map: values by their names, each of which is there once.
    pub(crate) fn map(&mut self) -> Result<BTreeMap<String, Value>, Invalid> {
        let entries = self.list("}", |parser| {
            let name = match parser.next() {
                Token::Text(name) | Token::Quoted(name) => name,
                other => {
                    let shown = other.shown();
                    return Err(malformed(format_args!(
                        "expected a name in quotes, found {shown}"
                    )));
                }
            };
            parser.expect(":")?;
            Ok((name, parser.value()?))
        })?;
        let mut map = BTreeMap::new();
        for (name, value) in entries {
            if map.contains_key(&name) {
                let shown: String = name.chars().take(100).collect();
                return Err(malformed(format_args!("the name '{shown}' is there twice")));
            }
            map.insert(name, value);
        }
        Ok(map)
    }
}

/// Makes a set of its elements, which are of one type and each there once.
fn set(elements: Vec<Value>) -> Result<Value, Invalid> {
    let count = elements.len();
    let (mut texts, mut numbers, mut bytes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for element in elements {
        let is_new = match element {
            Value::S(text) => texts.insert(text),
            Value::N(number) => numbers.insert(number),
            Value::B(all) => bytes.insert(all),
            other => {
                return Err(malformed(format_args!(
                    "a set has no elements of type {}",
                    other.type_name()
                )));
            }
        };
        if !is_new {
            return Err(Invalid::parameter("Input collection contains duplicates."));
        }
    }
    match count {
        0 => Err(Invalid::parameter("An string set  may not be empty")),
        count if texts.len() == count => Ok(Value::Ss(texts)),
        count if numbers.len() == count => Ok(Value::Ns(numbers)),
        count if bytes.len() == count => Ok(Value::Bs(bytes)),
        _ => Err(malformed("the elements of a set are of one type")),
    }
}

fn wrong_count() -> Invalid {
    Invalid::new("Number of parameters in request and statement don't match.")
}
