use clap::Args;
use lambent_api::{ListObjects, ObjectView, Objects};
use lambent_types::bounds::PAGE_MAX;
use lambent_types::{BucketName, format_bytes};
use serde_json::{Value, json};

use crate::commands::named::{minute, or_dash};
use crate::error::CliError;
use crate::global::Global;
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
    let mut all = Objects { objects: Vec::new(), common_prefixes: Vec::new(), next: None };
    let mut pages = Vec::new();
    loop {
        let count = all.objects.len() + all.common_prefixes.len();
        if args.limit.is_some_and(|limit| count >= limit) {
            break;
        }
        let list = ListObjects {
            prefix: args.prefix.clone(),
            delimiter: args.delimiter.clone(),
            after: all.next.take(),
            limit: args.limit.map(|limit| (limit - count).min(PAGE_MAX)),
        };
        let page = client.list_objects(&args.bucket, &list)?;
        let Objects { objects, common_prefixes, next } = page.value()?;
        pages.push(page.json()?);
        all.objects.extend(objects);
        all.common_prefixes.extend(common_prefixes);
        all.next = next;
        if all.next.is_none() {
            break;
        }
    }
    let output = global.output();
    if output.json {
        return Ok(output.json(&joined(pages, &all))?);
    }
    if all.objects.is_empty() && all.common_prefixes.is_empty() {
        eprintln!("no objects; put one: lambent object put {} KEY FILE", args.bucket);
        return Ok(());
    }
    let mut rows: Vec<_> = all.common_prefixes.iter().map(|prefix| vec![prefix.clone()]).collect();
    rows.extend(all.objects.iter().map(row));
    for row in &mut rows {
        row.resize(4, String::new());
    }
    output.table(&["key", "size", "modified", "type"], rows)?;
    if all.next.is_some() {
        eprintln!("there are more; raise --limit");
    }
    Ok(())
}

/// The pages as one, with the objects as the server sent them.
fn joined(pages: Vec<Value>, all: &Objects) -> Value {
    let objects = pages.into_iter().filter_map(|mut page| match page["objects"].take() {
        Value::Array(objects) => Some(objects),
        _ => None,
    });
    let objects: Vec<_> = objects.flatten().collect();
    json!({ "objects": objects, "common_prefixes": all.common_prefixes, "next": all.next })
}

fn row(object: &ObjectView) -> Vec<String> {
    vec![
        object.key.clone(),
        format_bytes(object.size),
        minute(object.modified),
        or_dash(object.content_type.as_ref()),
    ]
}
