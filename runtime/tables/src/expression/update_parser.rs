//! Reads updates: what is set, removed, added and deleted, each in a section of its own.

use super::parser::{Grammar, Parser};
use super::syntax::{ActionSyntax, SetSyntax};
use super::token::TokenKind;
use crate::error::Invalid;

/// The words that sections begin with.
const SECTIONS: &[&str] = &["SET", "REMOVE", "ADD", "DELETE"];
const GRAMMAR: Grammar = Grammar { keywords: SECTIONS, strict_brackets: false };

/// What an update says: its changes in the order in which they are said, and the first section that it has twice.
pub(crate) struct UpdateSyntax<'a> {
    pub(crate) actions: Vec<ActionSyntax<'a>>,
    pub(crate) section_twice: Option<&'static str>,
}

/// Reads an update.
pub(crate) fn parse(text: &str) -> Result<UpdateSyntax<'_>, Invalid> {
    let mut parser = Parser::new(text, GRAMMAR)?;
    let mut actions = Vec::new();
    let mut seen = Vec::new();
    let mut section_twice = None;
    loop {
        let token = parser.next_section()?;
        if seen.contains(&token) {
            section_twice = section_twice.or(Some(token));
        }
        seen.push(token);
        let read = match token {
            "SET" => set,
            "REMOVE" => remove,
            "ADD" => add,
            _ => delete,
        };
        actions.extend(parser.list(read)?);
        if parser.peek().kind == TokenKind::End {
            parser.finish()?;
            return Ok(UpdateSyntax { actions, section_twice });
        }
    }
}

impl Parser<'_> {
    /// Reads the word that a section begins with.
    fn next_section(&mut self) -> Result<&'static str, Invalid> {
        let found = SECTIONS.iter().copied().find(|section| self.peek().is(section));
        let section = found.ok_or_else(|| self.error())?;
        self.next();
        Ok(section)
    }
}

fn set<'a>(parser: &mut Parser<'a>) -> Result<ActionSyntax<'a>, Invalid> {
    let path = parser.path()?;
    parser.expect("=")?;
    Ok(ActionSyntax::Set(path, sum(parser)?))
}

/// Reads an operand, or two that are added or subtracted, in brackets or not.
fn sum<'a>(parser: &mut Parser<'a>) -> Result<SetSyntax<'a>, Invalid> {
    let left = if parser.peek().is("(") {
        match parser.bracketed(sum)? {
            SetSyntax::Operand(operand) => operand,
            sum @ SetSyntax::Sum { .. } => return Ok(sum),
        }
    } else {
        parser.plain_operand()?
    };
    let token = parser.peek();
    if !token.is_one_of(&["+", "-"]) {
        return Ok(SetSyntax::Operand(left));
    }
    parser.operator()?;
    parser.next();
    Ok(SetSyntax::Sum { operator: token.text, left, right: parser.operand()? })
}

fn remove<'a>(parser: &mut Parser<'a>) -> Result<ActionSyntax<'a>, Invalid> {
    parser.path().map(ActionSyntax::Remove)
}

fn add<'a>(parser: &mut Parser<'a>) -> Result<ActionSyntax<'a>, Invalid> {
    let path = parser.path()?;
    Ok(ActionSyntax::Add(path, value(parser)?))
}

fn delete<'a>(parser: &mut Parser<'a>) -> Result<ActionSyntax<'a>, Invalid> {
    let path = parser.path()?;
    Ok(ActionSyntax::Delete(path, value(parser)?))
}

fn value<'a>(parser: &mut Parser<'a>) -> Result<&'a str, Invalid> {
    match parser.peek().kind {
        TokenKind::Value => Ok(parser.next().text),
        _ => Err(parser.error()),
    }
}
