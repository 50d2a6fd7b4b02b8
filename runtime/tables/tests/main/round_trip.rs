//! Conditions that are written down and read again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lambent_tables::expression::{Comparator, Condition, Operand, Path, Placeholders, Step};
use lambent_tables::{Item, Number, Value};
use proptest::prelude::*;

/// Writes conditions, with a placeholder for every name and value.
#[derive(Default)]
struct Writer {
    names: BTreeMap<String, String>,
    values: serde_json::Map<String, serde_json::Value>,
}

impl Writer {
    fn name(&mut self, name: &str) -> String {
        let key = format!("#n{}", self.names.len());
        self.names.insert(key.clone(), name.to_owned());
        key
    }

    fn path(&mut self, path: &Path) -> String {
        let mut text = self.name(path.attribute());
        for step in path.steps() {
            match step {
                Step::Name(name) => {
                    let name = self.name(name);
                    write!(text, ".{name}").unwrap();
                }
                Step::Index(index) => write!(text, "[{index}]").unwrap(),
            }
        }
        text
    }

    fn value(&mut self, value: &Value) -> String {
        let key = format!(":v{}", self.values.len());
        self.values.insert(key.clone(), serde_json::to_value(value).unwrap());
        key
    }

    fn operand(&mut self, operand: &Operand) -> String {
        match operand {
            Operand::Path(path) => self.path(path),
            Operand::Value(value) => self.value(value),
            Operand::Size(of) => format!("size({})", self.operand(of)),
        }
    }

    fn all(&mut self, conditions: &[Condition], word: &str) -> String {
        let texts: Vec<_> = conditions.iter().map(|one| self.condition(one)).collect();
        format!("({})", texts.join(word))
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::Any(all) => self.all(all, " or "),
            Condition::All(all) => self.all(all, " AND "),
            Condition::Not(one) => format!("not {}", self.condition(one)),
            Condition::Compare(left, comparator, right) => {
                format!("{}{}{}", self.operand(left), comparator.sign(), self.operand(right))
            }
            Condition::Between(one, low, high) => {
                format!(
                    "{} between {} and {}",
                    self.operand(one),
                    self.operand(low),
                    self.operand(high)
                )
            }
            Condition::In(one, list) => {
                let one = self.operand(one);
                let list: Vec<_> = list.iter().map(|operand| self.operand(operand)).collect();
                format!("{one} IN ({})", list.join(","))
            }
            Condition::Exists(path) => format!("attribute_exists({})", self.path(path)),
            Condition::NotExists(path) => format!("attribute_not_exists( {} )", self.path(path)),
            Condition::Type(one, name) => {
                format!(
                    "attribute_type({}, {})",
                    self.operand(one),
                    self.value(&Value::S(name.clone()))
                )
            }
            Condition::BeginsWith(one, two) => {
                format!("begins_with({},{})", self.operand(one), self.operand(two))
            }
            Condition::Contains(one, two) => {
                format!("contains({}, {})", self.operand(one), self.operand(two))
            }
        }
    }
}

fn path() -> impl Strategy<Value = Path> {
    let step = prop_oneof![".{1,4}".prop_map(Step::Name), (0..3_usize).prop_map(Step::Index)];
    ("[abc]|.{1,4}", proptest::collection::vec(step, 0..3))
        .prop_map(|(name, steps)| Path::new(name, steps))
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        path().prop_map(Operand::Path),
        path().prop_map(|path| Operand::Size(Box::new(Operand::Path(path)))),
        any::<u16>().prop_map(|number| Operand::Value(Value::N(Number::from(u64::from(number))))),
    ]
}

fn text_operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        path().prop_map(Operand::Path),
        ".{0,4}".prop_map(|text| Operand::Value(Value::S(text)))
    ]
}

fn comparator() -> impl Strategy<Value = Comparator> {
    prop::sample::select(vec![
        Comparator::Equal,
        Comparator::NotEqual,
        Comparator::Less,
        Comparator::LessOrEqual,
        Comparator::Greater,
        Comparator::GreaterOrEqual,
    ])
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        (operand(), comparator(), operand())
            .prop_map(|(one, sign, two)| Condition::Compare(one, sign, two)),
        (operand(), path(), operand()).prop_map(|(one, low, high)| Condition::Between(
            one,
            Operand::Path(low),
            high
        )),
        (operand(), proptest::collection::vec(operand(), 1..4))
            .prop_map(|(one, list)| Condition::In(one, list)),
        path().prop_map(Condition::Exists),
        path().prop_map(Condition::NotExists),
        (path(), prop::sample::select(vec!["S", "NULL", "M"]))
            .prop_map(|(path, name)| Condition::Type(Operand::Path(path), name.to_owned())),
        (text_operand(), text_operand()).prop_map(|(one, two)| Condition::BeginsWith(one, two)),
        (text_operand(), operand()).prop_map(|(one, two)| Condition::Contains(one, two)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Condition::Any),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Condition::All),
            inner.prop_map(|one| Condition::Not(Box::new(one))),
        ]
    })
}

proptest! {
    #[test]
    fn a_condition_that_is_written_is_read_as_the_same(condition in condition()) {
        let mut writer = Writer::default();
        let text = writer.condition(&condition);
        prop_assume!(text.len() <= 4096);
        let names = Some(writer.names).filter(|names| !names.is_empty());
        let values = crate::given(&writer.values.into());
        let mut placeholders = Placeholders::new(names, values).unwrap();
        match placeholders.condition("C", &text) {
            Ok(read) => {
                prop_assert_eq!(&read, &condition, "{}", text);
                prop_assert_eq!(placeholders.finish(), Ok(()));
                let _ = read.holds(Some(&Item::new()));
            }
            // Two operands that happen to be one path.
            Err(error) => prop_assert!(error.message().contains("must be distinct"), "{}: {}", error, text),
        }
    }
}
