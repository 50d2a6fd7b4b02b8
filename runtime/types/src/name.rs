/// The longest name, in characters. This is Lambda's bound for function names, and one
/// more than a DNS label has (63), so nearly every name also works as a host.
pub const NAME_CHARS_MAX: usize = 64;

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The name holds no character.
    #[error("{what} is empty; give 1 to {most} characters of A-Z a-z 0-9 _ -")]
    Empty {
        /// The noun that was being named.
        what: &'static str,
        /// The most characters there may be.
        most: usize,
    },
    /// The name is longer than such a name may be.
    #[error("{what} has {chars} characters; the most is {most}")]
    TooLong {
        /// The noun that was being named.
        what: &'static str,
        /// The number of characters in the name.
        chars: usize,
        /// The most there may be.
        most: usize,
    },
    /// The name holds a character outside `[A-Za-z0-9_-]`.
    #[error("{what} has the character {found:?} at position {position}; use A-Z a-z 0-9 _ -")]
    Character {
        /// The noun that was being named.
        what: &'static str,
        /// The first character refused.
        found: char,
        /// The position of that character, counted from 1.
        position: usize,
    },
    /// The name of an alias would be taken for the number of a version.
    #[error("{what} {name:?} would be taken for the number of a version; give it a letter")]
    Number {
        /// The noun that was being named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// IAM does not allow the name for a role or a policy.
    #[error("{what} has 1 to {most} characters of A-Z a-z 0-9 _ + = , . @ -")]
    Identity {
        /// The noun that was being named.
        what: &'static str,
        /// The most characters there may be.
        most: usize,
    },
    /// S3 does not allow the name for a bucket.
    #[error(
        "a bucket name has 3 to 63 characters of a-z 0-9 . -, begins and ends with a letter or \
         digit, and has no two dots in a row"
    )]
    Bucket,
    /// DynamoDB does not allow the name for a table.
    #[error("a table name has 3 to 255 characters of A-Z a-z 0-9 _ . -")]
    Table,
}

pub(crate) fn check(what: &'static str, text: &str) -> Result<(), InvalidName> {
    check_within(what, text, NAME_CHARS_MAX)
}

/// Checks a name of at most so many characters.
pub(crate) fn check_within(what: &'static str, text: &str, most: usize) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty { what, most });
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if let Some((index, found)) = text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        return Err(InvalidName::Character { what, found, position: index + 1 });
    }
    let chars = text.len();
    if chars > most {
        return Err(InvalidName::TooLong { what, chars, most });
    }
    Ok(())
}

/// Checks the name of something of IAM's.
pub(crate) fn check_identity(
    what: &'static str,
    text: &str,
    most: usize,
) -> Result<(), InvalidName> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(allowed);
    if fits { Ok(()) } else { Err(InvalidName::Identity { what, most }) }
}

/// Declares the name of a kind of thing. What it is called begins the sentences about a name
/// that is wrong; a function may follow, which checks one in place of [`check`].
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $crate::name::name!($(#[$doc])* $name, $what, $crate::name::check);
    };
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(
            Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema,
        )]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Returns the name as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the form under which names are unique: ASCII lower case.
            #[must_use]
            pub fn key(&self) -> String {
                self.0.to_ascii_lowercase()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::name::InvalidName;
            fn from_str(text: &str) -> Result<Self, $crate::name::InvalidName> {
                ($check)($what, text)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::name::InvalidName;
            fn try_from(text: String) -> Result<Self, $crate::name::InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.to_string()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}
pub(crate) use name;

name!(
    /// A function's name: `[A-Za-z0-9_-]{1,64}`, unique in its namespace ignoring case.
    FunctionName,
    "function name"
);
name!(
    /// A namespace's name: `[A-Za-z0-9_-]{1,64}`, unique ignoring case.
    Namespace,
    "namespace"
);

name!(
    /// A bucket's name, as S3 has it: 3 to 63 characters of `a-z 0-9 . -`, beginning
    /// and ending with a letter or digit, with no two dots in a row.
    BucketName,
    "bucket name",
    check_bucket
);
name!(
    /// A keyspace's name: `[A-Za-z0-9_-]{1,64}`, unique in its namespace ignoring case.
    KeyspaceName,
    "keyspace name"
);
name!(
    /// A table's name, as DynamoDB has it: 3 to 255 characters of `A-Z a-z 0-9 _ . -`, unique in
    /// its namespace by each of them: `Orders` and `orders` are two tables.
    TableName,
    "table name",
    check_table
);

fn check_bucket(_: &'static str, text: &str) -> Result<(), InvalidName> {
    let chars = text.chars().count();
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let fits = (3..=63).contains(&chars)
        && text.chars().all(allowed)
        && edge(text.chars().next())
        && edge(text.chars().last())
        && !text.contains("..");
    if fits { Ok(()) } else { Err(InvalidName::Bucket) }
}

fn check_table(_: &'static str, text: &str) -> Result<(), InvalidName> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let fits = (3..=255).contains(&text.len()) && text.bytes().all(allowed);
    if fits { Ok(()) } else { Err(InvalidName::Table) }
}

impl Default for Namespace {
    /// Returns `default`, the namespace of everything that names no other.
    fn default() -> Self {
        Self("default".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_wrong_and_where() {
        let error = "a b".parse::<FunctionName>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "function name has the character ' ' at position 2; use A-Z a-z 0-9 _ -"
        );
        assert_eq!(
            "".parse::<FunctionName>().unwrap_err().to_string(),
            "function name is empty; give 1 to 64 characters of A-Z a-z 0-9 _ -"
        );
        assert_eq!("".parse::<BucketName>().unwrap_err(), InvalidName::Bucket);
        for name in ["", "ab", "a b", "é--", &"x".repeat(256)] {
            assert_eq!(name.parse::<TableName>().unwrap_err(), InvalidName::Table);
        }
        assert!("Orders_2.x-y".parse::<TableName>().is_ok());
        assert!("é".parse::<FunctionName>().is_err());
        assert!("x".repeat(64).parse::<FunctionName>().is_ok());
        assert_eq!(
            "x".repeat(65).parse::<Namespace>().unwrap_err().to_string(),
            "namespace has 65 characters; the most is 64"
        );
    }
}
