//! Which images are known to serve, and where: a table by repository name, and what a container's command changes.
//!
//! Pure. Knows image names and command lines, not what is mounted and not how anything is served.

mod first_process;
mod greeters;
mod stress;

use serde_json::Value;

use crate::control::sandbox::ServerKind;

pub use first_process::first_process;
pub use stress::outgrows_its_limit;

/// A server that a container is known to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emulated {
    pub port: u16,
    pub kind: ServerKind,
    /// The folder it serves, as a path in the container; a relative one is below the container's `workingDir`.
    pub root: String,
    /// What it was told to say; may hold references to the container's environment, `$(NAME)`.
    pub text: String,
}

impl Emulated {
    /// One that serves no files.
    fn new(kind: ServerKind, port: u16) -> Emulated {
        Emulated { port, kind, root: "/".to_owned(), text: String::new() }
    }
}

/// What of a container says what it serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Line {
    /// Empty for the image's own.
    command: Vec<String>,
    args: Vec<String>,
    /// The ports it declares: they only tell where an image listens whose port is a matter of its environment.
    ports: Vec<u16>,
    /// A value that is taken from elsewhere is a reference to itself, `$(NAME)`.
    env: Vec<(String, String)>,
}

impl Line {
    fn of(spec: &Value) -> Line {
        let list = |field: &str| spec.get(field).and_then(Value::as_array).into_iter().flatten();
        let words = |field: &str| list(field).filter_map(Value::as_str).map(str::to_owned).collect();
        let variable = |v: &Value| {
            let name = v.get("name")?.as_str()?;
            let from = v.get("valueFrom").map(|_| format!("$({name})"));
            Some((name.to_owned(), from.unwrap_or_else(|| v["value"].as_str().unwrap_or_default().to_owned())))
        };
        Line {
            command: words("command"),
            args: words("args"),
            ports: list("ports").filter_map(|p| u16::try_from(p.get("containerPort")?.as_u64()?).ok()).collect(),
            env: list("env").filter_map(variable).collect(),
        }
    }

    fn words(&self) -> Vec<&str> {
        self.command.iter().chain(&self.args).map(String::as_str).collect()
    }

    fn env(&self, name: &str) -> Option<&str> {
        self.env.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether the image's own command line is as it is.
    fn is_untouched(&self) -> bool {
        self.command.is_empty() && self.args.is_empty()
    }
}

/// An image that serves once it runs.
struct Known {
    /// The end of the repository's name, in whole path components: `nginx` is any registry's.
    repository: &'static str,
    kind: ServerKind,
    root: &'static str,
    port: Port,
    /// What its own command line may be called.
    programs: &'static [&'static str],
}

/// Where an image listens.
enum Port {
    Fixed(u16),
    /// Set by environment variables that a manifest repeats as its containerPort; otherwise this.
    Declared(u16),
}

const NGINX: &[&str] = &["nginx", "nginx-debug", "docker-entrypoint.sh"];
const BITNAMI_NGINX: &[&str] = &["nginx", "entrypoint.sh", "run.sh"];
const HTTPD: &[&str] = &["httpd-foreground", "httpd", "apachectl", "apache2ctl", "apache2"];
const BITNAMI_HTTPD: &[&str] = &["httpd", "entrypoint.sh", "run.sh"];

