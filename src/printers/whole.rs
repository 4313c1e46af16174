//! Whether a template shows more of an object's metadata than single fields of it. Managed fields are kept packed, and few
//! templates show them: they are spelled out for those alone. Knows templates as texts, in whichever language.

use std::sync::LazyLock;

use regex::Regex;

/// What may show whole metadata: its own name or `managedFields` at the end of a path, an object or an item by itself, and
/// paths that find whatever there is. Rather one too many than one too few.
static WHOLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let ends = r"[^\w.\[]|$";
    Regex::new(&format!(
        r"managedFields|\.\.|\.\*|[\'\x22]metadata|metadata({ends})|items\s*(\[[^\]]*\]\s*)?({ends})|(^|[\s{{(|])[.@$]?\s*[}})|]|\$\w*\s*[}})|]|index"
    ))
    .ok()
});

/// Going through all items shows none of them yet.
static RANGE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"range\s+(\$\w+\s*(,\s*\$\w+\s*)?:=\s*)?\.items(\[\*\])?").ok());

pub(super) fn is_shown(template: &str) -> bool {
    let (Some(whole), Some(range)) = (&*WHOLE, &*RANGE) else { return true };
    whole.is_match(&range.replace_all(template, "range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_metadata_is_told_from_its_fields() {
        let shown = [
            "{}",
            "{.}",
            "{@}",
            "{.metadata}",
            "{.metadata.managedFields}",
            "{.items[0]}",
            "{.items[*].metadata}",
            "{..name}",
            "{.metadata.*}",
            "{['metadata']}",
            "{{.}}",
            "{{range .items}}{{.metadata}}{{end}}",
            "{{range .items}}{{.}}{{end}}",
            "{{$p}}",
            "{{with index .items 0}}{{.kind}}{{end}}",
            ".metadata",
        ];
        let single = [
            "{.metadata.name}",
            "{.items[*].metadata.name}",
            "{range .items[*]}{.metadata.name}{\"\\n\"}{end}",
            "{.items[?(@.metadata.name==\"x\")].spec.replicas}",
            "{{range .items}}{{.metadata.name}}{{end}}",
            ".metadata.labels.app",
        ];
        assert!(shown.iter().all(|t| is_shown(t)), "{:?}", shown.iter().find(|t| !is_shown(t)));
        let wrong: Vec<_> = single.iter().filter(|t| is_shown(t)).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
