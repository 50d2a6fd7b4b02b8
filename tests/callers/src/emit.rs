//! The core module of a caller, in the text format.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use wit_parser::abi::{AbiVariant, WasmSignature};
use wit_parser::{
    Function, FutureIntrinsic, LiftLowerAbi, ManglingAndAbi, Resolve, ResourceIntrinsic, SizeAlign,
    StreamIntrinsic, Type, TypeDefKind, TypeId, WasmImport, WorldId, WorldKey,
};

use crate::results::{Given, What, given};
use crate::values::{Handles, Size, TEXT, Values, name};
use crate::{Called, Numbers, imports, root};

/// Where results go that do not fit into a register, and arguments.
const RESULT: usize = 1024;
const ARGUMENTS: usize = 512 << 10;
/// Where what the host returns goes, from the beginning again when it is full.
const HEAP: usize = 68 << 20;
const MEMORY_PAGES: usize = 1900;

/// One function that is imported.
struct Import<'a> {
    key: WorldKey,
    function: &'a Function,
    signature: WasmSignature,
    given: Vec<Given>,
    /// Resources that it takes handles to.
    takes: BTreeSet<TypeId>,
}

/// The module in the making.
pub(crate) struct Module<'a> {
    resolve: &'a Resolve,
    sizes: SizeAlign,
    functions: Vec<Import<'a>>,
    /// Where each resource is defined.
    resources: BTreeMap<TypeId, WorldKey>,
    /// How each is made: by this function, of what it gives this one. In order:
    /// each takes only what those before it make.
    makers: Vec<(TypeId, usize, Given)>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Imports and helpers that turn out to be needed.
    imports: BTreeSet<String>,
    resources: Numbers<TypeId>,
    /// The streams and futures that one call makes: their drop is its end.
    ends: String,
    pairs: usize,
}

impl<'a> Module<'a> {
    pub(crate) fn of(resolve: &'a Resolve, world: WorldId) -> Self {
        let mut sizes = SizeAlign::default();
        sizes.fill(resolve);
        let (mut functions, mut resources) = (Vec::new(), BTreeMap::new());
        for (key, id) in imports(resolve, world) {
            let interface = &resolve.interfaces[id];
            for ty in interface.types.values() {
                if matches!(resolve.types[*ty].kind, TypeDefKind::Resource) {
                    resources.insert(*ty, key.clone());
                }
            }
            for function in interface.functions.values() {
                let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
                let result = function.result.as_ref();
                let given = result.map(|ty| given(resolve, &sizes, ty)).unwrap_or_default();
                let mut takes = BTreeSet::new();
                for param in &function.params {
                    taken(resolve, &param.ty, &mut takes);
                }
                functions.push(Import { key: key.clone(), function, signature, given, takes });
            }
        }
        let makers = makers(&functions);
        let state = RefCell::default();
        Self { resolve, sizes, functions, resources, makers, state }
    }

    /// The text, and what it calls.
    pub(crate) fn finish(self) -> (String, Vec<Called>) {
        let made: BTreeSet<_> = self.makers.iter().map(|(made, ..)| *made).collect();
        let called = |import: &Import| Called {
            interface: self.resolve.name_world_key(&import.key),
            name: import.function.name.clone(),
            reachable: import.takes.is_subset(&made),
        };
        let called: Vec<_> = self.functions.iter().map(called).collect();
        let mut body = String::new();
        for index in 0..self.functions.len() {
            body.push_str(&self.caller(index));
        }
        // Makers may need what no function was seen to need, so until all are there.
        let mut done = BTreeSet::new();
        loop {
            let known: Vec<_> = self.state.borrow().resources.0.keys().copied().collect();
            let Some(next) = known.into_iter().find(|resource| !done.contains(resource)) else {
                break;
            };
            body.push_str(&self.maker(next));
            done.insert(next);
        }
        (self.assemble(&body), called)
    }

