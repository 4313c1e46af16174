//! What this machine allows, and what is said where it allows nothing.

use std::path::Path;
use std::process::Command as Process;

use kstate::runtime;

use crate::needs_namespaces;
use crate::pod::{Pod, Untouched, env};

#[test]
fn this_machine_allows_what_exec_needs() {
    needs_namespaces!();
    let pod = Pod::new();
    let (env, _, _) = env(Box::new(Untouched));
    for check in runtime::checks(pod.home(), &env).iter().filter(|c| c.required) {
        assert_eq!(check.problem, None, "{}", check.name);
    }
    assert_eq!(std::fs::read_dir(pod.home()).unwrap().count(), 0);
}

#[test]
#[ignore = "started by the test below, where namespaces are forbidden"]
fn where_nothing_is_allowed() {
    let Some(home) = std::env::var_os("KSTATE_TEST_HOME") else { return };
    let (mut env, _, _) = env(Box::new(Untouched));
    let checks = runtime::checks(Path::new(&home), &env);
    let user = checks.iter().find(|c| c.name == "user namespace").unwrap().problem.clone().unwrap();
    assert_eq!(user.failure.step, "make a user namespace");
    assert!(user.advice.starts_with("sudo sysctl -w user.max_user_namespaces="), "{}", user.advice);
    assert_eq!(checks.iter().find(|c| c.name.starts_with("paths confined")).unwrap().problem, None);
    let pod = Pod::new();
    let error = runtime::exec(Path::new(&home), &pod.sandbox, &crate::pod::shell("true"), &mut env).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("make a user namespace") && text.contains("kstate doctor"), "{text}");
}

#[test]
fn a_forbidden_step_is_named_with_what_would_allow_it() {
    needs_namespaces!();
    let home = assert_fs::TempDir::new().unwrap();
    let script =
        "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" --exact doctor::where_nothing_is_allowed --ignored";
    let mut process = Process::new("unshare");
    process
        .args(["-Ur", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("KSTATE_TEST_HOME", home.path());
    let output = process.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
