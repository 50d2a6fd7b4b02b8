//! Arguments: as flat values, and as they are in memory.

use std::fmt::Write as _;

use wit_parser::abi::{FlatTypes, WasmType};
use wit_parser::{FlagsRepr, Handle, Int, Resolve, SizeAlign, Type, TypeDefKind, TypeId};

use crate::root;

/// What is in every text and list of bytes.
pub(crate) const TEXT: usize = 1 << 20;
/// Where lists of other things begin, each with so many bytes for itself.
pub(crate) const LISTS: usize = 18 << 20;
pub(crate) const LIST_BYTES: usize = 16 << 20;

/// How large arguments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// As the test says, in the local `$size`.
    Given,
    /// As small as the arguments of what is only called to get a handle: a text
    /// of three letters, which names something that the test has made.
    Small,
}

/// What a value that is a handle is made by.
pub(crate) trait Handles {
    /// An expression that gives a handle that stays the guest's.
    fn borrowed(&mut self, resource: TypeId) -> String;
    /// One that is given away.
    fn owned(&mut self, resource: TypeId) -> String;
    /// The readable end of a stream or future.
    fn readable(&mut self, ty: TypeId) -> String;
}

/// Makes values of types.
pub(crate) struct Values<'a, H> {
    pub(crate) resolve: &'a Resolve,
    pub(crate) sizes: &'a SizeAlign,
    pub(crate) size: Size,
    pub(crate) handles: H,
    /// Statements that fill lists, once before the first call.
    pub(crate) fill: String,
    pub(crate) lists: usize,
}

type Flat = Vec<(WasmType, String)>;

