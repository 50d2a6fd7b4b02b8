//! The `lambent` binary: a server for WebAssembly functions and its client.

mod args;
mod building;
mod code;
mod commands;
mod configuration;
mod confirm;
mod cors_args;
mod delivery;
mod deploying;
mod duration;
mod env_file;
mod error;
mod function_args;
mod global;
mod grants;
mod hints;
mod input;
mod jpeg;
mod key;
mod last_resort;
mod left;
mod listen;
mod media_type;
mod node;
mod output;
mod paste;
mod printable;
mod progress;
mod quotas;
mod samples;
mod secrets;
mod site_files;
mod source;
mod table_text;
mod telemetry;
mod uploading;
mod usage_error;

use std::env;
use std::io;
use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::commands::Command;
use crate::error::{CliError, Exit};
use crate::output::{Colour, colour, paint};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::read(env::args_os()) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && usage_error::asks_for_json(env::args_os()) => {
            return report(&usage_error::explain(&error), true).into();
        }
        // Prints what clap has to say, help included, in its own colours.
        Err(error) => error.exit(),
    };
    // A compiler child talks to its parent only, in its own way.
    if let Command::CompileWorker { cpu_seconds, adapt } = cli.command {
        return lambent_server::compile_worker(cpu_seconds, adapt);
    }
    match commands::run(cli.command, &cli.global, Cli::command) {
        Ok(exit) => exit.into(),
        Err(error) => report(&error, cli.global.json).into(),
    }
}

fn report(error: &CliError, json: bool) -> Exit {
    if error.exit() != Exit::Ok {
        if json {
            eprintln!("{}", printable::json(&error.to_json().to_string()));
        } else {
            let label = paint(colour(&io::stderr()), Colour::Red, "error:");
            eprintln!("{label} {error}");
        }
    }
    error.exit()
}
