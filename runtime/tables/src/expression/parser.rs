//! Reads expressions: what is common to all of them. [`condition_parser`](super::condition_parser) and
//! [`update_parser`](super::update_parser) go on from here.

use super::syntax::{CallSyntax, OperandSyntax, PathSyntax, StepSyntax};
use super::token::{Token, TokenKind, syntax_error, tokens};
use crate::error::Invalid;

/// Most operators and functions of an expression.
pub(crate) const OPERATORS_MAX: usize = 300;
/// How deep brackets, negations and calls may be in each other. What is deeper has more operators than there may be, or
/// brackets that mean nothing.
const DEPTH_MAX: usize = 320;

/// A place in an expression that is being read.
pub(crate) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    position: usize,
    depth: usize,
    operators: usize,
    /// Where the pair of brackets is that was closed last.
    closed: Option<(usize, usize)>,
    /// Whether a pair of brackets is directly around another.
    redundant: bool,
    grammar: Grammar,
}

/// What differs between the kinds of expressions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grammar {
    /// What no attribute can be called.
    pub(crate) keywords: &'static [&'static str],
    /// Whether brackets without need are refused, and a path may go on behind its brackets, as in conditions.
    pub(crate) strict_brackets: bool,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, grammar: Grammar) -> Result<Self, Invalid> {
        let tokens = tokens(text)?;
        Ok(Self {
            text,
            tokens,
            position: 0,
            depth: 0,
            operators: 0,
            closed: None,
            redundant: false,
            grammar,
        })
    }

    /// The next word.
    pub(crate) fn peek(&self) -> Token<'a> {
        self.peek_after(0)
    }

    /// The word after so many others.
    pub(crate) fn peek_after(&self, count: usize) -> Token<'a> {
        self.tokens[(self.position + count).min(self.tokens.len() - 1)]
    }

    pub(crate) fn next(&mut self) -> Token<'a> {
        let token = self.peek();
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
        if self.take(text) { Ok(()) } else { Err(self.error()) }
    }

    /// Checks that nothing is left, and that no brackets were without need.
    pub(crate) fn finish(&self) -> Result<(), Invalid> {
        if self.peek().kind != TokenKind::End {
            return Err(self.error());
        }
        if self.redundant && self.grammar.strict_brackets {
            return Err(Invalid::new("The expression has redundant parentheses;"));
        }
        Ok(())
    }

    /// What is said of the next word if it cannot be here.
    pub(crate) fn error(&self) -> Invalid {
        syntax_error(self.text, &self.tokens, self.position)
    }

    /// Counts an operator or function.
    pub(crate) fn operator(&mut self) -> Result<(), Invalid> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            return Err(Invalid::new(format!(
                "The expression has more operators and functions than the most there may be; maximum: {OPERATORS_MAX}"
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
            return Err(Invalid::new(format!(
                "The expression is nested deeper than it may be; maximum: {DEPTH_MAX}"
            )));
        }
        self.depth += 1;
        let read = read(self)?;
        self.depth -= 1;
        Ok(read)
    }

    /// Reads what is in brackets, of which the first is the next word.
    pub(crate) fn bracketed<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Invalid>,
    ) -> Result<T, Invalid> {
        let open = self.position;
        self.expect("(")?;
        let read = self.nested(read)?;
        let close = self.position;
        self.expect(")")?;
        self.redundant |= self.closed == Some((open + 1, close - 1));
        self.closed = Some((open, close));
        Ok(read)
    }

    /// Reads what is separated by commas.
    pub(crate) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Invalid>,
    ) -> Result<Vec<T>, Invalid> {
        let mut list = vec![read(self)?];
        while self.take(",") {
            list.push(read(self)?);
        }
        Ok(list)
    }

    /// Reads an operand, in brackets or not.
    pub(crate) fn operand(&mut self) -> Result<OperandSyntax<'a>, Invalid> {
        if !self.peek().is("(") {
            return self.plain_operand();
        }
        let operand = self.bracketed(Self::operand)?;
        self.path_in_brackets(operand)
    }

    /// Reads what follows a path that is in brackets.
    pub(crate) fn path_in_brackets(
        &mut self,
        operand: OperandSyntax<'a>,
    ) -> Result<OperandSyntax<'a>, Invalid> {
        match operand {
            OperandSyntax::Path(path) if self.grammar.strict_brackets => {
                self.path_after(path).map(OperandSyntax::Path)
            }
            other => Ok(other),
        }
    }

    /// Reads an operand that is not in brackets.
    pub(crate) fn plain_operand(&mut self) -> Result<OperandSyntax<'a>, Invalid> {
        let token = self.peek();
        match token.kind {
            TokenKind::Value => Ok(OperandSyntax::Value(self.next().text)),
            TokenKind::Word
                if self.peek_after(1).is("(") && !token.is_one_of(self.grammar.keywords) =>
            {
                self.call().map(OperandSyntax::Call)
            }
            _ => self.path().map(OperandSyntax::Path),
        }
    }

    fn call(&mut self) -> Result<CallSyntax<'a>, Invalid> {
        self.operator()?;
        let name = self.next().text;
        self.expect("(")?;
        let arguments = self.nested(|parser| parser.list(Self::operand))?;
        self.expect(")")?;
        Ok(CallSyntax { name, arguments })
    }

    /// Reads a path in a document.
    pub(crate) fn path(&mut self) -> Result<PathSyntax<'a>, Invalid> {
        let first = self.name()?;
        self.path_after(PathSyntax(vec![first]))
    }

    fn path_after(&mut self, mut path: PathSyntax<'a>) -> Result<PathSyntax<'a>, Invalid> {
        loop {
            if self.take(".") {
                path.0.push(self.name()?);
            } else if self.take("[") {
                path.0.push(self.index()?);
                self.expect("]")?;
            } else {
                return Ok(path);
            }
        }
    }

    fn name(&mut self) -> Result<StepSyntax<'a>, Invalid> {
        let token = self.peek();
        let named = match token.kind {
            TokenKind::Word => !token.is_one_of(self.grammar.keywords),
            TokenKind::Name => true,
            _ => false,
        };
        if !named {
            return Err(self.error());
        }
        Ok(StepSyntax::Name(self.next().text))
    }

    fn index(&mut self) -> Result<StepSyntax<'a>, Invalid> {
        let token = self.peek();
        if token.kind != TokenKind::Index {
            return Err(self.error());
        }
        let index = token.text.parse().map_err(|_| {
            Invalid::new(format!(
                "List index is not within the allowable range; index: [{}]",
                token.text
            ))
        })?;
        self.next();
        Ok(StepSyntax::Index(index))
    }
}
