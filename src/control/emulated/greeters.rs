//! Images that tutorials use to see who answers: each says who it is, or what it was asked.
//!
//! Pure. Knows command lines and environments; what they answer is `runtime::http`'s.

use super::{Emulated, Line, base_name, flag, is, repository, tag};
use crate::control::sandbox::ServerKind;

/// What one of these images serves, by its command line; the second is for one that ends at once with such a line.
type Reading = fn(&Line, &str) -> Option<Emulated>;

const GREETERS: &[(&str, Reading)] = &[
    ("hello-app", hello_app),
    ("hashicorp/http-echo", http_echo),
    ("traefik/whoami", whoami),
    ("containous/whoami", whoami),
    ("kubernetes-bootcamp", |line, tag| fixed(line, ServerKind::Bootcamp(major(tag)), 8080)),
    ("node-hello", |line, _| fixed(line, ServerKind::NodeHello, 8080)),
    ("kicbase/echo-server", echo_server),
    ("jmalloc/echo-server", echo_server),
    ("echoserver", |line, tag| fixed(line, ServerKind::Echoserver { old: tag == "1.4" }, 8080)),
    ("nginxdemos/hello", nginx_hello),
    ("hpa-example", |line, _| fixed(line, ServerKind::HpaExample, 80)),
];

/// What a container serves whose image is one of these; `None` for any other image.
pub fn of(image: &str, line: &Line) -> Option<Option<Emulated>> {
    let (_, read) = GREETERS.iter().find(|(name, _)| is(repository(image), name))?;
    Some(read(line, tag(image)))
}

/// What an image serves that takes no arguments.
fn fixed(line: &Line, kind: ServerKind, port: u16) -> Option<Emulated> {
    line.is_untouched().then(|| Emulated::new(kind, port))
}

