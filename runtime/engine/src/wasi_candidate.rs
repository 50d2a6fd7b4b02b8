//! The release candidate of WASI 0.2 whose types are those of 0.2.
//!
//! What `0.2.0-rc-2023-11-10` declares, 0.2.0 declares with the same types, but
//! for two functions of HTTP trailers and of options of requests. A component
//! that imports and exports it is one of 0.2 under another name: it is inspected
//! and compiled as that. One that uses those functions is refused when it is
//! linked. The candidate before it, `0.2.0-rc-2023-10-18`, has other types.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use lambent_types::Interface;
use wasm_encoder::{ComponentSectionId, Encode};
use wasmparser::{FromReader, Parser, Payload, SectionLimited};

/// The version that components name.
const CANDIDATE: &str = "0.2.0-rc-2023-11-10";
/// What all candidates of WASI 0.2 begin with.
const CANDIDATES: &str = "0.2.0-rc-2023-";

/// The interface that this one is in 0.2, if it is of the candidate.
pub(crate) fn released(interface: &Interface) -> Cow<'_, Interface> {
    if !is_served(interface) {
        return Cow::Borrowed(interface);
    }
    Cow::Owned(Interface(format!("{}@0.2.0", interface.name())))
}

/// Whether it is of a candidate, served or not.
pub(crate) fn is_candidate(interface: &Interface) -> bool {
    let version = interface.version().unwrap_or_default();
    interface.name().starts_with("wasi:") && version.starts_with(CANDIDATES)
}

fn is_served(interface: &Interface) -> bool {
    is_candidate(interface) && interface.version() == Some(CANDIDATE)
}

/// A valid component whose interfaces of the candidate are named as those of
/// 0.2; as it is, if it has none.
pub(crate) fn translate(wasm: &[u8]) -> Cow<'_, [u8]> {
    // What cannot be read is not compiled either, which says why.
    let sections = sections(wasm).unwrap_or_default();
    let names = names(wasm, &sections);
    if names.is_empty() {
        return Cow::Borrowed(wasm);
    }
    let mut translated = Vec::with_capacity(wasm.len());
    let mut copied = 0;
    for section in sections {
        translated.extend_from_slice(&wasm[copied..section.start]);
        copied = section.content.end;
        translated.push(section.id as u8);
        section.renamed(wasm, &names).as_slice().encode(&mut translated);
    }
    translated.extend_from_slice(&wasm[copied..]);
    Cow::Owned(translated)
}

/// A section of imports or exports of the component itself.
struct Section {
    id: ComponentSectionId,
    /// Where its id is.
    start: usize,
    content: Range<usize>,
    /// Where each item begins, and where its name is.
    items: Vec<(usize, Range<usize>)>,
}

impl Section {
    /// Its content with other names.
    fn renamed(&self, wasm: &[u8], names: &BTreeMap<&[u8], String>) -> Vec<u8> {
        let mut content = Vec::with_capacity(self.content.len());
        self.items.len().encode(&mut content);
        let ends = self.items.iter().skip(1).map(|(start, _)| *start).chain([self.content.end]);
        for ((start, name), end) in self.items.iter().zip(ends) {
            match names.get(&wasm[name.clone()]) {
                // The byte before the length of the name says of what kind it is.
                Some(other) => {
                    content.push(wasm[*start]);
                    other.as_str().encode(&mut content);
                    content.extend_from_slice(&wasm[name.end..end]);
                }
                None => content.extend_from_slice(&wasm[*start..end]),
            }
        }
        content
    }
}

fn sections(wasm: &[u8]) -> wasmparser::Result<Vec<Section>> {
    let mut sections = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if depth == 0 {
            let found = match &payload {
                Payload::ComponentImportSection(section) => {
                    let items = items(wasm, section, |import| import.name.name)?;
                    Some((ComponentSectionId::Import, section.range(), items))
                }
                Payload::ComponentExportSection(section) => {
                    let items = items(wasm, section, |export| export.name.name)?;
                    Some((ComponentSectionId::Export, section.range(), items))
                }
                _ => None,
            };
            let section = found.map(|(id, content, items)| Section { id, start, content, items });
            sections.extend(section);
            start = match &payload {
                Payload::Version { range, .. } => range.end,
                payload => payload.as_section().map_or(start, |(_, content)| content.end),
            };
        }
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(sections)
}

