//! Makes room for the adapter before the memory of a program.
//!
//! The adapter needs memory of its own in that of the program, for a stack and its state, and takes
//! it by growing that. There are programs that do not bear it: Go's heap, for one, goes on where it
//! ended, whatever was taken in between, so that Go and the adapter write over each other. So two
//! pages are put before the program's memory, and the program does not know: every load and store
//! adds them to its address, and so does what stands between the program and WASI.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, FunctionSection, GlobalSection,
    GlobalType, Instruction, Module, SectionId, TypeSection, ValType,
};
use wasmparser::{
    BinaryReaderError, CodeSectionReader, CustomSectionReader, Data, DataKind, ExportSectionReader,
    FuncType, FunctionSectionReader, GlobalSectionReader, MemArg, MemoryType, Operator, Parser,
    Payload, TypeRef, TypeSectionReader,
};

use super::helpers::{self, Helper, Indices, PAGES, SHIFT};
use crate::preview1::Function;

/// What the adapter's memory is taken from, if it is exported: the encoder's name for it.
const ALLOCATOR: &str = "cabi_realloc_adapter";
/// Pages that a memory of 32 bits can have.
const PAGES_MAX: u64 = 1 << 16;

type Result<T, E = Error<String>> = std::result::Result<T, E>;

/// The program with two pages before its memory, and its imports of WASI wrapped accordingly;
/// as it is, if it has no memory or makes room by itself.
pub(super) fn shift(wasm: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let program = Program::read(wasm).map_err(|error| error.to_string())?;
    if !program.has_memory || !program.has_code || program.makes_room {
        return Ok(None);
    }
    let mut shifted = Shifted { indices: program.indices(), program, has_global: false };
    let mut module = Module::new();
    match shifted.parse_core_module(&mut module, Parser::new(0), wasm) {
        Ok(()) => Ok(Some(module.finish())),
        Err(Error::UserError(told)) => Err(told),
        Err(error) => Err(error.to_string()),
    }
}

/// What is to be known of a program before it is written anew.
#[derive(Default)]
struct Program<'w> {
    /// Its types, where they are of functions.
    types: Vec<Option<FuncType>>,
    /// Name and type of what it imports of WASI.
    imports: Vec<(&'w str, u32)>,
    functions: u32,
    globals: u32,
    /// Data segments that its code may copy; none if it does not declare their number.
    segments: u32,
    has_memory: bool,
    has_code: bool,
    makes_room: bool,
}

impl<'w> Program<'w> {
    fn read(wasm: &'w [u8]) -> Result<Self, BinaryReaderError> {
        let mut program = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        let functions =
                            group?.into_types().map(|ty| match ty.composite_type.inner {
                                wasmparser::CompositeInnerType::Func(ty) => Some(ty),
                                _ => None,
                            });
                        program.types.extend(functions);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        if let TypeRef::Func(ty) = import.ty {
                            program.imports.push((import.name, ty));
                        }
                    }
                }
                Payload::FunctionSection(section) => program.functions = section.count(),
                Payload::GlobalSection(section) => program.globals = section.count(),
                Payload::MemorySection(section) => program.has_memory = section.count() > 0,
                Payload::CodeSectionStart { .. } => program.has_code = true,
                Payload::ExportSection(section) => {
                    for export in section {
                        program.makes_room |= export?.name == ALLOCATOR;
                    }
                }
                Payload::DataCountSection { count, .. } => program.segments = count,
                _ => {}
            }
        }
        Ok(program)
    }

    fn indices(&self) -> Indices {
        let imports = self.imports.len() as u32;
        Indices { wrappers: imports + self.functions, imports, pages_given: self.globals }
    }

    /// What the import is, if it has that type.
    fn wrapped(&self, name: &str, ty: u32) -> Result<&'static Function> {
        let ty = self.types.get(ty as usize).and_then(Option::as_ref);
        let has_type = |function: &&Function| {
            ty.is_some_and(|ty| function.has_type(ty.params(), ty.results()))
        };
        Function::named(name).filter(has_type).ok_or_else(|| {
            Error::UserError(format!("it imports {name} with another type than WASI gives it"))
        })
    }

    /// The import of that name.
    fn import(&self, wanted: &str) -> Option<u32> {
        let found = self.imports.iter().position(|(name, _)| *name == wanted)?;
        Some(found as u32)
    }
}

/// Writes a program anew.
struct Shifted<'w> {
    program: Program<'w>,
    indices: Indices,
    has_global: bool,
}

impl Shifted<'_> {
    /// The first of the types that are added, one for each helper and one for what copies segments.
    fn first_type(&self) -> u32 {
        self.program.types.len() as u32
    }

    fn helper(&self, helper: Helper) -> Instruction<'static> {
        Instruction::Call(self.indices.helper(helper))
    }

    /// The function that copies a segment; they follow the helpers.
    fn init(&self, segment: u32) -> Instruction<'static> {
        let first = self.indices.helper(Helper::ALL[0]) + Helper::ALL.len() as u32;
        Instruction::Call(first + segment)
    }

    fn add_global(&mut self, globals: &mut GlobalSection) {
        let counter = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(counter, &ConstExpr::i32_const(0));
        self.has_global = true;
    }
}

