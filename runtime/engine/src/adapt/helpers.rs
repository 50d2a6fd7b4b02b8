//! The functions that are added to a program whose memory is shifted.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

use crate::preview1::{self, Parameter};

/// Bytes of a page.
pub(super) const PAGE: u32 = 64 << 10;
/// Pages of the adapter before the memory of a program: its stack, and its state.
pub(super) const PAGES: u32 = 2;
/// By how much the program's addresses are less than those of the memory.
pub(super) const SHIFT: u32 = PAGES * PAGE;

/// Where the number of arguments or variables is written, and the bytes they take: at the end of
/// the adapter's stack, which is in use only if it is about to overflow.
const SCRATCH: u32 = 16;

/// The functions that there are once, in their order.
#[derive(Debug, Clone, Copy)]
pub(super) enum Helper {
    /// The place in memory of a program's address; traps where that would not be in its part.
    Place,
    /// `memory.size`
    Size,
    /// `memory.grow`
    Grow,
    /// `memory.copy`
    Copy,
    /// `memory.fill`
    Fill,
    /// Adds to each of some addresses in memory, which lie at a distance.
    Move,
    /// Gives the adapter a page of its own.
    Allocate,
}

impl Helper {
    /// All of them.
    pub(super) const ALL: [Self; 7] =
        [Self::Place, Self::Size, Self::Grow, Self::Copy, Self::Fill, Self::Move, Self::Allocate];

    /// How many parameters and results it has, all of 32 bits.
    pub(super) const fn signature(self) -> (usize, usize) {
        match self {
            Self::Size => (0, 1),
            Self::Place | Self::Grow => (1, 1),
            Self::Copy | Self::Fill => (3, 0),
            Self::Move => (4, 0),
            Self::Allocate => (4, 1),
        }
    }

    /// Its body.
    pub(super) fn body(self, program: &Indices) -> Function {
        match self {
            Self::Place => place(),
            Self::Size => size(),
            Self::Grow => grow(),
            Self::Copy => copy(program),
            Self::Fill => fill(program),
            Self::Move => move_addresses(),
            Self::Allocate => allocate(program),
        }
    }
}

/// Where in a program the added functions are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indices {
    /// The first wrapper of an imported function, of which there are so many.
    pub(super) wrappers: u32,
    pub(super) imports: u32,
    /// The global that counts the pages which the adapter was given.
    pub(super) pages_given: u32,
}

impl Indices {
    /// The index of a function.
    pub(super) const fn helper(&self, helper: Helper) -> u32 {
        self.wrappers + self.imports + helper as u32
    }
}

#[expect(clippy::cast_possible_wrap, reason = "the same bits")]
fn constant(code: &mut InstructionSink<'_>, value: u32) {
    code.i32_const(value as i32);
}

const fn word(offset: u64) -> MemArg {
    MemArg { offset, align: 2, memory_index: 0 }
}

fn place() -> Function {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    // What is added to wraps around at the end of all addresses.
    code.local_get(0);
    constant(&mut code, u32::MAX - SHIFT);
    code.i32_gt_u().if_(BlockType::Empty).unreachable().end();
    code.local_get(0);
    constant(&mut code, SHIFT);
    code.i32_add().end();
    function
}

fn size() -> Function {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    code.memory_size(0);
    constant(&mut code, PAGES);
    code.i32_sub().end();
    function
}

fn grow() -> Function {
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(0).memory_grow(0).local_tee(1).i32_const(-1).i32_eq();
    code.if_(BlockType::Result(ValType::I32)).i32_const(-1).else_().local_get(1);
    constant(&mut code, PAGES);
    code.i32_sub().end().end();
    function
}

fn copy(program: &Indices) -> Function {
    let (mut function, place) = (Function::new([]), program.helper(Helper::Place));
    let mut code = function.instructions();
    code.local_get(0).call(place).local_get(1).call(place).local_get(2).memory_copy(0, 0).end();
    function
}

fn fill(program: &Indices) -> Function {
    let (mut function, place) = (Function::new([]), program.helper(Helper::Place));
    function.instructions().local_get(0).call(place).local_get(1).local_get(2).memory_fill(0).end();
    function
}

