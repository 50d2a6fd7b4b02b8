//! One grant as a short text has it, and what that text changes of a configuration.

use std::fmt;
use std::str::FromStr;

use crate::configuration::Configuration;
use crate::grants::Access;
use crate::host_pattern::HostPattern;
use crate::mounts::Mount;
use crate::name::{BucketName, FunctionName, KeyspaceName, TableName};
use crate::name_pattern::NamePattern;
use crate::queue::QueueName;
use crate::topic::TopicName;
use crate::volume::VolumeName;

/// Permission for a function to reach one thing: `bucket:photos=read`, `keyspace:todo=read-write`,
/// `queue:jobs=write`, `topic:orders=publish`, `table:orders=read`, `secret:prod/*=read`, `parameter:/app/*=read`, `function:resize`, `host:api.example.com` or `volume:data:/mnt/data:read`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// A bucket and its objects.
    Bucket(BucketName, Access),
    /// A keyspace and its keys.
    Keyspace(KeyspaceName, Access),
    /// A queue; to write is to send.
    Queue(QueueName, Access),
    /// A topic; to write is to publish.
    Topic(TopicName, Access),
    /// A table and its items.
    Table(TableName, Access),
    /// Secrets and their values.
    Secret(NamePattern, Access),
    /// Parameters and their values.
    Parameter(NamePattern, Access),
    /// A function that may be invoked.
    Function(FunctionName),
    /// A host, for outgoing HTTP.
    Host(HostPattern),
    /// A volume, at the path where it is mounted.
    Volume(Mount),
}

/// What a grant is for: `bucket:photos`, `host:api.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// A bucket.
    Bucket(BucketName),
    /// A keyspace.
    Keyspace(KeyspaceName),
    /// A queue.
    Queue(QueueName),
    /// A topic.
    Topic(TopicName),
    /// A table.
    Table(TableName),
    /// Secrets.
    Secret(NamePattern),
    /// Parameters.
    Parameter(NamePattern),
    /// A function.
    Function(FunctionName),
    /// A host.
    Host(HostPattern),
    /// A volume.
    Volume(VolumeName),
}

const FORMS: &str = "write bucket:NAME=ACCESS, keyspace:NAME=ACCESS, queue:NAME=ACCESS, topic:NAME=ACCESS, table:NAME=ACCESS, \
                     secret:NAME=ACCESS, parameter:NAME=ACCESS, function:NAME, host:HOST or volume:NAME:/mnt/PATH[:ACCESS], where ACCESS is read, write or read-write";

impl Grant {
    /// What it is for.
    #[must_use]
    pub fn granted(&self) -> Granted {
        match self.clone() {
            Self::Bucket(name, _) => Granted::Bucket(name),
            Self::Keyspace(name, _) => Granted::Keyspace(name),
            Self::Queue(name, _) => Granted::Queue(name),
            Self::Topic(name, _) => Granted::Topic(name),
            Self::Table(name, _) => Granted::Table(name),
            Self::Secret(pattern, _) => Granted::Secret(pattern),
            Self::Parameter(pattern, _) => Granted::Parameter(pattern),
            Self::Function(name) => Granted::Function(name),
            Self::Host(host) => Granted::Host(host),
            Self::Volume(mount) => Granted::Volume(mount.volume),
        }
    }

    /// How a function gets it: a command, and what says the same in a `lambent.toml`, in a line of
    /// its own.
    #[must_use]
    pub fn remedy(&self, function: &FunctionName) -> String {
        let given = shell(&self.to_string());
        let (place, entry) = self.manifest(function);
        format!("lambent grant add {function} {given}\nor in lambent.toml, in {place}: {entry}")
    }