impl Reencode for Shifted<'_> {
    type Error = String;

    fn function_index(&mut self, function: u32) -> Result<u32> {
        let Indices { wrappers, imports, .. } = self.indices;
        Ok(if function < imports { wrappers + function } else { function })
    }

    fn mem_arg(&mut self, arg: MemArg) -> Result<wasm_encoder::MemArg> {
        let arg = utils::mem_arg(self, arg)?;
        // Beyond the end of all memories is as far as it was.
        let offset = (arg.offset + u64::from(SHIFT)).min(u32::MAX.into());
        Ok(wasm_encoder::MemArg { offset, ..arg })
    }

    fn memory_type(&mut self, ty: MemoryType) -> Result<wasm_encoder::MemoryType> {
        let ty = utils::memory_type(self, ty);
        let minimum = ty.minimum + u64::from(PAGES);
        if minimum > PAGES_MAX {
            let told = "its memory begins with 4 GiB, which leaves the adapter none";
            return Err(Error::UserError(told.into()));
        }
        let maximum = ty.maximum.map(|pages| (pages + u64::from(PAGES)).min(PAGES_MAX));
        Ok(wasm_encoder::MemoryType { minimum, maximum, ..ty })
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Result<Instruction<'a>> {
        Ok(match operator {
            Operator::MemorySize { .. } => self.helper(Helper::Size),
            Operator::MemoryGrow { .. } => self.helper(Helper::Grow),
            Operator::MemoryCopy { .. } => self.helper(Helper::Copy),
            Operator::MemoryFill { .. } => self.helper(Helper::Fill),
            Operator::MemoryInit { data_index, .. } => self.init(data_index),
            operator => utils::instruction(self, operator)?,
        })
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<()> {
        utils::parse_type_section(self, types, section)?;
        for helper in Helper::ALL {
            let (parameters, results) = helper.signature();
            types.ty().function(vec![ValType::I32; parameters], vec![ValType::I32; results]);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<()> {
        utils::parse_function_section(self, functions, section)?;
        for (_, ty) in &self.program.imports {
            functions.function(*ty);
        }
        let first = self.first_type();
        for helper in Helper::ALL {
            functions.function(first + helper as u32);
        }
        for _ in 0..self.program.segments {
            functions.function(first + Helper::Copy as u32);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<()> {
        utils::parse_code_section(self, code, section)?;
        for (import, (name, ty)) in (0_u32..).zip(&self.program.imports) {
            let wrapped = self.program.wrapped(name, *ty)?;
            let sizes = match wrapped.sizes {
                Some(sizes) => Some(self.program.import(sizes).ok_or_else(|| {
                    Error::UserError(format!("it imports {name} without {sizes}"))
                })?),
                None => None,
            };
            code.function(&helpers::wrapper(&self.indices, import, wrapped, sizes));
        }
        for helper in Helper::ALL {
            code.function(&helper.body(&self.indices));
        }
        for segment in 0..self.program.segments {
            code.function(&helpers::init(&self.indices, segment));
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Result<()> {
        utils::parse_global_section(self, globals, section)?;
        self.add_global(globals);
        Ok(())
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<()> {
        // Every program has exports, and globals come before them.
        if before == Some(SectionId::Export) && !self.has_global {
            let mut globals = GlobalSection::new();
            self.add_global(&mut globals);
            module.section(&globals);
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Result<()> {
        utils::parse_export_section(self, exports, section)?;
        let allocate = self.indices.helper(Helper::Allocate);
        exports.export(ALLOCATOR, ExportKind::Func, allocate);
        Ok(())
    }

    fn parse_data(&mut self, data: &mut DataSection, datum: Data<'_>) -> Result<()> {
        let DataKind::Active { memory_index, offset_expr } = datum.kind else {
            return utils::parse_data(self, data, datum);
        };
        let operators: Vec<_> =
            offset_expr.get_operators_reader().into_iter().collect::<Result<_, _>>()?;
        let offset = match operators.as_slice() {
            // As a constant, so that the memory's image can be made ahead.
            [Operator::I32Const { value }, Operator::End] => {
                let offset = value.cast_unsigned().checked_add(SHIFT).ok_or_else(|| {
                    Error::UserError("its data begin at the end of all addresses".to_owned())
                })?;
                ConstExpr::i32_const(offset.cast_signed())
            }
            _ => self.const_expr(offset_expr)?.with_i32_const(SHIFT.cast_signed()).with_i32_add(),
        };
        data.active(memory_index, &offset, datum.data.iter().copied());
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<()> {
        // What is there keeps its index, and thereby its name; but not the place of its code.
        if !section.name().starts_with("metadata.code.") {
            module.section(&utils::custom_section(self, section));
        }
        Ok(())
    }
}
