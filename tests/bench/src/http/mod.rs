//! HTTP requests a second, and what each costs the server in CPU time.
//!
//! Contenders take turns within each round and meet the same load, so that
//! whatever else the machine does meets them all alike.

mod contender;
pub(crate) mod native;
mod wrk;

use std::path::Path;

use crate::measure::Rounds;
use crate::{Failed, Table};

const ROUNDS: usize = 5;
const SECONDS: u32 = 3;
/// One, a comfortable number, and more than anyone tunes for.
const CLIENTS: [u32; 3] = [1, 32, 256];

/// What one contender did at one number of clients.
#[derive(Default)]
struct Figures {
    rate: Rounds,
    cpu: Rounds,
    p50: Rounds,
    p99: Rounds,
}

pub(crate) fn run(directory: &Path, table: &mut Table) -> Result<(), Failed> {
    wrk::check()?;
    let contenders = contender::all(directory)?;
    let fresh = || contenders.iter().map(|_| Figures::default()).collect::<Vec<_>>();
    let mut all = CLIENTS.map(|_| fresh());
    for round in 0..ROUNDS {
        eprintln!("round {} of {ROUNDS}", round + 1);
        for (contender, place) in contenders.iter().zip(0..) {
            let server = contender.start()?;
            wrk::drive(&server.url(), 8, 1)?;
            for (clients, figures) in CLIENTS.iter().zip(&mut all) {
                let before = server.cpu()?;
                let driven = wrk::drive(&server.url(), *clients, SECONDS)?;
                let cpu = server.cpu()?.saturating_sub(before);
                let figures: &mut Figures = &mut figures[place];
                figures.rate.push(driven.requests as f64 / driven.seconds);
                figures.cpu.push(cpu.as_secs_f64() * 1e6 / driven.requests as f64);
                figures.p50.push(driven.p50_us);
                figures.p99.push(driven.p99_us);
            }
        }
    }
    for (clients, figures) in CLIENTS.iter().zip(&all) {
        let native = &figures[0];
        for (contender, own) in contenders.iter().zip(figures) {
            let what = format!("{}, {clients} clients", contender.name());
            let base = |rounds: &Rounds| Some((rounds.median(), ""));
            table.row(&format!("{what}: CPU"), &own.cpu, " µs", base(&native.cpu));
            table.row(&format!("{what}: rate"), &own.rate, "/s", base(&native.rate));
            table.row(&format!("{what}: p50"), &own.p50, " µs", base(&native.p50));
            table.row(&format!("{what}: p99"), &own.p99, " µs", base(&native.p99));
        }
    }
    Ok(())
}
