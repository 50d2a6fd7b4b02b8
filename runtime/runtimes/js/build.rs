//! Compiles the library, which is written in JavaScript, to byte code, so that an instance parses
//! none of it.
//!
//! QuickJS for the machine that builds writes it and that in the component reads it: its format
//! is the same for all little-endian machines.

use std::error::Error;
use std::ffi::CString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, slice};

use rquickjs::{Context, Runtime, qjs};

/// Parameters of the function that a module of the library is the body of.
const PARAMETERS: &str = "exports, require, module, native";

/// Packages of npm that are part of the library: the name of a module, and its file.
const PACKAGES: &[(&str, &str)] = &[
    ("internal/inspect", "node-inspect-extracted/dist/inspect.js"),
    ("internal/events", "events/events.js"),
];

/// Where the clients of the node are staged, which are modules of the library too.
const CLIENTS: &str = "lambent";

/// The package whose files are modules of the library, each under its own path.
const STREAMS: &str = "readable-stream/lib";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=library");
    println!("cargo::rerun-if-changed={CLIENTS}");
    println!("cargo::rerun-if-env-changed=LAMBENT_JS_PACKAGES");
    let packages = PathBuf::from(
        env::var("LAMBENT_JS_PACKAGES")
            .map_err(|_| "LAMBENT_JS_PACKAGES is not set; run `build`")?,
    );
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut modules = Vec::new();
    for file in files(Path::new("library"))? {
        modules.push((name_of(&file, Path::new("library"))?, file));
    }
    for file in files(Path::new(CLIENTS))? {
        modules.push((format!("{CLIENTS}/{}", name_of(&file, Path::new(CLIENTS))?), file));
    }
    for (name, file) in PACKAGES {
        modules.push(((*name).to_owned(), packages.join(file)));
    }
    for file in files(&packages.join(STREAMS))? {
        modules.push((
            format!("readable-stream/lib/{}", name_of(&file, &packages.join(STREAMS))?),
            file,
        ));
    }
    let runtime = Runtime::new()?;
    let context = Context::full(&runtime)?;
    let mut table = String::from("[\n");
    for (number, (name, file)) in modules.iter().enumerate() {
        let code = compile(&context, name, &fs::read_to_string(file)?)?;
        let compiled = out.join(format!("{number}.bytecode"));
        fs::write(&compiled, code)?;
        writeln!(table, "    ({name:?}, include_bytes!({compiled:?}) as &[u8]),")?;
    }
    table.push_str("]\n");
    fs::write(out.join("library.rs"), table)?;
    Ok(())
}

/// The files below a directory, in order.
fn files(directory: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// What a module is required by: its path without the extension.
fn name_of(file: &Path, root: &Path) -> Result<String, Box<dyn Error>> {
    let path = file.strip_prefix(root)?.with_extension("");
    Ok(path.to_str().ok_or("a path is not UTF-8")?.to_owned())
}

/// Returns the byte code of a function with the source as its body.
fn compile(context: &Context, name: &str, source: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let wrapped = CString::new(format!("(function ({PARAMETERS}) {{{source}\n}})"))?;
    let file = CString::new(format!("node:{name}"))?;
    context.with(|ctx| {
        let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
        let raw = ctx.as_raw().as_ptr();
        // SAFETY: the text ends with a NUL that is not counted, the value is checked before it
        // is used and freed once, and what is written is copied before it is freed.
        unsafe {
            let length = wrapped.as_bytes().len();
            let function =
                qjs::JS_Eval(raw, wrapped.as_ptr(), length as _, file.as_ptr(), flags as i32);
            if qjs::JS_IsException(function) {
                return Err(format!("{name}: {:?}", ctx.catch()).into());
            }
            let mut length = 0;
            let options = qjs::JS_WRITE_OBJ_BYTECODE | qjs::JS_WRITE_OBJ_STRIP_SOURCE;
            let bytes = qjs::JS_WriteObject(raw, &mut length, function, options as i32);
            qjs::JS_FreeValue(raw, function);
            if bytes.is_null() {
                return Err(format!("{name}: no byte code").into());
            }
            let code = slice::from_raw_parts(bytes, length as usize).to_vec();
            qjs::js_free(raw, bytes.cast());
            Ok(code)
        }
    })
}
