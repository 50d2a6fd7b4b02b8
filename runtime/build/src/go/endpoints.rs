//! The endpoints that version 1 of the AWS SDK knows: a variable whose value Go computes in one
//! function of two megabytes, which nothing compiles in reasonable time and memory. It is seen with
//! a function for each service.

use std::fmt::Write as _;
use std::fs;

use crate::error::BuildError;
use crate::go::overlay::Overlay;
use crate::go::project::Library;
use crate::go::relocation::Relocations;

/// The file of it that was generated.
const FILE: &str = "defaults.go";
/// How a service begins, after its name, and how it ends.
const BEGIN: &str = ": service{";
const END: &str = "\t\t},";

/// Has Go see the package so.
///
/// # Errors
/// Files of it cannot be read, or those of the overlay cannot be written.
pub(super) fn replace(
    library: &Library,
    relocations: &mut Relocations<'_>,
    overlay: &mut Overlay,
) -> Result<(), BuildError> {
    let path = library.package.join(FILE);
    let text = fs::read_to_string(&path).map_err(BuildError::io("read", &path))?;
    let seen = relocations.place_of(library, overlay)?;
    overlay.put(seen.join(FILE), "endpoints.go", &split(&text))
}

/// The text with each service in a function of its own.
fn split(text: &str) -> String {
    let (mut kept, mut functions, mut count) = (String::new(), String::new(), 0);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match line.strip_suffix(BEGIN) {
            Some(name) if name.starts_with("\t\t\"") => {
                let _ = writeln!(kept, "{name}: lambentService{count}(),");
                let _ = write!(
                    functions,
                    "\n//go:noinline\nfunc lambentService{count}() service {{\n\treturn service{{\n"
                );
                for line in lines.by_ref().take_while(|line| *line != END) {
                    let _ = writeln!(functions, "{line}");
                }
                functions.push_str("\t}\n}\n");
                count += 1;
            }
            _ => {
                let _ = writeln!(kept, "{line}");
            }
        }
    }
    kept + &functions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_is_in_a_function() {
        let text = "var p = partition{\n\tServices: services{\n\t\t\"a\": service{\n\t\t\tDefaults: \
                    x{\n\t\t\t},\n\t\t},\n\t\t\"b\": service{\n\t\t},\n\t},\n}\n";
        let expected = "var p = partition{\n\tServices: services{\n\t\t\"a\": lambentService0(),\n\t\t\"b\": \
                        lambentService1(),\n\t},\n}\n\n//go:noinline\nfunc lambentService0() service {\n\treturn \
                        service{\n\t\t\tDefaults: x{\n\t\t\t},\n\t}\n}\n\n//go:noinline\nfunc lambentService1() service \
                        {\n\treturn service{\n\t}\n}\n";
        assert_eq!(split(text), expected);
        assert_eq!(split("package endpoints\n"), "package endpoints\n");
    }
}
