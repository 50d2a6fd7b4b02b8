//! The core modules that share a component's memory.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, MemArg, MemoryType, Module,
    TypeSection, ValType,
};

use crate::snapshot::SCRATCH;

/// The export that hands the whole memory to the host.
pub(crate) const SAVE: &str = "lambent-save-memory";
/// The export that takes from the host what the memory was.
pub(crate) const RESTORE: &str = "lambent-restore-memory";
/// The export that what the host returns is put in place by.
pub(super) const REALLOC: &str = "realloc";
/// The global with the address that the next piece is put at.
pub(super) const AT: &str = "at";
/// The component's memory, as an import.
pub(super) const MEMORY: &str = "memory";
/// The module that everything is imported of.
pub(super) const HOST: &str = "host";

const PAGE_BYTES: i32 = 64 << 10;

/// The functions that the host has for this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Import {
    /// Is handed the memory.
    Keep,
    /// How many pages there were.
    Pages,
    /// Where the next piece belongs; negative if there is none.
    Address,
    /// That piece.
    Piece,
    /// The eight bytes at [`SCRATCH`].
    Word,
}

impl Import {
    pub(super) const ALL: [Self; 5] =
        [Self::Keep, Self::Pages, Self::Address, Self::Piece, Self::Word];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Pages => "pages",
            Self::Address => "address",
            Self::Piece => "piece",
            Self::Word => "word",
        }
    }

    /// Its parameters and results as a core function.
    const fn signature(self) -> (&'static [ValType], &'static [ValType]) {
        match self {
            Self::Keep => (&[ValType::I32, ValType::I32], &[]),
            Self::Pages => (&[], &[ValType::I32]),
            Self::Address | Self::Word => (&[], &[ValType::I64]),
            Self::Piece => (&[ValType::I32], &[]),
        }
    }

    const fn index(self) -> u32 {
        self as u32
    }
}

/// The global, and a function that allocates what the host returns just there. It is a module of
/// its own, since what the other imports is made with it.
pub(super) fn allocator() -> Module {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut globals = GlobalSection::new();
    globals.global(at(), &ConstExpr::i32_const(0));
    let mut exports = ExportSection::new();
    exports.export(REALLOC, ExportKind::Func, 0).export(AT, ExportKind::Global, 0);
    let mut body = Function::new([]);
    body.instructions().global_get(0).end();
    let mut code = CodeSection::new();
    code.function(&body);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&globals).section(&exports).section(&code);
    module
}

const fn at() -> GlobalType {
    GlobalType { val_type: ValType::I32, mutable: true, shared: false }
}

/// The functions that are exported.
pub(super) fn access() -> Module {
    let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
    for import in Import::ALL {
        let (parameters, results) = import.signature();
        types.ty().function(parameters.iter().copied(), results.iter().copied());
        imports.import(HOST, import.name(), EntityType::Function(import.index()));
    }
    let own = Import::ALL.len() as u32;
    types.ty().function([], []);
    let memory = MemoryType {
        minimum: 0,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    imports.import(HOST, MEMORY, memory).import(HOST, AT, at());
    let mut functions = FunctionSection::new();
    functions.function(own).function(own);
    let mut exports = ExportSection::new();
    exports.export(SAVE, ExportKind::Func, own).export(RESTORE, ExportKind::Func, own + 1);
    let mut code = CodeSection::new();
    code.function(&save()).function(&restore());
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&exports).section(&code);
    module
}

fn save() -> Function {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    code.i32_const(0).memory_size(0).i32_const(PAGE_BYTES).i32_mul();
    code.call(Import::Keep.index()).end();
    body
}

/// Makes the memory as large as it was, and has every piece put where it belongs.
fn restore() -> Function {
    const ADDRESS: u32 = 0;
    let mut body = Function::new([(1, ValType::I64)]);
    let mut code = body.instructions();
    code.call(Import::Pages.index()).memory_size(0).i32_sub().memory_grow(0);
    code.i32_const(-1).i32_eq().if_(BlockType::Empty).unreachable().end();
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.call(Import::Address.index()).local_tee(ADDRESS).i64_const(0).i64_lt_s().br_if(1);
    code.local_get(ADDRESS).i32_wrap_i64().global_set(0);
    code.i32_const(SCRATCH as i32).call(Import::Piece.index());
    code.br(0).end().end();
    code.i32_const(SCRATCH as i32).call(Import::Word.index());
    code.i64_store(MemArg { offset: 0, align: 3, memory_index: 0 }).end();
    body
}
