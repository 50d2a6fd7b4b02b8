//! Header fields that say one thing.

use http::HeaderMap;

use crate::problem::Refusal;

/// The text of a header field, if it is given. Of two there is none that is
/// meant more than the other.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::invalid(format!("header {name:?} is given twice")));
    }
    let text = std::str::from_utf8(value.as_bytes());
    text.map(Some).map_err(|_| Refusal::invalid(format!("header {name:?} is not UTF-8")))
}

/// The fields whose names begin with `prefix`, by what follows it.
pub(super) fn below<C: FromIterator<(String, String)>>(
    headers: &HeaderMap,
    prefix: &str,
) -> Result<C, Refusal> {
    headers
        .keys()
        .filter_map(|header| {
            let name = header.as_str().strip_prefix(prefix)?;
            let value = text(headers, header.as_str()).transpose()?;
            Some(value.map(|value| (name.to_owned(), value.to_owned())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_field_is_given_once_and_is_text() {
        let mut headers = HeaderMap::new();
        assert_eq!(text(&headers, "x-a").unwrap(), None);
        headers.append("x-a", HeaderValue::from_bytes("Zoë".as_bytes()).unwrap());
        assert_eq!(text(&headers, "x-a").unwrap(), Some("Zoë"));
        let all: BTreeMap<String, String> = below(&headers, "x-").unwrap();
        assert_eq!(all, BTreeMap::from([("a".into(), "Zoë".into())]));
        headers.append("x-a", HeaderValue::from_static("2"));
        let refused = below::<Vec<_>>(&headers, "x-").unwrap_err();
        assert_eq!(refused.detail(), "header \"x-a\" is given twice");
        headers.insert("x-a", HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(text(&headers, "x-a").unwrap_err().detail(), "header \"x-a\" is not UTF-8");
    }
}