/// The more specific names come first.
const KNOWN: &[Known] = &[
    known("bitnami/nginx", ServerKind::Nginx, "/app", Port::Declared(8080), BITNAMI_NGINX),
    known("bitnamilegacy/nginx", ServerKind::Nginx, "/app", Port::Declared(8080), BITNAMI_NGINX),
    known("chainguard/nginx", ServerKind::Nginx, "/usr/share/nginx/html", Port::Fixed(8080), NGINX),
    known("nginx", ServerKind::Nginx, "/usr/share/nginx/html", Port::Fixed(80), NGINX),
    known("nginx-slim", ServerKind::Nginx, "/usr/share/nginx/html", Port::Fixed(80), NGINX),
    known("nginx-slim-arm", ServerKind::Nginx, "/usr/share/nginx/html", Port::Fixed(80), NGINX),
    known("nginx-unprivileged", ServerKind::Nginx, "/usr/share/nginx/html", Port::Fixed(8080), NGINX),
    known("bitnami/apache", ServerKind::Httpd, "/app", Port::Declared(8080), BITNAMI_HTTPD),
    known("bitnamilegacy/apache", ServerKind::Httpd, "/app", Port::Declared(8080), BITNAMI_HTTPD),
    known("ubuntu/apache2", ServerKind::Httpd, "/var/www/html", Port::Fixed(80), HTTPD),
    known("httpd", ServerKind::Httpd, "/usr/local/apache2/htdocs", Port::Fixed(80), HTTPD),
    known("caddy", ServerKind::Caddy, "/usr/share/caddy", Port::Fixed(80), &["caddy"]),
    known("serve_hostname", ServerKind::ServeHostname, "/", Port::Fixed(9376), &["serve_hostname"]),
    known("serve-hostname", ServerKind::ServeHostname, "/", Port::Fixed(9376), &["serve-hostname", "serve_hostname"]),
];

const fn known(
    repository: &'static str,
    kind: ServerKind,
    root: &'static str,
    port: Port,
    programs: &'static [&'static str],
) -> Known {
    Known { repository, kind, root, port, programs }
}

/// Images whose shell has a web server among its commands.
const BUSYBOX: &[&str] = &["busybox", "alpine"];

/// The servers that a container is known to run, by its spec; none when its command is anything else.
pub fn servers(spec: &Value) -> Vec<Emulated> {
    servers_for_image(spec.get("image").and_then(Value::as_str).unwrap_or_default(), &Line::of(spec))
}

fn servers_for_image(image: &str, line: &Line) -> Vec<Emulated> {
    let repository = repository(image);
    let words = line.words();
    if is(repository, "agnhost") {
        return greeters::agnhost(line);
    }
    if let Some(greeter) = greeters::of(image, line) {
        return greeter.into_iter().collect();
    }
    if let Some(known) = KNOWN.iter().find(|k| is(repository, k.repository)) {
        let own = program(&words, known.programs);
        let runs = line.is_untouched() || own.is_some();
        return if runs { vec![server(known, &own.unwrap_or_default(), &line.ports)] } else { Vec::new() };
    }
    let served = if BUSYBOX.iter().any(|name| is(repository, name)) { busybox(&words) } else { python(&words) };
    served.into_iter().collect()
}

/// Whether an image is a busybox from before 1.29, whose `nslookup` was another one.
pub fn is_old_busybox(image: &str) -> bool {
    let tag = tag(image);
    let mut numbers = tag.split(['.', '-']).map_while(|part| part.parse().ok());
    let version: (u32, u32) = (numbers.next().unwrap_or(u32::MAX), numbers.next().unwrap_or(0));
    is(repository(image), "busybox") && version < (1, 29)
}

/// An image's tag; empty where it has none.
fn tag(image: &str) -> &str {
    let tag = image.split('@').next().and_then(|name| name.rsplit_once(':')).map_or("", |(_, tag)| tag);
    // A colon before the last slash is a registry's port.
    if tag.contains('/') { "" } else { tag }
}

/// An image's name without tag and digest.
pub fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        // A colon before the last slash is a registry's port.
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

fn is(repository: &str, name: &str) -> bool {
    repository.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

fn server(known: &Known, line: &[String], declared: &[u16]) -> Emulated {
    let port = match known.port {
        Port::Fixed(port) => port,
        Port::Declared(port) => declared.first().copied().unwrap_or(port),
    };
    let (mut port, mut root) = (port, known.root.to_owned());
    // caddy takes both on its command line: `caddy file-server --root /srv --listen :8080`.
    if known.kind == ServerKind::Caddy && line.iter().any(|w| w == "file-server") {
        port = option(line, &["--listen", "-l"]).and_then(|l| l.rsplit(':').next()?.parse().ok()).unwrap_or(port);
        root = option(line, &["--root", "-r"]).unwrap_or_default();
    }
    Emulated { root, ..Emulated::new(known.kind, port) }
}

/// The command line of the first of these programs that a command starts, directly or out of a shell's `-c` script.
fn program(words: &[&str], programs: &[&str]) -> Option<Vec<String>> {
    let first = base_name(words.first()?);
    if programs.contains(&first) {
        return Some(words.iter().map(|w| (*w).to_owned()).collect());
    }
    if first == "exec" || first == "tini" || first == "--" {
        return program(&words[1..], programs);
    }
    let script = SHELLS.contains(&first).then(|| script(words)).flatten()?;
    script.split(['\n', ';', '&', '|', '(', ')', '{', '}']).find_map(|statement| {
        let words: Vec<&str> = statement.split_whitespace().map(|w| w.trim_matches(['"', '\''])).collect();
        program(&words, programs)
    })
}

const SHELLS: &[&str] = &["sh", "bash", "ash", "dash"];

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The script of `sh -c SCRIPT`; options such as `-ec` carry the `c` too.
fn script<'w>(words: &[&'w str]) -> Option<&'w str> {
    let dash_c = words.iter().position(|w| w.starts_with('-') && !w.starts_with("--") && w.ends_with('c'))?;
    words.get(dash_c + 1).copied()
}