impl<H: Handles> Values<'_, H> {
    fn count(&self) -> &'static str {
        match self.size {
            Size::Given => "(local.get $size)",
            Size::Small => "(i32.const 3)",
        }
    }

    /// The flat values of an argument, each an expression.
    pub(crate) fn flat(&mut self, ty: &Type) -> Flat {
        let count = self.count();
        let one = |ty, text: String| vec![(ty, text)];
        match ty {
            Type::Bool => one(WasmType::I32, "(i32.const 1)".into()),
            Type::U8 | Type::S8 => one(WasmType::I32, "(i32.const 7)".into()),
            Type::U16 | Type::S16 => {
                one(WasmType::I32, format!("(i32.and {count} (i32.const 0x7fff))"))
            }
            Type::U32 | Type::S32 => one(WasmType::I32, count.into()),
            Type::U64 | Type::S64 => one(WasmType::I64, format!("(i64.extend_i32_u {count})")),
            Type::F32 => one(WasmType::F32, "(f32.const 1)".into()),
            Type::F64 => one(WasmType::F64, "(f64.const 1)".into()),
            Type::Char => one(WasmType::I32, "(i32.const 97)".into()),
            Type::ErrorContext => one(WasmType::I32, "(i32.const 0)".into()),
            Type::String => self.text(),
            Type::Id(id) => self.flat_of(root(self.resolve, *id)),
        }
    }

    fn text(&self) -> Flat {
        let pointer = (WasmType::I32, format!("(i32.const {TEXT})"));
        vec![pointer, (WasmType::I32, self.count().into())]
    }

    fn flat_of(&mut self, id: TypeId) -> Flat {
        let resolve = self.resolve;
        match &resolve.types[id].kind {
            TypeDefKind::Record(record) => {
                record.fields.iter().flat_map(|field| self.flat(&field.ty)).collect()
            }
            TypeDefKind::Tuple(tuple) => tuple.types.iter().flat_map(|ty| self.flat(ty)).collect(),
            TypeDefKind::Flags(flags) => {
                let count = match flags.repr() {
                    FlagsRepr::U8 | FlagsRepr::U16 => 1,
                    FlagsRepr::U32(count) => count,
                };
                vec![(WasmType::I32, "(i32.const 0)".to_owned()); count]
            }
            TypeDefKind::Enum(_) => vec![(WasmType::I32, "(i32.const 0)".into())],
            TypeDefKind::Handle(Handle::Own(resource)) => {
                vec![(WasmType::I32, self.handles.owned(root(resolve, *resource)))]
            }
            TypeDefKind::Handle(Handle::Borrow(resource)) => {
                vec![(WasmType::I32, self.handles.borrowed(root(resolve, *resource)))]
            }
            TypeDefKind::Stream(_) | TypeDefKind::Future(_) => {
                vec![(WasmType::I32, self.handles.readable(id))]
            }
            TypeDefKind::List(element) => self.list(element),
            TypeDefKind::Type(ty) => self.flat(ty),
            TypeDefKind::Option(_) | TypeDefKind::Result(_) | TypeDefKind::Variant(_) => {
                self.flat_variant(id)
            }
            other => panic!("no values of {} are made here", other.as_str()),
        }
    }

    fn flat_variant(&mut self, id: TypeId) -> Flat {
        let cases = cases(self.resolve, id);
        let case = choose(&cases);
        let mut flat = vec![(WasmType::I32, format!("(i32.const {case})"))];
        let payload = cases[case].map(|ty| self.flat(&ty)).unwrap_or_default();
        let joined = flat_types(self.resolve, &Type::Id(id));
        for (index, to) in joined.into_iter().enumerate().skip(1) {
            let value = match payload.get(index - 1) {
                Some((from, value)) => cast(value, *from, to),
                None => zero(to),
            };
            flat.push((to, value));
        }
        flat
    }

    /// Of bytes it is a text; others are filled once, in a place of their own.
    fn list(&mut self, element: &Type) -> Flat {
        if matches!(element, Type::U8) {
            return self.text();
        }
        let width = self.sizes.size(element).size_wasm32().max(1);
        if self.size == Size::Small || gives_away(self.resolve, element) {
            return vec![
                (WasmType::I32, format!("(i32.const {LISTS})")),
                (WasmType::I32, zero(WasmType::I32)),
            ];
        }
        let region = LISTS + LIST_BYTES * self.lists;
        self.lists += 1;
        assert!(self.lists <= 3, "more lists than there is room for");
        let count = format!("(i32.div_u (local.get $size) (i32.const {width}))");
        let store = self.store(element, 0);
        let number = self.lists;
        write!(
            self.fill,
            "(local.set $at (i32.const {region}))\n\
             (local.set $end (i32.add (i32.const {region}) (i32.mul {count} (i32.const {width}))))\n\
             (block $done{number} (loop $next{number}\n\
             (br_if $done{number} (i32.ge_u (local.get $at) (local.get $end)))\n\
             {store}\
             (local.set $at (i32.add (local.get $at) (i32.const {width})))\n\
             (br $next{number})))\n"
        )
        .expect("writing to a string");
        vec![(WasmType::I32, format!("(i32.const {region})")), (WasmType::I32, count)]
    }

    /// Statements that put an element of a list at `offset` from `$at`. What is
    /// in it is small.
    fn store(&mut self, ty: &Type, offset: usize) -> String {
        let put = |instruction: &str, value: &str| {
            format!("({instruction} offset={offset} (local.get $at) {value})\n")
        };
        let text = |length: usize| {
            let next = offset + 4;
            format!(
                "(i32.store offset={offset} (local.get $at) (i32.const {TEXT}))\n\
                 (i32.store offset={next} (local.get $at) (i32.const {length}))\n"
            )
        };
        match ty {
            Type::Bool | Type::U8 | Type::S8 => put("i32.store8", "(i32.const 1)"),
            Type::U16 | Type::S16 => put("i32.store16", "(i32.const 1)"),
            Type::U32 | Type::S32 | Type::Char => put("i32.store", "(i32.const 97)"),
            Type::U64 | Type::S64 => put("i64.store", "(i64.const 1)"),
            Type::F32 | Type::F64 | Type::ErrorContext => String::new(),
            Type::String => text(1),
            Type::Id(id) => {
                let id = root(self.resolve, *id);
                match &self.resolve.types[id].kind {
                    TypeDefKind::List(Type::U8) => text(1),
                    TypeDefKind::Handle(Handle::Borrow(resource)) => {
                        let handle = self.handles.borrowed(root(self.resolve, *resource));
                        put("i32.store", &handle)
                    }
                    TypeDefKind::Record(record) => {
                        let fields: Vec<_> = record.fields.iter().map(|field| field.ty).collect();
                        self.store_fields(&fields, offset)
                    }
                    TypeDefKind::Tuple(tuple) => self.store_fields(&tuple.types, offset),
                    TypeDefKind::Type(ty) => self.store(ty, offset),
                    // Zeroes: no elements, no flags, the first case.
                    _ => String::new(),
                }
            }
        }
    }

    fn store_fields(&mut self, fields: &[Type], offset: usize) -> String {
        let offsets = self.sizes.field_offsets(fields);
        let stores = offsets.into_iter().map(|(at, ty)| (at.size_wasm32(), *ty));
        let stores: Vec<_> = stores.collect();
        stores.into_iter().map(|(at, ty)| self.store(&ty, offset + at)).collect()
    }
}

