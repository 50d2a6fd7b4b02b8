//! Makes what an instance became the state that all instances start in.

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    ConstExpr, DataSection, ExportSection, GlobalSection, MemorySection, MemoryType, RawSection,
};
use wasmparser::{Operator, Parser, Payload};

use crate::module::{self, Module, PAGE};

/// Zeros between two pieces of memory from which on they are two: what is left out is not in the
/// file, and every piece costs some bytes.
const GAP: usize = 256;

/// A module like another, whose memory and globals are those of an instance of it. What is
/// exported is what a component needs.
pub(crate) fn apply(merged: &[u8], memory: &[u8], globals: &str) -> Result<Vec<u8>> {
    ensure!((memory.len() as u64).is_multiple_of(PAGE), "the memory is no whole number of pages");
    let read = module::read(merged)?;
    check(&read)?;
    let values = parse_globals(globals)?;
    let mut snapshot = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(merged) {
        let payload = payload?;
        match &payload {
            Payload::MemorySection(_) => {
                let mut memories = MemorySection::new();
                memories.memory(MemoryType {
                    minimum: memory.len() as u64 / PAGE,
                    maximum: None,
                    memory64: false,
                    shared: false,
                    page_size_log2: None,
                });
                snapshot.section(&memories);
            }
            Payload::GlobalSection(_) => {
                snapshot.section(&set_globals(&read, &values)?);
            }
            Payload::ExportSection(_) => {
                snapshot.section(&exports(&read)?);
            }
            Payload::DataSection(_) => {
                snapshot.section(&pieces(memory));
            }
            // What is run first was run.
            Payload::StartSection { .. }
            | Payload::DataCountSection { .. }
            | Payload::CodeSectionEntry(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    snapshot.section(&RawSection { id, data: &merged[range] });
                }
            }
        }
    }
    Ok(snapshot.finish())
}

/// Refuses what has state besides memory and globals.
fn check(module: &Module<'_>) -> Result<()> {
    for body in &module.bodies {
        for operator in body.get_operators_reader()? {
            if let operator @ (Operator::MemoryInit { .. }
            | Operator::DataDrop { .. }
            | Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableFill { .. }
            | Operator::TableInit { .. }
            | Operator::TableCopy { .. }
            | Operator::ElemDrop { .. }) = operator?
            {
                bail!("{operator:?} would be lost in a snapshot");
            }
        }
    }
    Ok(())
}

/// Lines of a number and a value.
fn parse_globals(text: &str) -> Result<HashMap<u32, i32>> {
    let pair = |line: &str| {
        let (number, value) = line.split_once(' ')?;
        Some((number.parse().ok()?, value.parse().ok()?))
    };
    text.lines().map(|line| pair(line).with_context(|| format!("{line:?} is no global"))).collect()
}

fn set_globals(module: &Module<'_>, values: &HashMap<u32, i32>) -> Result<GlobalSection> {
    let mut globals = GlobalSection::new();
    for (number, global) in (0..).zip(&module.globals) {
        if module::is_counter(global) {
            let value = values.get(&number);
            let value =
                *value.with_context(|| format!("the value of global {number} is missing"))?;
            let ty = RoundtripReencoder.global_type(global.ty)?;
            globals.global(ty, &ConstExpr::i32_const(value));
        } else {
            ensure!(!global.ty.mutable, "global {number} is no number of 32 bits");
            RoundtripReencoder.parse_global(&mut globals, global.clone())?;
        }
    }
    Ok(globals)
}

fn exports(module: &Module<'_>) -> Result<ExportSection> {
    let mut exports = ExportSection::new();
    for (name, (kind, index)) in &module.exports {
        // Names of interfaces' functions have a `#`. CRuby's other functions are called by the
        // glue, and those for the build by nobody.
        if name.contains('#') || ["memory", "cabi_realloc"].contains(name) {
            exports.export(name, RoundtripReencoder.export_kind(*kind)?, *index);
        }
    }
    Ok(exports)
}

/// What of a memory is not zero.
fn pieces(memory: &[u8]) -> DataSection {
    let mut data = DataSection::new();
    let mut start = 0;
    while let Some(skipped) = memory[start..].iter().position(|byte| *byte != 0) {
        let begin = start + skipped;
        let mut end = begin + 1;
        while let Some(zeros) = memory[end..].iter().take(GAP).position(|byte| *byte != 0) {
            end += zeros + 1;
        }
        data.active(0, &ConstExpr::i32_const(begin as i32), memory[begin..end].iter().copied());
        start = end;
    }
    data
}
