//! From an update as it is written to what it means. DynamoDB says the first thing that is wrong in the order of these
//! checks.

use super::path::Path;
use super::placeholders::{Placeholders, check_reserved, paths_of};
use super::syntax::{ActionSyntax, CallSyntax, OperandSyntax, PathSyntax, SetSyntax};
use super::update::{Action, Source, Update};
use super::update_parser::UpdateSyntax;
use crate::error::Invalid;
use crate::value::Value;

const IF_NOT_EXISTS: &str = "if_not_exists";
const LIST_APPEND: &str = "list_append";

pub(crate) fn check(
    update: &UpdateSyntax<'_>,
    placeholders: &mut Placeholders,
) -> Result<Update, Invalid> {
    let actions = &update.actions;
    check_reserved(actions.iter().flat_map(paths))?;
    for operand in actions.iter().flat_map(operands) {
        unknown_function(operand)?;
    }
    if let Some(section) = update.section_twice {
        return Err(Invalid::new(format!(
            "The \"{section}\" section can only be used once in an update expression;"
        )));
    }
    for path in actions.iter().flat_map(paths) {
        placeholders.path(path)?;
    }
    for name in actions.iter().flat_map(values) {
        placeholders.value(name)?;
    }
    let targets = actions.iter().map(|action| placeholders.path(target(action)));
    let targets: Vec<Path> = targets.collect::<Result<_, _>>()?;
    Path::check_distinct(&targets.iter().collect::<Vec<_>>())?;
    for action in actions {
        if let ActionSyntax::Add(_, name) = action {
            check_operand("ADD", &placeholders.value(name)?)?;
        }
        if let ActionSyntax::Delete(_, name) = action {
            check_operand("DELETE", &placeholders.value(name)?)?;
        }
    }
    let built = actions.iter().zip(targets).map(|(action, path)| build(action, path, placeholders));
    Ok(Update::new(built.collect::<Result<_, _>>()?, Update::MISMATCH))
}

fn target<'a, 'b>(action: &'b ActionSyntax<'a>) -> &'b PathSyntax<'a> {
    match action {
        ActionSyntax::Set(path, _)
        | ActionSyntax::Remove(path)
        | ActionSyntax::Add(path, _)
        | ActionSyntax::Delete(path, _) => path,
    }
}

fn operands<'a, 'b>(action: &'b ActionSyntax<'a>) -> Vec<&'b OperandSyntax<'a>> {
    match action {
        ActionSyntax::Set(_, SetSyntax::Operand(operand)) => vec![operand],
        ActionSyntax::Set(_, SetSyntax::Sum { left, right, .. }) => vec![left, right],
        ActionSyntax::Remove(_) | ActionSyntax::Add(..) | ActionSyntax::Delete(..) => Vec::new(),
    }
}

/// The paths of an action, from left to right.
fn paths<'b>(action: &'b ActionSyntax<'_>) -> Vec<&'b PathSyntax<'b>> {
    let of_operands = operands(action).into_iter().flat_map(paths_of);
    std::iter::once(target(action)).chain(of_operands).collect()
}

/// The names of the values of an action.
fn values<'b>(action: &'b ActionSyntax<'_>) -> Vec<&'b str> {
    let mut names = Vec::new();
    if let ActionSyntax::Add(_, name) | ActionSyntax::Delete(_, name) = action {
        names.push(*name);
    }
    for operand in operands(action) {
        operand.each(&mut |one| {
            if let OperandSyntax::Value(name) = one {
                names.push(name);
            }
        });
    }
    names
}

fn unknown_function(operand: &OperandSyntax<'_>) -> Result<(), Invalid> {
    let OperandSyntax::Call(call) = operand else { return Ok(()) };
    call.arguments.iter().try_for_each(unknown_function)?;
    if [IF_NOT_EXISTS, LIST_APPEND].contains(&call.name) {
        return Ok(());
    }
    Err(Invalid::new(format!("Invalid function name; function: {}", call.name)))
}

/// Checks what is added or deleted.
pub(crate) fn check_operand(operator: &str, value: &Value) -> Result<(), Invalid> {
    let found = match value {
        Value::Ss(_) | Value::Ns(_) | Value::Bs(_) => return Ok(()),
        Value::N(_) if operator == "ADD" => return Ok(()),
        Value::N(_) => "NUMBER",
        Value::S(_) => "STRING",
        Value::B(_) => "BINARY",
        Value::Null => "NULL",
        Value::Bool(_) => "BOOLEAN",
        Value::L(_) => "LIST",
        Value::M(_) => "MAP",
    };
    Err(Invalid::new(format!(
        "Incorrect operand type for operator or function; operator: {operator}, operand type: {found}"
    )))
}

fn build(
    action: &ActionSyntax<'_>,
    path: Path,
    placeholders: &mut Placeholders,
) -> Result<Action, Invalid> {
    Ok(match action {
        ActionSyntax::Remove(_) => Action::Remove(path),
        ActionSyntax::Add(_, name) => Action::Add(path, placeholders.value(name)?),
        ActionSyntax::Delete(_, name) => Action::Delete(path, placeholders.value(name)?),
        ActionSyntax::Set(_, SetSyntax::Operand(operand)) => {
            Action::Set(path, source(operand, placeholders)?)
        }
        ActionSyntax::Set(_, SetSyntax::Sum { operator, left, right }) => {
            let left = source(left, placeholders)?;
            let right = source(right, placeholders)?;
            check_types(operator, "N", [&left, &right])?;
            let (left, right) = (Box::new(left), Box::new(right));
            let sum = if *operator == "+" {
                Source::Plus(left, right)
            } else {
                Source::Minus(left, right)
            };
            Action::Set(path, sum)
        }
    })
}

fn source(operand: &OperandSyntax<'_>, placeholders: &mut Placeholders) -> Result<Source, Invalid> {
    match operand {
        OperandSyntax::Path(path) => placeholders.path(path).map(Source::Path),
        OperandSyntax::Value(name) => placeholders.value(name).map(Source::Value),
        OperandSyntax::Call(call) => function(call, placeholders),
    }
}

fn function(call: &CallSyntax<'_>, placeholders: &mut Placeholders) -> Result<Source, Invalid> {
    let [first, second] = call.arguments.as_slice() else {
        return Err(Invalid::new(format!(
            "Incorrect number of operands for operator or function; operator or function: {}, number of operands: {}",
            call.name,
            call.arguments.len()
        )));
    };
    let first = source(first, placeholders)?;
    let second = source(second, placeholders)?;
    match (call.name, first) {
        (LIST_APPEND, first) => {
            check_types(LIST_APPEND, "L", [&first, &second])?;
            Ok(Source::ListAppend(Box::new(first), Box::new(second)))
        }
        (_, Source::Path(path)) => Ok(Source::IfNotExists(path, Box::new(second))),
        _ => Err(Invalid::new(format!(
            "Operator or function requires a document path; operator or function: {}",
            call.name
        ))),
    }
}

/// Checks that of two operands each value that is in the expression is of a type.
pub(crate) fn check_types(
    operator: &str,
    wanted: &str,
    sources: [&Source; 2],
) -> Result<(), Invalid> {
    for source in sources {
        if let Source::Value(value) = source
            && value.type_name() != wanted
        {
            return Err(Invalid::new(format!(
                "Incorrect operand type for operator or function; operator or function: {operator}, operand type: {}",
                value.type_name()
            )));
        }
    }
    Ok(())
}