/// `name value` or `name=value` of the first of these names.
fn option(line: &[String], names: &[&str]) -> Option<String> {
    line.iter().enumerate().find_map(|(i, word)| {
        if names.contains(&word.as_str()) {
            return line.get(i + 1).cloned();
        }
        let (name, value) = word.split_once('=')?;
        names.contains(&name).then(|| value.to_owned())
    })
}

/// The value of one of Go's flags, which have one dash or two.
fn flag(line: &Line, name: &str) -> Option<String> {
    let words: Vec<String> = line.words().iter().map(|w| (*w).to_owned()).collect();
    option(&words, &[&format!("-{name}"), &format!("--{name}")])
}

/// `httpd -f -p 8080 -h /www` of busybox.
fn busybox(words: &[&str]) -> Option<Emulated> {
    let line = program(words, &["httpd"]).or_else(|| {
        let line = program(words, &["busybox", "busybox-extras"])?;
        (line.get(1)? == "httpd").then_some(line)
    })?;
    let attached =
        |flag: &str| line.iter().find_map(|w| Some(w.strip_prefix(flag)?.to_owned()).filter(|v| !v.is_empty()));
    let port = option(&line, &["-p"]).or_else(|| attached("-p"));
    let port = port.map_or(Some(80), |p| p.rsplit(':').next()?.parse().ok())?;
    let root = option(&line, &["-h"]).or_else(|| attached("-h")).unwrap_or_default();
    Some(Emulated { root, ..Emulated::new(ServerKind::Busybox, port) })
}

const PYTHON: &[&str] = &["python", "python3"];