fn items<'a, T: FromReader<'a>>(
    wasm: &'a [u8],
    section: &SectionLimited<'a, T>,
    name: impl Fn(&T) -> &'a str,
) -> wasmparser::Result<Vec<(usize, Range<usize>)>> {
    let item = |item: wasmparser::Result<(usize, T)>| {
        let (start, item) = item?;
        let name = name(&item);
        // It is a part of `wasm`.
        let at = name.as_ptr() as usize - wasm.as_ptr() as usize;
        Ok((start, at..at + name.len()))
    };
    section.clone().into_iter_with_offsets().map(item).collect()
}

/// The names to be changed, with what they become: a version of 0.2 that the
/// component does not name too, since no two imports have the same name.
fn names<'a>(wasm: &'a [u8], sections: &[Section]) -> BTreeMap<&'a [u8], String> {
    let all = sections.iter().flat_map(|section| &section.items);
    let all: Vec<&[u8]> = all.map(|(_, name)| &wasm[name.clone()]).collect();
    let mut names = BTreeMap::new();
    for name in &all {
        let interface = Interface(String::from_utf8_lossy(name).into_owned());
        if is_served(&interface) {
            let versions = (0..=all.len()).map(|patch| format!("{}@0.2.{patch}", interface.name()));
            let fresh = versions.into_iter().find(|other| !all.contains(&other.as_bytes()));
            names.extend(fresh.map(|fresh| (*name, fresh)));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a component imports and exports once it is translated.
    fn translated(text: &str) -> Vec<String> {
        let wasm = wat::parse_str(text).unwrap();
        let translated = translate(&wasm);
        wasmparser::Validator::new().validate_all(&translated).unwrap();
        let sections = sections(&translated).unwrap();
        let names = sections.iter().flat_map(|section| &section.items);
        names
            .map(|(_, name)| String::from_utf8_lossy(&translated[name.clone()]).into_owned())
            .collect()
    }

    #[test]
    fn the_candidate_is_named_as_what_was_released() {
        let names = translated(
            r#"(component
                (component (import "wasi:io/poll@0.2.0-rc-2023-11-10" (instance)))
                (import "wasi:io/poll@0.2.0-rc-2023-11-10" (instance $poll (export "p" (type (sub resource)))))
                (import "wasi:io/poll@0.2.0" (instance (export "p" (type (sub resource)))))
                (import "wasi:io/poll@0.2.1" (instance))
                (import "acme:io/poll@0.2.0-rc-2023-11-10" (instance))
                (import "wasi:http/types@0.2.0-rc-2023-10-18" (instance))
                (alias export $poll "p" (type $p))
                (import "f" (func (param "p" (borrow $p))))
                (core module)
                (export "wasi:io/poll@0.2.0-rc-2023-11-10" (instance $poll))
                (@custom "after" "everything")
            )"#,
        );
        let expected = [
            "wasi:io/poll@0.2.2",
            "wasi:io/poll@0.2.0",
            "wasi:io/poll@0.2.1",
            "acme:io/poll@0.2.0-rc-2023-11-10",
            "wasi:http/types@0.2.0-rc-2023-10-18",
            "f",
            "wasi:io/poll@0.2.2",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn what_has_nothing_of_it_stays_as_it_is() {
        for text in ["(component)", r#"(component (import "wasi:io/poll@0.2.0" (instance)))"#] {
            let wasm = wat::parse_str(text).unwrap();
            assert!(matches!(translate(&wasm), Cow::Borrowed(same) if same == wasm));
        }
        assert!(matches!(translate(b"\0asm no component"), Cow::Borrowed(_)));
    }
}
