//! All files below a directory at once, for the host.

use crate::IO_BYTES_MAX;
use crate::error::ErrorCode;
use crate::metadata::Kind;
use crate::vfs::Vfs;

impl Vfs {
    /// The files below a directory by their paths in it, with their bytes. Blocks.
    ///
    /// # Errors
    /// [`ErrorCode::NoEntry`] if there is no such directory, [`ErrorCode::FileTooLarge`] if they
    /// have more than `bytes_max` together, or they cannot be read.
    pub fn collect(
        &mut self,
        directory: &str,
        bytes_max: u64,
    ) -> Result<Vec<(String, Vec<u8>)>, ErrorCode> {
        let mut files = Vec::new();
        let mut left = bytes_max;
        let mut directories = vec![String::new()];
        while let Some(within) = directories.pop() {
            let place = self.lookup(&Self::root(), &format!("{directory}/{within}"))?;
            let mut last = None;
            while let Some((name, kind)) = self.next_entry(&place, last.as_deref())? {
                let path =
                    if within.is_empty() { name.clone() } else { format!("{within}/{name}") };
                match kind {
                    Kind::Directory => directories.push(path),
                    Kind::File => {
                        let bytes = self.whole(&format!("{directory}/{path}"), &mut left)?;
                        files.push((path, bytes));
                    }
                }
                last = Some(name);
            }
        }
        Ok(files)
    }

    fn whole(&mut self, path: &str, left: &mut u64) -> Result<Vec<u8>, ErrorCode> {
        let node = self.lookup(&Self::root(), path)?;
        let mut bytes = Vec::new();
        loop {
            let more = self.read(&node, IO_BYTES_MAX, bytes.len() as u64, true)?;
            if more.is_empty() {
                return Ok(bytes);
            }
            *left = left.checked_sub(more.len() as u64).ok_or(ErrorCode::FileTooLarge)?;
            bytes.extend(more);
        }
    }
}
