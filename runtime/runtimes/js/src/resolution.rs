//! Where modules are found: Node's rules for `require` and `import`.

use std::fs;

use serde_json::Value;

use crate::library;
use crate::package_json::{ancestors, join, nearest, of, parent};

/// How a module is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// `require`.
    Require,
    /// `import`, as a statement or a call.
    Import,
}

/// Why a module was not found.
#[derive(Debug)]
pub(crate) struct NotFound {
    /// Node's `code` of the error.
    pub code: &'static str,
    pub message: String,
}

/// What `require` tries after the name itself; the sources of TypeScript are beside what Node has.
const EXTENSIONS: &[&str] = &[".js", ".json", ".node", ".mjs", ".cjs", ".ts", ".mts", ".cts"];

/// Where packages of layers and of the runtime are, after those beside the function.
const SHARED: &[&str] = &[
    "/opt/nodejs/node24/node_modules",
    "/opt/nodejs/node22/node_modules",
    "/opt/nodejs/node20/node_modules",
    "/opt/nodejs/node18/node_modules",
    "/opt/nodejs/node_modules",
];

/// Finds a module: `node:fs`, or the path of a file.
pub(crate) fn resolve(name: &str, directory: &str, by: By) -> Result<String, NotFound> {
    if let Some(builtin) = name.strip_prefix("node:") {
        return if library::is_public(builtin) {
            Ok(name.to_owned())
        } else {
            Err(no_builtin(name))
        };
    }
    if library::gives_way(name)
        && let Ok(found) = package(name, directory, by)
    {
        return Ok(found);
    }
    if library::is_public(name) && !library::needs_prefix(name) {
        return Ok(format!("node:{name}"));
    }
    if name.starts_with("file:") {
        return file(&from_url(name)).ok_or_else(|| absent(name, directory, by));
    }
    if name == "."
        || name == ".."
        || name.starts_with("./")
        || name.starts_with("../")
        || name.starts_with('/')
    {
        let path = join(directory, name);
        let found =
            if name.ends_with('/') { folder(&path) } else { file(&path).or_else(|| folder(&path)) };
        return found.ok_or_else(|| absent(name, directory, by));
    }
    if name.starts_with('#') {
        return imports(name, directory, by);
    }
    package(name, directory, by)
}

fn no_builtin(name: &str) -> NotFound {
    NotFound {
        code: "ERR_UNKNOWN_BUILTIN_MODULE",
        message: format!("No such built-in module: {name}"),
    }
}

fn absent(name: &str, directory: &str, by: By) -> NotFound {
    match by {
        By::Require => {
            NotFound { code: "MODULE_NOT_FOUND", message: format!("Cannot find module '{name}'") }
        }
        By::Import => {
            let (kind, name) = match name.starts_with(['.', '/']) {
                true => ("module", join(directory, name)),
                false => ("package", name.to_owned()),
            };
            let message = format!("Cannot find {kind} '{name}' imported from {directory}");
            NotFound { code: "ERR_MODULE_NOT_FOUND", message }
        }
    }
}

/// The path of a `file:` URL.
fn from_url(url: &str) -> String {
    let path = url.trim_start_matches("file:").trim_start_matches("//");
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten();
        let escaped = escaped.and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_file(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file())
}

/// A file by its path, or by that without the extension.
fn file(path: &str) -> Option<String> {
    if is_file(path) {
        return Some(path.to_owned());
    }
    let with =
        EXTENSIONS.iter().map(|extension| format!("{path}{extension}")).find(|path| is_file(path));
    // TypeScript has its authors write the name of what will be compiled.
    with.or_else(|| {
        let (stem, extension) = path.rsplit_once('.')?;
        let source = match extension {
            "js" => "ts",
            "mjs" => "mts",
            "cjs" => "cts",
            _ => return None,
        };
        Some(format!("{stem}.{source}")).filter(|path| is_file(path))
    })
}

/// The module that a directory stands for.
fn folder(path: &str) -> Option<String> {
    let main = of(path).and_then(|package| package.get("main")?.as_str().map(str::to_owned));
    let main = main.map(|main| join(path, &main));
    let main = main.and_then(|main| file(&main).or_else(|| file(&join(&main, "index"))));
    main.or_else(|| file(&join(path, "index")))
}

/// A package by its name, and perhaps a path in it.
fn package(name: &str, directory: &str, by: By) -> Result<String, NotFound> {
    let (package, rest) = split(name).ok_or_else(|| absent(name, directory, by))?;
    if let Some((root, own)) = nearest(directory)
        && own.get("name").and_then(Value::as_str) == Some(package)
        && let Some(exports) = own.get("exports")
    {
        return exported(&root, package, exports, rest, by);
    }
    let beside = ancestors(directory).filter(|path| !path.ends_with("/node_modules"));
    let beside = beside.map(|path| join(path, "node_modules"));
    for modules in beside.chain(SHARED.iter().map(|path| (*path).to_owned())) {
        let root = join(&modules, package);
        if let Some(exports) = of(&root)
            .as_ref()
            .and_then(|found| found.get("exports"))
            .filter(|exports| !exports.is_null())
        {
            return exported(&root, package, exports, rest, by);
        }
        let path = join(&root, rest);
        let found = if rest.is_empty() { None } else { file(&path) };
        if let Some(found) = found.or_else(|| folder(&path)).or_else(|| file(&path)) {
            return Ok(found);
        }
    }
    Err(absent(name, directory, by))
}

