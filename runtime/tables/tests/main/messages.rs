use lambent_tables::expression::{KeyConditions, Placeholders};
use serde_json::{Value as Json, json};

use crate::{condition, placeholders, update};

#[test]
fn conditions_that_mean_nothing_are_refused_as_dynamodb_refuses_them() {
    let values = json!({
        ":s": {"S": "x"}, ":n": {"N": "1"}, ":two": {"N": "2"}, ":t": {"BOOL": true}, ":m": {"M": {}},
        ":z": {"NULL": true}, ":l": {"L": []},
    });
    for (text, message) in CONDITIONS {
        assert_eq!(
            condition(text, &values),
            Err(format!("Invalid ConditionExpression: {message}")),
            "{text}"
        );
    }
}

#[test]
fn updates_that_mean_nothing_are_refused_as_dynamodb_refuses_them() {
    let values = json!({":s": {"S": "x"}, ":n": {"N": "1"}, ":l": {"L": []}, ":set": {"SS": ["x"]}, ":t": {"BOOL": true}});
    for (text, message) in UPDATES {
        assert_eq!(
            update(text, &values).map(drop),
            Err(format!("Invalid UpdateExpression: {message}")),
            "{text}"
        );
    }
}

#[test]
fn projections_that_mean_nothing_are_refused() {
    let cases = [
        ("", "The expression can not be empty;"),
        ("a,", "Syntax error; token: \"<EOF>\", near: \",\""),
        ("a, key", "Attribute name is a reserved keyword; reserved keyword: key"),
        (
            "#none",
            "An expression attribute name used in the document path is not defined; attribute name: #none",
        ),
        (
            "a.b, #a",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a]",
        ),
        (
            "a.b, a[0]",
            "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [0]]",
        ),
    ];
    for (text, message) in cases {
        let error = placeholders(&json!({})).projection(text).unwrap_err();
        assert_eq!(error.message(), format!("Invalid ProjectionExpression: {message}"), "{text}");
    }
}

#[test]
fn conditions_of_keys_that_find_nothing_are_refused() {
    let values = json!({":s": {"S": "x"}});
    let read = |text: &str, values: &Json| {
        let condition =
            Placeholders::new(None, crate::given(values)).unwrap().condition("K", text).unwrap();
        KeyConditions::of(&condition).map_err(|error| error.message().to_owned())
    };
    let cases = [
        ("a = :s or b = :s", "Invalid operator used in KeyConditionExpression: OR"),
        ("not a = :s", "Invalid operator used in KeyConditionExpression: NOT"),
        ("a in (:s)", "Invalid operator used in KeyConditionExpression: IN"),
        ("a <> :s", "Invalid operator used in KeyConditionExpression: <>"),
        (
            "attribute_exists(a)",
            "Invalid operator used in KeyConditionExpression: attribute_exists",
        ),
        ("contains(a, :s)", "Invalid operator used in KeyConditionExpression: contains"),
        ("size(a) = :s", "KeyConditionExpressions cannot contain nested operations"),
        ("a.b = :s", "KeyConditionExpressions cannot have conditions on nested attributes"),
        (
            "a = b",
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
        ),
        (":s = :s", "Invalid condition in KeyConditionExpression: No key attribute specified"),
        (
            "begins_with(:s, a)",
            "Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first operand",
        ),
        (
            ":s between a and b",
            "Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as its first operand",
        ),
        ("a = :s and a > :s", "KeyConditionExpressions must only contain one condition per key"),
        ("a = :s and b = :s and c = :s", "Conditions can be of length 1 or 2 only"),
    ];
    for (text, message) in cases {
        assert_eq!(read(text, &values).map(drop), Err(message.to_owned()), "{text}");
    }
}

