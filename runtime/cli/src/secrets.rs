//! What is not printed of the server's answers unless it is asked for.

use serde_json::Value;

/// Takes the values of environment variables out of what an answer says of functions; their
/// names stay.
pub(crate) fn hide(answer: &mut Value) {
    let lists = ["functions", "versions"];
    for list in lists {
        if let Some(Value::Array(functions)) = answer.get_mut(list) {
            functions.iter_mut().for_each(hide_one);
        }
    }
    hide_one(answer);
}

fn hide_one(function: &mut Value) {
    if let Some(Value::Object(variables)) = function.pointer_mut("/configuration/environment") {
        variables.values_mut().for_each(|value| *value = Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_hidden_wherever_functions_are() {
        let one =
            json!({ "name": "f", "configuration": { "environment": { "TOKEN": "hunter2" } } });
        for mut answer in
            [one.clone(), json!({ "functions": [one.clone()] }), json!({ "versions": [one] })]
        {
            hide(&mut answer);
            let text = answer.to_string();
            assert!(text.contains(r#""environment":{"TOKEN":null}"#), "{text}");
        }
    }
}
