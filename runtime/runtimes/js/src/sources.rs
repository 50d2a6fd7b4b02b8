//! Files of the program as QuickJS runs them: from their text, or from the byte code that was
//! made of it when the function was deployed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;

use rquickjs::{Ctx, Error, Exception, Object, Result, Value};

use crate::code::{self, Kind};
use crate::native::throw;
use crate::resolution::{Format, format_of, is_typescript};
use crate::typescript;

/// Where the files of the package are, and those of its layers.
pub(crate) const ROOTS: [&str; 2] = ["/var/task", "/opt/nodejs"];
/// Where each of these has what was made of its files, under the file's own path.
const PREPARED: &str = ".lambent/js";
/// What such a file begins with. It names everything that byte code depends on.
const HEADER: &[u8] = b"lambent js 1, quickjs-ng 0.11.0\n";

/// What a module of CommonJS is the body of a function with.
const PARAMETERS: &str = "exports, require, module, __filename, __dirname";

thread_local! {
    /// Maps of the files that were made of others, by path.
    static MAPS: RefCell<HashMap<String, String>> = RefCell::default();
}

/// What runs of a file.
pub(crate) struct Program<'js> {
    pub kind: Kind,
    pub code: Value<'js>,
    /// Where its parts were, if it was made of TypeScript.
    map: String,
}

/// Whether a file is a program at all.
pub(crate) fn is_program(path: &str) -> bool {
    let extensions = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx"];
    extensions.iter().any(|extension| path.ends_with(extension))
        && ![".d.ts", ".d.mts", ".d.cts"].iter().any(|extension| path.ends_with(extension))
}

/// Gets a file of the program.
pub(crate) fn load<'js>(ctx: &Ctx<'js>, path: &str) -> Result<Program<'js>> {
    let program = match prepared(ctx, path) {
        Some(program) => program,
        None => compile(ctx, path)?,
    };
    if !program.map.is_empty() {
        MAPS.with_borrow_mut(|maps| maps.insert(path.to_owned(), program.map.clone()));
    }
    Ok(program)
}

/// Where a position in a file was in its source, if it was made of TypeScript.
pub(crate) fn origin_of(path: String, line: u32, column: u32) -> Option<Vec<u32>> {
    let map = MAPS.with_borrow(|maps| maps.get(&path).cloned())?;
    let map = oxc_sourcemap::SourceMap::from_json_string(&map).ok()?;
    let table = map.generate_lookup_table();
    let token =
        map.lookup_token_approx(&table, line.saturating_sub(1), column.saturating_sub(1))?;
    Some(vec![token.get_src_line() + 1, token.get_src_col() + 1])
}

/// Where what is made of a file at deploy is; none of a file that is in no package.
pub(crate) fn prepared_path(path: &str) -> Option<String> {
    ROOTS.iter().find_map(|root| {
        let path = path.strip_prefix(root)?.strip_prefix('/')?;
        Some(format!("{root}/{PREPARED}/{path}"))
    })
}

/// What was made of a file at deploy.
fn prepared<'js>(ctx: &Ctx<'js>, path: &str) -> Option<Program<'js>> {
    let bytes = fs::read(prepared_path(path)?).ok()?;
    let rest = bytes.strip_prefix(HEADER)?;
    let (kind, rest) = rest.split_first()?;
    let kind = match kind {
        b's' => Kind::Script,
        b'm' => Kind::Module,
        _ => return None,
    };
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (map, code) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let map = String::from_utf8(map.to_vec()).ok()?;
    match code::read(ctx, code) {
        Ok(code) => Some(Program { kind, code, map }),
        Err(_) => {
            ctx.catch();
            None
        }
    }
}

/// What is kept of a file that was compiled.
pub(crate) fn written(ctx: &Ctx<'_>, program: &Program<'_>) -> Result<Vec<u8>> {
    let kind = if program.kind == Kind::Module { b"m" } else { b"s" };
    let length = u32::try_from(program.map.len()).unwrap_or(0).to_le_bytes();
    let code = code::write(ctx, &program.code)?;
    Ok([HEADER, kind, &length, program.map.as_bytes(), &code].concat())
}

