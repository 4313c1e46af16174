//! What a Job's policies may be: which failures count, when it has succeeded, when a pod is replaced.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::kinds::internal;
use crate::kinds::pod::Fields;

const MOST_RULES: usize = 20;
const MOST_EXIT_CODES: usize = 255;
const MOST_INDEXES: i64 = 100_000;
const SOFT_COMPLETIONS: i64 = 100_000;

/// Checks the fields that only a Job with an index for each pod may have.
pub fn validate_indexed(spec: &Value, path: &Path, errors: &mut Errors) {
    let is_indexed = spec.text("completionMode") == "Indexed";
    let (completions, most_failed) = (spec.int("completions"), spec.int("maxFailedIndexes"));
    let failed_path = path.child("maxFailedIndexes");
    if !is_indexed {
        for field in ["backoffLimitPerIndex", "maxFailedIndexes"] {
            if let Some(number) = spec.int(field) {
                errors.invalid(&path.child(field), number, "requires indexed completion mode");
            }
        }
        return;
    }
    if let Some(number) = most_failed {
        if completions.is_some_and(|c| number > c) {
            errors.invalid(&failed_path, number, "must be less than or equal to completions");
        }
        if number > MOST_INDEXES {
            errors.invalid(&failed_path, number, &format!("must be less than or equal to {MOST_INDEXES}"));
        }
    }
    if completions.is_some_and(|c| c > SOFT_COMPLETIONS) && spec.int("backoffLimitPerIndex").is_some() {
        if most_failed.is_none() {
            let why = format!("must be specified when completions is above {SOFT_COMPLETIONS}");
            errors.required(&failed_path, &why);
        }
        for (field, number) in [("parallelism", spec.int("parallelism")), ("maxFailedIndexes", most_failed)] {
            if let Some(number) = number.filter(|n| *n > 10_000) {
                let why = format!(
                    "must be less than or equal to 10000 when completions are above {SOFT_COMPLETIONS} and used with backoff limit per index"
                );
                errors.invalid(&path.child(field), number, &why);
            }
        }
    }
}

/// Checks which failures of pods count as what.
pub fn validate_failure(spec: &Value, path: &Path, errors: &mut Errors) {
    let Some(policy) = spec.field("podFailurePolicy") else { return };
    let path = path.child("podFailurePolicy").child("rules");
    let rules = policy.items("rules");
    if rules.len() > MOST_RULES {
        errors.too_many(&path, rules.len(), MOST_RULES);
    }
    let template = spec.pointer("/template/spec").unwrap_or(&Value::Null);
    let containers = template.items("containers").iter().chain(template.items("initContainers"));
    let names: Vec<&str> = containers.map(|c| c.text("name")).collect();
    for (i, rule) in rules.iter().enumerate() {
        validate_failure_rule(spec, rule, &names, &path.index(i), errors);
    }
}

fn validate_failure_rule(spec: &Value, rule: &Value, names: &[&str], path: &Path, errors: &mut Errors) {
    let action = rule.text("action");
    match action {
        "" => errors.required(&path.child("action"), "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]"),
        "FailIndex" if spec.field("backoffLimitPerIndex").is_none() => {
            errors.invalid(&path.child("action"), action, "requires the backoffLimitPerIndex to be set");
        }
        "Count" | "FailIndex" | "FailJob" | "Ignore" => {}
        _ => errors.not_supported(&path.child("action"), action, &["Count", "FailIndex", "FailJob", "Ignore"]),
    }
    let conditions = rule.items("onPodConditions");
    if let Some(codes) = rule.field("onExitCodes") {
        validate_exit_codes(codes, names, &path.child("onExitCodes"), errors);
    }
    let conditions_path = path.child("onPodConditions");
    if conditions.len() > MOST_RULES {
        errors.too_many(&conditions_path, conditions.len(), MOST_RULES);
    }
    for (i, pattern) in conditions.iter().enumerate() {
        let path = conditions_path.index(i);
        for problem in names::is_qualified_name(pattern.text("type")) {
            errors.invalid(&path.child("type"), pattern.text("type"), &problem);
        }
        match pattern.text("status") {
            "" => errors.required(&path.child("status"), "valid values: [\"False\" \"True\" \"Unknown\"]"),
            "False" | "True" | "Unknown" => {}
            other => errors.not_supported(&path.child("status"), other, &["False", "True", "Unknown"]),
        }
    }
    match (rule.field("onExitCodes").is_some(), !conditions.is_empty()) {
        (true, true) => {
            errors.invalid_plain(path, "specifying both OnExitCodes and OnPodConditions is not supported");
        }
        (false, false) => {
            errors.invalid_plain(path, "specifying one of OnExitCodes and OnPodConditions is required");
        }
        _ => {}
    }
}

