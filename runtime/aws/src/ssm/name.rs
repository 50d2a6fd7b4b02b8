//! Names of parameters: names and ARNs, with a version or a label after a colon.

use lambent_service::Selector;

use super::error::invalid;
use crate::call::Call;
use crate::fault::Fault;

/// Most characters of what names a parameter; Systems Manager's.
const CHARS_MAX: usize = 2_048;

/// The ARN of a parameter.
pub(super) fn arn(call: &Call, name: &str) -> String {
    let (region, account) = (&call.region, call.account());
    format!("arn:aws:ssm:{region}:{account}:parameter/{}", name.trim_start_matches('/'))
}

/// A parameter as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedParameter {
    pub(super) name: String,
    pub(super) selector: Selector,
    /// What stands for the selector in the request, with its colon.
    pub(super) suffix: Option<String>,
}

impl NamedParameter {
    /// Reads what is asked for.
    pub(super) fn read(call: &Call, text: &str) -> Result<Self, Fault> {
        if !(1..=CHARS_MAX).contains(&text.chars().count()) {
            return Err(invalid(format!(
                "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must have \
                 length between 1 and {CHARS_MAX}"
            )));
        }
        Self::parse(text, &call.account()).ok_or_else(|| {
            let shown: String = text.chars().take(256).collect();
            Fault::bad_request("ParameterNotFound", format!("Parameter {shown} not found."))
        })
    }

    /// Nothing, if it is the ARN of something else or of another account's.
    fn parse(text: &str, account: &str) -> Option<Self> {
        let rest = match text.strip_prefix("arn:") {
            None => text,
            Some(arn) => {
                let mut parts = arn.splitn(5, ':').skip(1);
                let (service, _region, of) = (parts.next(), parts.next(), parts.next());
                let is_here = service == Some("ssm") && of == Some(account);
                parts.next().filter(|_| is_here)?.strip_prefix("parameter")?
            }
        };
        let (name, suffix) = match rest.split_once(':') {
            Some((name, suffix)) => (name, Some(suffix)),
            None => (rest, None),
        };
        // In an ARN the first slash is there whether the name has it or not.
        let name = match name.strip_prefix('/') {
            Some(bare) if text.starts_with("arn:") && !bare.contains('/') => bare,
            _ => name,
        };
        let selector = match suffix {
            None => Selector::Latest,
            Some(number) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
                Selector::Number(number.parse().ok()?)
            }
            Some(label) => Selector::Label(label.to_owned()),
        };
        let suffix = suffix.map(|suffix| format!(":{suffix}"));
        Some(Self { name: name.to_owned(), selector, suffix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_an_arn_and_may_have_a_selector() {
        let read = |text: &str| NamedParameter::parse(text, "000000000000");
        let arn = "arn:aws:ssm:eu-west-1:000000000000:parameter";
        for (text, name, selector) in [
            ("/a/b", "/a/b", Selector::Latest),
            ("a:3", "a", Selector::Number(3)),
            ("a:prod", "a", Selector::Label("prod".into())),
            ("a:", "a", Selector::Label(String::new())),
            (&format!("{arn}/a/b:3"), "/a/b", Selector::Number(3)),
            (&format!("{arn}/a"), "a", Selector::Latest),
        ] {
            let read = read(text).unwrap();
            assert_eq!((read.name.as_str(), read.selector), (name, selector), "{text}");
        }
        for text in [
            "arn:aws:ssm:eu-west-1:111111111111:parameter/a",
            "arn:aws:s3:eu-west-1:000000000000:parameter/a",
            "arn:",
            "a:99999999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
