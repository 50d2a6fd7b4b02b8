//! The forms of AWS's query protocol: members have dotted names, such as `Tags.member.1.Key`.

use std::collections::BTreeMap;

use http::request::Parts;

/// Most parts of a member's name: the deepest has six.
const PARTS_MAX: usize = 8;
/// Most parameters of a request: a batch of ten with ten attributes each has some hundreds.
const PARAMETERS_MAX: usize = 1000;

/// The parameters of a request: of its form, or, of a request without one, of its query.
pub(crate) fn parameters(head: &Parts, body: &[u8]) -> Result<Vec<(String, String)>, String> {
    match body.is_empty() {
        true => parameters_of(head.uri.query().unwrap_or_default().as_bytes()),
        false => parameters_of(body),
    }
}

/// The parameters of a form. They are counted first: an empty one costs a byte to send, and much more
/// to keep.
fn parameters_of(form: &[u8]) -> Result<Vec<(String, String)>, String> {
    if form.iter().filter(|c| **c == b'&').count() >= PARAMETERS_MAX {
        return Err(format!(
            "the form has more than {PARAMETERS_MAX} parameters, which is the most"
        ));
    }
    serde_urlencoded::from_bytes(form).map_err(|error| format!("the form cannot be read: {error}"))
}

/// What stands under a name: a value, or what has longer names.
#[derive(Default)]
pub(crate) struct Node {
    pub(crate) value: Option<String>,
    pub(crate) below: BTreeMap<String, Node>,
}

impl Node {
    /// All that a form says.
    pub(crate) fn of(parameters: Vec<(String, String)>) -> Result<Self, String> {
        let mut root = Self::default();
        for (name, value) in parameters {
            let mut node = &mut root;
            for (depth, part) in name.split('.').enumerate() {
                if depth == PARTS_MAX {
                    return Err("the name of a parameter has too many parts".into());
                }
                node = node.below.entry(part.to_owned()).or_default();
            }
            node.value = Some(value);
        }
        Ok(root)
    }

    /// The items of a list, by their numbers.
    pub(crate) fn numbered(self) -> Vec<Self> {
        let items = self.below.into_iter();
        let mut items: Vec<(u32, Self)> =
            items.filter_map(|(number, node)| Some((number.parse().ok()?, node))).collect();
        items.sort_by_key(|(number, _)| *number);
        items.into_iter().map(|(_, node)| node).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_no_more_parameters_than_any_request() {
        assert_eq!(parameters_of("&a=b".repeat(PARAMETERS_MAX - 1).as_bytes()).unwrap().len(), 999);
        assert!(parameters_of("&".repeat(PARAMETERS_MAX).as_bytes()).is_err());
    }

    #[test]
    fn names_are_not_endless() {
        assert!(Node::of(vec![("a.".repeat(9), String::new())]).is_err());
    }
}
