//! Query parameters: known ones only, each at most once.

use http::Uri;

use crate::percent;
use crate::problem::Refusal;

/// The query parameters of a request.
#[derive(Debug)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query of `uri`, which may hold `known` parameters.
    pub(crate) fn read(uri: &Uri, known: &[&str]) -> Result<Self, Refusal> {
        let mut params = Self(Vec::new());
        let query = uri.query().unwrap_or_default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name)
                .ok_or_else(|| Refusal::invalid("a query parameter's name is not UTF-8"))?;
            if !known.contains(&name.as_str()) {
                return Err(unknown(&name, known));
            }
            if params.text(&name).is_some() {
                return Err(Refusal::invalid(format!("query parameter {name:?} is given twice")));
            }
            let value = decode(value).ok_or_else(|| {
                Refusal::invalid(format!("query parameter {name:?} is not UTF-8"))
            })?;
            params.0.push((name, value));
        }
        Ok(params)
    }

    /// The value of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter, read by `parse`; `wanted` says what it must be.
    pub(crate) fn parse<T>(
        &self,
        name: &str,
        wanted: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| {
            let text: String = text.chars().take(64).collect();
            Refusal::invalid(format!("query parameter {name:?} is {text:?}; give {wanted}"))
        })
    }

    /// `limit`: how many items a page may have.
    pub(crate) fn limit(&self, default: usize, max: usize) -> Result<usize, Refusal> {
        let wanted = format!("a number from 1 to {max}");
        let limit = self.parse("limit", &wanted, |text| {
            text.parse().ok().filter(|limit| (1..=max).contains(limit))
        })?;
        Ok(limit.unwrap_or(default))
    }
}

/// Undoes the encoding of forms. Other characters in place of what is no UTF-8
/// would name another key than the client meant.
fn decode(text: &str) -> Option<String> {
    String::from_utf8(percent::decode(text.replace('+', " ").as_bytes())).ok()
}

fn unknown(name: &str, known: &[&str]) -> Refusal {
    let shown: String = name.chars().take(64).collect();
    let near = known.iter().min_by_key(|candidate| distance(&shown, candidate));
    Refusal::invalid(match near {
        None => format!("unknown query parameter {shown:?}; there are none here"),
        Some(near) if distance(&shown, near) <= 2 => {
            format!("unknown query parameter {shown:?}; did you mean {near:?}?")
        }
        Some(_) => {
            format!("unknown query parameter {shown:?}; there are: {}", known.join(", "))
        }
    })
}

/// How many letters must be added, removed or replaced to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Params, String> {
        let uri = format!("/x?{query}").parse().unwrap();
        Params::read(&uri, &["memory", "timeout", "limit"]).map_err(|e| e.detail().to_owned())
    }

    #[test]
    fn unknown_parameters_name_the_nearest() {
        assert_eq!(
            read("memroy=1").unwrap_err(),
            "unknown query parameter \"memroy\"; did you mean \"memory\"?"
        );
        assert_eq!(
            read("environment=1").unwrap_err(),
            "unknown query parameter \"environment\"; there are: memory, timeout, limit"
        );
        assert!(read("limit=1&limit=2").unwrap_err().contains("twice"));
    }

    #[test]
    fn values_are_decoded_and_checked() {
        let params = read("memory=64%20MiB&limit=7").unwrap();
        assert_eq!(params.text("memory"), Some("64 MiB"));
        assert_eq!(params.limit(1, 10).unwrap(), 7);
        let refusal = read("limit=0").unwrap().limit(1, 10).unwrap_err();
        assert_eq!(
            refusal.detail(),
            "query parameter \"limit\" is \"0\"; give a number from 1 to 10"
        );
        assert_eq!(read("").unwrap().limit(5, 10).unwrap(), 5);
        let params = read("&memory=a%2Bb+c%26%3D=&&timeout&").unwrap();
        assert_eq!((params.text("memory"), params.text("timeout")), (Some("a+b c&=="), Some("")));
        assert_eq!(read("memory=%ff").unwrap_err(), "query parameter \"memory\" is not UTF-8");
        assert_eq!(read("%ff=1").unwrap_err(), "a query parameter's name is not UTF-8");
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
