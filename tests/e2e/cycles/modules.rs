//! Which modules a crate has and which of them name which, read from its source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::tokens::{Token, tokens};

/// The path of a module from the root of its crate, which has none.
pub(super) type Module = Vec<String>;

/// Words that an item begins with.
const ITEMS: [&str; 14] = [
    "async", "const", "enum", "extern", "fn", "impl", "mod", "pub", "static", "struct", "trait",
    "type", "unsafe", "use",
];

/// The modules of one crate.
#[derive(Debug, Default)]
pub(super) struct Crate {
    modules: BTreeMap<Module, Content>,
}

/// What a module says of others.
#[derive(Debug, Default)]
struct Content {
    /// What `use` brings into it, by the name it has there, with its path.
    uses: BTreeMap<String, Vec<String>>,
    /// Every path that it names, those of `use` included.
    paths: BTreeSet<Vec<String>>,
}

impl Crate {
    /// Reads the crate with this root file, without what is compiled for its tests only.
    pub(super) fn read(root: &Path) -> Self {
        let mut read = Self::default();
        let folder = root.parent().unwrap().to_owned();
        read.file(root, &folder, Module::new());
        read
    }

    /// Reads a crate that is one text without files of modules.
    pub(super) fn of_text(text: &str) -> Self {
        let mut read = Self::default();
        read.content(text, Path::new(""), Path::new(""), Module::new());
        read
    }

    /// `folder` is where the files of its submodules are.
    fn file(&mut self, path: &Path, folder: &Path, module: Module) {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.content(&text, path.parent().unwrap(), folder, module);
    }

    /// `beside` is the folder of the file, which a path that is given starts from.
    fn content(&mut self, text: &str, beside: &Path, folder: &Path, module: Module) {
        let tokens = tokens(text);
        let (mut folder, mut module, mut given) = (folder.to_owned(), module, None);
        // The inline modules that are open, each with the depth of its braces.
        let mut inline = Vec::new();
        let (mut at, mut depth) = (0, 0_usize);
        self.modules.entry(module.clone()).or_default();
        while at < tokens.len() {
            let rest = &tokens[at..];
            if is_test_only(rest) {
                at += attribute(rest) + item(&rest[attribute(rest)..]);
                continue;
            }
            let preceded = at > 0 && matches!(tokens[at - 1], Token::Separator | Token::Mark('.'));
            match rest {
                [Token::Word(word), Token::Mark('='), Token::Text(path), ..] if word == "path" => {
                    let path = beside.join(path);
                    given = Some((path.clone(), path.with_extension("")));
                    at += 3;
                }
                [Token::Word(word), Token::Word(name), Token::Mark(';'), ..] if word == "mod" => {
                    let (path, below) = given.take().unwrap_or_else(|| submodule(&folder, name));
                    self.file(&path, &below, joined(&module, name));
                    at += 3;
                }
                [Token::Word(word), Token::Word(name), Token::Mark('{'), ..] if word == "mod" => {
                    (module, folder) = (joined(&module, name), folder.join(name));
                    self.modules.entry(module.clone()).or_default();
                    depth += 1;
                    inline.push(depth);
                    at += 3;
                }
                // What a type captures, `impl Trait + use<'_, T>`.
                [Token::Word(word), Token::Mark('<'), ..] if word == "use" => at += 1,
                [Token::Word(word), ..] if word == "use" && !preceded => {
                    let length = rest.iter().position(|token| *token == Token::Mark(';'));
                    let length = length.unwrap_or(rest.len());
                    let content = self.modules.entry(module.clone()).or_default();
                    content.uses(&rest[1..length], &[]);
                    at += length;
                }
                [Token::Word(_), Token::Separator, ..] if !preceded => {
                    let path = path(rest);
                    at += path.len() * 2 - 1;
                    self.modules.entry(module.clone()).or_default().paths.insert(path);
                }
                [Token::Mark('{'), ..] => (depth, at) = (depth + 1, at + 1),
                [Token::Mark('}'), ..] => {
                    if inline.last() == Some(&depth) {
                        inline.pop();
                        module.pop();
                        folder.pop();
                    }
                    (depth, at) = (depth.saturating_sub(1), at + 1);
                }
                _ => at += 1,
            }
        }
    }

    /// Every pair of modules of which the first names the second or something in it,
    /// where it is defined.
    pub(super) fn arrows(&self) -> BTreeSet<(Module, Module)> {
        let mut arrows = BTreeSet::new();
        for (module, content) in &self.modules {
            for path in &content.paths {
                if let Some((target, _)) = self.resolve(module, path, 0)
                    && target != *module
                {
                    arrows.insert((module.clone(), target));
                }
            }
        }
        arrows
    }

