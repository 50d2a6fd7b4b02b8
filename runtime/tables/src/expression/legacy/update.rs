use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{InputError, Invalid};
use crate::expression::path::Path;
use crate::expression::update::{Action, Source, Update};
use crate::item_json::Given;
use crate::value::Value;

/// What is changed of one attribute: DynamoDB's `AttributeValueUpdate`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AttributeUpdate {
    /// `PUT`, as if it is absent, `ADD` or `DELETE`.
    pub action: Option<String>,
    /// What is put, added or taken out.
    pub value: Option<Given<Value>>,
}

impl AttributeUpdate {
    /// Reads `AttributeUpdates`.
    ///
    /// # Errors
    /// With DynamoDB's sentence, if an action has no value and is no deletion, or one of a type that it cannot have.
    pub fn update(updates: &BTreeMap<String, Self>) -> Result<Update, InputError> {
        let actions = updates.iter().map(|(name, one)| one.action(name));
        let actions = actions.collect::<Result<_, _>>()?;
        Ok(Update::new(actions, Update::MISMATCH_OF_ATTRIBUTES))
    }

    fn action(&self, name: &str) -> Result<Action, InputError> {
        let path = Path::of_attribute(name);
        let action = self.action.as_deref().unwrap_or("PUT");
        let value = self.value.clone().map(Given::read).transpose()?;
        let unsupported = |action: &str, value: &Value| {
            Err(Invalid::parameter(format!(
                "{action} is not supported for the type {}",
                value.type_name()
            ))
            .into())
        };
        match (action, value) {
            ("DELETE", None) => Ok(Action::Remove(path)),
            ("PUT", Some(value)) => Ok(Action::Set(path, Source::Value(value))),
            ("ADD", Some(value)) => match value {
                Value::N(_) | Value::L(_) | Value::Ss(_) | Value::Ns(_) | Value::Bs(_) => {
                    Ok(Action::Add(path, value))
                }
                other => unsupported("ADD action", &other),
            },
            ("DELETE", Some(value)) => match value {
                Value::Ss(_) | Value::Ns(_) | Value::Bs(_) => Ok(Action::Delete(path, value)),
                other => unsupported("DELETE action with value", &other),
            },
            ("PUT" | "ADD", None) => Err(Invalid::parameter(
                "Only DELETE action is allowed when no attribute value is specified",
            )
            .into()),
            (other, _) => {
                let shown: String = other.chars().take(100).collect();
                Err(Invalid::new(format!(
                    "1 validation error detected: Value '{shown}' at 'attributeUpdates.{name}.member.action' failed to \
                     satisfy constraint: Member must satisfy enum value set: [ADD, PUT, DELETE]"
                ))
                .into())
            }
        }
    }
}
