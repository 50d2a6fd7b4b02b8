//! Samples of events: of the node's own resources, of HTTP requests, and of AWS's services.
//! They are made here, without a node.

mod aws;
mod given;
mod node;
mod parameters;

use lambent_types::Event;
use serde_json::Value;

pub(crate) use given::{Given, Request, What};
pub(crate) use parameters::{Assignment, Parameter, Values};

/// What a sample is.
#[derive(Debug)]
pub(crate) enum Made {
    /// An event of a resource of the node.
    Event(Event),
    /// A request.
    Request(Request),
    /// What Lambda gives a function.
    Payload(Value),
}

/// A kind of sample.
pub(crate) struct Sample {
    /// The word for it, as `object` or `aws:s3`.
    pub(crate) name: String,
    /// What it is, for people.
    pub(crate) summary: &'static str,
    /// What can be set.
    pub(crate) parameters: Vec<Parameter>,
    /// Sets parameters from what follows the name.
    short: fn(&str) -> Result<Vec<Assignment>, String>,
    make: Make,
}

enum Make {
    Node(fn(&Values) -> Result<Made, String>),
    Aws(&'static str),
}

impl Sample {
    /// Makes it with these parameters. A name with a dot in it is a place in the payload.
    pub(crate) fn make(&self, set: &[Assignment]) -> Result<Made, String> {
        let is_place = |one: &&Assignment| one.name.contains('.');
        let named = set.iter().filter(|one| !is_place(one));
        let values = Values::new(&self.parameters, named)?;
        let mut made = match &self.make {
            Make::Node(make) => make(&values)?,
            Make::Aws(template) => Made::Payload(aws::fill(template, &values)?),
        };
        for Assignment { name, value } in set.iter().filter(is_place) {
            match &mut made {
                Made::Payload(payload) => parameters::set_place(payload, name, value)?,
                _ => {
                    return Err(format!(
                        "--set {name}: only the samples of AWS have places in them"
                    ));
                }
            }
        }
        Ok(made)
    }
}

/// All samples, the node's first.
pub(crate) fn all() -> Vec<Sample> {
    node::samples().into_iter().chain(aws::samples()).collect()
}

/// The sample that a text such as `object:photos/cat.jpg` or `aws:s3` names, and what it sets.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn find(text: &str) -> Result<(Sample, Vec<Assignment>), String> {
    let (kind, rest) = match text.split_once(':') {
        // Those of AWS have a name of two parts.
        Some(("aws", _)) | None => (text, None),
        Some((kind, rest)) => (kind, Some(rest)),
    };
    let found = all().into_iter().find(|sample| sample.name == kind);
    let sample = found.ok_or_else(|| unknown(text))?;
    let set = rest.map(|rest| (sample.short)(rest)).transpose()?.unwrap_or_default();
    Ok((sample, set))
}

fn unknown(text: &str) -> String {
    let shown: String = text.chars().take(80).collect();
    let all = all();
    let names = all.iter().map(|sample| sample.name.as_str());
    let likeness = |name: &&str| (strsim::jaro_winkler(name, &shown) * 1000.0) as u32;
    let near = names.clone().max_by_key(likeness).filter(|name| likeness(name) > 800);
    match near {
        Some(near) => format!("{shown:?} is no sample of an event; did you mean {near}?"),
        None => format!(
            "{shown:?} is no sample of an event; there are: {}",
            names.collect::<Vec<_>>().join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        find(text).err().unwrap()
    }

    #[test]
    fn every_sample_is_made_as_it_is_and_has_distinct_names() {
        let all = all();
        for sample in &all {
            assert!(sample.make(&[]).is_ok(), "{}", sample.name);
            assert!(!sample.summary.is_empty());
            let same = all.iter().filter(|other| other.name == sample.name);
            assert_eq!(same.count(), 1, "{}", sample.name);
        }
        assert!(all.len() > 20);
    }

    #[test]
    fn what_is_no_sample_is_told_what_there_is() {
        assert_eq!(
            error("objekt:a/b"),
            "\"objekt:a/b\" is no sample of an event; did you mean object?"
        );
        assert_eq!(error("aws:s4"), "\"aws:s4\" is no sample of an event; did you mean aws:s3?");
        assert!(error("zz").contains("there are: object, queue, key"), "{}", error("zz"));
    }
}