/// The payloads of a variant's cases.
fn cases(resolve: &Resolve, id: TypeId) -> Vec<Option<Type>> {
    match &resolve.types[id].kind {
        TypeDefKind::Option(some) => vec![None, Some(*some)],
        TypeDefKind::Result(result) => vec![result.ok, result.err],
        TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| case.ty).collect(),
        other => panic!("{} has no cases", other.as_str()),
    }
}

/// The one that brings most: a text if there is one, else anything, and of a
/// result that it is good.
fn choose(cases: &[Option<Type>]) -> usize {
    let text = cases.iter().position(|case| matches!(case, Some(Type::String)));
    text.or_else(|| cases.iter().position(Option::is_some)).unwrap_or(0)
}

/// Where the payload of a variant begins.
pub(crate) fn payload_offset(sizes: &SizeAlign, cases: &[Option<Type>]) -> usize {
    let tag = match cases.len() {
        0..=0x100 => Int::U8,
        _ => Int::U16,
    };
    sizes.payload_offset(tag, cases.iter().map(Option::as_ref)).size_wasm32()
}

/// Whether values of a type take a handle away from who gives them.
fn gives_away(resolve: &Resolve, ty: &Type) -> bool {
    let Type::Id(id) = ty else { return false };
    match &resolve.types[root(resolve, *id)].kind {
        TypeDefKind::Handle(Handle::Own(_)) | TypeDefKind::Stream(_) | TypeDefKind::Future(_) => {
            true
        }
        TypeDefKind::Tuple(tuple) => tuple.types.iter().any(|ty| gives_away(resolve, ty)),
        TypeDefKind::Record(record) => {
            record.fields.iter().any(|field| gives_away(resolve, &field.ty))
        }
        TypeDefKind::Type(ty) => gives_away(resolve, ty),
        _ => false,
    }
}

pub(crate) fn flat_types(resolve: &Resolve, ty: &Type) -> Vec<WasmType> {
    let mut storage = [WasmType::I32; 64];
    let mut types = FlatTypes::new(&mut storage);
    assert!(resolve.push_flat(ty, &mut types), "more than 64 flat values");
    types.to_vec()
}

/// As the text format names it.
pub(crate) const fn name(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

fn zero(ty: WasmType) -> String {
    format!("({}.const 0)", name(ty))
}

fn cast(value: &str, from: WasmType, to: WasmType) -> String {
    match (name(from), name(to)) {
        (from, to) if from == to => value.to_owned(),
        ("i32", "i64") => format!("(i64.extend_i32_u {value})"),
        _ => zero(to),
    }
}
