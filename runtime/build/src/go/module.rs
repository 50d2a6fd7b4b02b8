//! What is added to the module that Go's linker makes: the functions that the host calls.
//!
//! Go's runtime thinks that all memory beyond its own data is its own, and cannot be entered before
//! it has begun. What the host hands over is therefore put into an *arena*, a variable among Go's
//! data, by a function that needs nothing of Go's. In it is also what the adapter needs.

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, Module, TypeSection, ValType,
};
use wasmparser::{ExternalKind, Parser, Payload};

use crate::go::arena::{self, Places, constant};

/// What begins Go's runtime; hidden, so that it is called as late as the initialization.
const BEGIN: &str = "_initialize";

/// What a program is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calls {
    /// Lambda's events.
    Events,
    /// Requests, which it serves by itself.
    Requests,
}

impl Calls {
    /// What the host calls.
    const fn entries(self) -> &'static [Entry] {
        match self {
            Self::Events => &[
                INITIALIZATION,
                Entry {
                    export: "lambent:function/handler@0.1.0#handle",
                    inner: "lambent:handle",
                    parameters: 1,
                    answers: true,
                },
            ],
            Self::Requests => &[
                INITIALIZATION,
                Entry {
                    export: "wasi:http/incoming-handler@0.2.12#handle",
                    inner: "lambent:serve",
                    parameters: 2,
                    answers: false,
                },
            ],
        }
    }
}

/// What is called first.
const INITIALIZATION: Entry = Entry {
    export: "lambent:runtime/initialization@0.1.0#init",
    inner: "lambent:init",
    parameters: 0,
    answers: true,
};

/// What the host calls, and the function of Go's that does it.
#[derive(Debug)]
struct Entry {
    export: &'static str,
    inner: &'static str,
    parameters: u32,
    /// Whether it returns where its answer is.
    answers: bool,
}

/// The start of the names of functions that are told where the arena is.
const SET_ARENA: &str = "lambent:arena";

/// What is known of the module before it is changed.
#[derive(Debug, Default)]
struct Outline {
    types: u32,
    functions: u32,
    globals: u32,
    /// Where things are in its memory.
    places: Option<Places>,
    exports: Vec<(String, u32)>,
}

/// Adds what the host calls to a module.
///
/// # Errors
/// It is no module as Go's linker makes them; the text says what is wrong.
pub(super) fn with_entries(module: &[u8], calls: Calls) -> Result<Vec<u8>, String> {
    let outline = Outline::of(module)?;
    let mut additions = Additions::new(outline, calls)?;
    let mut changed = Module::new();
    additions
        .parse_core_module(&mut changed, Parser::new(0), module)
        .map_err(|error| error.to_string())?;
    Ok(changed.finish())
}

