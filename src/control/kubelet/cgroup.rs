//! What a container sees of its limits: the files of its control group (version 2), as the runtime writes them.
//!
//! Knows manifests, not processes: nothing is held to them.

use serde_json::Value;

use crate::apimachinery::quantity::Quantity;

/// The period that the kubelet has a CPU limit kept in, in microseconds (`cpuCFSQuotaPeriod`).
const PERIOD: i64 = 100_000;
/// The least quota that the kubelet gives (`MinQuotaPeriod`).
const LEAST_QUOTA: i64 = 1_000;

/// The files' names and contents; `whole` are the pod's own resources, whose limits a container without its own is under.
pub fn files(spec: &Value, whole: Option<&Value>) -> Vec<(String, String)> {
    let limit = |resource: &str| {
        let of = |resources: Option<&Value>| Some(resources?.get("limits")?.get(resource)?.as_str()?.to_owned());
        let text = of(spec.get("resources")).or_else(|| of(whole))?;
        Quantity::parse(&text).ok().filter(|quantity| !quantity.is_zero())
    };
    let quota = limit("cpu").map(|cpu| cpu.milli_value().saturating_mul(PERIOD) / 1000);
    let quota = quota.map_or("max".to_owned(), |quota| quota.max(LEAST_QUOTA).to_string());
    let memory = limit("memory").map_or("max".to_owned(), |memory| memory.value().to_string());
    [
        ("cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc".to_owned()),
        ("cpu.max", format!("{quota} {PERIOD}")),
        ("memory.max", memory),
    ]
    .into_iter()
    .map(|(name, content)| (name.to_owned(), format!("{content}\n")))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn limits_as_the_runtime_writes_them() {
        for (limits, cpu, memory) in [
            (json!({}), "max 100000\n", "max\n"),
            (json!({"cpu": "500m", "memory": "64Mi"}), "50000 100000\n", "67108864\n"),
            (json!({"cpu": "2"}), "200000 100000\n", "max\n"),
            (json!({"cpu": "1m", "memory": "0"}), "1000 100000\n", "max\n"),
        ] {
            let files = files(&json!({"resources": {"limits": limits}}), None);
            let content = |name: &str| files.iter().find(|(n, _)| n == name).map(|(_, content)| content.as_str());
            assert_eq!((content("cpu.max"), content("memory.max")), (Some(cpu), Some(memory)), "{limits}");
        }
        let whole = json!({"limits": {"cpu": "1", "memory": "1Gi"}});
        let files = files(&json!({"resources": {"limits": {"cpu": "500m"}}}), Some(&whole));
        assert_eq!((&*files[1].1, &*files[2].1), ("50000 100000\n", "1073741824\n"));
    }
}
