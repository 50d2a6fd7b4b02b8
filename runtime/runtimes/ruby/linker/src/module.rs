//! What of a module is looked at.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use wasmparser::{
    ConstExpr, Data, Element, ExternalKind, FunctionBody, Global, Import, MemoryType, Parser,
    Payload, RecGroup, Table, TypeRef,
};

/// Bytes of a page of memory.
pub(crate) const PAGE: u64 = 64 << 10;

/// Exports of mutable globals, which the state of an instance is read by, start with this.
pub(crate) const GLOBAL: &str = "snapshot-global-";

/// The parts of a core module, in their order.
#[derive(Default)]
pub(crate) struct Module<'a> {
    pub(crate) types: Vec<RecGroup>,
    pub(crate) imports: Vec<Import<'a>>,
    /// The types of the functions that are defined.
    pub(crate) functions: Vec<u32>,
    pub(crate) tables: Vec<Table<'a>>,
    /// The one that is defined or imported.
    pub(crate) memory: Option<MemoryType>,
    pub(crate) globals: Vec<Global<'a>>,
    /// What is run first.
    pub(crate) start: Option<u32>,
    pub(crate) exports: BTreeMap<&'a str, (ExternalKind, u32)>,
    pub(crate) elements: Vec<Element<'a>>,
    pub(crate) bodies: Vec<FunctionBody<'a>>,
    pub(crate) data: Vec<Data<'a>>,
    /// The sections that say which world a component of it has.
    pub(crate) worlds: Vec<(&'a str, &'a [u8])>,
}

impl Module<'_> {
    /// How many functions are imported.
    pub(crate) fn imported_functions(&self) -> u32 {
        let is_function = |import: &&Import<'_>| matches!(import.ty, TypeRef::Func(_));
        self.imports.iter().filter(is_function).count() as u32
    }

    /// The address after the memory that there is at the start.
    pub(crate) fn memory_end(&self) -> Result<u64> {
        Ok(self.memory.context("the module has no memory")?.initial * PAGE)
    }

    /// The number of an exported function.
    pub(crate) fn exported_function(&self, name: &str) -> Option<u32> {
        match self.exports.get(name) {
            Some((ExternalKind::Func, index)) => Some(*index),
            _ => None,
        }
    }
}

/// Reads a module.
pub(crate) fn read(bytes: &[u8]) -> Result<Module<'_>> {
    let mut module = Module::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::TypeSection(section) => {
                module.types = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::ImportSection(section) => {
                module.imports = section.into_imports().collect::<Result<_, _>>()?;
            }
            Payload::FunctionSection(section) => {
                module.functions = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::TableSection(section) => {
                module.tables = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::MemorySection(section) => {
                ensure!(section.count() == 1, "the module has {} memories", section.count());
                module.memory = section.into_iter().next().transpose()?;
            }
            Payload::GlobalSection(section) => {
                module.globals = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    module.exports.insert(export.name, (export.kind, export.index));
                }
            }
            Payload::StartSection { func, .. } => module.start = Some(func),
            Payload::ElementSection(section) => {
                module.elements = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::CodeSectionEntry(body) => module.bodies.push(body),
            Payload::DataSection(section) => {
                module.data = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::CustomSection(section) if section.name().starts_with("component-type") => {
                module.worlds.push((section.name(), section.data()));
            }
            _ => {}
        }
    }
    for import in &module.imports {
        match import.ty {
            TypeRef::Func(_) => {}
            TypeRef::Memory(memory) => module.memory = Some(memory),
            other => anyhow::bail!("{}.{} is imported: {other:?}", import.module, import.name),
        }
    }
    Ok(module)
}

/// Whether a global starts as a number, and can change.
pub(crate) fn is_counter(global: &Global<'_>) -> bool {
    let is_number = |expression: &ConstExpr<'_>| {
        let first = expression.get_operators_reader().read();
        matches!(first, Ok(wasmparser::Operator::I32Const { .. }))
    };
    global.ty.mutable && is_number(&global.init_expr)
}
