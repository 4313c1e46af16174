//! `KEY=VALUE` and `KEY-` arguments that follow the objects on a command line. Knows no verb.

/// Takes the arguments apart: first what names objects, then the pairs. `what` is `label` or `annotation`.
///
/// # Errors
/// An object that is named after a pair.
pub fn split(args: &[String], what: &str) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let first = args.iter().position(|a| is_pair(a)).unwrap_or(args.len());
    let (resources, pairs) = args.split_at(first);
    match pairs.iter().find(|a| !is_pair(a)) {
        Some(late) => anyhow::bail!("all resources must be specified before {what} changes: {late}"),
        None => Ok((resources.to_vec(), pairs.to_vec())),
    }
}

fn is_pair(argument: &str) -> bool {
    (argument.contains('=') && !argument.starts_with('=')) || (argument.ends_with('-') && argument != "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn objects_come_before_pairs() {
        let cases = [("pod x a=b c-", "pod x", "a=b c-"), ("pods - =x", "pods - =x", ""), ("a=b", "", "a=b")];
        for (line, resources, pairs) in cases {
            assert_eq!(split(&words(line), "label").unwrap(), (words(resources), words(pairs)), "{line}");
        }
        let error = split(&words("pod a=b x"), "label").unwrap_err();
        assert_eq!(error.to_string(), "all resources must be specified before label changes: x");
    }
}
