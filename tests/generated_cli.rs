//! The manual pages and completion scripts that are checked in are those that the binary would generate now.
//! `KSTATE_REGENERATE=1` rewrites them.

#![expect(clippy::disallowed_methods, reason = "a test of files reads and writes them")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn manual_pages_and_completions_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let generated = kstate::cmd::generated_files();
    assert!(generated.len() > 10, "the table was found");
    if std::env::var_os("KSTATE_REGENERATE").is_some() {
        for folder in ["man", "completions"] {
            let _ = fs::remove_dir_all(root.join(folder));
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        generated.iter().for_each(|(file, text)| fs::write(root.join(file), text).unwrap());
    }
    for (file, text) in &generated {
        let found = fs::read_to_string(root.join(file)).unwrap_or_default();
        assert!(found == *text, "{file} is not current: KSTATE_REGENERATE=1 cargo test --test generated_cli");
    }
    let names: BTreeSet<String> = generated.into_iter().map(|(file, _)| file).collect();
    for folder in ["man", "completions"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
            assert!(names.contains(&name), "{name} is left over");
        }
    }
}