    /// The table or list of a `lambent.toml` that says it, however that is written there, and what
    /// to add to it.
    fn manifest(&self, function: &FunctionName) -> (String, String) {
        let named = |table: &str, name: &str, access: Access| {
            let (name, access) = (toml_key(name), access.as_str());
            (format!("[functions.{function}.grants.{table}]"), format!("{name} = \"{access}\""))
        };
        let listed = |list: &str, entry: &dyn fmt::Display| {
            let place = format!("the list {list} of [functions.{function}.grants]");
            (place, format!("\"{entry}\""))
        };
        match self {
            Self::Bucket(name, access) => named("buckets", name.as_str(), *access),
            Self::Keyspace(name, access) => named("keyspaces", name.as_str(), *access),
            Self::Queue(name, access) => named("queues", name.as_ref(), *access),
            Self::Topic(name, access) => named("topics", name.as_ref(), *access),
            Self::Table(name, access) => named("tables", name.as_str(), *access),
            Self::Secret(pattern, access) => named("secrets", &pattern.to_string(), *access),
            Self::Parameter(pattern, access) => named("parameters", &pattern.to_string(), *access),
            Self::Function(name) => listed("functions", name),
            Self::Host(host) => listed("hosts", host),
            Self::Volume(Mount { volume, path, access }) => (
                format!("the list mounts of [functions.{function}]"),
                format!(
                    "{{ volume = \"{volume}\", path = \"{path}\", access = \"{}\" }}",
                    access.as_str()
                ),
            ),
        }
    }
}

/// A name as TOML has it for a key.
#[must_use]
pub fn toml_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) { name.into() } else { format!("\"{name}\"") }
}

/// A word as a shell takes it. No grant has a quote in it.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ":=/.-_".contains(c);
    if word.chars().all(plain) { word.into() } else { format!("'{word}'") }
}

impl Configuration {
    /// Everything that is granted, by kind and name.
    #[must_use]
    pub fn granted(&self) -> Vec<Grant> {
        let grants = &self.grants;
        let buckets =
            grants.buckets.iter().map(|(name, access)| Grant::Bucket(name.clone(), *access));
        let keyspaces =
            grants.keyspaces.iter().map(|(name, access)| Grant::Keyspace(name.clone(), *access));
        let queues = grants.queues.iter().map(|(name, access)| Grant::Queue(name.clone(), *access));
        let topics = grants.topics.iter().map(|(name, access)| Grant::Topic(name.clone(), *access));
        let tables = grants.tables.iter().map(|(name, access)| Grant::Table(name.clone(), *access));
        let secrets =
            grants.secrets.iter().map(|(name, access)| Grant::Secret(name.clone(), *access));
        let parameters =
            grants.parameters.iter().map(|(name, access)| Grant::Parameter(name.clone(), *access));
        let functions = grants.functions.iter().cloned().map(Grant::Function);
        let hosts = grants.hosts.iter().cloned().map(Grant::Host);
        let volumes = self.mounts.0.iter().cloned().map(Grant::Volume);
        let stores = buckets.chain(keyspaces).chain(queues).chain(topics).chain(tables);
        let others = secrets.chain(parameters).chain(functions).chain(hosts).chain(volumes);
        stores.chain(others).collect()
    }

    /// Grants it; what was granted of the same before is replaced.
    pub fn grant(&mut self, grant: Grant) {
        let grants = &mut self.grants;
        match grant {
            Grant::Bucket(name, access) => drop(grants.buckets.insert(name, access)),
            Grant::Keyspace(name, access) => drop(grants.keyspaces.insert(name, access)),
            Grant::Queue(name, access) => drop(grants.queues.insert(name, access)),
            Grant::Topic(name, access) => drop(grants.topics.insert(name, access)),
            Grant::Table(name, access) => drop(grants.tables.insert(name, access)),
            Grant::Secret(name, access) => drop(grants.secrets.insert(name, access)),
            Grant::Parameter(name, access) => drop(grants.parameters.insert(name, access)),
            Grant::Function(name) => drop(grants.functions.insert(name)),
            Grant::Host(host) => {
                self.revoke(&Granted::Host(host.clone()));
                self.grants.hosts.insert(host);
            }
            Grant::Volume(mount) => {
                self.revoke(&Granted::Volume(mount.volume.clone()));
                self.mounts.0.push(mount);
            }
        }
    }

    /// Takes a grant away; returns whether there was one.
    pub fn revoke(&mut self, granted: &Granted) -> bool {
        let before = self.granted().len();
        let grants = &mut self.grants;
        match granted {
            Granted::Bucket(name) => drop(grants.buckets.remove(name)),
            Granted::Keyspace(name) => drop(grants.keyspaces.remove(name)),
            Granted::Queue(name) => drop(grants.queues.remove(name)),
            Granted::Topic(name) => drop(grants.topics.remove(name)),
            Granted::Table(name) => drop(grants.tables.remove(name)),
            Granted::Secret(pattern) => drop(grants.secrets.remove(pattern)),
            Granted::Parameter(pattern) => drop(grants.parameters.remove(pattern)),
            Granted::Function(name) => drop(grants.functions.remove(name)),
            Granted::Host(host) => grants.hosts.retain(|other| !other.is_same(host)),
            Granted::Volume(volume) => {
                self.mounts.0.retain(|mount| mount.volume.key() != volume.key());
            }
        }
        self.granted().len() < before
    }
}

