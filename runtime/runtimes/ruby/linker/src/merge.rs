//! Makes one module of two, which have one memory and one stack.

use std::convert::Infallible;

use anyhow::{Context, Result, ensure};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, CustomSection, DataSection, ElementSection, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, ImportSection, MemorySection, MemoryType, StartSection,
    TableSection, TypeSection,
};
use wasmparser::{ExternalKind, Import, TypeRef};

use crate::module::{self, GLOBAL, Module};

/// The modules by whose names CRuby imports what the host of JavaScript has. What it imports by
/// others, the glue may stand in for.
const JAVASCRIPT: [&str; 2] = ["rb-js-abi-host", "canonical_abi"];

/// The module by whose name the glue imports what CRuby exports.
const RUBY: &str = "ruby";

/// What CRuby exports and the glue has its own of.
const REPLACED: [&str; 2] = ["cabi_realloc", "memory"];

/// The numbers that the parts of one module have in the other.
struct Numbers {
    types: u32,
    functions: Vec<u32>,
    tables: u32,
    globals: Vec<u32>,
    data: u32,
    elements: u32,
}

impl Reencode for Numbers {
    type Error = Infallible;

    fn type_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.types + index)
    }

    fn function_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.functions[index as usize])
    }

    fn table_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.tables + index)
    }

    fn global_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.globals[index as usize])
    }

    fn data_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.data + index)
    }

    fn element_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.elements + index)
    }
}

/// Where the functions of both modules are.
struct Plan {
    ruby: Numbers,
    glue: Numbers,
    /// The types of the functions that stand for what nobody provides, as CRuby numbers them.
    stubs: Vec<u32>,
}

/// Merges CRuby and its glue: each gets from the other what it imports from it, and what nobody
/// provides traps. The glue's data is behind CRuby's memory, and its stack is CRuby's.
pub(crate) fn merge(ruby: &[u8], glue: &[u8]) -> Result<Vec<u8>> {
    let (ruby, glue) = (module::read(ruby)?, module::read(glue)?);
    let stack = |module: &Module<'_>| module.globals.first().is_some_and(module::is_counter);
    ensure!(stack(&ruby), "CRuby has no stack pointer as its first global");
    ensure!(ruby.start.is_none(), "CRuby has a start function");
    ensure!(stack(&glue), "the glue has no stack pointer as its first global");
    let mut plan = plan(&ruby, &glue)?;
    encode(&ruby, &glue, &mut plan)
}

fn functions<'a, 'b>(module: &'b Module<'a>) -> impl Iterator<Item = (&'b Import<'a>, u32)> {
    module.imports.iter().filter_map(|import| match import.ty {
        TypeRef::Func(index) => Some((import, index)),
        _ => None,
    })
}

/// What follows the name of an import is its signature.
fn name_of<'a>(import: &Import<'a>) -> &'a str {
    import.name.split(':').next().unwrap_or(import.name)
}

/// Whether an import of CRuby's is none of the merged module.
fn is_replaced(import: &Import<'_>, glue: &Module<'_>) -> bool {
    JAVASCRIPT.contains(&import.module) || glue.exported_function(name_of(import)).is_some()
}

/// How functions of both modules are numbered in the merged one: first what it imports, then what
/// CRuby and the glue define, then the stubs.
struct Order {
    ruby_first: u32,
    glue_first: u32,
    stubs_first: u32,
}

impl Order {
    fn new(ruby: &Module<'_>, glue: &Module<'_>) -> Self {
        let of_ruby = functions(ruby).filter(|(import, _)| !is_replaced(import, glue)).count();
        let of_glue = functions(glue).filter(|(import, _)| import.module != RUBY).count();
        let ruby_first = (of_ruby + of_glue) as u32;
        let glue_first = ruby_first + ruby.functions.len() as u32;
        Self { ruby_first, glue_first, stubs_first: glue_first + glue.functions.len() as u32 }
    }
}

fn plan(ruby: &Module<'_>, glue: &Module<'_>) -> Result<Plan> {
    let order = Order::new(ruby, glue);
    let mut imported = 0..order.ruby_first;
    let mut stubs = Vec::new();
    let mut ruby_functions = Vec::new();
    for (import, ty) in functions(ruby) {
        ruby_functions.push(match glue.exported_function(name_of(import)) {
            Some(index) => order.glue_first + index - glue.imported_functions(),
            None if is_replaced(import, glue) => {
                stubs.push(ty);
                order.stubs_first + stubs.len() as u32 - 1
            }
            None => imported.next().context("more imports than were counted")?,
        });
    }
    let mut glue_functions = Vec::new();
    for (import, _) in functions(glue) {
        glue_functions.push(if import.module == RUBY {
            let found = ruby.exported_function(import.name);
            let found =
                found.with_context(|| format!("CRuby does not export {:?}", import.name))?;
            order.ruby_first + found - ruby.imported_functions()
        } else {
            imported.next().context("more imports than were counted")?
        });
    }
    ruby_functions.extend(order.ruby_first..order.glue_first);
    glue_functions.extend(order.glue_first..order.stubs_first);
    Ok(Plan {
        ruby: Numbers::of_ruby(ruby, ruby_functions),
        glue: Numbers::of_glue(ruby, glue, glue_functions),
        stubs,
    })
}

