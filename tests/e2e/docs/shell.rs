//! Runs the commands of a page as a reader types them: in an empty folder, one block after the
//! other, against a real node.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::page::{Block, Page};
use crate::node::{LAMBENT, quiet, run_within};

/// Compiling a runtime takes a while on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Why a block of commands may be one that is not run.
pub(super) const REASONS: [(&str, &str); 6] = [
    ("needs-root", "it changes the machine"),
    ("needs-network", "it needs a network"),
    ("needs-root-key", "it needs the root key of a node that others reach"),
    ("runs-until-stopped", "it goes on until it is stopped"),
    ("another-test", "another test runs it"),
    ("done-before", "it is done before the page begins"),
];

/// The node whose commands a page has.
pub(super) enum Place<'a> {
    /// One that is running, on which the page has a namespace.
    Shared { port: u16, namespace: &'a str, key: &'a str },
    /// One that the page itself starts, on this port.
    Own { port: u16 },
}

/// A file that is there when a page begins.
pub(super) struct Given {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// How many blocks of commands there are, and why some are not run.
#[derive(Default)]
pub(super) struct Count {
    pub(super) run: usize,
    pub(super) not: Vec<String>,
}

/// What the page starts is of its process group, and ends with it in any case.
const BEGIN: &str = r#"set -eu
trap 'trap "" TERM; kill -TERM 0; wait' EXIT
exec > "$PAGE/output"
"#;

/// Logs are written a little after what they are of: until then they are shown again.
const END: &str = r#"for look in $(seq 200); do
    missing=
    while IFS= read -r line; do
        grep -qF -e "$line" "$PAGE/output" || missing=$line
    done < "$PAGE/expected"
    [ -z "$missing" ] && break
    sleep 0.1
    LOGS
done
"#;

/// Runs a page, whose blocks were counted before, and looks for what it says they print.
/// The programs are found by their names, beside those of the machine.
pub(super) fn run(page: &Page, place: &Place<'_>, given: &[Given], programs: &[Given]) {
    let blocks = page.blocks();
    let folder = tempfile::tempdir().unwrap();
    for Given { name, bytes } in given {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let beside = beside(&blocks, place);
    for Given { name, bytes } in programs {
        let program = beside.path().join(name);
        std::fs::write(&program, bytes).unwrap();
        std::fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
    }
    let mut shell = quiet(Path::new("sh"));
    shell.args(["-c", &script(&blocks, place)]).current_dir(folder.path()).process_group(0);
    environment(&mut shell, place, folder.path(), beside.path());
    let done = run_within(shell, PATIENCE);
    let output = std::fs::read_to_string(beside.path().join("output")).unwrap();
    let name = &page.name;
    let node = std::fs::read_to_string(folder.path().join(".background")).unwrap_or_default();
    assert_eq!(done.code, Some(0), "{name}: {output}\n{done:?}\n{node}");
    for line in expected(&blocks) {
        let here = place.put_in(line);
        assert!(output.contains(&here), "{name} says that {line:?} is printed, of\n{output}");
    }
}

/// The lines that blocks say are printed.
fn expected(blocks: &[Block]) -> impl Iterator<Item = &str> {
    let outputs = blocks.iter().filter(|block| block.is("output"));
    outputs.flat_map(|block| block.text.lines()).map(str::trim).filter(|line| !line.is_empty())
}

/// Counts the blocks of commands of a page.
pub(super) fn count(page: &Page, count: &mut Count) {
    for block in page.blocks().iter().filter(|block| block.language() == "sh") {
        if !block.is("not-run") {
            count.run += 1;
            continue;
        }
        let reason = REASONS.iter().find(|(word, _)| block.is(word));
        let (_, reason) =
            reason.unwrap_or_else(|| panic!("{}: why is {block:?} not run?", page.name));
        let first = block.text.lines().next().unwrap_or_default();
        count.not.push(format!("{}: `{first}`: {reason}", page.name));
    }
}

/// A directory with the command, and for what is printed and what is to be.
fn beside(blocks: &[Block], place: &Place<'_>) -> TempDir {
    let beside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(LAMBENT, beside.path().join("lambent")).unwrap();
    let lines = expected(blocks).map(|line| place.put_in(line) + "\n").collect::<String>();
    std::fs::write(beside.path().join("expected"), lines).unwrap();
    beside
}

fn environment(shell: &mut Command, place: &Place<'_>, folder: &Path, beside: &Path) {
    let mut path = vec![beside.to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    shell.env("PATH", std::env::join_paths(path).unwrap());
    shell.env("PAGE", beside);
    shell.env("LAMBENT_DATA", folder.join(".data"));
    shell.env("LAMBENT_ENDPOINT", format!("http://127.0.0.1:{}", place.port()));
    if let Place::Shared { key, .. } = place {
        shell.env("LAMBENT_KEY", key);
    }
}

fn script(blocks: &[Block], place: &Place<'_>) -> String {
    let mut script = BEGIN.to_owned();
    for block in blocks {
        let text = place.put_in(&block.text);
        if let Some(file) = block.file() {
            writeln!(script, "mkdir -p \"$(dirname {file})\"").unwrap();
            writeln!(script, "cat > {file} <<'END-OF-FILE'\n{text}END-OF-FILE").unwrap();
        } else if block.language() == "sh" && block.is("background") {
            let (port, command) = (place.port(), text.trim());
            writeln!(
                script,
                "timeout --foreground 600 {command} --listen 127.0.0.1:{port} > .background 2>&1 &"
            )
            .unwrap();
            let ready = format!("curl -sf http://127.0.0.1:{port}/readyz > /dev/null && break");
            writeln!(script, "for look in $(seq 600); do {ready}; sleep 0.1; done").unwrap();
        } else if block.language() == "sh" && !block.is("not-run") {
            script += &text;
        }
    }
    let logs = logs(blocks);
    if !logs.is_empty() {
        script += &END.replace("LOGS", &logs);
    }
    script
}

/// The commands of a page that show logs, and do not go on.
fn logs(blocks: &[Block]) -> String {
    let run = blocks.iter().filter(|block| block.language() == "sh" && !block.is("not-run"));
    let lines = run.flat_map(|block| block.text.lines());
    let shown = lines.filter_map(|line| Some(&line[line.find("lambent logs ")?..]));
    shown.collect::<Vec<_>>().join("; ")
}

impl Place<'_> {
    fn port(&self) -> u16 {
        match self {
            Self::Shared { port, .. } | Self::Own { port } => *port,
        }
    }

    /// What a page writes, and what stands for it at this place.
    fn names(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Own { port } => vec![
                ("127.0.0.1:4566", format!("127.0.0.1:{port}")),
                ("localhost:4566", format!("localhost:{port}")),
            ],
            Self::Shared { port, namespace, .. } => vec![
                ("127.0.0.1:4566/fn/", format!("127.0.0.1:{port}/fn/@{namespace}/")),
                ("127.0.0.1:4566", format!("127.0.0.1:{port}")),
                ("localhost:4566", format!("{namespace}.localhost:{port}")),
            ],
        }
    }

    fn put_in(&self, text: &str) -> String {
        let names = self.names();
        names.iter().fold(text.to_owned(), |text, (written, here)| text.replace(written, here))
    }
}
