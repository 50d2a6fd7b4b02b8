//! Core modules of WASI preview 1, which an adapter makes components of: what can be one, and what
//! is told of the others.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1,
    WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as COMMAND_ADAPTER,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR_ADAPTER,
};
use wasmparser::{
    BinaryReaderError, Encoding, ExternalKind, FuncType, MemoryType, Parser, Payload, TypeRef,
    Validator, WasmFeatures,
};

use crate::module_imports;
use crate::preview1;

/// What a core module becomes when it is adapted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoreModule {
    /// A component that exports `wasi:cli/run`: the module has a `_start`.
    Command,
    /// A component that exports the interfaces whose types the module carries.
    Reactor,
}

impl CoreModule {
    /// The name under which modules import what the adapter provides, and the adapter.
    pub(crate) const fn adapter(self) -> (&'static str, &'static [u8]) {
        match self {
            Self::Command => (PREVIEW1, COMMAND_ADAPTER),
            Self::Reactor => (PREVIEW1, REACTOR_ADAPTER),
        }
    }
}

/// Why a core module cannot be adapted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModuleError {
    /// Not valid.
    #[error("the module is malformed at byte {offset}: {message}")]
    Malformed {
        /// Where.
        offset: usize,
        /// What is wrong.
        message: String,
    },
    /// It uses a memory of a kind that functions do not have.
    #[error("the module has a {kind}, which functions do not have; {remedy}")]
    Memory {
        /// Of which kind.
        kind: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// It imports something that no adapter provides.
    #[error(
        "the module imports {module:?} {name:?}, and only functions of {PREVIEW1} can be \
         provided to a core module; {remedy}"
    )]
    Import {
        /// From where.
        module: String,
        /// What.
        name: String,
        /// What to do.
        remedy: &'static str,
    },
    /// It has nothing that could be called.
    #[error(
        "the module exports no _start, so it is no command, and it carries no types of interfaces \
         that it exports; it exports [{0}]. Build it as a program with a main function for WASI \
         preview 1, or as a component for wasm32-wasip2"
    )]
    NoStart(String),
    /// What is called has parameters or results.
    #[error(
        "the module's _start is no function that takes nothing and returns nothing, as that of a \
         program is; build it with tools for WASI"
    )]
    Start,
    /// It could be called in two ways.
    #[error(
        "the module exports both _start, as commands do, and {0:?}, as a library with an interface \
         does; build it as one of them"
    )]
    CommandAndReactor(String),
    /// The adapter has nowhere to put results.
    #[error("the module exports no memory, which WASI needs; build it with tools for WASI")]
    NoMemory,
}

/// Whether bytes are those of a core module, by how they begin.
pub(crate) fn is_module(wasm: &[u8]) -> bool {
    let first = Parser::new(0).parse_all(wasm).next();
    matches!(first, Some(Ok(Payload::Version { encoding: Encoding::Module, .. })))
}

/// Validates a core module under `features`, and finds out what it can be adapted to.
pub(crate) fn inspect(wasm: &[u8], features: WasmFeatures) -> Result<CoreModule, ModuleError> {
    // First: of what is refused here the validator would only name a proposal.
    let outline = outline(wasm)?;
    let types = Validator::new_with_features(features).validate_all(wasm).map_err(malformed)?;
    let Some((kind, index)) = outline.start else { return Ok(outline.kind) };
    let types = types.as_ref();
    let is_program = kind == ExternalKind::Func
        && types[types.core_function_at(index)].unwrap_func() == &FuncType::new([], []);
    if is_program { Ok(outline.kind) } else { Err(ModuleError::Start) }
}

/// What can be known of a core module that can be adapted without looking at function bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outline {
    /// What it becomes.
    pub(crate) kind: CoreModule,
    /// Whether it carries types of interfaces that it imports or exports.
    pub(crate) is_typed: bool,
    /// What is exported as `_start`.
    start: Option<(ExternalKind, u32)>,
}