/// The number that a tag begins with: 2 of `v2` and `2.0`.
fn major(tag: &str) -> u8 {
    let number = tag.trim_start_matches('v').split(['.', '-']).next();
    number.and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// Listens where its environment says, which a manifest repeats as its containerPort.
fn hello_app(line: &Line, tag: &str) -> Option<Emulated> {
    let port = line.env("PORT").and_then(|p| p.parse().ok()).or(line.ports.first().copied());
    fixed(line, ServerKind::HelloApp(major(tag)), port.unwrap_or(8080))
}

fn echo_server(line: &Line, _tag: &str) -> Option<Emulated> {
    fixed(line, ServerKind::EchoServer, line.env("PORT").map_or(Some(8080), |p| p.parse().ok())?)
}

/// Of its variants only this one says what can be known without its page.
fn nginx_hello(line: &Line, tag: &str) -> Option<Emulated> {
    tag.contains("plain-text").then(|| fixed(line, ServerKind::NginxHello, 80))?
}

/// `http-echo -text=hello -listen=:5678`; without a text it ends at once.
fn http_echo(line: &Line, _tag: &str) -> Option<Emulated> {
    if line.command.first().is_some_and(|w| base_name(w) != "http-echo") {
        return None;
    }
    let port = flag(line, "listen").map_or(Some(5678), |l| l.rsplit(':').next()?.parse().ok())?;
    let text = flag(line, "text").or_else(|| line.env("ECHO_TEXT").map(str::to_owned)).filter(|t| !t.is_empty())?;
    Some(Emulated { text, ..Emulated::new(ServerKind::HttpEcho, port) })
}

/// `whoami --port 80 --name web`.
fn whoami(line: &Line, _tag: &str) -> Option<Emulated> {
    if line.command.first().is_some_and(|w| base_name(w) != "whoami") || flag(line, "cert").is_some() {
        return None;
    }
    let own = |name: &str, variable: &str| flag(line, name).or_else(|| line.env(variable).map(str::to_owned));
    let port = own("port", "WHOAMI_PORT_NUMBER").map_or(Some(80), |p| p.parse().ok())?;
    Some(Emulated { text: own("name", "WHOAMI_NAME").unwrap_or_default(), ..Emulated::new(ServerKind::Whoami, port) })
}

/// The servers of `/agnhost NAME`; its others are not known.
pub fn agnhost(line: &Line) -> Vec<Emulated> {
    let words = line.words();
    let words = if words.first().is_some_and(|w| base_name(w) == "agnhost") { &words[1..] } else { &words };
    let at = |kind, port: Option<u16>| port.map(|port| Emulated::new(kind, port)).into_iter().collect();
    let given = |name: &str, default| flag(line, name).map_or(Some(default), |p| p.parse().ok());
    match words.first() {
        Some(&"netexec") => at(ServerKind::Netexec, given("http-port", 8080)),
        Some(&"serve-hostname") => at(ServerKind::ServeHostname, given("port", 9376)),
        Some(&"liveness") => at(ServerKind::Liveness, Some(8080)),
        Some(&"porter") => line.env.iter().filter_map(porter).collect(),
        _ => Vec::new(),
    }
}

/// A port of `porter`: `SERVE_PORT_8080=text`.
fn porter((name, text): &(String, String)) -> Option<Emulated> {
    let port = name.strip_prefix("SERVE_PORT_").or_else(|| name.strip_prefix("SERVE_TCP_PORT_"))?;
    Some(Emulated { text: text.clone(), ..Emulated::new(ServerKind::Porter, port.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use crate::control::emulated::servers;
    use serde_json::{Value, json};

    fn served(image: &str, args: &[&str], env: &Value) -> String {
        let spec = json!({"image": image, "args": args, "env": env});
        let all: Vec<String> =
            servers(&spec).iter().map(|s| format!("{:?} {} {}", s.kind, s.port, s.text).trim().to_owned()).collect();
        all.join(", ")
    }

    #[test]
    fn what_they_say_is_on_their_command_line_or_in_their_environment() {
        let none = json!([]);
        let cases: &[(&str, &[&str], Value, &str)] = &[
            ("hashicorp/http-echo:1.0", &["-text=apple"], none.clone(), "HttpEcho 5678 apple"),
            ("hashicorp/http-echo", &["--text", "a b", "-listen", ":80"], none.clone(), "HttpEcho 80 a b"),
            ("hashicorp/http-echo", &[], json!([{"name": "ECHO_TEXT", "value": "x"}]), "HttpEcho 5678 x"),
            ("hashicorp/http-echo", &[], none.clone(), ""),
            (
                "hashicorp/http-echo",
                &[],
                json!([{"name": "ECHO_TEXT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),
                "HttpEcho 5678 $(ECHO_TEXT)",
            ),
            ("traefik/whoami:v1.10", &["--port", "8080", "--name=me"], none.clone(), "Whoami 8080 me"),
            ("traefik/whoami", &[], json!([{"name": "WHOAMI_PORT_NUMBER", "value": "81"}]), "Whoami 81"),
            ("x/whoami", &[], none.clone(), ""),
            ("gcr.io/google-samples/kubernetes-bootcamp:v1", &[], none.clone(), "Bootcamp(1) 8080"),
            ("jocatalin/kubernetes-bootcamp:v2", &[], none.clone(), "Bootcamp(2) 8080"),
            ("gcr.io/google-samples/node-hello:1.0", &[], none.clone(), "NodeHello 8080"),
            ("gcr.io/google-samples/hello-app:2.0", &[], json!([{"name": "PORT", "value": "81"}]), "HelloApp(2) 81"),
            ("kicbase/echo-server:1.0", &[], none.clone(), "EchoServer 8080"),
            ("ealen/echo-server", &[], none.clone(), ""),
            ("registry.k8s.io/echoserver:1.4", &[], none.clone(), "Echoserver { old: true } 8080"),
            ("registry.k8s.io/e2e-test-images/echoserver:2.5", &[], none.clone(), "Echoserver { old: false } 8080"),
            ("nginxdemos/hello:plain-text", &[], none.clone(), "NginxHello 80"),
            ("nginxdemos/hello", &[], none.clone(), ""),
            ("registry.k8s.io/hpa-example", &[], none.clone(), "HpaExample 80"),
            ("registry.k8s.io/e2e-test-images/agnhost:2.40", &["liveness"], none.clone(), "Liveness 8080"),
            ("agnhost", &["netexec", "--http-port=83"], none, "Netexec 83"),
            (
                "agnhost",
                &["porter"],
                json!([{"name": "SERVE_PORT_80", "value": "foo"}, {"name": "SERVE_TLS_PORT_443", "value": "no"}]),
                "Porter 80 foo",
            ),
        ];
        for (image, args, env, want) in cases {
            assert_eq!(served(image, args, env), *want, "{image} {args:?} {env}");
        }
    }
}
