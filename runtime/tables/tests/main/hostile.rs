//! Expressions of people who mean harm, or of programs that went wrong.

use std::time::{Duration, Instant};

use lambent_tables::Item;
use proptest::prelude::*;
use serde_json::json;

use crate::{condition, item, placeholders, update};

/// What one request may take, with its evaluation, on a slow machine and without optimisation.
const TIME_MAX: Duration = Duration::from_secs(2);

fn largest() -> Item {
    item(
        json!({"a": {"L": [{"S": "ab".repeat(100_000)}]}, "b": {"S": "a".repeat(100_000) + "b"}, "c": {"B": "AAAA".repeat(30_000)}}),
    )
}

/// Expressions that are deep, long or slow, and some that are none.
fn texts() -> Vec<String> {
    let fill = |unit: &str, joint: &str| {
        let count = (4_000 / (unit.len() + joint.len())).max(1);
        vec![unit; count].join(joint)
    };
    let mut texts = vec![
        "(".repeat(4_096),
        format!("{}a = :n{}", "(".repeat(2_000), ")".repeat(2_000)),
        "not ".repeat(1_000) + "a = :n",
        "size(".repeat(800) + "a" + &")".repeat(800) + " = :n",
        format!("{}a = :n{}", "(a = :n or ".repeat(280), ")".repeat(280)),
        fill("contains(b, :v)", " or "),
        fill("contains(c, :b)", " or "),
        fill("begins_with(b, :v)", " or "),
        fill("a = :v", " or "),
        format!("a in ({})", fill(":v", ",")),
        format!("a in ({})", vec![":v"; 100].join(",")),
        format!("a{} = :n", "[0]".repeat(1_300)),
        format!("a{} = :n", ".a".repeat(2_000)),
        fill("a", " "),
        fill("=", ""),
        "é".repeat(2_000),
        "\u{0}".repeat(4_000),
        "a".repeat(4_096),
        "a".repeat(4_097),
        "[".repeat(4_000),
        "a[".repeat(2_000),
        ":".repeat(4_000),
        "#".repeat(4_000),
        "size(a".repeat(600),
        "if_not_exists(a, ".repeat(200),
    ];
    for section in ["set ", "remove ", "add ", "delete "] {
        texts.push(section.to_owned() + &fill("a = b", ","));
        texts.push(section.repeat(600));
        texts.push(
            section.to_owned() + &(0..600).map(|i| format!("x{i}")).collect::<Vec<_>>().join(","),
        );
        texts.push(
            section.to_owned()
                + &(0..300).map(|i| format!("x{i} = b")).collect::<Vec<_>>().join(","),
        );
        texts.push(
            section.to_owned()
                + &(0..300).map(|i| format!("x{i} :n")).collect::<Vec<_>>().join(","),
        );
        texts.push(
            section.to_owned()
                + &(0..500).rev().map(|i| format!("a[{i}]")).collect::<Vec<_>>().join(","),
        );
    }
    let mut nested = "a".to_owned();
    while nested.len() < 1_900 {
        nested = format!("list_append({nested},{nested})");
    }
    texts.push(format!("set x = {nested}"));
    texts.push(format!("set x = {}a, :l{}", "list_append(".repeat(250), ", :l)".repeat(249) + ")"));
    texts
}

#[test]
fn whatever_is_asked_an_answer_comes_soon() {
    let values = json!({
        ":v": {"S": "a".repeat(50_000) + "c"}, ":n": {"N": "1"}, ":b": {"B": "AAAA".repeat(15_000) + "AAAB"}, ":l": {"L": []},
    });
    let item = largest();
    for text in &texts() {
        let start = Instant::now();
        if let Ok(condition) = condition(text, &values) {
            let _ = condition.holds(Some(&item));
        }
        if let Ok(update) = update(text, &values) {
            let _ = update.apply(&item);
        }
        if let Ok(projection) = placeholders(&values).projection(text) {
            let _ = projection.of(&item);
        }
        let shown: String = text.chars().take(60).collect();
        assert!(start.elapsed() < TIME_MAX, "{:?} for {shown}", start.elapsed());
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let values = json!({":n": {"N": "1"}});
    let long = format!("a = :n {}", " ".repeat(4_096));
    let message = format!(
        "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: {}",
        long.len()
    );
    assert_eq!(condition(&long, &values), Err(message));
    let all = |count: usize| vec!["a=:n"; count].join(" or ");
    assert!(condition(&all(150), &values).is_ok());
    assert!(condition(&all(151), &values).unwrap_err().contains("more operators and functions"));
    let list = |count: usize| format!("a in ({})", vec![":n"; count].join(","));
    assert!(condition(&list(100), &values).is_ok());
    assert!(
        condition(&list(101), &values)
            .unwrap_err()
            .ends_with("operator or function: IN, number of operands: 101")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_stops_the_reader(words in proptest::collection::vec(prop::sample::select(vec![
        "a", "b.c", "#a", ":n", "(", ")", "[", "]", "1", ",", ".", "=", "<>", "<=", "+", "-", "AND", "or", "NOT", "in", "between",
        "size(", "contains(", "set", "remove", "add", "delete", "if_not_exists(", "list_append(", "é", "\"", " ",
    ]), 0..30)) {
        let text = words.join(" ");
        let values = json!({":n": {"N": "1"}});
        let _ = condition(&text, &values);
        let _ = update(&text, &values);
        let _ = placeholders(&values).projection(&text);
    }

    #[test]
    fn nor_does_any_other(text in ".{0,60}") {
        let values = json!({":n": {"N": "1"}});
        let _ = condition(&text, &values);
        let _ = update(&text, &values);
        let _ = placeholders(&values).projection(&text);
    }
}
