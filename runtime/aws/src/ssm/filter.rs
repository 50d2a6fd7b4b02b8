//! Which parameters of a list are meant.

use lambent_service::{Parameter, ParameterVersion};
use serde::Deserialize;

use super::error::invalid;
use super::parameter::{key, kind, tier};
use crate::fault::Fault;
use crate::validation::Violations;

/// Most values of a filter; Systems Manager's.
const VALUES_MAX: usize = 50;
/// Most characters of a value; Systems Manager's.
const VALUE_CHARS_MAX: usize = 1_024;
const TYPES: [&str; 3] = ["String", "StringList", "SecureString"];
const TIERS: [&str; 3] = ["Standard", "Advanced", "Intelligent-Tiering"];

/// A filter as a request gives it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Given {
    key: Option<String>,
    option: Option<String>,
    values: Option<Vec<String>>,
}

impl Given {
    /// A filter as clients of before 2018 give it: names that begin so.
    pub(super) fn of_old(mut self) -> Self {
        if self.key.as_deref() == Some("Name") {
            self.option = Some("BeginsWith".into());
        }
        self
    }
}

/// What filters are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// All parameters.
    All,
    /// Those below a path.
    Path,
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equals,
    BeginsWith,
    Contains,
    OneLevel,
    Recursive,
}

/// A filter that was checked.
#[derive(Debug)]
pub(super) struct Filter {
    key: String,
    comparison: Comparison,
    values: Vec<String>,
}

/// The filters of a request.
pub(super) fn read(given: Option<Vec<Given>>, of: Of) -> Result<Vec<Filter>, Fault> {
    let given = given.unwrap_or_default();
    check_form(&given)?;
    let mut filters: Vec<Filter> = Vec::new();
    for filter in given {
        let filter = Filter::read(filter, of)?;
        if filters.iter().any(|other| other.key == filter.key) {
            return Err(invalid_key(format!(
                "The following filter is duplicated in the request: {}. A request can contain only one \
                 occurrence of a specific filter.",
                filter.key
            )));
        }
        filters.push(filter);
    }
    Ok(filters)
}

fn check_form(given: &[Given]) -> Result<(), Fault> {
    let mut violations = Violations::default();
    violations.count("parameterFilters", given.len(), VALUES_MAX);
    for (at, filter) in given.iter().enumerate() {
        let member = |name: &str| format!("parameterFilters.{}.member.{name}", at + 1);
        let key = filter.key.as_deref().unwrap_or_default();
        let names = ["Name", "Type", "KeyId", "Path", "Label", "Tier", "DataType"];
        let is_key =
            names.contains(&key) || key.strip_prefix("tag:").is_some_and(|it| !it.is_empty());
        let pattern = "satisfy regular expression pattern: tag:.+|Name|Type|KeyId|Path|Label|Tier";
        violations.check(is_key, &member("key"), key, pattern);
        violations.length(&member("key"), key, 1, 132);
        let values = filter.values.as_deref().unwrap_or_default();
        violations.count(&member("values"), values.len(), VALUES_MAX);
        for value in values {
            violations.length(&member("values"), value, 1, VALUE_CHARS_MAX);
        }
    }
    violations.finish()
}

fn invalid_key(message: String) -> Fault {
    Fault::bad_request("InvalidFilterKey", message)
}

fn invalid_option(message: String) -> Fault {
    Fault::bad_request("InvalidFilterOption", message)
}

impl Filter {
    fn read(given: Given, of: Of) -> Result<Self, Fault> {
        let (key, values) = (given.key.unwrap_or_default(), given.values.unwrap_or_default());
        let (known, shown): (&[&str], _) = match of {
            Of::All => (
                &["Path", "Name", "Type", "KeyId", "Tier", "DataType"],
                "Path, Name, Type, KeyId, Tier",
            ),
            Of::Path => (&["Type", "KeyId", "Label"], "Type, KeyId"),
        };
        let is_known = known.contains(&key.as_str()) || (of == Of::All && key.starts_with("tag:"));
        if !is_known {
            return Err(invalid_key(format!(
                "The following filter key is not valid: {key}. Valid filter keys include: [{shown}]."
            )));
        }
        if values.is_empty() && !key.starts_with("tag:") {
            let message =
                format!("The following filter values are missing : null for filter key {key}");
            return Err(Fault::bad_request("InvalidFilterValue", message));
        }
        let comparison = comparison(&key, given.option.as_deref())?;
        check_values(&key, &values)?;
        Ok(Self { key, comparison, values })
    }

    /// Whether it lets a parameter through, of which this is the version that is looked at.
    pub(super) fn lets_through(&self, parameter: &Parameter, version: &ParameterVersion) -> bool {
        let name = parameter.name.as_str();
        match self.key.as_str() {
            "Name" => {
                let bare = |text: &str| text.trim_start_matches('/').to_owned();
                match self.comparison {
                    Comparison::Contains => self.values.iter().any(|value| name.contains(value)),
                    _ => self.compares(&bare(name), bare),
                }
            }
            "Path" => self
                .values
                .iter()
                .any(|path| is_below(name, path, self.comparison == Comparison::Recursive)),
            "Type" => self.compares(kind(version.kind), str::to_owned),
            "Tier" => self.compares(tier(version.tier), str::to_owned),
            "DataType" => self.compares(&version.data_type, str::to_owned),
            "KeyId" => key(version).is_some_and(|key| self.compares(key, str::to_owned)),
            "Label" => {
                parameter.labels_of(version.number).any(|label| self.compares(label, str::to_owned))
            }
            tag => {
                let value = tag.strip_prefix("tag:").and_then(|tag| parameter.tags.get(tag));
                value.is_some_and(|value| {
                    self.values.is_empty() || self.compares(value, str::to_owned)
                })
            }
        }
    }

