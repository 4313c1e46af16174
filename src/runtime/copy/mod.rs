//! Files into and out of containers, as `kubectl cp` does it: a tar archive through the container's own `tar`.
//!
//! What comes out of a container is judged here: nothing is written outside the destination, and no link is made.

mod pack;
mod unpack;

use std::io::{self, Write};
use std::path::Path;

use super::{Command, ExecError, Exit, exec};
use crate::Env;
use crate::control::sandbox::Sandbox;

pub use unpack::{From, Warning};

/// Why a copy failed.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The container's `tar` ended with this status.
    #[error("command terminated with exit code {}", .0.0)]
    Tar(Exit),
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What came is no archive of what was asked for.
    #[error("tar contents corrupted")]
    Corrupted,
}

fn command(argv: &[&str], stdin: bool) -> Command {
    Command { argv: argv.iter().map(|w| (*w).to_owned()).collect(), stdin, tty: false }
}

/// Whether a path is a folder in the container.
///
/// # Errors
/// When nothing can be run there.
pub fn is_folder(home: &Path, sandbox: &Sandbox, path: &str, env: &mut Env) -> Result<bool, CopyError> {
    let streams = replace_streams(env, Box::new(io::sink()), Box::new(io::sink()));
    let exit = exec(home, sandbox, &command(&["test", "-d", path], false), env);
    restore_streams(env, streams);
    Ok(exit? == Exit(0))
}

/// Copies a local file or folder into a container, where it is called `name` in `folder`.
///
/// # Errors
/// When it cannot be read, or the container's `tar` refuses it.
pub fn copy_in(
    home: &Path,
    sandbox: &Sandbox,
    source: &Path,
    (folder, name): (&str, &str),
    preserve: bool,
    env: &mut Env,
) -> Result<(), CopyError> {
    let (from, to) = io::pipe()?;
    let source = source.to_owned();
    let name = name.to_owned();
    let packing = std::thread::spawn(move || pack::pack(&source, &name, to));
    let mut argv = vec!["tar"];
    if !preserve {
        argv.extend(["--no-same-permissions", "--no-same-owner"]);
    }
    argv.extend(["-xmf", "-"]);
    if !folder.is_empty() {
        argv.extend(["-C", folder]);
    }
    let stdin = std::mem::replace(&mut env.stdin, Box::new(from));
    let exit = exec(home, sandbox, &command(&argv, true), env);
    env.stdin = stdin;
    let exit = exit?;
    // A tar that has ended may have left the rest unread: then the packing ends as well, at the pipe that nobody reads.
    let packed = if exit == Exit(0) { packing.join().unwrap_or(Ok(())) } else { Ok(()) };
    match exit {
        Exit(0) => Ok(packed?),
        other => Err(CopyError::Tar(other)),
    }
}

/// Copies a file or folder out of a container. What had to be left out is handed to `warn`.
///
/// # Errors
/// When the container's `tar` cannot read it, the archive is not what was asked for, or a file cannot be written.
pub fn copy_out(
    home: &Path,
    sandbox: &Sandbox,
    from: &From,
    env: &mut Env,
    warn: &mut dyn FnMut(&mut Env, &Warning),
) -> Result<(), CopyError> {
    let (archive, to) = io::pipe()?;
    let wanted = from.clone();
    let unpacking = std::thread::spawn(move || unpack::unpack(archive, &wanted));
    let stdout = std::mem::replace(&mut env.stdout, Box::new(to));
    let exit = exec(home, sandbox, &command(&["tar", "cf", "-", &from.source], false), env);
    // The archive ends here, however the command did.
    drop(std::mem::replace(&mut env.stdout, stdout));
    let unpacked = unpacking.join().unwrap_or(Err(CopyError::Corrupted));
    match exit {
        Err(ExecError::Closed) => {}
        other => {
            if let failed @ Exit(1..) = other? {
                return Err(CopyError::Tar(failed));
            }
        }
    }
    unpacked?.iter().for_each(|warning| warn(env, warning));
    Ok(())
}

type Streams = (Box<dyn Write + Send>, Box<dyn Write + Send>);

fn replace_streams(env: &mut Env, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Streams {
    (std::mem::replace(&mut env.stdout, out), std::mem::replace(&mut env.stderr, err))
}

fn restore_streams(env: &mut Env, (out, err): Streams) {
    env.stdout = out;
    env.stderr = err;
}