/// The name of a package and the path in it.
fn split(name: &str) -> Option<(&str, &str)> {
    let scope = if name.starts_with('@') { name.find('/')? + 1 } else { 0 };
    match name[scope..].find('/') {
        Some(end) => Some((&name[..scope + end], &name[scope + end + 1..])),
        None => Some((name, "")),
    }
    .filter(|(package, _)| !package.is_empty() && !package.contains('\\'))
}

/// What a package exports under a path.
fn exported(
    root: &str,
    package: &str,
    exports: &Value,
    rest: &str,
    by: By,
) -> Result<String, NotFound> {
    let path = if rest.is_empty() { ".".to_owned() } else { format!("./{rest}") };
    let is_map = exports.as_object().is_some_and(|map| map.keys().any(|key| key.starts_with('.')));
    let target = if is_map {
        select(exports, &path, by)
    } else if path == "." {
        condition(exports, None, by)
    } else {
        None
    };
    let found = target.and_then(|target| file(&join(root, &target)));
    found.ok_or_else(|| NotFound {
        code: "ERR_PACKAGE_PATH_NOT_EXPORTED",
        message: format!("Package subpath '{path}' is not defined by \"exports\" in {root}/package.json of '{package}'"),
    })
}

/// What a package calls by a name with `#`.
fn imports(name: &str, directory: &str, by: By) -> Result<String, NotFound> {
    let found = nearest(directory).and_then(|(root, package)| {
        let target = select(package.get("imports")?, name, by)?;
        if target.starts_with("./") {
            file(&join(&root, &target))
        } else {
            resolve(&target, &root, by).ok()
        }
    });
    found.ok_or_else(|| NotFound {
        code: "ERR_PACKAGE_IMPORT_NOT_DEFINED",
        message: format!("Package import specifier \"{name}\" is not defined for {directory}"),
    })
}

/// The target for a key of a map of exports or imports, whose keys may be patterns.
fn select(map: &Value, key: &str, by: By) -> Option<String> {
    let map = map.as_object()?;
    if let Some(target) = map.get(key) {
        return condition(target, None, by);
    }
    let fits = map.iter().filter_map(|(pattern, target)| {
        let (before, after) = pattern.split_once('*')?;
        let middle = key.strip_prefix(before)?.strip_suffix(after)?;
        Some((before.len(), middle, target))
    });
    let (_, middle, target) = fits.max_by_key(|(length, ..)| *length)?;
    condition(target, Some(middle), by)
}

/// The target that holds for how the module is asked for.
fn condition(target: &Value, star: Option<&str>, by: By) -> Option<String> {
    match target {
        Value::String(path) => {
            Some(star.map_or_else(|| path.clone(), |star| path.replace('*', star)))
        }
        Value::Array(all) => all.iter().find_map(|target| condition(target, star, by)),
        Value::Object(conditions) => conditions.iter().find_map(|(name, target)| {
            let holds = match name.as_str() {
                "node" | "default" | "module-sync" => true,
                "import" => by == By::Import,
                "require" => by == By::Require,
                _ => false,
            };
            holds.then(|| condition(target, star, by)).flatten()
        }),
        _ => None,
    }
}

/// What a file is to be run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// CommonJS.
    Script,
    /// An ECMAScript module.
    Module,
    /// JavaScript that does not say which it is.
    Either,
    Json,
    /// Machine code.
    Native,
}

/// What a file is, by its name and its package.
pub(crate) fn format_of(path: &str) -> Format {
    let extension = path
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .map_or("", |(_, extension)| extension);
    match extension {
        "mjs" | "mts" => Format::Module,
        "cjs" | "cts" => Format::Script,
        "json" => Format::Json,
        "node" => Format::Native,
        "js" | "ts" | "tsx" | "jsx" => {
            let kind = nearest(parent(path))
                .and_then(|(_, package)| package.get("type")?.as_str().map(str::to_owned));
            match kind.as_deref() {
                Some("module") => Format::Module,
                Some("commonjs") => Format::Script,
                _ => Format::Either,
            }
        }
        _ => Format::Script,
    }
}

/// Whether a file is TypeScript.
pub(crate) fn is_typescript(path: &str) -> bool {
    [".ts", ".mts", ".cts", ".tsx"].iter().any(|extension| path.ends_with(extension))
        && !path.ends_with(".d.ts")
}
