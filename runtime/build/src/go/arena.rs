//! The memory into which the host puts what it hands over: the *arena*, a variable among Go's data.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

/// Bytes of the arena after its head: two pages are the adapter's, its stack and its state.
const ARENA_BYTES: u32 = 384 << 10;
/// Bytes of its head, whose words are at the offsets below.
const ARENA_HEAD: u32 = 24;
/// Where the next is put.
const TOP: u64 = 0;
/// The block for what does not fit into the arena, and its length, which is 0 while it is in use.
const SPARE: u64 = 8;
const SPARE_BYTES: u64 = 12;
/// The largest block that was given, and its length.
const BLOCK: u64 = 16;
const BLOCK_BYTES: u64 = 20;
/// The most of a block, which no event comes near.
const BLOCK_BYTES_MAX: u32 = 1 << 30;
/// Bytes of a page.
const PAGE: u32 = 64 << 10;
/// What is among Go's data before and after the addresses of [`Places`].
pub(super) const MARK: [[u64; 2]; 2] = [
    [0xb5a7_d3c1_e94f_8b26, 0x9d3e_7a51_c8f2_64b7],
    [0xe61b_94d7_a3c5_8f12, 0x87c4_f19b_2d6e_a35b],
];

/// Where things are in a module's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) arena: u32,
    /// The end of what Go's runtime uses.
    pub(super) used: u32,
    /// The end of what it has.
    pub(super) held: u32,
}

impl Places {
    /// The addresses that are marked in a segment of data.
    pub(super) fn marked_in(data: &[u8]) -> Option<Self> {
        let [before, after] = MARK.map(|words| words.map(u64::to_le_bytes).concat());
        let found = data.windows(before.len()).position(|window| window == before)?;
        let (addresses, rest) = data[found + before.len()..].split_first_chunk::<24>()?;
        let address = |at: usize| {
            let bytes = addresses[at..].first_chunk::<8>()?;
            u32::try_from(u64::from_le_bytes(*bytes)).ok()
        };
        let places = Self { arena: address(0)?, used: address(8)?, held: address(16)? };
        rest.starts_with(&after).then_some(places)
    }
}

/// `cabi_realloc`: puts what the host hands over into the arena, or, if it does not fit, into a
/// block, by the function of this index.
pub(super) fn realloc(places: Places, block_of: u32) -> Function {
    const OLD: u32 = 0;
    const OLD_BYTES: u32 = 1;
    const ALIGNMENT: u32 = 2;
    const BYTES: u32 = 3;
    const PLACE: u32 = 4;
    let arena = places.arena;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    // Where the next goes, which is 0 before the first.
    constant(&mut code, arena);
    code.i32_load(word(TOP)).local_tee(PLACE).i32_eqz().if_(BlockType::Empty);
    constant(&mut code, arena + ARENA_HEAD);
    code.local_set(PLACE).end();
    code.local_get(PLACE).local_get(ALIGNMENT).i32_add().i32_const(1).i32_sub();
    code.i32_const(0).local_get(ALIGNMENT).i32_sub().i32_and().local_set(PLACE);
    constant(&mut code, arena + ARENA_HEAD + ARENA_BYTES);
    code.local_get(PLACE).i32_sub().local_get(BYTES).i32_lt_u().if_(BlockType::Empty);
    code.local_get(BYTES).call(block_of).local_set(PLACE);
    code.else_();
    constant(&mut code, arena);
    code.local_get(PLACE).local_get(BYTES).i32_add().i32_store(word(TOP)).end();
    code.local_get(OLD).if_(BlockType::Empty);
    code.local_get(PLACE).local_get(OLD).local_get(OLD_BYTES).local_get(BYTES);
    code.local_get(OLD_BYTES).local_get(BYTES).i32_lt_u().select().memory_copy(0, 0).end();
    code.local_get(PLACE).end();
    function
}

/// Gives a block of so many bytes: the spare one, or else memory that Go's runtime would have
/// taken next. Traps if there is none.
pub(super) fn block_of(places: Places) -> Function {
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    return_spare(&mut code, places);
    // Go's runtime has not begun, or there are not that many addresses.
    constant(&mut code, places.used);
    code.i32_load(word(0)).local_tee(PLACE).i32_eqz().if_(BlockType::Empty).unreachable().end();
    code.local_get(BYTES);
    constant(&mut code, BLOCK_BYTES_MAX);
    code.i32_gt_u().if_(BlockType::Empty).unreachable().end();
    // Go counts in whole pages.
    code.local_get(BYTES);
    constant(&mut code, PAGE - 1);
    code.i32_add();
    constant(&mut code, !(PAGE - 1));
    code.i32_and().local_tee(BYTES).local_get(PLACE).i32_add().local_set(END);
    code.local_get(END).local_get(PLACE).i32_lt_u().if_(BlockType::Empty).unreachable().end();
    take_to_end(&mut code, places);
    note_largest(&mut code, places);
    code.local_get(PLACE).end();
    function
}

/// The locals of [`block_of`].
const BYTES: u32 = 0;
const PLACE: u32 = 1;
const END: u32 = 2;

/// Returns the spare block if it has so many bytes.
fn return_spare(code: &mut InstructionSink<'_>, places: Places) {
    constant(code, places.arena);
    code.i32_load(word(SPARE_BYTES)).local_get(BYTES).i32_ge_u().if_(BlockType::Empty);
    constant(code, places.arena);
    code.i32_const(0).i32_store(word(SPARE_BYTES));
    constant(code, places.arena);
    code.i32_load(word(SPARE)).return_().end();
}

/// Takes the memory up to the end of the block from Go's runtime, and makes that there is so much.
fn take_to_end(code: &mut InstructionSink<'_>, places: Places) {
    let Places { used, held, .. } = places;
    constant(code, held);
    code.i32_load(word(0)).local_get(END).i32_lt_u().if_(BlockType::Empty);
    code.local_get(END);
    constant(code, held);
    code.i32_load(word(0)).i32_sub();
    constant(code, PAGE);
    code.i32_div_u().memory_grow(0).i32_const(-1).i32_eq();
    code.if_(BlockType::Empty).unreachable().end();
    constant(code, held);
    code.local_get(END).i32_store(word(0)).end();
    constant(code, used);
    code.local_get(END).i32_store(word(0));
}

/// Notes the block if it is the largest so far.
fn note_largest(code: &mut InstructionSink<'_>, places: Places) {
    constant(code, places.arena);
    code.i32_load(word(BLOCK_BYTES)).local_get(BYTES).i32_lt_u().if_(BlockType::Empty);
    constant(code, places.arena);
    code.local_get(PLACE).i32_store(word(BLOCK));
    constant(code, places.arena);
    code.local_get(BYTES).i32_store(word(BLOCK_BYTES)).end();
}

/// A word at an offset from an address.
const fn word(offset: u64) -> MemArg {
    MemArg { offset, align: 2, memory_index: 0 }
}

#[expect(clippy::cast_possible_wrap, reason = "the same bits")]
pub(super) fn constant(code: &mut InstructionSink<'_>, value: u32) {
    code.i32_const(value as i32);
}
