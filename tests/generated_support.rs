//! The README's table of what kstate does not act on is the one that the binary knows. `KSTATE_REGENERATE=1` rewrites it.

#![expect(clippy::disallowed_methods, reason = "a test of files reads and writes them")]

use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- kstate explain --support: begin, generated -->\n";
const END: &str = "<!-- kstate explain --support: end -->\n";

#[test]
fn the_readme_says_what_is_not_acted_on() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the README has the first marker");
    let (found, after) = rest.split_once(END).expect("the README has the second marker");
    let table = format!("\n{}\n", kstate::cmd::support_markdown());
    assert!(table.lines().count() > 20, "the table was made");
    if std::env::var_os("KSTATE_REGENERATE").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert!(found == table, "README.md is not current: KSTATE_REGENERATE=1 cargo test --test generated_support");
    }
}