    fn assemble(&self, body: &str) -> String {
        let mut text = "(module\n".to_owned();
        for (index, import) in self.functions.iter().enumerate() {
            let WasmSignature { params, results, .. } = &import.signature;
            let params: String = params.iter().map(|ty| format!(" {}", name(*ty))).collect();
            let results: String = results.iter().map(|ty| format!(" {}", name(*ty))).collect();
            let import = WasmImport::Func { interface: Some(&import.key), func: import.function };
            let (module, field) = self.resolve.wasm_import_name(SYNC, import);
            writeln!(
                text,
                "(import \"{module}\" \"{field}\" (func $f{index} (param{params}) (result{results})))"
            )
            .expect("writing to a string");
        }
        let state = self.state.borrow();
        state.imports.iter().for_each(|import| text.push_str(import));
        for number in 0..state.resources.0.len() {
            writeln!(text, "(global $kept{number} (mut i32) (i32.const 0))")
                .expect("writing to a string");
        }
        for number in 0..state.pairs {
            writeln!(
                text,
                "(global $end{number} (mut i32) (i32.const 0))\n\
                 (global $pair{number} (mut i64) (i64.const 0))"
            )
            .expect("writing to a string");
        }
        let count = self.functions.len();
        let table: String = (0..count).map(|index| format!(" $call{index}")).collect();
        let fills: String = (0..count).map(|index| format!(" $fill{index}")).collect();
        write!(
            text,
            "(memory (export \"memory\") {MEMORY_PAGES})\n\
             (global $heap (mut i32) (i32.const {HEAP}))\n\
             (type $called (func (param i32)))\n\
             (table funcref (elem{table}{fills}))\n\
             {REALLOC}{body}\
             (func (export \"run\") (param $index i32) (param $size i32)\n\
             (memory.fill (i32.const {TEXT}) (i32.const 97) (local.get $size))\n\
             (call_indirect (type $called) (local.get $size)\n\
             (i32.add (local.get $index) (i32.const {count})))\n\
             (loop $again\n\
             (call_indirect (type $called) (local.get $size) (local.get $index))\n\
             (br $again)))\n)"
        )
        .expect("writing to a string");
        text
    }

    /// A function that calls one that is imported, and one that fills its lists.
    fn caller(&self, index: usize) -> String {
        let (call, fill) = self.call(index, Size::Given, None);
        format!(
            "(func $call{index} (param $size i32) (local $at i32) (local $result i32)\n{call})\n\
             (func $fill{index} (param $size i32) (local $at i32) (local $end i32)\n{fill})\n"
        )
    }

    /// A function that makes a handle to a resource, and one that keeps one.
    fn maker(&self, resource: TypeId) -> String {
        let number = self.state.borrow_mut().resources.of(resource);
        let mut body = String::new();
        for (made, index, from) in &self.makers {
            if *made == resource {
                body.push_str(&self.call(*index, Size::Small, Some(from)).0);
            }
        }
        format!(
            "(func $make{number} (result i32) (local $at i32) (local $result i32)\n\
             {body}(i32.const 0))\n\
             (func $keep{number} (result i32)\n\
             (if (i32.eqz (global.get $kept{number}))\n\
             (then (global.set $kept{number} (call $make{number}))))\n\
             (global.get $kept{number}))\n"
        )
    }