    /// The module that a path in `module` leads to, or that defines what it leads to,
    /// and whether it is the module itself. None if it leads out of the crate.
    fn resolve(&self, module: &Module, path: &[String], depth: usize) -> Option<(Module, bool)> {
        // Names that lead to each other are no Rust.
        let (first, mut rest) = path.split_first().filter(|_| depth < 20)?;
        let mut found = match first.as_str() {
            "crate" => Module::new(),
            "self" => module.clone(),
            "super" => module[..module.len().checked_sub(1)?].to_vec(),
            name => self.find(module, name, depth)?,
        };
        while let [next, after @ ..] = rest {
            rest = after;
            found = match next.as_str() {
                "super" => found[..found.len().checked_sub(1)?].to_vec(),
                "self" => found,
                name => match self.find_with_kind(&found, name, depth) {
                    Some((next, true)) => next,
                    Some((owner, false)) => return Some((owner, false)),
                    None => return Some((found, false)),
                },
            };
        }
        Some((found, true))
    }

    fn find(&self, module: &Module, name: &str, depth: usize) -> Option<Module> {
        self.find_with_kind(module, name, depth).map(|(found, _)| found)
    }

    /// What a name is in a module: a submodule, or what `use` says.
    fn find_with_kind(&self, module: &Module, name: &str, depth: usize) -> Option<(Module, bool)> {
        let child = joined(module, name);
        if self.modules.contains_key(&child) {
            return Some((child, true));
        }
        let path = self.modules.get(module)?.uses.get(name)?;
        // `use name::…` with a name from outside.
        if path.first().is_some_and(|first| first == name) {
            return None;
        }
        self.resolve(module, path, depth + 1)
    }
}

impl Content {
    /// Reads a tree of `use`, after what was before its brace.
    fn uses(&mut self, tree: &[Token], before: &[String]) {
        for part in parts(tree) {
            let mut path = before.to_vec();
            let mut rest = part;
            while let [Token::Word(word), Token::Separator, after @ ..] = rest {
                path.push(word.clone());
                rest = after;
            }
            match rest {
                [Token::Mark('{'), inner @ .., Token::Mark('}')] => self.uses(inner, &path),
                [Token::Word(last), alias @ ..] => {
                    if last != "self" {
                        path.push(last.clone());
                    }
                    let name = match alias {
                        [Token::Word(_), Token::Word(alias)] => Some(alias),
                        _ => path.last(),
                    };
                    if let Some(name) = name.cloned() {
                        self.uses.insert(name, path.clone());
                    }
                    self.paths.insert(path);
                }
                // All of it: `*`.
                _ => {
                    self.paths.insert(path);
                }
            }
        }
    }
}

fn joined(module: &[String], name: &str) -> Module {
    let name = name.to_owned();
    module.iter().cloned().chain([name]).collect()
}

/// The file of a submodule, and the folder of the files below it.
fn submodule(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let below = folder.join(name);
    let file = folder.join(format!("{name}.rs"));
    if file.exists() { (file, below) } else { (below.join("mod.rs"), below) }
}

/// The words of the path that the tokens begin with.
fn path(tokens: &[Token]) -> Vec<String> {
    let mut path = Vec::new();
    let mut rest = tokens;
    while let [Token::Word(word), after @ ..] = rest {
        path.push(word.clone());
        match after {
            [Token::Separator, next @ ..] => rest = next,
            _ => break,
        }
    }
    path
}

/// What commas outside of braces divide.
fn parts(tree: &[Token]) -> Vec<&[Token]> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, token) in tree.iter().enumerate() {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => depth -= 1,
            Token::Mark(',') if depth == 0 => {
                parts.push(&tree[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[begin..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// Whether the tokens begin with an attribute that has what follows compiled for tests.
fn is_test_only(tokens: &[Token]) -> bool {
    let [Token::Mark('#'), Token::Mark('['), Token::Word(cfg), ..] = tokens else { return false };
    let words = tokens[..attribute(tokens)].iter().filter_map(Token::word);
    let words: Vec<_> = words.collect();
    let may_be_else = words.contains(&"not") || words.contains(&"any");
    cfg == "cfg" && words.contains(&"test") && !may_be_else
}

/// The number of tokens of the attribute that the tokens begin with.
fn attribute(tokens: &[Token]) -> usize {
    closed(tokens, '[', ']')
}

/// The number of tokens up to the mark that closes the first that opens.
fn closed(tokens: &[Token], open: char, close: char) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if *token == Token::Mark(open) {
            depth += 1;
        } else if *token == Token::Mark(close) {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    tokens.len()
}

/// The number of tokens of an item, its other attributes included; of a field, an arm
/// or a statement if it is none.
fn item(tokens: &[Token]) -> usize {
    let mut at = 0;
    while tokens.get(at) == Some(&Token::Mark('#')) {
        at += attribute(&tokens[at..]);
    }
    let first = tokens.get(at).and_then(Token::word).unwrap_or_default();
    let (is_item, is_use) = (ITEMS.contains(&first), first == "use");
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Mark('{') if depth == 0 && is_item && !is_use => {
                return at + closed(&tokens[at..], '{', '}');
            }
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark('}') if depth == 0 => return at,
            Token::Mark(')' | ']' | '}') => depth -= 1,
            Token::Mark(';') if depth == 0 => return at + 1,
            Token::Mark(',') if depth == 0 && !is_item => return at + 1,
            _ => {}
        }
        at += 1;
    }
    at
}
