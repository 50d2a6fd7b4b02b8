//! Expressions as they are written, before it is known what their names and values stand for.

/// A path in a document, of which each name may be a `#name`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathSyntax<'a>(pub(crate) Vec<StepSyntax<'a>>);

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StepSyntax<'a> {
    Name(&'a str),
    Index(usize),
}

/// What an operator or a function is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OperandSyntax<'a> {
    Path(PathSyntax<'a>),
    Value(&'a str),
    Call(CallSyntax<'a>),
}

/// A call of a function.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CallSyntax<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: Vec<OperandSyntax<'a>>,
}

/// A condition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TestSyntax<'a> {
    Any(Vec<Self>),
    All(Vec<Self>),
    Not(Box<Self>),
    Compare { operator: &'a str, left: OperandSyntax<'a>, right: OperandSyntax<'a> },
    Between { operand: OperandSyntax<'a>, low: OperandSyntax<'a>, high: OperandSyntax<'a> },
    In { operand: OperandSyntax<'a>, list: Vec<OperandSyntax<'a>> },
    Call(CallSyntax<'a>),
}

/// A value that `SET` gives an attribute.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SetSyntax<'a> {
    Operand(OperandSyntax<'a>),
    Sum { operator: &'a str, left: OperandSyntax<'a>, right: OperandSyntax<'a> },
}

/// A change of an update.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ActionSyntax<'a> {
    Set(PathSyntax<'a>, SetSyntax<'a>),
    Remove(PathSyntax<'a>),
    Add(PathSyntax<'a>, &'a str),
    Delete(PathSyntax<'a>, &'a str),
}

impl<'a> TestSyntax<'a> {
    /// Goes through the conditions that are made of no others, from left to right.
    pub(crate) fn each_leaf(&self, visit: &mut impl FnMut(&Self)) {
        match self {
            Self::Any(tests) | Self::All(tests) => {
                tests.iter().for_each(|test| test.each_leaf(visit));
            }
            Self::Not(test) => test.each_leaf(visit),
            _ => visit(self),
        }
    }

    /// The operands of a condition that is made of no others.
    pub(crate) fn operands(&self) -> Vec<&OperandSyntax<'a>> {
        match self {
            Self::Any(_) | Self::All(_) | Self::Not(_) => Vec::new(),
            Self::Compare { left, right, .. } => vec![left, right],
            Self::Between { operand, low, high } => vec![operand, low, high],
            Self::In { operand, list } => std::iter::once(operand).chain(list).collect(),
            Self::Call(call) => call.arguments.iter().collect(),
        }
    }
}

impl<'a> OperandSyntax<'a> {
    /// Goes through it and, if it is a call, through its arguments, from left to right.
    pub(crate) fn each(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        if let Self::Call(call) = self {
            call.arguments.iter().for_each(|argument| argument.each(visit));
        }
    }
}