    /// Statements that call a function and drop what it gives, but for `kept`,
    /// which they return; and statements that fill its lists before.
    fn call(&self, index: usize, size: Size, kept: Option<&Given>) -> (String, String) {
        let import = &self.functions[index];
        let signature = &import.signature;
        let handles = Making { module: self, import };
        let (fill, lists) = (String::new(), 0);
        let mut values =
            Values { resolve: self.resolve, sizes: &self.sizes, size, handles, fill, lists };
        let params: Vec<_> = import.function.params.iter().map(|param| param.ty).collect();
        let flat: Vec<_> = params.iter().flat_map(|ty| values.flat(ty)).collect();
        let fill = values.fill;
        let mut call = String::new();
        let mut arguments = String::new();
        if signature.indirect_params {
            let mut at = ARGUMENTS;
            // Records of so many fields are stored as they are flat: their fields
            // are words, or the test does not link.
            for (ty, value) in flat {
                let width = if name(ty) == "i64" { 8 } else { 4 };
                at = at.next_multiple_of(width);
                let ty = name(ty);
                writeln!(call, "({ty}.store (i32.const {at}) {value})")
                    .expect("writing to a string");
                at += width;
            }
            write!(arguments, "(i32.const {ARGUMENTS})").expect("writing to a string");
        } else {
            arguments.extend(flat.into_iter().map(|(_, value)| format!("{value}\n")));
        }
        if signature.retptr {
            write!(arguments, "(i32.const {RESULT})").expect("writing to a string");
        }
        let called = format!("(call $f{index} {arguments})");
        match signature.results.as_slice() {
            [] => writeln!(call, "{called}"),
            [ty] if name(*ty) == "i32" => writeln!(call, "(local.set $result {called})"),
            _ => writeln!(call, "(drop {called})"),
        }
        .expect("writing to a string");
        for given in import.given.iter().rev() {
            let is_kept = kept.is_some_and(|kept| kept.offset == given.offset)
                && kept.is_some_and(|kept| kept.conditions == given.conditions);
            if !is_kept {
                call.push_str(&self.drop(import, given));
            }
        }
        call.push_str(&std::mem::take(&mut self.state.borrow_mut().ends));
        if let Some(kept) = kept {
            let handle = read(signature, kept);
            call.push_str(&when(kept, &format!("(return {handle})")));
        }
        (call, fill)
    }

    fn drop(&self, import: &Import, given: &Given) -> String {
        let handle = read(&import.signature, given);
        let (what, signature) = match given.what {
            What::Resource(resource) => (self.resource_drop(resource), ""),
            What::Stream(ty) => {
                (self.stream(import, ty, StreamIntrinsic::DropReadable, "(param i32)"), "")
            }
            What::Future(ty) => {
                (self.future(import, ty, FutureIntrinsic::DropReadable, "(param i32)"), "")
            }
        };
        when(given, &format!("(call {what} {handle}{signature})"))
    }

    fn import(&self, (module, field): (String, String), signature: &str) -> String {
        let name: String = format!("${module}#{field}")
            .chars()
            .map(|c| if "$#/:@.-+".contains(c) || c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let import = format!("(import \"{module}\" \"{field}\" (func {name} {signature}))\n");
        self.state.borrow_mut().imports.insert(import);
        name
    }

    fn resource_drop(&self, resource: TypeId) -> String {
        let interface = self.resources.get(&resource);
        let intrinsic = ResourceIntrinsic::ImportedDrop;
        let import = WasmImport::ResourceIntrinsic { interface, resource, intrinsic };
        self.import(self.resolve.wasm_import_name(SYNC, import), "(param i32)")
    }

    fn stream(
        &self,
        import: &Import,
        ty: TypeId,
        intrinsic: StreamIntrinsic,
        signature: &str,
    ) -> String {
        let import = WasmImport::StreamIntrinsic {
            interface: Some(&import.key),
            func: import.function,
            ty: Some(ty),
            intrinsic,
            exported: false,
            async_: false,
        };
        self.import(self.resolve.wasm_import_name(SYNC, import), signature)
    }

    fn future(
        &self,
        import: &Import,
        ty: TypeId,
        intrinsic: FutureIntrinsic,
        signature: &str,
    ) -> String {
        let import = WasmImport::FutureIntrinsic {
            interface: Some(&import.key),
            func: import.function,
            ty: Some(ty),
            intrinsic,
            exported: false,
            async_: false,
        };
        self.import(self.resolve.wasm_import_name(SYNC, import), signature)
    }
}

const SYNC: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// Gives room from the heap, and from its beginning again when it is used up.
const REALLOC: &str = "\
(func (export \"cabi_realloc\") (param i32 i32 i32) (param $size i32) (result i32)
(if (i32.gt_u (local.get $size) (i32.sub (i32.const 124000000) (global.get $heap)))
(then (global.set $heap (i32.const 71303168))
(if (i32.gt_u (local.get $size) (i32.const 52000000)) (then unreachable))))
(global.get $heap)
(global.set $heap (i32.and (i32.add (i32.add (global.get $heap) (local.get $size))
(i32.const 15)) (i32.const -16))))
";

