//! The rules of `x-kubernetes-validations`: CEL that has to be true of a value, in the words and the order of the API server.
//!
//! A rule that cannot be evaluated here lets the value pass. What the server counts (the cost of rules) is not counted.

use std::sync::OnceLock;

use serde_json::Value;

use super::correlate::Old;
use super::{Structural, typed};
use crate::apimachinery::cel::{Failure, Program, Value as Cel, compile_error, optional};
use crate::apimachinery::field::{Error, ErrorType, Errors, Path};
use crate::apimachinery::go_value;

/// The longest message that an expression may make, in bytes.
const LONGEST_MESSAGE: usize = 5 * 1024;

/// One rule of `x-kubernetes-validations`.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    pub rule: String,
    pub message: String,
    pub message_expression: String,
    /// `FieldValueInvalid`, or another reason for the error.
    pub reason: String,
    /// The field that the error is about, below the rule's own.
    pub field_path: String,
    /// Whether the rule is asked of new values too.
    pub optional_old_self: bool,
    compiled: OnceLock<(Option<Program>, Option<Program>)>,
}

impl Rule {
    /// Reads a rule.
    pub fn parse(rule: &Value) -> Rule {
        let text = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Rule {
            rule: text("rule"),
            message: text("message"),
            message_expression: text("messageExpression"),
            reason: text("reason"),
            field_path: text("fieldPath"),
            optional_old_self: rule.get("optionalOldSelf").and_then(Value::as_bool).unwrap_or(false),
            compiled: OnceLock::new(),
        }
    }

    /// Why the server would not compile the rule for values of a schema.
    pub fn compile_error(&self, schema: &Structural) -> Option<String> {
        let is_field = |path: &[&str]| typed::may_have(schema, path);
        compile_error(&self.rule, &["self", "oldSelf"], &is_field)
    }

    /// The rule as the server prints it: Go's structure, in its order of fields.
    pub fn shown(&self) -> String {
        let reason = Some(self.reason.as_str()).filter(|r| !r.is_empty());
        let fields: [(&str, Value); 6] = [
            ("Rule", self.rule.as_str().into()),
            ("Message", self.message.as_str().into()),
            ("MessageExpression", self.message_expression.as_str().into()),
            ("Reason", reason.into()),
            ("FieldPath", self.field_path.as_str().into()),
            ("OptionalOldSelf", self.optional_old_self.then_some(true).into()),
        ];
        let shown: Vec<String> =
            fields.iter().map(|(name, value)| format!("\"{name}\":{}", go_value::json(value))).collect();
        format!("{{{}}}", shown.join(","))
    }

    fn programs(&self) -> &(Option<Program>, Option<Program>) {
        self.compiled.get_or_init(|| {
            let message = Some(self.message_expression.as_str()).filter(|m| !m.trim().is_empty());
            (Program::compile(&self.rule), message.and_then(Program::compile))
        })
    }

    /// What stands for the rule in messages.
    fn name(&self) -> &str {
        if self.message.is_empty() { self.rule.trim() } else { self.message.trim() }
    }

    fn detail(&self) -> String {
        if self.message.is_empty() { format!("failed rule: {}", self.name()) } else { self.name().to_owned() }
    }
}

/// What the rules say of an object.
#[derive(Debug, Default)]
pub struct Checked {
    pub errors: Errors,
    /// What was wrong before the update too, and may stay; the server warns of it.
    pub tolerated: Errors,
}

/// Which rules an object breaks; `old` is the object before an update.
pub fn check(object: &Value, old: Option<&Value>, schema: &Structural) -> Checked {
    let mut found = Checked::default();
    node(object, Old::root(old), schema, &Path::default(), &mut found);
    found
}

fn node(value: &Value, old: Old<'_>, schema: &Structural, path: &Path, found: &mut Checked) {
    if value.is_null() || !schema.has_rules() {
        return;
    }
    if !schema.rules.is_empty() {
        own(value, old, schema, path, found);
    }
    match value {
        Value::Array(items) => {
            let Some(of_items) = schema.items.as_deref() else { return };
            let old = old.items(value);
            for (i, item) in items.iter().enumerate() {
                node(item, old.item(item, schema), of_items, &path.index(i), found);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                let Some(property) = schema.property(key) else { continue };
                let path = if schema.properties.contains_key(key) { path.child(key) } else { path.key(key) };
                node(value, old.field(key), property, &path, found);
            }
        }
        _ => {}
    }
}

/// The rules of one node.
fn own(value: &Value, old: Old<'_>, schema: &Structural, path: &Path, found: &mut Checked) {
    let me = typed::value(value, schema);
    let before = old.comparable().map(|old| typed::value(old, schema));
    for rule in &schema.rules {
        let (Some(program), message) = rule.programs() else { continue };
        let is_transition = program.uses("oldSelf");
        if is_transition && before.is_none() && !rule.optional_old_self {
            continue;
        }
        let mut variables = vec![("self", me.clone())];
        if rule.optional_old_self {
            variables.push(("oldSelf", optional(before.clone())));
        } else if let Some(before) = &before {
            variables.push(("oldSelf", before.clone()));
        }
        match program.evaluate(&variables) {
            Ok(Cel::Bool(false)) => {}
            Err(Failure::Error(why)) => {
                let why = format!("{why} evaluating rule: {}", rule.name());
                found.errors.invalid(&shown(path), schema.type_of.as_str(), &why);
                continue;
            }
            // True, or not to be told here.
            Ok(_) | Err(Failure::Unsupported) => continue,
        }
        let detail = message.as_ref().and_then(|m| made_message(m, &variables)).unwrap_or_else(|| rule.detail());
        let is_tolerated = !is_transition && old.is_unchanged(value);
        let errors = if is_tolerated { &mut found.tolerated } else { &mut found.errors };
        report(value, rule, path, &detail, errors);
    }
}

fn made_message(program: &Program, variables: &[(&str, Cel)]) -> Option<String> {
    let Ok(Cel::String(text)) = program.evaluate(variables) else { return None };
    let text = text.trim();
    let is_good = !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n');
    is_good.then(|| text.to_owned())
}

/// The whole object has no path.
fn shown(path: &Path) -> Path {
    if path.as_str().is_empty() { Path::new("<nil>") } else { path.clone() }
}

/// Numbers, booleans and texts are shown, other values are not.
fn report(value: &Value, rule: &Rule, path: &Path, detail: &str, errors: &mut Errors) {
    let below = rule.field_path.trim();
    let path = match (path.as_str(), below) {
        (_, "") => shown(path),
        ("", below) => Path::new(below.trim_start_matches('.')),
        (path, below) if below.starts_with('[') => Path::new(path).child(below),
        (path, below) => Path::new(path).child(below.trim_start_matches('.')),
    };
    let is_simple = matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
    match rule.reason.as_str() {
        "FieldValueForbidden" => errors.forbidden(&path, detail),
        "FieldValueRequired" => errors.required(&path, detail),
        "FieldValueDuplicate" if is_simple => errors.duplicate(&path, value.clone()),
        "FieldValueDuplicate" => errors.0.push(Error {
            kind: ErrorType::Duplicate,
            field: path.to_string(),
            body: "Duplicate value".to_owned(),
        }),
        _ if is_simple => errors.invalid(&path, value.clone(), detail),
        _ => errors.invalid_plain(&path, detail),
    }
}
