//! Which lines of a file may have values of variables in them, which are never shown.

/// The name of the table of variables.
const TABLE: &str = "environment";

/// Whether a line of a file, counted from 1, may have a value of a variable in it. The file may be
/// one that cannot be parsed, so a line is rather taken for one than not.
pub(super) fn is_line(text: &str, line: usize) -> bool {
    let (mut inside, mut in_text) = (false, false);
    for (number, one) in text.lines().enumerate() {
        let names = one.contains(TABLE);
        if !in_text && is_header(one) {
            inside = names;
        }
        if number + 1 == line {
            return inside || names;
        }
        let quotes = one.matches("\"\"\"").count() + one.matches("'''").count();
        in_text ^= quotes % 2 == 1;
        // What begins here and does not end here.
        let is_open = one.matches(['{', '[']).count() != one.matches(['}', ']']).count();
        inside |= names && (in_text || is_open);
    }
    inside
}

/// Whether a line begins a table.
fn is_header(line: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default().trim();
    line.starts_with('[') && line.ends_with(']')
}

/// What the parser says of a value that is of another type, without the value.
pub(super) fn without_values(message: &str) -> String {
    if !message.starts_with("invalid ") {
        return message.to_owned();
    }
    message.split('`').step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::refused;
    use super::*;

    const FILE: &str = r#"[functions.f]
component = "f.wasm"
environment = { A = "secret", B = 7 }
memory = "64MiB"
[functions.g.environment]
A = "secret"
B = """
[secret]
"""
C = "secret"
[functions.h]
environment = { # secrets
  A = "secret",
}
[queues.q]
"#;

    #[test]
    fn lines_with_variables_are_known() {
        let of = |line: &usize| is_line(FILE, *line);
        let lines: Vec<_> = (1..=FILE.lines().count()).filter(of).collect();
        assert_eq!(lines, [3, 5, 6, 7, 8, 9, 10, 12, 13, 14]);
        assert!(is_line("f = { environment = { A = \"secret }", 1));
    }

    #[test]
    fn values_are_left_out() {
        let message = "invalid type: integer `7`, expected a string";
        assert_eq!(without_values(message), "invalid type: integer , expected a string");
        let unknown = "unknown field `form`, expected `from`";
        assert_eq!(without_values(unknown), unknown);
    }

    #[test]
    fn values_of_variables_are_in_no_error() {
        for (text, place) in [
            ("environment = { A = \"hunter2\", B = 70717 }", "3:"),
            ("environment = { A = \"hunter2\", B = [\"hunter2\"] }", "3:"),
            ("environment = { A = { from = \"hunter2\" } }", "3:"),
            ("environment = { A = { value = 70717 } }", "3:"),
            ("environment = { A = \"hunter2${hunter2}\" }", "3:"),
            ("environment = { A = \"${hunter2}\" }", "3:"),
            ("environment = { A = \"hunter2 }", "3:"),
            ("environment = \"hunter2\"", "3:"),
            ("environment = 70717", "3:"),
            ("[functions.f.environment]\nA = \"hunter2\\q\"", "4:"),
            ("[functions.f.environment]\nA = hunter2", "4:"),
            ("[functions.f.environment]\nA = \"\"\"\n[x]\nhunter2${hunter2}\"\"\"", "4:"),
        ] {
            let message = refused(&format!("[functions.f]\ncomponent = \"f.wasm\"\n{text}\n"));
            assert!(message.starts_with(&format!("lambent.toml:{place}")), "{text}: {message}");
            for secret in ["hunter2", "70717"] {
                assert!(!message.contains(secret), "{text}: {message}");
            }
        }
    }
}
