//! kstate's own small programs in a container, for hosts that lack them: the kstate binary under the tool's name.

use std::path::Path;

use super::failure::{Failure, Step};
use super::mount::{bind, read_only};
use super::process::DEFAULT_PATH;
use super::tree::Tree;
use crate::control::sandbox::Sandbox;
use crate::runtime::tools::{NAMES, OLD_NSLOOKUP};

/// Shows the binary as each tool that the host has nowhere in the usual PATH.
///
/// # Errors
/// The step that this host refused.
pub fn mount(host: &Tree, root: &Tree, sandbox: &Sandbox) -> Result<(), Failure> {
    let missing =
        NAMES.iter().filter(|tool| !DEFAULT_PATH.split(':').any(|f| host.handle(&format!("{f}/{tool}")).is_ok()));
    let missing: Vec<&&str> = missing.chain([&OLD_NSLOOKUP].into_iter().filter(|_| sandbox.old_busybox)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let program = Path::new("/proc/self/exe").read_link().step("find kstate's own program")?;
    // A binary that has been replaced since it was started cannot be shown: the tools are then missing, as on the host.
    let Some(Ok(program)) = program.to_str().map(|path| host.handle(path)) else { return Ok(()) };
    for tool in missing {
        // Where the layer cannot hold it (no overlay), /usr/local/bin is in every PATH as well.
        let places = [format!("usr/bin/{tool}"), format!("usr/local/bin/{tool}")];
        let place = places.iter().find(|place| root.make_file(place).is_ok());
        let Some(place) = place else { continue };
        let target = root.handle(place);
        target.and_then(|t| bind(&program, t)).and_then(|()| read_only(root, place)).step(format!("show /{place}"))?;
    }
    if sandbox.old_busybox && root.is_free("usr/local/bin/nslookup") {
        // First in the PATH. A layer that cannot hold it has the host's, which prints otherwise.
        let script = format!("#!/bin/sh\nexec {OLD_NSLOOKUP} \"$@\"\n");
        let _not_writable = root.write("usr/local/bin/nslookup", 0o755, script.as_bytes());
    }
    Ok(())
}
