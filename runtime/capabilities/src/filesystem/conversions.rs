//! What is the same in both versions of the interface but for the module of its types.

/// Makes what says in the types of a version what is ours.
macro_rules! in_types_of {
    ($types:ident, $error:ident) => {
        const fn code(error: ErrorCode) -> $types::ErrorCode {
            match error {
                ErrorCode::BadDescriptor => $types::ErrorCode::BadDescriptor,
                ErrorCode::Busy => $types::ErrorCode::Busy,
                ErrorCode::CrossDevice => $types::ErrorCode::CrossDevice,
                ErrorCode::Exist => $types::ErrorCode::Exist,
                ErrorCode::FileTooLarge => $types::ErrorCode::FileTooLarge,
                ErrorCode::Gone => $types::ErrorCode::NoDevice,
                ErrorCode::Invalid => $types::ErrorCode::Invalid,
                // What would wait was to be done where it may.
                ErrorCode::Io | ErrorCode::WouldBlock => $types::ErrorCode::Io,
                ErrorCode::IsDirectory => $types::ErrorCode::IsDirectory,
                ErrorCode::NameTooLong => $types::ErrorCode::NameTooLong,
                ErrorCode::NoEntry => $types::ErrorCode::NoEntry,
                ErrorCode::InsufficientSpace => $types::ErrorCode::InsufficientSpace,
                ErrorCode::NotDirectory => $types::ErrorCode::NotDirectory,
                ErrorCode::NotEmpty => $types::ErrorCode::NotEmpty,
                ErrorCode::NotPermitted => $types::ErrorCode::NotPermitted,
                ErrorCode::ReadOnly => $types::ErrorCode::ReadOnly,
            }
        }

        const fn kind(kind: Kind) -> $types::DescriptorType {
            match kind {
                Kind::Directory => $types::DescriptorType::Directory,
                Kind::File => $types::DescriptorType::RegularFile,
            }
        }

        fn flags(open: &Open) -> $types::DescriptorFlags {
            let mut flags = $types::DescriptorFlags::READ;
            if open.node.kind() == Kind::Directory {
                flags |= $types::DescriptorFlags::MUTATE_DIRECTORY;
            }
            if open.write {
                flags |= $types::DescriptorFlags::WRITE;
            }
            flags
        }

        fn opening(how: $types::OpenFlags, flags: $types::DescriptorFlags) -> OpenFlags {
            OpenFlags {
                create: how.contains($types::OpenFlags::CREATE),
                directory: how.contains($types::OpenFlags::DIRECTORY),
                exclusive: how.contains($types::OpenFlags::EXCLUSIVE),
                truncate: how.contains($types::OpenFlags::TRUNCATE),
                write: flags.contains($types::DescriptorFlags::WRITE),
            }
        }

        const fn hash(open: &Open) -> $types::MetadataHashValue {
            $types::MetadataHashValue { lower: open.node.inode(), upper: 0 }
        }

        impl From<Failure> for $error {
            fn from(failure: Failure) -> Self {
                match failure {
                    Failure::Told(error) => code(error).into(),
                    Failure::Trap(error) => Self::trap(error),
                }
            }
        }
    };
}

pub(super) use in_types_of;