/// Compiles the text of a file.
pub(crate) fn compile<'js>(ctx: &Ctx<'js>, path: &str) -> Result<Program<'js>> {
    let text = text(ctx, path)?;
    if !is_typescript(path) {
        let (kind, code) = of_text(ctx, path, &text, format_of(path))?;
        return Ok(Program { kind, code, map: String::new() });
    }
    let plain =
        typescript::transform(&text, path).map_err(|message| syntax_error(ctx, &message))?;
    // What `tsc` would make CommonJS of is a module all the same.
    let format = match format_of(path) {
        Format::Either | Format::Script if plain.is_module && !path.ends_with(".cts") => {
            Format::Module
        }
        Format::Either => Format::Script,
        format => format,
    };
    let mut source = plain.source;
    if format == Format::Module {
        source.insert_str(0, &names_of_scripts(&source));
    }
    let (kind, code) = of_text(ctx, path, &source, format)?;
    Ok(Program { kind, code, map: plain.map })
}

/// Declares what a module of TypeScript may name, since `tsc` makes CommonJS of it, and does not
/// declare itself. It goes into the first line, so that lines keep their numbers.
fn names_of_scripts(source: &str) -> String {
    let names = [
        ("require", "require(", "createRequire__(import.meta.url)"),
        ("__dirname", "__dirname", "import.meta.dirname"),
        ("__filename", "__filename", "import.meta.filename"),
    ];
    let declares = |name: &str| {
        ["const ", "let ", "var ", "import ", "function "]
            .iter()
            .any(|keyword| source.contains(&format!("{keyword}{name}")))
    };
    let missing = names.iter().filter(|(name, used, _)| source.contains(used) && !declares(name));
    let declared: String =
        missing.map(|(name, _, value)| format!("const {name} = {value}; ")).collect();
    if declared.is_empty() {
        return declared;
    }
    format!("import {{ createRequire as createRequire__ }} from 'node:module'; {declared}")
}

/// The text of a source, without a mark of its byte order or a line for the shell.
fn text(ctx: &Ctx<'_>, path: &str) -> Result<String> {
    let bytes = fs::read(path).map_err(|error| {
        throw(ctx, "ERR_MODULE_NOT_FOUND", &format!("Cannot read '{path}': {error}"))
    })?;
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok(if text.starts_with("#!") { format!("//{text}") } else { text })
}

fn of_text<'js>(
    ctx: &Ctx<'js>,
    path: &str,
    text: &str,
    format: Format,
) -> Result<(Kind, Value<'js>)> {
    let module = || -> Result<(Kind, Value<'js>)> {
        let plain = Some(text)
            .filter(|text| text.contains("with {") || text.contains("with{"))
            .and_then(typescript::without_attributes);
        let code = code::compile(ctx, plain.as_deref().unwrap_or(text), path, Kind::Module)?;
        Ok((Kind::Module, code))
    };
    // All in the first line, so that lines keep their numbers.
    let script = || {
        let wrapped = format!("(function ({PARAMETERS}) {{{text}\n}})");
        code::compile(ctx, &wrapped, path, Kind::Script).map(|code| (Kind::Script, code))
    };
    match format {
        Format::Module => module(),
        Format::Either => script().or_else(|_| {
            let error = ctx.catch();
            // What is neither is told what is wrong with the form that it seems to be in.
            let seems_module =
                text.lines().any(|line| line.starts_with("import ") || line.starts_with("export "));
            module()
                .or_else(|second| if seems_module { Err(second) } else { Err(ctx.throw(error)) })
        }),
        _ => script(),
    }
}

fn syntax_error(ctx: &Ctx<'_>, message: &str) -> Error {
    let made = || -> Result<Value<'_>> {
        let constructor: rquickjs::function::Constructor = ctx.globals().get("SyntaxError")?;
        let error: Object = constructor.construct((message,))?;
        Ok(error.into_value())
    };
    match made() {
        Ok(error) => ctx.throw(error),
        Err(_) => Exception::throw_syntax(ctx, message),
    }
}
