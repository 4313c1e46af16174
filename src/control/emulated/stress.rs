//! What the stress programs ask of memory: Kubernetes' pages have them ask for more than their container may have.
//!
//! Pure. Facts from the manuals of stress, stress-ng and vish/stress.

use serde_json::Value;

use super::{Line, base_name, flag, is, option, repository};
use crate::apimachinery::quantity::Quantity;
use crate::kinds::pod::Fields;

/// What one of stress' workers takes where it is told nothing.
const USUAL: i64 = 256 << 20;

/// Whether a container is there to ask for more memory than its limit: the kernel ends it once it has touched that much.
pub fn outgrows_its_limit(spec: &Value) -> bool {
    let limit = spec.pointer("/resources/limits/memory").and_then(|limit| Quantity::from_value(limit).ok());
    let wanted = wanted(spec.text("image"), &Line::of(spec));
    wanted.zip(limit).is_some_and(|(wanted, limit)| wanted > limit.value())
}

/// The bytes that a command line asks for; `None` where it is no stress program's.
fn wanted(image: &str, line: &Line) -> Option<i64> {
    if is(repository(image), "vish/stress") && line.command.is_empty() {
        return Quantity::parse(&flag(line, "mem-total")?).ok().map(|total| total.value());
    }
    let words: Vec<String> = line.words().into_iter().map(str::to_owned).collect();
    let is_own = line.command.is_empty() && repository(image).rsplit('/').next().is_some_and(is_stress);
    if !is_own && !words.first().is_some_and(|first| is_stress(base_name(first))) {
        return None;
    }
    let workers: i64 = option(&words, &["--vm", "-m"])?.parse().ok()?;
    let each = option(&words, &["--vm-bytes"]).map_or(Some(USUAL), |bytes| size(&bytes))?;
    each.checked_mul(workers)
}

fn is_stress(program: &str) -> bool {
    matches!(program, "stress" | "stress-ng")
}

/// `150M`: the suffixes are powers of 1024.
fn size(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => return None,
    };
    digits.parse::<i64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_asked_for_is_held_against_the_limit() {
        for (image, command, args, limit, outgrows) in [
            ("polinux/stress", &["stress"][..], "--vm 1 --vm-bytes 150M --vm-hang 1", "200Mi", false),
            ("polinux/stress", &["stress"], "--vm 1 --vm-bytes 250M --vm-hang 1", "100Mi", true),
            ("polinux/stress", &["stress"], "--vm 2 --vm-bytes 60M", "100Mi", true),
            ("polinux/stress", &["stress"], "-m 1", "100Mi", true),
            ("polinux/stress", &["stress"], "--cpu 2", "1Mi", false),
            ("polinux/stress-ng", &[], "--vm 1 --vm-bytes=1g", "512Mi", true),
            ("vish/stress", &[], "-mem-total 950Mi -mem-alloc-size 100Mi", "200Mi", true),
            ("vish/stress", &[], "-cpus 2", "1Mi", false),
            ("polinux/stress", &["sleep"], "--vm 1", "1Mi", false),
        ] {
            let args: Vec<&str> = args.split(' ').collect();
            let spec =
                json!({"image": image, "command": command, "args": args, "resources": {"limits": {"memory": limit}}});
            assert_eq!(outgrows_its_limit(&spec), outgrows, "{spec}");
        }
        let free = json!({"image": "polinux/stress", "command": ["stress", "--vm", "9"]});
        assert!(!outgrows_its_limit(&free), "without a limit");
    }
}
