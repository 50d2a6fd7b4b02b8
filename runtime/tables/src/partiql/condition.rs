//! Reads what stands behind `WHERE`: comparisons and functions, joined by `NOT`, `AND` and `OR`, which bind in this order.

use super::error::malformed;
use super::parser::Parser;
use super::token::Token;
use crate::error::Invalid;
use crate::expression::condition_check::{between, check_distinct, check_size, compare, function};
use crate::expression::{Comparator, Condition, Operand};
use crate::value::Value;

/// Most values that `IN` compares with.
const IN_MAX: usize = 100;
const COMPARATORS: [(&str, Comparator); 7] = [
    ("=", Comparator::Equal),
    ("<>", Comparator::NotEqual),
    ("!=", Comparator::NotEqual),
    ("<=", Comparator::LessOrEqual),
    (">=", Comparator::GreaterOrEqual),
    ("<", Comparator::Less),
    (">", Comparator::Greater),
];
/// The functions that are conditions; paths that are there are asked for with `IS`.
const FUNCTIONS: [&str; 3] = ["begins_with", "contains", "attribute_type"];
const SIZE: &str = "size";

/// Reads a condition.
pub(crate) fn condition(parser: &mut Parser<'_>) -> Result<Condition, Invalid> {
    joined(parser, "OR", |parser| joined(parser, "AND", negated, Condition::All), Condition::Any)
}

/// Reads what is joined by a word.
fn joined(
    parser: &mut Parser<'_>,
    word: &str,
    read: impl Fn(&mut Parser<'_>) -> Result<Condition, Invalid>,
    join: fn(Vec<Condition>) -> Condition,
) -> Result<Condition, Invalid> {
    let mut all = vec![read(parser)?];
    while parser.take(word) {
        parser.operator()?;
        all.push(read(parser)?);
    }
    Ok(if all.len() == 1 { all.remove(0) } else { join(all) })
}

fn negated(parser: &mut Parser<'_>) -> Result<Condition, Invalid> {
    if parser.take("NOT") {
        parser.operator()?;
        return parser.nested(negated).map(|one| Condition::Not(Box::new(one)));
    }
    if parser.take("(") {
        let read = parser.nested(condition)?;
        parser.expect(")")?;
        return Ok(read);
    }
    leaf(parser)
}

/// The function that is called next, if one is.
fn called(parser: &Parser<'_>, names: &[&'static str]) -> Option<&'static str> {
    if !parser.peek_after(1).is("(") {
        return None;
    }
    names.iter().copied().find(|name| parser.peek().is(name))
}

fn leaf(parser: &mut Parser<'_>) -> Result<Condition, Invalid> {
    parser.operator()?;
    if let Some(name) = called(parser, &FUNCTIONS) {
        parser.take(name);
        parser.expect("(")?;
        let first = operand(parser)?;
        parser.expect(",")?;
        let second = operand(parser)?;
        parser.expect(")")?;
        check_operands(name, &[&first, &second])?;
        return function(name, first, Some(second));
    }
    if parser.peek_after(1).is("(")
        && let Token::Word(name) = parser.peek()
        && !name.eq_ignore_ascii_case(SIZE)
    {
        return Err(malformed(format_args!("there is no function {}", parser.peek().shown())));
    }
    let left = operand(parser)?;
    if parser.take("IS") {
        return is(parser, left);
    }
    let negated = parser.take("NOT");
    let test = if parser.take("BETWEEN") {
        let low = operand(parser)?;
        parser.expect("AND")?;
        let high = operand(parser)?;
        check_operands("BETWEEN", &[&left, &low, &high])?;
        between(left, low, high)?
    } else if parser.take("IN") {
        one_of(parser, left)?
    } else if negated {
        return Err(parser.expected("BETWEEN or IN"));
    } else {
        comparison(parser, left)?
    };
    Ok(if negated { Condition::Not(Box::new(test)) } else { test })
}

fn comparison(parser: &mut Parser<'_>, left: Operand) -> Result<Condition, Invalid> {
    let found = COMPARATORS.iter().find(|(sign, _)| parser.take(sign));
    let (sign, comparator) = found.ok_or_else(|| parser.expected("a comparison"))?;
    let right = operand(parser)?;
    check_operands(sign, &[&left, &right])?;
    compare(left, *comparator, right)
}

/// Reads what something is, behind `IS`: there, or nothing.
fn is(parser: &mut Parser<'_>, operand: Operand) -> Result<Condition, Invalid> {
    let negated = parser.take("NOT");
    let test = if parser.take("MISSING") {
        let Operand::Path(path) = operand else {
            return Err(malformed("IS MISSING is asked of a path"));
        };
        Condition::NotExists(path)
    } else if parser.take("NULL") {
        Condition::Type(operand, Value::Null.type_name().to_owned())
    } else {
        return Err(parser.expected("MISSING or NULL"));
    };
    Ok(match (test, negated) {
        (Condition::NotExists(path), true) => Condition::Exists(path),
        (test, true) => Condition::Not(Box::new(test)),
        (test, false) => test,
    })
}

/// Reads what is compared with, behind `IN`, in round or square brackets.
fn one_of(parser: &mut Parser<'_>, tested: Operand) -> Result<Condition, Invalid> {
    let list = if parser.take("(") {
        parser.list(")", operand)?
    } else if parser.take("[") {
        parser.list("]", operand)?
    } else {
        return Err(parser.expected("a list"));
    };
    if !(1..=IN_MAX).contains(&list.len()) {
        return Err(Invalid::new(format!(
            "IN compares with {} values; the least is 1 and the most {IN_MAX}",
            list.len()
        )));
    }
    check_size(&tested)?;
    list.iter().try_for_each(check_size)?;
    Ok(Condition::In(tested, list))
}

fn check_operands(operator: &str, operands: &[&Operand]) -> Result<(), Invalid> {
    check_distinct(operator, operands)?;
    operands.iter().try_for_each(|operand| check_size(operand))
}

/// Reads an operand: a value, a path, or the size of one.
fn operand(parser: &mut Parser<'_>) -> Result<Operand, Invalid> {
    if parser.is_value() {
        return parser.value().map(Operand::Value);
    }
    if called(parser, &[SIZE]).is_none() {
        return parser.path().map(Operand::Path);
    }
    parser.operator()?;
    parser.take(SIZE);
    parser.expect("(")?;
    let of = parser.nested(operand)?;
    parser.expect(")")?;
    Ok(Operand::Size(Box::new(of)))
}
