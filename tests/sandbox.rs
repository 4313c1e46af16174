//! Real processes in real sandboxes, driven through `runtime` with the built binary as supervisor.
//!
//! A test that needs a process of its own as the caller (a terminal, a kill) starts this test binary again with
//! `KSTATE_TEST_SANDBOX` naming a file that holds the sandbox and the command. Where this host forbids namespaces set
//! `KSTATE_TEST_WITHOUT_NAMESPACES=1` to leave these tests out.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "a test looks at the world")]

use std::path::{Path, PathBuf};

use kstate::Env;
use kstate::control::sandbox::{Mount, Sandbox, Server, ServerKind, Source};
use kstate::runtime::{self, Command};

#[test]
#[ignore = "started by the other tests"]
fn caller() {
    let file = std::env::var("KSTATE_TEST_SANDBOX").unwrap();
    let (home, sandbox, command): (PathBuf, Sandbox, Command) =
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut env = Env::real();
    env.exe = env!("CARGO_BIN_EXE_kstate").into();
    let code = match runtime::exec(&home, &sandbox, &command, &mut env) {
        Ok(exit) => exit.0,
        Err(e) => {
            eprintln!("error: {e}");
            1
        }
    };
    std::process::exit(code)
}

#[test]
#[ignore = "started by the other tests"]
fn doctor() {
    let home = std::env::var_os("KSTATE_TEST_HOME").unwrap();
    let mut env = Env::real();
    env.exe = env!("CARGO_BIN_EXE_kstate").into();
    for check in runtime::checks(Path::new(&home), &env) {
        println!("\n{}: {:?}", check.name, check.problem);
    }
}
