//! A question that has to be answered with y. Knows nothing of what is asked.

use std::io::Read;

use super::context::Context;

/// Asks as kubectl does, and says whether the first word of the answer is y.
pub fn confirmed(cx: &mut Context, what: &str) -> anyhow::Result<bool> {
    cx.print(&format!("{what}Do you want to continue? (y/n): "))?;
    cx.env.stdout.flush()?;
    let mut answer = Vec::new();
    let mut byte = [0];
    // Byte by byte: what follows the line is not ours to take.
    while answer.len() < 1024 && cx.env.stdin.read(&mut byte)? == 1 && byte[0] != b'\n' {
        answer.push(byte[0]);
    }
    Ok(answer.trim_ascii().eq_ignore_ascii_case(b"y"))
}
