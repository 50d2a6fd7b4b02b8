//! A plain command, as any language makes it: copies stdin to stdout in upper
//! case. The input `exit 3` ends it with that code, of which WASI 0.2 passes on
//! only that it is not 0; `panic` ends it with a panic.

use std::io::{self, Read, Write};
use std::process;

fn main() -> io::Result<()> {
    let mut input = String::new();
    io::stdin().read_to_string(&mut input)?;
    match input.trim() {
        "exit 3" => process::exit(3),
        "panic" => panic!("the input said so"),
        _ => io::stdout().write_all(input.to_uppercase().as_bytes()),
    }
}