/// `memory.init` of a segment.
pub(super) fn init(program: &Indices, segment: u32) -> Function {
    let (mut function, place) = (Function::new([]), program.helper(Helper::Place));
    let mut code = function.instructions();
    code.local_get(0).call(place).local_get(1).local_get(2).memory_init(0, segment).end();
    function
}

/// Of a list in memory, of so many items, each of so many bytes, the last of which is how much is
/// added to the address that an item begins with. Traps where the program's own are at the end of
/// all addresses.
fn move_addresses() -> Function {
    let (list, count, bytes, by, moved) = (0, 1, 2, 3, 4);
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(count).i32_eqz().br_if(1);
    code.local_get(list).i32_load(word(0)).local_get(by).i32_add().local_set(moved);
    code.local_get(by).i32_const(0).i32_gt_s().local_get(moved);
    constant(&mut code, SHIFT);
    code.i32_lt_u().i32_and().if_(BlockType::Empty).unreachable().end();
    code.local_get(list).local_get(moved).i32_store(word(0));
    code.local_get(list).local_get(bytes).i32_add().local_set(list);
    code.local_get(count).i32_const(1).i32_sub().local_set(count);
    code.br(0).end().end().end();
    function
}

/// The adapter asks for a page of stack, and then for a page of state.
fn allocate(program: &Indices) -> Function {
    let (size, given) = (3, program.pages_given);
    let mut function = Function::new([]);
    let mut code = function.instructions();
    code.global_get(given);
    constant(&mut code, PAGES);
    code.i32_ge_u().local_get(size);
    constant(&mut code, PAGE);
    code.i32_gt_u().i32_or().if_(BlockType::Empty).unreachable().end();
    code.global_get(given);
    constant(&mut code, PAGE);
    code.i32_mul();
    code.global_get(given).i32_const(1).i32_add().global_set(given).end();
    function
}

/// A function that calls an import with places for the program's addresses; `sizes` is the import
/// that says how many addresses it writes, if it writes any.
pub(super) fn wrapper(
    program: &Indices,
    import: u32,
    wrapped: &preview1::Function,
    sizes: Option<u32>,
) -> Function {
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    let parameters = || (0_u32..).zip(wrapped.parameters);
    let result = parameters().count() as u32;
    let buffers = parameters().find(|(_, parameter)| **parameter == Parameter::Buffers);
    if let Some((list, _)) = buffers {
        move_buffers(&mut code, program, list, SHIFT);
    }
    for (index, parameter) in parameters() {
        code.local_get(index);
        if !matches!(parameter, Parameter::Short | Parameter::Long) {
            code.call(program.helper(Helper::Place));
        }
    }
    code.call(import);
    if wrapped.returns {
        code.local_set(result);
    }
    if let Some((list, _)) = buffers {
        move_buffers(&mut code, program, list, SHIFT.wrapping_neg());
    }
    if let Some(sizes) = sizes {
        move_written(&mut code, program, result, sizes);
    }
    if wrapped.returns {
        code.local_get(result);
    }
    code.end();
    function
}

/// Adds to the addresses of buffers, whose number follows.
fn move_buffers(code: &mut InstructionSink<'_>, program: &Indices, list: u32, by: u32) {
    code.local_get(list).call(program.helper(Helper::Place)).local_get(list + 1).i32_const(8);
    constant(code, by);
    code.call(program.helper(Helper::Move));
}

/// Makes the addresses that were written to where the first parameter says the program's, if
/// there was no error.
fn move_written(code: &mut InstructionSink<'_>, program: &Indices, error: u32, sizes: u32) {
    code.local_get(error).i32_eqz().if_(BlockType::Empty);
    constant(code, SCRATCH);
    constant(code, SCRATCH + 4);
    code.call(sizes).drop();
    code.local_get(0).call(program.helper(Helper::Place));
    code.i32_const(0).i32_load(word(SCRATCH.into())).i32_const(4);
    constant(code, SHIFT.wrapping_neg());
    code.call(program.helper(Helper::Move)).end();
}