/// The kind and the rest of a text such as `bucket:photos=read`.
fn split(text: &str) -> Result<(&str, &str), String> {
    text.split_once(':').ok_or_else(|| unlike(text))
}

fn unlike(text: &str) -> String {
    let shown: String = text.chars().take(80).collect();
    format!("{shown:?} is no grant; {FORMS}")
}

/// The name and the access of a text such as `photos=read`.
fn with_access<N: FromStr<Err: fmt::Display>>(
    text: &str,
    rest: &str,
) -> Result<(N, Option<Access>), String> {
    let shown: String = text.chars().take(80).collect();
    let (name, access) = match rest.rsplit_once('=') {
        Some((name, access)) => (name, Some(access)),
        None => (rest, None),
    };
    let name = name.parse().map_err(|error| format!("{shown:?}: {error}"))?;
    let access = access.map(str::parse).transpose();
    Ok((name, access.map_err(|error| format!("{shown:?}: {error}"))?))
}

/// The function of a text such as `function:resize`.
fn of_function(text: &str, rest: &str) -> Result<FunctionName, String> {
    let shown: String = text.chars().take(80).collect();
    rest.parse().map_err(|error| format!("{shown:?}: {error}"))
}

impl FromStr for Grant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = split(text)?;
        let given = |access: Option<Access>| {
            access.ok_or_else(|| {
                format!("{text:?} does not say for what; add =read, =write or =read-write")
            })
        };
        match kind {
            "bucket" => {
                let (name, access) = with_access(text, rest)?;
                Ok(Self::Bucket(name, given(access)?))
            }
            "keyspace" => {
                let (name, access) = with_access(text, rest)?;
                Ok(Self::Keyspace(name, given(access)?))
            }
            "queue" => {
                // Sending is all that a grant of a queue is of use for.
                let (name, access) = with_access(text, rest)?;
                Ok(Self::Queue(name, access.unwrap_or(Access::Write)))
            }
            "topic" => {
                // Publishing is all that a grant of a topic is of use for.
                let (name, access) = with_access(text, rest)?;
                Ok(Self::Topic(name, access.unwrap_or(Access::Write)))
            }
            "table" => {
                let (name, access) = with_access(text, rest)?;
                Ok(Self::Table(name, given(access)?))
            }
            "secret" => {
                let (name, access) = with_access(text, rest)?;
                Ok(Self::Secret(name, given(access)?))
            }
            "parameter" => {
                let (name, access) = with_access(text, rest)?;
                Ok(Self::Parameter(name, given(access)?))
            }
            "function" => of_function(text, rest).map(Self::Function),
            "host" => rest.parse().map(Self::Host).map_err(|error| format!("{error}")),
            "volume" => rest.parse().map(Self::Volume),
            _ => Err(unlike(text)),
        }
    }
}

