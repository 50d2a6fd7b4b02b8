//! Reads conditions: comparisons and functions, joined by `NOT`, `AND` and `OR`, which bind in this order.

use super::parser::{Grammar, Parser};
use super::syntax::{OperandSyntax, TestSyntax};
use crate::error::Invalid;

const GRAMMAR: Grammar =
    Grammar { keywords: &["BETWEEN", "IN", "AND", "OR", "NOT"], strict_brackets: true };
const COMPARATORS: &[&str] = &["=", "<>", "<", "<=", ">", ">="];

/// Reads a condition.
pub(crate) fn parse(text: &str) -> Result<TestSyntax<'_>, Invalid> {
    let mut parser = Parser::new(text, GRAMMAR)?;
    let read = any(&mut parser)?;
    let test = read.test(&parser)?;
    parser.finish()?;
    Ok(test)
}

/// What was read, which in brackets may be a condition as well as the operand of one.
enum Read<'a> {
    Test(TestSyntax<'a>),
    Operand(OperandSyntax<'a>),
}

impl<'a> Read<'a> {
    /// Takes it as a condition, which of operands only calls are.
    fn test(self, parser: &Parser<'a>) -> Result<TestSyntax<'a>, Invalid> {
        match self {
            Self::Test(test) => Ok(test),
            Self::Operand(OperandSyntax::Call(call)) => Ok(TestSyntax::Call(call)),
            Self::Operand(_) => Err(parser.error()),
        }
    }
}

fn any<'a>(parser: &mut Parser<'a>) -> Result<Read<'a>, Invalid> {
    joined(parser, "OR", all, TestSyntax::Any)
}

fn all<'a>(parser: &mut Parser<'a>) -> Result<Read<'a>, Invalid> {
    joined(parser, "AND", negated, TestSyntax::All)
}

/// Reads what is joined by a word.
fn joined<'a>(
    parser: &mut Parser<'a>,
    word: &str,
    read: fn(&mut Parser<'a>) -> Result<Read<'a>, Invalid>,
    join: fn(Vec<TestSyntax<'a>>) -> TestSyntax<'a>,
) -> Result<Read<'a>, Invalid> {
    let first = read(parser)?;
    if !parser.peek().is(word) {
        return Ok(first);
    }
    let mut tests = vec![first.test(parser)?];
    while parser.take(word) {
        parser.operator()?;
        tests.push(read(parser)?.test(parser)?);
    }
    Ok(Read::Test(join(tests)))
}

fn negated<'a>(parser: &mut Parser<'a>) -> Result<Read<'a>, Invalid> {
    if !parser.take("NOT") {
        return simple(parser);
    }
    parser.operator()?;
    let test = parser.nested(negated)?.test(parser)?;
    Ok(Read::Test(TestSyntax::Not(Box::new(test))))
}

/// Reads a comparison, a call, or whatever is in brackets.
fn simple<'a>(parser: &mut Parser<'a>) -> Result<Read<'a>, Invalid> {
    let operand = if parser.peek().is("(") {
        match parser.bracketed(any)? {
            Read::Operand(operand) => parser.path_in_brackets(operand)?,
            test @ Read::Test(_) => return Ok(test),
        }
    } else {
        parser.plain_operand()?
    };
    comparison(parser, operand)
}

/// Reads what an operand is compared with, if it is with something.
fn comparison<'a>(
    parser: &mut Parser<'a>,
    operand: OperandSyntax<'a>,
) -> Result<Read<'a>, Invalid> {
    let token = parser.peek();
    let test = if token.is_one_of(COMPARATORS) {
        parser.next();
        TestSyntax::Compare { operator: token.text, left: operand, right: parser.operand()? }
    } else if parser.take("BETWEEN") {
        let low = parser.operand()?;
        parser.expect("AND")?;
        TestSyntax::Between { operand, low, high: parser.operand()? }
    } else if parser.take("IN") {
        parser.expect("(")?;
        let list = parser.list(Parser::operand)?;
        parser.expect(")")?;
        TestSyntax::In { operand, list }
    } else {
        return Ok(Read::Operand(operand));
    };
    parser.operator()?;
    Ok(Read::Test(test))
}
