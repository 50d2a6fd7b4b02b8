//! Runs WebAssembly components under fuel, memory and time limits; embeddable.
