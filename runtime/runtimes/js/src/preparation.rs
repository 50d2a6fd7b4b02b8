//! What is done for a package when it is deployed: byte code is written, and TypeScript is made
//! JavaScript, which saves the first call most of the time that loading its modules takes.

use std::fs;
use std::io;
use std::path::Path;

use rquickjs::loader::{Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{CaughtError, Context, Ctx, Module, Result, Runtime};

use crate::sources::{self, ROOTS};

/// Where what is added to the package is to be.
const TARGET: &str = "/tmp/prepared";
/// Bytes of a file from which on it is left as it is.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Writes what is added. A file that cannot be compiled is left: if it is ever loaded, the error
/// is told then.
pub(crate) fn prepare() {
    let result = Runtime::new().and_then(|runtime| {
        runtime.set_loader(Unloaded, Unloaded);
        Context::full(&runtime)
    });
    match result {
        Ok(context) => context.with(|ctx| {
            for root in ROOTS.map(Path::new).into_iter().filter(|root| root.is_dir()) {
                if let Err(error) = prepare_directory(&ctx, root) {
                    eprintln!("warning: byte code could not be written: {error}");
                }
            }
        }),
        Err(error) => eprintln!("warning: QuickJS did not start: {error}"),
    }
}

/// Stands for whatever a module imports: QuickJS asks for that when it compiles a module, and
/// looks at what is in it only when the module is run.
struct Unloaded;

impl Resolver for Unloaded {
    fn resolve<'js>(&mut self, _: &Ctx<'js>, _: &str, name: &str) -> Result<String> {
        Ok(name.to_owned())
    }
}

impl Loader for Unloaded {
    fn load<'js>(&mut self, ctx: &Ctx<'js>, name: &str) -> Result<Module<'js, Declared>> {
        Module::declare(ctx.clone(), name, "")
    }
}

fn prepare_directory(ctx: &Ctx<'_>, directory: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            prepare_directory(ctx, &path)?;
        } else if let Some(path) = path.to_str().filter(|path| sources::is_program(path))
            && entry.metadata()?.len() <= FILE_BYTES_MAX
        {
            prepare_file(ctx, path)?;
        }
    }
    Ok(())
}

fn prepare_file(ctx: &Ctx<'_>, path: &str) -> io::Result<()> {
    let written = sources::compile(ctx, path).and_then(|program| sources::written(ctx, &program));
    let bytes = match written {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!(
                "warning: {path}: {}",
                CaughtError::from_error(ctx, error).to_string().replace('\n', " ")
            );
            return Ok(());
        }
    };
    let Some(target) = sources::prepared_path(path).map(|path| format!("{TARGET}{path}")) else {
        return Ok(());
    };
    if let Some(parent) = Path::new(&target).parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(target, bytes)
}
