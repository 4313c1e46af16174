//! DOOR to the user's own programs, editors and diff tools, and to the temporary files they work on. Knows no verb.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};

use crate::Env;

/// Runs a program with the command's own terminal, and waits for it.
///
/// # Errors
/// A program that cannot be started.
#[expect(clippy::disallowed_methods, reason = "the door to the user's programs")]
pub fn run(env: &mut Env, words: &[String]) -> io::Result<ExitStatus> {
    env.stdout.flush()?;
    let (program, args) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    Command::new(program).args(args).current_dir(&env.cwd).envs(&env.vars).status()
}

/// Runs a program and takes what it prints.
///
/// # Errors
/// A program that cannot be started.
#[expect(clippy::disallowed_methods, reason = "the door to the user's programs")]
pub fn output(env: &Env, words: &[String]) -> io::Result<Output> {
    let (program, args) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    Command::new(program).args(args).current_dir(&env.cwd).envs(&env.vars).output()
}

/// A path below the folder for temporary files that `make` could make; others that are taken are passed over.
fn temporary(env: &Env, name: impl Fn(u64) -> String, make: impl Fn(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
    let folder = PathBuf::from(env.var("TMPDIR").unwrap_or("/tmp"));
    // Only a beginning: what is taken is told by the file system.
    let first = u64::from(std::process::id()) * 1_000_003 % 1_000_000_000;
    for number in first..first + 10_000 {
        let path = folder.join(name(number));
        match make(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(path),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Writes a new temporary file that only the user can read.
pub fn temporary_file(env: &Env, prefix: &str, suffix: &str, text: &str) -> io::Result<PathBuf> {
    temporary(env, |n| format!("{prefix}{n}{suffix}"), |path| write_new(path, text))
}

/// Makes a new temporary folder.
pub fn temporary_folder(env: &Env, prefix: &str) -> io::Result<PathBuf> {
    temporary(env, |n| format!("{prefix}{n}"), |path| fs::DirBuilder::new().mode(0o700).create(path))
}

/// Writes a file that was not there.
pub fn write_new(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

/// Writes a file, whatever was there, and the folders it is in.
#[expect(clippy::disallowed_methods, reason = "the door to the user's programs")]
pub fn write_below(path: &Path, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// The text of a file, whatever its bytes.
#[expect(clippy::disallowed_methods, reason = "the door to the user's programs")]
pub fn read(path: &Path) -> io::Result<String> {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Removes a temporary file or folder; that it stays would be no reason to fail.
#[expect(clippy::disallowed_methods, reason = "the door to the user's programs")]
pub fn remove(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}
