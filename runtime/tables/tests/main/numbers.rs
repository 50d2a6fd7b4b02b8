//! Numbers against decimals of any length.

use std::str::FromStr as _;

use bigdecimal::BigDecimal;
use lambent_tables::{InvalidNumber, KeyType, KeyValue, Number, Value};
use proptest::prelude::*;

/// Texts of numbers: of every length and magnitude that there may be, and some that there may not.
fn text() -> impl Strategy<Value = String> {
    let digits = "[0-9]{1,40}";
    (any::<bool>(), digits, proptest::option::of("[0-9]{0,40}"), -140_i32..140).prop_map(
        |(negative, whole, fraction, exponent)| {
            let sign = if negative { "-" } else { "" };
            let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
            format!("{sign}{whole}{fraction}e{exponent}")
        },
    )
}

/// Numbers whose sums have digits in common.
fn near() -> impl Strategy<Value = String> {
    (any::<bool>(), "[0-9]{1,20}", -12_i32..12).prop_map(|(negative, digits, exponent)| {
        format!("{}{digits}e{exponent}", if negative { "-" } else { "" })
    })
}

fn digits(value: &BigDecimal) -> usize {
    let (coefficient, _) = value.normalized().into_bigint_and_exponent();
    coefficient.magnitude().to_string().len()
}

/// The power of ten of the first digit.
fn magnitude(value: &BigDecimal) -> i64 {
    let (coefficient, scale) = value.normalized().into_bigint_and_exponent();
    coefficient.magnitude().to_string().len() as i64 - 1 - scale
}

fn is_zero(value: &BigDecimal) -> bool {
    *value == BigDecimal::default()
}

