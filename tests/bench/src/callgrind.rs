//! Reads what `valgrind --tool=callgrind` dumps.

use std::collections::HashMap;

use crate::Failed;

/// A function, and the object file it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// `???` where code is in no file.
    pub(crate) object: &'a str,
}

/// Instructions of each function, without those of the functions it calls.
pub(crate) fn self_costs(dump: &str) -> Result<HashMap<Function<'_>, u64>, Failed> {
    let (mut functions, mut objects) = (Names::default(), Names::default());
    let mut now = Function { name: "", object: "" };
    let mut costs = HashMap::new();
    let mut of_a_call = false;
    for line in dump.lines() {
        match line.split_once('=') {
            Some(("fn", name)) => now.name = functions.read(name)?,
            Some(("ob", name)) => now.object = objects.read(name)?,
            // Only read because a name may be told here for the first time.
            Some(("cfn", name)) => drop(functions.read(name)?),
            Some(("cob", name)) => drop(objects.read(name)?),
            Some(("calls", _)) => of_a_call = true,
            _ if !line
                .starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) => {}
            // What the called function cost, which has costs of its own.
            _ if of_a_call => of_a_call = false,
            _ => {
                let cost = line.rsplit(' ').next().and_then(|cost| cost.parse::<u64>().ok());
                let cost = cost.ok_or_else(|| format!("a dump with a line {line:?}"))?;
                *costs.entry(now).or_default() += cost;
            }
        }
    }
    Ok(costs)
}

/// Names by their numbers: `(1) main` is the first time, `(1)` each other.
#[derive(Default)]
struct Names<'a>(HashMap<&'a str, &'a str>);

impl<'a> Names<'a> {
    fn read(&mut self, text: &'a str) -> Result<&'a str, Failed> {
        let (number, name) =
            text.split_once(')').ok_or_else(|| format!("a dump with a name {text:?}"))?;
        match name.trim() {
            "" => self.0.get(number).copied().ok_or_else(|| format!("no name is {text}").into()),
            name => {
                self.0.insert(number, name);
                Ok(name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "\
# callgrind format
cmd:  lambent serve --out=x
positions: line
events: Ir
summary: 60

ob=(1) /usr/bin/lambent
fl=(1) ???
fn=(1) main
0 7
cob=(2) /lib/libc.so.6
cfn=(2) memcpy
calls=3 0
0 30
+1 5

fn=(3) lambent_engine::run
* 8
cfn=(1)
calls=1 0
-1 42

ob=(2)
fn=(2)
0 30
ob=(3) ???
fn=(4) 0x00001000
0 10

totals: 60
";

    #[test]
    fn costs_are_those_of_functions_themselves() {
        let costs = self_costs(DUMP).unwrap();
        let of = |name, object| costs.get(&Function { name, object }).copied();
        assert_eq!(of("main", "/usr/bin/lambent"), Some(12));
        assert_eq!(of("lambent_engine::run", "/usr/bin/lambent"), Some(8));
        assert_eq!(of("memcpy", "/lib/libc.so.6"), Some(30));
        assert_eq!(of("0x00001000", "???"), Some(10));
        assert_eq!(costs.len(), 4);
    }

    #[test]
    fn what_is_no_dump_is_refused() {
        assert!(self_costs("fn=(1)\n0 1").is_err());
        assert!(self_costs("fn=main\n0 1").is_err());
        assert!(self_costs("fn=(1) main\n0 much").is_err());
    }
}
