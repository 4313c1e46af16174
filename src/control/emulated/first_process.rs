//! What `ps` shows as the first process of a container that is simulated.

use serde_json::Value;

use super::{Line, is, repository};

/// Images whose process is called otherwise than they are.
const KNOWN: &[(&str, &str)] = &[
    ("nginx", "nginx: master process nginx -g daemon off;"),
    ("nginx-slim", "nginx: master process nginx -g daemon off;"),
    ("nginx-unprivileged", "nginx: master process nginx -g daemon off;"),
    ("httpd", "httpd -DFOREGROUND"),
    ("redis", "redis-server *:6379"),
    ("mysql", "mysqld"),
    ("mariadb", "mariadbd"),
    ("mongo", "mongod --bind_ip_all"),
    ("memcached", "memcached"),
    ("postgres", "postgres"),
];

/// A container's command line: its command and arguments, else what its image is known to run, else the image's name.
pub fn first_process(spec: &Value) -> Vec<String> {
    let line = Line::of(spec);
    if !line.command.is_empty() {
        return [line.command, line.args].concat();
    }
    let repository = repository(spec.get("image").and_then(Value::as_str).unwrap_or_default());
    match KNOWN.iter().find(|(name, _)| is(repository, name)) {
        // Set by the process itself: one word to the kernel.
        Some((_, title)) if title.contains(':') => vec![(*title).to_owned()],
        Some((_, title)) => title.split(' ').map(str::to_owned).chain(line.args).collect(),
        None => {
            let name = repository.rsplit('/').next().unwrap_or(repository).to_owned();
            std::iter::once(name).chain(line.args).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_command_then_a_known_title_then_the_image_s_name() {
        let nginx = "nginx: master process nginx -g daemon off;";
        for (spec, want) in [
            (
                json!({"image": "nginx:1.27", "command": ["sh"], "args": ["-c", "sleep 1"]}),
                &["sh", "-c", "sleep 1"][..],
            ),
            (json!({"image": "docker.io/library/nginx"}), &[nginx]),
            (json!({"image": "httpd:2.4"}), &["httpd", "-DFOREGROUND"]),
            (json!({"image": "example/db:1", "args": ["--verbose"]}), &["db", "--verbose"]),
        ] {
            assert_eq!(first_process(&spec), want, "{spec}");
        }
    }
}
