//! The functions that Kubernetes adds to CEL: of lists, patterns, URLs, addresses, quantities, formats and sets.
//!
//! A failure's words are the server's where it has its own.

use std::sync::Arc;

use ::cel::common::types::{DYN_TYPE, LIST_TYPE, STRING_TYPE};
use ::cel::common::value::CowVal;
use ::cel::objects::Opaque;
use ::cel::{DeclarationError, Env, ExecutionError, Value};
use regex::Regex;

use super::{OURS, lists, network, optional, quantities, text};
use crate::apimachinery::names;

/// What a function comes to.
pub(super) type Outcome = Result<Value, ExecutionError>;

/// A failure in the server's words.
pub(super) fn wrong(message: &str) -> ExecutionError {
    ExecutionError::function_error(OURS, message)
}

/// Arguments of types that a function does not take.
pub(super) fn no_overload(function: &str) -> ExecutionError {
    ExecutionError::no_such_overload(function, Vec::new())
}

/// Calls a function of values as the interpreter calls one.
fn lift<'b, 'v>(
    args: Vec<CowVal<'b, 'v>>,
    function: fn(&[Value]) -> Outcome,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let args: Result<Vec<Value>, _> = args.iter().map(|a| Value::try_from(a.as_ref())).collect();
    Ok(CowVal::Owned(function(&args?)?.try_into()?))
}

/// Declares `name` as a function of values, or a method where it has a target's type.
macro_rules! declare {
    ($env:expr, $name:literal, $count:literal, $function:path) => {
        $env.add_overload($name, concat!("k8s_", $name, $count), (0..$count).map(|_: i32| DYN_TYPE).collect(), |args| {
            lift(args, $function)
        })
    };
    ($env:expr, $target:expr, $name:literal, $count:literal, $function:path) => {
        $env.add_member_overload(
            $name,
            concat!("k8s_member_", $name, $count),
            $target,
            (0..$count).map(|_: i32| DYN_TYPE).collect(),
            |args| lift(args, $function),
        )
    };
}

/// Declares all functions.
pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    of_lists(env)?;
    of_texts(env)?;
    of_networks(env)?;
    of_quantities(env)
}

fn of_lists(env: &mut Env) -> Result<(), DeclarationError> {
    declare!(env, LIST_TYPE, "isSorted", 0, lists::is_sorted)?;
    declare!(env, LIST_TYPE, "sum", 0, lists::sum)?;
    declare!(env, LIST_TYPE, "min", 0, lists::min)?;
    declare!(env, LIST_TYPE, "max", 0, lists::max)?;
    declare!(env, LIST_TYPE, "indexOf", 1, lists::index_of)?;
    declare!(env, LIST_TYPE, "lastIndexOf", 1, lists::last_index_of)?;
    declare!(env, "sets.contains", 2, lists::contains)?;
    declare!(env, "sets.equivalent", 2, lists::equivalent)?;
    declare!(env, "sets.intersects", 2, lists::intersects)
}

fn of_texts(env: &mut Env) -> Result<(), DeclarationError> {
    declare!(env, STRING_TYPE, "find", 1, find)?;
    declare!(env, STRING_TYPE, "findAll", 1, find_all)?;
    declare!(env, STRING_TYPE, "findAll", 2, find_all)?;
    declare!(env, "format.named", 1, format_named)?;
    declare!(env, "jsonpatch.escapeKey", 1, escape_key)?;
    declare!(env, DYN_TYPE, "validate", 1, validate)
}

fn of_networks(env: &mut Env) -> Result<(), DeclarationError> {
    declare!(env, "isURL", 1, network::is_url)?;
    declare!(env, "url", 1, network::url)?;
    declare!(env, DYN_TYPE, "getScheme", 0, network::scheme)?;
    declare!(env, DYN_TYPE, "getHost", 0, network::host)?;
    declare!(env, DYN_TYPE, "getHostname", 0, network::hostname)?;
    declare!(env, DYN_TYPE, "getPort", 0, network::port)?;
    declare!(env, DYN_TYPE, "getEscapedPath", 0, network::escaped_path)?;
    declare!(env, "isIP", 1, network::is_ip)?;
    declare!(env, "ip", 1, network::ip)?;
    declare!(env, "ip.isCanonical", 1, network::is_canonical)?;
    declare!(env, DYN_TYPE, "family", 0, network::family)?;
    declare!(env, DYN_TYPE, "isUnspecified", 0, network::is_unspecified)?;
    declare!(env, DYN_TYPE, "isLoopback", 0, network::is_loopback)?;
    declare!(env, DYN_TYPE, "isLinkLocalUnicast", 0, network::is_link_local_unicast)?;
    declare!(env, DYN_TYPE, "isLinkLocalMulticast", 0, network::is_link_local_multicast)?;
    declare!(env, DYN_TYPE, "isGlobalUnicast", 0, network::is_global_unicast)?;
    declare!(env, "isCIDR", 1, network::is_cidr)?;
    declare!(env, "cidr", 1, network::cidr)?;
    declare!(env, DYN_TYPE, "ip", 0, network::address_of_cidr)?;
    declare!(env, DYN_TYPE, "masked", 0, network::masked)?;
    declare!(env, DYN_TYPE, "prefixLength", 0, network::prefix_length)?;
    declare!(env, DYN_TYPE, "containsIP", 1, network::contains_ip)?;
    declare!(env, DYN_TYPE, "containsCIDR", 1, network::contains_cidr)
}