impl Outline {
    fn of(module: &[u8]) -> Result<Self, String> {
        let mut outline = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            outline.add(payload.map_err(told)?).map_err(told)?;
        }
        Ok(outline)
    }

    fn add(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(types) => self.types = types.count(),
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    self.functions += u32::from(matches!(
                        import?.ty,
                        wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_)
                    ));
                }
            }
            Payload::FunctionSection(functions) => self.functions += functions.count(),
            Payload::GlobalSection(globals) => self.globals = globals.count(),
            Payload::DataSection(segments) => {
                for segment in segments {
                    self.places = self.places.or(Places::marked_in(segment?.data));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        self.exports.push((export.name.to_owned(), export.index));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn export(&self, wanted: &str) -> Result<u32, String> {
        let found = self.exports.iter().find(|(name, _)| name == wanted);
        found.map(|(_, index)| *index).ok_or_else(|| format!("it has no export {wanted}"))
    }
}

fn told(error: wasmparser::BinaryReaderError) -> String {
    error.to_string()
}

/// What is added, by where it is.
struct Additions {
    outline: Outline,
    places: Places,
    begin: u32,
    /// Those that are told where the arena is.
    set_arena: Vec<u32>,
    /// What the host calls, and what that calls.
    entries: Vec<(&'static Entry, u32)>,
}

/// The places of the added functions after those that there were.
const REALLOC: u32 = 0;
const BLOCK_OF: u32 = 1;
const START: u32 = 2;
const FIRST_ENTRY: u32 = 3;

impl Additions {
    fn new(outline: Outline, calls: Calls) -> Result<Self, String> {
        let places = outline.places.ok_or("its data do not say where its arena is")?;
        let of_arena = |(name, _): &&(String, u32)| name.starts_with(SET_ARENA);
        Ok(Self {
            places,
            begin: outline.export(BEGIN)?,
            set_arena: outline.exports.iter().filter(of_arena).map(|(_, index)| *index).collect(),
            entries: calls
                .entries()
                .iter()
                .map(|entry| Ok((entry, outline.export(entry.inner)?)))
                .collect::<Result<_, String>>()?,
            outline,
        })
    }

    /// The index of an added function.
    const fn function(&self, place: u32) -> u32 {
        self.outline.functions + place
    }

    /// Begins Go's runtime, once, and tells it where the arena is.
    fn start(&self) -> Function {
        let started = self.outline.globals;
        let mut function = Function::new([]);
        let mut code = function.instructions();
        code.global_get(started).if_(BlockType::Empty).return_().end();
        code.i32_const(1).global_set(started).call(self.begin);
        for set_arena in &self.set_arena {
            constant(&mut code, self.places.arena);
            code.call(*set_arena);
        }
        code.end();
        function
    }

    /// What the host calls: it begins Go's runtime if that has not begun. It traps where there is no
    /// answer: then the host was told why.
    fn entry(&self, entry: &Entry, inner: u32) -> Function {
        let answer = entry.parameters;
        let mut function = Function::new([(1, ValType::I32)]);
        let mut code = function.instructions();
        code.call(self.function(START));
        for parameter in 0..answer {
            code.local_get(parameter);
        }
        code.call(inner);
        if !entry.answers {
            code.end();
            return function;
        }
        code.local_tee(answer).i32_eqz().if_(BlockType::Empty).unreachable().end();
        code.local_get(answer).end();
        function
    }

    /// The parameters and results of each added function, all of 32 bits.
    fn signatures(&self) -> impl Iterator<Item = (u32, u32)> {
        let entries =
            self.entries.iter().map(|(entry, _)| (entry.parameters, u32::from(entry.answers)));
        [(4, 1), (1, 1), (0, 0)].into_iter().chain(entries)
    }
}

impl Reencode for Additions {
    type Error = std::convert::Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_type_section(self, types, section)?;
        for (parameters, results) in self.signatures() {
            let words = |count| (0..count).map(|_| ValType::I32).collect::<Vec<_>>();
            types.ty().function(words(parameters), words(results));
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_function_section(self, functions, section)?;
        for (_, index) in self.signatures().zip(self.outline.types..) {
            functions.function(index);
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_global_section(self, globals, section)?;
        let started = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(started, &ConstExpr::i32_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for export in section {
            let export = export?;
            if export.kind != ExternalKind::Func {
                self.parse_export(exports, export)?;
            }
        }
        exports.export("cabi_realloc", ExportKind::Func, self.function(REALLOC));
        for ((entry, _), place) in self.entries.iter().zip(FIRST_ENTRY..) {
            exports.export(entry.export, ExportKind::Func, self.function(place));
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for body in section {
            // Nothing in it changes its index.
            code.raw(body?.as_bytes());
        }
        code.function(&arena::realloc(self.places, self.function(BLOCK_OF)))
            .function(&arena::block_of(self.places))
            .function(&self.start());
        for (entry, inner) in &self.entries {
            code.function(&self.entry(entry, *inner));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{DataSection, Instruction, MemorySection, MemoryType};

    use super::*;
    use crate::go::arena::MARK;

    /// What is marked in Go's data.
    fn data(places: [u64; 3]) -> Vec<u8> {
        let words = [MARK[0].as_slice(), &places, MARK[1].as_slice()].concat();
        [b"before".to_vec(), words.into_iter().flat_map(u64::to_le_bytes).collect()].concat()
    }

    /// A module that has these exports, each of a function, and these data.
    fn module(exports: &[(&str, bool)], data: &[u8]) -> Vec<u8> {
        let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
        let (mut exported, mut code) = (ExportSection::new(), CodeSection::new());
        for ((name, has_result), index) in exports.iter().zip(0..) {
            let parameters = usize::from(*name == "lambent:handle");
            let words = |count| vec![ValType::I32; count];
            types.ty().function(words(parameters), words(usize::from(*has_result)));
            functions.function(index);
            exported.export(name, ExportKind::Func, index);
            let mut function = Function::new([]);
            if *has_result {
                function.instruction(&Instruction::I32Const(7));
            }
            function.instruction(&Instruction::End);
            code.function(&function);
        }
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 16,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut globals = GlobalSection::new();
        let global = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
        globals.global(global, &ConstExpr::i64_const(0));
        exported.export("memory", ExportKind::Memory, 0);
        let mut segments = DataSection::new();
        segments.active(0, &ConstExpr::i32_const(4096), data.iter().copied());
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&memories).section(&globals);
        module.section(&exported).section(&code).section(&segments);
        module.finish()
    }

    /// What Go exports, and whether that has a result.
    const ALL: [(&str, bool); 3] =
        [(BEGIN, false), ("lambent:init", true), ("lambent:handle", true)];

    #[test]
    fn a_module_gets_what_the_host_calls_and_hides_what_it_does_not() {
        let linked = module(&ALL, &data([0x2_0000, 0x1000, 0x1008]));
        let changed = with_entries(&linked, Calls::Events).unwrap();
        wasmparser::validate(&changed).unwrap();
        let (outline, entries) = (Outline::of(&changed).unwrap(), Calls::Events.entries());
        let names: Vec<_> = outline.exports.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["cabi_realloc", entries[0].export, entries[1].export]);
        let places = Places { arena: 0x2_0000, used: 0x1000, held: 0x1008 };
        assert_eq!(outline.places, Some(places));
        assert_eq!((outline.functions, outline.globals), (8, 2));
    }

    #[test]
    fn what_go_did_not_link_as_it_should_is_told() {
        let data = data([1, 2, 3]);
        for (missing, _) in &ALL {
            let rest: Vec<_> = ALL.iter().filter(|(name, _)| name != missing).copied().collect();
            let error = with_entries(&module(&rest, &data), Calls::Events).unwrap_err();
            assert_eq!(error, format!("it has no export {missing}"));
        }
        for wrong in [&b""[..], &data[..data.len() - 1], &data[7..]] {
            let error = with_entries(&module(&ALL, wrong), Calls::Events).unwrap_err();
            assert_eq!(error, "its data do not say where its arena is");
        }
        assert!(with_entries(b"\0asm", Calls::Events).is_err());
    }
}
