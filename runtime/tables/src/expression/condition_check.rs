//! From a condition as it is written to what it means. DynamoDB says the first thing that is wrong in the order of these
//! checks: functions that there are not, functions where they cannot be, reserved words, and then what is wrong with each
//! comparison or call, from left to right.

use super::condition::{Comparator, Condition, ordered};
use super::operand::Operand;
use super::placeholders::{Placeholders, check_reserved, paths_of};
use super::syntax::{CallSyntax, OperandSyntax, TestSyntax};
use crate::error::Invalid;
use crate::value::Value;

/// Most values that `IN` compares with.
const IN_MAX: usize = 100;

/// The functions of conditions, with how many operands each has.
const FUNCTIONS: [(&str, usize); 6] = [
    ("attribute_exists", 1),
    ("attribute_not_exists", 1),
    ("attribute_type", 2),
    ("begins_with", 2),
    ("contains", 2),
    (SIZE, 1),
];
const SIZE: &str = "size";

const TYPES: [&str; 10] = ["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"];

pub(crate) fn check(
    test: &TestSyntax<'_>,
    placeholders: &mut Placeholders,
) -> Result<Condition, Invalid> {
    first_wrong(test, unknown_function)?;
    first_wrong(test, misused_function)?;
    first_wrong(test, |leaf| check_reserved(leaf.operands().into_iter().flat_map(paths_of)))?;
    build(test, placeholders)
}

