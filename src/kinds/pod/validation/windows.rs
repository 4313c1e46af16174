//! What a security context says about Windows, and pods whose containers are processes of their host.

use serde_json::{Map, Value};

use super::super::defaults::CONTAINER_LISTS;
use super::super::fields::Fields;
use super::report;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::is_dns1123_subdomain;

const LONGEST_SPEC: usize = 64 * 1024;
const LONGEST_DOMAIN: usize = 256;
const LONGEST_USER: usize = 104;

/// Validates the `windowsOptions` of a pod's or a container's security context; `path` is the context's.
pub(super) fn validate_options(context: &Value, path: &Path, errors: &mut Errors) {
    let Some(options) = context.field("windowsOptions") else { return };
    let path = path.child("windowsOptions");
    if options.field("gmsaCredentialSpecName").is_some() {
        let name = options.text("gmsaCredentialSpecName");
        report(errors, &path.child("gmsaCredentialSpecName"), name, is_dns1123_subdomain(name));
    }
    if options.field("gmsaCredentialSpec").is_some() {
        let spec = options.text("gmsaCredentialSpec");
        let path = path.child("gmsaCredentialSpec");
        if spec.is_empty() {
            errors.invalid(&path, spec, "gmsaCredentialSpec cannot be an empty string");
        } else if spec.len() > LONGEST_SPEC {
            errors.invalid(&path, spec, "gmsaCredentialSpec size must be under 64 KiB");
        }
    }
    if options.field("runAsUserName").is_some() {
        let name = options.text("runAsUserName");
        for problem in user_problems(name) {
            errors.invalid(&path.child("runAsUserName"), name, problem);
        }
    }
}

/// What is wrong with `user` or `DOMAIN\user`.
fn user_problems(name: &str) -> Vec<&'static str> {
    if name.is_empty() {
        return vec!["runAsUserName cannot be an empty string"];
    }
    if name.bytes().any(|b| b.is_ascii_control()) {
        return vec!["runAsUserName cannot contain control characters"];
    }
    if name.matches('\\').count() > 1 {
        return vec!["runAsUserName cannot contain more than one backslash"];
    }
    let (domain, user) = match name.split_once('\\') {
        Some((domain, user)) => (Some(domain), user),
        None => (None, name),
    };
    let cases = [
        (
            domain.is_some_and(|d| d.len() >= LONGEST_DOMAIN),
            "runAsUserName's Domain length must be under 256 characters",
        ),
        (
            domain.is_some_and(|d| !is_net_bios_name(d) && !is_dns_name(d)),
            "runAsUserName's Domain doesn't match the NetBios nor the DNS format",
        ),
        (user.is_empty(), "runAsUserName's User cannot be empty"),
        (user.len() > LONGEST_USER, "runAsUserName's User length must not be longer than 104 characters"),
        (
            !user.is_empty() && user.bytes().all(|b| matches!(b, b'.' | b' ')),
            "runAsUserName's User cannot contain only periods or spaces",
        ),
        (
            user.contains(|c: char| "\"/\\:;|=,+*?<>@[]".contains(c)),
            "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]",
        ),
    ];
    cases.into_iter().filter(|(is_so, _)| *is_so).map(|(_, problem)| problem).collect()
}

fn is_net_bios_name(domain: &str) -> bool {
    (1..=15).contains(&domain.chars().count())
        && !domain.starts_with('.')
        && !domain.contains(|c: char| "\\/:*?\"<>|".contains(c))
}

fn is_dns_name(domain: &str) -> bool {
    domain.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

fn host_process(of: Option<&Value>) -> Option<bool> {
    of?.field("windowsOptions")?.flag("hostProcess")
}

/// If one container is a process of the host then all are, on the host's network; `path` is the spec's.
pub(super) fn validate_host_process(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let of_pod = host_process(spec.field("securityContext"));
    let (mut all, mut processes) = (0, 0);
    for list in CONTAINER_LISTS {
        for (i, container) in spec.items(list).iter().enumerate() {
            let own = host_process(container.field("securityContext"));
            all += 1;
            processes += usize::from(own.or(of_pod) == Some(true));
            if let (Some(of_pod), Some(own)) = (of_pod, own)
                && of_pod != own
            {
                let path = path.child(list).index(i).child("securityContext.windowsOptions.hostProcess");
                let detail = format!("pod hostProcess value must be identical if both are specified, was {of_pod}");
                errors.invalid(&path, own, &detail);
            }
        }
    }
    if processes > 0 && processes != all {
        let detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        errors.invalid(path, "", detail);
    }
    if processes > 0 && spec.flag("hostNetwork") != Some(true) {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.invalid(&path.child("hostNetwork"), false, detail);
    }
}