/// `python3 -m http.server 8000 -d /srv`.
fn python(words: &[&str]) -> Option<Emulated> {
    let line = program(words, PYTHON)?;
    let module = line.windows(2).position(|w| w[0] == "-m" && w[1] == "http.server")?;
    let line = &line[module + 2..];
    let root = option(line, &["-d", "--directory"]).unwrap_or_default();
    let takes_value = ["-d", "--directory", "-b", "--bind", "-p", "--protocol"];
    let is_value = |i: usize| i.checked_sub(1).is_some_and(|before| takes_value.contains(&line[before].as_str()));
    let port = line.iter().enumerate().find(|(i, w)| !w.starts_with('-') && !is_value(*i));
    let port = port.map_or(Some(8000), |(_, p)| p.parse().ok())?;
    Some(Emulated { root, ..Emulated::new(ServerKind::Python, port) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn served(image: &str, command: &[&str], args: &[&str]) -> String {
        let spec = json!({"image": image, "command": command, "args": args});
        servers(&spec).iter().map(|s| format!("{:?} {} {}", s.kind, s.port, s.root)).collect()
    }

    #[test]
    fn busybox_changed_its_nslookup() {
        for (image, old) in [
            ("busybox:1.28", true),
            ("busybox:1.28.4", true),
            ("docker.io/library/busybox:1.27-musl", true),
            ("busybox:1.29", false),
            ("busybox:1.36", false),
            ("busybox", false),
            ("busybox:latest", false),
            ("localhost:1/busybox", false),
            ("nginx:1.25", false),
        ] {
            assert_eq!(is_old_busybox(image), old, "{image}");
        }
    }

    #[test]
    fn images_by_repository() {
        let nginx = "Nginx 80 /usr/share/nginx/html";
        let cases = [
            ("nginx", nginx),
            ("nginx:1.27-alpine", nginx),
            ("docker.io/library/nginx:latest", nginx),
            ("localhost:5000/nginx", nginx),
            ("nginx@sha256:0123", nginx),
            ("registry.k8s.io/nginx-slim:0.24", nginx),
            ("mcr.microsoft.com/oss/nginx/nginx:1.19.5", nginx),
            ("nginxinc/nginx-unprivileged:1.27", "Nginx 8080 /usr/share/nginx/html"),
            ("bitnami/nginx", "Nginx 8080 /app"),
            ("httpd:2.4", "Httpd 80 /usr/local/apache2/htdocs"),
            ("caddy:2", "Caddy 80 /usr/share/caddy"),
            ("us-docker.pkg.dev/google-samples/containers/gke/hello-app:2.0", "HelloApp(2) 8080 /"),
            ("gcr.io/google-samples/hello-app", "HelloApp(1) 8080 /"),
            ("my-nginx", ""),
            ("nginx/nginx-ingress", ""),
            ("busybox", ""),
            ("registry.k8s.io/e2e-test-images/agnhost:2.53", ""),
            ("", ""),
        ];
        for (image, want) in cases {
            assert_eq!(served(image, &[], &[]), want, "{image}");
        }
        let declared = |image: &str| servers(&json!({"image": image, "ports": [{"containerPort": 9000}]}))[0].port;
        assert_eq!((declared("bitnami/nginx:1"), declared("nginx")), (9000, 80));
    }

    #[test]
    fn a_command_may_be_the_server_itself() {
        let nginx = "Nginx 80 /usr/share/nginx/html";
        let cases: &[(&str, &[&str], &[&str], &str)] = &[
            ("nginx", &["nginx", "-g", "daemon off;"], &[], nginx),
            ("nginx", &["/usr/sbin/nginx"], &["-g", "daemon off;"], nginx),
            ("nginx", &["/docker-entrypoint.sh"], &["nginx"], nginx),
            ("nginx", &[], &["nginx-debug", "-g", "daemon off;"], nginx),
            ("nginx", &["sh", "-c", "echo hi > /x/index.html && exec nginx -g 'daemon off;'"], &[], nginx),
            ("nginx", &["/bin/bash", "-ec"], &["echo\nnginx"], nginx),
            ("nginx", &["sleep", "3600"], &[], ""),
            ("nginx", &[], &["sleep", "3600"], ""),
            ("nginx", &["sh", "-c", "while true; do sleep 1; done"], &[], ""),
            ("nginx", &["sh", "-c", "echo nginx"], &[], ""),
            ("nginx", &["sh"], &[], ""),
            ("httpd", &["httpd-foreground"], &[], "Httpd 80 /usr/local/apache2/htdocs"),
            ("caddy", &["caddy", "file-server", "--root", "/srv", "--listen=:8080"], &[], "Caddy 8080 /srv"),
            ("agnhost", &[], &["netexec", "--http-port=8083"], "Netexec 8083 /"),
            ("agnhost", &["/agnhost", "serve-hostname"], &[], "ServeHostname 9376 /"),
            ("agnhost", &[], &["pause"], ""),
            ("busybox:1.28", &["httpd", "-f", "-p", "8080", "-h", "/www"], &[], "Busybox 8080 /www"),
            ("busybox", &["sh", "-c", "cd /; httpd -f -p8081"], &[], "Busybox 8081 "),
            ("busybox", &["busybox", "httpd", "-f"], &[], "Busybox 80 "),
            ("busybox", &["sleep", "1"], &[], ""),
            ("python:3", &["python3", "-m", "http.server", "-d", "/srv", "8080"], &[], "Python 8080 /srv"),
            ("python:3", &["python", "-m", "http.server"], &[], "Python 8000 "),
            ("python:3", &["python", "app.py"], &[], ""),
        ];
        for (image, command, args, want) in cases {
            assert_eq!(served(image, command, args), *want, "{image} {command:?} {args:?}");
        }
    }
}
