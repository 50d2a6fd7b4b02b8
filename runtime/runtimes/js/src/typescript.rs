//! TypeScript as JavaScript: types are taken out, and enums, namespaces and parameter properties
//! are written out, with a map of where everything was.

use std::ops::Range;
use std::path::Path;

use oxc::allocator::Allocator;
use oxc::ast::ast::{Program, Statement};
use oxc::codegen::{Codegen, CodegenOptions};
use oxc::diagnostics::Diagnostics;
use oxc::parser::Parser;
use oxc::semantic::SemanticBuilder;
use oxc::span::SourceType;
use oxc::transformer::{TransformOptions, Transformer};

/// What a source became.
pub(crate) struct Plain {
    pub source: String,
    /// Where each part was, in the form of version 3 of source maps.
    pub map: String,
    /// Whether it has imports or exports of ECMAScript.
    pub is_module: bool,
}

/// Makes JavaScript of TypeScript; an error has the line and column.
pub(crate) fn transform(source: &str, path: &str) -> Result<Plain, String> {
    let allocator = Allocator::default();
    let kind = if path.ends_with(".tsx") { SourceType::tsx() } else { SourceType::ts() };
    // Whether it is a module is found out by what is in it.
    let mut parsed =
        Parser::new(&allocator, source, kind.with_unambiguous(!path.ends_with(".mts"))).parse();
    check(&parsed.diagnostics, source, path)?;
    let is_module = parsed.module_record.has_module_syntax;
    let program = &mut parsed.program;
    let built =
        SemanticBuilder::new().with_excess_capacity(2.0).with_enum_eval(true).build(program);
    let scoping = built.semantic.into_scoping();
    let mut options = TransformOptions::default();
    options.decorator.legacy = true;
    // What decorators become is in the library, below this name and `helpers`.
    options.helper_loader.module_name = "node:lambent".into();
    let transformed = Transformer::new(&allocator, Path::new(path), &options)
        .build_with_scoping(scoping, program);
    check(&transformed.diagnostics, source, path)?;
    let options =
        CodegenOptions { source_map_path: Some(path.into()), ..CodegenOptions::default() };
    let written = Codegen::new().with_options(options).build(program);
    let map = written.map.map(|map| map.to_json_string()).unwrap_or_default();
    Ok(Plain { source: written.code, map, is_module })
}

/// Takes the attributes of imports out, such as `with { type: "json" }`, which QuickJS does not
/// read: what a file is, is known by its name. Nothing else moves. None if there are none.
pub(crate) fn without_attributes(source: &str) -> Option<String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, SourceType::mjs()).parse();
    let mut bytes = source.as_bytes().to_vec();
    for span in attributes(&parsed.program) {
        // The keyword before the braces is no part of them.
        let keyword = source.get(..span.start)?.trim_end();
        let keyword = keyword
            .strip_suffix("with")
            .or_else(|| keyword.strip_suffix("assert"))
            .map_or(span.start, str::len);
        for byte in bytes.get_mut(keyword..span.end)? {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8(bytes).ok().filter(|changed| changed != source)
}

fn attributes(program: &Program<'_>) -> Vec<Range<usize>> {
    let clauses = program.body.iter().filter_map(|statement| match statement {
        Statement::ImportDeclaration(import) => import.with_clause.as_ref(),
        Statement::ExportFromDeclaration(export) => export.with_clause.as_ref(),
        Statement::ExportAllDeclaration(export) => export.with_clause.as_ref(),
        _ => None,
    });
    clauses.map(|clause| clause.span.start as usize..clause.span.end as usize).collect()
}

fn check(diagnostics: &Diagnostics, source: &str, path: &str) -> Result<(), String> {
    let Some(first) = diagnostics.iter().next().filter(|_| diagnostics.has_errors()) else {
        return Ok(());
    };
    let offset =
        first.labels.iter().next().map_or(0, |label| label.offset() as usize).min(source.len());
    let before = source.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |start| start + 1) + 1;
    Err(format!("{first} ({path}:{line}:{column})"))
}
