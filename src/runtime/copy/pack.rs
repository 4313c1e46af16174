//! A local file or folder as an archive, as kubectl makes it: files, links and folders that are empty.

use std::fs::{FileType, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use tar::{Builder, EntryType, Header};

/// Writes the archive of `source`, which is called `name` in it.
///
/// # Errors
/// When a file cannot be read or nobody takes the archive.
pub fn pack(source: &Path, name: &str, to: impl Write) -> io::Result<()> {
    let mut archive = Builder::new(to);
    add(&mut archive, source, name)?;
    archive.finish()
}

#[expect(clippy::disallowed_methods, reason = "the door to the files that are copied")]
fn add(archive: &mut Builder<impl Write>, path: &Path, name: &str) -> io::Result<()> {
    let about = path.symlink_metadata()?;
    let mut header = Header::new_gnu();
    header.set_metadata(&about);
    if about.is_dir() {
        let mut entries = std::fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        if entries.is_empty() {
            return archive.append_data(&mut header, format!("{name}/"), io::empty());
        }
        return entries.iter().try_for_each(|entry| {
            let inner = entry.file_name();
            add(archive, &entry.path(), &format!("{name}/{}", inner.to_string_lossy()))
        });
    }
    if about.is_symlink() {
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        return archive.append_link(&mut header, name, path.read_link()?);
    }
    if is_special(about.file_type()) {
        header.set_size(0);
        return archive.append_data(&mut header, name, io::empty());
    }
    let file = OpenOptions::new().read(true).open(path)?;
    archive.append_data(&mut header, name, file)
}

fn is_special(kind: FileType) -> bool {
    kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device()
}