fn of_quantities(env: &mut Env) -> Result<(), DeclarationError> {
    declare!(env, "isQuantity", 1, quantities::is_quantity)?;
    declare!(env, "quantity", 1, quantities::quantity)?;
    declare!(env, DYN_TYPE, "sign", 0, quantities::sign)?;
    declare!(env, DYN_TYPE, "isInteger", 0, quantities::is_integer)?;
    declare!(env, DYN_TYPE, "asInteger", 0, quantities::as_integer)?;
    declare!(env, DYN_TYPE, "asApproximateFloat", 0, quantities::as_float)?;
    declare!(env, DYN_TYPE, "isGreaterThan", 1, quantities::is_greater)?;
    declare!(env, DYN_TYPE, "isLessThan", 1, quantities::is_less)?;
    declare!(env, DYN_TYPE, "compareTo", 1, quantities::compare)?;
    declare!(env, DYN_TYPE, "add", 1, quantities::add)?;
    declare!(env, DYN_TYPE, "sub", 1, quantities::sub)
}

fn pattern(value: &Value) -> Result<Regex, ExecutionError> {
    match value {
        Value::String(text) => Regex::new(text).map_err(|_| no_overload("matches")),
        _ => Err(no_overload("matches")),
    }
}

/// A key as a JSON pointer has it.
fn escape_key(args: &[Value]) -> Outcome {
    let [Value::String(key)] = args else { return Err(no_overload("jsonpatch.escapeKey")) };
    Ok(text(&key.replace('~', "~0").replace('/', "~1")))
}

fn find(args: &[Value]) -> Outcome {
    let [Value::String(in_text), wanted] = args else { return Err(no_overload("find")) };
    Ok(text(pattern(wanted)?.find(in_text).map_or("", |m| m.as_str())))
}

/// All matches, or as many as the last argument says; a negative one means all.
fn find_all(args: &[Value]) -> Outcome {
    let (in_text, wanted, most) = match args {
        [Value::String(in_text), wanted] => (in_text, wanted, usize::MAX),
        [Value::String(in_text), wanted, Value::Int(most)] => {
            (in_text, wanted, usize::try_from(*most).unwrap_or(usize::MAX))
        }
        _ => return Err(no_overload("findAll")),
    };
    Ok(super::list(pattern(wanted)?.find_iter(in_text).take(most).map(|m| text(m.as_str())).collect()))
}

/// A named format of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Format(&'static str);

impl Opaque for Format {
    fn runtime_type_name(&self) -> &'static str {
        "kubernetes.NamedFormat"
    }
}

/// The formats that can be checked here; the server knows a few more.
const FORMATS: [&str; 10] = [
    "dns1123Label",
    "dns1123Subdomain",
    "dns1035Label",
    "qualifiedName",
    "dns1123LabelPrefix",
    "dns1123SubdomainPrefix",
    "dns1035LabelPrefix",
    "labelValue",
    "uri",
    "uuid",
];

fn format_named(args: &[Value]) -> Outcome {
    let [Value::String(name)] = args else { return Err(no_overload("format.named")) };
    match FORMATS.into_iter().find(|known| known == &name.as_str()) {
        Some(known) => Ok(optional(Some(Value::Opaque(Arc::new(Format(known)))))),
        // The server may know it.
        None => Err(no_overload("format.named")),
    }
}

/// What is wrong with a text; nothing for a good one.
fn validate(args: &[Value]) -> Outcome {
    let [Value::Opaque(format), Value::String(value)] = args else { return Err(no_overload("validate")) };
    let Some(Format(name)) = format.downcast_ref::<Format>() else { return Err(no_overload("validate")) };
    let as_prefix = format!("{value}a");
    let problems = match *name {
        "dns1123Label" => names::is_dns1123_label(value),
        "dns1123Subdomain" => names::is_dns1123_subdomain(value),
        "dns1035Label" => names::is_dns1035_label(value),
        "dns1123LabelPrefix" => names::is_dns1123_label(&as_prefix),
        "dns1123SubdomainPrefix" => names::is_dns1123_subdomain(&as_prefix),
        "dns1035LabelPrefix" => names::is_dns1035_label(&as_prefix),
        "qualifiedName" => names::is_qualified_name(value),
        "labelValue" => names::is_label_value(value),
        "uri" if !network::is_request_uri(value) => vec!["invalid URL format".to_owned()],
        "uuid" if !crate::apimachinery::structural::fits(value, "uuid") => {
            vec!["does not match the UUID format".to_owned()]
        }
        _ => Vec::new(),
    };
    let problems = Some(problems).filter(|p| !p.is_empty());
    Ok(optional(problems.map(|p| super::list(p.iter().map(|p| text(p)).collect()))))
}
