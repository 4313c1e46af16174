//! What stands in for processes where there is no Linux: all containers are simulated, and whoever wants to run something
//! in one is told so. The names and shapes are those of the modules that are there on Linux.

use std::path::Path;

use super::{Command, ExecError, Exit};
use crate::control::sandbox::Sandbox;
use crate::env::Env;

/// Runs nothing.
///
/// # Errors
/// [`ExecError::Elsewhere`], always.
pub fn exec(_home: &Path, _sandbox: &Sandbox, _command: &Command, _env: &mut Env) -> Result<Exit, ExecError> {
    Err(ExecError::Elsewhere)
}

/// Containers' processes: there are none.
pub mod keeper {
    use super::{Command, Env, ExecError, Exit, Path};

    /// No keeper is here, as for every simulated container.
    ///
    /// # Errors
    /// None.
    pub fn attach(
        _home: &Path,
        _uid: &str,
        _container: &str,
        _command: &Command,
        _replay: bool,
        _env: &mut Env,
    ) -> Result<Option<Exit>, ExecError> {
        Ok(None)
    }
}

/// Copies into and out of containers, which need a process in them.
pub mod copy {
    use std::io;
    use std::path::PathBuf;

    use super::{Env, ExecError, Exit, Path, Sandbox};

    /// Why a copy failed.
    #[derive(Debug, thiserror::Error)]
    pub enum CopyError {
        #[error(transparent)]
        Exec(#[from] ExecError),
        #[error("command terminated with exit code {}", .0.0)]
        Tar(Exit),
        #[error(transparent)]
        Io(#[from] io::Error),
        #[error("tar contents corrupted")]
        Corrupted,
    }

    /// What is copied out, and where to.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct From {
        pub source: String,
        pub prefix: String,
        pub destination: PathBuf,
        pub shown: PathBuf,
    }

    /// What was left out.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Warning {
        Outside(PathBuf),
        Link { path: PathBuf, target: String },
    }

    /// # Errors
    /// [`ExecError::Elsewhere`], always.
    pub fn is_folder(_home: &Path, _sandbox: &Sandbox, _path: &str, _env: &mut Env) -> Result<bool, CopyError> {
        Err(ExecError::Elsewhere.into())
    }

    /// # Errors
    /// [`ExecError::Elsewhere`], always.
    pub fn copy_in(
        _home: &Path,
        _sandbox: &Sandbox,
        _source: &Path,
        _to: (&str, &str),
        _preserve: bool,
        _env: &mut Env,
    ) -> Result<(), CopyError> {
        Err(ExecError::Elsewhere.into())
    }

    /// # Errors
    /// [`ExecError::Elsewhere`], always.
    pub fn copy_out(
        _home: &Path,
        _sandbox: &Sandbox,
        _from: &From,
        _env: &mut Env,
        _warn: &mut dyn FnMut(&mut Env, &Warning),
    ) -> Result<(), CopyError> {
        Err(ExecError::Elsewhere.into())
    }
}

/// Pods' networks: there are none to forward to.
pub mod network {
    use std::convert::Infallible;
    use std::io;
    use std::net::SocketAddr;

    use super::{ExecError, Path, Sandbox};

    /// A connection into a pod: there is none.
    pub type Connection = Infallible;

    /// A port that would be forwarded.
    pub struct Forward {
        pub remote: u16,
    }

    impl Forward {
        /// # Errors
        /// Always.
        pub fn listen(_local: SocketAddr, _remote: u16) -> io::Result<Forward> {
            Err(io::Error::other(ExecError::Elsewhere))
        }

        /// # Errors
        /// Always.
        pub fn local(&self) -> io::Result<SocketAddr> {
            Err(io::Error::other(ExecError::Elsewhere))
        }
    }

    /// What happens while ports are forwarded.
    pub enum Heard<'f> {
        Connection(&'f Forward, SocketAddr),
        Nothing,
    }

    /// How forwarding ended.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Ended {
        Interrupted,
        Lost,
    }

    /// # Errors
    /// Always.
    pub fn forward(
        _forwards: &[Forward],
        _answer: impl FnMut(Heard<'_>) -> Result<Option<Connection>, ()>,
    ) -> io::Result<Ended> {
        Err(io::Error::other(ExecError::Elsewhere))
    }

    /// Nothing listens.
    pub fn connect_inside(_home: &Path, _pod: &Sandbox, _port: u16, _client_port: u16) -> Option<Connection> {
        None
    }
}

/// The proxy's listener: what answers requests is the same everywhere, only listening is not built for this system.
pub mod http {
    pub mod gateway {
        use std::io;
        use std::path::Path;

        use crate::runtime::exchange::{Answer, Question};

        /// Where requests would come in.
        pub struct Gateway;

        impl Gateway {
            pub fn tcp(_address: &str, _port: u16) -> io::Result<Gateway> {
                Err(io::ErrorKind::Unsupported.into())
            }

            pub fn unix(_path: &Path) -> io::Result<Gateway> {
                Err(io::ErrorKind::Unsupported.into())
            }

            pub fn local(&self) -> io::Result<String> {
                Err(io::ErrorKind::Unsupported.into())
            }

            pub fn serve<W: Send + 'static>(self, _answer: impl FnMut(Question<W>) -> Answer<W>) {}
        }
    }
}
