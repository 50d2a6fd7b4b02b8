//! The pages of a book: its table of contents, and of each page the text with what it includes,
//! its headings, links and blocks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page, with what it includes in place.
pub(super) struct Page {
    /// Where it is in the book.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// What is behind the fence: the language and what else is said of it.
    pub(super) info: Vec<String>,
    pub(super) text: String,
}

/// The pages of the book in a folder of sources, as its table of contents has them.
pub(super) fn book(src: &Path) -> Vec<Page> {
    let summary = std::fs::read_to_string(src.join("SUMMARY.md")).unwrap();
    let names = links(&summary);
    let pages: Vec<_> = names.into_iter().map(|name| Page::read(src, name)).collect();
    let listed: BTreeSet<_> = pages.iter().map(|page| page.path.clone()).collect();
    assert_eq!(listed.len(), pages.len(), "a page is in {} twice", src.display());
    let mut found = BTreeSet::new();
    collect(src, &mut found);
    found.remove(&src.join("SUMMARY.md"));
    assert_eq!(listed, found, "the pages that are listed are those that there are");
    pages
}

fn collect(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            assert!(path.extension().is_some_and(|extension| extension == "md"), "{path:?}");
            found.insert(path);
        }
    }
}

impl Page {
    fn read(src: &Path, name: String) -> Self {
        let path = src.join(&name);
        let written = std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}, which the table of contents has: {error}", path.display())
        });
        let mut text = String::new();
        for line in written.lines() {
            if let Some(rest) = line.strip_prefix("{{#include ") {
                let file = path.parent().unwrap().join(rest.strip_suffix("}}").unwrap());
                text += &std::fs::read_to_string(&file)
                    .unwrap_or_else(|error| panic!("{name} includes {}: {error}", file.display()));
            } else {
                assert!(!line.contains("{{#"), "{name}: mdBook would take {line:?} for its own");
                text += line;
            }
            text += "\n";
        }
        Self { name, path, text }
    }

    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open = false;
        for event in parser(&self.text) {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let info = info.split(',').map(ToOwned::to_owned).collect();
                    blocks.push(Block { info, text: String::new() });
                    open = true;
                }
                Event::Text(text) if open => blocks.last_mut().unwrap().text += &text,
                Event::End(TagEnd::CodeBlock) => open = false,
                _ => {}
            }
        }
        blocks
    }

    /// What a comment such as `<!-- needs: js -->` lists.
    pub(super) fn listed(&self, word: &str) -> Vec<&str> {
        let begin = format!("<!-- {word}: ");
        let rest = self.text.split_once(&*begin).map(|(_, rest)| rest);
        let list = rest.and_then(|rest| rest.split_once(" -->"));
        list.map(|(list, _)| list.split(", ").collect()).unwrap_or_default()
    }
}

impl Block {
    pub(super) fn language(&self) -> &str {
        &self.info[0]
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.info.iter().skip(1).any(|said| said == word)
    }

    /// The file that the reader writes this to.
    pub(super) fn file(&self) -> Option<&str> {
        self.info.iter().find_map(|said| said.strip_prefix("file="))
    }
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
}

/// Where the links of a text lead.
pub(super) fn links(text: &str) -> Vec<String> {
    let destination = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some(dest_url.into_string())
        }
        _ => None,
    };
    parser(text).filter_map(destination).collect()
}

/// The anchors of a text's headings, as mdBook and GitHub make them.
pub(super) fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut heading = None;
    for event in parser(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let name = anchor(&heading.take().unwrap());
                let again = (1..).map(|number| format!("{name}-{number}"));
                let mut free = std::iter::once(name.clone()).chain(again);
                anchors.insert(free.find(|name| !anchors.contains(name)).unwrap());
            }
            _ => {}
        }
    }
    anchors
}

fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '_' | '-' => Some(letter),
        _ => letter.is_alphanumeric().then(|| letter.to_lowercase().next().unwrap()),
    });
    kept.collect()
}
