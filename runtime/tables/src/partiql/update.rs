//! Reads what `UPDATE` changes: `SET path = value` and `REMOVE path`, any number of times.

use super::error::malformed;
use super::parser::Parser;
use super::token::Token;
use crate::error::Invalid;
use crate::expression::update::{Action, Source};
use crate::expression::update_check::{check_operand, check_types};
use crate::expression::{Path, Update};

const LIST_APPEND: &str = "list_append";
const SET_ADD: &str = "set_add";
const SET_DELETE: &str = "set_delete";

pub(crate) fn update(parser: &mut Parser<'_>) -> Result<Update, Invalid> {
    let mut actions = Vec::new();
    loop {
        let read = if parser.take("SET") {
            set
        } else if parser.take("REMOVE") {
            |parser: &mut Parser<'_>| parser.path().map(Action::Remove)
        } else {
            break;
        };
        actions.push(read(parser)?);
        while parser.take(",") {
            actions.push(read(parser)?);
        }
        parser.operator()?;
    }
    if actions.is_empty() {
        return Err(parser.expected("SET or REMOVE"));
    }
    let paths: Vec<&Path> = actions.iter().map(Action::path).collect();
    Path::check_distinct(&paths)?;
    Ok(Update::new(actions, Update::MISMATCH))
}

/// The function that is called next, if one is.
fn called<'a>(parser: &Parser<'a>) -> Option<&'a str> {
    match parser.peek() {
        Token::Word(name) if parser.peek_after(1).is("(") => Some(name),
        _ => None,
    }
}

fn set(parser: &mut Parser<'_>) -> Result<Action, Invalid> {
    parser.operator()?;
    let path = parser.path()?;
    parser.expect("=")?;
    for name in [SET_ADD, SET_DELETE] {
        if called(parser).is_some_and(|called| called.eq_ignore_ascii_case(name)) {
            return of_set(parser, name, path);
        }
    }
    let left = source(parser)?;
    let sign = ["+", "-"].into_iter().find(|sign| parser.take(sign));
    let Some(sign) = sign else { return Ok(Action::Set(path, left)) };
    parser.operator()?;
    let right = source(parser)?;
    check_types(sign, "N", [&left, &right])?;
    let (left, right) = (Box::new(left), Box::new(right));
    let sum = if sign == "+" { Source::Plus(left, right) } else { Source::Minus(left, right) };
    Ok(Action::Set(path, sum))
}

/// Reads what is added to the set that a path leads to, or taken out of it.
fn of_set(parser: &mut Parser<'_>, name: &str, path: Path) -> Result<Action, Invalid> {
    parser.take(name);
    parser.expect("(")?;
    if parser.path()? != path {
        return Err(malformed(format_args!("{name} changes the set that it is given")));
    }
    parser.expect(",")?;
    let value = parser.value()?;
    parser.expect(")")?;
    // A number could be added otherwise; this is about sets.
    check_operand("DELETE", &value)?;
    Ok(if name == SET_ADD { Action::Add(path, value) } else { Action::Delete(path, value) })
}

fn source(parser: &mut Parser<'_>) -> Result<Source, Invalid> {
    if parser.is_value() {
        return parser.value().map(Source::Value);
    }
    let Some(name) = called(parser) else { return parser.path().map(Source::Path) };
    if !name.eq_ignore_ascii_case(LIST_APPEND) {
        let shown = parser.peek().shown();
        return Err(malformed(format_args!("there is no function {shown} here")));
    }
    parser.operator()?;
    parser.take(name);
    parser.expect("(")?;
    let first = parser.nested(source)?;
    parser.expect(",")?;
    let second = parser.nested(source)?;
    parser.expect(")")?;
    check_types(LIST_APPEND, "L", [&first, &second])?;
    Ok(Source::ListAppend(Box::new(first), Box::new(second)))
}