/// An expression that reads a handle out of a result.
fn read(signature: &WasmSignature, given: &Given) -> String {
    if signature.retptr {
        format!("(i32.load (i32.const {}))", RESULT + given.offset)
    } else {
        "(local.get $result)".into()
    }
}

/// A statement that is done if the handle is there.
fn when(given: &Given, then: &str) -> String {
    let mut text = then.to_owned();
    for (offset, value) in given.conditions.iter().rev() {
        let byte = RESULT + offset;
        text = format!(
            "(if (i32.eq (i32.load8_u (i32.const {byte})) (i32.const {value})) (then {text}))"
        );
    }
    text.push('\n');
    text
}

/// The resources that a value of this type has handles to.
fn taken(resolve: &Resolve, ty: &Type, found: &mut BTreeSet<TypeId>) {
    let Type::Id(id) = ty else { return };
    let id = root(resolve, *id);
    match &resolve.types[id].kind {
        TypeDefKind::Handle(
            wit_parser::Handle::Own(resource) | wit_parser::Handle::Borrow(resource),
        ) => {
            found.insert(root(resolve, *resource));
        }
        TypeDefKind::Resource => {
            found.insert(id);
        }
        TypeDefKind::Type(ty) | TypeDefKind::List(ty) | TypeDefKind::Option(ty) => {
            taken(resolve, ty, found);
        }
        TypeDefKind::Tuple(tuple) => tuple.types.iter().for_each(|ty| taken(resolve, ty, found)),
        TypeDefKind::Record(record) => {
            record.fields.iter().for_each(|field| taken(resolve, &field.ty, found));
        }
        TypeDefKind::Result(result) => {
            result.ok.iter().for_each(|ty| taken(resolve, ty, found));
        }
        _ => {}
    }
}

/// In rounds: what needs nothing, what needs only that, and so on.
fn makers(functions: &[Import<'_>]) -> Vec<(TypeId, usize, Given)> {
    let mut makers: Vec<(TypeId, usize, Given)> = Vec::new();
    loop {
        let made: BTreeSet<_> = makers.iter().map(|(made, ..)| *made).collect();
        let mut round = Vec::new();
        for (index, import) in functions.iter().enumerate() {
            if !import.takes.is_subset(&made) {
                continue;
            }
            for given in &import.given {
                if let What::Resource(resource) = given.what
                    && !made.contains(&resource)
                {
                    round.push((resource, index, given.clone()));
                }
            }
        }
        if round.is_empty() {
            return makers;
        }
        makers.extend(round);
    }
}

/// Makes the handles of one call.
struct Making<'m, 'a> {
    module: &'m Module<'a>,
    import: &'m Import<'a>,
}

impl Handles for Making<'_, '_> {
    fn borrowed(&mut self, resource: TypeId) -> String {
        format!("(call $keep{})", self.module.state.borrow_mut().resources.of(resource))
    }

    fn owned(&mut self, resource: TypeId) -> String {
        format!("(call $make{})", self.module.state.borrow_mut().resources.of(resource))
    }

    fn readable(&mut self, ty: TypeId) -> String {
        let Self { module, import } = self;
        let is_stream = matches!(module.resolve.types[ty].kind, TypeDefKind::Stream(_));
        let new = if is_stream {
            module.stream(import, ty, StreamIntrinsic::New, "(result i64)")
        } else {
            module.future(import, ty, FutureIntrinsic::New, "(result i64)")
        };
        let end = module.state.borrow().pairs;
        module.state.borrow_mut().pairs += 1;
        if is_stream {
            let drop = module.stream(import, ty, StreamIntrinsic::DropWritable, "(param i32)");
            let ends = format!("(call {drop} (global.get $end{end}))\n");
            module.state.borrow_mut().ends.push_str(&ends);
        }
        let pair = format!("$pair{end}");
        format!(
            "(block (result i32) (global.set {pair} (call {new}))\n\
             (global.set $end{end} (i32.wrap_i64 (i64.shr_u (global.get {pair}) (i64.const 32))))\n\
             (i32.wrap_i64 (global.get {pair})))"
        )
    }
}