fn validate_exit_codes(codes: &Value, names: &[&str], path: &Path, errors: &mut Errors) {
    match codes.text("operator") {
        "" => errors.required(&path.child("operator"), "valid values: [\"In\" \"NotIn\"]"),
        "In" | "NotIn" => {}
        other => errors.not_supported(&path.child("operator"), other, &["In", "NotIn"]),
    }
    if let Some(name) = codes.field("containerName").and_then(Value::as_str).filter(|n| !names.contains(n)) {
        let why = "must be one of the container or initContainer names in the pod template";
        errors.invalid(&path.child("containerName"), name, why);
    }
    let path = path.child("values");
    let values: Vec<i64> = codes.items("values").iter().filter_map(Value::as_i64).collect();
    if values.is_empty() {
        errors.invalid(&path, codes.field("values").cloned().unwrap_or_default(), "at least one value is required");
    } else if values.len() > MOST_EXIT_CODES {
        errors.too_many(&path, values.len(), MOST_EXIT_CODES);
    }
    for (i, value) in values.iter().enumerate() {
        if codes.text("operator") == "In" && *value == 0 {
            errors.invalid(&path.index(i), 0, "must not be 0 for the In operator");
        }
        if values[..i].contains(value) {
            errors.duplicate(&path.index(i), *value);
        }
    }
    if !values.is_sorted() {
        errors.invalid(&path, values, "must be ordered");
    }
}

/// Checks when a Job has succeeded before all of its pods have.
pub fn validate_success(spec: &Value, path: &Path, errors: &mut Errors) {
    let Some(policy) = spec.field("successPolicy") else { return };
    let path = path.child("successPolicy");
    if spec.text("completionMode") != "Indexed" {
        let shown = internal::shown(policy, internal::SUCCESS_POLICY);
        return errors.invalid_shown(&path, &shown, "requires indexed completion mode");
    }
    let rules = policy.items("rules");
    let path = path.child("rules");
    if rules.is_empty() {
        errors.required(&path, "at least one rules must be specified when the successPolicy is specified");
    }
    if rules.len() > MOST_RULES {
        errors.too_many(&path, rules.len(), MOST_RULES);
    }
    let completions = spec.int("completions").unwrap_or(0);
    for (i, rule) in rules.iter().enumerate() {
        validate_success_rule(rule, completions, &path.index(i), errors);
    }
}

fn validate_success_rule(rule: &Value, completions: i64, path: &Path, errors: &mut Errors) {
    let indexes = rule.field("succeededIndexes").and_then(Value::as_str);
    let count = rule.int("succeededCount");
    if indexes.is_none() && count.is_none() {
        errors.required(path, "at least one of succeededCount or succeededIndexes must be specified");
    }
    let total = indexes.map(|text| (text, count_indexes(text, completions)));
    if let Some((text, Err(why))) = &total {
        let why = format!("error parsing succeededIndexes: {why}");
        errors.invalid(&path.child("succeededIndexes"), *text, &why);
    }
    let Some(count) = count else { return };
    let path = path.child("succeededCount");
    if count <= 0 {
        errors.invalid(&path, count, "must be greater than 0");
    }
    if count > completions {
        let why = format!("must be less than or equal to {completions} (the number of specified completions)");
        errors.invalid(&path, count, &why);
    }
    let total = total.map(|(_, total)| total.unwrap_or(0));
    if let Some(total) = total.filter(|total| count > *total) {
        let why = format!(
            "must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
        );
        errors.invalid(&path, count, &why);
    }
}

