//! Says what it has of the machine: a line for each of its arguments, its input,
//! two random numbers, its clocks, and what it can do with `/data` and `/out`.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

fn main() -> io::Result<()> {
    println!("args {:?}", std::env::args().collect::<Vec<_>>());
    println!("color {:?}", std::env::var("COLOR").ok());
    let mut input = String::new();
    io::stdin().read_to_string(&mut input)?;
    println!("stdin {input:?}");
    println!("random {}", RandomState::new().hash_one(1));
    let began = Instant::now();
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    println!("clock {} {}", unix.as_nanos(), began.elapsed().as_nanos());
    println!("read {:?}", std::fs::read_to_string("/data/greeting").ok());
    println!("change {:?}", std::fs::write("/data/new", "x").is_ok());
    println!("write {:?}", std::fs::write("/out/new", "from the guest").is_ok());
    println!("escape {:?}", std::fs::read_to_string("/data/../secret").ok());
    eprintln!("done");
    Ok(())
}
