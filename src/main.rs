//! The binary: hands the real arguments and surroundings to [`kstate::run`], and nothing else.

use std::process::ExitCode;

/// musl's own allocator is slow where many small maps and strings come and go, as objects are. glibc's stays: mimalloc would take
/// a quarter off a sync of a thousand replicas, and add a tenth to the start of every command, in page faults.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kstate::run(std::env::args_os(), kstate::Env::real())
}
