//! A manifest behind an http or https URL, with kubectl's three attempts and its error texts.
//!
//! Reaches only what a URL names, and what that redirects to. Unlike kubectl it gives up on a server that says nothing.

use std::io;
use std::time::Duration;

use anyhow::anyhow;
use ureq::Agent;
use ureq::http::Uri;

use super::source::MAX_INPUT;
use crate::Env;
use crate::cmd::errors::Aggregate;

const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// For the whole of one attempt.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Whether a URL can be asked for.
pub(super) fn check(url: &str) -> Result<(), String> {
    match url.parse::<Uri>() {
        Ok(_) => Ok(()),
        Err(why) => Err(format!("parse {url:?}: {why}")),
    }
}

/// The text behind a URL.
pub(super) fn get(env: &Env, url: &str) -> anyhow::Result<String> {
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .timeout_connect(Some(TIMEOUT / 2))
        .http_status_as_error(false)
        .build()
        .into();
    let mut attempt = 1;
    loop {
        match get_once(&agent, url) {
            Err(Failure::Passing(_)) if attempt < ATTEMPTS => env.clock.sleep(PAUSE),
            Err(Failure::Passing(error) | Failure::Final(error)) => return Err(error),
            Ok(text) => return Ok(text),
        }
        attempt += 1;
    }
}

enum Failure {
    /// Worth another attempt.
    Passing(anyhow::Error),
    Final(anyhow::Error),
}

fn get_once(agent: &Agent, url: &str) -> Result<String, Failure> {
    let answer = agent.get(url).call().map_err(|e| Failure::Passing(unreachable(url, &e)))?;
    let status = answer.status();
    if status != 200 {
        let error = anyhow!(
            "unable to read URL {url:?}, server reported {} {}, status code={}",
            status.as_u16(),
            status.canonical_reason().unwrap_or_default(),
            status.as_u16()
        );
        return Err(if status.is_server_error() { Failure::Passing(error) } else { Failure::Final(error) });
    }
    let body = answer.into_body().into_with_config().limit(MAX_INPUT).lossy_utf8(true).read_to_string();
    body.map_err(|e| Failure::Final(anyhow!("error parsing {url}: {e}")))
}

/// What kubectl says of a server that cannot be reached, which it prints without `error: ` before it.
fn unreachable(url: &str, error: &ureq::Error) -> anyhow::Error {
    let host = url.parse::<Uri>().ok();
    let host = host.as_ref().and_then(Uri::authority).map_or(url, |a| a.as_str());
    let text = match error {
        ureq::Error::Io(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
            format!("The connection to the server {host} was refused - did you specify the right host or port?")
        }
        ureq::Error::HostNotFound => {
            let name = host.split(':').next().unwrap_or_default();
            format!("Unable to connect to the server: dial tcp: lookup {name}: no such host")
        }
        // rustls' word for bytes that are no TLS.
        ureq::Error::Io(e) if e.to_string().contains("InvalidContentType") => {
            "Unable to connect to the server: http: server gave HTTP response to HTTPS client".to_owned()
        }
        other => format!("Unable to connect to the server: {other}"),
    };
    Aggregate(vec![anyhow!(text)]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_cannot_be_reached_is_named_as_kubectl_names_it() {
        let io = |kind, text: &str| ureq::Error::Io(io::Error::new(kind, text));
        for (error, want) in [
            (
                io(io::ErrorKind::ConnectionRefused, "x"),
                "The connection to the server h:1 was refused - did you specify the right host or port?",
            ),
            (ureq::Error::HostNotFound, "Unable to connect to the server: dial tcp: lookup h: no such host"),
            (
                io(io::ErrorKind::InvalidData, "received corrupt message of type InvalidContentType"),
                "Unable to connect to the server: http: server gave HTTP response to HTTPS client",
            ),
        ] {
            assert_eq!(unreachable("https://h:1/x.yaml", &error).to_string(), want);
        }
    }
}
