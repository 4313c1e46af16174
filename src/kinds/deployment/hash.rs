//! The `pod-template-hash` of a template: what tells a Deployment's ReplicaSets apart.

use serde_json::Value;

use super::dump;

/// What hashes are written with, so that they are no words (k8s.io/apimachinery/pkg/util/rand).
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// 32-bit FNV-1a of the template's dump and of the collision count, in Kubernetes' safe alphabet.
pub fn of_template(template: &Value, collisions: Option<i64>) -> String {
    let mut hash: u32 = 2_166_136_261;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
        }
    };
    add(dump::pod_template(template).as_bytes());
    if let Some(count) = collisions.and_then(|c| u32::try_from(c).ok()) {
        // Upstream writes 32 bits into eight bytes.
        add(&u64::from(count).to_le_bytes());
    }
    let safe = |digit: u8| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()]);
    hash.to_string().bytes().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// As a cluster named the ReplicaSet of such a Deployment.
    #[test]
    fn hashes_are_upstreams() {
        let template = json!({
            "metadata": {"labels": {"app": "dep"}},
            "spec": {
                "containers": [{
                    "image": "nginx:1.24", "imagePullPolicy": "IfNotPresent", "name": "a", "resources": {},
                    "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                }],
                "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
                "securityContext": {}, "terminationGracePeriodSeconds": 30,
            },
        });
        assert_eq!(of_template(&template, None), "6d678b985");
        assert_ne!(of_template(&template, Some(1)), "6d678b985");
    }
}
