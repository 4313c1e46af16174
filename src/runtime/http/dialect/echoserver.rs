//! nginx and httpd with a program in their configuration: Kubernetes' `echoserver` and `hpa-example`, and
//! `nginxdemos/hello`.

use super::{Dialect, escape_html, httpd, nginx};
use crate::apimachinery::time::Time;
use crate::control::sandbox::ServerKind;
use crate::runtime::http::handler::Context;
use crate::runtime::http::response::Response;

pub static ECHOSERVER: Dialect = Dialect { server: Some("echoserver"), special: Some(echoserver), ..nginx::TABLE };
pub static NGINX_HELLO: Dialect = Dialect { special: Some(nginx_hello), ..nginx::TABLE };
pub static HPA_EXAMPLE: Dialect = Dialect { special: Some(hpa_example), ..httpd::TABLE };

fn echoserver(context: &Context) -> Response {
    let old = matches!(context.site.kind, ServerKind::Echoserver { old: true });
    Response::text(200, "text/plain", if old { old_page(context) } else { page(context) })
}

/// What both pages tell of a request.
struct Asked {
    client: String,
    path: String,
    query: Option<String>,
    version: String,
    uri: String,
}

impl Asked {
    fn of(context: &Context) -> Asked {
        let (major, minor) = context.request.version;
        let path = String::from_utf8_lossy(&context.request.target).into_owned();
        let host = context.host().unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        Asked {
            client: context.peer.client.ip().to_string(),
            query: context.target.query.as_ref().map(|q| String::from_utf8_lossy(q).into_owned()),
            version: format!("{major}.{minor}"),
            uri: format!("http://{host}:8080{path}"),
            path,
        }
    }
}

/// The header fields in the order of their names.
fn headers<'c>(context: &'c Context<'_>) -> Vec<&'c (String, String)> {
    let mut all: Vec<_> = context.request.headers().iter().collect();
    all.sort();
    all
}

/// The page of 1.10 and of the e2e images; it escapes for HTML.
fn page(context: &Context) -> String {
    let asked = Asked::of(context);
    let all = headers(context);
    let headers: String = all.iter().map(|(n, v)| format!("\t{n}={}  \n", escape_lua(v))).collect();
    format!(
        "\n\nHostname: {}\n\nPod Information:\n\t-no pod information available-\n\n\
         Server values:\n\tserver_version=nginx: 1.13.3 - lua: 10008\n\n\
         Request Information:\n\tclient_address={}\n\tmethod={}\n\treal path={}\n\tquery={}\n\
         \trequest_version={}\n\trequest_scheme=http\n\trequest_uri={}\n\n\
         Request Headers:\n{headers}\n\
         Request Body:\n\t-no body in request-\n\n",
        context.site.hostname,
        asked.client,
        context.request.method,
        escape_lua(&asked.path),
        escape_lua(&asked.query.unwrap_or_default()),
        asked.version,
        escape_lua(&asked.uri),
    )
}

fn escape_lua(text: &str) -> String {
    escape_html(text).replace('\'', "&#39;")
}

/// The page of 1.4.
fn old_page(context: &Context) -> String {
    let asked = Asked::of(context);
    let headers: String = headers(context).iter().map(|(n, v)| format!("{n}={v}\n")).collect();
    format!(
        "CLIENT VALUES:\nclient_address={}\ncommand={}\nreal path={}\nquery={}\nrequest_version={}\n\
         request_uri={}\n\nSERVER VALUES:\nserver_version=nginx: 1.10.0 - lua: 10001\n\n\
         HEADERS RECEIVED:\n{headers}BODY:\n-no body in request-",
        asked.client,
        context.request.method,
        asked.path,
        asked.query.as_deref().unwrap_or("nil"),
        asked.version,
        asked.uri,
    )
}

fn nginx_hello(context: &Context) -> Response {
    let text = format!(
        "Server address: {}:{}\nServer name: {}\nDate: {}\nURI: {}\nRequest ID: {}\n",
        context.site.ip,
        context.peer.server.port(),
        context.site.hostname,
        context.now.format("%d/%b/%Y:%H:%M:%S +0000"),
        String::from_utf8_lossy(&context.request.target),
        request_id(context.now),
    );
    Response::text(200, "text/plain", text)
}

/// 32 hexadecimal digits that are another's for every request: nginx's are random.
fn request_id(now: Time) -> String {
    let nanos = now.timestamp_nanos_opt().unwrap_or_default().unsigned_abs();
    let mixed = |salt: u64| (nanos ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    format!("{:016x}{:016x}", mixed(1), mixed(2))
}

fn hpa_example(_context: &Context) -> Response {
    Response::text(200, "text/html; charset=UTF-8", "OK!".to_owned())
}
