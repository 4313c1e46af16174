//! Completion indexes of Indexed Jobs: sets of them as texts (`0-2,5`), and what a pod is told of its own.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};

use crate::apimachinery::object::Object;

const INDEX: &str = "batch.kubernetes.io/job-completion-index";
const VARIABLE: &str = "JOB_COMPLETION_INDEX";

/// A set of indexes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Indexes(BTreeSet<i64>);

impl Indexes {
    /// Reads `0-2,5`; what is not a number is left out.
    pub fn parse(text: &str) -> Indexes {
        let mut all = BTreeSet::new();
        for part in text.split(',') {
            let (low, high) = part.split_once('-').unwrap_or((part, part));
            if let (Ok(low), Ok(high)) = (low.parse::<i64>(), high.parse::<i64>()) {
                all.extend(low..=high);
            }
        }
        Indexes(all)
    }

    pub fn insert(&mut self, index: i64) {
        self.0.insert(index);
    }

    pub fn contains(&self, index: i64) -> bool {
        self.0.contains(&index)
    }

    pub fn iter(&self) -> impl Iterator<Item = i64> {
        self.0.iter().copied()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Indexes {
    /// Three and more in a row are a range; two stay two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(i64, i64)> = Vec::new();
        for index in &self.0 {
            match runs.last_mut() {
                Some((_, high)) if *high + 1 == *index => *high = *index,
                _ => runs.push((*index, *index)),
            }
        }
        let shown = runs.into_iter().map(|(low, high)| match high - low {
            0 => low.to_string(),
            1 => format!("{low},{high}"),
            _ => format!("{low}-{high}"),
        });
        f.write_str(&shown.collect::<Vec<_>>().join(","))
    }
}

/// The index a pod works on.
pub fn of_pod(pod: &Object) -> Option<i64> {
    pod.annotation(INDEX)?.parse().ok()
}

/// Tells a new pod its index: annotation, label, host name, and a variable in each container.
pub fn give(pod: &mut Object, job: &str, index: i64) {
    pod.set_annotation(INDEX, &index.to_string());
    pod.set_label(INDEX, &index.to_string());
    pod.set("/spec/hostname", format!("{job}-{index}").into());
    let path = format!("metadata.labels['{INDEX}']");
    for list in ["initContainers", "containers"] {
        let containers = pod.body_mut().get_mut("spec").and_then(|s| s.get_mut(list)?.as_array_mut());
        for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            let env = container.entry("env").or_insert_with(|| json!([]));
            if let Some(env) = env.as_array_mut().filter(|e| e.iter().all(|v| v["name"] != VARIABLE)) {
                env.push(json!({"name": VARIABLE, "valueFrom": {"fieldRef": {"fieldPath": path}}}));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_read_and_print_alike() {
        for text in ["", "0", "0,1", "0-2", "0-2,5,7,8"] {
            assert_eq!(Indexes::parse(text).to_string(), text);
        }
    }
}
