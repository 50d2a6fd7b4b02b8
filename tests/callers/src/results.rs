//! Where the handles are in what a function returns.

use wit_parser::{Handle, Resolve, SizeAlign, Type, TypeDefKind, TypeId};

use crate::root;

/// A handle that a function gives away.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) what: What,
    /// Where it is in the result, in bytes.
    pub(crate) offset: usize,
    /// Bytes that have these values if it is there.
    pub(crate) conditions: Vec<(usize, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Resource(TypeId),
    Stream(TypeId),
    Future(TypeId),
}

/// Those in a result of type `ty`.
pub(crate) fn given(resolve: &Resolve, sizes: &SizeAlign, ty: &Type) -> Vec<Given> {
    let mut found = Vec::new();
    walk(resolve, sizes, ty, 0, &mut Vec::new(), &mut found);
    found
}

fn walk(
    resolve: &Resolve,
    sizes: &SizeAlign,
    ty: &Type,
    at: usize,
    conditions: &mut Vec<(usize, u32)>,
    found: &mut Vec<Given>,
) {
    let Type::Id(id) = ty else { return };
    let id = root(resolve, *id);
    let mut leaf = |what| found.push(Given { what, offset: at, conditions: conditions.clone() });
    let kind = &resolve.types[id].kind;
    match kind {
        TypeDefKind::Handle(Handle::Own(resource)) => {
            leaf(What::Resource(root(resolve, *resource)));
        }
        TypeDefKind::Resource => leaf(What::Resource(id)),
        TypeDefKind::Stream(_) => leaf(What::Stream(id)),
        TypeDefKind::Future(_) => leaf(What::Future(id)),
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter().map(|field| &field.ty);
            for (offset, ty) in sizes.field_offsets(fields) {
                walk(resolve, sizes, ty, at + offset.size_wasm32(), conditions, found);
            }
        }
        TypeDefKind::Tuple(tuple) => {
            for (offset, ty) in sizes.field_offsets(&tuple.types) {
                walk(resolve, sizes, ty, at + offset.size_wasm32(), conditions, found);
            }
        }
        TypeDefKind::Type(ty) => walk(resolve, sizes, ty, at, conditions, found),
        TypeDefKind::Option(some) => {
            walk_case(resolve, sizes, (&[None, Some(*some)], 1), at, conditions, found);
        }
        TypeDefKind::Result(result) => {
            for case in [0, 1] {
                walk_case(resolve, sizes, (&[result.ok, result.err], case), at, conditions, found);
            }
        }
        TypeDefKind::Variant(variant) => {
            let cases: Vec<_> = variant.cases.iter().map(|case| case.ty).collect();
            for case in 0..cases.len() {
                walk_case(resolve, sizes, (&cases, case), at, conditions, found);
            }
        }
        _ => {}
    }
}

fn walk_case(
    resolve: &Resolve,
    sizes: &SizeAlign,
    (cases, case): (&[Option<Type>], usize),
    at: usize,
    conditions: &mut Vec<(usize, u32)>,
    found: &mut Vec<Given>,
) {
    let Some(ty) = &cases[case] else { return };
    let payload = crate::values::payload_offset(sizes, cases);
    let number = u32::try_from(case).expect("few cases");
    conditions.push((at, number));
    walk(resolve, sizes, ty, at + payload, conditions, found);
    conditions.pop();
}