impl FromStr for Granted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = split(text)?;
        match kind {
            // The access may be there, as in what is listed.
            "bucket" => with_access(text, rest).map(|(name, _)| Self::Bucket(name)),
            "keyspace" => with_access(text, rest).map(|(name, _)| Self::Keyspace(name)),
            "queue" => with_access(text, rest).map(|(name, _)| Self::Queue(name)),
            "topic" => with_access(text, rest).map(|(name, _)| Self::Topic(name)),
            "table" => with_access(text, rest).map(|(name, _)| Self::Table(name)),
            "secret" => with_access(text, rest).map(|(name, _)| Self::Secret(name)),
            "parameter" => with_access(text, rest).map(|(name, _)| Self::Parameter(name)),
            "function" => of_function(text, rest).map(Self::Function),
            "host" => rest.parse().map(Self::Host).map_err(|error| format!("{error}")),
            "volume" => {
                let name = rest.split(':').next().unwrap_or_default();
                name.parse().map(Self::Volume).map_err(|error| format!("{text:?}: {error}"))
            }
            _ => Err(unlike(text)),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let granted = self.granted();
        match self {
            Self::Bucket(_, access)
            | Self::Keyspace(_, access)
            | Self::Queue(_, access)
            | Self::Topic(_, access)
            | Self::Table(_, access)
            | Self::Secret(_, access)
            | Self::Parameter(_, access) => {
                write!(f, "{granted}={}", access.as_str())
            }
            Self::Function(_) | Self::Host(_) => granted.fmt(f),
            Self::Volume(mount) => write!(f, "volume:{mount}"),
        }
    }
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket(name) => write!(f, "bucket:{name}"),
            Self::Keyspace(name) => write!(f, "keyspace:{name}"),
            Self::Queue(name) => write!(f, "queue:{name}"),
            Self::Topic(name) => write!(f, "topic:{name}"),
            Self::Table(name) => write!(f, "table:{name}"),
            Self::Secret(pattern) => write!(f, "secret:{pattern}"),
            Self::Parameter(pattern) => write!(f, "parameter:{pattern}"),
            Self::Function(name) => write!(f, "function:{name}"),
            Self::Host(host) => write!(f, "host:{host}"),
            Self::Volume(name) => write!(f, "volume:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 12] = [
        "bucket:my.photos=read",
        "keyspace:todo=read-write",
        "queue:jobs.fifo=write",
        "topic:orders.fifo=write",
        "table:Orders.2=read-write",
        "secret:prod/*=read",
        "parameter:/app/key=read-write",
        "function:resize",
        "host:http://192.168.1.5:8080",
        "host:*.example.com",
        "host:https://[2001:db8::1]:8443",
        "volume:data:/mnt/data:read",
    ];

    #[test]
    fn grants_are_read_as_they_are_shown() {
        let mut configuration = Configuration::default();
        for text in ALL {
            let grant: Grant = text.parse().unwrap();
            assert_eq!(grant.to_string(), text);
            configuration.grant(grant);
        }
        let listed: Vec<_> = configuration.granted().iter().map(Grant::to_string).collect();
        assert_eq!(listed.len(), ALL.len(), "{listed:?}");
        for text in listed {
            assert!(configuration.revoke(&text.parse().unwrap()), "{text}");
            assert!(!configuration.revoke(&text.parse().unwrap()), "{text}");
        }
        assert_eq!(configuration, Configuration::default());
    }

    #[test]
    fn a_grant_replaces_that_of_the_same() {
        let mut configuration = Configuration::default();
        for text in [
            "keyspace:todo=read",
            "keyspace:todo=write",
            "host:https://api.example.com",
            "host:API.example.com:443",
            "volume:data:/mnt/a",
            "volume:Data:/mnt/b:read",
            "queue:jobs",
            "queue:jobs=send",
        ] {
            configuration.grant(text.parse().unwrap());
        }
        let listed: Vec<_> = configuration.granted().iter().map(Grant::to_string).collect();
        let left = [
            "keyspace:todo=write",
            "queue:jobs=write",
            "host:api.example.com:443",
            "volume:Data:/mnt/b:read",
        ];
        assert_eq!(listed, left);
    }

    #[test]
    fn what_is_wrong_with_a_grant_is_said() {
        for (text, told) in [
            ("todo", "is no grant; write bucket:NAME=ACCESS"),
            ("shelf:todo=read", "is no grant; write bucket:NAME=ACCESS"),
            ("keyspace:todo", "does not say for what; add =read"),
            ("keyspace:todo=own", "\"own\" is no access; give read, write or read-write"),
            ("keyspace:=read", "keyspace name is empty"),
            ("bucket:A=read", "a bucket name has 3 to 63 characters"),
            ("host:ftp://x", "is no host to grant"),
            ("volume:data", "has no path, as in data:/mnt/data"),
        ] {
            let error = text.parse::<Grant>().unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert!("keyspace".parse::<Granted>().is_err());
    }

    #[test]
    fn a_remedy_is_a_command_and_a_line_of_a_file() {
        let function = "f".parse().unwrap();
        let remedy = |text: &str| text.parse::<Grant>().unwrap().remedy(&function);
        assert_eq!(
            remedy("bucket:my.photos=read"),
            "lambent grant add f bucket:my.photos=read\nor in lambent.toml, in \
             [functions.f.grants.buckets]: \"my.photos\" = \"read\""
        );
        assert!(remedy("host:*.a.com").starts_with("lambent grant add f 'host:*.a.com'\n"));
    }
}