/// Outlines a core module.
pub(crate) fn outline(wasm: &[u8]) -> Result<Outline, ModuleError> {
    let items = Items::read(wasm)?;
    items.memories.iter().try_for_each(check_memory)?;
    if items.memories.len() > 1 {
        let (kind, remedy) = ("second memory", "build it with tools for WASI");
        return Err(ModuleError::Memory { kind, remedy });
    }
    items.check_imports()?;
    let kind = items.kind()?;
    if !items.exports.contains(&"memory") {
        return Err(ModuleError::NoMemory);
    }
    Ok(Outline { kind, is_typed: items.is_typed, start: items.start })
}

/// What a module imports and exports, and the like.
#[derive(Default)]
struct Items<'w> {
    /// Module and name, and whether it is a function.
    imports: Vec<(&'w str, &'w str, bool)>,
    exports: Vec<&'w str>,
    memories: Vec<MemoryType>,
    /// Whether it carries types of interfaces that it imports or exports.
    is_typed: bool,
    start: Option<(ExternalKind, u32)>,
}

impl<'w> Items<'w> {
    fn read(wasm: &'w [u8]) -> Result<Self, ModuleError> {
        let mut items = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(malformed)? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(malformed)?;
                        let is_function = matches!(import.ty, TypeRef::Func(_));
                        items.imports.push((import.module, import.name, is_function));
                        if let TypeRef::Memory(memory) = import.ty {
                            items.memories.push(memory);
                        }
                    }
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        items.memories.push(memory.map_err(malformed)?);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.map_err(malformed)?;
                        items.exports.push(export.name);
                        if export.name == "_start" {
                            items.start = Some((export.kind, export.index));
                        }
                    }
                }
                Payload::CustomSection(section) => {
                    items.is_typed |= section.name().starts_with("component-type");
                }
                _ => {}
            }
        }
        Ok(items)
    }

    fn check_imports(&self) -> Result<(), ModuleError> {
        for (module, name, is_function) in &self.imports {
            let remedy = match *module {
                PREVIEW1 if !is_function => Some("it must be a function"),
                PREVIEW1 if preview1::Function::named(name).is_some() => None,
                PREVIEW1 => Some("there is no such function in it"),
                module => module_imports::remedy(module, name, self.is_typed),
            };
            if let Some(remedy) = remedy {
                let (module, name) = (module_imports::shown(module), module_imports::shown(name));
                return Err(ModuleError::Import { module, name, remedy });
            }
        }
        Ok(())
    }

    fn kind(&self) -> Result<CoreModule, ModuleError> {
        let of_interface = self.exports.iter().copied().find(|name| is_of_interface(name));
        match (self.start.is_some(), of_interface) {
            (true, Some(name)) if self.is_typed => {
                Err(ModuleError::CommandAndReactor(module_imports::shown(name)))
            }
            (true, _) => Ok(CoreModule::Command),
            (false, _) if self.is_typed => Ok(CoreModule::Reactor),
            (false, _) => Err(ModuleError::NoStart(module_imports::list(&self.exports))),
        }
    }
}

/// Whether a module exports it for an interface, such as `lambent:function/handler@0.1.0#handle`.
fn is_of_interface(export: &str) -> bool {
    let post_return = export.strip_prefix("cabi_post_").unwrap_or(export);
    post_return.contains('#') || post_return.starts_with("cm32p2|")
}

fn check_memory(memory: &MemoryType) -> Result<(), ModuleError> {
    let refuse = |kind, remedy| Err(ModuleError::Memory { kind, remedy });
    if memory.memory64 {
        return refuse("memory of 64 bits", "build it for wasm32");
    }
    if memory.shared {
        return refuse("memory shared by threads", "build it without threads");
    }
    Ok(())
}

fn malformed(error: BinaryReaderError) -> ModuleError {
    ModuleError::Malformed { offset: error.offset(), message: error.message().to_owned() }
}
