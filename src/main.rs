//! The binary: hands the real arguments and surroundings to [`kstate::run`], and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    kstate::run(std::env::args_os(), kstate::Env::real())
}
