//! A small `curl`: HTTP with the options that tutorials use, curl's messages and exit statuses.
//!
//! Speaks HTTP through ureq; knows no proxy and no configuration file.

mod fault;
mod meter;
mod options;
mod recorder;
mod transfer;
mod url;
mod write_out;

use std::io::Write;

use crate::env::Env;
use fault::Fault;
use options::{Options, Parsed};
use transfer::{Client, Done};

/// What it calls itself, to servers and with `-V`.
const VERSION: &str = "8.14.1";

/// Runs with the arguments after the name; returns the exit status.
pub fn run(args: &[String], env: &mut Env) -> u8 {
    let status = match options::parse(args) {
        Ok(Parsed::Run(options)) => fetch_all(&options, env),
        Ok(Parsed::Print(text)) => u8::from(env.stdout.write_all(text.as_bytes()).is_err()) * 23,
        Err(message) => {
            let _ = writeln!(env.stderr, "curl: {message}");
            let _ = writeln!(env.stderr, "curl: try 'curl --help' or 'curl --manual' for more information");
            2
        }
    };
    if env.stdout.flush().is_err() && status == 0 { 23 } else { status }
}

/// Every URL in turn; the exit status is the last one's.
fn fetch_all(options: &Options, env: &mut Env) -> u8 {
    let mut client = Client::new(options);
    let mut status = 0;
    for (index, url) in options.urls.iter().enumerate() {
        status = fetch(options, &mut client, index, url, env);
    }
    status
}

/// One URL, again where it is asked for and may help.
fn fetch(options: &Options, client: &mut Client, index: usize, url: &str, env: &mut Env) -> u8 {
    let mut left = options.retry;
    let mut wait = 1;
    loop {
        let (done, fault) = client.transfer(options, index, url, env);
        if let Some(fault) = &fault {
            report(options, fault, env);
        }
        if left > 0 && is_transient(options, &done, fault.as_ref()) {
            let seconds = options.retry_delay.unwrap_or(wait);
            warn_of_retry(options, fault.as_ref(), seconds, left, env);
            env.clock.sleep(std::time::Duration::from_secs(seconds));
            wait = (wait * 2).min(600);
            left -= 1;
            continue;
        }
        let status = fault.as_ref().map_or(0, |f| f.status);
        if let Some(format) = &options.write_out {
            let text = write_out::expand(format, &done, fault.as_ref(), &mut env.stderr);
            let _ = env.stdout.write_all(&text);
        }
        return status;
    }
}

fn report(options: &Options, fault: &Fault, env: &mut Env) {
    if !options.silent || options.show_error {
        let _ = writeln!(env.stderr, "curl: ({}) {}", fault.status, fault.message);
    }
}

/// Timeouts, servers that say they are busy, and refused connections where that is asked for.
fn is_transient(options: &Options, done: &Done, fault: Option<&Fault>) -> bool {
    match fault {
        Some(fault) if options.retry_all_errors || matches!(fault.status, 28 | 6) => fault.status != 23,
        Some(fault) if fault.status == 7 => options.retry_connrefused,
        Some(fault) if fault.status != 22 => false,
        _ => matches!(done.status, 408 | 429 | 500 | 502 | 503 | 504),
    }
}

fn warn_of_retry(options: &Options, fault: Option<&Fault>, seconds: u64, left: u32, env: &mut Env) {
    if options.silent {
        return;
    }
    let problem = match fault.map(|f| f.status) {
        Some(7) => "connection refused",
        Some(28) => "timeout",
        Some(status) if status != 22 => "error",
        _ => "HTTP error",
    };
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let retries = if left == 1 { "retry" } else { "retries" };
    let _ =
        writeln!(env.stderr, "Warning: Problem : {problem}. Will retry in {seconds} {unit}. {left} {retries} left.");
}

#[cfg(test)]
mod tests;