/// Wrong expressions, with what is said of each.
const CONDITIONS: &[(&str, &str)] = &[
    ("", "The expression can not be empty;"),
    ("  ", "The expression can not be empty;"),
    ("a =", "Syntax error; token: \"<EOF>\", near: \"=\""),
    ("a b", "Syntax error; token: \"b\", near: \"a b\""),
    ("a = 1", "Syntax error; token: \"1\", near: \"= 1\""),
    ("a = :s and", "Syntax error; token: \"<EOF>\", near: \"and\""),
    ("a = 'x'", "Syntax error; token: \"'\", near: \"= 'x\""),
    ("a ! b", "Syntax error; token: \"!\", near: \"a ! b\""),
    ("a.[1] = :s", "Syntax error; token: \"[\", near: \".[1\""),
    ("a[b] = :s", "Syntax error; token: \"b\", near: \"[b]\""),
    (
        "a[99999999999999999999] = :s",
        "List index is not within the allowable range; index: [99999999999999999999]",
    ),
    ("not", "Syntax error; token: \"<EOF>\", near: \"not\""),
    ("a between b or c", "Syntax error; token: \"or\", near: \"b or c\""),
    ("(a = :s", "Syntax error; token: \"<EOF>\", near: \":s\""),
    ("a = :s)", "Syntax error; token: \")\", near: \":s)\""),
    ("a < b < c", "Syntax error; token: \"<\", near: \"b < c\""),
    ("a and b", "Syntax error; token: \"and\", near: \"a and b\""),
    ("a = é", "Syntax error; token: \"é\", near: \"= é\""),
    ("((a = :s))", "The expression has redundant parentheses;"),
    ("a = :s and b > ((c))", "The expression has redundant parentheses;"),
    ("nothing(a) = b and size(a)", "Invalid function name; function: nothing"),
    ("SIZE(a) > b", "Invalid function name; function: SIZE"),
    ("size(a)", "The function is not allowed to be used this way in an expression; function: size"),
    (
        "contains(a, b) = :s",
        "The function is not allowed to be used this way in an expression; function: contains",
    ),
    (
        "a in (attribute_exists(b))",
        "The function is not allowed to be used this way in an expression; function: attribute_exists",
    ),
    ("a = :none and name = :s", "Attribute name is a reserved keyword; reserved keyword: name"),
    ("b.Size = :s", "Attribute name is a reserved keyword; reserved keyword: Size"),
    (
        "#none = :s",
        "An expression attribute name used in the document path is not defined; attribute name: #none",
    ),
    (
        "a = :none",
        "An expression attribute value used in expression is not defined; attribute value: :none",
    ),
    (
        "attribute_exists(a, b)",
        "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
    ),
    (
        "begins_with(a)",
        "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1",
    ),
    (
        "#a.x = a.x",
        "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a, x]",
    ),
    (
        "contains(a[3], #a[3])",
        "The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [a, [3]]",
    ),
    (
        "attribute_exists(:s)",
        "Operator or function requires a document path; operator or function: attribute_exists",
    ),
    (
        "attribute_type(a, :n)",
        "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N",
    ),
    (
        "attribute_type(a, :s)",
        "Invalid attribute type name found; type: x, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
    ),
    (
        "begins_with(a, :n)",
        "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
    ),
    (
        "size(:t) = :n",
        "Incorrect operand type for operator or function; operator or function: size, operand type: BOOL",
    ),
    (
        "a < :m",
        "Incorrect operand type for operator or function; operator or function: <, operand type: M",
    ),
    (
        "a between :s and :n",
        "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {S:x}, upper bound operand: AttributeValue: {N:1}",
    ),
    (
        "a between :two and :n",
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}",
    ),
];

/// Wrong expressions, with what is said of each.
const UPDATES: &[(&str, &str)] = &[
    ("", "The expression can not be empty;"),
    ("a = :s", "Syntax error; token: \"a\", near: \"a =\""),
    ("set a", "Syntax error; token: \"<EOF>\", near: \"a\""),
    ("set a = 1", "Syntax error; token: \"1\", near: \"= 1\""),
    ("set set = :s", "Syntax error; token: \"set\", near: \"set set =\""),
    ("set a = b + c + d", "Syntax error; token: \"+\", near: \"c + d\""),
    ("set a = b * c", "Syntax error; token: \"*\", near: \"b * c\""),
    ("set a = :s,", "Syntax error; token: \"<EOF>\", near: \",\""),
    ("add a b", "Syntax error; token: \"b\", near: \"a b\""),
    ("remove a b", "Syntax error; token: \"b\", near: \"a b\""),
    ("remove :s", "Syntax error; token: \":s\", near: \"remove :s\""),
    ("set a = (b.c).d + e", "Syntax error; token: \".\", near: \").d\""),
    ("set date = :none set a = :s", "Attribute name is a reserved keyword; reserved keyword: date"),
    ("set a = nothing(b) set c = :s", "Invalid function name; function: nothing"),
    (
        "set a = :none set c = :s",
        "The \"SET\" section can only be used once in an update expression;",
    ),
    (
        "remove a set b = :s remove c",
        "The \"REMOVE\" section can only be used once in an update expression;",
    ),
    (
        "set #none = :none",
        "An expression attribute name used in the document path is not defined; attribute name: #none",
    ),
    (
        "set a = :none",
        "An expression attribute value used in expression is not defined; attribute value: :none",
    ),
    (
        "set a = :s remove #a",
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]",
    ),
    (
        "set b[1].c = :s, b[1] = :n",
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [b, [1], c], path two: [b, [1]]",
    ),
    (
        "set b[1] = :s remove b.c",
        "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [b, [1]], path two: [b, c]",
    ),
    (
        "add a :s",
        "Incorrect operand type for operator or function; operator: ADD, operand type: STRING",
    ),
    (
        "delete a :n",
        "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER",
    ),
    (
        "add a :l",
        "Incorrect operand type for operator or function; operator: ADD, operand type: LIST",
    ),
    (
        "set a = if_not_exists(b)",
        "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1",
    ),
    (
        "set a = if_not_exists(:s, b)",
        "Operator or function requires a document path; operator or function: if_not_exists",
    ),
    (
        "set a = list_append(a, :s)",
        "Incorrect operand type for operator or function; operator or function: list_append, operand type: S",
    ),
    (
        "set a = b - :t",
        "Incorrect operand type for operator or function; operator or function: -, operand type: BOOL",
    ),
];