/// What a decimal is as a number.
fn expected(value: &BigDecimal) -> Result<(), InvalidNumber> {
    match magnitude(value) {
        _ if is_zero(value) => Ok(()),
        magnitude if magnitude > 125 => Err(InvalidNumber::Overflow),
        magnitude if magnitude < -130 => Err(InvalidNumber::Underflow),
        _ if digits(value) > 38 => Err(InvalidNumber::Digits),
        _ => Ok(()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_number_is_read_as_the_decimal_that_it_is(text in text()) {
        let decimal = BigDecimal::from_str(&text).unwrap();
        let number = Number::from_str(&text);
        prop_assert_eq!(number.clone().map(drop), expected(&decimal), "{}", text);
        if let Ok(number) = number {
            let shown = number.to_string();
            prop_assert_eq!(BigDecimal::from_str(&shown).unwrap(), decimal, "{}", shown);
            prop_assert!(!shown.contains('e'), "{}", shown);
            prop_assert_eq!(shown.parse::<Number>().unwrap(), number);
            let zeros = shown.trim_start_matches('-');
            prop_assert!(zeros == "0" || zeros.starts_with("0.") || !zeros.starts_with('0'), "{}", shown);
            prop_assert!(!shown.contains('.') || !shown.ends_with('0'), "{}", shown);
        }
    }

    #[test]
    fn the_order_is_that_of_the_decimals_and_of_the_bytes_of_keys(one in text(), two in text()) {
        let (Ok(first), Ok(second)) = (one.parse::<Number>(), two.parse::<Number>()) else { return Ok(()) };
        let order = BigDecimal::from_str(&one).unwrap().cmp(&BigDecimal::from_str(&two).unwrap());
        prop_assert_eq!(first.cmp(&second), order);
        let bytes = |number: Number| KeyValue::N(number).to_bytes();
        prop_assert_eq!(bytes(first).cmp(&bytes(second)), order);
    }

    #[test]
    fn a_key_is_read_from_its_bytes_and_from_no_others(text in text(), wrong in proptest::collection::vec(any::<u8>(), 0..24)) {
        if let Ok(number) = text.parse::<Number>() {
            let key = KeyValue::N(number);
            prop_assert_eq!(KeyValue::from_bytes(KeyType::N, &key.to_bytes()), Some(key));
        }
        if let Some(key) = KeyValue::from_bytes(KeyType::N, &wrong) {
            prop_assert_eq!(key.to_bytes(), wrong);
        }
    }

    #[test]
    fn sums_and_differences_are_exact_or_refused(one in prop_oneof![text(), near()], two in prop_oneof![text(), near()]) {
        let (Ok(first), Ok(second)) = (one.parse::<Number>(), two.parse::<Number>()) else { return Ok(()) };
        let decimal = |text: &str| BigDecimal::from_str(text).unwrap();
        for (found, exact) in [
            (first.plus(second), decimal(&one) + decimal(&two)),
            (first.minus(second), decimal(&one) - decimal(&two)),
        ] {
            match expected(&exact) {
                Ok(()) => prop_assert_eq!(decimal(&found.unwrap().to_string()), exact),
                // DynamoDB says the same of too many digits.
                Err(InvalidNumber::Digits) => prop_assert_eq!(found, Err(InvalidNumber::Overflow)),
                Err(error) => prop_assert_eq!(found, Err(error)),
            }
        }
    }

    #[test]
    fn sums_of_neighbours_are_seldom_refused(one in near(), two in near()) {
        let sum = one.parse::<Number>().unwrap().plus(two.parse().unwrap());
        let exact = BigDecimal::from_str(&one).unwrap() + BigDecimal::from_str(&two).unwrap();
        prop_assert_eq!(sum.is_ok(), digits(&exact) <= 38);
    }

    #[test]
    fn stored_numbers_come_back(text in text()) {
        let Ok(number) = text.parse::<Number>() else { return Ok(()) };
        let item: lambent_tables::Item = [("n".to_owned(), Value::N(number))].into_iter().collect();
        prop_assert_eq!(lambent_tables::Item::from_bytes(&item.to_bytes()), Ok(item));
    }
}

#[test]
fn the_bounds_are_those_of_dynamodb() {
    let nines = "9".repeat(38);
    for (text, shown) in [
        ("0", "0".to_owned()),
        ("-0.00e99999999999999", "0".to_owned()),
        ("+1", "1".to_owned()),
        (".5", "0.5".to_owned()),
        ("5.", "5".to_owned()),
        ("1E2", "100".to_owned()),
        ("-12.3400", "-12.34".to_owned()),
        ("1e125", format!("1{}", "0".repeat(125))),
        ("1e-130", format!("0.{}1", "0".repeat(129))),
        (&nines, nines.clone()),
        (&format!("{nines}e88"), format!("{nines}{}", "0".repeat(88))),
        (&format!("{}1", "0".repeat(100_000)), "1".to_owned()),
    ] {
        assert_eq!(text.parse::<Number>().unwrap().to_string(), shown, "{text}");
    }
    for (text, error) in [
        ("", InvalidNumber::Empty),
        ("1e126", InvalidNumber::Overflow),
        ("-1e126", InvalidNumber::Overflow),
        ("1e99999999999999999999", InvalidNumber::Overflow),
        ("9e-131", InvalidNumber::Underflow),
        ("1e-99999999999999999999", InvalidNumber::Underflow),
        (&format!("{nines}1"), InvalidNumber::Digits),
    ] {
        assert_eq!(text.parse::<Number>(), Err(error), "{text}");
    }
    for text in [
        "a", "1a", "1e", "e1", "--1", "1.2.3", ".", "-", "NaN", "Infinity", "0x10", " 1", "1 ",
        "1_0", "٣",
    ] {
        assert_eq!(text.parse::<Number>(), Err(InvalidNumber::Text(text.to_owned())), "{text}");
    }
}

#[test]
fn a_number_counts_a_byte_and_half_of_its_digits() {
    for (text, bytes) in
        [("0", 1), ("1", 2), ("-1", 3), ("12", 2), ("123", 3), ("1000000", 2), ("0.25", 2)]
    {
        assert_eq!(text.parse::<Number>().unwrap().size(), bytes, "{text}");
    }
    assert_eq!("9".repeat(38).parse::<Number>().unwrap().size(), 20);
}