/// How many indexes `1,3-5` names.
fn count_indexes(text: &str, completions: i64) -> Result<i64, String> {
    if text.is_empty() {
        return Ok(0);
    }
    let (mut last, mut total) = (None, 0);
    for interval in text.split(',') {
        let ends: Vec<&str> = interval.split('-').collect();
        if ends.len() > 2 {
            return Err(format!(
                "the fragment {interval:?} violates the requirement that an index interval can have at most two parts separated by '-'"
            ));
        }
        let number = |end: &str| -> Result<i64, String> {
            let n: i64 = end.parse().map_err(|_| format!("cannot convert string to integer for index: {end:?}"))?;
            if n < completions { Ok(n) } else { Err(format!("too large index: {end:?}")) }
        };
        let first = number(ends[0])?;
        if let Some(last) = last.filter(|last| *last >= first) {
            return Err(format!("non-increasing order, previous: {last}, current: {first}"));
        }
        let end = match ends.get(1) {
            Some(end) => number(end)?,
            None => first,
        };
        if ends.len() == 2 && end <= first {
            return Err(format!("non-increasing order, previous: {first}, current: {end}"));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

/// Checks when a pod is replaced: with a failure policy, only once it has failed.
pub fn validate_replacement(spec: &Value, path: &Path, errors: &mut Errors) {
    let Some(policy) = spec.field("podReplacementPolicy").and_then(Value::as_str) else { return };
    let allowed: &[&str] =
        if spec.field("podFailurePolicy").is_some() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    if !allowed.contains(&policy) {
        errors.not_supported(&path.child("podReplacementPolicy"), policy, allowed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn indexes() {
        assert_eq!(count_indexes("0,2-4,6", 10), Ok(5));
        assert_eq!(count_indexes("2,1", 10).unwrap_err(), "non-increasing order, previous: 2, current: 1");
        assert_eq!(count_indexes("10", 10).unwrap_err(), "too large index: \"10\"");
        assert_eq!(count_indexes("x", 10).unwrap_err(), "cannot convert string to integer for index: \"x\"");
        assert!(count_indexes("1-2-3", 10).is_err() && count_indexes("3-3", 10).is_err());
    }

    #[test]
    fn failure_rules() {
        let spec = json!({
            "podFailurePolicy": {"rules": [
                {"action": "Foo", "onExitCodes": {"operator": "In", "values": [0, 3, 2, 2], "containerName": "x"}},
                {"action": "FailIndex"},
            ]},
            "template": {"spec": {"containers": [{"name": "c"}]}},
        });
        let mut errors = Errors::default();
        validate_failure(&spec, &Path::new("spec"), &mut errors);
        let text: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        let rule = "spec.podFailurePolicy.rules[0]";
        assert_eq!(
            text,
            [
                format!("{rule}.action: Unsupported value: \"Foo\": supported values: \"Count\", \"FailIndex\", \"FailJob\", \"Ignore\""),
                format!("{rule}.onExitCodes.containerName: Invalid value: \"x\": must be one of the container or initContainer names in the pod template"),
                format!("{rule}.onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator"),
                format!("{rule}.onExitCodes.values[3]: Duplicate value: 2"),
                format!("{rule}.onExitCodes.values: Invalid value: [0,3,2,2]: must be ordered"),
                "spec.podFailurePolicy.rules[1].action: Invalid value: \"FailIndex\": requires the backoffLimitPerIndex to be set".to_owned(),
                "spec.podFailurePolicy.rules[1]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required".to_owned(),
            ]
        );
    }
}
