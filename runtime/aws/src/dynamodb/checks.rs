//! Members that are out of bounds, whatever they are about.

use lambent_service::TableHandle;
use lambent_types::TableName;

use super::error::validation;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

pub(super) const CAPACITY: &[&str] = &["INDEXES", "TOTAL", "NONE"];
pub(super) const COLLECTION_METRICS: &[&str] = &["SIZE", "NONE"];
pub(super) const RETURN_VALUES: &[&str] =
    &["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"];
pub(super) const ON_FAILURE: &[&str] = &["ALL_OLD", "NONE"];
pub(super) const SELECT: &[&str] =
    &["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"];
pub(super) const OPERATORS: &[&str] = &["OR", "AND"];

/// The name that a table is meant by, which may be its ARN.
pub(super) fn short(name: &str) -> &str {
    let of_arn = name.strip_prefix("arn:").and_then(|arn| arn.split_once(":table/"));
    of_arn.map_or(name, |(_, name)| name)
}

/// The handle of a table by a name that was checked.
pub(super) fn handle<'c>(call: &'c Call, name: &str) -> Result<TableHandle<'c>, Fault> {
    call.scope
        .handle::<TableName>(short(name))
        .map_err(|error| validation(error.detail().to_owned()))
}

impl Violations {
    /// Notes that a table or an index cannot be called so.
    pub(super) fn name(&mut self, member: &str, name: Option<&str>) {
        let Some(name) = name.map(short) else { return };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let pattern = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
        self.check(!name.is_empty() && name.bytes().all(allowed), member, name, pattern);
        self.length(member, name, 3, 255);
    }

    /// Notes that a request names no table, or one that cannot be called so.
    pub(super) fn table(&mut self, name: Option<&str>) {
        self.present(name.is_some(), "tableName");
        self.name("tableName", name);
    }

    /// Notes that a text is none of some.
    pub(super) fn one_of(&mut self, member: &str, text: Option<&str>, allowed: &[&str]) {
        let Some(text) = text else { return };
        let set = format!("satisfy enum value set: [{}]", allowed.join(", "));
        self.check(allowed.contains(&text), member, text, &set);
    }

    /// Notes that a list is not there, is empty, or has more elements than it may have.
    pub(super) fn counted(&mut self, member: &str, count: Option<usize>, most: usize) {
        self.present(count.is_some(), member);
        let Some(count) = count else { return };
        self.check(count >= 1, member, "[]", "have length greater than or equal to 1");
        self.count(member, count, most);
    }

    /// Notes that a list that is given is empty.
    pub(super) fn filled<T>(&mut self, member: &str, list: Option<&Vec<T>>) {
        let is_filled = list.is_none_or(|list| !list.is_empty());
        self.check(is_filled, member, "[]", "have length greater than or equal to 1");
    }
}
