//! `--dry-run`: how far a request goes. Knows no request.

use super::context::Context;
use super::go;

/// How far a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DryRun {
    None,
    /// The object is printed and not sent.
    Client,
    /// The request is served and nothing is stored.
    Server,
}

impl DryRun {
    /// Reads the flag; a lone `--dry-run` is the deprecated form of `--dry-run=client`.
    ///
    /// # Errors
    /// kubectl's text for any other value.
    pub fn parse(text: &str, cx: &mut Context) -> anyhow::Result<DryRun> {
        match text {
            "none" => Ok(DryRun::None),
            "client" => Ok(DryRun::Client),
            "server" => Ok(DryRun::Server),
            "unchanged" => {
                cx.warn("helpers.go:702", "--dry-run is deprecated and can be replaced with --dry-run=client.");
                Ok(DryRun::Client)
            }
            _ => match go::boolean(text) {
                Ok(yes) => {
                    let (word, dry_run) = if yes { ("client", DryRun::Client) } else { ("none", DryRun::None) };
                    let text = format!(
                        "--dry-run={text} is deprecated (boolean value) and can be replaced with --dry-run={word}."
                    );
                    cx.warn("helpers.go:716", &text);
                    Ok(dry_run)
                }
                Err(_) => {
                    anyhow::bail!("Invalid dry-run value ({text}). Must be \"none\", \"server\", or \"client\".")
                }
            },
        }
    }

    /// What is said after the operation: ` (dry run)`.
    pub fn suffix(self) -> &'static str {
        match self {
            DryRun::None => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        }
    }
}
