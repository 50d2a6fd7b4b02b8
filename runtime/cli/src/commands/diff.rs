use clap::Args;
use lambent_types::{
    CodeDiff, CodeFacts, FunctionName, MemberDiff, NamesDiff, Qualifier, VariableDiff, VersionDiff,
    format_bytes,
};
use serde_json::Value;

use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent diff hello 6 7
  lambent diff hello 7 '$LATEST'
  lambent diff hello live 7 --json";

/// Show what differs between two versions of a function
///
/// Its code, how it can be called, what it imports and was granted, and what is configured. Of the
/// environment the names are shown, and never the values.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DiffArgs {
    /// The function's name
    function: FunctionName,

    /// The first version: a number, $LATEST or an alias
    from: Qualifier,

    /// The second version
    to: Qualifier,
}

pub(crate) fn run(args: &DiffArgs, global: &Global) -> Result<Exit, CliError> {
    let DiffArgs { function, from, to } = args;
    let answer = global.client()?.diff(function, from, to)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
        return Ok(Exit::Ok);
    }
    let diff = answer.value()?;
    let head = format!("{function}: version {} → version {}", diff.from, diff.to);
    output.line(&head)?;
    if diff.is_empty() {
        output.line("nothing differs")?;
    } else {
        output.fields(&fields(&diff))?;
    }
    Ok(Exit::Ok)
}

fn fields(diff: &VersionDiff) -> Vec<(&'static str, String)> {
    let variable =
        |VariableDiff { name, change }: &VariableDiff| format!("{name} {}", change.as_str());
    let mut fields = vec![
        ("code", diff.code.as_ref().map(code).unwrap_or_default()),
        ("calls", names(&diff.handlers)),
        ("imports", names(&diff.imports)),
        ("grants", names(&diff.grants)),
        ("environment", lines(diff.environment.iter().map(variable))),
        ("configuration", lines(diff.configuration.iter().map(member))),
    ];
    fields.retain(|(_, value)| !value.is_empty());
    fields
}

fn code(CodeDiff { from, to }: &CodeDiff) -> String {
    let shown = |CodeFacts { digest, bytes }: &CodeFacts| {
        let digest: String = digest.to_string().chars().take(12).collect();
        format!("{}, sha256 {digest}", format_bytes(*bytes))
    };
    format!("{} → {}", shown(from), shown(to))
}

fn names(NamesDiff { added, removed }: &NamesDiff) -> String {
    let removed = removed.iter().map(|name| format!("- {name}"));
    lines(removed.chain(added.iter().map(|name| format!("+ {name}"))))
}

fn member(MemberDiff { member, from, to }: &MemberDiff) -> String {
    let shown = |value: &Option<Value>| value.as_ref().map_or("(none)".into(), ToString::to_string);
    format!("{member}: {} → {}", shown(from), shown(to))
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_shown_and_nothing_else() {
        let json = format!(
            r#"{{"from":"6","to":"7","code":{{"from":{{"digest":"{a}","bytes":1024}},
                "to":{{"digest":"{b}","bytes":2048}}}},"handlers":{{"added":[],"removed":[]}},
                "imports":{{"added":["wasi:keyvalue/store"],"removed":["wasi:cli/stdin"]}},
                "grants":{{"added":["keyspace:todo=read"],"removed":[]}},
                "environment":[{{"name":"TOKEN","change":"changed"}}],
                "configuration":[{{"member":"timeout_ms","from":1000,"to":2000}},
                {{"member":"tags.team","from":null,"to":"x"}}],"new":1}}"#,
            a = "ab".repeat(32),
            b = "cd".repeat(32)
        );
        let diff = serde_json::from_str(&json).unwrap();
        let expected = [
            ("code", "1.0 KiB, sha256 abababababab → 2.0 KiB, sha256 cdcdcdcdcdcd"),
            ("imports", "- wasi:cli/stdin\n+ wasi:keyvalue/store"),
            ("grants", "+ keyspace:todo=read"),
            ("environment", "TOKEN changed"),
            ("configuration", "timeout_ms: 1000 → 2000\ntags.team: (none) → \"x\""),
        ];
        assert_eq!(fields(&diff), expected.map(|(name, value)| (name, value.to_owned())));
    }
}
