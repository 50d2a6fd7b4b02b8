//! The reference of all keys of a `lambent.toml`, made of its schema.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;

use serde_json::Value;

use super::schema::schema;

const HEAD: &str = "\
# lambent.toml

Written by `lambent manifest reference`; `lambent manifest schema` prints the same as a JSON schema for
editors. Paths are relative to the file. Sizes, durations and numbers that a function does not give are
those that it has by default.
";

/// The page.
pub(crate) fn reference() -> String {
    let schema = schema();
    let mut page = Page { schema: &schema, text: HEAD.to_owned(), told: BTreeSet::new() };
    page.text.push_str("\n## The file\n\n| key | value | |\n|---|---|---|\n");
    for (name, property) in members(&schema["properties"]) {
        let says = sentence(property);
        let value = if property["additionalProperties"].is_object() {
            format!("tables [[{name}.NAME]](#{name}name)")
        } else {
            page.value(property)
        };
        let _ = writeln!(page.text, "| `{name}` | {value} | {says} |");
    }
    for (table, each) in members(&schema["properties"]) {
        let entry = &each["additionalProperties"];
        if entry.is_object() {
            let says = each["description"].as_str().unwrap_or_default();
            let _ = write!(page.text, "\n## [{table}.NAME]\n\n{says}\n");
            page.table(entry);
            page.below(entry);
        }
    }
    page.text
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

struct Page<'s> {
    schema: &'s Value,
    text: String,
    /// The definitions that have a section.
    told: BTreeSet<String>,
}

impl Page<'_> {
    /// The keys of a table, if it has any of its own.
    fn table(&mut self, object: &Value) {
        if object["properties"].is_object() {
            self.rows(&object["properties"], &object["required"]);
        }
    }

    fn rows(&mut self, properties: &Value, required: &Value) {
        self.text.push_str("\n| key | value | |\n|---|---|---|\n");
        for (name, property) in members(properties) {
            let needed = required.as_array().is_some_and(|all| all.iter().any(|one| one == name));
            let says = sentence(property);
            let default = match &property["default"] {
                Value::Null => String::new(),
                Value::String(text) => format!(" By default `{text}`."),
                other => format!(" By default `{other}`."),
            };
            let needed = if needed { " Required." } else { "" };
            let value = self.value(property);
            let _ = writeln!(self.text, "| `{name}` | {value} | {says}{default}{needed} |");
        }
    }

    /// What a value looks like.
    fn value(&self, property: &Value) -> String {
        if let Some(name) = property["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
            let defined = &self.schema["$defs"][name];
            return if defined["properties"].is_object() {
                format!("[{}](#{})", title(name), title(name).replace(' ', "-"))
            } else {
                self.value(defined)
            };
        }
        if let Some(words) = property["enum"].as_array() {
            return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        }
        if let Some(forms) = property["oneOf"].as_array() {
            let mut forms: Vec<_> = forms.iter().map(|form| self.value(form)).collect();
            forms.retain(|form| form != "–");
            forms.dedup();
            return forms.join(" or ");
        }
        let kind = match &property["type"] {
            Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned(),
            kind => Some(kind.clone()),
        };
        match kind.as_ref().and_then(Value::as_str) {
            Some("string") => property["examples"][0]
                .as_str()
                .map_or_else(|| "text".into(), |example| format!("text such as `{example:?}`")),
            Some("boolean") => "`true`, `false`".into(),
            Some("integer" | "number") => "number".into(),
            Some("array") => format!("list of {}", self.value(&property["items"])),
            Some("object") if property["properties"].is_object() => {
                let keys = members(&property["properties"]).map(|(name, _)| name.as_str());
                format!("`{{ {} }}`", keys.collect::<Vec<_>>().join(", "))
            }
            Some("object") => format!("table of {}", self.value(&property["additionalProperties"])),
            Some("null") => "–".into(),
            _ => "any value".into(),
        }
    }

    /// Sections of the tables that these keys refer to and that have none yet.
    fn below(&mut self, object: &Value) {
        let mut names = Vec::new();
        for (_, property) in members(&object["properties"]) {
            referred(property, &mut names);
        }
        let mut names = VecDeque::from(names);
        while let Some(name) = names.pop_front() {
            if !self.told.insert(name.clone()) {
                continue;
            }
            let defined = &self.schema["$defs"][&name];
            if !defined["properties"].is_object() {
                let mut further = Vec::new();
                referred(defined, &mut further);
                names.extend(further);
            } else {
                let says = defined["description"].as_str().unwrap_or_default();
                let _ = write!(self.text, "\n### {}\n\n{says}\n", title(&name));
                self.table(defined);
                self.below(defined);
            }
        }
    }
}

/// What is said of a key, as a cell of a table.
fn sentence(property: &Value) -> String {
    let says = property["description"].as_str().unwrap_or_default();
    says.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The names of the definitions that a schema refers to.
fn referred(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let to = members.get("$ref").and_then(Value::as_str);
            names.extend(to.and_then(|to| to.rsplit('/').next()).map(ToOwned::to_owned));
            members.values().for_each(|value| referred(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| referred(value, names)),
        _ => {}
    }
}

/// `DeadLetter` in words: `dead letter`.
fn title(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_the_tree_is_what_is_written() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/MANIFEST.md");
        let now = reference();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == now, "MANIFEST.md differs; run with UPDATE_GOLDEN=1 and review");
    }

    #[test]
    fn every_link_leads_to_a_section() {
        let page = reference();
        let sections = page.lines().filter(|line| line.starts_with('#'));
        let anchor = |line: &str| -> String {
            let kept = |c: &char| c.is_alphanumeric() || " -".contains(*c);
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title.chars().filter(kept).collect::<String>().replace(' ', "-")
        };
        let anchors: Vec<_> = sections.map(anchor).collect();
        for link in page.split("](#").skip(1) {
            let to = link.split(')').next().unwrap();
            assert!(anchors.iter().any(|anchor| anchor == to), "{to} is none of {anchors:?}");
        }
    }

    #[test]
    fn every_key_has_a_sentence() {
        let missing: Vec<_> = reference()
            .lines()
            .filter(|line| line.starts_with("| `") && line.ends_with("|  |"))
            .map(ToOwned::to_owned)
            .collect();
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