/// What is wrong with the first comparison or call of which something is.
fn first_wrong(
    test: &TestSyntax<'_>,
    check: impl Fn(&TestSyntax<'_>) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    let mut found = Ok(());
    test.each_leaf(&mut |leaf| {
        if found.is_ok() {
            found = check(leaf);
        }
    });
    found
}

fn unknown_function(leaf: &TestSyntax<'_>) -> Result<(), Invalid> {
    let unknown = |name: &str| {
        if FUNCTIONS.iter().any(|(function, _)| *function == name) {
            return Ok(());
        }
        Err(Invalid::new(format!("Invalid function name; function: {name}")))
    };
    // Calls in calls come first, as they are read first.
    for operand in leaf.operands() {
        each_call(operand, &mut |call| unknown(call.name))?;
    }
    if let TestSyntax::Call(call) = leaf { unknown(call.name) } else { Ok(()) }
}

fn each_call(
    operand: &OperandSyntax<'_>,
    visit: &mut impl FnMut(&CallSyntax<'_>) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    let OperandSyntax::Call(call) = operand else { return Ok(()) };
    for argument in &call.arguments {
        each_call(argument, visit)?;
    }
    visit(call)
}

/// Finds a function that is compared, but for `size`, which is nothing else than that.
fn misused_function(leaf: &TestSyntax<'_>) -> Result<(), Invalid> {
    let misused = |name: &str| {
        Err(Invalid::new(format!(
            "The function is not allowed to be used this way in an expression; function: {name}"
        )))
    };
    for operand in leaf.operands() {
        each_call(operand, &mut |call| {
            if call.name == SIZE { Ok(()) } else { misused(call.name) }
        })?;
    }
    match leaf {
        TestSyntax::Call(call) if call.name == SIZE => misused(SIZE),
        _ => Ok(()),
    }
}

fn build(test: &TestSyntax<'_>, placeholders: &mut Placeholders) -> Result<Condition, Invalid> {
    let mut each = |tests: &[TestSyntax<'_>]| {
        tests.iter().map(|test| build(test, placeholders)).collect::<Result<Vec<_>, _>>()
    };
    match test {
        TestSyntax::Any(tests) => each(tests).map(Condition::Any),
        TestSyntax::All(tests) => each(tests).map(Condition::All),
        TestSyntax::Not(test) => Ok(Condition::Not(Box::new(build(test, placeholders)?))),
        leaf => build_leaf(leaf, placeholders),
    }
}

fn build_leaf(
    leaf: &TestSyntax<'_>,
    placeholders: &mut Placeholders,
) -> Result<Condition, Invalid> {
    for operand in leaf.operands() {
        resolve(operand, placeholders)?;
    }
    check_counts(leaf)?;
    let mut operands = Vec::new();
    for operand in leaf.operands() {
        operands.push(build_operand(operand, placeholders)?);
    }
    let operator = match leaf {
        TestSyntax::Compare { operator, .. } => operator,
        TestSyntax::Call(call) => call.name,
        _ => "",
    };
    check_distinct(operator, &operands.iter().collect::<Vec<_>>())?;
    let wrong = || Invalid::new("Syntax error; a condition is a comparison or a function");
    for operand in &operands {
        check_size(operand)?;
    }
    let mut operands = operands.into_iter();
    let mut next = || operands.next().ok_or_else(wrong);
    match leaf {
        TestSyntax::Compare { operator, .. } => {
            let comparator = Comparator::of(operator).ok_or_else(wrong)?;
            compare(next()?, comparator, next()?)
        }
        TestSyntax::Between { .. } => between(next()?, next()?, next()?),
        TestSyntax::In { .. } => Ok(Condition::In(next()?, operands.collect())),
        TestSyntax::Call(call) => function(call.name, next()?, operands.next()),
        TestSyntax::Any(_) | TestSyntax::All(_) | TestSyntax::Not(_) => Err(wrong()),
    }
}

/// Checks that every name and value of an operand is defined.
fn resolve(operand: &OperandSyntax<'_>, placeholders: &mut Placeholders) -> Result<(), Invalid> {
    match operand {
        OperandSyntax::Path(path) => placeholders.path(path).map(drop),
        OperandSyntax::Value(name) => placeholders.value(name).map(drop),
        OperandSyntax::Call(call) => {
            call.arguments.iter().try_for_each(|argument| resolve(argument, placeholders))
        }
    }
}

fn check_counts(leaf: &TestSyntax<'_>) -> Result<(), Invalid> {
    let incorrect = |name: &str, count: usize| {
        Err(Invalid::new(format!(
            "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: \
             {count}"
        )))
    };
    let check = |call: &CallSyntax<'_>| {
        let wanted = FUNCTIONS.iter().find(|(name, _)| *name == call.name);
        match wanted {
            Some((_, count)) if *count == call.arguments.len() => Ok(()),
            _ => incorrect(call.name, call.arguments.len()),
        }
    };
    for operand in leaf.operands() {
        each_call(operand, &mut |call| check(call))?;
    }
    match leaf {
        TestSyntax::Call(call) => check(call),
        TestSyntax::In { list, .. } if list.len() > IN_MAX => incorrect("IN", list.len()),
        _ => Ok(()),
    }
}

fn build_operand(
    operand: &OperandSyntax<'_>,
    placeholders: &mut Placeholders,
) -> Result<Operand, Invalid> {
    match operand {
        OperandSyntax::Path(path) => placeholders.path(path).map(Operand::Path),
        OperandSyntax::Value(name) => placeholders.value(name).map(Operand::Value),
        OperandSyntax::Call(call) => {
            let [argument] = call.arguments.as_slice() else {
                return Err(Invalid::new("Syntax error; size has one operand"));
            };
            Ok(Operand::Size(Box::new(build_operand(argument, placeholders)?)))
        }
    }
}

pub(crate) fn check_distinct(operator: &str, operands: &[&Operand]) -> Result<(), Invalid> {
    match operands {
        [Operand::Path(one), Operand::Path(two)] if one == two => Err(Invalid::new(format!(
            "The first operand must be distinct from the remaining operands for this operator or function; operator: \
             {operator}, first operand: {one}"
        ))),
        _ => Ok(()),
    }
}

/// What type an operand has whatever the item.
fn known_type(operand: &Operand) -> Option<&'static str> {
    match operand {
        Operand::Value(value) => Some(value.type_name()),
        Operand::Size(_) => Some("N"),
        Operand::Path(_) => None,
    }
}