    fn compares(&self, text: &str, form: impl Fn(&str) -> String) -> bool {
        self.values.iter().map(|value| form(value)).any(|value| match self.comparison {
            Comparison::BeginsWith => text.starts_with(&value),
            _ => text == value,
        })
    }
}

fn comparison(key: &str, option: Option<&str>) -> Result<Comparison, Fault> {
    let shown = |option: &str| option.chars().take(20).collect::<String>();
    match (key, option) {
        ("Path", None | Some("OneLevel")) => Ok(Comparison::OneLevel),
        ("Path", Some("Recursive")) => Ok(Comparison::Recursive),
        ("Path", Some(option)) => Err(invalid_option(format!(
            "The following filter option is not valid: {}. Valid options include: [Recursive, OneLevel].",
            shown(option)
        ))),
        (_, None | Some("Equals")) => Ok(Comparison::Equals),
        (_, Some("BeginsWith")) => Ok(Comparison::BeginsWith),
        ("Name", Some("Contains")) => Ok(Comparison::Contains),
        (_, Some(option)) => Err(invalid_option(format!(
            "The following filter option is not valid: {}. Valid options include: [BeginsWith, Equals].",
            shown(option)
        ))),
    }
}

fn check_values(key: &str, values: &[String]) -> Result<(), Fault> {
    let known: &[&str] = match key {
        "Type" => &TYPES,
        "Tier" => &TIERS,
        "Path" => return values.iter().try_for_each(|path| check_path(path)),
        _ => return Ok(()),
    };
    match values.iter().find(|value| !known.contains(&value.as_str())) {
        None => Ok(()),
        Some(value) => Err(invalid_option(format!(
            "The following filter value is not valid: {value}. Valid values include: [{}].",
            known.join(", ")
        ))),
    }
}

/// Refuses a path that no parameter is below.
pub(super) fn check_path(path: &str) -> Result<(), Fault> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte);
    if path.starts_with('/') && path.bytes().all(allowed) && !path.contains("//") {
        return Ok(());
    }
    Err(invalid(
        "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a \
         forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use \
         only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special \
         characters are not allowed. All sub-paths, if specified, must use the forward slash symbol \"/\". \
         Valid example: /get/parameters2-/by1./path0_.",
    ))
}

/// Whether a parameter is below a path: right below, or anywhere.
pub(super) fn is_below(name: &str, path: &str, anywhere: bool) -> bool {
    let path = path.trim_end_matches('/');
    // A name without slashes is below the root.
    let rooted = if name.starts_with('/') { name.to_owned() } else { format!("/{name}") };
    let rest = rooted.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| anywhere || !rest.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_path() {
        for (name, path, anywhere, below) in [
            ("/a/b", "/a", false, true),
            ("/a/b", "/a/", false, true),
            ("/a/b/c", "/a", false, false),
            ("/a/b/c", "/a", true, true),
            ("/ab/c", "/a", true, false),
            ("/a", "/a", true, false),
            ("/a", "/", false, true),
            ("a", "/", false, true),
            ("/a/b", "/", false, false),
            ("/a/b", "/", true, true),
        ] {
            assert_eq!(is_below(name, path, anywhere), below, "{name} {path} {anywhere}");
        }
    }

    fn given(key: &str, option: Option<&str>, values: &[&str]) -> Given {
        Given {
            key: Some(key.into()),
            option: option.map(Into::into),
            values: Some(values.iter().map(|value| (*value).to_owned()).collect()),
        }
    }

    #[test]
    fn filters_are_checked() {
        let code = |filters: Vec<Given>, of| read(Some(filters), of).unwrap_err().code;
        for (filter, of, expected) in [
            (given("Other", None, &["x"]), Of::All, "ValidationException"),
            (given("tag:", None, &["x"]), Of::All, "ValidationException"),
            (given("Label", None, &["x"]), Of::All, "InvalidFilterKey"),
            (given("Name", None, &["x"]), Of::Path, "InvalidFilterKey"),
            (given("Name", None, &[]), Of::All, "InvalidFilterValue"),
            (given("Name", Some("Is"), &["x"]), Of::All, "InvalidFilterOption"),
            (given("Type", Some("Contains"), &["String"]), Of::All, "InvalidFilterOption"),
            (given("Type", None, &["Text"]), Of::All, "InvalidFilterOption"),
            (given("Path", None, &["a"]), Of::All, "ValidationException"),
            (given("Path", Some("Equals"), &["/a"]), Of::All, "InvalidFilterOption"),
        ] {
            let shown = format!("{filter:?}");
            assert_eq!(code(vec![filter], of), expected, "{shown}");
        }
        let twice = vec![given("Name", None, &["x"]), given("Name", None, &["y"])];
        assert_eq!(code(twice, Of::All), "InvalidFilterKey");
        assert_eq!(read(Some(vec![given("tag:x", None, &[])]), Of::All).unwrap().len(), 1);
    }
}
