use clap::Args;
use lambent_types::{BucketName, format_bytes};
use serde_json::{Value, json};

use crate::args::Global;
use crate::commands::named::{cell, minute};
use crate::error::CliError;
use crate::input;

/// List objects
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The bucket's name
    bucket: BucketName,

    /// Only keys that begin so
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,

    /// Show what comes before TEXT, after the prefix, once: / lists like directories
    #[arg(long, value_name = "TEXT")]
    delimiter: Option<String>,

    /// At most so many [default: all]
    #[arg(long, value_name = "N", value_parser = input::count)]
    limit: Option<usize>,
}

pub(super) fn run(args: &ListArgs, global: &Global) -> Result<(), CliError> {
    let client = global.client()?;
    let (mut objects, mut prefixes, mut after) = (Vec::new(), Vec::new(), None::<String>);
    let next = loop {
        let count = objects.len() + prefixes.len();
        let left = args.limit.map(|limit| limit.saturating_sub(count));
        let mut filter = Vec::new();
        filter.extend(args.prefix.clone().map(|prefix| ("prefix", prefix)));
        filter.extend(args.delimiter.clone().map(|delimiter| ("delimiter", delimiter)));
        filter.extend(after.take().map(|after| ("after", after)));
        filter.extend(left.map(|left| ("limit", left.min(1000).to_string())));
        let mut page = client.list_objects(&args.bucket, &filter)?;
        for (member, all) in [("objects", &mut objects), ("common_prefixes", &mut prefixes)] {
            if let Some(Value::Array(more)) = page.get_mut(member).map(Value::take) {
                all.extend(more);
            }
        }
        let next = page["next"].as_str().map(str::to_owned);
        let count = objects.len() + prefixes.len();
        if next.is_none() || args.limit.is_some_and(|limit| count >= limit) {
            break next;
        }
        after = next;
    };
    let output = global.output();
    if output.json {
        let all = json!({ "objects": objects, "common_prefixes": prefixes, "next": next });
        return Ok(output.json(&all)?);
    }
    if objects.is_empty() && prefixes.is_empty() {
        eprintln!("no objects; put one: lambent object put {} KEY FILE", args.bucket);
        return Ok(());
    }
    let mut rows: Vec<_> = prefixes.iter().map(|prefix| vec![cell(prefix)]).collect();
    rows.extend(objects.iter().map(row));
    for row in &mut rows {
        row.resize(4, String::new());
    }
    output.table(&["key", "size", "modified", "type"], rows)?;
    if next.is_some() {
        eprintln!("there are more; raise --limit");
    }
    Ok(())
}

fn row(object: &Value) -> Vec<String> {
    vec![
        cell(&object["key"]),
        format_bytes(object["size"].as_u64().unwrap_or_default()),
        minute(&object["modified"]),
        cell(&object["content_type"]),
    ]
}
