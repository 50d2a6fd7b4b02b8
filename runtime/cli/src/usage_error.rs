//! Clap's errors in the form that programs read.

use std::ffi::OsString;

use crate::error::CliError;

/// Returns whether a command line asks for JSON anywhere. A line with an error is not
/// parsed, so this looks at its words.
pub(crate) fn asks_for_json(line: impl IntoIterator<Item = OsString>) -> bool {
    line.into_iter().skip(1).take_while(|word| word != "--").any(|word| word == "--json")
}

/// Divides clap's text: its first paragraph is the error, the others are advice.
pub(crate) fn explain(error: &clap::Error) -> CliError {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let one_line = |paragraph: &str| {
        let lines = paragraph.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join(" ")
    };
    let mut paragraphs = text.split("\n\n").map(one_line).filter(|line| !line.is_empty());
    let detail = paragraphs.next().unwrap_or_default();
    let more = paragraphs.filter(|line| !line.starts_with("For more information"));
    let more = more.collect::<Vec<_>>().join("\n");
    let usage = CliError::usage(detail);
    if more.is_empty() { usage } else { usage.hint(more) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn json_is_asked_for_wherever_it_stands() {
        let asks = |line: &str| asks_for_json(line.split(' ').map(OsString::from));
        for line in ["lambent --json x", "lambent x --json", "lambent x --bogus --json y"] {
            assert!(asks(line), "{line}");
        }
        for line in ["lambent x", "lambent kv set s k -- --json", "--json"] {
            assert!(!asks(line), "{line}");
        }
    }

    #[test]
    fn what_clap_says_is_kept() {
        let explained = |line: &str| {
            let error = Cli::try_parse_from(line.split(' ')).err().unwrap();
            explain(&error).to_json()
        };
        let json = explained("lambent deploy a.b f.wasm");
        let detail = json["detail"].as_str().unwrap();
        assert!(detail.starts_with("invalid value 'a.b' for '<NAME>'"), "{detail}");
        assert_eq!((&json["code"], &json["exit_code"]), (&"usage".into(), &2.into()));
        let json = explained("lambent list --jsno");
        assert_eq!(json["detail"], "unexpected argument '--jsno' found");
        assert!(json["hint"].as_str().unwrap().contains("'--json'"), "{json}");
        let json = explained("lambent deploy hello");
        let detail = "the following required arguments were not provided: <CODE>";
        assert_eq!(json["detail"], detail);
        let json = explained("lambent queue --json");
        assert!(json["detail"].as_str().unwrap().contains("requires a subcommand"), "{json}");
    }
}