fn incorrect_type(operator: &str, found: &str) -> Invalid {
    Invalid::new(format!(
        "Incorrect operand type for operator or function; operator or function: {operator}, operand type: {found}"
    ))
}

pub(crate) fn check_size(operand: &Operand) -> Result<(), Invalid> {
    let Operand::Size(of) = operand else { return Ok(()) };
    match known_type(of) {
        Some(found @ ("N" | "BOOL" | "NULL")) => Err(incorrect_type(SIZE, found)),
        _ => Ok(()),
    }
}

/// Checks that an operand can be in an order with others.
fn check_ordered(operator: &str, operand: &Operand) -> Result<(), Invalid> {
    match known_type(operand) {
        None | Some("S" | "N" | "B") => Ok(()),
        Some(found) => Err(incorrect_type(operator, found)),
    }
}

pub(crate) fn compare(
    left: Operand,
    comparator: Comparator,
    right: Operand,
) -> Result<Condition, Invalid> {
    if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
        check_ordered(comparator.sign(), &left)?;
        check_ordered(comparator.sign(), &right)?;
    }
    Ok(Condition::Compare(left, comparator, right))
}

pub(crate) fn between(operand: Operand, low: Operand, high: Operand) -> Result<Condition, Invalid> {
    if let (Some(least), Some(most)) = (low.literal(), high.literal()) {
        let refuse = |what: &str| {
            Err(Invalid::new(format!(
                "The BETWEEN operator requires {what}; lower bound operand: AttributeValue: {}, upper bound operand: \
                 AttributeValue: {}",
                shown(least),
                shown(most)
            )))
        };
        if least.type_name() != most.type_name() {
            return refuse("same data type for lower and upper bounds");
        }
        if ordered(least, most).is_some_and(std::cmp::Ordering::is_gt) {
            return refuse("upper bound to be greater than or equal to lower bound");
        }
    }
    for operand in [&operand, &low, &high] {
        check_ordered("BETWEEN", operand)?;
    }
    Ok(Condition::Between(operand, low, high))
}

/// A value as DynamoDB shows it in an error.
fn shown(value: &Value) -> String {
    let name = value.type_name();
    match value {
        Value::S(text) => format!("{{{name}:{}}}", text.chars().take(100).collect::<String>()),
        Value::N(number) => format!("{{{name}:{number}}}"),
        _ => format!("{{{name}:...}}"),
    }
}

pub(crate) fn function(
    name: &str,
    first: Operand,
    second: Option<Operand>,
) -> Result<Condition, Invalid> {
    match (name, first, second) {
        ("attribute_exists", Operand::Path(path), None) => Ok(Condition::Exists(path)),
        ("attribute_not_exists", Operand::Path(path), None) => Ok(Condition::NotExists(path)),
        ("attribute_type", value, Some(wanted)) => match wanted.literal() {
            Some(Value::S(wanted)) if TYPES.contains(&wanted.as_str()) => {
                Ok(Condition::Type(value, wanted.clone()))
            }
            Some(Value::S(wanted)) => Err(Invalid::new(format!(
                "Invalid attribute type name found; type: {}, valid types: {{{}}}",
                wanted.chars().take(100).collect::<String>(),
                TYPES.join(",")
            ))),
            _ => {
                let every = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}";
                Err(incorrect_type(name, known_type(&wanted).unwrap_or(every)))
            }
        },
        ("begins_with", value, Some(prefix)) => {
            for operand in [&value, &prefix] {
                if let Some(found) =
                    known_type(operand).filter(|found| !matches!(*found, "S" | "B"))
                {
                    return Err(incorrect_type(name, found));
                }
            }
            Ok(Condition::BeginsWith(value, prefix))
        }
        ("contains", value, Some(part)) => Ok(Condition::Contains(value, part)),
        _ => Err(Invalid::new(format!(
            "Operator or function requires a document path; operator or function: {name}"
        ))),
    }
}