impl Numbers {
    fn of_ruby(ruby: &Module<'_>, functions: Vec<u32>) -> Self {
        let globals = (0..ruby.globals.len() as u32).collect();
        Self { types: 0, functions, tables: 0, globals, data: 0, elements: 0 }
    }

    /// What the glue has comes after what CRuby has.
    fn of_glue(ruby: &Module<'_>, glue: &Module<'_>, functions: Vec<u32>) -> Self {
        let after = ruby.globals.len() as u32;
        let own = (1..glue.globals.len() as u32).map(|index| after + index - 1);
        Self {
            types: ruby.types.len() as u32,
            functions,
            tables: ruby.tables.len() as u32,
            // One stack for both.
            globals: std::iter::once(0).chain(own).collect(),
            data: ruby.data.len() as u32,
            elements: ruby.elements.len() as u32,
        }
    }
}

/// The sections of a module that is made of two.
#[derive(Default)]
struct Sections {
    types: TypeSection,
    imports: ImportSection,
    functions: FunctionSection,
    tables: TableSection,
    globals: GlobalSection,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
}

impl Sections {
    /// Adds what a module has, besides its first globals, and what it imports.
    fn add(
        &mut self,
        module: &Module<'_>,
        numbers: &mut Numbers,
        imports: &[&Import<'_>],
        first_global: usize,
    ) -> Result<()> {
        for group in &module.types {
            numbers.parse_recursive_type_group(self.types.ty(), group.clone())?;
        }
        for import in imports {
            self.imports.import(import.module, import.name, numbers.entity_type(import.ty)?);
        }
        for ty in &module.functions {
            self.functions.function(numbers.type_index(*ty)?);
        }
        for table in &module.tables {
            numbers.parse_table(&mut self.tables, table.clone())?;
        }
        for global in &module.globals[first_global..] {
            numbers.parse_global(&mut self.globals, global.clone())?;
        }
        for element in &module.elements {
            numbers.parse_element(&mut self.elements, element.clone())?;
        }
        for body in &module.bodies {
            numbers.parse_function_body(&mut self.code, body.clone())?;
        }
        for datum in &module.data {
            numbers.parse_data(&mut self.data, datum.clone())?;
        }
        Ok(())
    }

    /// Adds a function that traps.
    fn add_stub(&mut self, ty: u32) {
        self.functions.function(ty);
        let mut stub = Function::new([]);
        stub.instructions().unreachable().end();
        self.code.function(&stub);
    }
}

fn encode(ruby: &Module<'_>, glue: &Module<'_>, plan: &mut Plan) -> Result<Vec<u8>> {
    let of_ruby = functions(ruby).map(|(import, _)| import);
    let of_ruby: Vec<_> = of_ruby.filter(|import| !is_replaced(import, glue)).collect();
    let of_glue = functions(glue).map(|(import, _)| import);
    let of_glue: Vec<_> = of_glue.filter(|import| import.module != RUBY).collect();
    let mut all = Sections::default();
    all.add(ruby, &mut plan.ruby, &of_ruby, 0)?;
    all.add(glue, &mut plan.glue, &of_glue, 1)?;
    plan.stubs.iter().for_each(|ty| all.add_stub(*ty));
    let mut merged = wasm_encoder::Module::new();
    merged.section(&all.types).section(&all.imports).section(&all.functions).section(&all.tables);
    merged.section(&memory(ruby, glue)?).section(&all.globals);
    merged.section(&exports(ruby, glue, plan)?);
    // It clears the glue's part of the memory.
    if let Some(start) = glue.start {
        merged.section(&StartSection { function_index: plan.glue.function_index(start)? });
    }
    merged.section(&all.elements).section(&all.code).section(&all.data);
    for (name, world) in &glue.worlds {
        merged.section(&CustomSection { name: (*name).into(), data: (*world).into() });
    }
    Ok(merged.finish())
}

/// CRuby's memory, and as much more as the glue has data.
fn memory(ruby: &Module<'_>, glue: &Module<'_>) -> Result<MemorySection> {
    let (end, needed) = (ruby.memory_end()?, glue.memory_end()?);
    ensure!(needed >= end, "the glue was linked to be below {end}");
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: needed / module::PAGE,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    Ok(memories)
}

/// What both export, and the globals that are part of the state of an instance.
fn exports(ruby: &Module<'_>, glue: &Module<'_>, plan: &mut Plan) -> Result<ExportSection> {
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    for (module, numbers, replaced) in
        [(ruby, &mut plan.ruby, &REPLACED[..]), (glue, &mut plan.glue, &[])]
    {
        for (name, (kind, index)) in &module.exports {
            if *kind == ExternalKind::Func && !replaced.contains(name) {
                exports.export(name, ExportKind::Func, numbers.function_index(*index)?);
            }
        }
        for (index, global) in module.globals.iter().enumerate() {
            let number = numbers.global_index(index as u32)?;
            if module::is_counter(global) && (number != 0 || std::ptr::eq(module, ruby)) {
                exports.export(&format!("{GLOBAL}{number}"), ExportKind::Global, number);
            }
        }
    }
    Ok(exports)
}
