//! Files of environment variables, one `KEY=VALUE` a line.

use std::collections::BTreeMap;

/// Reads `KEY=VALUE` lines; blank lines and `#` comments are skipped, a
/// leading `export` and one pair of quotes around a value are dropped.
///
/// # Errors
/// The number of the first line that is none of these.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let mut variables = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let pair = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = pair.split_once('=').ok_or(index + 1)?;
        variables.insert(key.trim().to_owned(), unquote(value.trim()).to_owned());
    }
    Ok(variables)
}

fn unquote(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_shells_write_them() {
        let text = "# c\n\nexport A=1\nB=\"two words\"\nC='it''s'\nD=\n";
        let variables = parse(text).unwrap();
        assert_eq!(variables["A"], "1");
        assert_eq!(variables["B"], "two words");
        assert_eq!(variables["C"], "it''s");
        assert_eq!(variables["D"], "");
        assert_eq!(parse("A=1\noops"), Err(2));
        assert_eq!(parse(""), Ok(BTreeMap::new()));
    }
}
