//! `alpha`: commands that this version of kubectl does not have.

use super::context::Context;
use super::verbs::Run;

/// Arguments of `alpha`.
#[derive(clap::Args)]
pub struct Alpha {
    args: Vec<String>,
}

/// What it says, whatever it is asked; its help too.
const NOTHING: &str = "No alpha commands are available in this version of kubectl";

impl Run for Alpha {
    const LONG: &'static str = NOTHING;
    const USAGE: &'static str = "alpha";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        drop(self.args);
        cx.complain(&format!("{NOTHING}\n"));
        Ok(())
    }
}
